// SPDX-License-Identifier: MIT
#pragma once

#include "applicationfinder.h"
#include "options.h"
#include "usage.h"

#include <QHash>
#include <QSet>

namespace Nettally::Cli {

/// What a row of a table stands for; what the table does not tell apart is left at its default.
struct RowKey {
    quint32 programId = 0;
    Address remote;
    quint8 protocol = 0;
    quint16 servicePort = 0;
    Direction direction = Direction::Unknown;
    quint32 interfaceIndex = 0;
    auto operator<=>(const RowKey &) const = default;
};

size_t qHash(const RowKey &key, size_t seed = 0) noexcept;

struct UsageSums {
    quint64 rxPayloadBytesTotal = 0;
    quint64 txPayloadBytesTotal = 0;
    quint64 openSockets = 0;
    quint64 rxNetworkBytesTotal = 0;
    quint64 txNetworkBytesTotal = 0;
    quint64 rxPacketsTotal = 0;
    quint64 txPacketsTotal = 0;
    quint64 retransmitsTotal = 0;

    /// Without the sockets, which the flow may close.
    void addMoved(const Flow &flow);
};

/// The helper's cumulative counters as the updates tell them, summed up as asked.
class UsageTable {
public:
    /// Programs are looked up by @p finder as they come; without one each is what the helper tells. What
    /// crosses a tunnel is in it once: not what it has as @p leftOut.
    explicit UsageTable(ApplicationFinder *finder = nullptr, TunnelSide leftOut = TunnelSide::Carrier)
        : m_finder(finder)
        , m_leftOut(leftOut)
    {
    }

    void apply(const UsageUpdate &update);

    QHash<RowKey, UsageSums> sums(By by) const;
    Program program(quint32 id) const { return m_programs.value(id); }
    /// What the program belongs to, as found when it was first told of.
    Identity identity(quint32 id) const { return m_identities.value(id); }
    bool isEnded(quint32 programId) const { return m_ended.contains(programId); }
    const QString &instance() const { return m_instance; }
    quint64 timeNs() const { return m_timeNs; }
    /// Of everything since the instance began, programs forgotten here too.
    UsageSums total() const;

    /// Drops the flows of programs that ended more than @p keepNs before the last update.
    void forgetEnded(quint64 keepNs);

private:
    ApplicationFinder *m_finder;
    TunnelSide m_leftOut;
    QString m_instance;
    quint64 m_timeNs = 0;
    QHash<quint32, Program> m_programs;
    QHash<quint32, Identity> m_identities;
    QHash<quint32, Address> m_remotes;
    QHash<quint32, Flow> m_flows;
    QHash<quint32, quint64> m_ended; ///< program id to the time of the update that told
    QSet<quint32> m_forgotten; ///< program ids
    UsageSums m_forgottenSums;
};

} // namespace Nettally::Cli
