// SPDX-License-Identifier: MIT
#pragma once

#include "interfacebook.h"

#include <QList>
#include <QString>

#include <array>

namespace Nettally {

/// Frames of one class that crossed an interface, or passed the control groups, in one direction.
struct AuditSum {
    quint64 frames = 0;
    quint64 ipBytes = 0; ///< without the link's header
    quint64 moreSegments = 0; ///< as in PacketCounts
    quint64 segmentHeaderBytes = 0;

    AuditSum operator-(const AuditSum &before) const;
};

/// Classes as in enum nt_audit_class. Cumulative; only differences mean anything.
struct AuditCounters {
    static constexpr size_t classCount = 16;
    using Sums = std::array<AuditSum, classCount>;

    quint32 ifindex = 0;
    std::array<Sums, 2> device; ///< [0] received, [1] sent
    std::array<Sums, 2> seen;
};

struct AuditLine {
    QString name; ///< stable, as in the contract
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
};

/// The counters of an interface over the time of an audit, and what they are made of: lines that add up
/// to them, the unseen part by name. What is left is "unnamed".
struct AuditedInterface {
    InterfaceCounters counters;
    QList<AuditLine> lines;
};

/// Of an interface of which @p begin and @p end, and @p before and @p after, were read together.
AuditedInterface auditInterface(const InterfaceAccount &begin, const InterfaceAccount &end,
                                const AuditCounters &before, const AuditCounters &after);

/// The names of the lines of InterfaceAccount, by BalanceClass.
QString balanceLineName(BalanceClass which);

} // namespace Nettally
