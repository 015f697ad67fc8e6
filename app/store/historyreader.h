// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"
#include "historyquery.h"

namespace Nettally {

/// Answers questions from an open database; from the database's thread.
class HistoryReader {
public:
    explicit HistoryReader(HistoryDatabase &database)
        : m_database(database)
    {
    }

    DatabaseResult answer(const HistoryQuery &query, HistoryAnswer &answer);

    /// Rows of one level whose buckets begin within a span.
    struct Segment {
        Level level = Level::Minute;
        qint64 beginUtcS = 0;
        qint64 endUtcS = 0;
        bool operator==(const Segment &) const = default;
    };
    /// The fewest rows that add up to the span; none coarser than @p coarsest.
    static QList<Segment> cover(const HistoryHost &host, qint64 fromUtcS, qint64 toUtcS, Level coarsest);
    /// Where the points of a series begin, and the level they are made of.
    static QList<qint64> pointStarts(const HistoryHost &host, qint64 fromUtcS, qint64 toUtcS, int maxPoints,
                                     Level &level);

    /// Columns that add up rows u; their sums are those from @p column on.
    static QString figures();
    static TrafficSums sumsOf(const QSqlQuery &query, int column);

private:
    struct Sums;

    DatabaseResult addUp(const HistoryQuery &query, const HistoryHost &host, qint64 fromUtcS, qint64 toUtcS,
                         bool isPrevious, Level coarsest, Sums &sums);
    DatabaseResult nameRows(const HistoryQuery &query, const QList<HistoryHost> &hosts, Sums &sums,
                            HistoryAnswer &answer);
    DatabaseResult readSpans(const HistoryQuery &query, const HistoryHost &host, HistoryAnswer &answer);

    HistoryDatabase &m_database;
};

} // namespace Nettally
