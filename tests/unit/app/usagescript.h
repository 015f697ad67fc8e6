// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QHash>

namespace Nettally::Test {

inline constexpr quint64 second = 1'000'000'000;
inline constexpr quint64 packetBytes = 1040;

/// A helper's side in miniature: flows with cumulative totals, of which each push tells what changed.
class UsageScript {
public:
    explicit UsageScript(const QString &instance)
    {
        m_update.instance = instance;
        m_update.isSnapshot = true;
    }

    void program(quint32 id, const QString &name, ProgramKind kind = ProgramKind::Program)
    {
        Program program;
        program.id = id;
        program.pid = kind == ProgramKind::Program ? 1000 + id : 0;
        program.name = name;
        program.executable = kind == ProgramKind::Program ? QStringLiteral("/usr/bin/") + name : QString();
        program.uid = 0;
        program.kind = kind;
        m_programs.insert(id, program);
        m_update.programs.append(program);
    }

    void remote(quint32 id, const QString &address)
    {
        m_remotes.insert(id, {id, Address::fromString(address)});
        m_update.remotes.append(m_remotes.value(id));
    }

    /// Adds bytes to a flow; the flow begins with its first.
    void move(quint32 flowId, quint32 programId, quint32 remoteId, quint64 rxBytes, quint64 txBytes,
              quint32 openSockets = 1)
    {
        Flow &flow = m_flows[flowId];
        flow.id = flowId;
        flow.programId = programId;
        flow.remoteId = remoteId;
        if (flow.protocol == 0) {
            flow.protocol = 6;
            flow.servicePort = 443;
            flow.direction = Direction::Outgoing;
        }
        flow.rxPayloadBytesTotal += rxBytes;
        flow.txPayloadBytesTotal += txBytes;
        flow.openSockets = openSockets;
        m_changed.insert(flowId, true);
    }

    /// Of a flow made by move(), which are TCP to port 443 else.
    void service(quint32 flowId, quint8 protocol, quint16 port, Direction direction = Direction::Outgoing)
    {
        Flow &flow = m_flows[flowId];
        flow.protocol = protocol;
        flow.servicePort = port;
        flow.direction = direction;
        m_changed.insert(flowId, true);
    }

    /// Adds packets of 1,040 bytes to a flow made by move(): payload is another matter.
    void carry(quint32 flowId, quint64 rxPackets, quint64 txPackets, quint64 retransmits = 0)
    {
        Flow &flow = m_flows[flowId];
        flow.rxNetworkBytesTotal += rxPackets * packetBytes;
        flow.txNetworkBytesTotal += txPackets * packetBytes;
        flow.rxPacketsTotal += rxPackets;
        flow.txPacketsTotal += txPackets;
        flow.retransmitsTotal += retransmits;
        m_changed.insert(flowId, true);
    }

    /// Of a flow made by move(), before it is pushed.
    void setTunnelSide(quint32 flowId, TunnelSide part) { m_flows[flowId].tunnelSide = part; }

    void end(quint32 programId) { m_update.endedProgramIds.append(programId); }

    /// The push of what changed, read at @p timeNs.
    UsageUpdate push(quint64 timeNs)
    {
        for (auto changed = m_changed.keyBegin(); changed != m_changed.keyEnd(); ++changed)
            m_update.flows.append(m_flows.value(*changed));
        m_update.timeNs = timeNs;
        UsageUpdate update = m_update;
        m_update = {};
        m_update.instance = update.instance;
        m_changed.clear();
        return update;
    }

    /// The first push of another subscription to the same counters: all of it again.
    UsageUpdate snapshot(quint64 timeNs)
    {
        const QList<quint32> ended = push(timeNs).endedProgramIds;
        m_update.isSnapshot = true;
        m_update.endedProgramIds = ended;
        m_update.programs = m_programs.values();
        m_update.remotes = m_remotes.values();
        for (auto flow = m_flows.keyBegin(); flow != m_flows.keyEnd(); ++flow)
            m_changed.insert(*flow, true);
        return push(timeNs);
    }

    /// The helper no longer tells of the program, as after a change of scope.
    void forget(quint32 programId)
    {
        m_programs.remove(programId);
        m_flows.removeIf([&](const std::pair<const quint32 &, Flow &> flow) {
            return flow.second.programId == programId;
        });
    }

private:
    UsageUpdate m_update;
    QHash<quint32, Program> m_programs;
    QHash<quint32, Remote> m_remotes;
    QHash<quint32, Flow> m_flows;
    QHash<quint32, bool> m_changed;
};

} // namespace Nettally::Test
