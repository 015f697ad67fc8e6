// SPDX-License-Identifier: MIT
#include "scenarios.h"

#include "testplan.h"

#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>

namespace Nettally::Traffic {

namespace {

/// For experiments (RFC 3692): nobody else's.
constexpr int ownProtocol = 253;
constexpr size_t payloadBytes = 500;

/// One datagram; how much the call returned.
uint64_t take(int fd)
{
    char buffer[2000];
    const ssize_t received = recv(fd, buffer, sizeof buffer, 0);
    if (received < 0)
        fail("recv");
    return static_cast<uint64_t>(received);
}

void answerRaw(const Endpoint &at, int rounds)
{
    const int fd = bound(at.withPort(0), SOCK_RAW, ownProtocol);
    ready();
    Count count;
    for (int i = 0; i < rounds; ++i) {
        char buffer[2000];
        Endpoint peer;
        peer.length = sizeof peer.address;
        const ssize_t received =
            recvfrom(fd, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr *>(&peer.address), &peer.length);
        if (received < 0)
            fail("recvfrom");
        count.received += static_cast<uint64_t>(received);
        const Endpoint to = peer.withPort(0);
        const ssize_t sent = sendto(fd, data(), payloadBytes / 2, 0, to.get(), to.length);
        if (sent < 0)
            fail("sendto");
        count.sent += static_cast<uint64_t>(sent);
    }
    report("server", count);
}

Scenario raw(int rounds)
{
    return {[=](const Endpoint &at) { answerRaw(at, rounds); },
            [=](const Endpoint &to) {
                const int fd = connected(to.withPort(0), SOCK_RAW, ownProtocol);
                Count count;
                for (int i = 0; i < rounds; ++i) {
                    sendAll(fd, payloadBytes, payloadBytes, count);
                    count.received += take(fd);
                }
                report("client", count);
            }};
}

Endpoint localOf(int fd)
{
    Endpoint local;
    local.length = sizeof local.address;
    if (getsockname(fd, reinterpret_cast<sockaddr *>(&local.address), &local.length))
        fail("getsockname");
    return local;
}

/// An IP header before @p payload bytes of @p protocol.
std::vector<char> ipHeader(const Endpoint &from, const Endpoint &to, int protocol, size_t payload)
{
    if (to.isV6()) {
        ip6_hdr header = {};
        header.ip6_ctlun.ip6_un2_vfc = 6 << 4;
        header.ip6_plen = htons(static_cast<uint16_t>(payload));
        header.ip6_nxt = static_cast<uint8_t>(protocol);
        header.ip6_hlim = 64;
        header.ip6_src = reinterpret_cast<const sockaddr_in6 *>(&from.address)->sin6_addr;
        header.ip6_dst = reinterpret_cast<const sockaddr_in6 *>(&to.address)->sin6_addr;
        const char *bytes = reinterpret_cast<const char *>(&header);
        return {bytes, bytes + sizeof header};
    }
    iphdr header = {};
    header.version = 4;
    header.ihl = sizeof header / 4;
    header.tot_len = htons(static_cast<uint16_t>(sizeof header + payload));
    header.ttl = 64;
    header.protocol = static_cast<uint8_t>(protocol);
    header.saddr = reinterpret_cast<const sockaddr_in *>(&from.address)->sin_addr.s_addr;
    header.daddr = reinterpret_cast<const sockaddr_in *>(&to.address)->sin_addr.s_addr;
    const char *bytes = reinterpret_cast<const char *>(&header);
    return {bytes, bytes + sizeof header};
}

Scenario rawHeader(int rounds)
{
    return {[=](const Endpoint &at) { answerRaw(at, rounds); },
            [=](const Endpoint &to) {
                // IPPROTO_RAW only sends; the answers come to the other.
                const Endpoint peer = to.withPort(0);
                const int answers = connected(peer, SOCK_RAW, ownProtocol);
                const int sender = connected(peer, SOCK_RAW, IPPROTO_RAW);
                std::vector<char> packet = ipHeader(localOf(answers), to, ownProtocol, payloadBytes);
                packet.insert(packet.end(), data(), data() + payloadBytes);
                Count count;
                for (int i = 0; i < rounds; ++i) {
                    const ssize_t sent = send(sender, packet.data(), packet.size(), 0);
                    if (sent < 0)
                        fail("send with a header");
                    count.sent += static_cast<uint64_t>(sent);
                    count.received += take(answers);
                }
                report("client", count);
            }};
}

/// Open to root in these namespaces alone.
void allowPing()
{
    std::FILE *range = std::fopen("/proc/sys/net/ipv4/ping_group_range", "we");
    if (!range || std::fputs("0 0", range) < 0 || std::fclose(range))
        unsupportedByErrno("ping sockets cannot be allowed in a namespace here");
}

Scenario icmpEcho(int rounds)
{
    return {[](const Endpoint &) { ready(); },
            [=](const Endpoint &to) {
                allowPing();
                const Endpoint peer = to.withPort(0);
                const int fd = connected(peer, SOCK_DGRAM, to.isV6() ? int(IPPROTO_ICMPV6) : IPPROTO_ICMP);
                Count count;
                char request[sizeof(icmphdr) + payloadBytes] = {};
                request[0] = static_cast<char>(to.isV6() ? ICMP6_ECHO_REQUEST : ICMP_ECHO);
                for (int i = 0; i < rounds; ++i) {
                    const ssize_t sent = send(fd, request, sizeof request, 0);
                    if (sent < 0)
                        fail("send of an echo request");
                    count.sent += static_cast<uint64_t>(sent);
                    count.received += take(fd);
                }
                report("client", count);
            }};
}

uint32_t sumOf(const void *bytes, size_t size)
{
    const auto *octets = static_cast<const uint8_t *>(bytes);
    uint32_t sum = 0;
    for (size_t i = 0; i < size; ++i)
        sum += i % 2 ? octets[i] : uint32_t(octets[i]) << 8;
    return sum;
}

uint16_t folded(uint32_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<uint16_t>(~sum);
}

/// A whole UDP datagram, as the sender of a frame has to make it.
std::vector<char> udpDatagram(const Endpoint &from, const Endpoint &to, uint16_t port)
{
    const auto length = static_cast<uint16_t>(sizeof(udphdr) + payloadBytes);
    std::vector<char> packet = ipHeader(from, to, IPPROTO_UDP, length);
    const size_t headerBytes = packet.size();
    udphdr udp = {};
    udp.source = htons(port);
    udp.dest = htons(port);
    udp.len = htons(length);
    packet.insert(packet.end(), reinterpret_cast<char *>(&udp), reinterpret_cast<char *>(&udp) + sizeof udp);
    packet.insert(packet.end(), data(), data() + payloadBytes);
    // Both headers end with the two addresses, which the checksum takes in with length and protocol.
    const size_t addressBytes = to.isV6() ? 32 : 8;
    const uint16_t sum = folded(sumOf(packet.data() + headerBytes - addressBytes, addressBytes + length)
                                + length + IPPROTO_UDP);
    const uint16_t stored = htons(sum ? sum : 0xffff);
    std::memcpy(packet.data() + headerBytes + offsetof(udphdr, check), &stored, sizeof stored);
    if (!to.isV6()) {
        const uint16_t headerSum = htons(folded(sumOf(packet.data(), headerBytes)));
        std::memcpy(packet.data() + offsetof(iphdr, check), &headerSum, sizeof headerSum);
    }
    return packet;
}

Scenario packetSender(int datagrams)
{
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                for (int i = 0; i < datagrams; ++i)
                    count.received += take(fd);
                report("server", count);
            },
            [=](const Endpoint &to) {
                const Endpoint local = localOf(connected(to, SOCK_DGRAM));
                const int fd = tryOpenSocket(AF_PACKET, SOCK_DGRAM, 0);
                if (fd < 0)
                    unsupportedByErrno("this kernel has no packet sockets");
                sockaddr_ll peer = {};
                peer.sll_family = AF_PACKET;
                peer.sll_protocol = htons(to.isV6() ? 0x86dd : 0x0800);
                peer.sll_ifindex = int(if_nametoindex(TestPlan::clientInterface));
                peer.sll_halen = sizeof TestPlan::serverMac;
                std::memcpy(peer.sll_addr, TestPlan::serverMac, sizeof TestPlan::serverMac);
                const std::vector<char> packet = udpDatagram(local, to, TestPlan::port);
                Count count;
                for (int i = 0; i < datagrams; ++i) {
                    const ssize_t sent = sendto(fd, packet.data(), packet.size(), 0,
                                                reinterpret_cast<sockaddr *>(&peer), sizeof peer);
                    if (sent < 0)
                        fail("send through AF_PACKET");
                    count.sent += static_cast<uint64_t>(sent);
                }
                report("client", count);
                reportUnseen(count, "the hooks of this kernel see internet sockets alone");
            }};
}

} // namespace

void addRawScenarios(Scenarios &table)
{
    table.insert({
        {"icmp-echo", icmpEcho(50)},
        {"raw", raw(50)},
        {"raw-header", rawHeader(50)},
        {"packet", packetSender(50)},
    });
}

} // namespace Nettally::Traffic
