// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The TCP connections as they are when somebody asks: nothing here runs otherwise. */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

static __always_inline void readAddresses(struct sock_common *common, struct nt_connection *connection)
{
    if (common->skc_family == NT_AF_INET) {
        struct nt_peer local, remote;

        mapV4(common->skc_rcv_saddr, &local);
        mapV4(common->skc_daddr, &remote);
        __builtin_memcpy(connection->local, &local, 16);
        __builtin_memcpy(connection->remote, &remote, 16);
    } else {
        BPF_CORE_READ_INTO(&connection->local, common, skc_v6_rcv_saddr);
        BPF_CORE_READ_INTO(&connection->remote, common, skc_v6_daddr);
    }
    connection->localPort = common->skc_num;
    connection->remotePort = bpf_ntohs(common->skc_dport);
}

/*
 * Payload sent, each byte once: how far the sequence numbers went, without a FIN and without the SYN, which
 * is acknowledged after connect() but not after accept(). bytes_sent alone also counts what this machine
 * dropped before it left, again at each try; of a connection whose opening was not seen it tells whether
 * there was a SYN, which fails, by that one byte, only where both comes together.
 */
static __always_inline nt_u64 sentBytes(struct tcp_sock *tcp, nt_u8 state, nt_u8 direction)
{
    nt_u64 sent = tcp->bytes_acked + (nt_u32)(tcp->snd_nxt - tcp->snd_una);
    nt_u64 tried = tcp->bytes_sent - tcp->bytes_retrans;
    int finQueued = state == NT_TCP_FIN_WAIT1 || state == NT_TCP_FIN_WAIT2 || state == NT_TCP_CLOSING
        || state == NT_TCP_LAST_ACK;

    /* It is the last in the queue. */
    if (finQueued && tcp->snd_nxt == tcp->write_seq)
        sent--;
    if (direction == NT_DIRECTION_OUTGOING || (direction == NT_DIRECTION_UNKNOWN && tried < sent))
        sent--;
    return sent;
}

static __always_inline void readCounters(struct tcp_sock *tcp, nt_u8 direction,
                                         struct nt_connection *connection)
{
    nt_u32 least = tcp->rtt_min.s[0].v;
    int finReceived = connection->state == NT_TCP_CLOSE_WAIT || connection->state == NT_TCP_LAST_ACK
        || connection->state == NT_TCP_CLOSING;

    connection->flags = NT_CONNECTION_MEASURED;
    connection->rxBytes = tcp->bytes_received - finReceived;
    connection->txBytes = sentBytes(tcp, connection->state, direction);
    connection->retransmittedBytes = tcp->bytes_retrans;
    connection->retransmits = tcp->total_retrans;
    connection->roundTripUs = tcp->srtt_us >> 3;
    connection->roundTripVariationUs = tcp->srtt_us ? tcp->mdev_us >> 2 : 0;
    connection->leastRoundTripUs = least == ~0u ? 0 : least;
    connection->congestionWindow = tcp->snd_cwnd;
}

/* Who uses a full socket, and since when it is open. */
static __always_inline void readOwner(struct tcp_sock *tcp, struct nt_connection *connection,
                                      nt_u8 *direction)
{
    struct nt_socket *socket = bpf_sk_storage_get(&sockets, tcp, 0, 0);
    nt_u32 ownerStamp;

    if (!socket)
        return;
    connection->program = programOfOwner(socket->owner, &ownerStamp);
    connection->openedNs = socket->openedNs;
    *direction = (nt_u8)socket->direction;
}

/* Time-wait and half-open ones are no full sockets: they have addresses and a state, and no more. */
SEC("iter/tcp")
int tcpConnections(struct bpf_iter__tcp *context)
{
    struct sock_common *common = context->sk_common;
    struct nt_connection connection = {.program = NT_UNOWNED_PROGRAM};
    nt_u8 direction = NT_DIRECTION_UNKNOWN;
    struct nt_row_key service = {};
    struct tcp_sock *tcp;

    if (!common)
        return 0;
    connection.cookie = bpf_get_socket_cookie(common);
    connection.state = common->skc_state;
    readAddresses(common, &connection);
    tcp = bpf_skc_to_tcp_sock(common);
    if (tcp) {
        readOwner(tcp, &connection, &direction);
        if (connection.state != NT_TCP_LISTEN)
            readCounters(tcp, direction, &connection);
    }
    if (connection.state == NT_TCP_NEW_SYN_RECV)
        connection.state = NT_TCP_SYN_RECV;
    if (connection.state == NT_TCP_LISTEN || connection.state == NT_TCP_SYN_RECV)
        direction = NT_DIRECTION_INCOMING;
    serveTcp(&service, direction, connection.localPort, connection.remotePort);
    connection.servicePort = service.servicePort;
    connection.direction = service.direction;
    /* Refused when the buffer is full: the kernel then comes again with an empty one. */
    bpf_seq_write(context->meta->seq, &connection, sizeof connection);
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
