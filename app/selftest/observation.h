// SPDX-License-Identifier: MIT
#pragma once

#include "monitorclient.h"

#include <QHash>
#include <QObject>
#include <QSet>

namespace Nettally {

/// All that a client has been told of the present instance: every program and flow. Made before the client
/// is started, whose first push holds what later ones do not repeat.
class Observation : public QObject {
    Q_OBJECT

public:
    explicit Observation(MonitorClient &client, QObject *parent = nullptr);

    const MonitorClient &client() const { return m_client; }

    const QString &instance() const { return m_instance; }
    /// CLOCK_BOOTTIME nanoseconds at which the counters were last read; 0 before the first push.
    quint64 readNs() const { return m_readNs; }

    const QHash<quint32, Program> &programs() const { return m_programs; }
    const QHash<quint32, Remote> &remotes() const { return m_remotes; }
    const QHash<quint32, Flow> &flows() const { return m_flows; }
    bool hasEnded(quint32 programId) const { return m_ended.contains(programId); }

Q_SIGNALS:
    void updated();

private:
    void take(const UsageUpdate &update);

    const MonitorClient &m_client;
    QString m_instance;
    quint64 m_readNs = 0;
    QHash<quint32, Program> m_programs;
    QHash<quint32, Remote> m_remotes;
    QHash<quint32, Flow> m_flows;
    QSet<quint32> m_ended;
};

} // namespace Nettally
