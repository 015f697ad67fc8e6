// SPDX-License-Identifier: MIT
#include "scenarios.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>

namespace Nettally::Traffic {

namespace {

constexpr char afterExec[] = "after-exec";
constexpr char shortProgram[] = "short";
constexpr char burstProgram[] = "burst";
constexpr char handoverTaker[] = "handover-taker";
constexpr uint64_t burstUpBytes = 1234;
constexpr uint64_t burstDownBytes = 567;

/// Arguments that name the role and where to connect.
std::vector<std::string> towards(const char *role, const Endpoint &to)
{
    char text[INET6_ADDRSTRLEN] = {};
    const void *address = to.isV6()
        ? static_cast<const void *>(&reinterpret_cast<const sockaddr_in6 *>(&to.address)->sin6_addr)
        : &reinterpret_cast<const sockaddr_in *>(&to.address)->sin_addr;
    inet_ntop(to.address.ss_family, address, text, sizeof text);
    const uint16_t port = to.isV6() ? reinterpret_cast<const sockaddr_in6 *>(&to.address)->sin6_port
                                    : reinterpret_cast<const sockaddr_in *>(&to.address)->sin_port;
    return {role, text, std::to_string(ntohs(port))};
}

/// A child that uses the socket its parent opened; both send, in turn.
Scenario forkedSender(int rounds, size_t bytes)
{
    return {drainOne, [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAll(fd, bytes, bytes, count);
                int toChild[2];
                int toParent[2];
                if (pipe(toChild) || pipe(toParent))
                    fail("pipe");
                char turn = 0;
                const pid_t child = spawn([&] {
                    Count own;
                    for (int i = 0; i < rounds; ++i) {
                        if (read(toChild[0], &turn, 1) != 1)
                            fail("read");
                        sendAll(fd, bytes * 3, bytes, own);
                        if (write(toParent[1], "p", 1) != 1)
                            fail("write");
                    }
                    report("child", own);
                });
                for (int i = 0; i < rounds; ++i) {
                    sendAll(fd, bytes, bytes, count);
                    if (write(toChild[1], "c", 1) != 1 || read(toParent[0], &turn, 1) != 1)
                        fail("turn");
                }
                join(child);
                close(fd);
                report("client", count);
            }};
}

/// The same process sends before and after execve(): two programs by our definition.
Scenario execInBetween(size_t before)
{
    return {drainOne, [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAll(fd, before, before, count);
                report("before-exec", count);
                fcntl(fd, F_SETFD, 0);
                execSelf({afterExec, std::to_string(fd)});
            }};
}

/// Connects, sends and is gone: started by execve() like a real program, ends within a few milliseconds.
Scenario shortLived(int programs)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, programs, [](int fd, Count &count) { receiveAll(fd, count); });
            },
            [=](const Endpoint &to) {
                for (int i = 0; i < programs; ++i)
                    join(spawn([&] { execSelf(towards(shortProgram, to)); }));
            }};
}

Scenario burst(int programs)
{
    return {[=](const Endpoint &at) {
                serveStreams(at, programs, [](int fd, Count &count) {
                    receiveAll(fd, count, 0, burstUpBytes);
                    sendAll(fd, burstDownBytes, burstDownBytes, count);
                });
            },
            [=](const Endpoint &to) {
                std::vector<pid_t> children;
                children.reserve(size_t(programs));
                for (int i = 0; i < programs; ++i)
                    children.push_back(spawn([&] { execSelf(towards(burstProgram, to)); }));
                for (const pid_t child : children)
                    join(child);
            }};
}

/// A socket goes to another program while it is in use.
Scenario handover(uint64_t before)
{
    return {drainOne, [=](const Endpoint &to) {
                int pair[2];
                if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
                    fail("socketpair");
                const pid_t taker = spawn([&] {
                    close(pair[0]);
                    execSelf({handoverTaker, std::to_string(pair[1])});
                });
                close(pair[1]);
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAll(fd, before, 1000, count);
                alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
                char byte = 'f';
                iovec vector = {&byte, 1};
                msghdr message = {};
                message.msg_iov = &vector;
                message.msg_iovlen = 1;
                message.msg_control = control;
                message.msg_controllen = sizeof control;
                cmsghdr *part = CMSG_FIRSTHDR(&message);
                part->cmsg_level = SOL_SOCKET;
                part->cmsg_type = SCM_RIGHTS;
                part->cmsg_len = CMSG_LEN(sizeof fd);
                std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
                if (sendmsg(pair[0], &message, 0) != 1)
                    fail("sendmsg SCM_RIGHTS");
                close(fd);
                report("client", count);
                join(taker);
            }};
}

void takeHandover(int channel)
{
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    char byte = 0;
    iovec vector = {&byte, 1};
    msghdr message = {};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(channel, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
        fail("recvmsg SCM_RIGHTS");
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    Count count;
    sendAll(fd, 98765, 1000, count);
    close(fd);
    report("taker", count);
}

/// Workers that accept on one socket, each what it gets.
Scenario prefork(int workers, int connections)
{
    return {[=](const Endpoint &at) {
                const int listener = bound(at, SOCK_STREAM);
                void *shared = mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
                if (shared == MAP_FAILED)
                    fail("mmap");
                // Who draws one accepts one, so that all workers end when all connections are served.
                auto *tickets = new (shared) std::atomic<int>(connections);
                std::vector<pid_t> children;
                children.reserve(size_t(workers));
                for (int i = 0; i < workers; ++i)
                    children.push_back(spawn([&] {
                        Count count;
                        while (tickets->fetch_sub(1) > 0) {
                            const int fd = accepted(listener);
                            receiveAll(fd, count, 0, 500);
                            sendAll(fd, 700, 700, count);
                            close(fd);
                        }
                        report("worker", count);
                    }));
                ready();
                for (const pid_t child : children)
                    join(child);
            },
            [=](const Endpoint &to) {
                Count count;
                for (int i = 0; i < connections; ++i) {
                    const int fd = connected(to, SOCK_STREAM);
                    sendAll(fd, 500, 500, count);
                    receiveAll(fd, count);
                    close(fd);
                }
                report("client", count);
            }};
}

Scenario threads(int number, uint64_t bytes)
{
    return {[=](const Endpoint &at) {
                const int listener = bound(at, SOCK_STREAM);
                ready();
                std::vector<Count> counts(static_cast<size_t>(number));
                std::vector<std::thread> workers;
                workers.reserve(size_t(number));
                for (Count &count : counts) {
                    const int fd = accepted(listener);
                    workers.emplace_back([fd, &count] {
                        receiveAll(fd, count);
                        close(fd);
                    });
                }
                Count sum;
                for (size_t i = 0; i < workers.size(); ++i) {
                    workers[i].join();
                    sum.received += counts[i].received;
                }
                report("server", sum);
            },
            [=](const Endpoint &to) {
                std::vector<Count> counts(static_cast<size_t>(number));
                std::vector<std::thread> workers;
                workers.reserve(size_t(number));
                for (Count &count : counts)
                    workers.emplace_back([&count, &to, bytes] {
                        const int fd = connected(to, SOCK_STREAM);
                        sendAll(fd, bytes, 999, count);
                        close(fd);
                    });
                Count sum;
                for (size_t i = 0; i < workers.size(); ++i) {
                    workers[i].join();
                    sum.sent += counts[i].sent;
                }
                report("client", sum);
            }};
}

/// Many programs at once, each with a connection of its own on which it sends a little every second.
/// For load, not for comparison: it reports nothing.
Scenario crowd(int programs, int seconds)
{
    return {[=](const Endpoint &at) {
                const int listener = bound(at, SOCK_STREAM);
                ready();
                std::vector<std::thread> workers;
                workers.reserve(size_t(programs));
                for (int i = 0; i < programs; ++i) {
                    const int fd = accepted(listener);
                    workers.emplace_back([fd] {
                        Count ignored;
                        receiveAll(fd, ignored);
                        close(fd);
                    });
                }
                for (std::thread &worker : workers)
                    worker.join();
            },
            [=](const Endpoint &to) {
                std::vector<pid_t> children;
                children.reserve(size_t(programs));
                for (int i = 0; i < programs; ++i)
                    children.push_back(spawn([&] {
                        const int fd = connected(to, SOCK_STREAM);
                        Count ignored;
                        for (int second = 0; second < seconds; ++second) {
                            sendAll(fd, 1000, 1000, ignored);
                            pauseMs(1000);
                        }
                    }));
                for (const pid_t child : children)
                    join(child);
            }};
}

int toServer(const std::vector<std::string> &arguments)
{
    return connected(endpoint(arguments[1].c_str(), arguments[2].c_str()), SOCK_STREAM);
}

} // namespace

bool runContinuation(const std::vector<std::string> &arguments)
{
    Count count;
    if (arguments.size() == 2 && arguments[0] == afterExec) {
        sendAll(std::atoi(arguments[1].c_str()), 54321, 1000, count);
        report(afterExec, count);
    } else if (arguments.size() == 2 && arguments[0] == handoverTaker) {
        takeHandover(std::atoi(arguments[1].c_str()));
    } else if (arguments.size() == 3 && arguments[0] == shortProgram) {
        sendAll(toServer(arguments), 321, 321, count);
        report("client", count);
    } else if (arguments.size() == 3 && arguments[0] == burstProgram) {
        const int fd = toServer(arguments);
        sendAll(fd, burstUpBytes, burstUpBytes, count);
        receiveAll(fd, count);
        report("client", count);
    } else {
        return false;
    }
    return true;
}

void addProgramScenarios(Scenarios &table)
{
    table.insert({
        {"threads", threads(8, 200'000)},
        {"fork", forkedSender(50, 1001)},
        {"exec", execInBetween(12345)},
        {"handover", handover(45678)},
        {"prefork", prefork(8, 200)},
        {"short-lived", shortLived(50)},
        {"burst", burst(100)},
        {"bench-crowd", crowd(1000, 20)},
    });
}

} // namespace Nettally::Traffic
