// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"
#include "wiretypes.h"

#include <QSet>

#include <optional>

namespace Nettally {

/// One UsageDeltas message as it arrived.
struct PushPart {
    quint64 sequence = 0;
    quint64 timeNs = 0;
    quint32 part = 0;
    bool isLast = false;
    QList<Wire::Program> programs;
    QList<Wire::Remote> remotes;
    QList<Wire::Row> rows;
    QList<uint> endedProgramIds;
};

/**
 * Puts the parts of one subscription's pushes together and checks them: order, bounds, values, and
 * that rows name programs and remotes which were sent. The helper is root, not infallible.
 */
class PushAssembler {
public:
    /// A push bigger than any helper sends is refused before it fills the memory.
    static constexpr qsizetype maxItemsPerPush = 4000000;

    /// The push, when @p part completes it. Nothing after a fault: see fault().
    std::optional<UsageUpdate> take(const PushPart &part);
    /// What is wrong with the pushes so far; empty when nothing is. The subscription is of no more use.
    const QString &fault() const { return m_fault; }

private:
    QString check(const PushPart &part);

    QString m_fault;
    UsageUpdate m_update;
    quint64 m_sequence = 0; ///< of the push in hand, or the last whole one
    quint64 m_timeNs = 0;
    quint32 m_nextPart = 0; ///< 0: no push in hand
    bool m_hasSnapshot = false; ///< the first push was whole
    QSet<quint32> m_programIds;
    QSet<quint32> m_remoteIds;
};

} // namespace Nettally
