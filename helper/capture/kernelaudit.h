// SPDX-License-Identifier: MIT
#pragma once

#include "audit.h"
#include "mappedarray.h"
#include "nettally_abi.h"

#include <QList>
#include <QString>

#include <vector>

struct nettally_bpf;
struct bpf_link;
struct bpf_program;

namespace Nettally {

/// The programs at the interfaces themselves. They are attached by whom they serve, while an audit runs, so
/// that they are never left running. Used from one thread.
class KernelAudit {
public:
    KernelAudit() = default;
    ~KernelAudit() { end(); }
    Q_DISABLE_COPY_MOVE(KernelAudit)

    /// Of an object that is not loaded yet: those of its programs that this kernel has the hooks of.
    /// @p netNs is the network namespace that is audited.
    static void choose(nettally_bpf *skeleton, quint32 netNs);
    static bool isPart(const bpf_program *program);

    /// Of the loaded object, which lives as long as this. False with errno set when it cannot be read.
    bool open(const nettally_bpf *skeleton);

    /// From here on counters() are of this audit. Empty, or in one sentence why it cannot begin.
    QString begin();
    void end();

    /// Of the interfaces that had frames.
    QList<AuditCounters> counters() const;
    /// Frames that the kernel skipped because a program interrupted itself.
    quint64 skipped() const;

private:
    const nettally_bpf *m_skeleton = nullptr;
    MappedArray<nt_audit_interface> m_interfaces;
    MappedArray<quint64> m_switch;
    std::vector<bpf_link *> m_links; ///< while an audit runs
};

} // namespace Nettally
