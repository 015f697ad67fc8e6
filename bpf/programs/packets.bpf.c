// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The packet plane: what crossed the interfaces, put down to the program whose socket it was. Attached at
 * the root of the control groups, where every socket's packets pass: outgoing ones before they are cut
 * into segments or fragments, incoming ones after they were put together.
 */
#include "accounting.h"
#include "classes.h"
#include "names.h"

#include <bpf/bpf_tracing.h>

/* An accepted connection that moves more before any program used it is put down to the listener's. */
#define NT_HELD_LIMIT (1 << 20)

/* What is read of a packet's headers; peer and port are those of the other end. */
struct nt_headers {
    struct nt_peer peer;
    nt_u32 length; /* of the IP header without extensions */
    nt_u16 peerPort; /* 0 unless TCP or UDP */
    nt_u8 protocol;
};

static __always_inline void readPeer(struct __sk_buff *skb, int isOutgoing, struct nt_peer *peer)
{
    void *data = (void *)(long)skb->data;
    void *end = (void *)(long)skb->data_end;

    peer->half[0] = peer->half[1] = 0;
    if (skb->protocol == NT_ETH_P_IP) {
        if (data + 20 <= end)
            mapV4(*(nt_u32 *)(data + (isOutgoing ? 16 : 12)), peer);
    } else if (skb->protocol == NT_ETH_P_IPV6) {
        if (data + NT_IPV6_HEADER <= end)
            __builtin_memcpy(peer, data + (isOutgoing ? 24 : 8), 16);
    }
}

static __always_inline void readHeaders(struct __sk_buff *skb, int isOutgoing, struct nt_headers *headers)
{
    nt_u8 first = 0;

    readPeer(skb, isOutgoing, &headers->peer);
    headers->peerPort = 0;
    if (skb->protocol == NT_ETH_P_IP) {
        bpf_skb_load_bytes(skb, 0, &first, 1);
        headers->length = (first & 0xf) * 4;
        bpf_skb_load_bytes(skb, 9, &headers->protocol, 1);
    } else {
        headers->length = NT_IPV6_HEADER;
        bpf_skb_load_bytes(skb, 6, &headers->protocol, 1);
    }
    if (headers->protocol == NT_IPPROTO_TCP || isDatagram(headers->protocol)) {
        bpf_skb_load_bytes(skb, headers->length + (isOutgoing ? 2 : 0), &headers->peerPort, 2);
        headers->peerPort = bpf_ntohs(headers->peerPort);
    }
}

/* Segments beyond the first, and the length of the headers that each of them repeats. */
static __noinline nt_u32 segmentsOf(struct __sk_buff *skb, nt_u32 *headerBytes)
{
    struct nt_headers headers = {};
    nt_u32 segments = skb->gso_segs;
    nt_u8 tcpLength = 0;

    if (!headerBytes)
        return 0;
    readHeaders(skb, 0, &headers);
    *headerBytes = headers.length + 8;
    if (headers.protocol == NT_IPPROTO_TCP) {
        bpf_skb_load_bytes(skb, headers.length + 12, &tcpLength, 1);
        *headerBytes = headers.length + (tcpLength >> 4) * 4;
    }
    /* A guest's own offload hands over packets without the number. */
    if (!segments && skb->gso_size && skb->len > *headerBytes)
        segments = (skb->len - *headerBytes + skb->gso_size - 1) / skb->gso_size;
    return segments > 1 ? segments - 1 : 0;
}

/* A socket's kernel structure is out of a control group program's reach, but for its address. */
static __always_inline struct sock *kernelSocket(struct nt_socket *socket, struct bpf_sock *sk)
{
    *(struct bpf_sock *volatile *)&socket->kernelAddress = sk;
    return (struct sock *)*(volatile nt_u64 *)&socket->kernelAddress;
}

static __always_inline void describeFlow(struct __sk_buff *skb, struct bpf_sock *sk, struct sock *kernelSk,
                                         struct nt_socket *socket, int isOutgoing, struct nt_row_key *key)
{
    struct nt_headers headers = {};
    nt_u16 local = sk->src_port;

    readHeaders(skb, isOutgoing, &headers);
    key->protocol = headers.protocol;
    if (key->program == NT_UNOWNED_PROGRAM)
        return;
    __builtin_memcpy(key->remote, &headers.peer, 16);
    key->protocol = (nt_u8)sk->protocol;
    if (key->protocol == NT_IPPROTO_TCP) {
        serveTcp(key, sk->state == NT_TCP_LISTEN ? NT_DIRECTION_INCOMING : (nt_u8)socket->direction, local,
                 headers.peerPort);
        return;
    }
    key->direction = NT_DIRECTION_OUTGOING;
    if (!isDatagram(key->protocol))
        return;
    if (!sk->dst_port && BPF_CORE_READ_BITFIELD_PROBED(kernelSk, sk_userlocks) & NT_SOCK_BINDPORT_LOCK)
        key->direction = NT_DIRECTION_INCOMING;
    key->servicePort = key->direction == NT_DIRECTION_INCOMING ? local : headers.peerPort;
}

static __noinline nt_u64 findPacketPlace(struct __sk_buff *skb, struct bpf_sock *sk, struct nt_socket *socket,
                                         int isOutgoing)
{
    struct nt_row_key key = {.program = NT_UNOWNED_PROGRAM};
    struct nt_control *shared = controlBlock();
    struct nt_program *program = NULL;
    nt_u64 owner, place;
    nt_u32 index;

    if (!socket || !shared)
        return 0;
    struct sock *kernelSk = kernelSocket(socket, sk);
    if (!socket->netNs)
        socket->netNs = BPF_CORE_READ(kernelSk, __sk_common.skc_net.net, ns.inum);
    owner = socket->owner;
    if (owner & NT_OWNER_SET)
        key.program = (nt_u32)owner;
    index = key.program;
    program = bpf_map_lookup_elem(&programs, &index);
    key.ifindex = skb->ifindex;
    key.netNs = socket->netNs;
    describeFlow(skb, sk, kernelSk, socket, isOutgoing, &key);
    place = placeOf(&key, program && index != NT_OVERFLOW_INDEX ? stampOf(&program->key) : 0);
    if (key.program != NT_OVERFLOW_INDEX || shared->nextRow + NT_SPILL_ROWS >= shared->rowCapacity)
        __sync_lock_test_and_set(&socket->packetPlace, place);
    /* Changed hands meanwhile: then the next packet looks anew. */
    if (socket->owner != owner)
        __sync_lock_test_and_set(&socket->packetPlace, 0);
    return place;
}

/* A packet whose socket has no storage, or is none any more. */
static __noinline int accountUnowned(struct __sk_buff *skb, int isOutgoing)
{
    struct nt_row_key key = {.program = NT_UNOWNED_PROGRAM};
    struct nt_headers headers = {};
    nt_u32 headerBytes = 0;
    nt_u32 more = segmentsOf(skb, &headerBytes);
    struct nt_packets what = {};
    struct nt_row *row;

    readHeaders(skb, isOutgoing, &headers);
    key.ifindex = skb->ifindex;
    key.protocol = headers.protocol;
    row = rowOfPlace(placeOf(&key, 0));
    if (!row)
        return 0;
    if (isOutgoing) {
        what.txIpBytes = skb->len;
        what.txPackets = 1;
        what.txMoreSegments = more;
        what.txSegmentHeaderBytes = more * headerBytes;
    } else {
        what.rxIpBytes = skb->len;
        what.rxPackets = 1;
        what.rxMoreSegments = more;
        what.rxSegmentHeaderBytes = more * headerBytes;
    }
    addPackets(&row->packets, &what);
    return 0;
}

/* Without a branch: each counter is at a fixed distance from that of the other direction. */
#define NT_OF_DIRECTION(packets, isOutgoing, name)                                                           \
    ((isOutgoing) ? &(packets)->tx##name : &(packets)->rx##name)

static __always_inline void countPacket(struct nt_packets *to, struct __sk_buff *skb, int isOutgoing)
{
    __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, IpBytes), skb->len);
    if (skb->gso_size) {
        nt_u32 headerBytes = 0;
        nt_u32 more = segmentsOf(skb, &headerBytes);

        if (more) {
            __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, MoreSegments), more);
            __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, SegmentHeaderBytes),
                                 (nt_u64)more * headerBytes);
        }
    }
    /* Last: a reader that sees no packet more looks at nothing else. */
    __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, Packets), 1);
}

/* Kept with the socket until a program uses it, and meanwhile shown as pending. */
static __noinline int holdPacket(struct __sk_buff *skb, struct nt_socket *socket, struct nt_row *row,
                                 int isOutgoing)
{
    struct nt_row *gauge;

    if (!socket || !row)
        return 0;
    gauge = pendingRow(row->key.ifindex, row->key.netNs);
    if (!gauge)
        return 0;
    countPacket(&gauge->packets, skb, isOutgoing);
    countPacket(&socket->held, skb, isOutgoing);
    if (socket->held.rxIpBytes + socket->held.txIpBytes > NT_HELD_LIMIT) {
        socket->isPending = 0;
        settleHeld(socket);
    }
    return 1;
}

/* The packet's class, for the audit's second column. */
static __noinline int auditSeen(struct __sk_buff *skb, int isOutgoing)
{
    struct nt_audit_interface *interface = auditOf(skb->ifindex);
    nt_u8 headers[128] = {}; /* a power of two, for the mask */
    nt_u32 headerBytes = 0;
    nt_u32 more = 0;
    nt_u32 length;

    if (!interface)
        return 0;
    length = skb->len < NT_CLASS_BYTES ? skb->len : NT_CLASS_BYTES;
    /* Masked: all that older verifiers understand of a length that is neither zero nor too long. */
    length -= 1;
    asm volatile("" : "+r"(length));
    length = (length & (sizeof headers - 1)) + 1;
    bpf_skb_load_bytes(skb, 0, headers, length);
    if (skb->gso_size)
        more = segmentsOf(skb, &headerBytes);
    addAudit(
        &interface->seen[!!isOutgoing][classOf(headers, skb->protocol, skb->len) & (NT_AUDIT_CLASSES - 1)],
        skb->len, more, headerBytes);
    return 0;
}

static __always_inline void accountPacket(struct __sk_buff *skb, int isOutgoing)
{
    struct bpf_sock *sk = skb->sk;
    struct nt_socket *socket;
    struct nt_row *row;
    struct nt_peer peer;

    if (!isActive())
        return;
    if (sk)
        sk = bpf_sk_fullsock(sk);
    socket = sk ? bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
    if (!sk || !socket) {
        accountUnowned(skb, isOutgoing);
        return;
    }
    row = rowOfPlace(*(volatile nt_u64 *)&socket->packetPlace);
    if (row && row->key.ifindex == skb->ifindex) {
        /* Sockets that are not connected talk to many; what is nobody's is not told apart by peer. */
        if (!sk->dst_port && row->key.direction != NT_DIRECTION_UNKNOWN) {
            readPeer(skb, isOutgoing, &peer);
            if (!isPeerOf(&row->key, &peer))
                row = NULL;
        }
    } else {
        row = NULL;
    }
    if (!row) {
        row = rowOfPlace(findPacketPlace(skb, sk, socket, isOutgoing));
        if (!row)
            return;
    }
    if (isAuditing() && row->key.netNs == ownNetNs)
        auditSeen(skb, isOutgoing);
    if (!isOutgoing && isAskingForNames(&row->key))
        copyAnswer(skb, row);
    if (socket->isPending && holdPacket(skb, socket, row, isOutgoing))
        return;
    countPacket(&row->packets, skb, isOutgoing);
}

SEC("cgroup_skb/egress")
int packetSent(struct __sk_buff *skb)
{
    accountPacket(skb, 1);
    return 1;
}

SEC("cgroup_skb/ingress")
int packetReceived(struct __sk_buff *skb)
{
    accountPacket(skb, 0);
    return 1;
}

/* total_retrans counts segments; the tracepoint comes once a call that sent some again. */
SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(segmentsSentAgain, struct sock *sk, void *skb)
{
    struct nt_socket *socket = isActive() ? bpf_sk_storage_get(&sockets, sk, 0, 0) : NULL;
    struct tcp_sock *tcp = (struct tcp_sock *)sk;
    nt_u32 total;
    struct nt_row *row;

    if (!socket)
        return 0;
    row = rowOfPlace(socket->packetPlace);
    if (!row)
        return 0;
    total = BPF_CORE_READ(tcp, total_retrans);
    __sync_fetch_and_add(&row->retransmits, total - __sync_lock_test_and_set(&socket->retransmits, total));
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
