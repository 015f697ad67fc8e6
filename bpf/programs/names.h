/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What name servers answer, copied for those who want names. Called by the packet plane, which knows whose
 * socket it is; without anybody who wants names nothing is read of the packet.
 */
#ifndef NETTALLY_NAMES_H
#define NETTALLY_NAMES_H

#include "kerneltypes.h"
#include "maps.h"

#include <bpf/bpf_endian.h>

#define NT_NAME_PORT 53
#define NT_NAME_SHORT_DATA 512 /* most answers are shorter; a power of two */
#define NT_NAME_PIECES 8 /* of a segment that receive offload put together */

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, NT_NAME_RING_BYTES);
} name_answers SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(map_flags, BPF_F_MMAPABLE);
    __uint(max_entries, 1);
    __type(key, nt_u32);
    __type(value, struct nt_name_control);
} name_control SEC(".maps");

/* Of a row that answers may come to: not what is asked of a server here. */
static __always_inline int isAskingForNames(const struct nt_row_key *key)
{
    return key->servicePort == NT_NAME_PORT && key->direction != NT_DIRECTION_INCOMING;
}

/* capacity is a constant: room is reserved before the length is known to the verifier. */
static __always_inline int copyPiece(struct __sk_buff *skb, const struct nt_name_record *head, nt_u32 at,
                                     nt_u32 capacity)
{
    struct nt_name_record *record = bpf_ringbuf_reserve(&name_answers, sizeof *record + capacity, 0);
    nt_u32 length = head->dataBytes;

    if (!record)
        return 0;
    *record = *head;
    if (length) {
        /* Masked: all that older verifiers understand of a length that is neither zero nor too long. */
        length -= 1;
        asm volatile("" : "+r"(length));
        length = (length & (capacity - 1)) + 1;
        if (bpf_skb_load_bytes(skb, at, record + 1, length))
            record->dataBytes = 0;
    }
    /* The helper looks from time to time: a flood must not wake it for each packet. */
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
    return 1;
}

static __noinline int copyAnswer(struct __sk_buff *skb, struct nt_row *row)
{
    struct nt_name_record record = {};
    struct nt_name_control *names;
    struct nt_program *program;
    nt_u32 zero = 0, transport, at, left;
    nt_u8 tcp[14] = {};
    nt_u8 first = 0;
    nt_u16 port = 0;

    names = bpf_map_lookup_elem(&name_control, &zero);
    if (!row || !names || !names->isWanted)
        return 0;
    if (skb->protocol == NT_ETH_P_IP) {
        bpf_skb_load_bytes(skb, 0, &first, 1);
        bpf_skb_load_bytes(skb, 9, &record.protocol, 1);
        transport = (first & 0xf) * 4;
    } else {
        bpf_skb_load_bytes(skb, 6, &record.protocol, 1);
        transport = NT_IPV6_HEADER;
    }
    if (bpf_skb_load_bytes(skb, transport, &port, 2) || port != bpf_htons(NT_NAME_PORT))
        return 0;
    if (record.protocol == NT_IPPROTO_TCP) {
        if (bpf_skb_load_bytes(skb, transport, tcp, sizeof tcp))
            return 0;
        at = transport + (tcp[12] >> 4) * 4;
        record.sequence = (nt_u32)tcp[4] << 24 | (nt_u32)tcp[5] << 16 | (nt_u32)tcp[6] << 8 | tcp[7];
        if (tcp[13] & 0x02)
            record.flags = NT_NAME_START;
    } else if (record.protocol == NT_IPPROTO_UDP) {
        at = transport + 8;
    } else {
        return 0;
    }
    left = skb->len > at ? skb->len - at : 0;
    if (!left && !(tcp[13] & 0x07))
        return 0; /* a bare acknowledgement */
    record.timeNs = bpf_ktime_get_boot_ns();
    record.cookie = bpf_get_socket_cookie(skb);
    record.program = row->key.program;
    program = bpf_map_lookup_elem(&programs, &record.program);
    if (program)
        record.generation = program->generation;
#pragma clang loop unroll(disable)
    for (int piece = 0; piece < NT_NAME_PIECES; piece++) {
        int isLast = record.protocol == NT_IPPROTO_UDP || left <= NT_NAME_DATA;

        record.dataBytes = left < NT_NAME_DATA ? left : NT_NAME_DATA;
        if (isLast && tcp[13] & 0x05)
            record.flags |= NT_NAME_END;
        if (record.dataBytes <= NT_NAME_SHORT_DATA ? !copyPiece(skb, &record, at, NT_NAME_SHORT_DATA)
                                                   : !copyPiece(skb, &record, at, NT_NAME_DATA))
            break;
        if (isLast)
            return 1;
        record.sequence += NT_NAME_DATA + (record.flags & NT_NAME_START);
        record.flags = 0;
        at += NT_NAME_DATA;
        left -= NT_NAME_DATA;
    }
    __sync_fetch_and_add(&names->lost, 1);
    return 0;
}

#endif
