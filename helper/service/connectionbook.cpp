// SPDX-License-Identifier: MIT
#include "connectionbook.h"

#include <algorithm>

namespace Nettally {

namespace {

bool precedes(const ConnectionRecord &a, const ConnectionRecord &b)
{
    return a.cookie < b.cookie;
}

} // namespace

void ConnectionBook::take(ConnectionReading reading, quint64 timeNs)
{
    std::vector<ConnectionRecord> &now = reading.connections;
    // One met twice, because it changed its place meanwhile, is told as it was met last.
    std::stable_sort(now.begin(), now.end(), precedes);
    const auto kept = std::unique(now.rbegin(), now.rend(),
                                  [](const auto &a, const auto &b) { return a.cookie == b.cookie; });
    now.erase(now.begin(), kept.base());

    auto before = m_connections.cbegin();
    for (ConnectionRecord &connection : now) {
        while (before != m_connections.cend() && precedes(*before, connection))
            ++before;
        if (connection.programSlot != ProgramSlot::unowned || before == m_connections.cend()
            || before->cookie != connection.cookie)
            continue;
        connection.programSlot = before->programSlot;
        connection.openedNs = before->openedNs;
        connection.direction = before->direction;
        connection.servicePort = before->servicePort;
    }
    m_connections = std::move(now);
    m_isCut = reading.isCut;
    m_problem = reading.problem;
    m_timeNs = timeNs;
    m_age.start();
}

void ConnectionBook::clear()
{
    m_connections = {};
    m_age.invalidate();
}

ConnectionBook::Iterator ConnectionBook::after(quint64 cookie) const
{
    return std::upper_bound(m_connections.begin(), m_connections.end(), cookie,
                            [](quint64 value, const ConnectionRecord &of) { return value < of.cookie; });
}

} // namespace Nettally
