// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <array>

namespace Nettally {

/// A program as the kernel side saw it first; see bpf/abi/nettally_abi.h for the members' sources.
struct ProgramRecord {
    quint32 slot = 0; ///< in the source's program table
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

/// Reserved slots of a source's program table.
namespace ProgramSlot {
inline constexpr quint32 overflow = 0; ///< what found no place in a full table
inline constexpr quint32 unowned = 0xfffffffe; ///< packets that no program's socket sent or received
/// Accepted connections that no program used so far: their rows are gauges, which shrink when one does.
inline constexpr quint32 pending = 0xfffffffd;
} // namespace ProgramSlot

using RemoteBytes = std::array<quint8, 16>; ///< network order, IPv4 v4-mapped, all zero: not known

/// What the packets of a flow amount to; see nt_packets in bpf/abi/nettally_abi.h.
struct PacketCounts {
    quint64 rxIpBytes = 0; ///< from the IP header on, as the stack sees packets: before segmentation
    quint64 txIpBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 rxSegmentHeaderBytes = 0; ///< headers of the segments beyond each packet's first
    quint64 txSegmentHeaderBytes = 0;
    quint64 rxMoreSegments = 0; ///< segments beyond each packet's first
    quint64 txMoreSegments = 0;
    bool operator==(const PacketCounts &) const = default;

    PacketCounts &operator+=(const PacketCounts &other);
    /// Member by member, wrapping; growth when @p before is older.
    PacketCounts operator-(const PacketCounts &before) const;
    /// Whether any member is smaller than in @p before.
    bool isBehind(const PacketCounts &before) const;
};

/// Absolute counters of one row at one reading.
struct FlowRecord {
    quint32 slot = 0; ///< in the source's row table; 0 is the overflow row
    quint32 generation = 0; ///< of that slot
    quint32 programSlot = 0; ///< one of the source's program table; see ProgramSlot
    RemoteBytes remote{};
    quint32 ifindex = 0;
    quint32 netNs = 0; ///< inode number of the network namespace that ifindex is of; 0: not known
    quint16 servicePort = 0; ///< host order; of ICMP in the abi's way, see port()
    quint8 protocol = 0;
    quint8 direction = 0; ///< enum nt_direction
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    PacketCounts packets;
    quint32 retransmits = 0; ///< TCP segments sent again; wraps
    qint32 openSockets = 0; ///< may be below zero for a moment (open and close counted apart)

    /// As people know it: without what tells ICMP messages apart.
    quint16 port() const { return protocol == 1 || protocol == 58 ? quint16(0) : servicePort; }
};

/// The kernel's own counters of one interface.
struct InterfaceCounters {
    quint32 index = 0;
    QString name;
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    bool isLoopback = false;
    bool isUp = false;
    quint8 linkHeaderBytes = 0; ///< that the counters hold of each frame, before its IP header
    QString kind = {}; ///< as the kernel calls it: "tun", "wireguard", "veth"; empty: a card, or the loopback
    quint32 lowerIndex = 0; ///< interface of the same namespace that carries this one; 0: none, or not known
    quint32 masterIndex =
        0; ///< bridge or bond that has this one as a port, whose sockets' packets it is; 0: none
    bool operator==(const InterfaceCounters &) const = default;
};

/// Whether what crosses an interface of this kind crosses another one too, as its carrier.
bool isTunnel(const QString &kind);

/// A program that holds the file behind a tun or tap interface: it sends what the interface is given, and
/// gives it what it receives.
struct TunnelCarrier {
    quint32 ifindex = 0;
    quint32 netNs = 0; ///< inode number of the network namespace that ifindex is of
    quint32 programSlot = 0; ///< one of the source's program table
    bool operator==(const TunnelCarrier &) const = default;
};

/// What a flow's bytes are beside the tunnels of the machine. Numbered as on the bus.
enum class TunnelPart : quint8 {
    None, ///< they cross no tunnel and carry none
    Inside, ///< they cross a tunnel's interface: its carrier moves them once more
    Carrier, ///< they are of the program that carries a tunnel
};
inline constexpr std::array tunnelParts = {TunnelPart::None, TunnelPart::Inside, TunnelPart::Carrier};

/// Takes what a reading found. Programs arrive before the flows that name them, each again only when
/// it ended; flows only when a counter changed since the reading before.
class CounterSink {
public:
    virtual ~CounterSink() = default;
    virtual void program(const ProgramRecord &record) = 0;
    virtual void flow(const FlowRecord &record) = 0;
};

} // namespace Nettally
