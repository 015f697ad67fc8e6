// SPDX-License-Identifier: MIT
#include "kernelsupport.h"

#include <QCoreApplication>
#include <QFile>
#include <QSysInfo>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace Nettally::KernelSupport {

namespace {

constexpr char btfPath[] = "/sys/kernel/btf/vmlinux";

QString translate(const char *text)
{
    return QCoreApplication::translate("KernelSupport", text);
}

QString reasonOf(int error)
{
    if (error == EPERM || error == EACCES)
        return translate("refused by this system (%1)").arg(QString::fromLocal8Bit(std::strerror(error)));
    return QString::fromLocal8Bit(std::strerror(error));
}

} // namespace

Trial tryHook(Hook hook, const char *target)
{
    const bpf_attach_type type = hook == Hook::Tracepoint ? BPF_TRACE_RAW_TP : BPF_TRACE_FEXIT;
    const int btfId = libbpf_find_vmlinux_btf_id(target, type);
    if (btfId < 0)
        return {false, translate("not in this kernel")};

    const bpf_insn returnZero[] = {
        {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
        {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
    };
    bpf_prog_load_opts options = {};
    options.sz = sizeof options;
    options.expected_attach_type = type;
    options.attach_btf_id = static_cast<__u32>(btfId);
    const int program =
        bpf_prog_load(BPF_PROG_TYPE_TRACING, "nettally_trial", "GPL", returnZero, 2, &options);
    if (program < 0)
        return {false, reasonOf(-program)};
    const int link = bpf_raw_tracepoint_open(nullptr, program);
    close(program);
    if (link < 0)
        return {false, reasonOf(-link)};
    close(link);
    return {true, {}};
}

bool hasIterator(const char *target)
{
    return libbpf_find_vmlinux_btf_id(target, BPF_TRACE_ITER) > 0;
}

bool hasTracepoint(const char *name)
{
    return libbpf_find_vmlinux_btf_id(name, BPF_TRACE_RAW_TP) > 0;
}

QString btfProblem()
{
    if (!QFile::exists(QLatin1String(btfPath)))
        return translate(
                   "This kernel has no type information (%1), which Nettally needs to read it safely; boot a "
                   "kernel built with CONFIG_DEBUG_INFO_BTF=y, as Debian's, Ubuntu's and Fedora's are.")
            .arg(QLatin1String(btfPath));
    btf *kernel = btf__load_vmlinux_btf();
    if (!kernel)
        return translate(
                   "The kernel's type information (%1) cannot be read: %2. Run the helper as root, or boot "
                   "another kernel.")
            .arg(QLatin1String(btfPath), QString::fromLocal8Bit(std::strerror(errno)));
    btf__free(kernel);
    return {};
}

QString cgroup2Mount()
{
    // "36 35 98:0 /root /mount/point options - type source options", proc(5); octal escapes for blanks.
    QFile mounts(QStringLiteral("/proc/self/mountinfo"));
    if (!mounts.open(QIODevice::ReadOnly))
        return {};
    const QList<QByteArray> lines = mounts.readAll().split('\n');
    for (const QByteArray &line : lines) {
        const qsizetype separator = line.indexOf(" - ");
        const QList<QByteArray> fields = line.left(separator).split(' ');
        if (separator < 0 || fields.size() < 5 || !line.mid(separator + 3).startsWith("cgroup2 "))
            continue;
        // A cgroup mounted from below the root would see only its own part of the machine.
        if (fields.at(3) != "/")
            continue;
        QByteArray mountPoint = fields.at(4);
        return QFile::decodeName(mountPoint.replace("\\040", " "));
    }
    return {};
}

QString kernelRelease()
{
    return QSysInfo::kernelVersion();
}

PortRange ephemeralPorts()
{
    PortRange range;
    QFile file(QStringLiteral("/proc/sys/net/ipv4/ip_local_port_range"));
    if (file.open(QIODevice::ReadOnly)) {
        const QList<QByteArray> numbers = file.readAll().simplified().split(' ');
        if (numbers.size() == 2) {
            const uint first = numbers.at(0).toUInt();
            const uint last = numbers.at(1).toUInt();
            if (first > 0 && first <= last && last <= 65535)
                range = {first, last};
        }
    }
    return range;
}

} // namespace Nettally::KernelSupport
