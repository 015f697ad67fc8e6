// SPDX-License-Identifier: MIT
#include "fakeusagesource.h"

#include <netinet/in.h>

namespace Nettally {

void FakeUsageSource::read(CounterSink &sink)
{
    ++m_readings;
    if (m_growth != 0) {
        for (quint32 slot = 1; slot < m_flows.size(); ++slot)
            addBytes(slot, m_growth, 0);
    }
    tellPrograms(sink);
    for (auto &entry : m_flows) {
        if (std::exchange(entry.isChanged, false))
            sink.flow(entry.record);
    }
}

ConnectionReading FakeUsageSource::connections(CounterSink &sink, size_t most)
{
    ++m_connectionReadings;
    tellPrograms(sink);
    ConnectionReading reading = m_reading;
    reading.isCut = reading.connections.size() > most;
    if (reading.isCut)
        reading.connections.resize(most);
    return reading;
}

void FakeUsageSource::tellPrograms(CounterSink &sink)
{
    for (auto &entry : m_programs) {
        if (std::exchange(entry.isChanged, false))
            sink.program(entry.record);
    }
}

QString FakeUsageSource::setNaming(bool on)
{
    if (on && !m_nameProblem.isEmpty())
        return m_nameProblem;
    m_isNaming = on;
    m_names.clear();
    return {};
}

std::vector<NameRecord> FakeUsageSource::names(CounterSink &sink)
{
    ++m_nameReadings;
    tellPrograms(sink);
    return std::exchange(m_names, {});
}

void FakeUsageSource::addAnswer(quint32 programSlot, const QByteArray &data)
{
    NameRecord record;
    record.programSlot = programSlot;
    record.cookie = 1;
    record.timeNs = 1'000'000'000;
    record.protocol = IPPROTO_UDP;
    record.data = data;
    addAnswer(record);
}

void FakeUsageSource::addAnswer(const NameRecord &record)
{
    if (m_isNaming)
        m_names.push_back(record);
}

size_t FakeUsageSource::addConnection(quint64 cookie, quint32 programSlot, quint32 remote)
{
    ConnectionRecord connection;
    connection.cookie = cookie;
    connection.programSlot = programSlot;
    connection.openedNs = 1'000'000'000;
    connection.local = v4(0xc6330001u);
    connection.localPort = quint16(40000 + cookie % 10000);
    connection.remote = v4(0xc6120000u + remote);
    connection.remotePort = connection.servicePort = 443;
    connection.state = 1;
    connection.direction = 1;
    connection.isMeasured = true;
    connection.roundTripUs = 12345;
    connection.roundTripVariationUs = 678;
    connection.leastRoundTripUs = 11000;
    connection.congestionWindow = 10;
    connection.retransmits = 2;
    connection.retransmittedBytes = 2896;
    connection.rxBytes = 1'000'000 + cookie;
    connection.txBytes = 2000 + cookie;
    m_reading.connections.push_back(connection);
    return m_reading.connections.size() - 1;
}

void FakeUsageSource::removeConnection(size_t index)
{
    m_reading.connections.erase(m_reading.connections.begin() + qptrdiff(index));
}

quint32 FakeUsageSource::addProgram(const QByteArray &name, quint32 uid)
{
    ProgramRecord record;
    record.slot = quint32(m_programs.size());
    record.pid = 1000 + record.slot;
    record.startNs = quint64(1000000) * record.slot;
    record.uid = uid;
    record.comm = name.left(15);
    record.path = "/usr/bin/" + name;
    m_programs.push_back({record, true});
    return record.slot;
}

void FakeUsageSource::endProgram(quint32 slot)
{
    m_programs[slot].record.endedNs = 1;
    m_programs[slot].isChanged = true;
}

quint32 FakeUsageSource::addFlow(quint32 programSlot, quint32 remote)
{
    FlowRecord record;
    record.slot = quint32(m_flows.size());
    record.programSlot = programSlot;
    record.remote = v4(0xc6120000u + remote);
    record.ifindex = 2;
    record.servicePort = 443;
    record.protocol = IPPROTO_TCP;
    record.direction = 1;
    record.openSockets = 1;
    m_flows.push_back({record, true});
    return record.slot;
}

void FakeUsageSource::addBytes(quint32 flowSlot, quint64 rx, quint64 tx)
{
    auto &entry = m_flows[flowSlot];
    entry.record.rxPayloadBytes += rx;
    entry.record.txPayloadBytes += tx;
    entry.isChanged = true;
}

void FakeUsageSource::fill(quint32 programs, quint32 flows, quint32 uid)
{
    std::vector<quint32> slotsOfPrograms;
    for (quint32 i = 0; i < programs; ++i)
        slotsOfPrograms.push_back(addProgram("program" + QByteArray::number(i), uid));
    for (quint32 i = 0; i < flows && programs > 0; ++i)
        addFlow(slotsOfPrograms[i % programs], i);
}

RemoteBytes FakeUsageSource::v4(quint32 address)
{
    RemoteBytes bytes{};
    bytes[10] = bytes[11] = 0xff;
    for (size_t i = 0; i < 4; ++i)
        bytes[12 + i] = quint8(address >> (24 - 8 * i));
    return bytes;
}

QList<ProbeState> FakeUsageSource::probes() const
{
    return {{QStringLiteral("payload-send"), QStringLiteral("script"), true, {}},
            {QStringLiteral("payload-receive"), {}, false, QStringLiteral("not scripted")}};
}

QList<InterfaceCounters> FakeUsageSource::interfaces() const
{
    QList<InterfaceCounters> all = {{1, QStringLiteral("lo"), 10, 20, 1, 2, true, true, 0}};
    if (!m_tunnels.isEmpty())
        all.append({3, QStringLiteral("tun0"), 0, 0, 0, 0, false, true, 0, QStringLiteral("tun")});
    return all;
}

QList<TunnelCarrier> FakeUsageSource::tunnelCarriers(CounterSink &sink)
{
    tellPrograms(sink);
    return m_tunnels;
}

QString FakeUsageSource::setAuditing(bool on)
{
    m_isAuditing = on;
    return {};
}

QMap<QString, QString> FakeUsageSource::info() const
{
    return {{QStringLiteral("helperVersion"), QStringLiteral("test")}};
}

QMap<QString, quint64> FakeUsageSource::losses() const
{
    return {{QStringLiteral("spilledFlows"), 0}, {QStringLiteral("spilledPrograms"), 0}};
}

QMap<QString, quint64> FakeUsageSource::usage() const
{
    return {{QStringLiteral("rowsUsed"), m_flows.size()},
            {QStringLiteral("programsUsed"), m_programs.size()}};
}

} // namespace Nettally
