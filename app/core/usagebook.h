// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"
#include "usagedelta.h"

#include <QHash>
#include <QSet>

namespace Nettally {

/// What one update changed, from UsageBook::apply().
struct UsageChange {
    /// How one flow grew. What counts elsewhere from now on is taken out by a baseline of its negative, which
    /// wraps.
    struct Growth : TrafficCounts {
        quint32 programId = 0;
        Address remote;
        quint8 protocol = 0;
        quint16 servicePort = 0;
        Direction direction = Direction::Unknown;
        qint64 openSockets = 0; ///< may be below zero
        bool isBaseline = false; ///< moved before the counters were first seen: in the totals, in no rate
    };

    bool isNewInstance = false; ///< nothing known before holds any more
    quint64 beginNs = 0; ///< CLOCK_BOOTTIME of the reading before; 0 when there is none to compare with
    quint64 endNs = 0; ///< CLOCK_BOOTTIME of this reading
    QList<quint32> programs; ///< new, or described anew
    QList<quint32> ended;
    QList<quint32>
        vanished; ///< not in a snapshot that holds everything: other scope, or forgotten by the helper
    QList<Growth> growths;
    QList<UsageDelta> deltas; ///< for the record: what moved between beginNs and endNs, flow by flow

    TrafficCounts moved() const; ///< sum over the deltas that count
};

/**
 * The client's copy of the helper's counters, and the one place where totals become differences.
 *
 * A flow of a snapshot that was not known before moved its bytes before we looked: it counts into the
 * totals and into no difference. One that appears in a later push began since the push before and counts
 * whole. After a reconnect within the same instance known flows are compared with what they were, so
 * nothing of theirs is lost. Not thread-safe; made for the thread of the client.
 */
class UsageBook {
public:
    UsageChange apply(const UsageUpdate &update);

    /// Growths and totals have what crosses a tunnel once, deltas all of it. Returns what that changes.
    UsageChange setTunnelsAt(TunnelsAt place);

    const QString &instance() const { return m_instance; }
    /// Of all flows that count since the instance began, as far as the helper remembers them.
    const TrafficCounts &total() const { return m_total; }
    /// The program's description; one with the id alone if it was never sent.
    Program program(quint32 id) const;
    bool hasEnded(quint32 programId) const;
    qsizetype flowCount() const { return m_flows.size(); }

private:
    struct Entry {
        Program program;
        quint64 endedNs = 0; ///< CLOCK_BOOTTIME of the update that told; 0 while it runs
        QList<quint32> flowIds;
    };

    Entry &entry(quint32 programId);
    bool isCounted(const Flow &flow) const;
    /// Without figures.
    UsageChange::Growth growthOf(const Flow &flow, bool isBaseline) const;
    void takeSnapshot(const UsageUpdate &update, UsageChange &change);
    void takeFlow(const Flow &flow, const Flow *before, bool isBaseline, UsageChange &change);
    void retireEnded(quint64 nowNs);

    QString m_instance;
    TunnelsAt m_tunnelsAt = TunnelsAt::Inside;
    quint64 m_timeNs = 0;
    TrafficCounts m_total;
    QHash<quint32, Entry> m_programs;
    QHash<quint32, Address> m_remotes;
    QHash<quint32, Flow> m_flows;
    QSet<quint32> m_retired; ///< programs that ended long ago, whose flows were dropped here
};

} // namespace Nettally
