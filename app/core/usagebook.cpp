// SPDX-License-Identifier: MIT
#include "usagebook.h"

#include <utility>

namespace Nettally {

namespace {

/// How long the flows of an ended program are kept, for bytes that are read after its end. Without a
/// bound, a machine that starts programs all day would fill our memory with them.
constexpr quint64 endedKeptNs = 600'000'000'000;

TrafficCounts totalsOf(const Flow &flow)
{
    TrafficCounts totals;
    totals.rxPayloadBytes = flow.rxPayloadBytesTotal;
    totals.txPayloadBytes = flow.txPayloadBytesTotal;
    totals.rxNetworkBytes = flow.rxNetworkBytesTotal;
    totals.txNetworkBytes = flow.txNetworkBytesTotal;
    totals.rxPackets = flow.rxPacketsTotal;
    totals.txPackets = flow.txPacketsTotal;
    totals.retransmits = flow.retransmitsTotal;
    return totals;
}

/// The contract has totals grow within an instance; one that does not invents no bytes here.
TrafficCounts growth(const TrafficCounts &now, const TrafficCounts &then)
{
    const auto grown = [&](quint64 TrafficCounts::*count) {
        return now.*count > then.*count ? now.*count - then.*count : 0;
    };
    TrafficCounts growth;
    for (quint64 TrafficCounts::*count :
         {&TrafficCounts::rxPayloadBytes, &TrafficCounts::txPayloadBytes, &TrafficCounts::rxNetworkBytes,
          &TrafficCounts::txNetworkBytes, &TrafficCounts::rxPackets, &TrafficCounts::txPackets,
          &TrafficCounts::retransmits})
        growth.*count = grown(count);
    return growth;
}

} // namespace

TrafficCounts UsageChange::moved() const
{
    TrafficCounts sum;
    for (const UsageDelta &delta : deltas) {
        if (delta.isCounted)
            sum += delta;
    }
    return sum;
}

UsageChange UsageBook::apply(const UsageUpdate &update)
{
    UsageChange change;
    if (update.instance != m_instance) {
        const TunnelsAt place = m_tunnelsAt;
        *this = UsageBook();
        m_tunnelsAt = place;
        m_instance = update.instance;
        change.isNewInstance = true;
    }
    change.beginNs = m_timeNs;
    // A reading never takes the clock back, or the next interval would overlap this one.
    m_timeNs = qMax(m_timeNs, update.timeNs);
    change.endNs = m_timeNs;

    for (const Remote &remote : update.remotes)
        m_remotes.insert(remote.id, remote.address);
    if (update.isSnapshot)
        takeSnapshot(update, change);
    for (const Program &program : update.programs) {
        m_retired.remove(program.id);
        entry(program.id).program = program;
        change.programs.append(program.id);
    }

    // Without a reading before, nothing is known of when the bytes moved.
    const bool isBaseline = update.isSnapshot || change.beginNs == 0;
    change.growths.reserve(update.flows.size());
    change.deltas.reserve(update.flows.size());
    for (const Flow &flow : update.flows) {
        if (m_retired.contains(flow.programId))
            continue;
        const auto known = m_flows.constFind(flow.id);
        if (known != m_flows.constEnd()) {
            const Flow before = *known;
            takeFlow(flow, &before, false, change);
        } else {
            entry(flow.programId).flowIds.append(flow.id);
            takeFlow(flow, nullptr, isBaseline, change);
        }
    }
    for (const quint32 programId : update.endedProgramIds) {
        const auto known = m_programs.find(programId);
        if (known == m_programs.end() || known->endedNs != 0)
            continue;
        known->endedNs = qMax<quint64>(m_timeNs, 1);
        change.ended.append(programId);
    }
    retireEnded(m_timeNs);
    return change;
}

bool UsageBook::isCounted(const Flow &flow) const
{
    return flow.tunnelSide != (m_tunnelsAt == TunnelsAt::Inside ? TunnelSide::Carrier : TunnelSide::Inside);
}

UsageChange::Growth UsageBook::growthOf(const Flow &flow, bool isBaseline) const
{
    UsageChange::Growth growth;
    growth.programId = flow.programId;
    growth.remote = m_remotes.value(flow.remoteId);
    growth.protocol = flow.protocol;
    growth.servicePort = flow.servicePort;
    growth.direction = flow.direction;
    growth.isBaseline = isBaseline;
    return growth;
}

UsageChange UsageBook::setTunnelsAt(TunnelsAt place)
{
    UsageChange change;
    change.beginNs = change.endNs = m_timeNs;
    if (place == m_tunnelsAt)
        return change;
    m_tunnelsAt = place;
    for (const Flow &flow : std::as_const(m_flows)) {
        if (flow.tunnelSide == TunnelSide::None)
            continue;
        const TrafficCounts totals = totalsOf(flow);
        UsageChange::Growth growth = growthOf(flow, true);
        if (isCounted(flow)) {
            growth += totals;
            growth.openSockets = flow.openSockets;
        } else {
            growth -= totals;
            growth.openSockets = -qint64(flow.openSockets);
        }
        m_total += growth;
        change.growths.append(growth);
    }
    return change;
}

Program UsageBook::program(quint32 id) const
{
    const auto known = m_programs.constFind(id);
    if (known != m_programs.constEnd())
        return known->program;
    Program unknown;
    unknown.id = id;
    return unknown;
}

bool UsageBook::hasEnded(quint32 programId) const
{
    const auto known = m_programs.constFind(programId);
    return known != m_programs.constEnd() ? known->endedNs != 0 : m_retired.contains(programId);
}

UsageBook::Entry &UsageBook::entry(quint32 programId)
{
    auto known = m_programs.find(programId);
    if (known == m_programs.end()) {
        known = m_programs.insert(programId, {});
        known->program.id = programId;
    }
    return *known;
}

/// A snapshot names every program the subscription may see: the others are forgotten, with their bytes.
/// That keeps the sum right when the scope changes and some programs come back folded into one.
void UsageBook::takeSnapshot(const UsageUpdate &update, UsageChange &change)
{
    QSet<quint32> named;
    for (const Program &program : update.programs)
        named.insert(program.id);
    for (const Flow &flow : update.flows)
        named.insert(flow.programId);

    m_programs.removeIf([&](const std::pair<const quint32 &, Entry &> known) {
        if (named.contains(known.first))
            return false;
        change.vanished.append(known.first);
        for (const quint32 flowId : std::as_const(known.second.flowIds))
            m_flows.remove(flowId);
        return true;
    });
    m_retired.clear();

    m_total = {};
    for (const Flow &flow : std::as_const(m_flows)) {
        if (isCounted(flow))
            m_total += totalsOf(flow);
    }
}

void UsageBook::takeFlow(const Flow &flow, const Flow *before, bool isBaseline, UsageChange &change)
{
    const TrafficCounts counts = growth(totalsOf(flow), before ? totalsOf(*before) : TrafficCounts());
    UsageChange::Growth grown = growthOf(flow, isBaseline);
    grown += counts;
    grown.openSockets = qint64(flow.openSockets) - qint64(before ? before->openSockets : 0);

    m_flows.insert(flow.id, flow);

    if (!isBaseline && !counts.isZero()) {
        change.deltas.append({counts, program(flow.programId), grown.remote, flow.protocol, flow.servicePort,
                              flow.direction, flow.interfaceIndex, isCounted(flow)});
    }
    if (!isCounted(flow))
        return;
    m_total += counts;
    change.growths.append(grown);
}

void UsageBook::retireEnded(quint64 nowNs)
{
    m_programs.removeIf([&](const std::pair<const quint32 &, Entry &> known) {
        const Entry &entry = known.second;
        if (entry.endedNs == 0 || nowNs < entry.endedNs + endedKeptNs)
            return false;
        for (const quint32 flowId : entry.flowIds)
            m_flows.remove(flowId);
        m_retired.insert(known.first);
        return true;
    });
}

} // namespace Nettally
