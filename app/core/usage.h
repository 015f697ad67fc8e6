// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"

#include <QList>
#include <QMap>
#include <QMetaType>
#include <QString>

namespace Nettally {

enum class Scope { Own, All };
enum class Detail { Program, Remote, Connection };
enum class Direction : quint8 {
    Unknown,
    Outgoing,
    Incoming,
    Link, ///< whole frames, by a packet socket
};
/// What a flow's bytes are beside the machine's tunnels.
enum class TunnelSide : quint8 {
    None,
    Inside, ///< they cross a tunnel's interface, and its carrier moves them once more
    Carrier, ///< they are of the program that carries a tunnel
};
/// Where what crosses a tunnel counts.
enum class TunnelsAt : quint8 {
    Inside, ///< at the programs that use the tunnel
    Carrier, ///< at the program that carries it
};
enum class ProgramKind : quint8 {
    Program,
    KernelThread,
    Others, ///< every program the user may not see, as one
    Overflow, ///< flows that found the kernel's table full
    Kernel, ///< packets that no program sent or received
};

/// A process image that used the network. Ids are the helper's and hold for one instance.
struct Program {
    quint32 id = 0;
    quint32 pid = 0;
    quint64 startNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    QString name;
    QString executable; ///< empty if not known
    quint32 uid = 0;
    quint64 cgroupId = 0;
    quint32 pidNs = 0; ///< inode number of the namespace
    quint32 netNs = 0;
    ProgramKind kind = ProgramKind::Program;
};

struct Remote {
    quint32 id = 0;
    Address address;
};

/// Cumulative counters of one flow since the instance began.
struct Flow {
    quint32 id = 0;
    quint32 programId = 0;
    quint32 remoteId = 0; ///< 0 when the subscription's detail does not tell
    quint16 servicePort = 0;
    quint8 protocol = 0; ///< IPPROTO_*
    Direction direction = Direction::Unknown;
    quint32 interfaceIndex = 0; ///< 0: not known
    quint64 rxPayloadBytesTotal = 0;
    quint64 txPayloadBytesTotal = 0;
    quint32 openSockets = 0;
    /// Of IP packets, headers included, as they leave the card: segment by segment.
    quint64 rxNetworkBytesTotal = 0;
    quint64 txNetworkBytesTotal = 0;
    quint64 rxPacketsTotal = 0;
    quint64 txPacketsTotal = 0;
    quint64 retransmitsTotal = 0; ///< TCP segments sent again
    TunnelSide tunnelSide = TunnelSide::None;
};

/// One push of the helper, whole.
struct UsageUpdate {
    QString instance; ///< counters and ids of different instances do not compare
    bool isSnapshot = false; ///< the first push of a subscription: it holds every flow
    quint64 timeNs = 0; ///< CLOCK_BOOTTIME nanoseconds at which the counters were read
    QList<Program> programs; ///< those not sent before in this subscription
    QList<Remote> remotes; ///< likewise
    QList<Flow> flows; ///< those that changed
    QList<quint32> endedProgramIds;
};

struct ProbeInfo {
    QString purpose;
    QString mechanism;
    bool active = false;
    QString note;
};

struct InterfaceInfo {
    quint32 index = 0;
    QString name;
    quint64 rxBytesTotal = 0;
    quint64 txBytesTotal = 0;
    quint64 rxPacketsTotal = 0;
    quint64 txPacketsTotal = 0;
    bool isLoopback = false;
    bool isUp = false;
};

/// A part of what an interface counted; names are those of Balance in the contract.
struct BalanceLine {
    QString name;
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
};

/// A program that carries a tunnel; nameless: one that this user may not see.
struct CarrierProgram {
    quint32 pid = 0;
    QString name;
};

/// The books of one interface: the lines' sums are its counters.
struct InterfaceBalance {
    quint32 index = 0;
    QString name;
    QString kind = {}; ///< as the kernel calls it: "tun", "veth"; empty: a card, or the loopback
    bool isTunnel = false; ///< what crosses it crosses another interface too
    quint32 lowerIndex = 0; ///< of the interface that carries this one; 0: none, or not known
    QList<CarrierProgram> carriers = {}; ///< empty: no program, or it is not known which
    quint64 sinceNs = 0; ///< CLOCK_BOOTTIME nanoseconds from which the counters are
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    QList<BalanceLine> lines;
};

/// What the machine exchanged with others since the helper's start: what a tunnel carries once.
struct MachineBytes {
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
};

/// The helper's account of itself; see Status in dbus/interfaces/org.nettally.Monitor1.xml.
struct HelperStatus {
    QMap<QString, QString> info;
    QList<ProbeInfo> probes;
    QMap<QString, quint64> losses;
    QMap<QString, quint64> usage;
    QList<InterfaceInfo> interfaces;
};

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::UsageUpdate)
