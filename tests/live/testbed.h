// SPDX-License-Identifier: MIT
#pragma once

#include "observation.h"
#include "privatebus.h"

#include <QProcess>

#include <memory>

namespace Nettally {

/// Runs a program to its end; its standard output, and in @p problem what went wrong.
QByteArray runToEnd(const QString &program, const QStringList &arguments, QString *problem,
                    int timeoutMs = 60000);

/// The real helper on a bus of its own under the shipped policy, with a client that sees everything.
class LiveHelper {
public:
    explicit LiveHelper(const QStringList &helperArguments = {});
    ~LiveHelper();

    /// Empty when the helper measures and the client is live, else what failed. With @p networkNamespace, a
    /// path, the helper runs in there.
    QString start(const QString &helperPath, const QString &networkNamespace = {});
    /// Ends the helper by SIGKILL and starts it anew on the same bus, where it may not be found yet; another
    /// one if @p helperPath names it.
    QString killAndStartAgain(const QString &helperPath = {});

    const QString &address() const { return m_bus.address(); }
    qint64 pid() const { return m_helper.processId(); }
    MonitorClient &client() { return *m_client; }
    const Observation &observation() const { return *m_observation; }

    /// Waits for a push whose counters were read after this call: what ended before is in it.
    bool settle();

    const QHash<quint32, Program> &programs() const { return m_observation->programs(); }
    const QHash<quint32, Remote> &remotes() const { return m_observation->remotes(); }
    const QHash<quint32, Flow> &flows() const { return m_observation->flows(); }
    bool hasEnded(quint32 programId) const { return m_observation->hasEnded(programId); }

private:
    QString run();

    QStringList m_arguments;
    QString m_helperPath;
    QString m_networkNamespace;
    PrivateBus m_bus{PrivateBus::Policy::Shipped};
    QProcess m_helper;
    std::unique_ptr<MonitorClient> m_client;
    std::unique_ptr<Observation> m_observation;
};

} // namespace Nettally
