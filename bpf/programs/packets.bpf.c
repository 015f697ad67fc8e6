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

/* Of the rows, what a socket that is not connected may take for its peers within this time. */
#define NT_PEER_SHARE 64
#define NT_PEER_PERIOD_NS (600ull * 1000000000)

/* What is read of a packet's headers; peer and port are those of the other end. */
struct nt_headers {
    struct nt_peer peer;
    nt_u32 length; /* of the IP header without extensions but the one for jumbograms */
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
        if (headers->protocol == NT_IPPROTO_HOPOPTS) {
            bpf_skb_load_bytes(skb, NT_IPV6_HEADER, &first, 1);
            if (first == NT_IPPROTO_TCP) {
                headers->protocol = first;
                headers->length += NT_JUMBO_HEADER;
            }
        }
    }
    if (headers->protocol == NT_IPPROTO_TCP || isDatagram(headers->protocol)) {
        bpf_skb_load_bytes(skb, headers->length + (isOutgoing ? 2 : 0), &headers->peerPort, 2);
        headers->peerPort = bpf_ntohs(headers->peerPort);
    }
}

/* What a packet is to become, or was, on the way. */
struct nt_segments {
    nt_u32 more; /* beyond the first */
    nt_u32 headerBytes; /* that each of them repeats */
    nt_u32 jumboBytes; /* of a header that holds the length of what is too long for a packet; no segment has
                          it */
};

static __noinline int segmentsOf(struct __sk_buff *skb, struct nt_segments *segments)
{
    struct nt_headers headers = {};
    nt_u32 number = skb->gso_segs;
    nt_u8 tcpLength = 0;

    if (!segments)
        return 0;
    readHeaders(skb, 0, &headers);
    segments->jumboBytes = headers.length == NT_IPV6_HEADER + NT_JUMBO_HEADER ? NT_JUMBO_HEADER : 0;
    segments->headerBytes = headers.length + 8;
    if (headers.protocol == NT_IPPROTO_TCP) {
        bpf_skb_load_bytes(skb, headers.length + 12, &tcpLength, 1);
        segments->headerBytes = headers.length + (tcpLength >> 4) * 4;
    }
    /* A guest's own offload hands over packets without the number. */
    if (!number && skb->gso_size && skb->len > segments->headerBytes)
        number = (skb->len - segments->headerBytes + skb->gso_size - 1) / skb->gso_size;
    segments->headerBytes -= segments->jumboBytes;
    segments->more = number > 1 ? number - 1 : 0;
    return 0;
}

/* As kernelSocket(). */
static __always_inline struct sk_buff *kernelPacket(struct nt_scratch *work, struct __sk_buff *skb)
{
    *(struct __sk_buff *volatile *)&work->kernelPacket = skb;
    return (struct sk_buff *)*(volatile nt_u64 *)&work->kernelPacket;
}

static __always_inline struct nt_scratch *workspace(void)
{
    nt_u32 zero = 0;

    return bpf_map_lookup_elem(&scratch, &zero);
}

/* Whether the route of an outgoing IPv4 packet is to a group: then the stack may make a copy for this
 * machine, and has both pass here. */
static __always_inline int isToGroup(struct __sk_buff *skb)
{
    struct nt_scratch *work = workspace();
    struct rtable *route;

    if (!work || skb->protocol != NT_ETH_P_IP)
        return 0;
    route = (struct rtable *)(BPF_CORE_READ(kernelPacket(work, skb), _skb_refdst) & ~1ull);
    return route && BPF_CORE_READ(route, rt_flags) & (NT_RTCF_BROADCAST | NT_RTCF_MULTICAST);
}

/* Of a packet to a group: whether it is that copy, which no interface sends. Only the packet itself is
 * charged to its socket's send buffer, and has somebody to tell when it is freed. */
static __noinline int isLoopedBack(struct __sk_buff *skb)
{
    struct nt_scratch *work = workspace();

    return work && !BPF_CORE_READ(kernelPacket(work, skb), destructor);
}

/*
 * Whether the interface counted a received packet for another socket already, or not at all: what was sent
 * to a group from here, and what the stack hands to each of several sockets. These are those that joined a
 * group, and raw and ping sockets, who have each packet of their protocol beside its real receiver.
 */
static __noinline int isCopy(struct __sk_buff *skb, struct bpf_sock *sk)
{
    struct nt_delivery *last, now = {};
    struct nt_scratch *work = workspace();
    nt_u64 socket;
    int isSame;

    if (!work || !sk)
        return 0;
    if (skb->pkt_type == NT_PACKET_LOOPBACK)
        return 1;
    if (sk->type == NT_SOCK_RAW && (sk->protocol == NT_IPPROTO_TCP || sk->protocol == NT_IPPROTO_UDP))
        return 1;
    last = &work->delivered;
    /* Through memory, where they become numbers. */
    now.data = last->data;
    now.socket = last->socket;
    *(void *volatile *)&last->data = (void *)(long)skb->data;
    *(struct bpf_sock *volatile *)&last->socket = sk;
    isSame = now.data == *(volatile nt_u64 *)&last->data && last->length == skb->len;
    socket = *(volatile nt_u64 *)&last->socket;
    if (skb->protocol == NT_ETH_P_IP) {
        bpf_skb_load_bytes(skb, 0, now.headers, 20);
        bpf_skb_load_bytes(skb, 20, (char *)now.headers + 20, 8);
    } else {
        bpf_skb_load_bytes(skb, 0, now.headers, NT_IPV6_HEADER);
        bpf_skb_load_bytes(skb, NT_IPV6_HEADER, (char *)now.headers + NT_IPV6_HEADER, 8);
    }
#pragma unroll
    for (int i = 0; i < NT_IDENTITY_WORDS; i++) {
        isSame = isSame && last->headers[i] == now.headers[i];
        last->headers[i] = now.headers[i];
    }
    last->length = skb->len;
    /* None has a packet twice: at the first again, it is another one at the same address. */
    if (!isSame || now.socket == socket)
        return 0;
    last->socket = now.socket;
    return 1;
}

static __always_inline int mayBeCopy(struct __sk_buff *skb, struct bpf_sock *sk)
{
    void *data = (void *)(long)skb->data;
    void *end = (void *)(long)skb->data_end;

    if (sk->protocol == NT_IPPROTO_TCP && sk->type != NT_SOCK_RAW)
        return 0;
    /* The kind of a packet is that of its frame: a tunnel's have none. */
    if (sk->protocol != NT_IPPROTO_UDP || sk->type == NT_SOCK_RAW || skb->pkt_type)
        return 1;
    if (skb->protocol == NT_ETH_P_IP)
        return data + 20 <= end && *(nt_u8 *)(data + 16) >= 0xe0;
    return data + NT_IPV6_HEADER <= end && *(nt_u8 *)(data + 24) == 0xff;
}

/* Which message of ICMP it is: as many rows as there are types, which the kernel itself chooses. */
static __always_inline nt_u16 messageOf(struct __sk_buff *skb, const struct nt_headers *headers)
{
    nt_u8 type = 0;

    if (headers->protocol != NT_IPPROTO_ICMP && headers->protocol != NT_IPPROTO_ICMPV6)
        return 0;
    bpf_skb_load_bytes(skb, headers->length, &type, 1);
    return NT_MESSAGE + type;
}

static __always_inline void describeFlow(struct __sk_buff *skb, struct bpf_sock *sk, struct sock *kernelSk,
                                         struct nt_socket *socket, int isOutgoing, struct nt_row_key *key)
{
    struct nt_headers headers = {};
    nt_u16 local = sk->src_port;

    readHeaders(skb, isOutgoing, &headers);
    key->protocol = headers.protocol;
    if (key->program == NT_UNOWNED_PROGRAM) {
        key->servicePort = messageOf(skb, &headers);
        return;
    }
    /* Whoever knocks has no row of its own before a program answers: anybody can come by any name. */
    if (sk->state != NT_TCP_LISTEN && !socket->isPending)
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

/* A path of a multipath connection belongs to whom that does, once a program used it. */
static __always_inline int learnOwner(struct nt_socket *socket, struct sock *kernelSk)
{
    struct inet_connection_sock *path = (struct inet_connection_sock *)kernelSk;
    struct mptcp_subflow_context *context;
    nt_u64 connection, *owner;

    if (!isMultipath(kernelSk) || !bpf_core_type_exists(struct mptcp_subflow_context))
        return 0;
    context = BPF_CORE_READ(path, icsk_ulp_data);
    connection = (nt_u64)BPF_CORE_READ(context, conn);
    owner = bpf_map_lookup_elem(&multipath, &connection);
    if (!owner)
        return 0;
    socket->owner = *owner;
    return 1;
}

/* Whether a socket that is not connected may have a row for one peer more. */
static __always_inline int mayMeet(struct nt_socket *socket, const struct nt_control *shared)
{
    nt_u64 now = bpf_ktime_get_boot_ns();

    if (now - socket->peersSinceNs > NT_PEER_PERIOD_NS) {
        socket->peersSinceNs = now;
        socket->peers = 0;
    }
    return __sync_fetch_and_add(&socket->peers, 1) < shared->rowCapacity / NT_PEER_SHARE;
}

static __noinline nt_u64 findPacketPlace(struct __sk_buff *skb, struct bpf_sock *sk, struct nt_socket *socket,
                                         int isOutgoing, nt_u32 ifindex)
{
    struct nt_row_key key = {.program = NT_UNOWNED_PROGRAM};
    struct nt_control *shared = controlBlock();
    nt_u64 owner, place;
    struct nt_row *row;
    nt_u32 ownerStamp;

    if (!socket || !shared)
        return 0;
    struct sock *kernelSk = kernelSocket(socket, sk);
    if (!(socket->owner & NT_OWNER_SET))
        learnOwner(socket, kernelSk);
    owner = socket->owner;
    /* The kernel has sockets that it uses in each namespace in turn. */
    if (!socket->netNs || !(owner & NT_OWNER_SET))
        socket->netNs = BPF_CORE_READ(kernelSk, __sk_common.skc_net.net, ns.inum);
    key.program = programOfOwner(owner, &ownerStamp);
    key.ifindex = ifindex;
    key.netNs = socket->netNs;
    describeFlow(skb, sk, kernelSk, socket, isOutgoing, &key);
    if (!sk->dst_port && key.program != NT_UNOWNED_PROGRAM && !knownPlace(&key) && !mayMeet(socket, shared))
        __builtin_memset(key.remote, 0, sizeof key.remote);
    row = rowOfKey(&key, ownerStamp, &place);
    if (isOutgoing && isDatagram((nt_u8)sk->protocol) && isToGroup(skb))
        place |= NT_PLACE_MANY;
    /* What is spilled is remembered while the next packet would find no row either. */
    if (row && (!isSpillRow(row) || !hasRoom(shared)))
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
    struct nt_segments segments = {};
    struct nt_packets what = {};
    struct nt_row *row;
    nt_u64 place;

    readHeaders(skb, isOutgoing, &headers);
    segmentsOf(skb, &segments);
    key.ifindex = skb->ifindex;
    key.protocol = headers.protocol;
    key.servicePort = messageOf(skb, &headers);
    row = rowOfKey(&key, 0, &place);
    if (!row)
        return 0;
    if (isOutgoing) {
        what.txIpBytes = skb->len - segments.jumboBytes;
        what.txPackets = 1;
        what.txMoreSegments = segments.more;
        what.txSegmentHeaderBytes = segments.more * segments.headerBytes;
    } else {
        what.rxIpBytes = skb->len - segments.jumboBytes;
        what.rxPackets = 1;
        what.rxMoreSegments = segments.more;
        what.rxSegmentHeaderBytes = segments.more * segments.headerBytes;
    }
    addPackets(&row->packets, &what);
    return 0;
}

/* Without a branch: each counter is at a fixed distance from that of the other direction. */
#define NT_OF_DIRECTION(packets, isOutgoing, name)                                                           \
    ((isOutgoing) ? &(packets)->tx##name : &(packets)->rx##name)

static __always_inline void countPacket(struct nt_packets *to, struct __sk_buff *skb, int isOutgoing)
{
    nt_u32 bytes = skb->len;

    if (skb->gso_size) {
        struct nt_segments segments = {};

        segmentsOf(skb, &segments);
        bytes -= segments.jumboBytes;
        if (segments.more) {
            __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, MoreSegments), segments.more);
            __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, SegmentHeaderBytes),
                                 (nt_u64)segments.more * segments.headerBytes);
        }
    }
    __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, IpBytes), bytes);
    /* Last: a reader that sees no packet more looks at nothing else. */
    __sync_fetch_and_add(NT_OF_DIRECTION(to, isOutgoing, Packets), 1);
}

/* A pending path whose connection is used by now: what was held is that program's. */
static __noinline nt_u64 takePath(struct __sk_buff *skb, struct bpf_sock *sk, struct nt_socket *socket,
                                  int isOutgoing)
{
    struct nt_row *row;
    nt_u64 place;

    if (!socket || !learnOwner(socket, kernelSocket(socket, sk)))
        return 0;
    socket->isPending = 0;
    place = findPacketPlace(skb, sk, socket, isOutgoing, skb->ifindex);
    row = rowOfPlace(place);
    if (row && isHolding(socket) && row->key.ifindex == socket->heldIfindex)
        releaseHeld(socket, row);
    else if (isHolding(socket))
        settleHeld(socket);
    return place;
}

/* Kept with the socket until a program uses it, and meanwhile shown as pending: what one interface moved. */
static __noinline int holdPacket(struct __sk_buff *skb, struct nt_socket *socket, int isOutgoing)
{
    struct nt_row *gauge;

    if (!socket)
        return 0;
    if (!isHolding(socket))
        socket->heldIfindex = skb->ifindex;
    if (socket->heldIfindex != skb->ifindex)
        return 0;
    gauge = pendingRow(skb->ifindex, socket->netNs);
    if (!gauge)
        return 0;
    countPacket(&gauge->packets, skb, isOutgoing);
    countPacket(&socket->held, skb, isOutgoing);
    if (socket->held.rxIpBytes + socket->held.txIpBytes > NT_HELD_LIMIT) {
        socket->isPending = 0;
        settleHeld(socket);
        __sync_lock_test_and_set(&socket->packetPlace, 0);
    }
    return 1;
}

/* The packet's class, for the audit's second column. */
static __noinline int auditSeen(struct __sk_buff *skb, int isOutgoing)
{
    struct nt_audit_interface *interface = auditOf(skb->ifindex);
    nt_u8 headers[128] = {}; /* a power of two, for the mask */
    struct nt_segments segments = {};
    nt_u32 length, bytes;

    if (!interface)
        return 0;
    length = skb->len < NT_CLASS_BYTES ? skb->len : NT_CLASS_BYTES;
    /* Masked: all that older verifiers understand of a length that is neither zero nor too long. */
    length -= 1;
    asm volatile("" : "+r"(length));
    length = (length & (sizeof headers - 1)) + 1;
    bpf_skb_load_bytes(skb, 0, headers, length);
    if (skb->gso_size)
        segmentsOf(skb, &segments);
    bytes = skb->len - segments.jumboBytes;
    addAudit(
        &interface->seen[!!isOutgoing][classOf(headers, skb->protocol, skb->len) & (NT_AUDIT_CLASSES - 1)],
        bytes, segments.more, segments.headerBytes);
    return 0;
}

/* Whether the row that the last packet went to takes this one too. */
static __always_inline int isRowOfPacket(struct nt_row *row, struct __sk_buff *skb, struct bpf_sock *sk,
                                         int isOutgoing)
{
    struct nt_peer peer;

    if (isSpillRow(row))
        return !hasRoom(controlBlock());
    /* Sockets that are not connected talk to many; of a listener's they are not told apart. */
    if (!sk->dst_port && sk->state != NT_TCP_LISTEN && row->key.direction != NT_DIRECTION_UNKNOWN) {
        readPeer(skb, isOutgoing, &peer);
        return isPeerOf(&row->key, &peer);
    }
    /* The kernel's own, which belong to no namespace. */
    return sk->type != NT_SOCK_RAW || row->key.program != NT_UNOWNED_PROGRAM;
}

static __always_inline void accountPacket(struct __sk_buff *skb, int isOutgoing)
{
    struct bpf_sock *sk = skb->sk;
    struct nt_socket *socket;
    nt_u32 ifindex;
    struct nt_row *row;
    nt_u64 place;

    if (!isActive())
        return;
    if (sk)
        sk = bpf_sk_fullsock(sk);
    socket = sk ? bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : NULL;
    if (!sk || !socket) {
        accountUnowned(skb, isOutgoing);
        return;
    }
    ifindex = skb->ifindex;
    if (!isOutgoing && mayBeCopy(skb, sk) && isCopy(skb, sk))
        ifindex = 0; /* the socket's, but not the interface's */
    place = *(volatile nt_u64 *)&socket->packetPlace;
    row = rowOfPlace(place);
    if (!row || row->key.ifindex != ifindex || !isRowOfPacket(row, skb, sk, isOutgoing)) {
        place = findPacketPlace(skb, sk, socket, isOutgoing, ifindex);
        row = rowOfPlace(place);
        if (!row)
            return;
    }
    if (isOutgoing && place & NT_PLACE_MANY && isLoopedBack(skb))
        return;
    if (ifindex && isAuditing() && row->key.netNs == ownNetNs)
        auditSeen(skb, isOutgoing);
    if (!isOutgoing && isAskingForNames(&row->key))
        copyAnswer(skb, row);
    if (socket->isPending) {
        struct nt_row *taken = rowOfPlace(takePath(skb, sk, socket, isOutgoing));

        if (taken)
            row = taken;
        else if (holdPacket(skb, socket, isOutgoing))
            return;
    }
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
