// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

namespace Nettally {

/// A caller on the bus that reads nothing of what it is sent. No bus library can do that, so it speaks
/// the protocol itself.
class DeafCaller {
public:
    DeafCaller() = default;
    ~DeafCaller();
    DeafCaller(const DeafCaller &) = delete;
    DeafCaller &operator=(const DeafCaller &) = delete;

    /// Connects as the test's user to a bus at "unix:path=…". An empty string, or why not.
    QString connect(const QString &address);

    // Calls of org.nettally.Monitor1 that want no answer. False if the bus takes no more.
    bool subscribe(quint32 intervalMs);
    bool unsubscribe(quint32 subscription);
    bool acknowledge(quint32 subscription, quint64 sequence);

private:
    bool call(const QByteArray &member, const QByteArray &signature, const QByteArray &body);
    bool send(const QByteArray &bytes);

    int m_socket = -1;
    quint32 m_serial = 0;
};

} // namespace Nettally
