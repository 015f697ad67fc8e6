// SPDX-License-Identifier: MIT
#pragma once

#include "journalrecord.h"

#include <QHash>

#include <functional>
#include <optional>
#include <vector>

namespace Nettally {

/**
 * Puts what the kernel's rows grew by down to minutes.
 *
 * Minutes are of the time of day, which is what CLOCK_REALTIME is before CLOCK_BOOTTIME at each reading;
 * what grew between two seals is of the minute in which the first of them was. What grew in the kernel while
 * no helper ran is of the first minute after it, and that span is not measured all the same: it is not
 * known which of its minutes had what. Where the clock was set back, minutes come again and add up.
 * Not thread-safe.
 */
class MinuteBook {
public:
    /// Nanoseconds, read as one.
    struct Clocks {
        quint64 bootNs = 0; ///< CLOCK_BOOTTIME: counts through suspend, is never set
        quint64 monotonicNs = 0; ///< CLOCK_MONOTONIC: stands still in suspend
        qint64 utcNs = 0; ///< CLOCK_REALTIME
    };
    using CgroupPath = std::function<QString(quint64 id)>;

    /// @p netNs: interfaces of other network namespaces have no name. @p cgroupPath: of a control group.
    MinuteBook(quint32 netNs, CgroupPath cgroupPath);

    /// How far the rows are in the journal; none: what they have at the first reading does not count. Before
    /// the first flow().
    void setBaseline(const std::optional<Checkpoint> &baseline);
    /// Whether packets are counted both ways; if not, network bytes are not known.
    void setCountsPackets(bool counts) { m_countsPackets = counts; }

    /// As a reading reports it, and whose it is.
    void flow(const FlowRecord &record, const Process &process);
    /// After the first reading: the journal told up to @p journalEndUtcMs.
    void begin(const Clocks &clocks, std::optional<qint64> journalEndUtcMs);
    /// After each reading; what is to be sealed when its minute is over, or the clocks did not go on evenly.
    std::optional<Seal> take(const Clocks &clocks, const QList<InterfaceCounters> &interfaces);
    /// What grew since the last seal, though the minute is not over.
    Seal seal(const Clocks &clocks, const QList<InterfaceCounters> &interfaces);

    /// How far everything is in what was sealed.
    Checkpoint whole() const;

private:
    struct FlowKey {
        quint32 program = 0; ///< index in m_programs
        RemoteBytes remote{};
        quint32 ifindex = 0;
        quint16 servicePort = 0;
        quint8 protocol = 0;
        quint8 direction = 0;
        bool operator==(const FlowKey &) const = default;
        friend size_t qHash(const FlowKey &key, size_t seed) noexcept
        {
            static_assert(sizeof key == 28, "hashed as bytes: no padding");
            return qHashBits(&key, sizeof key, seed);
        }
    };
    struct Row {
        FlowKey key;
        quint32 generation = 0;
        RowTotals now;
        RowTotals sealed;
        bool isKnown = false; ///< key is
        bool isChanged = false;
        bool isInCheckpoint = false; ///< sealed means something
    };
    struct Program {
        JournalProgram program; ///< but for its cgroupPath
        quint64 cgroupId = 0;
    };
    struct Counters {
        quint64 rxBytes = 0;
        quint64 txBytes = 0;
    };

    quint32 programOf(const Process &process);
    /// Moves what a row grew by to m_open.
    void fold(Row &row);
    void addInterfaces(const QList<InterfaceCounters> &interfaces, Seal &seal);
    qint64 utcNsOf(const Clocks &clocks) const { return qint64(clocks.bootNs) + m_offsetNs; }

    const quint32 m_netNs;
    const CgroupPath m_cgroupPath;
    bool m_countsPackets = true;
    bool m_isBaseline = false; ///< the first reading is the baseline

    std::vector<Row> m_rows; ///< by slot
    std::vector<quint32> m_changedSlots;
    QHash<FlowKey, JournalSums> m_open; ///< since the last seal, of rows that are others now
    std::vector<Program> m_programs; ///< distinct
    QHash<JournalProgram, quint32> m_programIndexes; ///< with the cgroup's id in place of its path
    std::vector<quint32> m_programOfProcess; ///< by process id; 0: none, else index in m_programs + 1

    QHash<quint32, Counters> m_interfaces; ///< sealed, by ifindex
    QHash<quint32, QString> m_interfaceNames; ///< by ifindex
    bool m_hasInterfaces = false; ///< later ones count from zero

    std::vector<JournalGap> m_gaps; ///< to be sealed next
    qint64 m_minuteUtcS = 0; ///< that is open
    qint64 m_offsetNs = 0; ///< CLOCK_REALTIME less CLOCK_BOOTTIME at the last reading
    quint64 m_suspendedNs = 0; ///< CLOCK_BOOTTIME less CLOCK_MONOTONIC at the last reading
};

} // namespace Nettally
