// SPDX-License-Identifier: MIT
#include "minutebook.h"

#include <QSet>

#include <array>
#include <cstdlib>

namespace Nettally {

namespace {

constexpr qint64 secondNs = 1'000'000'000;
/// More than a clock is moved by those that keep it right.
constexpr qint64 stepNs = 2 * secondNs;
/// Less is a clock read a little later than the other.
constexpr quint64 suspendNs = quint64(secondNs);

constexpr std::array totalsMembers{
    &RowTotals::rxPayloadBytes, &RowTotals::txPayloadBytes, &RowTotals::rxNetworkBytes,
    &RowTotals::txNetworkBytes, &RowTotals::rxPackets,      &RowTotals::txPackets,
};

qint64 floorDivide(qint64 value, qint64 by)
{
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

qint64 minuteOf(qint64 utcNs)
{
    return floorDivide(utcNs, 60 * secondNs) * 60;
}

/// Whole seconds within the span; none when there is not one.
void addGap(std::vector<JournalGap> &gaps, qint64 beginNs, qint64 endNs, JournalGapReason reason)
{
    const JournalGap gap{floorDivide(beginNs + secondNs - 1, secondNs), floorDivide(endNs, secondNs), reason};
    if (gap.beginUtcS < gap.endUtcS)
        gaps.push_back(gap);
}

/// A counter that went down was reset, and began again at zero.
quint64 grown(quint64 now, quint64 before)
{
    return now >= before ? now - before : now;
}

} // namespace

MinuteBook::MinuteBook(quint32 netNs, CgroupPath cgroupPath)
    : m_netNs(netNs)
    , m_cgroupPath(std::move(cgroupPath))
{
}

void MinuteBook::setBaseline(const std::optional<Checkpoint> &baseline)
{
    m_isBaseline = !baseline;
    if (!baseline)
        return;
    for (const Checkpoint::Row &sealed : baseline->rows) {
        if (sealed.slot >= m_rows.size())
            m_rows.resize(sealed.slot + 1);
        Row &row = m_rows[sealed.slot];
        row.generation = sealed.generation;
        row.now = row.sealed = sealed.totals;
        row.isInCheckpoint = true;
    }
    for (const Checkpoint::Interface &interface : baseline->interfaces)
        m_interfaces.insert(interface.index, {interface.rxBytes, interface.txBytes});
    m_hasInterfaces = !baseline->interfaces.empty();
}

quint32 MinuteBook::programOf(const Process &process)
{
    if (process.id >= m_programOfProcess.size())
        m_programOfProcess.resize(process.id + 1);
    quint32 &place = m_programOfProcess[process.id];
    if (place != 0)
        return place - 1;
    // The path is asked for now, while the group is there, and again when it is written.
    if (process.cgroupId != 0)
        m_cgroupPath(process.cgroupId);
    JournalProgram program{process.name, process.executable, process.uid, QString::number(process.cgroupId),
                           process.kind};
    const auto known = m_programIndexes.constFind(program);
    if (known != m_programIndexes.constEnd()) {
        place = *known + 1;
    } else {
        place = quint32(m_programs.size()) + 1;
        m_programIndexes.insert(program, place - 1);
        program.cgroupPath.clear();
        m_programs.push_back({program, process.cgroupId});
    }
    return place - 1;
}

void MinuteBook::flow(const FlowRecord &record, const Process &process)
{
    if (record.programSlot == ProgramSlot::pending)
        return; // nobody's yet; it comes again as somebody's
    if (record.slot >= m_rows.size())
        m_rows.resize(record.slot + 1);
    Row &row = m_rows[record.slot];
    FlowKey key;
    key.program = programOf(process);
    key.remote = record.remote;
    key.ifindex = record.netNs == m_netNs ? record.ifindex : 0;
    key.servicePort = record.port();
    key.protocol = record.protocol;
    key.direction = record.direction;
    if (row.isKnown && (row.generation != record.generation || !(row.key == key)))
        fold(row);
    if (row.generation != record.generation) {
        row.generation = record.generation;
        row.now = row.sealed = {};
    }
    row.key = key;
    row.isKnown = true;

    RowTotals now;
    now.rxPayloadBytes = record.rxPayloadBytes;
    now.txPayloadBytes = record.txPayloadBytes;
    now.rxNetworkBytes = record.packets.rxIpBytes + record.packets.rxSegmentHeaderBytes;
    now.txNetworkBytes = record.packets.txIpBytes + record.packets.txSegmentHeaderBytes;
    now.rxPackets = record.packets.rxPackets + record.packets.rxMoreSegments;
    now.txPackets = record.packets.txPackets + record.packets.txMoreSegments;
    now.retransmits = record.retransmits;
    // Counters only grow, so one that went down began again at zero, and the others with it.
    for (const auto member : totalsMembers) {
        if (now.*member < row.now.*member) {
            fold(row);
            row.sealed = {};
            break;
        }
    }
    row.now = now;
    if (m_isBaseline) {
        row.sealed = now;
        row.isInCheckpoint = true;
    }
    if (!row.isChanged) {
        row.isChanged = true;
        m_changedSlots.push_back(record.slot);
    }
}

void MinuteBook::fold(Row &row)
{
    JournalSums growth;
    growth.hasNetwork = m_countsPackets;
    growth.rxPayloadBytes = row.now.rxPayloadBytes - row.sealed.rxPayloadBytes;
    growth.txPayloadBytes = row.now.txPayloadBytes - row.sealed.txPayloadBytes;
    growth.rxNetworkBytes = row.now.rxNetworkBytes - row.sealed.rxNetworkBytes;
    growth.txNetworkBytes = row.now.txNetworkBytes - row.sealed.txNetworkBytes;
    growth.rxPackets = row.now.rxPackets - row.sealed.rxPackets;
    growth.txPackets = row.now.txPackets - row.sealed.txPackets;
    growth.retransmits = quint32(row.now.retransmits - row.sealed.retransmits);
    row.sealed = row.now;
    row.isInCheckpoint = true;
    JournalSums nothing;
    nothing.hasNetwork = m_countsPackets;
    if (growth == nothing)
        return;
    const auto open = m_open.find(row.key);
    if (open != m_open.end())
        *open += growth;
    else
        m_open.insert(row.key, growth);
}

void MinuteBook::begin(const Clocks &clocks, std::optional<qint64> journalEndUtcMs)
{
    m_isBaseline = false;
    m_offsetNs = clocks.utcNs - qint64(clocks.bootNs);
    m_suspendedNs = clocks.bootNs - clocks.monotonicNs;
    m_minuteUtcS = minuteOf(clocks.utcNs);
    if (journalEndUtcMs)
        addGap(m_gaps, *journalEndUtcMs * 1'000'000, clocks.utcNs, JournalGapReason::HelperOff);
}

std::optional<Seal> MinuteBook::take(const Clocks &clocks, const QList<InterfaceCounters> &interfaces)
{
    const quint64 suspendedNs = clocks.bootNs - clocks.monotonicNs;
    const qint64 offsetNs = clocks.utcNs - qint64(clocks.bootNs);
    const qint64 expectedUtcNs = utcNsOf(clocks);
    const bool isResumed = suspendedNs > m_suspendedNs && suspendedNs - m_suspendedNs >= suspendNs;
    const bool isStepped = std::llabs(offsetNs - m_offsetNs) > stepNs;
    if (isResumed)
        addGap(m_gaps, expectedUtcNs - qint64(suspendedNs - m_suspendedNs), expectedUtcNs,
               JournalGapReason::Suspended);
    if (isStepped)
        addGap(m_gaps, expectedUtcNs, clocks.utcNs, JournalGapReason::ClockStep);
    m_suspendedNs = suspendedNs;
    m_offsetNs = offsetNs;
    if (!isResumed && !isStepped && minuteOf(clocks.utcNs) == m_minuteUtcS)
        return std::nullopt;
    return seal(clocks, interfaces);
}

Seal MinuteBook::seal(const Clocks &clocks, const QList<InterfaceCounters> &interfaces)
{
    Seal seal;
    seal.endUtcMs = floorDivide(clocks.utcNs, 1'000'000);
    for (const quint32 slot : m_changedSlots) {
        Row &row = m_rows[slot];
        fold(row);
        row.isChanged = false;
        seal.changed.rows.push_back({slot, row.generation, row.sealed});
    }
    m_changedSlots.clear();

    // A name that was given to another interface is that one's alone: its books are kept by name.
    QSet<QString> present;
    for (const InterfaceCounters &interface : interfaces)
        present.insert(interface.name);
    m_interfaceNames.removeIf([&](const auto &known) { return present.contains(known.value()); });
    for (const InterfaceCounters &interface : interfaces)
        m_interfaceNames.insert(interface.index, interface.name);
    for (const JournalGap &gap : m_gaps)
        seal.records.emplace_back(std::in_place_type<JournalGap>, gap);
    m_gaps.clear();
    for (auto open = m_open.cbegin(); open != m_open.cend(); ++open) {
        const FlowKey &key = open.key();
        auto &flow = std::get<JournalFlow>(seal.records.emplace_back(std::in_place_type<JournalFlow>));
        flow.minuteUtcS = m_minuteUtcS;
        flow.program = m_programs[key.program].program;
        if (m_programs[key.program].cgroupId != 0)
            flow.program.cgroupPath = m_cgroupPath(m_programs[key.program].cgroupId);
        flow.remote = key.remote;
        flow.protocol = key.protocol;
        flow.servicePort = key.servicePort;
        flow.direction = key.direction;
        flow.interfaceName = m_interfaceNames.value(key.ifindex);
        flow.sums = *open;
    }
    addInterfaces(interfaces, seal);
    m_open.clear();
    m_minuteUtcS = minuteOf(clocks.utcNs);
    return seal;
}

void MinuteBook::addInterfaces(const QList<InterfaceCounters> &interfaces, Seal &seal)
{
    if (interfaces.isEmpty()) { // each namespace has one at least: they could not be read this time
        for (auto it = m_interfaces.cbegin(); it != m_interfaces.cend(); ++it)
            seal.changed.interfaces.push_back({it.key(), it->rxBytes, it->txBytes});
        return;
    }
    QHash<quint32, Counters> ofFlows;
    for (auto open = m_open.cbegin(); open != m_open.cend(); ++open) {
        Counters &sums = ofFlows[open.key().ifindex];
        sums.rxBytes += open->rxNetworkBytes;
        sums.txBytes += open->txNetworkBytes;
    }
    QHash<quint32, Counters> sealed;
    QHash<quint32, QString> names;
    for (const InterfaceCounters &interface : interfaces) {
        const auto before = m_interfaces.constFind(interface.index);
        // One that came meanwhile counted from zero; what was there before us is nobody's.
        const Counters last = before != m_interfaces.constEnd() ? *before
            : m_hasInterfaces                                   ? Counters()
                              : Counters{interface.rxBytes, interface.txBytes};
        sealed.insert(interface.index, {interface.rxBytes, interface.txBytes});
        names.insert(interface.index, interface.name);
        seal.changed.interfaces.push_back({interface.index, interface.rxBytes, interface.txBytes});
        const Counters flows = ofFlows.value(interface.index);
        JournalInterface record;
        record.minuteUtcS = m_minuteUtcS;
        record.interfaceName = interface.name;
        record.rxCounterBytes = grown(interface.rxBytes, last.rxBytes);
        record.txCounterBytes = grown(interface.txBytes, last.txBytes);
        record.rxRemainderBytes = qint64(record.rxCounterBytes - flows.rxBytes);
        record.txRemainderBytes = qint64(record.txCounterBytes - flows.txBytes);
        const bool isQuiet = record.rxCounterBytes == 0 && record.txCounterBytes == 0
            && record.rxRemainderBytes == 0 && record.txRemainderBytes == 0;
        if (m_countsPackets && !isQuiet)
            seal.records.emplace_back(std::in_place_type<JournalInterface>, record);
    }
    m_interfaces = sealed;
    // Flows of an interface that is gone have no more to come.
    m_interfaceNames = names;
    m_hasInterfaces = true;
}

Checkpoint MinuteBook::whole() const
{
    Checkpoint all;
    for (quint32 slot = 0; slot < m_rows.size(); ++slot) {
        if (m_rows[slot].isInCheckpoint)
            all.rows.push_back({slot, m_rows[slot].generation, m_rows[slot].sealed});
    }
    for (auto it = m_interfaces.cbegin(); it != m_interfaces.cend(); ++it)
        all.interfaces.push_back({it.key(), it->rxBytes, it->txBytes});
    return all;
}

} // namespace Nettally
