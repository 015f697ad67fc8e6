// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QHash>
#include <QList>

#include <array>
#include <vector>

namespace Nettally {

/// What a byte at an interface can be. The kernel's own packets are told apart by protocol.
enum class BalanceClass : quint8 {
    Programs, ///< IP bytes of programs' sockets, kernel threads' too
    Pending, ///< of accepted connections that no program used so far
    Spilled, ///< of flows that found the kernel's table full
    Frames, ///< whole frames that programs sent by packet sockets
    Icmp, ///< kernel: ICMP and neighbour discovery
    Tcp, ///< kernel: resets, and answers to connections that are over
    Multicast, ///< kernel: group membership
    Other, ///< kernel: everything else without an owner
    LinkHeaders, ///< before the IP headers of all that is named above
    SegmentHeaders, ///< repeated in each segment, where the interface counts segments
    Unseen, ///< the interface's counter less all of the above; below zero while packets are under way
};
inline constexpr size_t balanceClassCount = 11;

struct AccountLine {
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
};

/// One interface since sinceNs: the lines' sums are the counters, by construction to the byte.
struct InterfaceAccount {
    InterfaceCounters counters; ///< bytes and packets since sinceNs
    quint64 sinceNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    std::array<AccountLine, balanceClassCount> lines; ///< by BalanceClass
};

/**
 * What the flows amount to at each interface of the helper's network namespace, beside the interface's
 * own counter. Fed by the Ledger with what grew, and after each reading with the counters.
 *
 * Whether an interface counts a packet before or after it was cut into segments depends on its driver
 * and its offloads; it is told from the number of packets it counted, reading by reading. Not thread-safe.
 */
class InterfaceBook {
public:
    /// Of another namespace's interfaces nothing is kept. Call before the first reading.
    void setNetNs(quint32 netNs) { m_netNs = netNs; }

    /// @p growth and @p txPayloadBytes since the reading before, of the flow as in @p record.
    void add(const FlowRecord &record, quint64 txPayloadBytes, const PacketCounts &growth);
    /// A gauge of what is pending at record.ifindex, as it is now.
    void setPending(const FlowRecord &record);
    /// The interfaces at @p timeNs, after the flows of the same reading. One not seen before counts from
    /// zero, but for those there at the first call, which count from what they had.
    void take(const QList<InterfaceCounters> &interfaces, quint64 timeNs);

    /// Of the interfaces there at the last take(), in their order.
    QList<InterfaceAccount> balances() const;
    /// What the machine exchanged with others since the first take(), as its cards counted it: nothing is in
    /// it twice, as it would be with the tunnels and bridges that the cards carry, nor what stayed inside. A
    /// namespace without cards, as a container's, has its other interfaces instead.
    AccountLine machineTotal() const { return m_machine; }

private:
    struct Entry {
        InterfaceCounters last;
        InterfaceCounters total; ///< bytes and packets since sinceNs
        quint64 sinceNs = 0;
        std::array<PacketCounts, balanceClassCount> classes; ///< those made of packets
        PacketCounts taken; ///< sum over classes up to the last take()
        PacketCounts pendingBase; ///< what the gauge held before sinceNs
        quint64 txFrameBytes = 0; ///< BalanceClass::Frames
        AccountLine linkHeaders;
        AccountLine segmentHeaders;
        bool isKnown = false; ///< was in a take()
    };

    Entry &entryOf(quint32 ifindex); ///< made where there is none
    static PacketCounts sumOf(const Entry &entry);
    static BalanceClass classOf(const FlowRecord &record);

    quint32 m_netNs = 0;
    QHash<quint32, PacketCounts> m_gauges; ///< of what is pending, by ifindex; the source keeps them for ever
    AccountLine m_machine;
    bool m_hasTaken = false;
    QHash<quint32, Entry> m_entries; ///< by ifindex
    std::vector<quint32> m_order; ///< ifindexes of the last take()
};

} // namespace Nettally
