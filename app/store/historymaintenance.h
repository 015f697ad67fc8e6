// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"

namespace Nettally {

/// What becomes of history as it ages: roll-ups of months, retention, the fold of small remotes.
class HistoryMaintenance {
public:
    explicit HistoryMaintenance(HistoryDatabase &database)
        : m_database(database)
    {
    }

    DatabaseResult maintain(qint64 nowUtcS);

    // In a transaction of the caller:

    DatabaseResult raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS);
    /// Adds up the usage of months from the ceiling to @p untilUtcS, which becomes the ceiling.
    DatabaseResult closeMonths(qint64 untilUtcS);
    /// Of usage whose every month is added up, as schema 2 had it; the last month is made one that is not.
    /// The ceiling changes in the database alone.
    DatabaseResult makeTotals();

private:
    using Progress = HistoryDatabase::Progress;

    DatabaseResult trim(Level level, qint64 floorUtcS, qint64 Progress::*floor);
    DatabaseResult trimRows(Level level, qint64 floorUtcS, qint64 Progress::*floor);
    DatabaseResult fold(Level level, int keptRemotes, qint64 endUtcS, qint64 Progress::*folded);
    DatabaseResult foldSlice(Level level, int keptRemotes, qint64 beginUtcS, qint64 endUtcS);
    DatabaseResult earliest(Level level, qint64 fromUtcS, std::optional<qint64> &startUtcS);

    HistoryDatabase &m_database;
};

} // namespace Nettally
