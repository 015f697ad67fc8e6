/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* From a socket to the row its bytes belong in. */
#ifndef NETTALLY_ACCOUNTING_H
#define NETTALLY_ACCOUNTING_H

#include "identity.h"

#include <bpf/bpf_endian.h>

static __always_inline int isInternetSocket(struct sock *sk)
{
    nt_u16 family = sk->__sk_common.skc_family;

    return family == NT_AF_INET || family == NT_AF_INET6;
}

/* The connected peer, v4-mapped; zero when not connected. */
static __always_inline void readPeer(struct sock *sk, nt_u64 peer[2])
{
    if (sk->__sk_common.skc_family == NT_AF_INET) {
        nt_u32 address = sk->__sk_common.skc_daddr;

        peer[0] = 0;
        /* Bytes 8 to 15: 00 00 ff ff a b c d in memory, whatever the byte order. */
        peer[1] = address ? ((nt_u64)address << 32) | bpf_htonl(0xffff) : 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        peer[1] = address ? ((nt_u64)0xffff << 32) | address : 0;
#endif
    } else {
        __builtin_memcpy(peer, &sk->__sk_common.skc_v6_daddr, 16);
    }
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

static __always_inline int isEphemeral(nt_u32 port)
{
    return port >= ephemeralPortFirst && port <= ephemeralPortLast;
}

/* Service port and direction of a socket whose opening was not seen are told from the ports. */
static __always_inline void readService(struct sock *sk, nt_u8 direction, struct nt_row_key *key)
{
    nt_u16 local = sk->__sk_common.skc_num;
    nt_u16 remote = bpf_ntohs(sk->__sk_common.skc_dport);
    int isDatagram = key->protocol == NT_IPPROTO_UDP || key->protocol == NT_IPPROTO_UDPLITE;

    if (key->protocol != NT_IPPROTO_TCP && !isDatagram) {
        /* Raw and ICMP sockets: skc_num is a protocol or an identifier, not a port. */
        key->servicePort = 0;
        key->direction = NT_DIRECTION_OUTGOING;
        return;
    }
    if (isDatagram && !remote)
        direction = BPF_CORE_READ_BITFIELD_PROBED(sk, sk_userlocks) & NT_SOCK_BINDPORT_LOCK
            ? NT_DIRECTION_INCOMING
            : NT_DIRECTION_OUTGOING;
    else if (isDatagram)
        direction = NT_DIRECTION_OUTGOING;
    else if (direction == NT_DIRECTION_UNKNOWN && isEphemeral(local) != isEphemeral(remote))
        direction = isEphemeral(local) ? NT_DIRECTION_OUTGOING : NT_DIRECTION_INCOMING;
    key->direction = direction;
    if (direction == NT_DIRECTION_UNKNOWN)
        key->servicePort = local < remote ? local : remote;
    else
        key->servicePort = direction == NT_DIRECTION_INCOMING ? local : remote;
}

/* Finds or makes the row of key; row 0 when the table is full. */
static __always_inline struct nt_row_place placeOf(const struct nt_row_key *key)
{
    nt_u32 zero = 0;
    struct nt_row_place place = {.row = NT_OVERFLOW_INDEX, .generation = 0};
    struct nt_row_place *known = bpf_map_lookup_elem(&row_index, key);

    if (known)
        return *known;

    struct nt_control *shared = controlBlock();
    struct nt_scratch *work = bpf_map_lookup_elem(&scratch, &zero);
    if (!shared || !work)
        return place;

    nt_u32 index = __sync_lock_test_and_set(&work->spareRow, 0);
    if (!index && shared->nextRow < shared->rowCapacity)
        index = __sync_fetch_and_add(&shared->nextRow, 1);
    struct nt_row *row = rowAt(index);
    if (!index || !row) {
        __sync_fetch_and_add(&shared->spilledFlows, 1);
        return place;
    }
    row->key = *key;
    place.row = index;
    place.generation = row->generation;
    if (bpf_map_update_elem(&row_index, key, &place, BPF_NOEXIST)) {
        __sync_lock_test_and_set(&work->spareRow, index);
        known = bpf_map_lookup_elem(&row_index, key);
        if (known)
            return *known;
        /* Neither there nor to be put there: no memory at this moment. */
        __sync_fetch_and_add(&shared->spilledFlows, 1);
        place.row = NT_OVERFLOW_INDEX;
        place.generation = 0;
        return place;
    }
    publish(&row->ready);
    return place;
}

/* The row of a place, if it is still the same row's. */
static __always_inline struct nt_row *rowOfPlace(nt_u64 place)
{
    struct nt_row *row = place & NT_PLACE_SET ? rowAt((nt_u32)place) : NULL;

    return row && (row->generation & NT_GENERATION_MASK) == (place >> 32 & NT_GENERATION_MASK) ? row : NULL;
}

static __always_inline void uncount(nt_u64 place)
{
    struct nt_row *row = place & NT_PLACE_COUNTED ? rowOfPlace(place) : NULL;

    if (row)
        __sync_fetch_and_add(&row->openSockets, -1);
}

static __always_inline void closeSocket(struct nt_socket *socket)
{
    __sync_lock_test_and_set(&socket->closed, 1);
    uncount(__sync_fetch_and_and(&socket->place, ~NT_PLACE_COUNTED));
}

/* Each place that was set is counted once by who set it, and uncounted once by who replaced or closed it. */
static __always_inline void setPlace(struct nt_socket *socket, struct nt_row *row, nt_u64 place)
{
    if (!socket->closed) {
        place |= NT_PLACE_COUNTED;
        __sync_fetch_and_add(&row->openSockets, 1);
    }
    uncount(__sync_lock_test_and_set(&socket->place, place));
    /* Closed meanwhile, by a reset from the network: then nobody else will. */
    if (socket->closed)
        closeSocket(socket);
}

/* Whether the row is that of this program and peer. */
static __always_inline int isRowOf(struct nt_row *row, nt_u64 place, const struct nt_program_key *owner,
                                   const nt_u64 peer[2], struct sock *sk)
{
    nt_u32 index = row->key.program;
    struct nt_program *program;
    nt_u64 remote[2];

    if ((nt_u32)place == NT_OVERFLOW_INDEX)
        return 1; /* everybody's */
    __builtin_memcpy(remote, row->key.remote, 16);
    if (remote[0] != peer[0] || remote[1] != peer[1])
        return 0;
    /* A socket can be connected again, to another port of the same host. Other protocols have no port. */
    if (row->key.servicePort && row->key.direction == NT_DIRECTION_OUTGOING
        && row->key.servicePort != bpf_ntohs(sk->__sk_common.skc_dport))
        return 0;
    if (index == NT_OVERFLOW_INDEX)
        return 1;
    program = bpf_map_lookup_elem(&programs, &index);
    return program && program->key.startNs == owner->startNs && program->key.tgid == owner->tgid
        && program->key.execId == owner->execId;
}

/* Not inlined: it is rare, and out of the way of the usual path. */
static __noinline nt_u64 findPlace(struct sock *sk, nt_u8 direction, struct nt_program_key *owner,
                                   nt_u64 *peer)
{
    struct nt_row_key key = {};
    struct nt_row_place place;

    __builtin_memcpy(key.remote, peer, 16);
    key.program = currentProgram(owner);
    key.ifindex = interfaceOf(sk);
    key.protocol = sk->sk_protocol == NT_IPPROTO_MPTCP ? NT_IPPROTO_TCP : (nt_u8)sk->sk_protocol;
    readService(sk, direction, &key);
    place = placeOf(&key);
    return (nt_u64)(place.generation & NT_GENERATION_MASK) << 32 | place.row | NT_PLACE_SET;
}

/*
 * Adds one call's bytes. sk must be a full socket of the caller's own call. The usual path is: socket
 * storage, a few comparisons, one addition; everything else happens once a flow, or when a socket
 * changes hands.
 */
static __always_inline void account(struct sock *sk, nt_u64 rxBytes, nt_u64 txBytes)
{
    struct nt_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    struct nt_program_key owner;
    struct nt_row *row = NULL;
    nt_u64 place = 0;
    nt_u64 peer[2];

    currentProgramKey(&owner);
    readPeer(sk, peer);
    if (socket) {
        place = *(volatile nt_u64 *)&socket->place;
        row = rowOfPlace(place);
    }
    if (!row || !isRowOf(row, place, &owner, peer, sk)) {
        place = findPlace(sk, socket ? socket->direction : NT_DIRECTION_UNKNOWN, &owner, peer);
        row = rowAt((nt_u32)place);
        if (!row)
            return;
        struct nt_control *shared = controlBlock();

        if (!shared)
            return;
        /* Row 0 is remembered only where the next call would find no other: when the table is full. */
        if (!socket)
            __sync_fetch_and_add(&shared->storageFailures, 1);
        else if ((nt_u32)place != NT_OVERFLOW_INDEX || shared->nextRow >= shared->rowCapacity)
            setPlace(socket, row, place);
    }
    if (rxBytes)
        __sync_fetch_and_add(&row->rxPayloadBytes, rxBytes);
    if (txBytes)
        __sync_fetch_and_add(&row->txPayloadBytes, txBytes);
}

static __always_inline void accountSend(struct sock *sk, int result)
{
    if (result > 0 && isInternetSocket(sk))
        account(sk, 0, (nt_u64)result);
}

static __always_inline void accountReceive(struct sock *sk, int result, int flags)
{
    if (result > 0 && !(flags & (NT_MSG_PEEK | NT_MSG_ERRQUEUE)) && isInternetSocket(sk))
        account(sk, (nt_u64)result, 0);
}

#endif
