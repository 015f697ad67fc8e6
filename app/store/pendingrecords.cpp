// SPDX-License-Identifier: MIT
#include "pendingrecords.h"

#include <utility>

namespace Nettally {

void PendingRecords::add(const HistoryRecord &record)
{
    if (const auto *flow = std::get_if<FlowMinute>(&record)) {
        addFlow(m_minutes[flow->minuteUtcS], flow->flow, flow->sums);
        m_openMinuteUtcS = flow->minuteUtcS;
    } else {
        m_others.append(record);
    }
}

void PendingRecords::clear()
{
    m_minutes.clear();
    m_others.clear();
    m_flowCount = 0;
}

QList<HistoryRecord> PendingRecords::records() const
{
    QList<HistoryRecord> records;
    records.reserve(m_flowCount + m_others.size());
    for (const auto &[minuteUtcS, flows] : m_minutes) {
        for (auto flow = flows.cbegin(); flow != flows.cend(); ++flow) {
            records.append(FlowMinute{minuteUtcS, flow.key(), flow.value()});
        }
    }
    return records + m_others;
}

void PendingRecords::addFlow(Minute &minute, const FlowIdentity &flow, const TrafficSums &sums)
{
    const auto known = minute.find(flow);
    if (known == minute.end()) {
        minute.insert(flow, sums);
        ++m_flowCount;
    } else {
        *known += sums;
    }
}

template <typename Coarser>
void PendingRecords::coarsen(Minute &minute, Coarser coarser)
{
    const Minute fine = std::exchange(minute, {});
    m_flowCount -= fine.size();
    for (auto flow = fine.cbegin(); flow != fine.cend(); ++flow) {
        FlowIdentity identity = flow.key();
        coarser(identity);
        addFlow(minute, identity, flow.value());
    }
}

void PendingRecords::mergeOldestTwo()
{
    const auto oldest = m_minutes.begin();
    const Minute flows = std::move(oldest->second);
    m_flowCount -= flows.size();
    Minute &next = std::next(oldest)->second;
    for (auto flow = flows.cbegin(); flow != flows.cend(); ++flow) {
        addFlow(next, flow.key(), flow.value());
    }
    m_minutes.erase(oldest);
}

bool PendingRecords::fold(qsizetype maxMinutes, qsizetype maxFlows)
{
    bool folded = false;
    while (qsizetype(m_minutes.size()) > maxMinutes) {
        mergeOldestTwo();
        folded = true;
    }
    while (m_flowCount > maxFlows) {
        folded = true;
        coarsen(m_minutes.begin()->second, [](FlowIdentity &flow) {
            flow.remote = Address();
            flow.servicePort = 0;
        });
        if (m_flowCount <= maxFlows) {
            break;
        }
        if (m_minutes.size() > 1) {
            mergeOldestTwo();
            continue;
        }
        coarsen(m_minutes.begin()->second, [](FlowIdentity &flow) {
            flow.program = {QString(), QString(), 0, QString(), ProgramKind::Overflow};
        });
        break; // at most one a protocol, direction and interface is left
    }
    return folded;
}

} // namespace Nettally
