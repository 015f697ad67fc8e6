// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QList>
#include <QMetaType>

namespace Nettally {

/// What a program received from the port of name servers, as it came: whoever can send to this machine may
/// have made it up.
struct NameAnswer {
    quint32 programId = 0; ///< 0: not known
    quint64 connection = 0; ///< TCP: told apart by it, for ever
    quint64 timeNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    quint8 protocol = 0; ///< IPPROTO_UDP: a datagram; IPPROTO_TCP: a piece of a connection
    quint32 position = 0; ///< TCP: sequence number of the first byte; of the SYN if isStart
    bool isStart = false; ///< TCP: the connection's first piece
    bool isEnd = false;
    QByteArray data;
};

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::NameAnswer)
