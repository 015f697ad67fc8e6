// SPDX-License-Identifier: MIT
#include "audit.h"

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

/// What the interface counts of the frames in @p sum.
qint64 bytesOf(const AuditSum &sum, bool bySegment, quint64 linkHeaderBytes)
{
    const quint64 frames = sum.frames + (bySegment ? sum.moreSegments : 0);
    return qint64(sum.ipBytes + (bySegment ? sum.segmentHeaderBytes : 0) + frames * linkHeaderBytes);
}

using UnseenBytes = std::array<qint64, AuditCounters::classCount>;

UnseenBytes unseenBytes(const AuditCounters::Sums &device, const AuditCounters::Sums &seen,
                        quint64 counterPackets, quint64 linkHeaderBytes)
{
    AuditSum deviceSum;
    AuditSum seenSum;
    for (size_t i = 0; i < AuditCounters::classCount; ++i) {
        deviceSum.frames += device[i].frames;
        deviceSum.moreSegments += device[i].moreSegments;
        seenSum.frames += seen[i].frames;
        seenSum.moreSegments += seen[i].moreSegments;
    }
    const bool deviceBySegment = countsSegments(counterPackets, deviceSum.frames, deviceSum.moreSegments);
    const bool seenBySegment = countsSegments(counterPackets, seenSum.frames, seenSum.moreSegments);
    UnseenBytes unseen{};
    for (size_t i = 0; i < AuditCounters::classCount; ++i) {
        unseen[i] = bytesOf(device[i], deviceBySegment, linkHeaderBytes)
            - bytesOf(seen[i], seenBySegment, linkHeaderBytes);
    }
    // The sockets' side has a packet whole: what its first fragment lacks there, the others have here.
    if (device[fragmentClass].frames > seen[fragmentClass].frames) {
        for (qint64 &bytes : unseen) {
            if (&bytes != &unseen[fragmentClass] && bytes < 0)
                unseen[fragmentClass] += std::exchange(bytes, 0);
        }
    }
    return unseen;
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
    const UnseenBytes rx =
        unseenBytes(growth(after.device[0], before.device[0]), growth(after.seen[0], before.seen[0]),
                    audited.counters.rxPackets, linkHeaderBytes);
    UnseenBytes tx =
        unseenBytes(growth(after.device[1], before.device[1]), growth(after.seen[1], before.seen[1]),
                    audited.counters.txPackets, linkHeaderBytes);
    // Counted by the call already, where the socket is bound to an interface.
    constexpr auto frames = size_t(BalanceClass::Frames);
    tx[packetSocketClass] -= end.lines[frames].txBytes - begin.lines[frames].txBytes;

    AuditLine rest{QStringLiteral("unnamed"), qint64(audited.counters.rxBytes),
                   qint64(audited.counters.txBytes)};
    const auto add = [&](const QString &name, qint64 rxBytes, qint64 txBytes) {
        rest.rxBytes -= rxBytes;
        rest.txBytes -= txBytes;
        if (rxBytes != 0 || txBytes != 0)
            audited.lines.append({name, rxBytes, txBytes});
    };
    for (size_t i = 0; i < size_t(BalanceClass::Unseen); ++i) {
        add(balanceLineName(BalanceClass(i)), end.lines[i].rxBytes - begin.lines[i].rxBytes,
            end.lines[i].txBytes - begin.lines[i].txBytes);
    }
    for (size_t i = 0; i < AuditCounters::classCount; ++i)
        add(QLatin1String(unseenNames[i]), rx[i], tx[i]);
    if (rest.rxBytes != 0 || rest.txBytes != 0)
        audited.lines.append(rest);
    return audited;
}

} // namespace Nettally
