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
#define NT_ABI_VERSION 4u

/* Index 0 of the row and program tables is never handed out: it takes what finds no place (full table). */
#define NT_OVERFLOW_INDEX 0u
/* Beyond every table. Of packets whose socket no program owns: the kernel's own answers, ... */
#define NT_UNOWNED_PROGRAM 0xfffffffeu
/*
 * Beyond every table. Of what connections received and sent that are accepted but not used yet. Its rows
 * are gauges: they shrink when a program takes a connection over, and the bytes become its own.
 */
#define NT_PENDING_PROGRAM 0xfffffffdu

/* In the key of a row that is used for nothing at present. */
#define NT_FREE_PROGRAM 0xfffffffcu

/* Added to the type of an ICMP message, so that each differs from none. */
#define NT_MESSAGE 256u

/* Rows kept back for what is spilled when the table is full, told apart by interface. */
#define NT_SPILL_ROWS 64u

#define NT_COMM_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */
#define NT_PATH_LEN 256 /* longer paths keep their end, which names the program */

enum nt_direction {
    NT_DIRECTION_UNKNOWN = 0, /* the socket was open before the first program was attached */
    NT_DIRECTION_OUTGOING = 1, /* connected or sent first from here: servicePort is the remote one */
    NT_DIRECTION_INCOMING = 2, /* accepted, or received on a bound port: servicePort is the local one */
    NT_DIRECTION_LINK = 3, /* whole frames, sent by a packet socket (AF_PACKET): protocol is 0 */
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
    nt_u32 generation; /* grows when the slot is taken from a program that ended */
    nt_u32 reserved; /* 0, so that the structure has no padding */
    char comm[NT_COMM_LEN]; /* the group leader's name, NUL-terminated */
    char path[NT_PATH_LEN]; /* its last pathLen bytes: the executable as its mount namespace names it */
};
NT_ASSERT_SIZE(struct nt_program, 344);

/* A row's identity. IPv4 addresses are v4-mapped (::ffff:a.b.c.d); all zero: not connected, unknown. */
struct nt_row_key {
    nt_u8 remote[16]; /* network byte order */
    nt_u32 program; /* index in the program table */
    nt_u32 ifindex; /* interface of the packets; of payload the route's, 0 if not known then */
    nt_u32 netNs; /* inode number of the network namespace that ifindex is of, 0 if not known */
    nt_u16 servicePort; /* of ICMP that no program's socket had: NT_MESSAGE + type */
    nt_u8 protocol; /* IPPROTO_*; 255 for IPPROTO_RAW; MPTCP (262) is stored as IPPROTO_TCP */
    nt_u8 direction; /* enum nt_direction */
};
NT_ASSERT_SIZE(struct nt_row_key, 32);

/*
 * What the packets of a flow amount to. A packet is what the stack hands over as one: with segmentation
 * offload it leaves the card as several, each with a copy of the headers. The interface's own counter
 * holds one or the other, depending on the interface.
 */
struct nt_packets {
    nt_u64 rxIpBytes; /* from the IP header on */
    nt_u64 txIpBytes;
    nt_u64 rxPackets;
    nt_u64 txPackets;
    nt_u64 rxSegmentHeaderBytes; /* headers of the segments beyond each packet's first */
    nt_u64 txSegmentHeaderBytes;
    nt_u64 rxMoreSegments; /* segments beyond each packet's first */
    nt_u64 txMoreSegments;
};
NT_ASSERT_SIZE(struct nt_packets, 64);

/* Two cache lines: what a call touches, and what a packet touches. */
struct nt_row {
    struct nt_row_key key;
    nt_u32 generation; /* of this slot; odd while the row is in use: only then are key and stamp whole */
    nt_u32 ownerStamp; /* of the key of the program it belongs to, even if that one is spilled */
    nt_s32 openSockets; /* sockets now open whose bytes go to this row */
    nt_u32 retransmits; /* TCP segments sent again; wraps */
    nt_u64 rxPayloadBytes; /* what receive calls returned, MSG_PEEK and MSG_ERRQUEUE left out */
    nt_u64 txPayloadBytes; /* what send calls returned */
    struct nt_packets packets;
};
NT_ASSERT_SIZE(struct nt_row, 128);

/*
 * What a socket remembers, so that a call or a packet costs no hash look-up; the helper never reads it. Each
 * word is exchanged whole: two threads, or two programs that share the socket, may use it at once. Whose row
 * it is stands in the row itself.
 */
struct nt_socket {
    nt_u64 place; /* row of the last call: row, generation << 32, and NT_PLACE_*; 0: none yet */
    nt_u64 packetPlace; /* likewise of the last packet */
    nt_u64 owner; /* of the program that used it last: index, generation << 32, NT_OWNER_*; 0: none */
    nt_u64 openedNs; /* CLOCK_BOOTTIME nanoseconds of connect, accept or creation; 0: before we looked */
    nt_u64 kernelAddress; /* of the socket itself: see kernelSocket() */
    nt_u64 peersSinceNs; /* CLOCK_BOOTTIME nanoseconds from which on peers counts */
    nt_u32 peers; /* rows made for peers that the socket is not connected to */
    nt_u32 netNs; /* inode number; 0 until it was asked for */
    nt_u32 closed; /* 1 once the socket is; not counted as open any more */
    nt_u32 isPending; /* 1: accepted, used by no program yet; its packets are held */
    nt_u32 direction; /* enum nt_direction */
    nt_u32 retransmits; /* the socket's own count up to which the row was told */
    nt_u32 heldIfindex; /* of the interface whose packets are held */
    nt_u32 isMultipath; /* 1: a multipath connection whose owner stands in the map of those */
    struct nt_packets held; /* since it was accepted; given to the first program that uses it */
};
NT_ASSERT_SIZE(struct nt_socket, 144);

#define NT_PLACE_MANY (1ull << 61) /* of a packet place: sent to a group, and looped back perhaps */
#define NT_PLACE_SET (1ull << 62) /* tells row 0, generation 0 from none */
#define NT_PLACE_COUNTED (1ull << 63) /* the socket is in its row's openSockets */
#define NT_GENERATION_MASK 0x1fffffffu

#define NT_OWNER_SET (1ull << 62)
#define NT_OWNER_USED (1ull << 63) /* by a call; else created, connected or accepted only */

/* What the index of rows holds. */
struct nt_row_place {
    nt_u32 row;
    nt_u32 generation;
};
NT_ASSERT_SIZE(struct nt_row_place, 8);

/*
 * While an audit runs, every frame is classified twice: where it crosses the interface, and where it passes
 * the control groups. The difference, class by class, is what no socket sent or received.
 */
enum nt_audit_class {
    NT_AUDIT_OTHER = 0, /* neither IP nor any of the below */
    NT_AUDIT_ARP,
    NT_AUDIT_NEIGHBOUR, /* IPv6 neighbour and router discovery */
    NT_AUDIT_GROUPS, /* IGMP and multicast listener discovery */
    NT_AUDIT_ICMP, /* and ICMPv6 but for the two above */
    NT_AUDIT_TCP_OPEN, /* SYN without payload */
    NT_AUDIT_TCP_RESET,
    NT_AUDIT_TCP_CLOSE, /* FIN or bare acknowledgement without payload */
    NT_AUDIT_TCP_DATA,
    NT_AUDIT_UDP,
    NT_AUDIT_MULTICAST, /* UDP to many */
    NT_AUDIT_FRAGMENT, /* of an IP packet, but for the first */
    NT_AUDIT_OTHER_IP, /* other protocols on IP */
    NT_AUDIT_FORWARDED, /* sent on for others: it came in by an interface, and no socket sent it */
    NT_AUDIT_NOT_OURS, /* received, but addressed to another machine: bridged, or overheard */
    NT_AUDIT_PACKET_SOCKET, /* sent by a packet socket */
    NT_AUDIT_CLASSES = 32, /* in the tables: a power of two bounds an index by a mask */
};

/* A power of two. Interfaces that find no slot are not told of: their frames stay unnamed. */
#define NT_AUDIT_INTERFACES 64u

struct nt_audit_sum {
    nt_u64 frames; /* as the stack has them: before segmentation in the card, after it in software */
    nt_u64 ipBytes; /* without the link's header */
    nt_u64 moreSegments; /* as in nt_packets */
    nt_u64 segmentHeaderBytes;
};
NT_ASSERT_SIZE(struct nt_audit_sum, 32);

/* Counters grow while an audit runs; the helper clears the table before each. [0] received, [1] sent. */
struct nt_audit_interface {
    nt_u64 ifindex; /* of the interface that took the slot; 0: none did */
    struct nt_audit_sum device[2][NT_AUDIT_CLASSES];
    struct nt_audit_sum seen[2][NT_AUDIT_CLASSES];
};
NT_ASSERT_SIZE(struct nt_audit_interface, 4104);

#define NT_CONNECTION_MEASURED 1u /* the counters below are: a full socket, connected or about to be */

/*
 * A TCP socket of the reader's network namespace, as the iterator over them writes it; in no map. Byte
 * totals are of the connection's life, from before the helper's start on.
 */
struct nt_connection {
    nt_u64 cookie; /* SO_COOKIE: a connection has the same one from its handshake to the end of TIME_WAIT */
    nt_u64 openedNs; /* CLOCK_BOOTTIME nanoseconds; 0: not known, as before the helper's start */
    nt_u64 rxBytes; /* payload received in order, without the FIN that TCP counts as a byte */
    nt_u64 txBytes; /* payload sent, each byte once */
    nt_u64 retransmittedBytes; /* payload sent again */
    nt_u8 local[16]; /* network byte order, IPv4 v4-mapped; all zero: any address */
    nt_u8 remote[16]; /* likewise; all zero: none, as of a listener */
    nt_u32 program; /* index in the program table; NT_UNOWNED_PROGRAM: not known */
    nt_u32 roundTripUs; /* smoothed; 0: not measured yet */
    nt_u32 roundTripVariationUs; /* mean deviation */
    nt_u32 leastRoundTripUs; /* within the last minutes; 0: not measured yet */
    nt_u32 congestionWindow; /* segments */
    nt_u32 retransmits; /* segments sent again */
    nt_u16 localPort; /* host byte order */
    nt_u16 remotePort; /* host byte order */
    nt_u16 servicePort; /* as in nt_row_key */
    nt_u8 state; /* TCP_*, include/net/tcp_states.h; TCP_NEW_SYN_RECV is told as TCP_SYN_RECV */
    nt_u8 direction; /* enum nt_direction */
    nt_u32 flags; /* NT_CONNECTION_* */
    nt_u32 reserved; /* 0, so that the record has no padding */
};
NT_ASSERT_SIZE(struct nt_connection, 112);

#define NT_NAME_RING_BYTES (256u * 1024u) /* a power of two */
#define NT_NAME_DATA 2048u /* of one record; a power of two */

#define NT_NAME_START 1u /* TCP: sequence is the SYN's, data begins one above */
#define NT_NAME_END 2u /* TCP: nothing follows */

/*
 * In the ring of names, before its data: a datagram that came from the port of name servers, cut to
 * NT_NAME_DATA, or a piece of a TCP segment from it. Not looked into: what they say is not to be trusted.
 */
struct nt_name_record {
    nt_u64 timeNs; /* CLOCK_BOOTTIME nanoseconds */
    nt_u64 cookie; /* SO_COOKIE of the socket that received it */
    nt_u32 program; /* as in nt_row_key */
    nt_u32 sequence; /* TCP: of the first byte of data */
    nt_u16 dataBytes; /* that follow */
    nt_u8 protocol; /* IPPROTO_UDP or IPPROTO_TCP */
    nt_u8 flags; /* NT_NAME_* */
    nt_u32 generation; /* of the program's place when the record was made */
};
NT_ASSERT_SIZE(struct nt_name_record, 32);

/* One element. */
struct nt_name_control {
    nt_u64 isWanted; /* not 0 while somebody reads the ring; the helper writes it at any time */
    nt_u64 lost; /* records that found the ring full, and segments too long to copy whole */
};
NT_ASSERT_SIZE(struct nt_name_control, 16);

/* An interface and a program that holds the file behind it, as the iterator over files writes it; in no map.
 */
struct nt_tunnel {
    nt_u32 ifindex;
    nt_u32 netNs; /* inode number of the network namespace that ifindex is of */
    nt_u32 program; /* index in the program table */
    nt_u32 reserved; /* 0 */
};
NT_ASSERT_SIZE(struct nt_tunnel, 16);

/* One element, shared by all programs. */
struct nt_control {
    nt_u32 abiVersion; /* NT_ABI_VERSION, written by the helper before anything is attached */
    nt_u32 activeSet; /* the set of attached programs that counts; the others stand by */
    nt_u32 rowCapacity; /* elements of the row table, the overflow row included */
    nt_u32 programCapacity; /* elements of the program table, the overflow program included */
    nt_u32 nextRow; /* next row never used; stops at rowCapacity */
    nt_u32 nextProgram; /* likewise for programs */
    nt_u64 spilledFlows; /* times a new flow found the table full */
    nt_u64 spilledPrograms; /* likewise for programs */
    nt_u64 storageFailures; /* sockets without storage (memory): counted, but by the slow path */
    nt_u64 build; /* of the active set's programs: a helper with the same takes them over as they are */
    nt_u64 sinceNs; /* CLOCK_BOOTTIME nanoseconds at which the counters began */
    nt_u64 freedRows; /* rows that were given back in all, for use by other flows */
    nt_u64 reusedRows; /* of those, how many were taken again */
    nt_u64 freedPrograms; /* likewise for programs */
    nt_u64 reusedPrograms;
};
NT_ASSERT_SIZE(struct nt_control, 96);

/*
 * Rows and programs are taken back in two steps, which the helper asks for and the kernel does: retired, they
 * are found by nobody any more, but who found them before may still be adding; after a while they are
 * free. The helper reads them once more in between.
 */
enum nt_recycle_step {
    NT_RECYCLE_NOTHING = 0,
    NT_RECYCLE_RETIRE_ROW, /* odd generation, no open sockets: generation becomes even */
    NT_RECYCLE_FREE_ROW, /* generation as it became */
    NT_RECYCLE_RETIRE_PROGRAM, /* one that ended: generation grows by one */
    NT_RECYCLE_FREE_PROGRAM, /* one no row names */
    NT_RECYCLE_DONE, /* the kernel's answer */
    NT_RECYCLE_REFUSED, /* likewise: it is in use, or not what it was */
};

#define NT_RECYCLE_BATCH 4096u /* requests at a time */

struct nt_recycle {
    nt_u32 index;
    nt_u32 generation; /* that the row or program has */
    nt_u32 step; /* enum nt_recycle_step */
    nt_u32 reserved;
};
NT_ASSERT_SIZE(struct nt_recycle, 16);

#endif
