// SPDX-License-Identifier: MIT
#include "journalanswer.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

namespace Nettally {

QByteArray addressBytes(const RemoteBytes &bytes)
{
    static constexpr std::array<quint8, 12> v4Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (bytes == RemoteBytes{})
        return {};
    const bool isV4 = std::equal(v4Mapped.begin(), v4Mapped.end(), bytes.begin());
    const qsizetype skipped = isV4 ? qsizetype(v4Mapped.size()) : 0;
    return QByteArray(reinterpret_cast<const char *>(bytes.data()) + skipped,
                      qsizetype(bytes.size()) - skipped);
}

JournalAnswer::JournalAnswer(const Journal::Slice &slice, std::optional<quint32> ownUid, qint64 maxBytes)
    : m_last(slice.last)
    , m_more(slice.more)
{
    for (size_t i = 0; i < slice.records.size(); ++i) {
        const JournalRecord &record = slice.records[i];
        if (const auto *flow = std::get_if<JournalFlow>(&record)) {
            const JournalProgram &program = flow->program;
            if (!ownUid || (program.kind == ProcessKind::Program && program.uid == *ownUid))
                add(*flow);
            else
                addOthers(*flow);
        } else if (const auto *gap = std::get_if<JournalGap>(&record)) {
            m_gaps.append({gap->beginUtcS, gap->endUtcS, quint8(gap->reason)});
            m_bytes += 24;
        } else if (const auto *counters = std::get_if<JournalInterface>(&record)) {
            m_interfaces.append({counters->minuteUtcS, counters->interfaceName, counters->rxCounterBytes,
                                 counters->txCounterBytes, counters->rxRemainderBytes,
                                 counters->txRemainderBytes});
            m_bytes += 56 + 3 * counters->interfaceName.size();
        }
        if (m_bytes >= maxBytes && i + 1 < slice.records.size()) {
            m_last = slice.numbers[i];
            m_more = true;
            return;
        }
    }
}

quint32 JournalAnswer::indexOf(const JournalProgram &program)
{
    const auto known = m_programIndexes.constFind(program);
    if (known != m_programIndexes.constEnd())
        return *known;
    const auto index = quint32(m_programs.size());
    m_programIndexes.insert(program, index);
    m_programs.append(
        {program.name, program.executable, program.uid, program.cgroupPath, quint8(program.kind)});
    m_bytes += 40 + 3 * (program.name.size() + program.executable.size() + program.cgroupPath.size());
    return index;
}

void JournalAnswer::add(const JournalFlow &flow)
{
    const JournalSums &sums = flow.sums;
    m_flows.append({flow.minuteUtcS, indexOf(flow.program), addressBytes(flow.remote), flow.protocol,
                    flow.servicePort, flow.direction, flow.interfaceName, sums.rxPayloadBytes,
                    sums.txPayloadBytes, sums.hasNetwork, sums.rxNetworkBytes, sums.txNetworkBytes,
                    sums.rxPackets, sums.txPackets, sums.retransmits});
    m_bytes += 128 + flow.interfaceName.size();
}

void JournalAnswer::addOthers(const JournalFlow &flow)
{
    const std::pair key(flow.minuteUtcS, flow.interfaceName);
    const auto known = m_others.constFind(key);
    if (known == m_others.constEnd()) {
        JournalFlow others;
        others.minuteUtcS = flow.minuteUtcS;
        others.interfaceName = flow.interfaceName;
        others.program.kind = ProcessKind::Others;
        others.program.name = ProcessTable::othersName();
        others.sums = flow.sums;
        m_others.insert(key, m_flows.size());
        add(others);
        return;
    }
    Wire::JournalFlow &sum = m_flows[*known];
    const JournalSums &sums = flow.sums;
    sum.rxPayloadBytes += sums.rxPayloadBytes;
    sum.txPayloadBytes += sums.txPayloadBytes;
    sum.hasNetwork = sum.hasNetwork && sums.hasNetwork;
    sum.rxNetworkBytes += sums.rxNetworkBytes;
    sum.txNetworkBytes += sums.txNetworkBytes;
    sum.rxPackets += sums.rxPackets;
    sum.txPackets += sums.txPackets;
    sum.retransmits += sums.retransmits;
}

} // namespace Nettally
