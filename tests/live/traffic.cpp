// SPDX-License-Identifier: MIT
/*
 * Makes known traffic between two network namespaces and says exactly what each process sent and
 * received, by the return values of its own calls:
 *
 *   nettally-traffic SCENARIO SERVER-NETNS CLIENT-NETNS SERVER-ADDRESS PORT
 *
 * One line a process: "role pid sent received". Plain system calls on purpose: nothing between what is
 * measured and what is compared with it.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Longest wait for a peer: far above what any scenario takes, so that a failure ends instead of hanging.
constexpr int timeLimitS = 20;

/// Scenarios for load, not for comparison.
constexpr char benchPrefix[] = "bench-";

struct Count {
    uint64_t sent = 0;
    uint64_t received = 0;
};

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "nettally-traffic: %s: %s\n", what, std::strerror(errno));
    std::_Exit(1);
}

/// One write, so that lines of several processes do not mix.
void report(const char *role, const Count &count)
{
    char line[128];
    const int length = std::snprintf(line, sizeof line, "%s %d %llu %llu\n", role, int(getpid()),
                                     static_cast<unsigned long long>(count.sent),
                                     static_cast<unsigned long long>(count.received));
    if (write(STDOUT_FILENO, line, size_t(length)) != length)
        fail("write");
}

struct Endpoint {
    sockaddr_storage address = {};
    socklen_t length = 0;
};

Endpoint endpoint(const char *text, const char *port)
{
    Endpoint result;
    auto *v6 = reinterpret_cast<sockaddr_in6 *>(&result.address);
    auto *v4 = reinterpret_cast<sockaddr_in *>(&result.address);
    const auto number = htons(static_cast<uint16_t>(std::atoi(port)));
    if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = number;
        result.length = sizeof *v6;
    } else if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = number;
        result.length = sizeof *v4;
    } else {
        errno = EINVAL;
        fail(text);
    }
    return result;
}

int openSocket(const Endpoint &to, int type)
{
    const int fd = socket(to.address.ss_family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        fail("socket");
    const timeval limit = {.tv_sec = timeLimitS, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

int bound(const Endpoint &at, int type)
{
    const int fd = openSocket(at, type);
    const int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, reinterpret_cast<const sockaddr *>(&at.address), at.length))
        fail("bind");
    // Unpaced datagrams of a batch must all find room, also on a machine that is slow at taking them out.
    const int bufferBytes = 1024 * 1024;
    if (type == SOCK_DGRAM)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bufferBytes, sizeof bufferBytes);
    if (type == SOCK_STREAM && listen(fd, 1024))
        fail("listen");
    return fd;
}

int connected(const Endpoint &to, int type)
{
    const int fd = openSocket(to, type);
    if (connect(fd, reinterpret_cast<const sockaddr *>(&to.address), to.length))
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

const std::vector<char> &data()
{
    static const std::vector<char> bytes(256 * 1024, 'n');
    return bytes;
}

void sendAll(int fd, uint64_t total, size_t chunk, Count &count, int flags = 0)
{
    while (total > 0) {
        const ssize_t sent = send(fd, data().data(), std::min<uint64_t>(chunk, total), flags | MSG_NOSIGNAL);
        if (sent < 0)
            fail("send");
        count.sent += static_cast<uint64_t>(sent);
        total -= static_cast<uint64_t>(sent);
    }
}

/// Reads until the peer closed, or until `limit` bytes.
void receiveAll(int fd, Count &count, int flags = 0, uint64_t limit = UINT64_MAX, size_t chunk = 65536)
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

using Role = std::function<void(const Endpoint &)>;

struct Scenario {
    Role server; ///< gets the address to bind; must be listening before it calls ready()
    Role client;
};

int readyPipe = -1;
char **arguments = nullptr;

void ready()
{
    if (write(readyPipe, "r", 1) != 1)
        fail("ready");
}

void tcpServer(const Endpoint &at, int connections, const std::function<void(int, Count &)> &serve)
{
    const int listener = bound(at, SOCK_STREAM);
    ready();
    Count count;
    for (int i = 0; i < connections; ++i) {
        const int fd = accepted(listener);
        serve(fd, count);
        close(fd);
    }
    report("server", count);
}

Scenario tcpBothWays(uint64_t up, uint64_t down, size_t chunk, int receiveFlags = 0)
{
    return {[=](const Endpoint &at) {
                tcpServer(at, 1, [=](int fd, Count &count) {
                    receiveAll(fd, count, receiveFlags);
                    sendAll(fd, down, chunk, count);
                });
            },
            [=](const Endpoint &to) {
                Count count;
                const int fd = connected(to, SOCK_STREAM);
                sendAll(fd, up, chunk, count);
                shutdown(fd, SHUT_WR);
                receiveAll(fd, count, receiveFlags);
                report("client", count);
            }};
}

/// Request and answer in turn, so that nothing is dropped for want of buffer.
Scenario udpPingPong(int rounds)
{
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                std::vector<char> buffer(65536);
                for (int i = 0; i < rounds; ++i) {
                    sockaddr_storage peer = {};
                    socklen_t length = sizeof peer;
                    const ssize_t received = recvfrom(fd, buffer.data(), buffer.size(), 0,
                                                      reinterpret_cast<sockaddr *>(&peer), &length);
                    if (received < 0)
                        fail("recvfrom");
                    count.received += static_cast<uint64_t>(received);
                    const ssize_t sent = sendto(fd, buffer.data(), static_cast<size_t>(received) / 2, 0,
                                                reinterpret_cast<sockaddr *>(&peer), length);
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
Scenario udpBatches(int batches)
{
    constexpr unsigned perBatch = 32;
    return {[=](const Endpoint &at) {
                const int fd = bound(at, SOCK_DGRAM);
                ready();
                Count count;
                std::vector<std::array<char, 1500>> buffers(perBatch);
                for (unsigned taken = 0; taken < unsigned(batches) * perBatch;) {
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
                for (int batch = 0; batch < batches; ++batch) {
                    iovec vectors[perBatch];
                    mmsghdr messages[perBatch] = {};
                    for (unsigned i = 0; i < perBatch; ++i) {
                        vectors[i] = {const_cast<char *>(data().data()), 100 + i};
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

Scenario sendfileUp(uint64_t total)
{
    return {[](const Endpoint &at) { tcpServer(at, 1, [](int fd, Count &count) { receiveAll(fd, count); }); },
            [=](const Endpoint &to) {
                const int file = memfd_create("nettally-traffic", MFD_CLOEXEC);
                if (file < 0 || ftruncate(file, off_t(total)))
                    fail("memfd_create");
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
            }};
}

/// Every byte is peeked at before it is read, and the socket's error queue is asked too.
Scenario peekFirst(uint64_t total)
{
    Scenario scenario = tcpBothWays(total, 0, 10000);
    scenario.server = [](const Endpoint &at) {
        tcpServer(at, 1, [](int fd, Count &count) {
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

/// A child uses the socket its parent opened; both send, in turn.
Scenario forkedSender(int rounds, size_t bytes)
{
    return {[](const Endpoint &at) { tcpServer(at, 1, [](int fd, Count &count) { receiveAll(fd, count); }); },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAll(fd, bytes, bytes, count);
                int toChild[2];
                int toParent[2];
                if (pipe(toChild) || pipe(toParent))
                    fail("pipe");
                const pid_t child = fork();
                char turn = 0;
                if (child == 0) {
                    Count own;
                    for (int i = 0; i < rounds; ++i) {
                        if (read(toChild[0], &turn, 1) != 1)
                            fail("read");
                        sendAll(fd, bytes * 3, bytes, own);
                        if (write(toParent[1], "p", 1) != 1)
                            fail("write");
                    }
                    report("child", own);
                    std::_Exit(0);
                }
                for (int i = 0; i < rounds; ++i) {
                    sendAll(fd, bytes, bytes, count);
                    if (write(toChild[1], "c", 1) != 1 || read(toParent[0], &turn, 1) != 1)
                        fail("turn");
                }
                waitpid(child, nullptr, 0);
                close(fd);
                report("client", count);
            }};
}

/// The same process sends before and after execve(): two programs by our definition.
Scenario execInBetween(size_t before)
{
    return {[](const Endpoint &at) { tcpServer(at, 1, [](int fd, Count &count) { receiveAll(fd, count); }); },
            [=](const Endpoint &to) {
                const int fd = connected(to, SOCK_STREAM);
                Count count;
                sendAll(fd, before, before, count);
                report("before-exec", count);
                fcntl(fd, F_SETFD, 0);
                const std::string number = std::to_string(fd);
                execl("/proc/self/exe", arguments[0], "continue", number.c_str(), nullptr);
                fail("exec");
            }};
}

/// Connects, sends and is gone: started by execve() like a real program, ends within a few milliseconds.
Scenario shortLived(int programs)
{
    return {[=](const Endpoint &at) {
                tcpServer(at, programs, [](int fd, Count &count) { receiveAll(fd, count); });
            },
            [=](const Endpoint &) {
                for (int i = 0; i < programs; ++i) {
                    const pid_t child = fork();
                    if (child == 0) {
                        execl("/proc/self/exe", arguments[0], "short", arguments[4], arguments[5], nullptr);
                        fail("exec");
                    }
                    waitpid(child, nullptr, 0);
                }
            }};
}

Scenario threads(int number, uint64_t bytes)
{
    return {[=](const Endpoint &at) {
                const int listener = bound(at, SOCK_STREAM);
                ready();
                std::vector<Count> counts(static_cast<size_t>(number));
                std::vector<std::thread> workers;
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

/// UDP with a buffer too small: MSG_TRUNC makes the call return the datagram's true length.
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

/// A socket that would block returns -EAGAIN many times; none of that is bytes.
Scenario wouldBlock(uint64_t total)
{
    Scenario scenario = tcpBothWays(total, 0, 65536);
    scenario.client = [=](const Endpoint &to) {
        const int fd = connected(to, SOCK_STREAM);
        Count count;
        while (count.sent < total) {
            const ssize_t sent =
                send(fd, data().data(), std::min<uint64_t>(data().size(), total - count.sent), MSG_DONTWAIT);
            if (sent < 0 && errno != EAGAIN)
                fail("send MSG_DONTWAIT");
            if (sent > 0)
                count.sent += static_cast<uint64_t>(sent);
        }
        close(fd);
        report("client", count);
    };
    return scenario;
}

/// Many programs at once, each with a connection of its own on which it sends a little every second.
/// For load, not for comparison: it reports nothing.
Scenario crowd(int programs, int seconds)
{
    return {[=](const Endpoint &at) {
                const int listener = bound(at, SOCK_STREAM);
                ready();
                std::vector<std::thread> workers;
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
                for (int i = 0; i < programs; ++i) {
                    if (fork() == 0) {
                        const int fd = connected(to, SOCK_STREAM);
                        Count ignored;
                        for (int second = 0; second < seconds; ++second) {
                            sendAll(fd, 1000, 1000, ignored);
                            const timespec pause = {.tv_sec = 1, .tv_nsec = 0};
                            nanosleep(&pause, nullptr);
                        }
                        std::_Exit(0);
                    }
                }
                while (wait(nullptr) > 0) { }
            }};
}

const std::map<std::string, Scenario> &scenarios()
{
    constexpr uint64_t MiB = 1024 * 1024;
    static const std::map<std::string, Scenario> table = {
        {"tcp-bulk", tcpBothWays(8 * MiB, 5 * MiB + 13, 65536)},
        {"tcp-small", tcpBothWays(20011, 9973, 7)},
        {"tcp-waitall", tcpBothWays(8 * MiB, 1 * MiB, 100000, MSG_WAITALL)},
        {"tcp-peek", peekFirst(300 * 1000)},
        {"tcp-would-block", wouldBlock(16 * MiB)},
        {"udp", udpPingPong(300)},
        {"udp-batches", udpBatches(8)},
        {"udp-truncated", truncated(20)},
        {"sendfile", sendfileUp(4 * MiB + 77)},
        {"fork", forkedSender(50, 1001)},
        {"exec", execInBetween(12345)},
        {"short-lived", shortLived(50)},
        {"threads", threads(8, 200 * 1000)},
        {"bench-crowd", crowd(1000, 20)},
        {"bench-steady", udpPingPong(100000)},
    };
    return table;
}

void enter(const char *netns)
{
    const int fd = open(netns, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET))
        fail(netns);
    close(fd);
}

} // namespace

int main(int argc, char **argv)
{
    arguments = argv;
    if (argc == 3 && std::string(argv[1]) == "continue") {
        Count count;
        sendAll(std::atoi(argv[2]), 54321, 1000, count);
        report("after-exec", count);
        return 0;
    }
    if (argc == 4 && std::string(argv[1]) == "short") {
        Count count;
        const int fd = connected(endpoint(argv[2], argv[3]), SOCK_STREAM);
        sendAll(fd, 321, 321, count);
        report("client", count);
        return 0;
    }
    if (argc == 2 && std::string(argv[1]) == "list") {
        for (const auto &[name, scenario] : scenarios()) {
            if (!name.starts_with(benchPrefix))
                std::puts(name.c_str());
        }
        return 0;
    }
    const auto scenario = argc == 6 ? scenarios().find(argv[1]) : scenarios().end();
    if (scenario == scenarios().end()) {
        std::fprintf(stderr,
                     "usage: nettally-traffic SCENARIO SERVER-NETNS CLIENT-NETNS SERVER-ADDRESS PORT\n");
        return 2;
    }

    int pipeFds[2];
    if (pipe(pipeFds))
        fail("pipe");
    readyPipe = pipeFds[1];
    const Endpoint at = endpoint(argv[4], argv[5]);
    const pid_t server = fork();
    if (server == 0) {
        enter(argv[2]);
        scenario->second.server(at);
        return 0;
    }
    close(pipeFds[1]);
    char byte = 0;
    if (read(pipeFds[0], &byte, 1) != 1)
        fail("server did not start");
    const pid_t client = fork();
    if (client == 0) {
        enter(argv[3]);
        scenario->second.client(at);
        return 0;
    }
    int serverStatus = 0;
    int clientStatus = 0;
    waitpid(client, &clientStatus, 0);
    waitpid(server, &serverStatus, 0);
    return serverStatus || clientStatus ? 1 : 0;
}
