// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QHash>

#include <optional>

namespace Nettally {

/// Numbered as in the contract.
enum class TcpState : quint8 {
    Unknown = 0,
    Established = 1,
    SynSent = 2,
    SynReceived = 3,
    FinWait1 = 4,
    FinWait2 = 5,
    TimeWait = 6,
    Closed = 7,
    CloseWait = 8,
    LastAck = 9,
    Listening = 10,
    Closing = 11,
};

/// "Established", …; what people read.
QString tcpStateText(TcpState state);
/// "established", "syn-sent", …: names that never change, for programs.
QString tcpStateName(TcpState state);

/// What TCP counts of a connection, over the connection's whole life.
struct ConnectionFigures {
    quint64 rxBytes = 0; ///< payload
    quint64 txBytes = 0; ///< payload, each byte once
    quint64 retransmittedBytes = 0; ///< payload sent again
    quint32 retransmits = 0; ///< segments sent again
    quint32 congestionWindow = 0; ///< segments
    std::optional<quint32> roundTripUs; ///< smoothed; not set before the first measurement
    std::optional<quint32> roundTripVariationUs;
    std::optional<quint32> leastRoundTripUs;
    bool operator==(const ConnectionFigures &) const = default;
};

/// A TCP connection, or a listener, at one moment.
struct Connection {
    quint64 cookie = 0; ///< the connection's own, from its handshake to the end of time wait
    quint32 programId = 0; ///< 0: not known
    TcpState state = TcpState::Unknown;
    Direction direction = Direction::Unknown;
    quint16 servicePort = 0; ///< the local one if direction is Incoming
    Address local; ///< not known: any
    Address remote; ///< not known: none, as of a listener
    quint16 localPort = 0;
    quint16 remotePort = 0;
    std::optional<quint64> openedNs; ///< CLOCK_BOOTTIME; not set: before the helper measured
    std::optional<ConnectionFigures> figures; ///< not set: a listener, or closed by now
    bool operator==(const Connection &) const = default;
};

/// The connections at one moment.
struct ConnectionList {
    quint64 timeNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    QHash<quint32, Program> programs; ///< by id: those the connections name
    QList<Connection> connections; ///< in the order of their cookies, each once
    bool isCut = false; ///< the machine has more than the helper lists
};

/// "198.51.100.7:443", "[2001:db8::1]:443", "*:22" for any address.
QString endpointText(const Address &address, quint16 port);

/// "850 µs", "12.3 ms", "1.25 s".
QString roundTripText(quint32 microseconds);

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::ConnectionList)
