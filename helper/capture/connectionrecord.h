// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QString>

#include <vector>

namespace Nettally {

/// A TCP connection, or a listener, at one moment; see nt_connection in bpf/abi/nettally_abi.h.
struct ConnectionRecord {
    quint64 cookie = 0; ///< the same from the handshake to the end of TIME_WAIT, and no other's
    quint64 openedNs = 0; ///< CLOCK_BOOTTIME nanoseconds; 0: not known
    quint64 rxBytes = 0; ///< payload, of the connection's life
    quint64 txBytes = 0; ///< payload, each byte once
    quint64 retransmittedBytes = 0;
    RemoteBytes local{}; ///< all zero: any address
    RemoteBytes remote{}; ///< all zero: none
    quint32 programSlot = ProgramSlot::unowned; ///< of the source's program table; unowned: not known
    quint32 roundTripUs = 0; ///< smoothed; 0: not measured yet, as in the next two
    quint32 roundTripVariationUs = 0;
    quint32 leastRoundTripUs = 0;
    quint32 congestionWindow = 0; ///< segments
    quint32 retransmits = 0; ///< segments sent again
    quint16 localPort = 0;
    quint16 remotePort = 0;
    quint16 servicePort = 0; ///< the local one if direction is incoming
    quint8 state = 0; ///< TCP_*
    quint8 direction = 0; ///< enum nt_direction
    bool isMeasured = false; ///< the bytes, the round trips and what is sent again are known
};

struct ConnectionReading {
    std::vector<ConnectionRecord> connections; ///< in no order; one that moved meanwhile may be there twice
    bool isCut = false; ///< there are more
    QString problem; ///< why there are none, one sentence; empty when nothing is wrong
};

} // namespace Nettally
