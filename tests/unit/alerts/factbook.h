// SPDX-License-Identifier: MIT
#pragma once

#include "historyquery.h"

#include <QList>
#include <QTimeZone>

#include <algorithm>

namespace Nettally::Test {

/// A history of a few facts that answers as the store does; points are days of @p zone.
class FactBook {
public:
    explicit FactBook(const QTimeZone &zone)
        : m_zone(zone)
    {
    }

    void add(qint64 utcS, const QString &program, const QString &network, quint64 rx, quint64 tx,
             ProgramKind kind = ProgramKind::Program)
    {
        m_facts.append({utcS, program, network, kind, {rx, tx, NetworkUsage{rx, tx, 1, 1, 0}}});
    }

    HistoryAnswer answer(const HistoryQuery &query) const
    {
        HistoryAnswer answer;
        answer.total.sums = TrafficSums::zero();
        if (query.maxPoints > 0) {
            for (QDate day = QDateTime::fromSecsSinceEpoch(query.fromUtcS, m_zone).date();
                 day.startOfDay(m_zone).toSecsSinceEpoch() < query.toUtcS; day = day.addDays(1))
                answer.pointStartsUtcS.append(day.startOfDay(m_zone).toSecsSinceEpoch());
        }
        const auto points = QList<TrafficSums>(answer.pointStartsUtcS.size(), TrafficSums::zero());
        answer.total.points = points;
        for (const Fact &fact : m_facts) {
            if (fact.utcS < query.fromUtcS || fact.utcS >= query.toUtcS
                || (query.interfaceName && *query.interfaceName != fact.network))
                continue;
            const auto point =
                std::upper_bound(answer.pointStartsUtcS.cbegin(), answer.pointStartsUtcS.cend(), fact.utcS)
                - answer.pointStartsUtcS.cbegin() - 1;
            const auto take = [&](HistoryRow &row) {
                row.sums += fact.sums;
                row.lastUtcS = std::max(row.lastUtcS, fact.utcS + 60);
                if (point >= 0)
                    row.points[point] += fact.sums;
            };
            take(answer.total);
            if (query.by != HistoryQuery::By::Program)
                continue;
            auto row = std::find_if(answer.rows.begin(), answer.rows.end(), [&fact](const HistoryRow &each) {
                return each.program.name == fact.program;
            });
            if (row == answer.rows.end()) {
                HistoryRow fresh;
                fresh.program = {
                    fact.program, QStringLiteral("/usr/bin/") + fact.program, 1000, {}, fact.kind};
                fresh.sums = TrafficSums::zero();
                fresh.points = points;
                answer.rows.append(fresh);
                row = answer.rows.end() - 1;
            }
            take(*row);
        }
        return answer;
    }

private:
    struct Fact {
        qint64 utcS = 0;
        QString program;
        QString network;
        ProgramKind kind = ProgramKind::Program;
        TrafficSums sums;
    };

    QTimeZone m_zone;
    QList<Fact> m_facts;
};

} // namespace Nettally::Test
