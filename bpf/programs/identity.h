/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Who is calling: the key of a program, and its full record at first sight, taken in the caller's own
 * context so that a program that lives a few milliseconds is still named.
 */
#ifndef NETTALLY_IDENTITY_H
#define NETTALLY_IDENTITY_H

#include "kerneltypes.h"
#include "maps.h"

#include <bpf/bpf_core_read.h>

#define NT_PATH_COMPONENTS 32

static __always_inline void programKeyOf(struct task_struct *task, struct nt_program_key *key)
{
    key->startNs = BPF_CORE_READ(task, group_leader, start_boottime);
    key->execId = BPF_CORE_READ(task, self_exec_id);
    key->tgid = BPF_CORE_READ(task, tgid);
    key->reserved = 0;
}

/* On every call's path: loads checked by the verifier, which cost less than probing reads. */
static __always_inline void currentProgramKey(struct nt_program_key *key)
{
    struct task_struct *task = bpf_get_current_task_btf();

    key->startNs = task->group_leader->start_boottime;
    key->execId = task->self_exec_id;
    key->tgid = task->tgid;
    key->reserved = 0;
}

/* Tells two programs apart that use a socket in turn. Two in four milliards have the same, which costs the
 * bytes of one hand-over between just those two. */
static __always_inline nt_u32 stampOf(const struct nt_program_key *key)
{
    nt_u64 mixed = (key->startNs ^ key->execId << 48 ^ (nt_u64)key->tgid << 32) * 0x9e3779b97f4a7c15ull;

    return (nt_u32)(mixed >> 32);
}

/*
 * Writes the path of the running executable to the end of program->path by walking the dentries up to
 * the root of its mount namespace: bpf_d_path() is not allowed at the hooks used here.
 */
static __always_inline void readExecutablePath(struct task_struct *task, struct nt_program *program,
                                               struct nt_scratch *work)
{
    /* Kept in memory: in a register the verifier would follow each value it can take through the loop. */
    volatile nt_u32 *start = &work->pathStart;
    struct file *file = BPF_CORE_READ(task, mm, exe_file);
    struct vfsmount *vfsmount = BPF_CORE_READ(file, f_path.mnt);
    struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);
    struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);

    *start = NT_PATH_LEN;
    for (int i = 0; i < NT_PATH_COMPONENTS; i++) {
        struct dentry *parent = BPF_CORE_READ(dentry, d_parent);

        if (dentry == BPF_CORE_READ(mount, mnt.mnt_root) || dentry == parent) {
            struct mount *above = BPF_CORE_READ(mount, mnt_parent);

            if (above == mount)
                break;
            dentry = BPF_CORE_READ(mount, mnt_mountpoint);
            mount = above;
            continue;
        }
        nt_u32 length = BPF_CORE_READ(dentry, d_name.len);
        const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);

        if (length >= NT_PATH_LEN || length + 1 > *start)
            break;
        bpf_probe_read_kernel(&work->path[(*start - length) & (NT_PATH_LEN - 1)], length & (NT_PATH_LEN - 1),
                              name);
        *start -= length + 1;
        work->path[*start & (NT_PATH_LEN - 1)] = '/';
        dentry = parent;
    }
    __builtin_memcpy(program->path, work->path, NT_PATH_LEN);
    program->pathLen = NT_PATH_LEN - *start;
}

static __always_inline void describeProgram(struct task_struct *task, struct nt_program *program,
                                            struct nt_scratch *work)
{
    struct pid *pid = BPF_CORE_READ(task, thread_pid);
    nt_u32 level = BPF_CORE_READ(pid, level);
    struct upid *number = &pid->numbers[0];
    struct pid_namespace *pidNamespace;

    program->uid = BPF_CORE_READ(task, cred, uid.val);
    program->cgroupId = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
    program->netNs = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
    number = (void *)number + (level > 31 ? 31 : level) * bpf_core_type_size(struct upid);
    pidNamespace = BPF_CORE_READ(number, ns);
    program->pidNs = BPF_CORE_READ(pidNamespace, ns.inum);
    program->isKernel = !!(BPF_CORE_READ(task, flags) & NT_PF_KTHREAD);
    BPF_CORE_READ_INTO(&program->comm, task, group_leader, comm);
    program->pathLen = 0;
    if (!program->isKernel)
        readExecutablePath(task, program, work);
}

/* The table index of a program; NT_OVERFLOW_INDEX when the table is full. */
static __always_inline nt_u32 programOf(struct task_struct *task, const struct nt_program_key *key)
{
    nt_u32 zero = 0;
    nt_u32 *known = bpf_map_lookup_elem(&program_index, key);

    if (known)
        return *known;

    struct nt_control *shared = controlBlock();
    struct nt_scratch *work = bpf_map_lookup_elem(&scratch, &zero);
    if (!shared || !work)
        return NT_OVERFLOW_INDEX;

    nt_u32 index = __sync_lock_test_and_set(&work->spareProgram, 0);
    if (!index && shared->freedPrograms != shared->reusedPrograms
        && !bpf_map_pop_elem(&free_programs, &index))
        __sync_fetch_and_add(&shared->reusedPrograms, 1);
    /* The bound is checked before taking a number too, so that the number cannot wrap around. */
    if (!index && shared->nextProgram < shared->programCapacity)
        index = __sync_fetch_and_add(&shared->nextProgram, 1);
    struct nt_program *program = bpf_map_lookup_elem(&programs, &index);
    if (!index || !program) {
        __sync_fetch_and_add(&shared->spilledPrograms, 1);
        return NT_OVERFLOW_INDEX;
    }
    program->key = *key;
    program->endedNs = 0;
    describeProgram(task, program, work);
    if (bpf_map_update_elem(&program_index, key, &index, BPF_NOEXIST)) {
        /* Another thread of the program was first. */
        __sync_lock_test_and_set(&work->spareProgram, index);
        known = bpf_map_lookup_elem(&program_index, key);
        return known ? *known : NT_OVERFLOW_INDEX;
    }
    publish(&program->ready, 1);
    return index;
}

/* A function of its own to the verifier, which walks its loops once and not at every call. */
__weak __noinline nt_u32 currentProgram(const struct nt_program_key *key)
{
    struct nt_program_key own;

    if (!key)
        return NT_OVERFLOW_INDEX;
    own = *key; /* older kernels take a map's key from the stack only */
    return programOf((struct task_struct *)bpf_get_current_task(), &own);
}

#endif
