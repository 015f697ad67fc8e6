// SPDX-License-Identifier: MIT
#include "scenarios.h"

#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

namespace Nettally::Traffic {

namespace {

Scenario bothWays(uint64_t up, uint64_t down, size_t chunk, int receiveFlags = 0, int protocol = 0)
{
    return {[=](const Endpoint &at) {
                serveStreams(
                    at, 1,
                    [=](int fd, Count &count) {
                        receiveAll(fd, count, receiveFlags);
                        sendAll(fd, down, chunk, count);
                    },
                    protocol);
            },
            [=](const Endpoint &to) {
                Count count;
                const int fd = connected(to, SOCK_STREAM, protocol);
                sendAll(fd, up, chunk, count);
                shutdown(fd, SHUT_WR);
                receiveAll(fd, count, receiveFlags);
                report("client", count);
            }};
}

/// For protocols without a half-close: both know how much is coming.
Scenario agreed(uint64_t up, uint64_t down, size_t chunk, int protocol)
{
    return {[=](const Endpoint &at) {
                serveStreams(
                    at, 1,
                    [=](int fd, Count &count) {
                        receiveAll(fd, count, 0, up);
                        sendAll(fd, down, chunk, count);
                        receiveAll(fd, count);
                    },
                    protocol);
            },
            [=](const Endpoint &to) {
                Count count;
                const int fd = connected(to, SOCK_STREAM, protocol);
                sendAll(fd, up, chunk, count);
                receiveAll(fd, count, 0, down);
                close(fd);
                report("client", count);
            }};
}

/// As @p scenario where @p check finds nothing missing.
Scenario onlyIf(const Scenario &scenario, const std::function<void(const Endpoint &)> &check)
{
    return {[scenario, check](const Endpoint &at) {
                check(at);
                scenario.server(at);
            },
            scenario.client};
}

/// Every byte is peeked at before it is read, and the socket's error queue is asked too.
Scenario peekFirst(uint64_t total)
{
    Scenario scenario = bothWays(total, 0, 10000);
    scenario.server = [](const Endpoint &at) {
        serveStreams(at, 1, [](int fd, Count &count) {
            char buffer[5000];
            for (;;) {
                const ssize_t peeked = recv(fd, buffer, sizeof buffer, MSG_PEEK);
                if (peeked < 0)
                    fail("recv MSG_PEEK");
                recv(fd, buffer, sizeof buffer, MSG_ERRQUEUE | MSG_DONTWAIT);
                const ssize_t received = recv(fd, buffer, sizeof buffer, 0);
                if (received < 0)
                    fail("recv");
                if (received == 0)
                    break;
                count.received += static_cast<uint64_t>(received);
            }
        });
    };
    return scenario;
}

/// A socket that would block returns -EAGAIN many times; none of that is bytes.
Scenario wouldBlock(uint64_t total)
{
    return {drainOne, [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                while (count.sent < total) {
                    const ssize_t sent =
                        send(fd, data(), std::min<uint64_t>(dataBytes, total - count.sent), MSG_DONTWAIT);
                    if (sent < 0 && errno != EAGAIN)
                        fail("send MSG_DONTWAIT");
                    if (sent > 0)
                        count.sent += static_cast<uint64_t>(sent);
                }
                close(fd);
                report("client", count);
            }};
}

Scenario halfClose(uint64_t down, uint64_t up)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, 1, [=](int fd, Count &count) {
                    sendAll(fd, down, 3000, count);
                    shutdown(fd, SHUT_WR);
                    receiveAll(fd, count);
                });
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                receiveAll(fd, count);
                sendAll(fd, up, 3000, count);
                close(fd);
                report("client", count);
            }};
}

/// The server reads a part and goes with a reset, which the client meets in a send.
Scenario reset(uint64_t taken)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, 1, [=](int fd, Count &count) {
                    receiveAll(fd, count, 0, taken);
                    const linger hard = {.l_onoff = 1, .l_linger = 0};
                    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
                });
            },
            [](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                ssize_t sent = 0;
                while ((sent = send(fd, data(), 5000, MSG_NOSIGNAL)) >= 0)
                    count.sent += static_cast<uint64_t>(sent);
                if (errno != ECONNRESET && errno != EPIPE)
                    fail("send until the reset");
                close(fd);
                report("client", count);
            }};
}

Scenario slow(int rounds)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, 1, [=](int fd, Count &count) {
                    for (int i = 0; i < rounds; ++i) {
                        receiveAll(fd, count, 0, 1);
                        sendAll(fd, 1, 1, count);
                    }
                });
            },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                for (int i = 0; i < rounds; ++i) {
                    pauseMs(20);
                    sendAll(fd, 1, 1, count);
                    receiveAll(fd, count, 0, 1);
                }
                close(fd);
                report("client", count);
            }};
}

Scenario connections(int number)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, number, [](int fd, Count &count) {
                    receiveAll(fd, count, 0, 100);
                    sendAll(fd, 200, 200, count);
                });
            },
            [=](const Endpoint &to) {
                Count count;
                for (int i = 0; i < number; ++i) {
                    const int fd = connected(to, SOCK_STREAM);
                    sendAll(fd, 100, 100, count);
                    receiveAll(fd, count);
                    close(fd);
                }
                report("client", count);
            }};
}

void checkMptcp(const Endpoint &at)
{
    const int fd = tryOpenSocket(at.address.ss_family, SOCK_STREAM, IPPROTO_MPTCP);
    if (fd < 0)
        unsupportedByErrno("this kernel has no Multipath TCP, or it is switched off");
    close(fd);
}

/// Asked of the list of protocols, because opening a socket would load the module into the user's kernel.
void checkSctp(const Endpoint &)
{
    std::FILE *protocols = std::fopen("/proc/net/protocols", "re");
    if (!protocols)
        fail("/proc/net/protocols");
    char line[512];
    bool isThere = false;
    while (std::fgets(line, sizeof line, protocols))
        isThere = isThere || std::strncmp(line, "SCTP ", 5) == 0;
    std::fclose(protocols);
    if (!isThere)
        unsupported("SCTP is not loaded in this kernel; \"modprobe sctp\" loads it where there is one");
}

} // namespace

void serveStreams(const Endpoint &at, int connections, const std::function<void(int, Count &)> &serve,
                  int protocol)
{
    const int listener = bound(at, SOCK_STREAM, protocol);
    ready();
    Count count;
    for (int i = 0; i < connections; ++i) {
        const int fd = accepted(listener);
        serve(fd, count);
        close(fd);
    }
    report("server", count);
}

void drainOne(const Endpoint &at)
{
    serveStreams(at, 1, [](int fd, Count &count) { receiveAll(fd, count); });
}

void addStreamScenarios(Scenarios &table)
{
    table.insert({
        {"tcp-bulk", bothWays(8 * MiB, 5 * MiB + 13, 65536)},
        {"tcp-small", bothWays(20011, 9973, 7)},
        {"tcp-waitall", bothWays(8 * MiB, 1 * MiB, 100000, MSG_WAITALL)},
        {"tcp-peek", peekFirst(300'000)},
        {"tcp-truncated", bothWays(500'000, 70001, 4096, MSG_TRUNC)},
        {"tcp-would-block", wouldBlock(16 * MiB)},
        {"tcp-half-close", halfClose(1 * MiB, 1 * MiB + 1)},
        {"tcp-reset", reset(64 * KiB)},
        {"tcp-slow", slow(50)},
        {"tcp-connections", connections(500)},
        {"mptcp", onlyIf(bothWays(2 * MiB, 1 * MiB + 13, 65536, 0, IPPROTO_MPTCP), checkMptcp)},
        {"sctp", onlyIf(agreed(200'000, 100'000, 1000, IPPROTO_SCTP), checkSctp)},
    });
}

} // namespace Nettally::Traffic
