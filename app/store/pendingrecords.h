// SPDX-License-Identifier: MIT
#pragma once

#include "historyrecord.h"

#include <QHash>

#include <map>

namespace Nettally {

/// What was measured without a journal and is not in the database yet: flows added up by UTC minute.
class PendingRecords {
public:
    using Minute = QHash<FlowIdentity, TrafficSums>;

    void add(const HistoryRecord &record);
    void clear();

    bool isEmpty() const { return m_flowCount == 0 && m_others.isEmpty(); }
    qsizetype flowCount() const { return m_flowCount; }
    const std::map<qint64, Minute> &minutes() const { return m_minutes; } ///< by their first second
    /// Of the flow added last.
    qint64 openMinuteUtcS() const { return m_openMinuteUtcS; }
    QList<HistoryRecord> records() const;

    /**
     * Makes it fit, by giving up detail and never bytes: the oldest minutes become one, then lose remote
     * address and port, then the program. Returns whether detail was given up.
     */
    bool fold(qsizetype maxMinutes, qsizetype maxFlows);

private:
    void addFlow(Minute &minute, const FlowIdentity &flow, const TrafficSums &sums);
    template <typename Coarser>
    void coarsen(Minute &minute, Coarser coarser);
    void mergeOldestTwo();

    std::map<qint64, Minute> m_minutes;
    QList<HistoryRecord> m_others; ///< spans and interfaces
    qsizetype m_flowCount = 0;
    qint64 m_openMinuteUtcS = 0;
};

} // namespace Nettally
