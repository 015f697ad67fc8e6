// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The payload plane: what send and receive calls returned. Two sets of hooks for the same thing; the
 * helper loads one of each, the first that this kernel grants.
 */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

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

char LICENSE[] SEC("license") = "Dual MIT/GPL";
