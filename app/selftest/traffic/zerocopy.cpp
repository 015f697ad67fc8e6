// SPDX-License-Identifier: MIT
#include "scenarios.h"

// Not netinet/tcp.h, which does not go together with the kernel's own.
#include <linux/errqueue.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

namespace Nettally::Traffic {

namespace {

constexpr size_t chunkBytes = 64 * KiB;

/// Takes the notices that the kernel is done with what was sent, until none is missing.
void reapNotices(int fd, uint32_t &missing)
{
    while (missing > 0) {
        std::array<char, 256> control = {};
        msghdr message = {};
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (recvmsg(fd, &message, MSG_ERRQUEUE) < 0) {
            if (errno != EAGAIN)
                fail("recvmsg MSG_ERRQUEUE");
            pollfd wait = {.fd = fd, .events = 0, .revents = 0};
            if (poll(&wait, 1, 20000) != 1)
                fail("no notice of a send with MSG_ZEROCOPY");
            continue;
        }
        for (cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
            const auto *notice = reinterpret_cast<const sock_extended_err *>(CMSG_DATA(part));
            if (notice->ee_origin == SO_EE_ORIGIN_ZEROCOPY)
                missing -= notice->ee_data - notice->ee_info + 1;
        }
    }
}

void sendZeroCopy(const Endpoint &to, uint64_t total)
{
    const int fd = connected(to, SOCK_STREAM);
    const int one = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof one))
        unsupportedByErrno("this kernel has no MSG_ZEROCOPY");
    Count count;
    uint32_t missing = 0;
    while (count.sent < total) {
        const ssize_t sent =
            send(fd, data(), std::min<uint64_t>(chunkBytes, total - count.sent), MSG_ZEROCOPY | MSG_NOSIGNAL);
        if (sent < 0 && errno == ENOBUFS) {
            reapNotices(fd, missing);
            continue;
        }
        if (sent < 0)
            fail("send MSG_ZEROCOPY");
        count.sent += static_cast<uint64_t>(sent);
        ++missing;
    }
    shutdown(fd, SHUT_WR);
    reapNotices(fd, missing);
    close(fd);
    report("client", count);
}

/// What TCP_ZEROCOPY_RECEIVE maps or copies passes no receive call; the rest it leaves to one.
void receiveMapped(int fd, Count &count)
{
    void *window = mmap(nullptr, dataBytes, PROT_READ, MAP_SHARED, fd, 0);
    if (window == MAP_FAILED)
        unsupportedByErrno("this kernel maps no received pages");
    Count unseen;
    std::vector<char> rest(16 * KiB);
    for (;;) {
        pollfd wait = {.fd = fd, .events = POLLIN, .revents = 0};
        if (poll(&wait, 1, 20000) != 1)
            fail("poll");
        tcp_zerocopy_receive request = {};
        request.address = reinterpret_cast<uint64_t>(window);
        request.length = dataBytes;
        request.copybuf_address = reinterpret_cast<uint64_t>(rest.data());
        request.copybuf_len = int32_t(rest.size());
        socklen_t length = sizeof request;
        if (getsockopt(fd, IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, &request, &length)) {
            if (errno == EIO)
                break; // everything was taken
            if (errno == EINVAL || errno == ENOPROTOOPT || errno == EOPNOTSUPP)
                unsupportedByErrno("this kernel has no TCP_ZEROCOPY_RECEIVE");
            fail("TCP_ZEROCOPY_RECEIVE");
        }
        // Kernels before 5.11 do not know of the buffer and leave it as it was.
        const bool hasBuffer =
            length >= offsetof(tcp_zerocopy_receive, copybuf_len) + sizeof request.copybuf_len;
        if (hasBuffer && request.copybuf_len < 0) {
            errno = -request.copybuf_len;
            fail("TCP_ZEROCOPY_RECEIVE into its buffer");
        }
        const uint64_t taken = request.length + (hasBuffer ? uint64_t(request.copybuf_len) : 0);
        unseen.received += taken;
        const size_t hint = std::min<size_t>(request.recv_skip_hint, rest.size());
        if (hint == 0 && taken > 0)
            continue;
        const ssize_t received = recv(fd, rest.data(), hint > 0 ? hint : rest.size(), 0);
        if (received < 0)
            fail("recv");
        if (received == 0)
            break;
        count.received += static_cast<uint64_t>(received);
    }
    munmap(window, dataBytes);
    if (unseen.received == 0)
        unsupported("this kernel mapped no received page of a virtual cable");
    count.received += unseen.received;
    reportUnseen(unseen, "what TCP_ZEROCOPY_RECEIVE maps or copies passes no hook of this kernel's");
}

} // namespace

void addZeroCopyScenarios(Scenarios &table)
{
    const auto client = [](const Endpoint &to) { sendZeroCopy(to, 4 * MiB + 77); };
    table.insert({
        {"tcp-zerocopy-send", {drainOne, client}},
        {"tcp-zerocopy-receive",
         {[](const Endpoint &at) {
              serveStreams(at, 1, [](int fd, Count &count) { receiveMapped(fd, count); });
          },
          client}},
    });
}

} // namespace Nettally::Traffic
