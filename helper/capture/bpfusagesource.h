// SPDX-License-Identifier: MIT
#pragma once

#include "iteratorfile.h"
#include "kernelaudit.h"
#include "mappedarray.h"
#include "namering.h"
#include "nettally_abi.h"
#include "pinfolder.h"
#include "recycler.h"
#include "usagesource.h"

#include <memory>
#include <vector>

struct nettally_bpf;
struct bpf_link;
struct bpf_program;

namespace Nettally {

/**
 * The kernel's counters, by the programs in bpf/. The only user of libbpf.
 *
 * Made as root; reading needs no privilege any more, so the helper may drop them after create().
 */
class BpfUsageSource : public UsageSource {
public:
    struct Options {
        quint32 rowCapacity = 65536; ///< flows at a time; 256 bytes of kernel memory each
        quint32 programCapacity = 16384; ///< programs at a time, and that ended lately; 450 bytes each
        qint64 idleMs = Recycler::defaultIdleMs;
        /// Where maps and programs are kept when the helper ends; empty: nowhere, and counting ends with it.
        QString pinPath;
    };

    /// Loads and attaches. On failure null, and in @p problem one sentence with cause and next step.
    static std::unique_ptr<BpfUsageSource> create(const Options &options, QString *problem);
    ~BpfUsageSource() override;

    void read(CounterSink &sink) override;
    ConnectionReading connections(CounterSink &sink, size_t most) override;
    QString setNaming(bool on) override;
    std::vector<NameRecord> names(CounterSink &sink) override;
    void setKept(quint64 timeNs) override { m_recycler.setKept(timeNs); }
    QList<ProbeState> probes() const override { return m_probes; }
    QList<InterfaceCounters> interfaces() const override;
    QList<TunnelCarrier> tunnelCarriers(CounterSink &sink) override;
    QString setAuditing(bool on) override;
    QList<AuditCounters> auditCounters() const override { return m_audit.counters(); }
    quint32 netNs() const override { return m_netNs; }
    quint64 countingSinceNs() const override { return m_control[0].sinceNs; }
    QMap<QString, QString> info() const override { return m_info; }
    QMap<QString, quint64> losses() const override;
    QMap<QString, quint64> usage() const override;

private:
    /// What the last reading reported of a row, so that only changes are.
    struct Seen {
        quint64 rxPayloadBytes = 0;
        quint64 txPayloadBytes = 0;
        quint64 rxPackets = 0; ///< each packet counts in them, and then in the rest
        quint64 txPackets = 0;
        qint32 openSockets = 0;
        quint32 retransmits = 0;
        bool operator==(const Seen &) const = default;
    };

    BpfUsageSource();
    /// Takes over what an earlier helper of this very build left running. False: there is nothing like it.
    bool adopt(QString *problem);
    bool chooseProbes(QString *problem);
    /// Programs are loaded into the maps that are kept, not into new ones.
    bool reuseMaps(QString *problem);
    bool load(const Options &options, QString *problem);
    bool attach(QString *problem);
    bool attachToControlGroups(QString *problem);
    bool keep(bpf_program *program, bpf_link *link);
    void findEarlierSockets();
    void openConnections();
    void openTunnels();
    bool openRecycler(QString *problem);
    /// Attaches the iterator, over the elements of @p map if it is one of a map's, or takes over the pinned
    /// one. Empty, or why it cannot be read.
    QString openIterator(bpf_program *program, int map, IteratorFile &file);
    void findNames();
    bool mapTables(int control, int rows, int programs, QString *problem);
    bool openAudit(QString *problem);
    bool canContinue() const;
    bool seal(QString *problem);
    bool reportProgram(quint32 slot, CounterSink &sink);

    std::unique_ptr<PinFolder> m_pins; ///< null: nothing outlives this object
    quint32 m_set = 1; ///< of programs, that this object attaches or took over
    bool m_continues = false; ///< the maps hold what an earlier helper counted
    nettally_bpf *m_skeleton = nullptr;
    std::vector<bpf_link *> m_links;
    IteratorFile m_connections;
    IteratorFile m_tunnels;
    MappedArray<nt_control> m_control;
    MappedArray<nt_program> m_programs;
    MappedArray<nt_row> m_rows;
    NameRing m_names;
    Recycler m_recycler{m_control, m_rows, m_programs};
    KernelAudit m_audit;
    std::vector<int> m_adoptedPrograms; ///< descriptors of those an earlier helper attached, and -1
    bool m_canName = false;
    std::vector<bpf_link *> m_auditLinks; ///< while an audit runs
    std::vector<Seen> m_seen; ///< by row
    std::vector<quint32> m_programReported; ///< by program slot: one more than its generation; 0: not yet
    std::vector<quint32> m_running; ///< reported programs that have not ended
    quint32 m_netNs = 0;
    QList<ProbeState> m_probes;
    QMap<QString, QString> m_info;
};

} // namespace Nettally
