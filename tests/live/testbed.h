// SPDX-License-Identifier: MIT
#pragma once

#include "monitorclient.h"
#include "privatebus.h"

#include <QHash>
#include <QProcess>
#include <QSet>

#include <memory>

namespace Nettally {

/**
 * Two network namespaces, "server" and "client", joined by a pair of virtual cables. Made and removed by
 * the test; the names carry its pid, so that tests do not meet. Needs root and ip(8).
 */
class NamespacePair {
public:
    ~NamespacePair();

    /// Empty when all is up, else what failed.
    QString create();

    QString server() const { return m_server; }
    QString client() const { return m_client; }
    QString serverPath() const { return QStringLiteral("/run/netns/") + m_server; }
    QString clientPath() const { return QStringLiteral("/run/netns/") + m_client; }

    static constexpr char serverV4[] = "10.88.0.2";
    static constexpr char clientV4[] = "10.88.0.1";
    static constexpr char serverV6[] = "fd88::2";
    static constexpr char clientV6[] = "fd88::1";

private:
    QString m_server;
    QString m_client;
};

/// Runs a program to its end; its standard output, and in @p problem what went wrong.
QByteArray runToEnd(const QString &program, const QStringList &arguments, QString *problem,
                    int timeoutMs = 60000);

/// The real helper on a bus of its own under the shipped policy, with a client that sees everything.
class LiveHelper {
public:
    explicit LiveHelper(const QStringList &helperArguments = {});
    ~LiveHelper();

    /// Empty when the helper measures and the client is live, else what failed.
    QString start(const QString &helperPath);

    const QString &address() const { return m_bus.address(); }
    qint64 pid() const { return m_helper.processId(); }
    MonitorClient &client() { return *m_client; }

    /// Waits for a push whose counters were read after this call: what ended before is in it.
    bool settle();

    const QHash<quint32, Program> &programs() const { return m_programs; }
    const QHash<quint32, Remote> &remotes() const { return m_remotes; }
    const QHash<quint32, Flow> &flows() const { return m_flows; }
    bool hasEnded(quint32 programId) const { return m_ended.contains(programId); }

private:
    void take(const UsageUpdate &update);

    QStringList m_arguments;
    PrivateBus m_bus{PrivateBus::Policy::Shipped};
    QProcess m_helper;
    std::unique_ptr<MonitorClient> m_client;
    quint64 m_readNs = 0; ///< CLOCK_BOOTTIME of the last push
    QHash<quint32, Program> m_programs;
    QHash<quint32, Remote> m_remotes;
    QHash<quint32, Flow> m_flows;
    QSet<quint32> m_ended;
};

} // namespace Nettally
