/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The few kernel types the programs read, reduced to the members they use. CO-RE relocates every
 * access against the running kernel's BTF, so offsets and unnamed neighbours do not matter here, and
 * the build needs no BTF of the machine it runs on.
 */
#ifndef NETTALLY_KERNELTYPES_H
#define NETTALLY_KERNELTYPES_H

#include "nettally_abi.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
    union {
        nt_u8 u6_addr8[16];
    } in6_u;
};

struct ns_common {
    nt_u32 inum;
};

struct net {
    struct ns_common ns;
};

typedef struct {
    struct net *net;
} possible_net_t;

struct net_device {
    int ifindex;
    possible_net_t nd_net;
};

struct dst_entry {
    struct net_device *dev;
};

struct rtable {
    unsigned int rt_flags;
};

struct proto {
    void *sendpage; /* until dc97391e6610 (6.5) */
};

struct sock_common {
    nt_u32 skc_daddr; /* big endian */
    nt_u32 skc_rcv_saddr; /* big endian */
    nt_u16 skc_dport; /* big endian */
    nt_u16 skc_num; /* host order */
    unsigned short skc_family;
    volatile unsigned char skc_state;
    int skc_bound_dev_if;
    struct proto *skc_prot;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
    struct sock_common __sk_common;
    struct dst_entry *sk_dst_cache;
    int sk_rx_dst_ifindex; /* since 0c0a5ef809f9 (5.17); before that in inet_sock */
    nt_u16 sk_protocol; /* a member of its own since bf9765145b85 (5.6) */
    nt_u8 sk_userlocks; /* four bits of a byte before 6.9: read it as a bit field */
};

struct socket {
    struct sock *sk;
};

struct skb_shared_info {
    unsigned short gso_size;
    unsigned short gso_segs;
};

struct sk_buff {
    struct sock *sk;
    unsigned long _skb_refdst; /* the route, and a flag in the lowest bit */
    void *destructor;
    struct net_device *dev;
    unsigned int len;
    int skb_iif;
    nt_u8 pkt_type : 3;
    nt_u16 protocol; /* big endian */
    nt_u16 network_header;
    nt_u32 end; /* an offset from head on 64-bit kernels */
    unsigned char *head;
    unsigned char *data;
};

struct packet_sock {
    int ifindex; /* of bind() */
};

struct minmax_sample {
    nt_u32 v;
};

struct minmax {
    struct minmax_sample s[3];
};

struct tcp_sock {
    nt_u8 is_mptcp : 1; /* a path of a multipath connection; only with CONFIG_MPTCP */
    nt_u32 total_retrans; /* segments */
    nt_u32 srtt_us; /* eighths of a microsecond */
    nt_u32 mdev_us; /* quarters of a microsecond */
    struct minmax rtt_min; /* microseconds, ~0: none yet */
    nt_u32 snd_cwnd;
    nt_u64 bytes_received;
    nt_u64 bytes_sent;
    nt_u64 bytes_acked;
    nt_u32 snd_una;
    nt_u32 snd_nxt;
    nt_u32 write_seq;
    nt_u64 bytes_retrans;
};

struct inet_connection_sock {
    void *icsk_ulp_data; /* of a path of a multipath connection, the structure below */
};

struct mptcp_subflow_context {
    struct sock *conn; /* the connection */
};

struct msghdr {
    void *msg_name;
};

struct qstr {
    nt_u32 len;
    const unsigned char *name;
};

struct dentry {
    struct dentry *d_parent;
    struct qstr d_name;
};

struct vfsmount {
    struct dentry *mnt_root;
};

struct mount {
    struct mount *mnt_parent;
    struct dentry *mnt_mountpoint;
    struct vfsmount mnt;
};

struct path {
    struct vfsmount *mnt;
    struct dentry *dentry;
};

struct inode {
    nt_u32 i_rdev;
};

struct file {
    struct path f_path;
    struct inode *f_inode;
    void *private_data;
};

struct tun_struct {
    struct net_device *dev;
};

struct tun_file {
    struct tun_struct *tun;
};

struct mm_struct {
    struct file *exe_file;
};

struct pid_namespace {
    struct ns_common ns;
};

struct upid {
    int nr;
    struct pid_namespace *ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct nsproxy {
    struct net *net_ns;
};

typedef struct {
    nt_u32 val;
} kuid_t;

struct cred {
    kuid_t uid;
};

struct kernfs_node {
    nt_u64 id;
};

struct cgroup {
    struct kernfs_node *kn;
};

struct css_set {
    struct cgroup *dfl_cgrp;
};

typedef struct {
    int counter;
} atomic_t;

struct signal_struct {
    atomic_t live;
};

struct task_struct {
    unsigned int flags;
    int tgid;
    nt_u64 start_boottime; /* named so since cf25e24db61c (5.5) */
    nt_u64 self_exec_id; /* 64 bits since d1e7fd6462ca (5.7) */
    struct task_struct *group_leader;
    struct mm_struct *mm;
    const struct cred *cred;
    struct css_set *cgroups;
    struct nsproxy *nsproxy;
    struct pid *thread_pid;
    struct signal_struct *signal;
    char comm[NT_COMM_LEN];
};

struct seq_file;

struct bpf_iter_meta {
    struct seq_file *seq;
};

struct bpf_iter__bpf_map_elem {
    struct bpf_iter_meta *meta;
    void *key;
    void *value;
};

struct bpf_iter__tcp {
    struct bpf_iter_meta *meta;
    struct sock_common *sk_common;
};

struct bpf_iter__task_file {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
    nt_u32 fd;
    struct file *file;
};

#pragma clang attribute pop

#define NT_AF_INET 2
#define NT_AF_INET6 10
#define NT_AF_PACKET 17
#define NT_IPPROTO_ICMP 1
#define NT_IPPROTO_IGMP 2
#define NT_IPPROTO_TCP 6
#define NT_IPPROTO_UDP 17
#define NT_IPPROTO_HOPOPTS 0
#define NT_IPPROTO_FRAGMENT 44
#define NT_IPPROTO_ICMPV6 58
#define NT_IPPROTO_UDPLITE 136
#define NT_IPPROTO_MPTCP 262
#define NT_TCP_ESTABLISHED 1
#define NT_TCP_SYN_SENT 2
#define NT_TCP_SYN_RECV 3
#define NT_TCP_FIN_WAIT1 4
#define NT_TCP_FIN_WAIT2 5
#define NT_TCP_CLOSE 7
#define NT_TCP_CLOSE_WAIT 8
#define NT_TCP_LAST_ACK 9
#define NT_TCP_LISTEN 10
#define NT_TCP_CLOSING 11
#define NT_TCP_NEW_SYN_RECV 12
#define NT_MSG_PEEK 0x2
#define NT_MSG_ERRQUEUE 0x2000
#define NT_ETH_P_IP bpf_htons(0x0800)
#define NT_ETH_P_ARP bpf_htons(0x0806)
#define NT_ETH_P_IPV6 bpf_htons(0x86dd)
#define NT_PACKET_OTHERHOST 3
#define NT_PACKET_LOOPBACK 5 /* a copy of what was sent to a group, for listeners on this machine */
#define NT_SOCK_RAW 3
#define NT_RTCF_BROADCAST 0x10000000u
#define NT_RTCF_MULTICAST 0x20000000u
#define NT_IPV6_HEADER 40
#define NT_JUMBO_HEADER 8 /* hop-by-hop options of what is longer than 65,535 bytes until it is cut */
#define NT_TUN_DEVICE (10u << 20 | 200) /* /dev/net/tun: include/linux/miscdevice.h */
#define NT_PF_KTHREAD 0x00200000
#define NT_SOCK_BINDPORT_LOCK 8 /* include/net/sock.h: the port was asked for, not chosen by the kernel */

#endif
