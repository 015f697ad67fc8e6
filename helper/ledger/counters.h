// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <array>

namespace Nettally {

/// A program as the kernel side saw it first; see bpf/abi/nettally_abi.h for the members' sources.
struct ProgramRecord {
    quint32 slot = 0; ///< in the source's program table; 0 is the overflow program
    quint32 pid = 0; ///< in the initial pid namespace
    quint64 startNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    quint64 execId = 0; ///< counts the process's execve() calls
    quint64 cgroupId = 0;
    quint64 endedNs = 0; ///< CLOCK_BOOTTIME nanoseconds, 0 while it runs
    quint32 uid = 0;
    quint32 pidNs = 0;
    quint32 netNs = 0;
    bool isKernel = false;
    QByteArray comm; ///< at most 15 bytes, any bytes but NUL
    QByteArray path; ///< any bytes; empty if not known
};

using RemoteBytes = std::array<quint8, 16>; ///< network order, IPv4 v4-mapped, all zero: not known

/// Absolute counters of one row at one reading.
struct FlowRecord {
    quint32 slot = 0; ///< in the source's row table; 0 is the overflow row
    quint32 generation = 0; ///< of that slot
    quint32 programSlot = 0;
    RemoteBytes remote{};
    quint32 ifindex = 0;
    quint16 servicePort = 0; ///< host order
    quint8 protocol = 0;
    quint8 direction = 0; ///< enum nt_direction
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    qint32 openSockets = 0; ///< may be below zero for a moment (open and close counted apart)
};

/// Takes what a reading found. Programs arrive before the flows that name them, each again only when
/// it ended; flows only when a counter changed since the reading before.
class CounterSink {
public:
    virtual ~CounterSink() = default;
    virtual void program(const ProgramRecord &record) = 0;
    virtual void flow(const FlowRecord &record) = 0;
};

} // namespace Nettally
