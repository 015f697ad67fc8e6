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

/* As much of a packet as tells it from another: the IP header, and what follows it. */
#define NT_IDENTITY_WORDS 6

/* A packet that the kernel handed to a socket, to tell it when it hands the same one to another. */
struct nt_delivery {
    nt_u64 data; /* address of its bytes */
    nt_u64 socket; /* that had it first */
    nt_u64 headers[NT_IDENTITY_WORDS];
    nt_u64 length;
};

struct nt_scratch {
    char path[2 * NT_PATH_LEN]; /* twice, so that a masked offset plus a masked length stays inside */
    struct nt_delivery delivered; /* the last one that may be a copy; soft interrupts come one at a time */
    nt_u64 kernelPacket; /* address of a packet's kernel structure: see kernelPacket() */
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

/* Indices of rows and programs to be used again. */
struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 65536);
    __type(value, nt_u32);
} free_rows __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_QUEUE);
    __uint(max_entries, 16384);
    __type(value, nt_u32);
} free_programs __weak SEC(".maps");

/* What the helper asks to be taken back. */
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, NT_RECYCLE_BATCH);
    __type(key, nt_u32);
    __type(value, struct nt_recycle);
} recycling __weak SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, struct nt_socket);
} sockets __weak SEC(".maps");

/* Owners of multipath connections, by the address of their sockets: packets name a path, calls the
 * connection. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 16384);
    __type(key, nt_u64);
    __type(value, nt_u64);
} multipath __weak SEC(".maps");

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
