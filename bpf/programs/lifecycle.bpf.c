// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* When sockets open and close, and when programs end. */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

/* The program that opens a socket owns it until another uses it. */
static __always_inline void ownByCaller(struct nt_socket *socket)
{
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct nt_program_key caller;

    programKeyOf(task, &caller);
    setOwner(socket, currentProgram(&caller), 0);
}

/* A listener's child: what was inherited of the listener's storage is its owner, and no more. */
static __always_inline void beginAccepted(struct nt_socket *socket)
{
    socket->direction = NT_DIRECTION_INCOMING;
    socket->packetPlace = 0;
    socket->closed = 0;
    socket->retransmits = 0;
    socket->openedNs = bpf_ktime_get_boot_ns();
    /* With fast open a program may have used it already. */
    if (socket->place)
        return;
    socket->owner &= ~NT_OWNER_USED;
    __builtin_memset(&socket->held, 0, sizeof socket->held);
    socket->isPending = 1;
}

/* Who opened a TCP socket and which way, and when it is no longer open. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpStateChanged, struct sock *sk, int oldState, int newState)
{
    struct nt_socket *socket;

    if (!isActive())
        return 0;
    if (newState == NT_TCP_CLOSE) {
        socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
        if (socket)
            closeSocket(socket);
        return 0;
    }
    if (newState != NT_TCP_SYN_SENT && newState != NT_TCP_LISTEN
        && !(newState == NT_TCP_ESTABLISHED && oldState == NT_TCP_SYN_RECV))
        return 0;
    socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (!socket)
        return 0;
    if (newState == NT_TCP_ESTABLISHED) {
        beginAccepted(socket);
        return 0;
    }
    /* In the context of connect() or listen(). A socket that is connected again is open again, and none of
     * what it was counted as before goes to a listener's children. */
    uncount(__sync_lock_test_and_set(&socket->place, 0));
    socket->closed = 0;
    socket->packetPlace = 0;
    socket->retransmits = 0;
    socket->openedNs = bpf_ktime_get_boot_ns();
    if (newState == NT_TCP_SYN_SENT)
        socket->direction = NT_DIRECTION_OUTGOING;
    /* Further paths of a connection are opened by a kernel thread, which is not who uses them. */
    if (!isMultipath(sk)
        || !(BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), flags) & NT_PF_KTHREAD))
        ownByCaller(socket);
    return 0;
}

/* TCP's owner is told by connect() and listen(); the others' first packet may come before any call. */
SEC("cgroup/sock_create")
int socketCreated(struct bpf_sock *sk)
{
    struct nt_socket *socket;

    if (!isActive() || sk->protocol == NT_IPPROTO_TCP || sk->protocol == NT_IPPROTO_MPTCP)
        return 1;
    socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (socket) {
        socket->openedNs = bpf_ktime_get_boot_ns();
        ownByCaller(socket);
    }
    return 1;
}

/* Read once after the start: whose the sockets are that were open before. */
SEC("iter/task_file")
int socketsOpenBefore(struct bpf_iter__task_file *context)
{
    struct task_struct *task = context->task;
    struct file *file = context->file;
    struct nt_socket *socket;
    struct nt_program_key owner;
    struct socket *handle;
    struct tcp_sock *tcp;
    struct sock *sk;
    nt_u16 family;

    if (!task || !file)
        return 0;
    handle = bpf_sock_from_file(file);
    if (!handle)
        return 0;
    sk = handle->sk;
    if (!sk)
        return 0;
    family = sk->__sk_common.skc_family;
    if (family != NT_AF_INET && family != NT_AF_INET6)
        return 0;
    socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (!socket || socket->owner & NT_OWNER_SET)
        return 0;
    programKeyOf(task, &owner);
    setOwner(socket, programOf(task, &owner), 0);
    tcp = bpf_skc_to_tcp_sock(sk);
    if (tcp)
        socket->retransmits = tcp->total_retrans;
    return 0;
}

/* The last reference of any internet socket: the only end a UDP socket has. */
SEC("cgroup/sock_release")
int socketReleased(struct bpf_sock *sk)
{
    struct nt_socket *socket = isActive() ? bpf_sk_storage_get(&sockets, sk, 0, 0) : NULL;

    if (socket)
        closeSocket(socket);
    return 1;
}

static __always_inline void endProgram(const struct nt_program_key *key)
{
    nt_u32 *index = bpf_map_lookup_elem(&program_index, key);

    if (index) {
        struct nt_program *program = bpf_map_lookup_elem(&programs, index);

        if (program)
            program->endedNs = bpf_ktime_get_boot_ns();
    }
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(processExited, struct task_struct *task)
{
    struct nt_program_key key;

    /* Decremented before the tracepoint (kernel/exit.c, do_exit): zero for the last thread. */
    if (BPF_CORE_READ(task, signal, live.counter) != 0)
        return 0;
    programKeyOf(task, &key);
    endProgram(&key);
    return 0;
}

/* execve() ends the program the process was before. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(processExecuted, struct task_struct *task)
{
    struct nt_program_key key;

    programKeyOf(task, &key);
    key.execId -= 1;
    endProgram(&key);
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
