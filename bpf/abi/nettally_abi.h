/* SPDX-License-Identifier: MIT */
/*
 * What the kernel programs and the helper share: the layout of the maps.
 *
 * Included by C compiled for BPF and by C++. Fixed-width members only, every structure's size is
 * asserted on both sides. All integers are in host byte order unless a member says otherwise.
 * Counters only ever grow; the helper reads them through mmap while the kernel adds to them
 * atomically, so each 64-bit member is read whole but two members may be one event apart.
 */
#ifndef NETTALLY_ABI_H
#define NETTALLY_ABI_H

#ifdef __cplusplus
#include <cstdint>
typedef uint8_t nt_u8;
typedef uint16_t nt_u16;
typedef uint32_t nt_u32;
typedef int32_t nt_s32;
typedef uint64_t nt_u64;
#define NT_ASSERT_SIZE(type, size) static_assert(sizeof(type) == (size), #type " changed its layout")
#else
typedef unsigned char nt_u8;
typedef unsigned short nt_u16;
typedef unsigned int nt_u32;
typedef int nt_s32;
typedef unsigned long long nt_u64;
#define NT_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " changed its layout")
#endif

/* Raised with every change to a structure below; compared by a helper that takes over pinned maps. */
#define NT_ABI_VERSION 1u

/* Index 0 of the row and program tables is never handed out: it takes what finds no place (full table). */
#define NT_OVERFLOW_INDEX 0u

#define NT_COMM_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define NT_PATH_LEN 256 /* longer paths keep their end, which names the program */

enum nt_direction {
    NT_DIRECTION_UNKNOWN = 0, /* the socket was open before the first program was attached */
    NT_DIRECTION_OUTGOING = 1, /* connected or sent first from here: servicePort is the remote one */
    NT_DIRECTION_INCOMING = 2, /* accepted, or received on a bound port: servicePort is the local one */
};

/*
 * A program is a process image: the same process after execve() is another program (execId differs),
 * and so is another process that was given the same pid (startNs differs).
 */
struct nt_program_key {
    nt_u64 startNs; /* task_struct.group_leader->start_boottime: CLOCK_BOOTTIME, nanoseconds */
    nt_u64 execId; /* task_struct.self_exec_id */
    nt_u32 tgid; /* pid as the initial pid namespace sees it */
    nt_u32 reserved; /* 0, so that the key has no padding */
};
NT_ASSERT_SIZE(struct nt_program_key, 24);

struct nt_program {
    struct nt_program_key key;
    nt_u64 cgroupId; /* cgroup v2 id at first sight, 0 if unknown */
    nt_u64 endedNs; /* CLOCK_BOOTTIME nanoseconds of the last thread's exit, 0 while it runs */
    nt_u32 uid; /* real user id in the initial user namespace, at first sight */
    nt_u32 pidNs; /* inode number of the pid namespace */
    nt_u32 netNs; /* inode number of the network namespace */
    nt_u32 isKernel; /* 1: a kernel thread, path is empty */
    nt_u32 pathLen; /* bytes of path in use, 0 if not known */
    nt_u32 ready; /* 1 once every member above and below is written; read it first */
    char comm[NT_COMM_LEN]; /* the group leader's name, NUL-terminated */
    char path[NT_PATH_LEN]; /* its last pathLen bytes: the executable as its mount namespace names it */
};
NT_ASSERT_SIZE(struct nt_program, 336);

/* A row's identity. IPv4 addresses are v4-mapped (::ffff:a.b.c.d); all zero: not connected, unknown. */
struct nt_row_key {
    nt_u8 remote[16]; /* network byte order */
    nt_u32 program; /* index in the program table */
    nt_u32 ifindex; /* interface the socket's route used at first sight, 0 if not known then */
    nt_u16 servicePort;
    nt_u8 protocol; /* IPPROTO_*; 255 for IPPROTO_RAW; MPTCP (262) is stored as IPPROTO_TCP */
    nt_u8 direction; /* enum nt_direction */
    nt_u32 reserved; /* 0, so that the key has no padding */
};
NT_ASSERT_SIZE(struct nt_row_key, 32);

struct nt_row {
    struct nt_row_key key;
    nt_u32 generation; /* of this slot; a reader that sees it change has another row before it */
    nt_u32 ready; /* 1 once key is written; read it first */
    nt_u64 rxPayloadBytes; /* what receive calls returned, MSG_PEEK and MSG_ERRQUEUE left out */
    nt_u64 txPayloadBytes; /* what send calls returned */
    nt_s32 openSockets; /* sockets now open whose bytes go to this row */
    nt_u32 reserved;
};
NT_ASSERT_SIZE(struct nt_row, 64);

/* One element, shared by all programs. */
struct nt_control {
    nt_u32 abiVersion; /* NT_ABI_VERSION, written by the helper before anything is attached */
    nt_u32 rowCapacity; /* elements of the row table, the overflow row included */
    nt_u32 programCapacity; /* elements of the program table, the overflow program included */
    nt_u32 nextRow; /* next free row; grows beyond rowCapacity when the table is full */
    nt_u32 nextProgram; /* likewise for programs */
    nt_u32 reserved;
    nt_u64 spilledFlows; /* times a new flow found the table full and went to the overflow row */
    nt_u64 spilledPrograms; /* likewise for programs */
    nt_u64 storageFailures; /* sockets without storage (memory): counted, but by the slow path */
};
NT_ASSERT_SIZE(struct nt_control, 48);

#endif
