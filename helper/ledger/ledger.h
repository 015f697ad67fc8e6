// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"
#include "interfacebook.h"
#include "processtable.h"

#include <QHash>
#include <QSet>

#include <array>
#include <optional>
#include <vector>

namespace Nettally {

/// Each level has a row of its own for what crosses a tunnel, and for what carries one: see TunnelPart.
enum class LedgerDetail : quint8 {
    Program, ///< a row a program
    Remote, ///< a row a program and remote address
    Connection, ///< also by service port, protocol, direction and interface
};

/// What a subscriber is shown.
struct LedgerView {
    LedgerDetail detail = LedgerDetail::Connection;
    /// The user whose programs are rows, all others being folded into one; not set: everything.
    std::optional<quint32> ownUid;
};

/// Sums of a row, or of many. Cumulative since the Ledger was made.
struct LedgerTotals {
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    // As in PacketCounts; segments beyond a packet's first count as packets here: as they leave the card.
    quint64 rxIpBytes = 0;
    quint64 txIpBytes = 0;
    quint64 rxSegmentHeaderBytes = 0;
    quint64 txSegmentHeaderBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 retransmits = 0; ///< TCP segments sent again

    LedgerTotals &operator+=(const LedgerTotals &other);
    LedgerTotals operator-(const LedgerTotals &part) const;
    bool isZero() const;
};

/// Row ids are stable within a level of detail.
struct LedgerRow {
    quint32 id = 0;
    quint32 programId = 0;
    quint32 remoteId = 0; ///< 0 in levels that do not tell; numbered apart for each view's user
    quint32 ifindex = 0;
    quint16 servicePort = 0;
    quint8 protocol = 0;
    quint8 direction = 0; ///< enum nt_direction
    TunnelPart tunnelPart = TunnelPart::None;
    LedgerTotals totals;
    qint64 openSockets = 0; ///< never below zero in what changesSince() hands out
};

struct LedgerRemote {
    quint32 id = 0;
    QByteArray address; ///< 4 or 16 bytes in network order, empty: not known
};

/// What a subscriber has not been sent yet. The processes live as long as the Ledger.
struct LedgerChanges {
    std::vector<const Process *> programs;
    std::vector<LedgerRemote> remotes;
    std::vector<LedgerRow> rows;
    std::vector<quint32> endedProgramIds;
};

/**
 * Turns a source's absolute counters into totals that never shrink, by connection, by program and
 * remote, and by program, and tells what changed since any earlier reading.
 *
 * A subscriber costs nothing here: it remembers the version it was sent up to. Asking costs as much as
 * there are changes, not rows: every level keeps its rows in the order of their last change.
 * A program is told of with its first row, not before. Not thread-safe.
 */
class Ledger : public CounterSink {
public:
    /// Reserved in every level, and the ids that follow for each further TunnelPart; program
    /// ProcessTable::othersId.
    static constexpr quint32 othersRowId = 1;

    struct Limits {
        quint32 maxPrograms = 200000;
        /// Connections beyond are put down to the overflow row: nothing is lost, memory is bounded.
        quint32 maxRows = 1000000;
    };

    struct Bytes {
        quint64 rx = 0;
        quint64 tx = 0;
    };

    Ledger()
        : Ledger(Limits())
    {
    }
    explicit Ledger(const Limits &limits);

    /// The helper's own network namespace: interfaces of others are not told of. Before the first reading.
    void setNetNs(quint32 netNs)
    {
        m_netNs = netNs;
        m_interfaces.setNetNs(netNs);
    }

    /// Call before each reading of the source into this sink.
    void beginReading() { ++m_version; }
    /// Of the reading last begun; 0 before the first.
    quint64 version() const { return m_version; }

    void program(const ProgramRecord &record) override;
    /// Slots are indices of the source's table: dense, bounded by its capacity.
    void flow(const FlowRecord &record) override;

    /// Who carries the machine's tunnels from here on. Those of programs that end stay with nobody.
    void setTunnels(const QList<TunnelCarrier> &carriers);
    /// The programs that carry an interface of the own namespace, as last told.
    QList<const Process *> carriersOf(quint32 ifindex) const;

    /// What changed in readings after @p version; everything for 0. The rows' sums over any view at
    /// version 0 are the whole.
    LedgerChanges changesSince(quint64 version, const LedgerView &view) const;

    /// Payload of flows or programs that found the source's tables full.
    Bytes spilled() const;

    /// The program now in the source's slot; see ProcessTable::idOfSlot().
    const Process &processOfSlot(quint32 slot) const
    {
        return m_processes.process(m_processes.idOfSlot(slot));
    }

    /// The program that a flow is put down to: that of its slot, or what the kernel does with it.
    const Process &processOf(const FlowRecord &record) { return m_processes.process(programOf(record)); }

    /// What the flows amount to at each interface.
    InterfaceBook &interfaces() { return m_interfaces; }

private:
    static constexpr quint32 none = ~quint32(0);

    struct Node {
        LedgerRow row;
        quint64 version = 0; ///< of the reading that changed it last
        quint32 coarser = none; ///< the row of the next coarser level it adds to
        quint32 older = none; ///< neighbours in the order of last change
        quint32 newer = none;
        quint32 user = 0; ///< index in m_sums
        quint32 ownRemoteId = 0; ///< row.remoteId as its owner is told
    };

    /// One level of detail: its rows by index, and their order of last change.
    struct Level {
        std::vector<Node> nodes;
        quint32 newest = none;
    };

    /// What was last read from a slot of the source, and where it was put.
    struct Slot {
        quint64 rx = 0;
        quint64 tx = 0;
        PacketCounts packets;
        quint32 retransmits = 0;
        quint32 row = none; ///< index in the connection level
        quint32 generation = 0;
        qint32 openSockets = 0;
    };

    struct Sum {
        LedgerTotals totals;
        qint64 openSockets = 0;
        bool isUsed = false;
    };

    struct Sums {
        std::array<Sum, tunnelParts.size()> parts; ///< by TunnelPart
        quint32 remoteCount = 0; ///< of a user: the last id given to a remote of theirs
    };

    struct ConnectionKey {
        quint32 programId = 0;
        quint32 remoteId = 0;
        quint32 ifindex = 0;
        quint16 servicePort = 0;
        quint8 protocol = 0;
        quint8 direction = 0;
        quint32 tunnelPart = 0; ///< widened, so that the key has no padding
        bool operator==(const ConnectionKey &) const = default;
        friend size_t qHash(const ConnectionKey &key, size_t seed) noexcept
        {
            static_assert(sizeof key == 20, "hashed as bytes: no padding");
            return qHashBits(&key, sizeof key, seed);
        }
    };

    struct RemoteKey {
        RemoteBytes bytes{};
        bool operator==(const RemoteKey &) const = default;
        friend size_t qHash(const RemoteKey &key, size_t seed) noexcept
        {
            return qHashBits(key.bytes.data(), key.bytes.size(), seed);
        }
    };

    /// Something that was told of from a reading on, and to whose owner.
    struct Known {
        quint64 version = 0;
        quint32 id = 0;
        quint32 user = 0; ///< index in m_sums
    };

    /// A remote as the user who talks to it is told: an id all users share would tell each whether
    /// another has talked to it before.
    struct OwnRemote {
        quint64 version = 0;
        quint32 id = 0; ///< in m_remotes
        quint32 ownId = 0;
        quint32 user = 0; ///< index in m_sums
    };

    struct Remote {
        quint64 version = 0; ///< of the reading that brought it
        RemoteBytes bytes{};
    };

    Level &level(LedgerDetail detail) { return m_levels[size_t(detail)]; }
    const Level &level(LedgerDetail detail) const { return m_levels[size_t(detail)]; }

    quint32 programOf(const FlowRecord &record);
    TunnelPart partOf(quint32 programId, const FlowRecord &record) const;
    /// Tells the programs, remotes and flows of each part apart. Ids of programs are far smaller.
    static quint32 keyOf(quint32 programId, TunnelPart part) { return programId | quint32(part) << 30; }

    // Each finds the row's index in its level, or makes it and the coarser ones it adds to.
    quint32 connectionRow(quint32 programId, TunnelPart part, const FlowRecord &record);
    quint32 remoteRow(quint32 programId, TunnelPart part, quint32 remoteId);
    quint32 programRow(quint32 programId, TunnelPart part);

    quint32 append(LedgerDetail detail, const LedgerRow &row, quint32 user, quint32 coarser);
    void touch(Level &level, quint32 index);
    void add(quint32 connectionRow, const LedgerTotals &growth, qint64 openSockets);

    /// Index in m_sums. Kernel threads and the overflow program are nobody's own.
    static constexpr quint32 nobody = 0;
    quint32 userOf(const Process &process);

    Limits m_limits;
    quint64 m_version = 0;
    quint32 m_netNs = 0;
    ProcessTable m_processes;
    InterfaceBook m_interfaces;
    std::array<Level, 3> m_levels;
    std::vector<Slot> m_slots;

    QHash<ConnectionKey, quint32> m_connectionRows;
    QHash<quint64, quint32> m_remoteRows; ///< keyOf() << 32 | remote id
    QHash<quint32, quint32> m_programRows; ///< by keyOf()
    QHash<quint32, quint32> m_toldPrograms; ///< those with a row, to their user's index in m_sums
    QSet<quint64> m_tunnels; ///< network namespace << 32 | ifindex
    QHash<quint32, QList<quint32>> m_carriers; ///< program ids, by ifindex of the own namespace; 0: of others
    QSet<quint32> m_carrierIds; ///< all of them
    QHash<RemoteKey, quint32> m_remoteIds;
    QHash<quint32, quint32> m_users; ///< uid to index in m_sums
    QHash<quint64, quint32> m_ownRemoteIds; ///< by user << 32 | remote id

    std::vector<Sums> m_sums; ///< by user
    Sums m_total;

    // In the order they came, for changesSince() to walk from the end.
    std::vector<Known> m_knownPrograms;
    std::vector<Known> m_endedPrograms;
    std::vector<Remote> m_remotes; ///< by id - 1
    std::vector<OwnRemote> m_remotesOfUsers; ///< whom others talk to is not told: each remote once a user
};

} // namespace Nettally
