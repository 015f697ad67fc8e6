// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Programs that do nothing, at the hooks of those that count: what an event costs before anything is done. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("cgroup_skb/egress")
int emptySent(void *context)
{
    return 1;
}

SEC("cgroup_skb/ingress")
int emptyReceived(void *context)
{
    return 1;
}

SEC("tp_btf/sock_send_length")
int emptySend(void *context)
{
    return 0;
}

SEC("tp_btf/sock_recv_length")
int emptyReceive(void *context)
{
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
