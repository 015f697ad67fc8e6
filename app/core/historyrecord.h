// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QByteArray>
#include <QHashFunctions>
#include <QList>
#include <QMetaType>
#include <QString>

#include <optional>
#include <variant>

/// What history is made of. Times are seconds since 1970 UTC; a minute is named by its first second.
namespace Nettally {

/// What makes two processes the same program in history.
struct ProgramIdentity {
    QString name;
    QString executable; ///< path; empty: not known
    quint32 uid = 0;
    QString cgroupPath; ///< below the cgroup root; empty: not known
    ProgramKind kind = ProgramKind::Program;
    bool operator==(const ProgramIdentity &) const = default;
};

inline size_t qHash(const ProgramIdentity &program, size_t seed = 0) noexcept
{
    return qHashMulti(seed, program.name, program.executable, program.uid, program.cgroupPath,
                      quint8(program.kind));
}

/// What crossed an interface for a flow, headers included.
struct NetworkUsage {
    quint64 rxBytes = 0; ///< IP bytes as the interface counts them
    quint64 txBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 retransmittedSegments = 0;
    bool operator==(const NetworkUsage &) const = default;
};

struct TrafficSums {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    std::optional<NetworkUsage> network; ///< none: not known for the whole of it

    /// What nothing adds up to: 0, and known.
    static TrafficSums zero() { return {0, 0, NetworkUsage()}; }
    TrafficSums &operator+=(const TrafficSums &other);
    bool operator==(const TrafficSums &) const = default;
};

inline TrafficSums &TrafficSums::operator+=(const TrafficSums &other)
{
    rxPayloadBytes += other.rxPayloadBytes;
    txPayloadBytes += other.txPayloadBytes;
    if (network && other.network) {
        network->rxBytes += other.network->rxBytes;
        network->txBytes += other.network->txBytes;
        network->rxPackets += other.network->rxPackets;
        network->txPackets += other.network->txPackets;
        network->retransmittedSegments += other.network->retransmittedSegments;
    } else {
        network.reset();
    }
    return *this;
}

/// Which traffic of a program is one flow in history.
struct FlowIdentity {
    ProgramIdentity program;
    Address remote; ///< not known: the flow has no remote, or the helper did not tell
    quint8 protocol = 0; ///< IPPROTO_*
    quint16 servicePort = 0; ///< 0: none
    Direction direction = Direction::Unknown;
    QString interfaceName; ///< empty: not known
    bool operator==(const FlowIdentity &) const = default;
};

inline size_t qHash(const FlowIdentity &flow, size_t seed = 0) noexcept
{
    return qHashMulti(seed, flow.program, flow.remote, flow.protocol, flow.servicePort,
                      quint8(flow.direction), flow.interfaceName);
}

/// One sealed minute of one flow.
struct FlowMinute {
    qint64 minuteUtcS = 0; ///< a multiple of 60
    FlowIdentity flow;
    TrafficSums sums;
    bool operator==(const FlowMinute &) const = default;
};

enum class NotMeasuredReason : quint8 { HelperOff, Suspended, ClockStep };

/// A span in which nobody counted: neither traffic nor silence.
struct NotMeasured {
    qint64 beginUtcS = 0;
    qint64 endUtcS = 0; ///< the first second that was measured again
    NotMeasuredReason reason = NotMeasuredReason::HelperOff;
    bool operator==(const NotMeasured &) const = default;
};

/// What an interface's own counters moved by in a minute, and what of it no program is charged with.
struct InterfaceMinute {
    qint64 minuteUtcS = 0; ///< a multiple of 60
    QString interfaceName;
    quint64 rxCounterBytes = 0;
    quint64 txCounterBytes = 0;
    qint64 rxRemainderBytes = 0; ///< the counter less the sum over flows; below zero where flows saw more
    qint64 txRemainderBytes = 0;
    bool operator==(const InterfaceMinute &) const = default;
};

using HistoryRecord = std::variant<FlowMinute, NotMeasured, InterfaceMinute>;

/// How far a journal was read.
struct HistoryCursor {
    QByteArray journalId; ///< 16 bytes
    quint64 number = 0; ///< of the last record read; below 2^63
    bool operator==(const HistoryCursor &) const = default;
};

/// What is stored together or not at all.
struct HistoryBatch {
    QList<HistoryRecord> records;
    /// Where the records end. A batch is applied once: not when its journal was already read as far.
    /// None: from no journal; applied whenever it comes.
    std::optional<HistoryCursor> cursor;
    /// The number in that journal after which the records begin. A batch that begins with records applied
    /// before, and ends with new ones, is not applied. None: not known, and taken to be where the last ended.
    std::optional<quint64> afterNumber = {};
};

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::HistoryCursor)
