// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Which programs carry tunnels: those that hold the file behind a tun or tap interface. Runs when it is read.
 */
#include "identity.h"

#include <bpf/bpf_tracing.h>

SEC("iter/task_file")
int tunnelsHeld(struct bpf_iter__task_file *context)
{
    struct task_struct *task = context->task;
    struct file *file = context->file;
    struct nt_tunnel tunnel = {};
    struct nt_program_key owner;
    struct tun_struct *device;
    struct tun_file *held;

    /* The type is in the driver's module, where the driver is one. */
    if (!task || !file || !bpf_core_type_exists(struct tun_file))
        return 0;
    if (BPF_CORE_READ(file, f_inode, i_rdev) != NT_TUN_DEVICE)
        return 0;
    held = BPF_CORE_READ(file, private_data);
    device = BPF_CORE_READ(held, tun);
    if (!device)
        return 0;
    tunnel.ifindex = BPF_CORE_READ(device, dev, ifindex);
    tunnel.netNs = BPF_CORE_READ(device, dev, nd_net.net, ns.inum);
    programKeyOf(task, &owner);
    tunnel.program = programOf(task, &owner);
    bpf_seq_write(context->meta->seq, &tunnel, sizeof tunnel);
    return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
