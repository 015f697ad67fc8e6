// SPDX-License-Identifier: MIT
#include "scenarios.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace Nettally::Traffic {

namespace {

/// Request and answer in turn, so that nothing is dropped for want of buffer.
Scenario pingPong(int rounds)
{
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                std::vector<char> buffer(65536);
                for (int i = 0; i < rounds; ++i) {
                    Endpoint peer;
                    peer.length = sizeof peer.address;
                    const ssize_t received =
                        recvfrom(fd, buffer.data(), buffer.size(), 0,
                                 reinterpret_cast<sockaddr *>(&peer.address), &peer.length);
                    if (received < 0)
                        fail("recvfrom");
                    count.received += static_cast<uint64_t>(received);
                    const ssize_t sent = sendto(fd, buffer.data(), static_cast<size_t>(received) / 2, 0,
                                                peer.get(), peer.length);
                    if (sent < 0)
                        fail("sendto");
                    count.sent += static_cast<uint64_t>(sent);
                }
                report("server", count);
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_DGRAM);
                Count count;
                for (int i = 0; i < rounds; ++i) {
                    sendAll(fd, static_cast<uint64_t>(2 + i * 7 % 1400), 2000, count);
                    char buffer[2000];
                    const ssize_t received = recv(fd, buffer, sizeof buffer, 0);
                    if (received < 0)
                        fail("recv");
                    count.received += static_cast<uint64_t>(received);
                }
                report("client", count);
            }};
}

/// sendmmsg and recvmmsg, 32 datagrams a call.
Scenario batches(int number)
{
    constexpr unsigned perBatch = 32;
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                std::vector<std::array<char, 1500>> buffers(perBatch);
                for (unsigned taken = 0; taken < unsigned(number) * perBatch;) {
                    iovec vectors[perBatch];
                    mmsghdr messages[perBatch] = {};
                    for (unsigned i = 0; i < perBatch; ++i) {
                        vectors[i] = {buffers[i].data(), buffers[i].size()};
                        messages[i].msg_hdr.msg_iov = &vectors[i];
                        messages[i].msg_hdr.msg_iovlen = 1;
                    }
                    const int received = recvmmsg(fd, messages, perBatch, MSG_WAITFORONE, nullptr);
                    if (received < 0)
                        fail("recvmmsg");
                    for (int i = 0; i < received; ++i)
                        count.received += messages[i].msg_len;
                    taken += unsigned(received);
                }
                report("server", count);
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_DGRAM);
                Count count;
                for (int batch = 0; batch < number; ++batch) {
                    iovec vectors[perBatch];
                    mmsghdr messages[perBatch] = {};
                    for (unsigned i = 0; i < perBatch; ++i) {
                        vectors[i] = {data(), 100 + i};
                        messages[i].msg_hdr.msg_iov = &vectors[i];
                        messages[i].msg_hdr.msg_iovlen = 1;
                    }
                    const int sent = sendmmsg(fd, messages, perBatch, 0);
                    if (sent != int(perBatch))
                        fail("sendmmsg");
                    for (const mmsghdr &message : messages)
                        count.sent += message.msg_len;
                }
                report("client", count);
            }};
}

/// A buffer too small: MSG_TRUNC makes the call return the datagram's true length.
Scenario truncated(int datagrams)
{
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                for (int i = 0; i < datagrams; ++i) {
                    char buffer[10];
                    const ssize_t received = recv(fd, buffer, sizeof buffer, MSG_TRUNC);
                    if (received < 0)
                        fail("recv MSG_TRUNC");
                    count.received += static_cast<uint64_t>(received);
                }
                report("server", count);
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_DGRAM);
                Count count;
                for (int i = 0; i < datagrams; ++i)
                    sendAll(fd, 1000, 1000, count);
                report("client", count);
            }};
}

/// One call sends many datagrams, one call receives what came of them.
Scenario segments(int rounds)
{
    constexpr int segmentBytes = 1200;
    constexpr uint64_t callBytes = 40 * segmentBytes + 7;
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                const int one = 1;
                if (setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof one))
                    unsupportedByErrno("this kernel has no UDP_GRO");
                ready();
                Count count;
                receiveAll(fd, count, 0, rounds * callBytes);
                report("server", count);
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_DGRAM);
                if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segmentBytes, sizeof segmentBytes))
                    unsupportedByErrno("this kernel has no UDP_SEGMENT");
                Count count;
                for (int i = 0; i < rounds; ++i)
                    sendAll(fd, callBytes, callBytes, count);
                report("client", count);
            }};
}

} // namespace

void addDatagramScenarios(Scenarios &table)
{
    table.insert({
        {"udp", pingPong(300)},
        {"udp-batches", batches(8)},
        {"udp-truncated", truncated(20)},
        {"udp-segments", segments(10)},
        {"bench-steady", pingPong(100000)},
    });
}

} // namespace Nettally::Traffic
