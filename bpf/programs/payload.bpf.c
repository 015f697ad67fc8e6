// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The payload plane: what send and receive calls returned. Two sets of hooks for the same thing; the
 * helper loads one of each, the first that this kernel grants.
 */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

static __always_inline int isInternetSocket(struct sock *sk)
{
    nt_u16 family = sk->__sk_common.skc_family;

    return family == NT_AF_INET || family == NT_AF_INET6;
}

/* The connected peer; none when not connected. */
static __always_inline void readPeer(struct sock *sk, struct nt_peer *peer)
{
    if (sk->__sk_common.skc_family == NT_AF_INET)
        mapV4(sk->__sk_common.skc_daddr, peer);
    else
        __builtin_memcpy(peer, &sk->__sk_common.skc_v6_daddr, 16);
}

static __always_inline nt_u32 interfaceOf(struct sock *sk)
{
    if (sk->__sk_common.skc_bound_dev_if)
        return sk->__sk_common.skc_bound_dev_if;

    struct dst_entry *route = sk->sk_dst_cache;
    nt_u32 index = route ? BPF_CORE_READ(route, dev, ifindex) : 0;
    if (!index && bpf_core_field_exists(sk->sk_rx_dst_ifindex))
        index = sk->sk_rx_dst_ifindex;
    return index;
}

static __always_inline void readService(struct sock *sk, nt_u8 direction, struct nt_row_key *key)
{
    nt_u16 local = sk->__sk_common.skc_num;
    nt_u16 remote = bpf_ntohs(sk->__sk_common.skc_dport);

    if (key->protocol == NT_IPPROTO_TCP) {
        serveTcp(key, direction, local, remote);
        return;
    }
    key->direction = NT_DIRECTION_OUTGOING;
    /* Raw and ICMP sockets: skc_num is a protocol or an identifier, not a port. */
    if (!isDatagram(key->protocol))
        return;
    if (!remote && BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & NT_SOCK_BINDPORT_LOCK)
        key->direction = NT_DIRECTION_INCOMING;
    key->servicePort = key->direction == NT_DIRECTION_INCOMING ? local : remote;
}

/* Whether the row is that of this program and peer. */
static __always_inline int isRowOf(struct nt_row *row, nt_u32 ownerStamp, const struct nt_peer *peer,
                                   struct sock *sk)
{
    if (row->ownerStamp != ownerStamp || !isPeerOf(&row->key, peer))
        return isSpillRow(row) && !hasRoom(controlBlock()); /* everybody's, while there is no other */
    /* A socket can be connected again, to another port of the same host. Other protocols have no port. */
    return !row->key.servicePort || row->key.direction != NT_DIRECTION_OUTGOING
        || row->key.servicePort == bpf_ntohs(sk->__sk_common.skc_dport);
}

/* What the socket received and sent before a program used it becomes that program's. */
static __always_inline void takeOver(struct nt_socket *socket, const struct nt_row_key *key,
                                     nt_u32 ownerStamp)
{
    struct nt_row_key own = *key;
    struct nt_row *row;
    nt_u64 place;

    socket->isPending = 0;
    if (isHolding(socket)) {
        own.ifindex = socket->heldIfindex;
        own.netNs = socket->netNs;
        row = rowOfKey(&own, ownerStamp, &place);
        if (row)
            releaseHeld(socket, row);
    }
    /* From here on it has its peer's row. */
    __sync_lock_test_and_set(&socket->packetPlace, 0);
}

/* The paths of a multipath connection learn from it whose they are. */
static __always_inline void ownPaths(struct nt_socket *socket, struct sock *sk)
{
    nt_u64 connection = (nt_u64)kernelSocket(socket, sk);
    nt_u64 owner = socket->owner;

    socket->isMultipath = 1;
    bpf_map_update_elem(&multipath, &connection, &owner, BPF_ANY);
}

/* Not inlined: it is rare, and out of the way of the usual path. socket may be NULL. */
static __noinline nt_u64 findPlace(struct sock *sk, struct nt_socket *socket, struct nt_program_key *caller,
                                   struct nt_peer *peer)
{
    nt_u32 program = currentProgram(caller);
    nt_u32 ownerStamp = stampOf(caller);
    struct nt_row_key key = {};
    struct nt_control *shared = controlBlock();
    struct nt_row *row;
    nt_u64 place;

    __builtin_memcpy(key.remote, peer, 16);
    key.program = program;
    key.ifindex = interfaceOf(sk);
    key.netNs = sk->__sk_common.skc_net.net->ns.inum;
    key.protocol = sk->sk_protocol == NT_IPPROTO_MPTCP ? NT_IPPROTO_TCP : (nt_u8)sk->sk_protocol;
    readService(sk, socket ? socket->direction : NT_DIRECTION_UNKNOWN, &key);
    if (socket && socket->isPending)
        takeOver(socket, &key, ownerStamp);
    row = rowOfKey(&key, ownerStamp, &place);
    if (!row || !shared)
        return place;
    if (!socket) {
        __sync_fetch_and_add(&shared->storageFailures, 1);
        return place;
    }
    socket->netNs = sk->__sk_common.skc_net.net->ns.inum;
    setOwner(socket, program, NT_OWNER_USED);
    if (sk->sk_protocol == NT_IPPROTO_MPTCP)
        ownPaths(socket, sk);
    /* What is spilled is remembered while the next call would find no row either. */
    if (!isSpillRow(row) || !hasRoom(shared))
        setPlace(socket, row, place);
    return place;
}

/*
 * Adds one call's bytes. sk must be a full socket of the caller's own call. The usual path is: socket
 * storage, a few comparisons, one addition; everything else happens once a flow, or when a socket
 * changes hands.
 */
static __always_inline void account(struct sock *sk, nt_u64 rxBytes, nt_u64 txBytes)
{
    struct nt_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    struct nt_program_key caller;
    struct nt_row *row = NULL;
    struct nt_peer peer;

    currentProgramKey(&caller);
    readPeer(sk, &peer);
    if (socket)
        row = rowOfPlace(*(volatile nt_u64 *)&socket->place);
    if (!row || !isRowOf(row, stampOf(&caller), &peer, sk)) {
        row = rowAt((nt_u32)findPlace(sk, socket, &caller, &peer));
        if (!row)
            return;
    }
    if (rxBytes)
        __sync_fetch_and_add(&row->rxPayloadBytes, rxBytes);
    if (txBytes)
        __sync_fetch_and_add(&row->txPayloadBytes, txBytes);
}

/* Frames that a packet socket sends pass no control group: they are counted here, as what they are. */
static __noinline int accountFrame(struct sock *sk, nt_u32 bytes)
{
    struct nt_row_key key = {.direction = NT_DIRECTION_LINK};
    struct nt_program_key caller;
    struct packet_sock *packetSocket = (void *)sk;
    struct nt_row *row;
    nt_u64 place;

    currentProgramKey(&caller);
    key.program = currentProgram(&caller);
    key.netNs = sk->__sk_common.skc_net.net->ns.inum;
    if (bpf_core_field_exists(packetSocket->ifindex))
        key.ifindex = BPF_CORE_READ(packetSocket, ifindex);
    row = rowOfKey(&key, stampOf(&caller), &place);
    if (row) {
        __sync_fetch_and_add(&row->txPayloadBytes, bytes);
        __sync_fetch_and_add(&row->packets.txPackets, 1);
    }
    return 0;
}

static __always_inline void accountSend(struct sock *sk, int result)
{
    if (result <= 0 || !isActive())
        return;
    if (isInternetSocket(sk))
        account(sk, 0, (nt_u64)result);
    else if (sk->__sk_common.skc_family == NT_AF_PACKET)
        accountFrame(sk, (nt_u32)result);
}

static __always_inline void accountReceive(struct sock *sk, int result, int flags)
{
    if (result > 0 && !(flags & (NT_MSG_PEEK | NT_MSG_ERRQUEUE)) && isInternetSocket(sk) && isActive())
        account(sk, (nt_u64)result, 0);
}

/* First choice: the tracepoints of 6e6eda44b939 (6.3), at the one place all sends and receives pass. */

SEC("tp_btf/sock_send_length")
int BPF_PROG(sendTracepoint, struct sock *sk, int result, int flags)
{
    accountSend(sk, result);
    return 0;
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(receiveTracepoint, struct sock *sk, int result, int flags)
{
    accountReceive(sk, result, flags);
    return 0;
}

/*
 * Second choice: the exit of the internet families' own send and receive. Every protocol of the family
 * passes them, sendfile too from dc97391e6610 (6.5) on; before that it takes inet_sendpage.
 */

SEC("fexit/inet_sendmsg")
int BPF_PROG(sendExit4, struct socket *socket, struct msghdr *message, unsigned long size, int result)
{
    accountSend(socket->sk, result);
    return 0;
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(sendExit6, struct socket *socket, struct msghdr *message, unsigned long size, int result)
{
    accountSend(socket->sk, result);
    return 0;
}

SEC("fexit/inet_sendpage")
int BPF_PROG(sendPageExit, struct socket *socket, void *page, int offset, unsigned long size, int flags,
             long result)
{
    /* A protocol without a sendpage of its own (MPTCP, raw) has just been through inet_sendmsg with it. */
    if (socket->sk->__sk_common.skc_prot->sendpage)
        accountSend(socket->sk, (int)result);
    return 0;
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(receiveExit4, struct socket *socket, struct msghdr *message, unsigned long size, int flags,
             int result)
{
    accountReceive(socket->sk, result, flags);
    return 0;
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(receiveExit6, struct socket *socket, struct msghdr *message, unsigned long size, int flags,
             int result)
{
    accountReceive(socket->sk, result, flags);
    return 0;
}

/* What raw and ping sockets receive over IPv6 passes neither of the two above. */
SEC("fexit/sock_common_recvmsg")
int BPF_PROG(receiveExitCommon, struct socket *socket, struct msghdr *message, unsigned long size, int flags,
             int result)
{
    accountReceive(socket->sk, result, flags);
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
