/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The classes of the audit: what a packet is, told from its headers alone, the same at both places. */
#ifndef NETTALLY_CLASSES_H
#define NETTALLY_CLASSES_H

#include "kerneltypes.h"
#include "maps.h"

#include <bpf/bpf_endian.h>

/* As much of a packet as is looked at: the longest IPv4 header and the TCP header behind it. */
#define NT_CLASS_BYTES 80

static __always_inline int isAuditing(void)
{
    nt_u32 zero = 0;
    nt_u64 *isRunning = bpf_map_lookup_elem(&audit_switch, &zero);

    return isRunning && *isRunning;
}

/* How many slots are tried from that of the interface's number on. */
#define NT_AUDIT_TRIES 8

/* The interface's slot, which it takes if it has none; NULL if there is none left nearby. */
static __always_inline struct nt_audit_interface *auditOf(nt_u32 ifindex)
{
    for (nt_u32 i = 0; i < NT_AUDIT_TRIES; i++) {
        nt_u32 slot = (ifindex + i) & (NT_AUDIT_INTERFACES - 1);
        struct nt_audit_interface *interface = bpf_map_lookup_elem(&audit, &slot);

        if (!interface)
            return NULL;
        if (!interface->ifindex)
            __sync_val_compare_and_swap(&interface->ifindex, 0, ifindex);
        if (interface->ifindex == ifindex)
            return interface;
    }
    return NULL;
}

static __always_inline void addAudit(struct nt_audit_sum *sum, nt_u32 ipBytes, nt_u32 moreSegments,
                                     nt_u32 headerBytes)
{
    __sync_fetch_and_add(&sum->frames, 1);
    __sync_fetch_and_add(&sum->ipBytes, ipBytes);
    if (moreSegments) {
        __sync_fetch_and_add(&sum->moreSegments, moreSegments);
        __sync_fetch_and_add(&sum->segmentHeaderBytes, (nt_u64)moreSegments * headerBytes);
    }
}

/* With payload it is data, whatever its flags: cut into segments, only the last one has them all. */
static __always_inline nt_u32 classOfTcp(const nt_u8 *tcp, nt_u32 bytes)
{
    nt_u8 flags = tcp[13];

    if (bytes > (tcp[12] >> 4) * 4u)
        return NT_AUDIT_TCP_DATA;
    if (flags & 0x04)
        return NT_AUDIT_TCP_RESET;
    return flags & 0x02 ? NT_AUDIT_TCP_OPEN : NT_AUDIT_TCP_CLOSE;
}

static __always_inline nt_u32 classOfIcmp6(nt_u8 type)
{
    if (type >= 133 && type <= 137)
        return NT_AUDIT_NEIGHBOUR;
    if ((type >= 130 && type <= 132) || type == 143)
        return NT_AUDIT_GROUPS;
    return NT_AUDIT_ICMP;
}

/* headers begins with the IP header of a packet of ipBytes; what is beyond the packet is 0. */
static __noinline nt_u32 classOf(nt_u8 *headers, nt_u16 etherType, nt_u32 ipBytes)
{
    nt_u32 length;

    if (!headers)
        return NT_AUDIT_OTHER;
    if (etherType == NT_ETH_P_ARP)
        return NT_AUDIT_ARP;
    if (etherType == NT_ETH_P_IP) {
        length = (headers[0] & 0xf) * 4;
        if (((headers[6] & 0x1f) << 8) | headers[7])
            return NT_AUDIT_FRAGMENT;
        switch (headers[9]) {
        case NT_IPPROTO_ICMP:
            return NT_AUDIT_ICMP;
        case NT_IPPROTO_IGMP:
            return NT_AUDIT_GROUPS;
        case NT_IPPROTO_TCP:
            if (length < 20 || length > 60)
                return NT_AUDIT_OTHER_IP;
            return classOfTcp(headers + length, ipBytes - length);
        case NT_IPPROTO_UDP:
            return (headers[16] & 0xf0) == 0xe0 || headers[19] == 0xff ? NT_AUDIT_MULTICAST : NT_AUDIT_UDP;
        }
        return NT_AUDIT_OTHER_IP;
    }
    if (etherType != NT_ETH_P_IPV6)
        return NT_AUDIT_OTHER;
    switch (headers[6]) {
    case NT_IPPROTO_ICMPV6:
        return classOfIcmp6(headers[NT_IPV6_HEADER]);
    case NT_IPPROTO_HOPOPTS: /* eight bytes: of router alert before a listener report, or of a jumbogram */
        if (headers[NT_IPV6_HEADER] == NT_IPPROTO_TCP)
            return classOfTcp(headers + NT_IPV6_HEADER + NT_JUMBO_HEADER,
                              ipBytes - NT_IPV6_HEADER - NT_JUMBO_HEADER);
        return headers[NT_IPV6_HEADER] == NT_IPPROTO_ICMPV6 ? classOfIcmp6(headers[NT_IPV6_HEADER + 8])
                                                            : NT_AUDIT_OTHER_IP;
    case NT_IPPROTO_FRAGMENT:
        if ((headers[NT_IPV6_HEADER + 2] << 8 | headers[NT_IPV6_HEADER + 3]) & 0xfff8)
            return NT_AUDIT_FRAGMENT;
        return headers[NT_IPV6_HEADER] == NT_IPPROTO_UDP ? NT_AUDIT_UDP : NT_AUDIT_OTHER_IP;
    case NT_IPPROTO_TCP:
        return classOfTcp(headers + NT_IPV6_HEADER, ipBytes - NT_IPV6_HEADER);
    case NT_IPPROTO_UDP:
        return headers[24] == 0xff ? NT_AUDIT_MULTICAST : NT_AUDIT_UDP;
    }
    return NT_AUDIT_OTHER_IP;
}

#endif
