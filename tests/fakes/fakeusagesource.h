// SPDX-License-Identifier: MIT
#pragma once

#include "usagesource.h"

#include <vector>

namespace Nettally {

/// A kernel that counts what the test says. Slots start at 1, as in the real tables; 0 is the overflow row.
class FakeUsageSource : public UsageSource {
public:
    void read(CounterSink &sink) override;
    ConnectionReading connections(CounterSink &sink, size_t most) override;
    QList<ProbeState> probes() const override;
    QList<InterfaceCounters> interfaces() const override;
    QList<TunnelCarrier> tunnelCarriers(CounterSink &sink) override;
    /// From the next reading on there is tun0, number 3, carried by the program.
    void addTunnel(quint32 programSlot) { m_tunnels.append({3, netNs(), programSlot}); }
    QString setAuditing(bool on) override;
    QList<AuditCounters> auditCounters() const override { return {}; }
    bool isAuditing() const { return m_isAuditing; }
    QString setNaming(bool on) override;
    int nameReadings() const { return m_nameReadings; }
    bool isNaming() const { return m_isNaming; }
    std::vector<NameRecord> names(CounterSink &sink) override;
    /// A datagram from a name server to the program; lost while nobody wants names, as in the kernel.
    void addAnswer(quint32 programSlot, const QByteArray &data);
    void addAnswer(const NameRecord &record);
    /// Why names are not to be had; empty: they are.
    void setNameProblem(const QString &problem) { m_nameProblem = problem; }
    quint32 netNs() const override { return 0; }
    quint64 countingSinceNs() const override { return 2; }
    QMap<QString, QString> info() const override;
    QMap<QString, quint64> losses() const override;
    QMap<QString, quint64> usage() const override;

    /// A program with a pid of its own; its slot.
    quint32 addProgram(const QByteArray &name, quint32 uid);
    void endProgram(quint32 slot);
    /// An outgoing TCP flow to 198.18.0.0/15 + @p remote, port 443, with one open socket; its slot.
    quint32 addFlow(quint32 programSlot, quint32 remote);
    void addBytes(quint32 flowSlot, quint64 rx, quint64 tx);
    /// @p programs programs of @p uid with @p flows flows between them, each of another remote.
    void fill(quint32 programs, quint32 flows, quint32 uid);
    /// Every flow receives this many bytes before each reading.
    void setGrowth(quint64 rxBytes) { m_growth = rxBytes; }

    /// An established outgoing connection to 198.18.0.0/15 + @p remote, port 443; its index.
    size_t addConnection(quint64 cookie, quint32 programSlot, quint32 remote);
    ConnectionRecord &connection(size_t index) { return m_reading.connections[index]; }
    void removeConnection(size_t index);
    /// Why there are none; empty: there are.
    void setConnectionProblem(const QString &problem) { m_reading.problem = problem; }
    int connectionReadings() const { return m_connectionReadings; }

    FlowRecord &flowRecord(quint32 slot) { return m_flows[slot].record; }
    int readings() const { return m_readings; }

    static RemoteBytes v4(quint32 address);

private:
    template <typename Record>
    struct Entry {
        Record record;
        bool isChanged = true;
    };

    std::vector<Entry<ProgramRecord>> m_programs{{ProgramRecord(), false}};
    std::vector<Entry<FlowRecord>> m_flows{{FlowRecord(), false}};
    quint64 m_growth = 0;
    int m_readings = 0;
    bool m_isAuditing = false;
    bool m_isNaming = false;
    QList<TunnelCarrier> m_tunnels;
    int m_nameReadings = 0;
    QString m_nameProblem;
    std::vector<NameRecord> m_names;
    void tellPrograms(CounterSink &sink);
    ConnectionReading m_reading;
    int m_connectionReadings = 0;
};

} // namespace Nettally
