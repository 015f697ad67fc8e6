// SPDX-License-Identifier: MIT
#include "ledger.h"

#include <algorithm>

namespace Nettally {

namespace {

QByteArray addressBytes(const RemoteBytes &bytes)
{
    static constexpr std::array<quint8, 12> v4Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (bytes == RemoteBytes{})
        return {};
    const bool isV4 = std::equal(v4Mapped.begin(), v4Mapped.end(), bytes.begin());
    const QByteArray all(reinterpret_cast<const char *>(bytes.data()), qsizetype(bytes.size()));
    return isV4 ? all.mid(qsizetype(v4Mapped.size())) : all;
}

constexpr std::array totalsMembers{
    &LedgerTotals::rxPayloadBytes,
    &LedgerTotals::txPayloadBytes,
    &LedgerTotals::rxIpBytes,
    &LedgerTotals::txIpBytes,
    &LedgerTotals::rxSegmentHeaderBytes,
    &LedgerTotals::txSegmentHeaderBytes,
    &LedgerTotals::rxPackets,
    &LedgerTotals::txPackets,
    &LedgerTotals::retransmits,
};

} // namespace

LedgerTotals &LedgerTotals::operator+=(const LedgerTotals &other)
{
    for (const auto member : totalsMembers)
        this->*member += other.*member;
    return *this;
}

LedgerTotals LedgerTotals::operator-(const LedgerTotals &part) const
{
    LedgerTotals difference;
    for (const auto member : totalsMembers)
        difference.*member = this->*member - part.*member;
    return difference;
}

bool LedgerTotals::isZero() const
{
    return std::none_of(totalsMembers.begin(), totalsMembers.end(),
                        [this](const auto member) { return this->*member != 0; });
}

Ledger::Ledger(const Limits &limits)
    : m_limits(limits)
    , m_processes(limits.maxPrograms)
    , m_sums(1)
{
}

void Ledger::program(const ProgramRecord &record)
{
    std::vector<quint32> ended;
    m_processes.record(record, ended);
    for (quint32 id : ended) {
        // One without rows was not told of; programRow() catches up should it get some.
        const quint32 row = m_programRows.value(id, none);
        if (row != none)
            m_endedPrograms.push_back({m_version, id, m_knownPrograms[row].user});
    }
}

void Ledger::flow(const FlowRecord &record)
{
    if (record.programSlot == ProgramSlot::pending) {
        m_interfaces.setPending(record);
        return;
    }
    if (record.slot >= m_slots.size())
        m_slots.resize(record.slot + 1);
    Slot &slot = m_slots[record.slot];
    const quint32 programId =
        record.slot == 0 ? ProcessTable::overflowId : m_processes.idOfSlot(record.programSlot);

    const bool sameRow = slot.row != none && slot.generation == record.generation;
    if (!sameRow || level(LedgerDetail::Connection).nodes[slot.row].row.programId != programId) {
        const quint32 row = connectionRow(programId, record);
        if (slot.row != none)
            add(slot.row, {}, -qint64(slot.openSockets));
        slot.row = row;
        slot.openSockets = 0;
        if (!sameRow) {
            slot.generation = record.generation;
            slot.rx = slot.tx = 0;
            slot.packets = {};
            slot.retransmits = 0;
        }
    }

    // Counters only grow, so one that went down began again at zero, and the others with it.
    if (record.rxPayloadBytes < slot.rx || record.txPayloadBytes < slot.tx
        || record.packets.isBehind(slot.packets)) {
        slot.rx = slot.tx = 0;
        slot.packets = {};
        slot.retransmits = 0;
    }
    const PacketCounts packets = record.packets - slot.packets;
    LedgerTotals growth;
    growth.rxPayloadBytes = record.rxPayloadBytes - slot.rx;
    growth.txPayloadBytes = record.txPayloadBytes - slot.tx;
    growth.rxIpBytes = packets.rxIpBytes;
    growth.txIpBytes = packets.txIpBytes;
    growth.rxSegmentHeaderBytes = packets.rxSegmentHeaderBytes;
    growth.txSegmentHeaderBytes = packets.txSegmentHeaderBytes;
    growth.rxPackets = packets.rxPackets + packets.rxMoreSegments;
    growth.txPackets = packets.txPackets + packets.txMoreSegments;
    growth.retransmits = quint32(record.retransmits - slot.retransmits);
    const qint64 openSockets = qint64(record.openSockets) - slot.openSockets;
    slot.rx = record.rxPayloadBytes;
    slot.tx = record.txPayloadBytes;
    slot.packets = record.packets;
    slot.retransmits = record.retransmits;
    slot.openSockets = record.openSockets;
    m_interfaces.add(record, growth.txPayloadBytes, packets);
    if (!growth.isZero() || openSockets != 0)
        add(slot.row, growth, openSockets);
}

void Ledger::add(quint32 connectionRow, const LedgerTotals &growth, qint64 openSockets)
{
    const quint32 user = level(LedgerDetail::Connection).nodes[connectionRow].user;
    quint32 index = connectionRow;
    for (LedgerDetail detail : {LedgerDetail::Connection, LedgerDetail::Remote, LedgerDetail::Program}) {
        Level &rows = level(detail);
        Node &node = rows.nodes[index];
        node.row.totals += growth;
        node.row.openSockets += openSockets;
        touch(rows, index);
        index = node.coarser;
    }
    for (Sums *sums : {&m_total, &m_sums[user]}) {
        sums->totals += growth;
        sums->openSockets += openSockets;
    }
}

void Ledger::touch(Level &level, quint32 index)
{
    Node &node = level.nodes[index];
    if (node.version == m_version)
        return;
    node.version = m_version;
    if (level.newest == index)
        return;
    if (node.older != none)
        level.nodes[node.older].newer = node.newer;
    if (node.newer != none)
        level.nodes[node.newer].older = node.older;
    node.older = level.newest;
    node.newer = none;
    if (level.newest != none)
        level.nodes[level.newest].newer = index;
    level.newest = index;
}

quint32 Ledger::append(LedgerDetail detail, const LedgerRow &row, quint32 user, quint32 coarser)
{
    Level &rows = level(detail);
    const quint32 index = quint32(rows.nodes.size());
    Node node;
    node.row = row;
    node.row.id = index + othersRowId + 1;
    node.user = user;
    node.coarser = coarser;
    rows.nodes.push_back(node);
    touch(rows, index);
    return index;
}

quint32 Ledger::connectionRow(quint32 programId, const FlowRecord &record)
{
    const quint32 remoteId = m_remoteIds.value({record.remote});
    ConnectionKey key{programId,          remoteId,        record.netNs == m_netNs ? record.ifindex : 0,
                      record.servicePort, record.protocol, record.direction};
    const quint32 known = remoteId != 0 ? m_connectionRows.value(key, none) : none;
    if (known != none)
        return known;

    if (record.slot != 0 && level(LedgerDetail::Connection).nodes.size() >= m_limits.maxRows)
        return connectionRow(ProcessTable::overflowId, FlowRecord());

    if (remoteId == 0) {
        m_remotes.push_back({m_version, record.remote});
        key.remoteId = quint32(m_remotes.size());
        m_remoteIds.insert({record.remote}, key.remoteId);
    }
    LedgerRow row;
    row.programId = key.programId;
    row.remoteId = key.remoteId;
    row.ifindex = key.ifindex;
    row.servicePort = key.servicePort;
    row.protocol = key.protocol;
    row.direction = key.direction;
    const quint32 coarser = remoteRow(programId, key.remoteId);
    const Node &remote = level(LedgerDetail::Remote).nodes[coarser];
    const quint32 index = append(LedgerDetail::Connection, row, remote.user, coarser);
    level(LedgerDetail::Connection).nodes[index].ownRemoteId = remote.ownRemoteId;
    m_connectionRows.insert(key, index);
    return index;
}

quint32 Ledger::remoteRow(quint32 programId, quint32 remoteId)
{
    const quint64 key = quint64(programId) << 32 | remoteId;
    const quint32 known = m_remoteRows.value(key, none);
    if (known != none)
        return known;

    const quint32 coarser = programRow(programId);
    const quint32 user = m_knownPrograms[coarser].user;
    quint32 &ownId = m_ownRemoteIds[quint64(user) << 32 | remoteId];
    if (ownId == 0) {
        ownId = ++m_sums[user].remoteCount;
        m_remotesOfUsers.push_back({m_version, remoteId, ownId, user});
    }
    LedgerRow row;
    row.programId = programId;
    row.remoteId = remoteId;
    const quint32 index = append(LedgerDetail::Remote, row, user, coarser);
    level(LedgerDetail::Remote).nodes[index].ownRemoteId = ownId;
    m_remoteRows.insert(key, index);
    return index;
}

quint32 Ledger::programRow(quint32 programId)
{
    const quint32 known = m_programRows.value(programId, none);
    if (known != none)
        return known;

    const Process &process = m_processes.process(programId);
    const quint32 user = userOf(process);
    LedgerRow row;
    row.programId = programId;
    const quint32 index = append(LedgerDetail::Program, row, user, none);
    m_programRows.insert(programId, index);
    m_knownPrograms.push_back({m_version, programId, user});
    if (process.ended)
        m_endedPrograms.push_back({m_version, programId, user});
    return index;
}

quint32 Ledger::userOf(const Process &process)
{
    if (process.kind != ProcessKind::Program)
        return nobody;
    quint32 &user = m_users[process.uid];
    if (user == nobody) {
        user = quint32(m_sums.size());
        m_sums.emplace_back();
    }
    return user;
}

LedgerChanges Ledger::changesSince(quint64 version, const LedgerView &view) const
{
    LedgerChanges changes;
    const bool ownOnly = view.ownUid.has_value();
    // A user without programs so far matches none: no user has this index.
    const quint32 user = ownOnly ? m_users.value(*view.ownUid, none) : none;
    const auto isShown = [&](quint32 owner) { return !ownOnly || owner == user; };
    const auto forEachSince = [version](const auto &known, const auto &visit) {
        for (auto it = known.rbegin(); it != known.rend() && it->version > version; ++it)
            visit(*it);
    };

    forEachSince(m_knownPrograms, [&](const Known &known) {
        if (isShown(known.user))
            changes.programs.push_back(&m_processes.process(known.id));
    });
    forEachSince(m_endedPrograms, [&](const Known &known) {
        if (isShown(known.user))
            changes.endedProgramIds.push_back(known.id);
    });
    if (view.detail != LedgerDetail::Program) {
        const auto tell = [&](quint32 id, quint32 toldId) {
            changes.remotes.push_back({toldId, addressBytes(m_remotes[id - 1].bytes)});
        };
        if (ownOnly) {
            forEachSince(m_remotesOfUsers, [&](const OwnRemote &remote) {
                if (isShown(remote.user))
                    tell(remote.id, remote.ownId);
            });
        } else {
            for (size_t id = m_remotes.size(); id > 0 && m_remotes[id - 1].version > version; --id)
                tell(quint32(id), quint32(id));
        }
    }

    const Level &rows = level(view.detail);
    bool othersChanged = version == 0;
    for (quint32 i = rows.newest; i != none && rows.nodes[i].version > version; i = rows.nodes[i].older) {
        const Node &node = rows.nodes[i];
        if (!isShown(node.user)) {
            othersChanged = true;
            continue;
        }
        changes.rows.push_back(node.row);
        if (ownOnly)
            changes.rows.back().remoteId = node.ownRemoteId;
        changes.rows.back().openSockets = std::max<qint64>(node.row.openSockets, 0);
    }

    if (ownOnly && version == 0)
        changes.programs.push_back(&m_processes.process(ProcessTable::othersId));
    if (ownOnly && othersChanged) {
        const Sums own = user == none ? Sums() : m_sums[user];
        LedgerRow others;
        others.id = othersRowId;
        others.programId = ProcessTable::othersId;
        others.totals = m_total.totals - own.totals;
        others.openSockets = std::max<qint64>(m_total.openSockets - own.openSockets, 0);
        changes.rows.push_back(others);
    }
    return changes;
}

Ledger::Bytes Ledger::spilled() const
{
    const quint32 row = m_programRows.value(ProcessTable::overflowId, none);
    if (row == none)
        return {};
    const LedgerTotals &sums = level(LedgerDetail::Program).nodes[row].row.totals;
    return {sums.rxPayloadBytes, sums.txPayloadBytes};
}

} // namespace Nettally
