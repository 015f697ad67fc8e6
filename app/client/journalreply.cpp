// SPDX-License-Identifier: MIT
#include "journalreply.h"

#include <limits>

namespace Nettally {

namespace {

/// To the year 10000; what is beyond would be no date.
constexpr qint64 mostUtcS = 253'402'300'800;

bool isTime(qint64 utcS)
{
    return utcS >= 0 && utcS <= mostUtcS;
}

bool isMinute(qint64 utcS)
{
    return isTime(utcS) && utcS % 60 == 0;
}

} // namespace

std::optional<JournalPart> JournalReply::check(quint64 after) const
{
    // Without a step forward we would ask for ever.
    const bool isForward = isRestarted || (more ? last > after : last >= after);
    if (journalId.size() != Wire::journalIdBytes || last >> 63 != 0 || !isForward)
        return std::nullopt;
    JournalPart part;
    part.more = more;
    part.isRestarted = isRestarted;
    part.batch.cursor = HistoryCursor{journalId, last};
    part.batch.afterNumber = isRestarted ? 0 : after;
    QList<HistoryRecord> &records = part.batch.records;
    records.reserve(flows.size() + gaps.size() + interfaces.size());
    for (const Wire::JournalFlow &flow : flows) {
        const bool hasRemote = flow.remote.size() == 4 || flow.remote.size() == 16;
        if (!isMinute(flow.minuteUtcS) || flow.program >= quint32(programs.size())
            || !(hasRemote || flow.remote.isEmpty()) || flow.direction > quint8(Direction::Link))
            return std::nullopt;
        const Wire::JournalProgram &program = programs[flow.program];
        if (program.kind > quint8(ProgramKind::Kernel))
            return std::nullopt;
        FlowMinute minute;
        minute.minuteUtcS = flow.minuteUtcS;
        minute.flow = {
            {program.name, program.executable, program.uid, program.cgroupPath, ProgramKind(program.kind)},
            Address::fromBytes(flow.remote),
            flow.protocol,
            flow.servicePort,
            Direction(flow.direction),
            flow.interfaceName};
        minute.sums = {flow.rxPayloadBytes, flow.txPayloadBytes, std::nullopt};
        if (flow.hasNetwork)
            minute.sums.network = NetworkUsage{flow.rxNetworkBytes, flow.txNetworkBytes, flow.rxPackets,
                                               flow.txPackets, flow.retransmits};
        records.emplace_back(minute);
    }
    for (const Wire::JournalGap &gap : gaps) {
        if (!isTime(gap.beginUtcS) || !isTime(gap.endUtcS) || gap.beginUtcS >= gap.endUtcS
            || gap.reason > quint8(NotMeasuredReason::ClockStep))
            return std::nullopt;
        records.emplace_back(NotMeasured{gap.beginUtcS, gap.endUtcS, NotMeasuredReason(gap.reason)});
    }
    for (const Wire::JournalInterface &interface : interfaces) {
        if (!isMinute(interface.minuteUtcS) || interface.interfaceName.isEmpty())
            return std::nullopt;
        records.emplace_back(InterfaceMinute{interface.minuteUtcS, interface.interfaceName,
                                             interface.rxCounterBytes, interface.txCounterBytes,
                                             interface.rxRemainderBytes, interface.txRemainderBytes});
    }
    return part;
}

} // namespace Nettally
