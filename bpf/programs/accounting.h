/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* From a socket, its owner and its peer to the row the bytes belong in. */
#ifndef NETTALLY_ACCOUNTING_H
#define NETTALLY_ACCOUNTING_H

#include "identity.h"

#include <bpf/bpf_endian.h>

/* In 64-bit halves, so that comparing costs two instructions. */
struct nt_peer {
    nt_u64 half[2];
};

/* An IPv4 address v4-mapped; none when it is 0. */
static __always_inline void mapV4(nt_u32 address, struct nt_peer *peer)
{
    peer->half[0] = 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    peer->half[1] = address ? ((nt_u64)0xffff << 32) | address : 0;
#else
    /* Bytes 8 to 15: 00 00 ff ff a b c d in memory. */
    peer->half[1] = address ? ((nt_u64)address << 32) | 0xffff0000u : 0;
#endif
}

static __always_inline int isPeerOf(const struct nt_row_key *key, const struct nt_peer *peer)
{
    const nt_u64 *remote = (const void *)key->remote;

    return remote[0] == peer->half[0] && remote[1] == peer->half[1];
}

static __always_inline int isEphemeral(nt_u32 port)
{
    return port >= ephemeralPortFirst && port <= ephemeralPortLast;
}

static __always_inline int isDatagram(nt_u8 protocol)
{
    return protocol == NT_IPPROTO_UDP || protocol == NT_IPPROTO_UDPLITE;
}

/* Service port and direction of a TCP socket; those whose opening was not seen are told from the ports. */
static __always_inline void serveTcp(struct nt_row_key *key, nt_u8 direction, nt_u16 local, nt_u16 remote)
{
    if (direction == NT_DIRECTION_UNKNOWN && isEphemeral(local) != isEphemeral(remote))
        direction = isEphemeral(local) ? NT_DIRECTION_OUTGOING : NT_DIRECTION_INCOMING;
    key->direction = direction;
    if (direction == NT_DIRECTION_UNKNOWN)
        key->servicePort = local < remote ? local : remote;
    else
        key->servicePort = direction == NT_DIRECTION_INCOMING ? local : remote;
}

static __always_inline nt_u64 placeAt(nt_u32 row, nt_u32 generation)
{
    return (nt_u64)(generation & NT_GENERATION_MASK) << 32 | row | NT_PLACE_SET;
}

/* The row of a place, if it is still the same row's. */
static __always_inline struct nt_row *rowOfPlace(nt_u64 place)
{
    struct nt_row *row = place & NT_PLACE_SET ? rowAt((nt_u32)place) : NULL;

    return row && (row->generation & NT_GENERATION_MASK) == (place >> 32 & NT_GENERATION_MASK) ? row : NULL;
}

static __always_inline int isSameKey(const struct nt_row_key *a, const struct nt_row_key *b)
{
    const nt_u32 *of = (const void *)a, *with = (const void *)b;
    nt_u32 difference = 0;

#pragma unroll
    for (int i = 0; i < (int)(sizeof *a / sizeof *of); i++)
        difference |= of[i] ^ with[i];
    return !difference;
}

/* Where the index has key; 0: nowhere. An element of it may become another key's while it is read. */
static __always_inline nt_u64 knownPlace(const struct nt_row_key *key)
{
    struct nt_row_place *known = bpf_map_lookup_elem(&row_index, key);
    nt_u64 place = known ? placeAt(known->row, known->generation) : 0;
    struct nt_row *row = rowOfPlace(place);

    return row && isSameKey(&row->key, key) ? place : 0;
}

/* Whether a new flow would find a row. */
static __always_inline int hasRoom(const struct nt_control *shared)
{
    return shared
        && (shared->nextRow + NT_SPILL_ROWS < shared->rowCapacity || shared->freedRows != shared->reusedRows);
}

/* A row that nobody uses; 0: there is none below limit. */
static __always_inline nt_u32 takeRow(struct nt_control *shared, struct nt_scratch *work, nt_u32 limit)
{
    nt_u32 index = __sync_lock_test_and_set(&work->spareRow, 0);

    if (index)
        return index;
    if (shared->freedRows != shared->reusedRows && !bpf_map_pop_elem(&free_rows, &index)) {
        __sync_fetch_and_add(&shared->reusedRows, 1);
        return index;
    }
    return shared->nextRow < limit ? __sync_fetch_and_add(&shared->nextRow, 1) : 0;
}

/*
 * A control group's program may not look into a socket's kernel structure, and a tracing one not take its
 * address: but for a number that lay in memory. The socket's own memory, for programs may be interrupted.
 */
static __always_inline struct sock *kernelSocket(struct nt_socket *socket, void *sk)
{
    *(void *volatile *)&socket->kernelAddress = sk;
    return (struct sock *)*(volatile nt_u64 *)&socket->kernelAddress;
}

/* Whether it is a path of a multipath connection. */
static __always_inline int isMultipath(struct sock *sk)
{
    struct tcp_sock *tcp = (struct tcp_sock *)sk;

    return bpf_core_field_exists(tcp->is_mptcp) && BPF_CORE_READ_BITFIELD_PROBED(tcp, is_mptcp);
}

/*
 * Finds or makes the row of key; ownerStamp is that of the program. When the table is full, the row of
 * what is spilled at the same interface, of other namespaces in one; row 0 when even that finds no place.
 */
static __noinline nt_u64 placeOf(struct nt_row_key *key, nt_u32 ownerStamp)
{
    nt_u32 zero = 0;
    nt_u64 overflow = placeAt(NT_OVERFLOW_INDEX, 0);
    struct nt_control *shared = controlBlock();
    struct nt_scratch *work = bpf_map_lookup_elem(&scratch, &zero);

    if (!shared || !work || !key)
        return overflow;
#pragma unroll
    for (int attempt = 0; attempt < 2; attempt++) {
        nt_u64 place = knownPlace(key);

        if (place)
            return place;

        nt_u32 limit = shared->rowCapacity - (attempt ? 0 : NT_SPILL_ROWS);
        nt_u32 index = takeRow(shared, work, limit);
        struct nt_row *row = rowAt(index);
        if (index && row) {
            struct nt_row_place own = {.row = index, .generation = row->generation | 1};

            row->key = *key;
            row->ownerStamp = ownerStamp;
            row->openSockets = 0;
            row->retransmits = 0;
            row->rxPayloadBytes = row->txPayloadBytes = 0;
            __builtin_memset(&row->packets, 0, sizeof row->packets);
            /* In use before it can be found: who finds it counts there. */
            publish(&row->generation, own.generation);
            if (!bpf_map_update_elem(&row_index, key, &own, BPF_NOEXIST))
                return placeAt(own.row, own.generation);
            /* Another CPU was first, or there is no memory at this moment. */
            __sync_lock_test_and_set(&work->spareRow, index);
            place = knownPlace(key);
            if (place)
                return place;
        }
        if (!attempt) {
            __sync_fetch_and_add(&shared->spilledFlows, 1);
            __builtin_memset(key->remote, 0, sizeof key->remote);
            key->program = NT_OVERFLOW_INDEX;
            key->servicePort = 0;
            key->protocol = 0;
            key->direction = NT_DIRECTION_UNKNOWN;
            if (key->netNs != ownNetNs)
                key->ifindex = key->netNs = 0;
            ownerStamp = 0;
        }
    }
    return overflow;
}

/* The row of key and its place. One retired that very moment is looked for once more. */
static __always_inline struct nt_row *rowOfKey(struct nt_row_key *key, nt_u32 ownerStamp, nt_u64 *place)
{
    struct nt_row *row;

    *place = placeOf(key, ownerStamp);
    row = rowOfPlace(*place);
    if (row)
        return row;
    *place = placeOf(key, ownerStamp);
    row = rowOfPlace(*place);
    return row ? row : rowAt(NT_OVERFLOW_INDEX);
}

/* Of what found the table full. A row of a program without a place in its table has a protocol. */
static __always_inline int isSpillRow(const struct nt_row *row)
{
    return row->key.program == NT_OVERFLOW_INDEX && !row->key.protocol;
}

static __always_inline void addNonZero(nt_u64 *counter, nt_u64 value)
{
    if (value)
        __sync_fetch_and_add(counter, value);
}

static __always_inline void addPackets(struct nt_packets *to, const struct nt_packets *what)
{
    addNonZero(&to->rxIpBytes, what->rxIpBytes);
    addNonZero(&to->txIpBytes, what->txIpBytes);
    addNonZero(&to->rxSegmentHeaderBytes, what->rxSegmentHeaderBytes);
    addNonZero(&to->txSegmentHeaderBytes, what->txSegmentHeaderBytes);
    addNonZero(&to->rxMoreSegments, what->rxMoreSegments);
    addNonZero(&to->txMoreSegments, what->txMoreSegments);
    /* Last: a reader that sees no packet more looks at nothing else. */
    addNonZero(&to->rxPackets, what->rxPackets);
    addNonZero(&to->txPackets, what->txPackets);
}

/*
 * The gauge of what accepted connections moved at one interface before a program used them; of all other
 * namespaces in one. NULL when the table is full: a spill row is no gauge, it must not shrink.
 */
static __always_inline struct nt_row *pendingRow(nt_u32 ifindex, nt_u32 netNs)
{
    struct nt_row_key key = {.program = NT_PENDING_PROGRAM};
    struct nt_row *gauge;
    nt_u64 place;

    if (netNs == ownNetNs) {
        key.ifindex = ifindex;
        key.netNs = netNs;
    }
    gauge = rowOfKey(&key, 0, &place);
    return gauge && gauge->key.program == NT_PENDING_PROGRAM ? gauge : NULL;
}

/* Gives what was held to a row at the same interface, that of the program that uses the socket. */
static __always_inline void releaseHeld(struct nt_socket *socket, struct nt_row *row)
{
    struct nt_row *gauge = pendingRow(socket->heldIfindex, socket->netNs);
    struct nt_packets what;

    what.rxIpBytes = __sync_lock_test_and_set(&socket->held.rxIpBytes, 0);
    what.txIpBytes = __sync_lock_test_and_set(&socket->held.txIpBytes, 0);
    what.rxPackets = __sync_lock_test_and_set(&socket->held.rxPackets, 0);
    what.txPackets = __sync_lock_test_and_set(&socket->held.txPackets, 0);
    what.rxSegmentHeaderBytes = __sync_lock_test_and_set(&socket->held.rxSegmentHeaderBytes, 0);
    what.txSegmentHeaderBytes = __sync_lock_test_and_set(&socket->held.txSegmentHeaderBytes, 0);
    what.rxMoreSegments = __sync_lock_test_and_set(&socket->held.rxMoreSegments, 0);
    what.txMoreSegments = __sync_lock_test_and_set(&socket->held.txMoreSegments, 0);
    addPackets(&row->packets, &what);
    what.rxIpBytes = -what.rxIpBytes;
    what.txIpBytes = -what.txIpBytes;
    what.rxPackets = -what.rxPackets;
    what.txPackets = -what.txPackets;
    what.rxSegmentHeaderBytes = -what.rxSegmentHeaderBytes;
    what.txSegmentHeaderBytes = -what.txSegmentHeaderBytes;
    what.rxMoreSegments = -what.rxMoreSegments;
    what.txMoreSegments = -what.txMoreSegments;
    if (gauge)
        addPackets(&gauge->packets, &what);
}

static __always_inline int isHolding(const struct nt_socket *socket)
{
    return socket->held.rxPackets || socket->held.txPackets;
}

/* The program an owner's word names, and its stamp; NT_UNOWNED_PROGRAM when it names none that still is. */
static __always_inline nt_u32 programOfOwner(nt_u64 owner, nt_u32 *ownerStamp)
{
    nt_u32 index = (nt_u32)owner;
    struct nt_program *program = bpf_map_lookup_elem(&programs, &index);

    *ownerStamp = 0;
    if (!(owner & NT_OWNER_SET) || !program
        || (program->generation & NT_GENERATION_MASK) != (owner >> 32 & NT_GENERATION_MASK))
        return NT_UNOWNED_PROGRAM;
    if (index != NT_OVERFLOW_INDEX)
        *ownerStamp = stampOf(&program->key);
    return index;
}

/* The program whose the socket was so far keeps what no other used: an accepted one's is the listener's. */
static __noinline int settleHeld(struct nt_socket *socket)
{
    struct nt_row_key key = {.protocol = NT_IPPROTO_TCP, .direction = NT_DIRECTION_INCOMING};
    struct nt_row *row;
    nt_u32 ownerStamp;
    nt_u64 place;

    if (!socket)
        return 0;
    row = rowOfPlace(socket->packetPlace);
    if (!row || row->key.ifindex != socket->heldIfindex) {
        key.program = programOfOwner(socket->owner, &ownerStamp);
        key.ifindex = socket->heldIfindex;
        key.netNs = socket->netNs;
        row = rowOfKey(&key, ownerStamp, &place);
    }
    if (row)
        releaseHeld(socket, row);
    return 0;
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
    socket->isPending = 0;
    if (isHolding(socket))
        settleHeld(socket);
    if (socket->isMultipath) {
        nt_u64 connection = socket->kernelAddress;

        bpf_map_delete_elem(&multipath, &connection);
    }
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

/* The program is the socket's owner from here on; its packets look for their row anew. */
static __always_inline void setOwner(struct nt_socket *socket, nt_u32 index, nt_u64 flags)
{
    struct nt_program *program = bpf_map_lookup_elem(&programs, &index);
    nt_u32 generation = program ? program->generation & NT_GENERATION_MASK : 0;
    nt_u64 owner = (nt_u64)generation << 32 | index | NT_OWNER_SET | flags;

    if (socket->owner != owner) {
        nt_u64 before = __sync_lock_test_and_set(&socket->owner, owner);

        if ((before ^ owner) & ~NT_OWNER_USED)
            __sync_lock_test_and_set(&socket->packetPlace, 0);
    }
}

#endif
