// SPDX-License-Identifier: MIT
#include "ledger.h"

#include "kernelpart.h"

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
        const auto told = m_toldPrograms.constFind(id);
        if (told != m_toldPrograms.constEnd())
            m_endedPrograms.push_back({m_version, id, *told});
    }
}

void Ledger::setTunnels(const QList<TunnelCarrier> &carriers)
{
    m_tunnels.clear();
    m_carriers.clear();
    m_carrierIds.clear();
    for (const TunnelCarrier &carrier : carriers) {
        const quint32 id = m_processes.idOfSlot(carrier.programSlot);
        m_tunnels.insert(quint64(carrier.netNs) << 32 | carrier.ifindex);
        m_carriers[carrier.netNs == m_netNs ? carrier.ifindex : 0].append(id);
        m_carrierIds.insert(id);
    }
}

QList<const Process *> Ledger::carriersOf(quint32 ifindex) const
{
    QList<const Process *> programs;
    for (const quint32 id : m_carriers.value(ifindex))
        programs.append(&m_processes.process(id));
    return programs;
}

quint32 Ledger::programOf(const FlowRecord &record)
{
    if (record.slot == 0)
        return ProcessTable::overflowId;
    const quint32 id = m_processes.idOfSlot(record.programSlot);
    if (id == ProcessTable::kernelId)
        return m_processes.idOfKernelPart(kernelPartName(record), ProcessKind::Kernel);
    if (m_processes.process(id).kind != ProcessKind::KernelThread)
        return id;
    // Its threads come and go, and serve whatever is to be done next.
    const QString service = kernelServiceName(record);
    return service.isEmpty() ? id : m_processes.idOfKernelPart(service, ProcessKind::KernelThread);
}

TunnelPart Ledger::partOf(quint32 programId, const FlowRecord &record) const
{
    constexpr quint32 loopbackIndex = 1; // in each namespace: LOOPBACK_IFINDEX in net/loopback.h
    if (m_tunnels.isEmpty() || record.slot == 0)
        return TunnelPart::None;
    if (record.ifindex != 0 && m_tunnels.contains(quint64(record.netNs) << 32 | record.ifindex))
        return TunnelPart::Inside;
    // What a carrier sends to this machine itself leaves by no card.
    return m_carrierIds.contains(programId) && record.ifindex != loopbackIndex ? TunnelPart::Carrier
                                                                               : TunnelPart::None;
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
    const quint32 programId = programOf(record);
    const TunnelPart part = partOf(programId, record);
    const bool sameRow = slot.row != none && slot.generation == record.generation;
    const auto isOf = [&](const LedgerRow &row) {
        return row.programId == programId && row.tunnelPart == part;
    };
    if (!sameRow || !isOf(level(LedgerDetail::Connection).nodes[slot.row].row)) {
        const quint32 row = connectionRow(programId, part, record);
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
    const auto part = size_t(level(LedgerDetail::Connection).nodes[connectionRow].row.tunnelPart);
    quint32 index = connectionRow;
    for (LedgerDetail detail : {LedgerDetail::Connection, LedgerDetail::Remote, LedgerDetail::Program}) {
        Level &rows = level(detail);
        Node &node = rows.nodes[index];
        node.row.totals += growth;
        node.row.openSockets += openSockets;
        touch(rows, index);
        index = node.coarser;
    }
    for (Sum *sum : {&m_total.parts[part], &m_sums[user].parts[part]}) {
        sum->totals += growth;
        sum->openSockets += openSockets;
        sum->isUsed = true;
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
    node.row.id = index + othersRowId + quint32(tunnelParts.size());
    node.user = user;
    node.coarser = coarser;
    rows.nodes.push_back(node);
    touch(rows, index);
    return index;
}

quint32 Ledger::connectionRow(quint32 programId, TunnelPart part, const FlowRecord &record)
{
    const quint32 remoteId = m_remoteIds.value({record.remote});
    ConnectionKey key{programId,     remoteId,        record.netNs == m_netNs ? record.ifindex : 0,
                      record.port(), record.protocol, record.direction,
                      quint32(part)};
    const quint32 known = remoteId != 0 ? m_connectionRows.value(key, none) : none;
    if (known != none)
        return known;

    if (record.slot != 0 && level(LedgerDetail::Connection).nodes.size() >= m_limits.maxRows)
        return connectionRow(ProcessTable::overflowId, TunnelPart::None, FlowRecord());

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
    row.tunnelPart = part;
    const quint32 coarser = remoteRow(programId, part, key.remoteId);
    const Node &remote = level(LedgerDetail::Remote).nodes[coarser];
    const quint32 index = append(LedgerDetail::Connection, row, remote.user, coarser);
    level(LedgerDetail::Connection).nodes[index].ownRemoteId = remote.ownRemoteId;
    m_connectionRows.insert(key, index);
    return index;
}

quint32 Ledger::remoteRow(quint32 programId, TunnelPart part, quint32 remoteId)
{
    const quint64 key = quint64(keyOf(programId, part)) << 32 | remoteId;
    const quint32 known = m_remoteRows.value(key, none);
    if (known != none)
        return known;

    const quint32 coarser = programRow(programId, part);
    const quint32 user = level(LedgerDetail::Program).nodes[coarser].user;
    quint32 &ownId = m_ownRemoteIds[quint64(user) << 32 | remoteId];
    if (ownId == 0) {
        ownId = ++m_sums[user].remoteCount;
        m_remotesOfUsers.push_back({m_version, remoteId, ownId, user});
    }
    LedgerRow row;
    row.programId = programId;
    row.remoteId = remoteId;
    row.tunnelPart = part;
    const quint32 index = append(LedgerDetail::Remote, row, user, coarser);
    level(LedgerDetail::Remote).nodes[index].ownRemoteId = ownId;
    m_remoteRows.insert(key, index);
    return index;
}

quint32 Ledger::programRow(quint32 programId, TunnelPart part)
{
    const quint32 known = m_programRows.value(keyOf(programId, part), none);
    if (known != none)
        return known;

    const Process &process = m_processes.process(programId);
    const quint32 user = userOf(process);
    LedgerRow row;
    row.programId = programId;
    row.tunnelPart = part;
    const quint32 index = append(LedgerDetail::Program, row, user, none);
    m_programRows.insert(keyOf(programId, part), index);
    if (m_toldPrograms.contains(programId))
        return index;
    m_toldPrograms.insert(programId, user);
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
        for (const TunnelPart part : tunnelParts) {
            const Sum &all = m_total.parts[size_t(part)];
            if (part != TunnelPart::None && !all.isUsed)
                continue;
            LedgerRow others;
            others.id = othersRowId + quint32(part);
            others.programId = ProcessTable::othersId;
            others.tunnelPart = part;
            others.totals = all.totals - own.parts[size_t(part)].totals;
            others.openSockets = std::max<qint64>(all.openSockets - own.parts[size_t(part)].openSockets, 0);
            changes.rows.push_back(others);
        }
    }
    return changes;
}

Ledger::Bytes Ledger::spilled() const
{
    const quint32 row = m_programRows.value(keyOf(ProcessTable::overflowId, TunnelPart::None), none);
    if (row == none)
        return {};
    const LedgerTotals &sums = level(LedgerDetail::Program).nodes[row].row.totals;
    return {sums.rxPayloadBytes, sums.txPayloadBytes};
}

} // namespace Nettally
