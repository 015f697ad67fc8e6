// SPDX-License-Identifier: MIT
#pragma once

#include "audit.h"
#include "connectionrecord.h"
#include "counters.h"
#include "namerecord.h"

#include <QList>
#include <QMap>
#include <QString>

namespace Nettally {

/// One thing that is measured and the hook that measures it.
struct ProbeState {
    QString purpose; ///< stable name: "payload-send", "payload-receive", …
    QString mechanism; ///< e.g. "tp_btf/sock_send_length"; empty when none works
    bool active = false;
    QString note; ///< what is lost with this choice, or why there is none; empty when nothing
};

/**
 * Where the counters come from: the kernel (BpfUsageSource), or a script in a test.
 *
 * Used from one thread. read() never blocks on anything but memory and small system calls.
 */
class UsageSource {
public:
    virtual ~UsageSource() = default;

    /// Reports to @p sink what changed since the last call; everything on the first.
    virtual void read(CounterSink &sink) = 0;

    /// The TCP connections of netNs() as they are now, at most @p most. The programs they name reach @p sink
    /// before. Takes about 1.5 µs for each.
    virtual ConnectionReading connections(CounterSink &sink, size_t most) = 0;

    /// Begins or ends copying what name servers answer. Empty, or in one sentence why it cannot.
    virtual QString setNaming(bool on) = 0;
    /// What they answered since the last call, or since naming began, oldest first. The programs it names
    /// reach @p sink before.
    virtual std::vector<NameRecord> names(CounterSink &sink) = 0;
    /// What readings that began before @p timeNs (CLOCK_BOOTTIME nanoseconds) reported is stored for good:
    /// the kernel may use the rows of flows that are over since for others. As long as this is not called,
    /// everything counts as stored that was reported.
    virtual void setKept(quint64 timeNs) { Q_UNUSED(timeNs); }

    virtual QList<ProbeState> probes() const = 0;
    virtual QList<InterfaceCounters> interfaces() const = 0;
    /// Which programs carry the machine's tun and tap interfaces, of every network namespace. The programs
    /// reach @p sink before. Looks at every open file: not for each reading.
    virtual QList<TunnelCarrier> tunnelCarriers(CounterSink &sink)
    {
        Q_UNUSED(sink);
        return {};
    }
    /// Begins or ends counting every frame at the interfaces too. Empty, or in one sentence why it cannot.
    virtual QString setAuditing(bool on) = 0;
    /// What was counted so while auditing; of the interfaces that had frames.
    virtual QList<AuditCounters> auditCounters() const = 0;
    /// Inode number of the network namespace that interfaces() are of.
    virtual quint32 netNs() const = 0;
    /// CLOCK_BOOTTIME nanoseconds at which the counters began; of no other counting in the same boot.
    virtual quint64 countingSinceNs() const = 0;
    /// The "info" strings of Status that the source knows.
    virtual QMap<QString, QString> info() const = 0;
    /// "losses" of Status but those that the Ledger and the service know.
    virtual QMap<QString, quint64> losses() const = 0;
    /// "rowsUsed", "rowsCapacity", "programsUsed", "programsCapacity".
    virtual QMap<QString, quint64> usage() const = 0;
};

} // namespace Nettally
