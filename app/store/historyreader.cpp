// SPDX-License-Identifier: MIT
#include "historyreader.h"

#include "historystore.h"

#include <QDateTime>

#include <algorithm>

namespace Nettally {

namespace {

constexpr int maxSeriesPoints = 500;

Level finer(Level level)
{
    return Level(int(level) - 1);
}

Level coarser(Level level)
{
    return Level(int(level) + 1);
}

void coverAt(const HistoryHost &host, Level level, qint64 fromUtcS, qint64 toUtcS,
             QList<HistoryReader::Segment> &segments)
{
    if (fromUtcS >= toUtcS) {
        return;
    }
    const qint64 floorUtcS = host.floorUtcS(level);
    if (fromUtcS < floorUtcS) {
        // Gone: what of the next level begins here stands for it.
        Level next = coarser(level);
        while (fromUtcS < host.floorUtcS(next)) {
            next = coarser(next);
        }
        const qint64 endUtcS = std::min(toUtcS, floorUtcS);
        segments.append({next, fromUtcS, endUtcS});
        coverAt(host, level, endUtcS, toUtcS, segments);
        return;
    }
    if (level == Level::Minute) {
        segments.append({level, fromUtcS, toUtcS});
        return;
    }
    const qint64 first = host.calendar.start(level, fromUtcS) == fromUtcS
        ? fromUtcS
        : host.calendar.nextStart(level, fromUtcS);
    const qint64 endUtcS = level == Level::Month ? std::min(toUtcS, host.monthCeilingUtcS) : toUtcS;
    const qint64 last = first < endUtcS ? host.calendar.start(level, endUtcS) : first;
    if (first >= last) {
        coverAt(host, finer(level), fromUtcS, toUtcS, segments);
        return;
    }
    coverAt(host, finer(level), fromUtcS, first, segments);
    segments.append({level, first, last});
    coverAt(host, finer(level), last, toUtcS, segments);
}

/// Whether a series may have a boundary where this bucket begins.
bool beginsStep(const BucketCalendar &calendar, Level level, int step, qint64 startUtcS)
{
    switch (level) {
    case Level::Minute:
        return (startUtcS - calendar.start(Level::Hour, startUtcS)) % (qint64(step) * 60) == 0;
    case Level::Hour: {
        // By the clock on the wall, so that steps begin at the same hours on a day of 23 hours.
        return calendar.localTime(startUtcS).hour() % step == 0;
    }
    case Level::Day:
        return step == 1 || calendar.localDate(startUtcS).dayOfWeek() == Qt::Monday;
    case Level::Month:
        break;
    }
    return true;
}

ProgramIdentity withoutGroup(ProgramIdentity program)
{
    program.cgroupPath.clear();
    return program;
}

quint64 weight(const TrafficSums &sums)
{
    return sums.rxPayloadBytes + sums.txPayloadBytes;
}

void addRow(HistoryRow &total, const HistoryRow &row)
{
    total.sums += row.sums;
    total.previous += row.previous;
    if (row.firstUtcS != 0 || row.lastUtcS != 0) {
        const bool isFirst = total.firstUtcS == 0 && total.lastUtcS == 0;
        total.firstUtcS = isFirst ? row.firstUtcS : std::min(total.firstUtcS, row.firstUtcS);
        total.lastUtcS = isFirst ? row.lastUtcS : std::max(total.lastUtcS, row.lastUtcS);
    }
    for (qsizetype i = 0; i < row.points.size(); ++i) {
        total.points[i] += row.points.at(i);
    }
}

HistoryRow emptyRow(qsizetype points)
{
    HistoryRow row;
    row.sums = TrafficSums::zero();
    row.previous = TrafficSums::zero();
    row.points = QList<TrafficSums>(points, TrafficSums::zero());
    return row;
}

} // namespace

/// What a question adds up to, by the id of what it is asked by.
struct HistoryReader::Sums {
    QHash<qint64, HistoryRow> rows;
    QList<qint64> pointStartsUtcS;
};

QString HistoryReader::figures()
{
    return QStringLiteral(
        "CAST(sum(u.rx_payload_bytes) AS BIGINT), CAST(sum(u.tx_payload_bytes) AS BIGINT), "
        "CAST(sum(u.rx_network_bytes) AS BIGINT), CAST(sum(u.tx_network_bytes) AS BIGINT), "
        "CAST(sum(u.rx_packets) AS BIGINT), CAST(sum(u.tx_packets) AS BIGINT), "
        "CAST(sum(u.retransmitted_segments) AS BIGINT), count(*) - count(u.rx_network_bytes)");
}

TrafficSums HistoryReader::sumsOf(const QSqlQuery &query, int column)
{
    TrafficSums sums;
    sums.rxPayloadBytes = query.value(column).toULongLong();
    sums.txPayloadBytes = query.value(column + 1).toULongLong();
    if (query.value(column + 7).toLongLong() == 0) {
        sums.network =
            NetworkUsage{query.value(column + 2).toULongLong(), query.value(column + 3).toULongLong(),
                         query.value(column + 4).toULongLong(), query.value(column + 5).toULongLong(),
                         query.value(column + 6).toULongLong()};
    }
    return sums;
}

QList<HistoryReader::Segment> HistoryReader::cover(const HistoryHost &host, qint64 fromUtcS, qint64 toUtcS,
                                                   Level coarsest)
{
    QList<Segment> segments;
    coverAt(host, coarsest, fromUtcS, toUtcS, segments);
    return segments;
}

QList<qint64> HistoryReader::pointStarts(const HistoryHost &host, qint64 fromUtcS, qint64 toUtcS,
                                         int maxPoints, Level &level)
{
    struct Scale {
        Level level;
        int step;
        qint64 lengthS; ///< about
    };
    static constexpr std::array scales = {
        Scale{Level::Minute, 1, 60},   Scale{Level::Minute, 2, 120},    Scale{Level::Minute, 5, 300},
        Scale{Level::Minute, 10, 600}, Scale{Level::Minute, 15, 900},   Scale{Level::Minute, 30, 1800},
        Scale{Level::Hour, 1, 3600},   Scale{Level::Hour, 2, 7200},     Scale{Level::Hour, 3, 10800},
        Scale{Level::Hour, 6, 21600},  Scale{Level::Hour, 12, 43200},   Scale{Level::Day, 1, 86400},
        Scale{Level::Day, 7, 604800},  Scale{Level::Month, 1, 2629746},
    };
    const qint64 most = std::clamp(maxPoints, 1, maxSeriesPoints);
    for (const Scale &scale : scales) {
        level = scale.level;
        if (fromUtcS < host.floorUtcS(level) || (toUtcS - fromUtcS) / scale.lengthS > most) {
            continue;
        }
        QList<qint64> starts = {fromUtcS};
        for (qint64 start = host.calendar.nextStart(level, fromUtcS); start < toUtcS && starts.size() <= most;
             start = host.calendar.nextStart(level, start)) {
            if (beginsStep(host.calendar, level, scale.step, start)) {
                starts.append(start);
            }
        }
        if (starts.size() <= most) {
            return starts;
        }
    }
    level = Level::Month;
    return {fromUtcS};
}

DatabaseResult HistoryReader::answer(const HistoryQuery &query, HistoryAnswer &answer)
{
    QList<HistoryHost> hosts;
    DatabaseResult result = m_database.readHosts(hosts);
    if (!query.host.isEmpty()) {
        hosts.removeIf([&](const HistoryHost &host) { return host.name != query.host; });
    }
    Sums sums;
    Level coarsest = Level::Month;
    if (result && query.maxPoints > 0 && query.fromUtcS < query.toUtcS && !hosts.isEmpty()) {
        sums.pointStartsUtcS =
            pointStarts(hosts.constFirst(), query.fromUtcS, query.toUtcS, query.maxPoints, coarsest);
    }
    for (const HistoryHost &host : std::as_const(hosts)) {
        if (result) {
            result = addUp(query, host, query.fromUtcS, query.toUtcS, false, coarsest, sums);
        }
        if (result && query.previousFromUtcS) {
            result = addUp(query, host, *query.previousFromUtcS, query.fromUtcS, true, Level::Month, sums);
        }
    }
    if (result && hosts.size() == 1) {
        result = readSpans(query, hosts.constFirst(), answer);
    }
    answer.pointStartsUtcS = sums.pointStartsUtcS;
    return result ? nameRows(query, hosts, sums, answer) : result;
}

DatabaseResult HistoryReader::addUp(const HistoryQuery &query, const HistoryHost &host, qint64 fromUtcS,
                                    qint64 toUtcS, bool isPrevious, Level coarsest, Sums &sums)
{
    const bool hasPoints = !isPrevious && !sums.pointStartsUtcS.isEmpty();
    QString key;
    switch (query.by) {
    case HistoryQuery::By::Program:
        key = QStringLiteral("u.program_id");
        break;
    case HistoryQuery::By::Remote:
        key = QStringLiteral("u.remote_id");
        break;
    case HistoryQuery::By::Protocol:
        key = QStringLiteral("c.protocol");
        break;
    case HistoryQuery::By::Interface:
        key = QStringLiteral("c.interface_id");
        break;
    case HistoryQuery::By::Host:
    case HistoryQuery::By::Time:
        break;
    }
    QString conditions = m_database.hostCondition(host.id);
    QVariantList filters;
    if (!query.program.isEmpty()) {
        conditions += QStringLiteral(" AND (p.name = ? OR p.executable = ?)");
        filters += {query.program, query.program};
    }
    if (query.remote) {
        conditions += QStringLiteral(" AND r.address = ?");
        filters.append(storedAddress(*query.remote));
    }
    if (query.protocol) {
        conditions += QStringLiteral(" AND c.protocol = ?");
        filters.append(int(*query.protocol));
    }
    if (query.interfaceName) {
        conditions += QStringLiteral(" AND i.name = ?");
        filters.append(query.interfaceName->isEmpty() ? QStringLiteral("") : *query.interfaceName);
    }
    const bool needsChannel = query.protocol || query.interfaceName || key.startsWith(u'c');
    QString joins;
    if (needsChannel) {
        joins += QStringLiteral(" %1 channel c").arg(m_database.orderedJoin())
            + QStringLiteral(" ON c.channel_id = u.channel_id");
    }
    if (query.interfaceName) {
        joins += QStringLiteral(" %1 interface i").arg(m_database.orderedJoin())
            + QStringLiteral(" ON i.interface_id = c.interface_id");
    }
    if (query.remote) {
        joins += QStringLiteral(" %1 remote r").arg(m_database.orderedJoin())
            + QStringLiteral(" ON r.remote_id = u.remote_id");
    }
    QStringList groups;
    if (!key.isEmpty()) {
        groups.append(key);
    }
    if (hasPoints) {
        groups.append(QStringLiteral("u.start_utc_s"));
    }
    const QString grouping =
        groups.isEmpty() ? QString() : QStringLiteral(" GROUP BY ") + groups.join(QStringLiteral(", "));
    const bool isOfTotals = query.by != HistoryQuery::By::Remote && !query.remote && host.hasTotals;
    const auto tableOf = isOfTotals ? &HistoryDatabase::totalsOf : &HistoryDatabase::tableOf;
    HistoryHost covered = host;
    if (isOfTotals) {
        covered.monthCeilingUtcS = std::numeric_limits<qint64>::max();
    }
    for (const Segment &segment : cover(covered, fromUtcS, toUtcS, coarsest)) {
        QSqlQuery *rows = nullptr;
        DatabaseResult result = m_database.run(
            QStringLiteral("SELECT %1, min(u.start_utc_s), max(u.start_utc_s), %2 FROM program p %3 %4 u "
                           "ON u.program_id = p.program_id%5 "
                           "WHERE u.start_utc_s >= ? AND u.start_utc_s < ?%6%7")
                .arg(key.isEmpty() ? QStringLiteral("0") : key, figures(), m_database.orderedJoin(),
                     tableOf(segment.level), joins, conditions, grouping),
            QVariantList{segment.beginUtcS, segment.endUtcS} + filters, rows);
        if (!result) {
            return result;
        }
        while (rows->next()) {
            if (rows->isNull(1)) {
                continue; // a sum over nothing
            }
            const qint64 id = query.by == HistoryQuery::By::Host ? host.id : rows->value(0).toLongLong();
            auto row = sums.rows.find(id);
            if (row == sums.rows.end()) {
                row = sums.rows.insert(id, emptyRow(sums.pointStartsUtcS.size()));
            }
            HistoryRow part = emptyRow(0);
            const TrafficSums moved = sumsOf(*rows, 3);
            if (isPrevious) {
                part.previous = moved;
            } else {
                part.sums = moved;
                part.firstUtcS = rows->value(1).toLongLong();
                part.lastUtcS = host.calendar.nextStart(segment.level, rows->value(2).toLongLong());
            }
            addRow(*row, part);
            if (hasPoints) {
                const auto next = std::upper_bound(sums.pointStartsUtcS.cbegin(), sums.pointStartsUtcS.cend(),
                                                   rows->value(1).toLongLong());
                const qsizetype point = std::max<qsizetype>(next - sums.pointStartsUtcS.cbegin(), 1) - 1;
                row->points[point] += moved;
            }
        }
        DatabaseResult end = m_database.resultOf(*rows);
        rows->finish();
        if (!end) {
            return end;
        }
    }
    return {};
}

DatabaseResult HistoryReader::nameRows(const HistoryQuery &query, const QList<HistoryHost> &hosts, Sums &sums,
                                       HistoryAnswer &answer)
{
    using By = HistoryQuery::By;
    const qsizetype points = sums.pointStartsUtcS.size();
    QSqlQuery *names = nullptr;
    DatabaseResult result;
    QList<std::pair<qint64, HistoryRow>> rows;
    if (query.by == By::Program) {
        result = m_database.run(
            QStringLiteral("SELECT program_id, name, executable, uid, cgroup_path, kind FROM program"), {},
            names);
        if (!result) {
            return result;
        }
        QHash<ProgramIdentity, qsizetype> known; // without control groups
        while (names->next()) {
            const auto row = sums.rows.constFind(names->value(0).toLongLong());
            if (row == sums.rows.cend()) {
                continue;
            }
            HistoryRow named = *row;
            named.program = {names->value(1).toString(), names->value(2).toString(), names->value(3).toUInt(),
                             names->value(4).toString(), ProgramKind(names->value(5).toUInt())};
            const ProgramIdentity key = withoutGroup(named.program);
            const auto same = known.constFind(key);
            if (same == known.cend()) {
                known.insert(key, rows.size());
                rows.append({row.key(), named});
            } else {
                HistoryRow &merged = rows[*same].second;
                addRow(merged, named);
                if (merged.program.cgroupPath != named.program.cgroupPath) {
                    merged.program.cgroupPath.clear();
                }
            }
        }
        result = m_database.resultOf(*names);
        names->finish();
        if (!result) {
            return result;
        }
    } else {
        for (auto row = sums.rows.cbegin(); row != sums.rows.cend(); ++row) {
            rows.append({row.key(), row.value()});
        }
    }
    std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) {
        const quint64 weightA = weight(a.second.sums);
        const quint64 weightB = weight(b.second.sums);
        if (weightA != weightB) {
            return weightA > weightB;
        }
        const int order = a.second.program.name.compare(b.second.program.name);
        return order != 0 ? order < 0 : a.first < b.first;
    });

    answer.total = emptyRow(points);
    const qsizetype top = query.top > 0 ? query.top : rows.size();
    for (qsizetype i = 0; i < rows.size(); ++i) {
        auto &[id, row] = rows[i];
        addRow(answer.total, row);
        if (i >= top) {
            if (!answer.rest) {
                answer.rest = emptyRow(points);
            }
            addRow(*answer.rest, row);
            continue;
        }
        if (query.by == By::Remote) {
            row.isManyRemotes = id == HistoryDatabase::otherRemoteId;
            result =
                m_database.run(QStringLiteral("SELECT address FROM remote WHERE remote_id = ?"), {id}, names);
            if (result && names->next() && !row.isManyRemotes) {
                row.remote = Address::fromBytes(names->value(0).toByteArray());
            }
        } else if (query.by == By::Interface) {
            result = m_database.run(QStringLiteral("SELECT name FROM interface WHERE interface_id = ?"), {id},
                                    names);
            if (result && names->next()) {
                row.name = names->value(0).toString();
            }
        } else if (query.by == By::Protocol) {
            row.protocol = quint8(id);
        } else if (query.by == By::Host) {
            for (const HistoryHost &host : hosts) {
                row.name = host.id == id ? host.name : row.name;
            }
        }
        if (!result) {
            return result;
        }
        if (names) {
            names->finish();
        }
        answer.rows.append(row);
    }
    return {};
}

DatabaseResult HistoryReader::readSpans(const HistoryQuery &query, const HistoryHost &host,
                                        HistoryAnswer &answer)
{
    QSqlQuery *spans = nullptr;
    const DatabaseResult result =
        m_database.run(QStringLiteral("SELECT u.begin_utc_s, u.end_utc_s, u.reason FROM not_measured u "
                                      "WHERE u.begin_utc_s < ? AND u.end_utc_s > ?%1 ORDER BY 1, 2")
                           .arg(m_database.hostCondition(host.id)),
                       {query.toUtcS, query.fromUtcS}, spans);
    while (result && spans->next()) {
        answer.notMeasured.append({spans->value(0).toLongLong(), spans->value(1).toLongLong(),
                                   NotMeasuredReason(spans->value(2).toUInt())});
    }
    return result ? m_database.resultOf(*spans) : result;
}

} // namespace Nettally
