// SPDX-License-Identifier: MIT
#pragma once

#include "process.h"

#include <sys/socket.h>

#include <vector>

/// Sockets as all scenarios use them. Calls that fail end the process.
namespace Nettally::Traffic {

struct Endpoint {
    sockaddr_storage address = {};
    socklen_t length = 0;

    const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&address); }
    bool isV6() const { return address.ss_family == AF_INET6; }
    /// Those that connect raw and ICMP sockets, which have no port.
    Endpoint withPort(uint16_t port) const;
};

/// Of a number in the usual notation.
Endpoint endpoint(const char *address, const char *port);

/// With time limits, so that a failure ends instead of hanging; -1 with errno if the kernel knows no such.
int tryOpenSocket(int family, int type, int protocol);
int openSocket(const Endpoint &to, int type, int protocol = 0);
/// Bound, and listening if it is a stream.
int bound(const Endpoint &at, int type, int protocol = 0);
int connected(const Endpoint &to, int type, int protocol = 0);
int accepted(int listener);

constexpr uint64_t KiB = 1024;
constexpr uint64_t MiB = 1024 * KiB;

/// Bytes to send, page-aligned.
constexpr size_t dataBytes = 256 * KiB;
char *data();

void sendAll(int fd, uint64_t total, size_t chunk, Count &count, int flags = 0);
/// Reads until the peer closed, or until @p limit bytes.
void receiveAll(int fd, Count &count, int flags = 0, uint64_t limit = UINT64_MAX, size_t chunk = 65536);

} // namespace Nettally::Traffic
