// SPDX-License-Identifier: MIT
#include "pushassembler.h"

namespace Nettally {

namespace {

bool isAddressSize(qsizetype size)
{
    return size == 0 || size == 4 || size == 16;
}

} // namespace

std::optional<UsageUpdate> PushAssembler::take(const PushPart &part)
{
    if (m_fault.isEmpty())
        m_fault = check(part);
    if (!m_fault.isEmpty()) {
        m_update = {};
        return std::nullopt;
    }

    m_update.isSnapshot = !m_hasSnapshot;
    m_update.timeNs = part.timeNs;
    m_update.programs.reserve(m_update.programs.size() + part.programs.size());
    for (const Wire::Program &program : part.programs) {
        m_update.programs.append({program.id, program.pid, program.startNs, program.name, program.executable,
                                  program.uid, program.cgroupId, program.pidNs, program.netNs,
                                  ProgramKind(program.kind)});
    }
    for (const Wire::Remote &remote : part.remotes)
        m_update.remotes.append({remote.id, Address::fromBytes(remote.address)});
    m_update.flows.reserve(m_update.flows.size() + part.rows.size());
    for (const Wire::Row &row : part.rows) {
        m_update.flows.append({row.row, row.program, row.remote, row.servicePort, row.protocol,
                               Direction(row.direction), row.ifindex, row.rxPayloadBytes, row.txPayloadBytes,
                               row.openSockets, row.rxIpBytes + row.rxSegmentHeaderBytes,
                               row.txIpBytes + row.txSegmentHeaderBytes, row.rxPackets, row.txPackets,
                               row.retransmits, TunnelSide(row.tunnelPart)});
    }
    m_update.endedProgramIds += part.endedProgramIds;

    if (!part.isLast) {
        ++m_nextPart;
        return std::nullopt;
    }
    m_nextPart = 0;
    m_hasSnapshot = true;
    // Names may follow in a later part than the rows that use them, so only the whole can be checked.
    for (const Flow &flow : std::as_const(m_update.flows)) {
        if (!m_programIds.contains(flow.programId)
            || (flow.remoteId != 0 && !m_remoteIds.contains(flow.remoteId))) {
            m_fault = QStringLiteral("row %1 names a program or remote never sent").arg(flow.id);
            m_update = {};
            return std::nullopt;
        }
    }
    return std::exchange(m_update, {});
}

QString PushAssembler::check(const PushPart &part)
{
    if (m_nextPart == 0) {
        if (part.sequence <= m_sequence)
            return QStringLiteral("push %1 after %2").arg(part.sequence).arg(m_sequence);
        if (part.timeNs < m_timeNs)
            return QStringLiteral("push %1 is older than the one before").arg(part.sequence);
    } else if (part.sequence != m_sequence || part.timeNs != m_timeNs) {
        return QStringLiteral("push %1 before %2 was whole").arg(part.sequence).arg(m_sequence);
    }
    if (part.part != m_nextPart)
        return QStringLiteral("part %1 instead of %2").arg(part.part).arg(m_nextPart);
    m_sequence = part.sequence;
    m_timeNs = part.timeNs;

    const qsizetype items =
        part.programs.size() + part.remotes.size() + part.rows.size() + part.endedProgramIds.size();
    const qsizetype before = m_update.programs.size() + m_update.remotes.size() + m_update.flows.size()
        + m_update.endedProgramIds.size();
    if (items > maxItemsPerPush - before || part.part > maxItemsPerPush)
        return QStringLiteral("push %1 is too big").arg(part.sequence);

    for (const Wire::Program &program : part.programs) {
        if (program.id == 0 || program.kind > quint8(ProgramKind::Kernel))
            return QStringLiteral("program %1 of kind %2").arg(program.id).arg(program.kind);
        m_programIds.insert(program.id);
    }
    for (const Wire::Remote &remote : part.remotes) {
        if (remote.id == 0 || !isAddressSize(remote.address.size()))
            return QStringLiteral("remote %1 of %2 bytes").arg(remote.id).arg(remote.address.size());
        m_remoteIds.insert(remote.id);
    }
    for (const Wire::Row &row : part.rows) {
        if (row.row == 0 || row.direction > quint8(Direction::Link))
            return QStringLiteral("row %1 of direction %2").arg(row.row).arg(row.direction);
        if (row.tunnelPart > quint8(TunnelSide::Carrier))
            return QStringLiteral("row %1 of tunnel part %2").arg(row.row).arg(row.tunnelPart);
    }
    return {};
}

} // namespace Nettally
