// SPDX-License-Identifier: MIT
#include "scenarios.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>

namespace Nettally::Traffic {

namespace {

constexpr size_t pipeBytes = 64 * KiB;

int fileOf(uint64_t bytes)
{
    const int file = memfd_create("nettally-traffic", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, off_t(bytes)))
        fail("memfd_create");
    return file;
}

/// 6.3 and 6.4 have the tracepoint of sends, but their sendfile and splice do not pass it.
void reportIfOutsideSends(const Count &count)
{
    if (!isKernelBefore(6, 5))
        return;
    const Count unseen = {.sent = count.sent, .received = 0};
    reportUnseen(unseen, "before Linux 6.5 sendfile and splice into a socket are no sends");
}

void sendFile(const Endpoint &to, uint64_t total)
{
    const int file = fileOf(total);
    const int fd = connected(to, SOCK_STREAM);
    Count count;
    off_t offset = 0;
    while (uint64_t(offset) < total) {
        const ssize_t sent = sendfile(fd, file, &offset, total - uint64_t(offset));
        if (sent <= 0)
            fail("sendfile");
        count.sent += static_cast<uint64_t>(sent);
    }
    close(fd);
    report("client", count);
    reportIfOutsideSends(count);
}

void spliceIn(const Endpoint &to, uint64_t total)
{
    const int file = fileOf(total);
    const int fd = connected(to, SOCK_STREAM);
    int pipeEnds[2];
    if (pipe2(pipeEnds, O_CLOEXEC))
        fail("pipe");
    Count count;
    while (count.sent < total) {
        const ssize_t filled =
            splice(file, nullptr, pipeEnds[1], nullptr, std::min<uint64_t>(pipeBytes, total - count.sent), 0);
        if (filled <= 0)
            fail("splice from the file");
        for (ssize_t left = filled; left > 0;) {
            const ssize_t sent = splice(pipeEnds[0], nullptr, fd, nullptr, size_t(left), SPLICE_F_MORE);
            if (sent <= 0)
                fail("splice into the socket");
            count.sent += static_cast<uint64_t>(sent);
            left -= sent;
        }
    }
    close(fd);
    report("client", count);
    reportIfOutsideSends(count);
}

void spliceOut(int fd, Count &count)
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int pipeEnds[2];
    if (nowhere < 0 || pipe2(pipeEnds, O_CLOEXEC))
        fail("pipe");
    Count unseen;
    for (;;) {
        const ssize_t received = splice(fd, nullptr, pipeEnds[1], nullptr, pipeBytes, 0);
        if (received < 0)
            fail("splice from the socket");
        if (received == 0)
            break;
        unseen.received += static_cast<uint64_t>(received);
        for (ssize_t left = received; left > 0;) {
            const ssize_t gone = splice(pipeEnds[0], nullptr, nowhere, nullptr, size_t(left), 0);
            if (gone <= 0)
                fail("splice out of the pipe");
            left -= gone;
        }
    }
    count.received += unseen.received;
    reportUnseen(unseen, "what splice takes out of a socket passes no hook of this kernel's");
}

} // namespace

void addSpliceScenarios(Scenarios &table)
{
    table.insert({
        {"sendfile", {drainOne, [](const Endpoint &to) { sendFile(to, 4 * MiB + 77); }}},
        {"splice-send", {drainOne, [](const Endpoint &to) { spliceIn(to, 3 * MiB + 5); }}},
        {"splice-receive",
         {[](const Endpoint &at) { serveStreams(at, 1, spliceOut); },
          [](const Endpoint &to) {
              const int fd = connected(to, SOCK_STREAM);
              Count count;
              sendAll(fd, 3 * MiB + 5, 65536, count);
              close(fd);
              report("client", count);
          }}},
    });
}

} // namespace Nettally::Traffic
