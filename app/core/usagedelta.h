// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

namespace Nettally {

/// Payload bytes that one flow moved between two readings of the counters; at least one figure is not 0.
struct UsageDelta {
    Program program;
    Address remote; ///< not known: the flow has no remote, or the helper did not tell
    quint8 protocol = 0; ///< IPPROTO_*
    quint16 servicePort = 0;
    Direction direction = Direction::Unknown;
    quint32 interfaceIndex = 0; ///< 0: not known
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
};

} // namespace Nettally
