// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QByteArray>

namespace Nettally {

/**
 * What a program received from the port of name servers: a datagram, or a piece of a TCP connection; see
 * nt_name_record in bpf/abi/nettally_abi.h. The bytes are not looked into here, and not to be trusted.
 */
struct NameRecord {
    quint32 programSlot = ProgramSlot::unowned; ///< of the source's program table; unowned: not known
    quint32 programGeneration = 0; ///< of that slot
    quint64 cookie = 0; ///< of the socket
    quint64 timeNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    quint32 sequence = 0; ///< TCP: of the first byte of data; of the SYN if isStart
    quint8 protocol = 0; ///< IPPROTO_UDP or IPPROTO_TCP
    bool isStart = false; ///< TCP: of the connection
    bool isEnd = false;
    QByteArray data;
};

} // namespace Nettally
