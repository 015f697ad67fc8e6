// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"
#include "processtable.h"

#include <QByteArray>
#include <QHashFunctions>
#include <QList>
#include <QString>

#include <variant>
#include <vector>

/// What the journal keeps. Times are seconds since 1970 UTC; a minute is named by its first second.
namespace Nettally {

/// What makes two processes the same program in the journal.
struct JournalProgram {
    QString name;
    QString executable; ///< path; empty: not known
    quint32 uid = 0;
    QString cgroupPath; ///< below the cgroup root; empty: not known
    ProcessKind kind = ProcessKind::Program;
    bool operator==(const JournalProgram &) const = default;
};

inline size_t qHash(const JournalProgram &program, size_t seed = 0) noexcept
{
    return qHashMulti(seed, program.name, program.executable, program.uid, program.cgroupPath,
                      quint8(program.kind));
}

struct JournalSums {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    bool hasNetwork = true; ///< packets were counted; else what follows is not known
    quint64 rxNetworkBytes = 0; ///< IP bytes, each segment with its headers
    quint64 txNetworkBytes = 0;
    quint64 rxPackets = 0; ///< segments
    quint64 txPackets = 0;
    quint64 retransmits = 0; ///< TCP segments sent again
    bool operator==(const JournalSums &) const = default;

    JournalSums &operator+=(const JournalSums &other)
    {
        rxPayloadBytes += other.rxPayloadBytes;
        txPayloadBytes += other.txPayloadBytes;
        hasNetwork = hasNetwork && other.hasNetwork;
        rxNetworkBytes += other.rxNetworkBytes;
        txNetworkBytes += other.txNetworkBytes;
        rxPackets += other.rxPackets;
        txPackets += other.txPackets;
        retransmits += other.retransmits;
        return *this;
    }
};

/// What a flow moved in a minute, or a part of it: several for the same minute and flow add up.
struct JournalFlow {
    qint64 minuteUtcS = 0; ///< a multiple of 60
    JournalProgram program;
    RemoteBytes remote{};
    quint8 protocol = 0;
    quint16 servicePort = 0;
    quint8 direction = 0; ///< enum nt_direction
    QString interfaceName; ///< empty: not known
    JournalSums sums;
    bool operator==(const JournalFlow &) const = default;
};

enum class JournalGapReason : quint8 { HelperOff = 0, Suspended = 1, ClockStep = 2 };

/// A span in which nobody counted by the minute.
struct JournalGap {
    qint64 beginUtcS = 0;
    qint64 endUtcS = 0; ///< the first second after it
    JournalGapReason reason = JournalGapReason::HelperOff;
    bool operator==(const JournalGap &) const = default;
};

/// What an interface's own counters moved by; several for the same minute add up.
struct JournalInterface {
    qint64 minuteUtcS = 0; ///< a multiple of 60
    QString interfaceName;
    quint64 rxCounterBytes = 0;
    quint64 txCounterBytes = 0;
    qint64 rxRemainderBytes = 0; ///< the counter less the network bytes of the flows of this interface
    qint64 txRemainderBytes = 0;
    bool operator==(const JournalInterface &) const = default;
};

using JournalRecord = std::variant<JournalFlow, JournalGap, JournalInterface>;

/// Cumulative counters of one row of the kernel's table, as far as a journal needs them.
struct RowTotals {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    quint64 rxNetworkBytes = 0;
    quint64 txNetworkBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint32 retransmits = 0; ///< wraps
    bool operator==(const RowTotals &) const = default;
};

/// How far the rows and interfaces are in the journal: what grew since is not.
struct Checkpoint {
    struct Row {
        quint32 slot = 0;
        quint32 generation = 0;
        RowTotals totals;
        bool operator==(const Row &) const = default;
    };
    struct Interface {
        quint32 index = 0;
        quint64 rxBytes = 0;
        quint64 txBytes = 0;
        bool operator==(const Interface &) const = default;
    };
    std::vector<Row> rows;
    std::vector<Interface> interfaces; ///< all there are
    bool operator==(const Checkpoint &) const = default;
};

/// What is written at once: all of it or nothing is in the journal afterwards.
struct Seal {
    std::vector<JournalRecord> records;
    Checkpoint changed; ///< the rows that grew, the interfaces wholly
    qint64 endUtcMs = 0; ///< up to when the records tell; milliseconds since 1970 UTC
    quint64 readNs = 0; ///< CLOCK_BOOTTIME before the reading they are of
};

} // namespace Nettally
