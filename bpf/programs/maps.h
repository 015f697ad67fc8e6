/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The maps all programs share. Weak, so that every object that includes this names the same map once
 * they are linked into one. Capacities are set by the helper before loading.
 */
#ifndef NETTALLY_MAPS_H
#define NETTALLY_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "nettally_abi.h"

/*
 * What a socket remembers, so that a call or a packet costs no hash look-up. Each word is exchanged whole:
 * two threads, or two programs that share the socket, may use it at once. Whose row it is stands in the
 * row itself.
 */
struct nt_socket {
    nt_u64 place; /* row of the last call: row, generation << 32, and the flags below; 0: none yet */
    nt_u64 packetPlace; /* likewise of the last packet */
    nt_u64 owner; /* index of the program that used it last, and NT_OWNER_*; 0: none */
    nt_u64 openedNs; /* CLOCK_BOOTTIME nanoseconds of connect, accept or creation; 0: before we looked */
    nt_u64 kernelAddress; /* of the socket itself: see netNsOf() */
    nt_u32 netNs; /* inode number; 0 until it was asked for */
    nt_u32 closed; /* 1 once the socket is; not counted as open any more */
    nt_u32 isPending; /* 1: accepted, used by no program yet; its packets are held */
    nt_u32 direction; /* enum nt_direction */
    nt_u32 retransmits; /* the socket's own count up to which the row was told */
    nt_u32 reserved;
    struct nt_packets held; /* since it was accepted; given to the first program that uses it */
};

#define NT_PLACE_SET (1ull << 62) /* tells row 0, generation 0 from none */
#define NT_PLACE_COUNTED (1ull << 63) /* the socket is in its row's openSockets */
#define NT_GENERATION_MASK 0x3fffffff

#define NT_OWNER_SET (1ull << 62)
#define NT_OWNER_USED (1ull << 63) /* by a call; else created, connected or accepted only */

struct nt_row_place {
    nt_u32 row;
    nt_u32 generation;
};

struct nt_scratch {
    char path[2 * NT_PATH_LEN]; /* twice, so that a masked offset plus a masked length stays inside */
    nt_u32 pathStart; /* offset of the path being written */
    nt_u32 spareRow; /* reserved by this CPU but lost a race to insert; 0: none */
    nt_u32 spareProgram;
    nt_u32 reserved;
};

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, nt_u32);
    __type(value, struct nt_control);
} control __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 65536);
    __type(key, nt_u32);
    __type(value, struct nt_row);
} rows __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 16384);
    __type(key, nt_u32);
    __type(value, struct nt_program);
} programs __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 65536);
    __type(key, struct nt_row_key);
    __type(value, struct nt_row_place);
} row_index __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, struct nt_program_key);
    __type(value, nt_u32);
} program_index __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, struct nt_socket);
} sockets __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, nt_u32);
    __type(value, struct nt_scratch);
} scratch __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, NT_AUDIT_INTERFACES);
    __type(key, nt_u32);
    __type(value, struct nt_audit_interface);
} audit __weak SEC(".maps");

/* Not 0 while an audit runs. The helper writes it at any time. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, nt_u32);
    __type(value, nt_u64);
} audit_switch __weak SEC(".maps");

/* The helper's own network namespace, the one that is audited. */
const volatile nt_u32 ownNetNs __weak = 0;

/* Compared with control.activeSet: while an upgrade attaches its programs, one set of the two counts. */
const volatile nt_u32 ownSet __weak = 1;

/* net.ipv4.ip_local_port_range as the helper found it: tells which end of an old connection serves. */
const volatile nt_u32 ephemeralPortFirst __weak = 32768;
const volatile nt_u32 ephemeralPortLast __weak = 60999;

static __always_inline struct nt_control *controlBlock(void)
{
    nt_u32 zero = 0;

    return bpf_map_lookup_elem(&control, &zero);
}

static __always_inline struct nt_row *rowAt(nt_u32 index)
{
    return bpf_map_lookup_elem(&rows, &index);
}

/* Whether this set of programs is the one that counts. */
static __always_inline int isActive(void)
{
    struct nt_control *shared = controlBlock();

    return shared && shared->activeSet == ownSet;
}

/* Publishes what was written before it: the exchange is a full barrier on every architecture. */
static __always_inline void publish(nt_u32 *ready, nt_u32 value)
{
    __sync_lock_test_and_set(ready, value);
}

#endif
