// SPDX-License-Identifier: MIT
#include "counters.h"

#include <algorithm>

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

/// Those of IFLA_INFO_KIND that carry packets in packets.
constexpr std::array tunnelKinds{"tun",     "wireguard", "ipip",    "sit",       "gre",    "gretap",
                                 "ip6gre",  "ip6gretap", "erspan",  "ip6erspan", "ip6tnl", "vxlan",
                                 "geneve",  "gtp",       "ppp",     "xfrm",      "vti",    "vti6",
                                 "l2tpeth", "ovpn",      "bareudp", "amt",       "fou"};

} // namespace

bool isTunnel(const QString &kind)
{
    return std::any_of(tunnelKinds.begin(), tunnelKinds.end(),
                       [&kind](const char *one) { return kind == QLatin1String(one); });
}

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
