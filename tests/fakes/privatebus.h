// SPDX-License-Identifier: MIT
#pragma once

#include <QDBusConnection>
#include <QProcess>
#include <QTemporaryDir>

namespace Nettally {

/// Has @p process killed should the test die first, so that none is left behind. Before its start.
void killWithParent(QProcess &process);

/// Resident memory of a process in KiB; -1 if there is none.
qint64 residentKiB(qint64 pid);

/// A dbus-daemon of the test's own; it ends with this object.
class PrivateBus {
public:
    enum class Policy {
        Open, ///< everyone may do everything
        Shipped, ///< the usual rules of a system bus and our policy file
        NoCalls, ///< the usual rules of a system bus, the helper may be there but nobody may call it
    };

    explicit PrivateBus(Policy policy = Policy::Open);
    ~PrivateBus();

    /// Empty when the daemon runs, else why it does not.
    QString start();
    void stop();

    const QString &address() const { return m_address; }
    qint64 pid() const { return m_daemon.processId(); }

    /// A connection of its own, as the test's user or, in a test run by root, as user @p uid. It closes
    /// with the last copy after QDBusConnection::disconnectFromBus(connection.name()).
    QDBusConnection connect(uint uid);
    QDBusConnection connect();

private:
    Policy m_policy;
    QTemporaryDir m_dir;
    QProcess m_daemon;
    QString m_address;
};

} // namespace Nettally
