// SPDX-License-Identifier: MIT
#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace Nettally::Traffic {

namespace {

/// Longest wait for a peer: far above what any scenario takes.
constexpr int timeLimitS = 20;

} // namespace

Endpoint Endpoint::withPort(uint16_t port) const
{
    Endpoint result = *this;
    if (isV6())
        reinterpret_cast<sockaddr_in6 *>(&result.address)->sin6_port = htons(port);
    else
        reinterpret_cast<sockaddr_in *>(&result.address)->sin_port = htons(port);
    return result;
}

Endpoint endpoint(const char *address, const char *port)
{
    Endpoint result;
    auto *v6 = reinterpret_cast<sockaddr_in6 *>(&result.address);
    auto *v4 = reinterpret_cast<sockaddr_in *>(&result.address);
    if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        result.length = sizeof *v6;
    } else if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        result.length = sizeof *v4;
    } else {
        errno = EINVAL;
        fail(address);
    }
    return result.withPort(static_cast<uint16_t>(std::atoi(port)));
}

int tryOpenSocket(int family, int type, int protocol)
{
    const int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd < 0)
        return -1;
    const timeval limit = {.tv_sec = timeLimitS, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    // Unpaced datagrams of a batch must all find room, also on a machine that is slow at taking them out.
    const int bufferBytes = 1024 * 1024;
    if (type != SOCK_STREAM)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bufferBytes, sizeof bufferBytes);
    return fd;
}

int openSocket(const Endpoint &to, int type, int protocol)
{
    const int fd = tryOpenSocket(to.address.ss_family, type, protocol);
    if (fd < 0)
        fail("socket");
    return fd;
}

int bound(const Endpoint &at, int type, int protocol)
{
    const int fd = openSocket(at, type, protocol);
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, at.get(), at.length))
        fail("bind");
    if (type == SOCK_STREAM && listen(fd, 1024))
        fail("listen");
    return fd;
}

int connected(const Endpoint &to, int type, int protocol)
{
    const int fd = openSocket(to, type, protocol);
    if (connect(fd, to.get(), to.length))
        fail("connect");
    return fd;
}

int accepted(int listener)
{
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0)
        fail("accept");
    return fd;
}

char *data()
{
    alignas(4096) static char bytes[dataBytes];
    static const bool isFilled = [] {
        std::memset(bytes, 'n', sizeof bytes);
        return true;
    }();
    static_cast<void>(isFilled);
    return bytes;
}

void sendAll(int fd, uint64_t total, size_t chunk, Count &count, int flags)
{
    while (total > 0) {
        const ssize_t sent =
            send(fd, data(), std::min<uint64_t>(std::min(chunk, dataBytes), total), flags | MSG_NOSIGNAL);
        if (sent < 0)
            fail("send");
        count.sent += static_cast<uint64_t>(sent);
        total -= static_cast<uint64_t>(sent);
    }
}

void receiveAll(int fd, Count &count, int flags, uint64_t limit, size_t chunk)
{
    std::vector<char> buffer(chunk);
    uint64_t taken = 0;
    while (taken < limit) {
        const ssize_t received =
            recv(fd, buffer.data(), std::min<uint64_t>(buffer.size(), limit - taken), flags);
        if (received < 0)
            fail("recv");
        if (received == 0)
            break;
        count.received += static_cast<uint64_t>(received);
        taken += static_cast<uint64_t>(received);
    }
}

} // namespace Nettally::Traffic
