// SPDX-License-Identifier: MIT
#include "usagetable.h"

namespace Nettally::Cli {

size_t qHash(const RowKey &key, size_t seed) noexcept
{
    return qHashMulti(seed, key.programId, key.remote, key.protocol, key.servicePort, quint8(key.direction),
                      key.interfaceIndex);
}

void UsageSums::addMoved(const Flow &flow)
{
    rxPayloadBytesTotal += flow.rxPayloadBytesTotal;
    txPayloadBytesTotal += flow.txPayloadBytesTotal;
    rxNetworkBytesTotal += flow.rxNetworkBytesTotal;
    txNetworkBytesTotal += flow.txNetworkBytesTotal;
    rxPacketsTotal += flow.rxPacketsTotal;
    txPacketsTotal += flow.txPacketsTotal;
    retransmitsTotal += flow.retransmitsTotal;
}

void UsageTable::apply(const UsageUpdate &update)
{
    if (update.isSnapshot || update.instance != m_instance) {
        // A snapshot tells everything anew, but the programs of an instance stay what they are.
        const QHash<quint32, Identity> known =
            update.instance == m_instance ? m_identities : QHash<quint32, Identity>();
        *this = UsageTable(m_finder, m_leftOut);
        m_identities = known;
    }
    m_instance = update.instance;
    m_timeNs = update.timeNs;
    for (const Program &program : update.programs) {
        m_programs.insert(program.id, program);
        if (!m_identities.contains(program.id)) {
            Identity plain;
            plain.programId = program.id;
            plain.application = plainApplication(program);
            m_identities.insert(program.id, m_finder ? m_finder->find(program) : plain);
        }
    }
    for (const Remote &remote : update.remotes) {
        m_remotes.insert(remote.id, remote.address);
    }
    for (const Flow &flow : update.flows) {
        if (flow.tunnelSide != m_leftOut && !m_forgotten.contains(flow.programId)) {
            m_flows.insert(flow.id, flow);
        }
    }
    for (const quint32 id : update.endedProgramIds) {
        if (!m_forgotten.contains(id)) {
            m_ended.insert(id, update.timeNs);
        }
    }
}

QHash<RowKey, UsageSums> UsageTable::sums(By by) const
{
    QHash<RowKey, UsageSums> result;
    for (const Flow &flow : m_flows) {
        RowKey key;
        key.programId = flow.programId;
        if (by == By::Remote || by == By::Connection) {
            key.remote = m_remotes.value(flow.remoteId);
        }
        if (by == By::Protocol || by == By::Connection) {
            key.protocol = flow.protocol;
        }
        if (by == By::Connection) {
            key.servicePort = flow.servicePort;
            key.direction = flow.direction;
            key.interfaceIndex = flow.interfaceIndex;
        }
        UsageSums &sums = result[key];
        sums.addMoved(flow);
        sums.openSockets += flow.openSockets;
    }
    return result;
}

UsageSums UsageTable::total() const
{
    UsageSums result = m_forgottenSums;
    for (const Flow &flow : m_flows) {
        result.addMoved(flow);
        result.openSockets += flow.openSockets;
    }
    return result;
}

void UsageTable::forgetEnded(quint64 keepNs)
{
    QSet<quint32> gone;
    for (auto ended = m_ended.cbegin(); ended != m_ended.cend(); ++ended) {
        if (ended.value() + keepNs < m_timeNs) {
            gone.insert(ended.key());
        }
    }
    if (gone.isEmpty()) {
        return;
    }
    erase_if(m_flows, [&](const std::pair<const quint32 &, Flow &> &entry) {
        const Flow &flow = entry.second;
        if (!gone.contains(flow.programId)) {
            return false;
        }
        m_forgottenSums.addMoved(flow);
        return true;
    });
    for (const quint32 id : std::as_const(gone)) {
        m_programs.remove(id);
        m_identities.remove(id);
        m_ended.remove(id);
    }
    m_forgotten += gone;
}

} // namespace Nettally::Cli
