// SPDX-License-Identifier: MIT
#include "counters.h"

namespace Nettally {

namespace {

constexpr std::array packetMembers{
    &PacketCounts::rxIpBytes,
    &PacketCounts::txIpBytes,
    &PacketCounts::rxPackets,
    &PacketCounts::txPackets,
    &PacketCounts::rxSegmentHeaderBytes,
    &PacketCounts::txSegmentHeaderBytes,
    &PacketCounts::rxMoreSegments,
    &PacketCounts::txMoreSegments,
};

} // namespace

PacketCounts &PacketCounts::operator+=(const PacketCounts &other)
{
    for (const auto member : packetMembers)
        this->*member += other.*member;
    return *this;
}

PacketCounts PacketCounts::operator-(const PacketCounts &before) const
{
    PacketCounts difference;
    for (const auto member : packetMembers)
        difference.*member = this->*member - before.*member;
    return difference;
}

bool PacketCounts::isBehind(const PacketCounts &before) const
{
    for (const auto member : packetMembers) {
        if (this->*member < before.*member)
            return true;
    }
    return false;
}

} // namespace Nettally
