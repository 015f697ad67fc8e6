// SPDX-License-Identifier: MIT
#pragma once

#include "units.h"

#include <QString>

#include <array>

namespace Nettally {

/// By what traffic is counted.
enum class Measure : quint8 {
    Payload, ///< what the programs' calls sent and received
    Network, ///< IP packets, headers included, as they leave the card
};
inline constexpr std::array measures = {Measure::Payload, Measure::Network};

/// What moved, by both measures.
struct TrafficCounts {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    quint64 rxNetworkBytes = 0;
    quint64 txNetworkBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 retransmits = 0; ///< TCP segments sent again

    quint64 rxBytes(Measure measure) const
    {
        return measure == Measure::Network ? rxNetworkBytes : rxPayloadBytes;
    }
    quint64 txBytes(Measure measure) const
    {
        return measure == Measure::Network ? txNetworkBytes : txPayloadBytes;
    }
    bool isZero() const { return *this == TrafficCounts(); }

    TrafficCounts &operator+=(const TrafficCounts &more)
    {
        rxPayloadBytes += more.rxPayloadBytes;
        txPayloadBytes += more.txPayloadBytes;
        rxNetworkBytes += more.rxNetworkBytes;
        txNetworkBytes += more.txNetworkBytes;
        rxPackets += more.rxPackets;
        txPackets += more.txPackets;
        retransmits += more.retransmits;
        return *this;
    }
    /// Wraps below zero.
    TrafficCounts &operator-=(const TrafficCounts &less)
    {
        rxPayloadBytes -= less.rxPayloadBytes;
        txPayloadBytes -= less.txPayloadBytes;
        rxNetworkBytes -= less.rxNetworkBytes;
        txNetworkBytes -= less.txNetworkBytes;
        rxPackets -= less.rxPackets;
        txPackets -= less.txPackets;
        retransmits -= less.retransmits;
        return *this;
    }
    bool operator==(const TrafficCounts &) const = default;
};

/// Which counts beside payload are taken at all; what is not is not known, whatever its 0 says.
struct CountsMeasured {
    bool hasPackets = false; ///< and network bytes, both ways
    bool hasRetransmits = false;
};

/// Three lines for people: payload, network bytes, packets.
QString countsText(const TrafficCounts &counts, CountsMeasured measured, UnitBase base);

} // namespace Nettally
