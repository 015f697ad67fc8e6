// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The audit: every frame at the interfaces themselves. Attached only while one runs, because it costs each
 * packet as much again.
 */
#include "accounting.h"
#include "classes.h"

#include <bpf/bpf_tracing.h>

static __always_inline void auditFrame(struct sk_buff *skb, struct net_device *device, nt_u32 ipOffset,
                                       int isOutgoing)
{
    struct nt_audit_interface *interface;
    struct skb_shared_info *shared;
    nt_u8 headers[NT_CLASS_BYTES] = {};
    nt_u32 ipBytes = skb->len - ipOffset;
    nt_u64 ip = (nt_u64)BPF_CORE_READ(skb, data) + ipOffset;
    nt_u16 etherType = skb->protocol;
    nt_u32 headerBytes = 0;
    nt_u32 more = 0;
    nt_u32 which;

    if (BPF_CORE_READ(device, nd_net.net, ns.inum) != ownNetNs)
        return;
    /* Seen on its way out, where it is one frame of the interface's; as it comes back it is none. */
    if (!isOutgoing && BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type) == NT_PACKET_LOOPBACK)
        return;
    interface = auditOf(BPF_CORE_READ(device, ifindex));
    if (!interface)
        return;
    /* Beyond the packet lies other memory of the kernel: its bytes decide nothing, see classOf(). */
    bpf_probe_read_kernel(headers, sizeof headers, (void *)ip);
    which = classOf(headers, etherType, ipBytes);

    if (isOutgoing) {
        struct sock *sk = skb->sk;

        if (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == NT_AF_PACKET)
            which = NT_AUDIT_PACKET_SOCKET;
        else if (!sk && skb->skb_iif && (etherType == NT_ETH_P_IP || etherType == NT_ETH_P_IPV6))
            which = NT_AUDIT_FORWARDED;
    } else if (BPF_CORE_READ_BITFIELD_PROBED(skb, pkt_type) == NT_PACKET_OTHERHOST) {
        which = NT_AUDIT_NOT_OURS;
    }

    shared = (void *)((nt_u64)BPF_CORE_READ(skb, head) + skb->end);
    more = BPF_CORE_READ(shared, gso_segs);
    more = more > 1 ? more - 1 : 0;
    if (more) {
        headerBytes = etherType == NT_ETH_P_IP ? (headers[0] & 0xf) * 4 : NT_IPV6_HEADER;
        if (which == NT_AUDIT_TCP_DATA && headerBytes <= 60)
            headerBytes += (headers[headerBytes + 12] >> 4) * 4;
        else
            headerBytes += 8;
    }
    addAudit(&interface->device[!!isOutgoing][which & (NT_AUDIT_CLASSES - 1)], ipBytes, more, headerBytes);
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(frameSent, struct sk_buff *skb, struct net_device *device)
{
    nt_u64 offset = (nt_u64)BPF_CORE_READ(skb, head) + skb->network_header - (nt_u64)BPF_CORE_READ(skb, data);

    auditFrame(skb, device, offset <= skb->len ? (nt_u32)offset : 0, 1);
    return 0;
}

/*
 * The doors by which drivers hand frames over, before any are put together. The link's header has been taken
 * off by then.
 */
SEC("tp_btf/netif_rx_entry")
int BPF_PROG(frameReceivedQueued, struct sk_buff *skb)
{
    auditFrame(skb, skb->dev, 0, 0);
    return 0;
}

SEC("tp_btf/netif_receive_skb_entry")
int BPF_PROG(frameReceived, struct sk_buff *skb)
{
    auditFrame(skb, skb->dev, 0, 0);
    return 0;
}

SEC("tp_btf/netif_receive_skb_list_entry")
int BPF_PROG(frameReceivedListed, struct sk_buff *skb)
{
    auditFrame(skb, skb->dev, 0, 0);
    return 0;
}

SEC("tp_btf/napi_gro_receive_entry")
int BPF_PROG(frameReceivedPolled, struct sk_buff *skb)
{
    auditFrame(skb, skb->dev, 0, 0);
    return 0;
}

SEC("tp_btf/napi_gro_frags_entry")
int BPF_PROG(frameReceivedPieces, struct sk_buff *skb)
{
    auditFrame(skb, skb->dev, 0, 0);
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
