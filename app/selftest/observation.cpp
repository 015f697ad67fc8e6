// SPDX-License-Identifier: MIT
#include "observation.h"

namespace Nettally {

Observation::Observation(MonitorClient &client, QObject *parent)
    : QObject(parent)
    , m_client(client)
{
    connect(&client, &MonitorClient::updateReceived, this, &Observation::take);
}

void Observation::take(const UsageUpdate &update)
{
    if (update.instance != m_instance) {
        m_instance = update.instance;
        m_programs.clear();
        m_remotes.clear();
        m_flows.clear();
        m_ended.clear();
    }
    for (const Program &program : update.programs)
        m_programs.insert(program.id, program);
    for (const Remote &remote : update.remotes)
        m_remotes.insert(remote.id, remote);
    for (const Flow &flow : update.flows)
        m_flows.insert(flow.id, flow);
    for (const quint32 id : update.endedProgramIds)
        m_ended.insert(id);
    m_readNs = update.timeNs;
    Q_EMIT updated();
}

} // namespace Nettally
