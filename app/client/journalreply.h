// SPDX-License-Identifier: MIT
#pragma once

#include "journalpart.h"
#include "wiretypes.h"

namespace Nettally {

/// An answer of ReadJournal as it arrived.
struct JournalReply {
    QByteArray journalId;
    bool isRestarted = false;
    bool more = false;
    quint64 last = 0;
    QList<Wire::JournalProgram> programs;
    QList<Wire::JournalFlow> flows;
    QList<Wire::JournalGap> gaps;
    QList<Wire::JournalInterface> interfaces;

    /// None where it breaks the contract: the helper is root, not infallible. @p after is what was asked for.
    std::optional<JournalPart> check(quint64 after) const;
};

} // namespace Nettally
