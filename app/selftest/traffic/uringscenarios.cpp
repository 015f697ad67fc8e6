// SPDX-License-Identifier: MIT
#include "scenarios.h"
#include "uring.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace Nettally::Traffic {

namespace {

uint64_t done(int result, const char *what)
{
    if (result == -EINVAL)
        unsupported(std::string("the io_uring of this kernel has no ") + what);
    if (result < 0) {
        errno = -result;
        fail(what);
    }
    return static_cast<uint64_t>(result);
}

void sendAllBy(Uring &ring, int fd, uint64_t total, uint8_t operation, const char *what, Count &count)
{
    while (total > 0) {
        const uint64_t sent =
            done(ring.run(operation, fd, data(), std::min<uint64_t>(65536, total), MSG_NOSIGNAL), what);
        count.sent += sent;
        total -= sent;
    }
}

void receiveAllBy(Uring &ring, int fd, Count &count)
{
    std::vector<char> buffer(65536);
    while (const uint64_t received =
               done(ring.run(IORING_OP_RECV, fd, buffer.data(), buffer.size(), 0), "receive"))
        count.received += received;
}

Scenario bothWays(uint64_t up, uint64_t down, Uring::Submission submission, uint8_t sendOperation,
                  const char *what)
{
    return {[=](const Endpoint &at) {
                Uring ring(submission);
                serveStreams(at, 1, [&](int fd, Count &count) {
                    receiveAllBy(ring, fd, count);
                    sendAllBy(ring, fd, down, sendOperation, what, count);
                });
            },
            [=](const Endpoint &to) {
                Uring ring(submission);
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAllBy(ring, fd, up, sendOperation, what, count);
                shutdown(fd, SHUT_WR);
                receiveAllBy(ring, fd, count);
                report("client", count);
            }};
}

} // namespace

void addUringScenarios(Scenarios &table)
{
    table.insert({
        {"io-uring", bothWays(3 * MiB, 2 * MiB + 5, Uring::Submission::ByCall, IORING_OP_SEND, "send")},
        {"io-uring-sqpoll",
         bothWays(1 * MiB, 1 * MiB + 5, Uring::Submission::ByKernelThread, IORING_OP_SEND, "send")},
        {"io-uring-zerocopy",
         bothWays(3 * MiB, 2 * MiB + 5, Uring::Submission::ByCall, IORING_OP_SEND_ZC,
                  "send without copying")},
    });
}

} // namespace Nettally::Traffic
