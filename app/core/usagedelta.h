// SPDX-License-Identifier: MIT
#pragma once

#include "trafficcounts.h"
#include "usage.h"

namespace Nettally {

/// What one flow moved between two readings of the counters; at least one count is not 0.
struct UsageDelta : TrafficCounts {
    Program program;
    Address remote; ///< not known: the flow has no remote, or the helper did not tell
    quint8 protocol = 0; ///< IPPROTO_*
    quint16 servicePort = 0;
    Direction direction = Direction::Unknown;
    quint32 interfaceIndex = 0; ///< 0: not known
    bool isCounted = true; ///< not once more what a tunnel carries: see UsageBook::setTunnelsAt()
};

} // namespace Nettally
