// SPDX-License-Identifier: MIT
#include "audit.h"

#include <algorithm>
#include <cstdlib>

namespace Nettally {

namespace {

/// What the unseen frames of a class are, as named in the contract; by enum nt_audit_class.
constexpr std::array<const char *, AuditCounters::classCount> unseenNames{
    "unseen-other-link",
    "unseen-arp",
    "unseen-neighbour-discovery",
    "unseen-groups",
    "unseen-icmp",
    "unseen-tcp-open",
    "unseen-tcp-reset",
    "unseen-tcp-close",
    "unseen-tcp-data",
    "unseen-udp",
    "unseen-multicast",
    "unseen-fragments",
    "unseen-other-ip",
    "unseen-forwarded",
    "unseen-not-ours",
    "unseen-packet-sockets",
};
constexpr size_t fragmentClass = 11;
constexpr size_t packetSocketClass = 15;

constexpr std::array<const char *, balanceClassCount> balanceNames{
    "programs",         "pending",      "spilled",      "frames",          "kernel-icmp", "kernel-tcp",
    "kernel-multicast", "kernel-other", "link-headers", "segment-headers", "unseen",
};

/// Whether @p counted frames are rather those with segments counted one by one.
bool countsSegments(quint64 counted, quint64 frames, quint64 moreSegments)
{
    return std::llabs(qint64(counted - frames - moreSegments)) < std::llabs(qint64(counted - frames));
}

/// One direction of an interface: what of its counter is headers of what was seen, and what was not seen.
struct Direction {
    std::array<qint64, AuditCounters::classCount> unseen{};
    qint64 linkHeaders = 0;
    qint64 segmentHeaders = 0;
};

/**
 * Compares class by class. The sockets' side has a packet before it is cut into segments, or after they
 * were put together; the interface's as many frames as it had. Between the two, each frame more has headers
 * more: all segments, or none, or those of packets that the interface cannot take whole.
 */
Direction compare(const AuditCounters::Sums &device, const AuditCounters::Sums &seen, quint64 counterPackets,
                  quint64 linkHeaderBytes)
{
    quint64 deviceFrames = 0;
    quint64 deviceMoreSegments = 0;
    for (const AuditSum &sum : device) {
        deviceFrames += sum.frames;
        deviceMoreSegments += sum.moreSegments;
    }
    // A card counts what leaves it, after it has cut.
    const bool bySegment = countsSegments(counterPackets, deviceFrames, deviceMoreSegments);
    const auto linkBytes = qint64(linkHeaderBytes);
    Direction direction;
    for (size_t i = 0; i < AuditCounters::classCount; ++i) {
        const qint64 frames = qint64(device[i].frames + (bySegment ? device[i].moreSegments : 0));
        const qint64 bytes = qint64(device[i].ipBytes + (bySegment ? device[i].segmentHeaderBytes : 0));
        const auto seenFrames = qint64(seen[i].frames);
        const auto most = qint64(seen[i].moreSegments);
        const auto mostHeaders = qint64(seen[i].segmentHeaderBytes);
        const qint64 cut = std::clamp(frames - seenFrames, qint64(0), most);
        qint64 headers = 0;
        if (cut == most)
            headers = mostHeaders;
        else if (cut > 0)
            headers = std::clamp(bytes - qint64(seen[i].ipBytes), qint64(0), mostHeaders);
        direction.segmentHeaders += headers;
        direction.linkHeaders += (seenFrames + cut) * linkBytes;
        direction.unseen[i] =
            bytes - qint64(seen[i].ipBytes) - headers + (frames - seenFrames - cut) * linkBytes;
    }
    // The sockets' side has a packet whole: what its first fragment lacks there, the others have here.
    if (device[fragmentClass].frames > seen[fragmentClass].frames) {
        for (qint64 &bytes : direction.unseen) {
            if (&bytes != &direction.unseen[fragmentClass] && bytes < 0)
                direction.unseen[fragmentClass] += std::exchange(bytes, 0);
        }
    }
    return direction;
}

AuditCounters::Sums growth(const AuditCounters::Sums &after, const AuditCounters::Sums &before)
{
    AuditCounters::Sums grown;
    for (size_t i = 0; i < AuditCounters::classCount; ++i)
        grown[i] = after[i] - before[i];
    return grown;
}

} // namespace

AuditSum AuditSum::operator-(const AuditSum &before) const
{
    return {frames - before.frames, ipBytes - before.ipBytes, moreSegments - before.moreSegments,
            segmentHeaderBytes - before.segmentHeaderBytes};
}

QString balanceLineName(BalanceClass which)
{
    return QLatin1String(balanceNames[size_t(which)]);
}

AuditedInterface auditInterface(const InterfaceAccount &atBegin, const InterfaceAccount &end,
                                const AuditCounters &before, const AuditCounters &after)
{
    // One that went and came again meanwhile began at zero.
    const InterfaceAccount begin = atBegin.sinceNs == end.sinceNs ? atBegin : InterfaceAccount();
    AuditedInterface audited;
    audited.counters = end.counters;
    audited.counters.rxBytes -= begin.counters.rxBytes;
    audited.counters.txBytes -= begin.counters.txBytes;
    audited.counters.rxPackets -= begin.counters.rxPackets;
    audited.counters.txPackets -= begin.counters.txPackets;

    const quint64 linkHeaderBytes = end.counters.linkHeaderBytes;
    const Direction rx =
        compare(growth(after.device[0], before.device[0]), growth(after.seen[0], before.seen[0]),
                audited.counters.rxPackets, linkHeaderBytes);
    Direction tx = compare(growth(after.device[1], before.device[1]), growth(after.seen[1], before.seen[1]),
                           audited.counters.txPackets, linkHeaderBytes);
    // Counted by the call already, where the socket is bound to an interface.
    constexpr auto frames = size_t(BalanceClass::Frames);
    tx.unseen[packetSocketClass] -= end.lines[frames].txBytes - begin.lines[frames].txBytes;

    AuditLine rest{QStringLiteral("unnamed"), qint64(audited.counters.rxBytes),
                   qint64(audited.counters.txBytes)};
    const auto add = [&](const QString &name, qint64 rxBytes, qint64 txBytes) {
        rest.rxBytes -= rxBytes;
        rest.txBytes -= txBytes;
        if (rxBytes != 0 || txBytes != 0)
            audited.lines.append({name, rxBytes, txBytes});
    };
    for (size_t i = 0; i < size_t(BalanceClass::LinkHeaders); ++i) {
        add(balanceLineName(BalanceClass(i)), end.lines[i].rxBytes - begin.lines[i].rxBytes,
            end.lines[i].txBytes - begin.lines[i].txBytes);
    }
    add(balanceLineName(BalanceClass::LinkHeaders), rx.linkHeaders, tx.linkHeaders);
    add(balanceLineName(BalanceClass::SegmentHeaders), rx.segmentHeaders, tx.segmentHeaders);
    for (size_t i = 0; i < AuditCounters::classCount; ++i)
        add(QLatin1String(unseenNames[i]), rx.unseen[i], tx.unseen[i]);
    if (rest.rxBytes != 0 || rest.txBytes != 0)
        audited.lines.append(rest);
    return audited;
}

} // namespace Nettally
