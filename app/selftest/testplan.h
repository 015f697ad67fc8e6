// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

/// What the self-test and its traffic program agree on. Plain C++: the traffic program links the C library
/// alone.
namespace Nettally::TestPlan {

constexpr char serverV4[] = "10.88.0.2";
constexpr char clientV4[] = "10.88.0.1";
constexpr char serverV6[] = "fd88::2";
constexpr char clientV6[] = "fd88::1";
constexpr uint8_t prefixBitsV4 = 24;
constexpr uint8_t prefixBitsV6 = 64;
constexpr char serverInterface[] = "s0";
constexpr char clientInterface[] = "c0";
/// Locally administered; fixed, so that a sender of raw frames knows its peer.
constexpr uint8_t serverMac[6] = {0x02, 0x6e, 0x74, 0x00, 0x00, 0x02};
constexpr uint8_t clientMac[6] = {0x02, 0x6e, 0x74, 0x00, 0x00, 0x01};
constexpr uint16_t port = 5000;

/// Exit code of the traffic program for a scenario that this kernel cannot do.
constexpr int unsupportedExitCode = 3;

struct Scenario {
    const char *name;
    const char *text;
};

/// In the order in which they run.
constexpr Scenario scenarios[] = {
    {"tcp-bulk", "large TCP sends and receives"},
    {"tcp-small", "7 bytes a call"},
    {"tcp-waitall", "receives with MSG_WAITALL"},
    {"tcp-peek", "MSG_PEEK before each receive, MSG_ERRQUEUE after"},
    {"tcp-truncated", "MSG_TRUNC: TCP bytes thrown away unread"},
    {"tcp-would-block", "sends that return EAGAIN in between"},
    {"tcp-half-close", "one side closes its direction and goes on receiving"},
    {"tcp-reset", "the connection is reset under the sender"},
    {"tcp-slow", "a byte every 20 ms"},
    {"tcp-connections", "500 small connections of one program"},
    {"tcp-zerocopy-send", "MSG_ZEROCOPY"},
    {"tcp-zerocopy-receive", "received pages mapped by TCP_ZEROCOPY_RECEIVE"},
    {"mptcp", "Multipath TCP"},
    {"sctp", "SCTP"},
    {"sendfile", "sendfile from a file"},
    {"splice-send", "splice from a pipe into a socket"},
    {"splice-receive", "splice from a socket into a pipe"},
    {"udp", "UDP, request and answer"},
    {"udp-batches", "sendmmsg and recvmmsg"},
    {"udp-truncated", "MSG_TRUNC: a datagram longer than its buffer"},
    {"udp-segments", "UDP_SEGMENT and UDP_GRO"},
    {"io-uring", "send and receive through io_uring"},
    {"io-uring-sqpoll", "the same, submitted by the kernel's polling thread"},
    {"io-uring-zerocopy", "IORING_OP_SEND_ZC"},
    {"icmp-echo", "ping socket, answered by the kernel"},
    {"raw", "raw sockets of an own protocol"},
    {"raw-header", "raw sender that writes the IP header itself"},
    {"packet", "datagrams sent through AF_PACKET"},
    {"threads", "8 threads with a connection each"},
    {"fork", "parent and child share a socket"},
    {"exec", "the same process before and after execve"},
    {"handover", "a socket passed to another program by SCM_RIGHTS"},
    {"prefork", "8 processes that accept on one socket"},
    {"short-lived", "50 programs of a few milliseconds, one after the other"},
    {"burst", "100 programs at the same time"},
};

} // namespace Nettally::TestPlan
