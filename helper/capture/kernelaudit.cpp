// SPDX-License-Identifier: MIT
#include "kernelaudit.h"

#include "kernelsupport.h"
#include "programinfo.h"

#include <nettally.skel.h>

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace Nettally {

namespace {

/// The programs and their tracepoints.
constexpr std::array<std::pair<const char *, const char *>, 6> parts{{
    {"frameSent", "net_dev_start_xmit"},
    {"frameReceivedQueued", "netif_rx_entry"},
    {"frameReceived", "netif_receive_skb_entry"},
    {"frameReceivedListed", "netif_receive_skb_list_entry"},
    {"frameReceivedPolled", "napi_gro_receive_entry"},
    {"frameReceivedPieces", "napi_gro_frags_entry"},
}};

void read(const nt_audit_sum *from, AuditCounters::Sums &to)
{
    for (size_t i = 0; i < AuditCounters::classCount; ++i) {
        to[i] = {loadOnce(from[i].frames), loadOnce(from[i].ipBytes), loadOnce(from[i].moreSegments),
                 loadOnce(from[i].segmentHeaderBytes)};
    }
}

} // namespace

void KernelAudit::choose(nettally_bpf *skeleton, quint32 netNs)
{
    skeleton->rodata->ownNetNs = netNs;
    for (const auto &[name, tracepoint] : parts) {
        bpf_program__set_autoload(bpf_object__find_program_by_name(skeleton->obj, name),
                                  KernelSupport::hasTracepoint(tracepoint));
    }
}

bool KernelAudit::isPart(const bpf_program *program)
{
    return std::any_of(parts.begin(), parts.end(), [program](const auto &part) {
        return std::strcmp(part.first, bpf_program__name(program)) == 0;
    });
}

bool KernelAudit::open(const nettally_bpf *skeleton)
{
    m_skeleton = skeleton;
    if (!m_interfaces.map(bpf_map__fd(skeleton->maps.audit), NT_AUDIT_INTERFACES, PROT_READ | PROT_WRITE)
        || !m_switch.map(bpf_map__fd(skeleton->maps.audit_switch), 1, PROT_READ | PROT_WRITE))
        return false;
    m_switch[0] = 0; // an earlier helper may have died while it audited
    return true;
}

QString KernelAudit::begin()
{
    // Nothing writes to it: an earlier audit's programs are gone since its end.
    for (quint32 slot = 0; slot < m_interfaces.size(); ++slot)
        m_interfaces[slot] = {};
    for (const auto &part : parts) {
        bpf_program *program = bpf_object__find_program_by_name(m_skeleton->obj, part.first);
        if (bpf_program__fd(program) < 0)
            continue;
        bpf_link *link = bpf_program__attach(program);
        if (!link) {
            const int error = errno;
            end();
            return QCoreApplication::translate(
                       "KernelAudit",
                       "The interfaces cannot be audited on this kernel (%1): before Linux 5.19 that takes "
                       "rights which the helper gives up at its start.")
                .arg(QString::fromLocal8Bit(std::strerror(error)));
        }
        m_links.push_back(link);
    }
    __atomic_store_n(&m_switch[0], quint64(1), __ATOMIC_RELEASE);
    return {};
}

void KernelAudit::end()
{
    // First, for it is kept with the counters: every packet would go on being told apart.
    if (m_switch.size() > 0)
        __atomic_store_n(&m_switch[0], quint64(0), __ATOMIC_RELEASE);
    for (bpf_link *link : m_links)
        bpf_link__destroy(link);
    m_links.clear();
}

QList<AuditCounters> KernelAudit::counters() const
{
    QList<AuditCounters> interfaces;
    for (quint32 slot = 0; slot < m_interfaces.size(); ++slot) {
        const nt_audit_interface &entry = m_interfaces[slot];
        AuditCounters counters;
        counters.ifindex = quint32(loadOnce(entry.ifindex));
        if (counters.ifindex == 0)
            continue;
        for (const size_t direction : {0, 1}) {
            read(entry.device[direction], counters.device[direction]);
            read(entry.seen[direction], counters.seen[direction]);
        }
        interfaces.append(counters);
    }
    return interfaces;
}

quint64 KernelAudit::skipped() const
{
    quint64 sum = 0;
    for (const auto &part : parts)
        sum += ProgramInfo::skippedRuns(
            bpf_program__fd(bpf_object__find_program_by_name(m_skeleton->obj, part.first)));
    return sum;
}

} // namespace Nettally
