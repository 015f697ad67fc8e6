// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* When sockets open and close, and when programs end. */
#include "accounting.h"

#include <bpf/bpf_tracing.h>

/* Tells accepted connections from outgoing ones, and when a TCP socket is no longer open. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpStateChanged, struct sock *sk, int oldState, int newState)
{
    struct nt_socket *socket;

    if (newState == NT_TCP_CLOSE) {
        socket = bpf_sk_storage_get(&sockets, sk, 0, 0);
        if (socket)
            closeSocket(socket);
        return 0;
    }
    if (newState != NT_TCP_SYN_SENT && !(newState == NT_TCP_ESTABLISHED && oldState == NT_TCP_SYN_RECV))
        return 0;
    socket = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
    if (!socket)
        return 0;
    /* A socket that is connected again is open again. */
    socket->closed = 0;
    socket->direction = newState == NT_TCP_SYN_SENT ? NT_DIRECTION_OUTGOING : NT_DIRECTION_INCOMING;
    return 0;
}

/* The last reference of any internet socket: the only end a UDP socket has. */
SEC("cgroup/sock_release")
int socketReleased(struct bpf_sock *sk)
{
    struct nt_socket *socket = bpf_sk_storage_get(&sockets, sk, 0, 0);

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
