// SPDX-License-Identifier: MIT
#include "interfacebook.h"

#include <QSet>

#include <algorithm>
#include <array>
#include <cstdlib>

#include <netinet/in.h>

namespace Nettally {

namespace {

/// What the counter of one direction grew by, and what of it was seen.
struct Growth {
    quint64 counterPackets = 0;
    quint64 packets = 0;
    quint64 moreSegments = 0;
    quint64 segmentHeaderBytes = 0;
};

/// Adds the headers beyond the IP bytes, as the interface counts them.
void addHeaders(const Growth &growth, quint64 linkHeaderBytes, qint64 *linkHeaders, qint64 *segmentHeaders)
{
    // Signed: what is pending may shrink a reading before it grows elsewhere.
    const auto packets = qint64(growth.packets);
    const auto segments = qint64(growth.packets + growth.moreSegments);
    const auto counted = qint64(growth.counterPackets);
    const bool countsSegments = std::llabs(counted - segments) < std::llabs(counted - packets);
    *linkHeaders += (countsSegments ? segments : packets) * qint64(linkHeaderBytes);
    if (countsSegments)
        *segmentHeaders += qint64(growth.segmentHeaderBytes);
}

/// Kinds of interfaces whose packets cross another one of the machine's, or none.
constexpr std::array innerKinds{"bridge", "bond", "team", "vrf", "dummy", "ifb", "nlmon"};

/// Of the loopback, tunnels and bridges nothing is the machine's exchange with others; nor of whatever else
/// is made of software, where there is a card.
bool isOfMachine(const InterfaceCounters &counters, bool hasCards)
{
    if (counters.isLoopback)
        return false;
    if (counters.kind.isEmpty() || hasCards)
        return counters.kind.isEmpty();
    const bool isInner = std::any_of(innerKinds.begin(), innerKinds.end(),
                                     [&](const char *kind) { return counters.kind == QLatin1String(kind); });
    return !isInner && !isTunnel(counters.kind) && counters.lowerIndex == 0;
}

/// A counter that went down was reset, and began again at zero.
quint64 grown(quint64 now, quint64 before)
{
    return now >= before ? now - before : now;
}

} // namespace

InterfaceBook::Entry &InterfaceBook::entryOf(quint32 ifindex)
{
    const auto known = m_entries.find(ifindex);
    if (known != m_entries.end())
        return *known;
    Entry &entry = m_entries[ifindex];
    // Of an interface that went, and whose number came again.
    entry.pendingBase = m_gauges.value(ifindex);
    return entry;
}

BalanceClass InterfaceBook::classOf(const FlowRecord &record)
{
    if (record.programSlot == ProgramSlot::overflow && record.protocol == 0)
        return BalanceClass::Spilled;
    if (record.programSlot != ProgramSlot::unowned)
        return BalanceClass::Programs;
    switch (record.protocol) {
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return BalanceClass::Icmp;
    case IPPROTO_TCP:
        return BalanceClass::Tcp;
    case IPPROTO_IGMP:
    case IPPROTO_HOPOPTS: // multicast listener reports carry the router alert before ICMPv6
        return BalanceClass::Multicast;
    default:
        return BalanceClass::Other;
    }
}

void InterfaceBook::add(const FlowRecord &record, quint64 txPayloadBytes, const PacketCounts &growth)
{
    if (record.netNs != m_netNs || record.ifindex == 0)
        return;
    constexpr quint8 linkDirection = 3; // NT_DIRECTION_LINK
    if (record.direction == linkDirection) {
        entryOf(record.ifindex).txFrameBytes += txPayloadBytes;
        return;
    }
    if (growth != PacketCounts())
        entryOf(record.ifindex).classes[size_t(classOf(record))] += growth;
}

void InterfaceBook::setPending(const FlowRecord &record)
{
    if (record.netNs != m_netNs || record.ifindex == 0)
        return;
    Entry &entry = entryOf(record.ifindex);
    entry.classes[size_t(BalanceClass::Pending)] = record.packets - entry.pendingBase;
    m_gauges.insert(record.ifindex, record.packets);
}

PacketCounts InterfaceBook::sumOf(const Entry &entry)
{
    PacketCounts sum;
    for (const PacketCounts &counts : entry.classes)
        sum += counts;
    return sum;
}

void InterfaceBook::take(const QList<InterfaceCounters> &interfaces, quint64 timeNs)
{
    if (interfaces.isEmpty())
        return; // each namespace has one at least: they could not be read this time
    m_order.clear();
    QSet<quint32> present;
    const bool hasCards =
        std::any_of(interfaces.begin(), interfaces.end(), [](const InterfaceCounters &counters) {
            return !counters.isLoopback && counters.kind.isEmpty();
        });
    for (const InterfaceCounters &now : interfaces) {
        Entry &entry = entryOf(now.index);
        m_order.push_back(now.index);
        present.insert(now.index);
        const PacketCounts sum = sumOf(entry);
        if (!entry.isKnown) {
            entry.isKnown = true;
            entry.sinceNs = timeNs;
            if (!m_hasTaken) {
                // What was there before us is nobody's; of the first moments nothing can be compared.
                entry.last = now;
                for (PacketCounts &counts : entry.classes)
                    counts = {};
                entry.pendingBase = m_gauges.value(now.index);
                entry.txFrameBytes = 0;
                entry.taken = {};
                entry.total = now;
                entry.total.rxBytes = entry.total.txBytes = 0;
                entry.total.rxPackets = entry.total.txPackets = 0;
                continue;
            }
        }
        const quint64 rxPackets = grown(now.rxPackets, entry.last.rxPackets);
        const quint64 txPackets = grown(now.txPackets, entry.last.txPackets);
        const PacketCounts growth = sum - entry.taken;
        addHeaders({rxPackets, growth.rxPackets, growth.rxMoreSegments, growth.rxSegmentHeaderBytes},
                   now.linkHeaderBytes, &entry.linkHeaders.rxBytes, &entry.segmentHeaders.rxBytes);
        addHeaders({txPackets, growth.txPackets, growth.txMoreSegments, growth.txSegmentHeaderBytes},
                   now.linkHeaderBytes, &entry.linkHeaders.txBytes, &entry.segmentHeaders.txBytes);
        InterfaceCounters total = now;
        const quint64 rxBytes = grown(now.rxBytes, entry.last.rxBytes);
        const quint64 txBytes = grown(now.txBytes, entry.last.txBytes);
        if (isOfMachine(now, hasCards)) {
            m_machine.rxBytes += qint64(rxBytes);
            m_machine.txBytes += qint64(txBytes);
        }
        total.rxBytes = entry.total.rxBytes + rxBytes;
        total.txBytes = entry.total.txBytes + txBytes;
        total.rxPackets = entry.total.rxPackets + rxPackets;
        total.txPackets = entry.total.txPackets + txPackets;
        entry.total = total;
        entry.last = now;
        entry.taken = sum;
    }
    m_entries.removeIf([&](const auto &item) { return !present.contains(item.key()); });
    m_hasTaken = true;
}

QList<InterfaceAccount> InterfaceBook::balances() const
{
    QList<InterfaceAccount> balances;
    for (const quint32 index : m_order) {
        const auto entry = m_entries.constFind(index);
        if (entry == m_entries.constEnd())
            continue;
        InterfaceAccount balance;
        balance.counters = entry->total;
        balance.sinceNs = entry->sinceNs;
        for (size_t i = 0; i < balanceClassCount; ++i)
            balance.lines[i] = {qint64(entry->classes[i].rxIpBytes), qint64(entry->classes[i].txIpBytes)};
        balance.lines[size_t(BalanceClass::Frames)].txBytes = qint64(entry->txFrameBytes);
        balance.lines[size_t(BalanceClass::LinkHeaders)] = entry->linkHeaders;
        balance.lines[size_t(BalanceClass::SegmentHeaders)] = entry->segmentHeaders;
        AccountLine &unseen = balance.lines[size_t(BalanceClass::Unseen)];
        unseen = {qint64(entry->total.rxBytes), qint64(entry->total.txBytes)};
        for (size_t i = 0; i < size_t(BalanceClass::Unseen); ++i) {
            unseen.rxBytes -= balance.lines[i].rxBytes;
            unseen.txBytes -= balance.lines[i].txBytes;
        }
        balances.append(balance);
    }
    return balances;
}

} // namespace Nettally
