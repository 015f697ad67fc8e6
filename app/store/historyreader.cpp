// SPDX-License-Identifier: MIT
#include "historyreader.h"

#include "historystore.h"

#include <QDateTime>

#include <algorithm>

namespace Nettally {

namespace {

constexpr int maxSeriesPoints = 500;
constexpr qsizetype maxFaults = 50;

const QString figures =
    QStringLiteral("CAST(sum(u.rx_payload_bytes) AS BIGINT), CAST(sum(u.tx_payload_bytes) AS BIGINT), "
                   "CAST(sum(u.rx_network_bytes) AS BIGINT), CAST(sum(u.tx_network_bytes) AS BIGINT), "
                   "CAST(sum(u.rx_packets) AS BIGINT), CAST(sum(u.tx_packets) AS BIGINT), "
                   "CAST(sum(u.retransmitted_segments) AS BIGINT), count(*) - count(u.rx_network_bytes)");
/// The columns of figures, from @p column on.
TrafficSums sumsOf(const QSqlQuery &query, int column)
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

Level finer(Level level)
{
    return Level(int(level) - 1);
}

Level coarser(Level level)
{
    return Level(int(level) + 1);
}

qint64 floorOf(const HistoryHost &host, Level level)
{
    return level == Level::Minute ? host.minuteFloorUtcS
        : level == Level::Hour    ? host.hourFloorUtcS
                                  : ZoneChange::always;
}

void coverAt(const HistoryHost &host, Level level, qint64 fromUtcS, qint64 toUtcS,
             QList<HistoryReader::Segment> &segments)
{
    if (fromUtcS >= toUtcS) {
        return;
    }
    const qint64 floorUtcS = floorOf(host, level);
    if (fromUtcS < floorUtcS) {
        // Gone: what of the next level begins here stands for it.
        Level next = coarser(level);
        while (fromUtcS < floorOf(host, next)) {
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
        return (startUtcS - calendar.start(Level::Hour, startUtcS)) % (step * 60) == 0;
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

void addFault(HistoryVerdict &verdict, const QString &sentence)
{
    ++verdict.faultCount;
    if (verdict.faults.size() < maxFaults) {
        verdict.faults.append(sentence);
    }
}

QString timeText(qint64 utcS)
{
    return QDateTime::fromSecsSinceEpoch(utcS, Qt::UTC).toString(Qt::ISODate);
}

} // namespace

/// What a question adds up to, by the id of what it is asked by.
struct HistoryReader::Sums {
    QHash<qint64, HistoryRow> rows;
    QList<qint64> pointStartsUtcS;
};

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
        if (fromUtcS < floorOf(host, level) || (toUtcS - fromUtcS) / scale.lengthS > most) {
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
        const DatabaseResult result = m_database.run(
            QStringLiteral("SELECT %1, min(u.start_utc_s), max(u.start_utc_s), %2 FROM program p %3 %4 u "
                           "ON u.program_id = p.program_id%5 "
                           "WHERE u.start_utc_s >= ? AND u.start_utc_s < ?%6%7")
                .arg(key.isEmpty() ? QStringLiteral("0") : key, figures, m_database.orderedJoin(),
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
        const DatabaseResult end = m_database.resultOf(*rows);
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

DatabaseResult HistoryReader::verify(HistoryVerdict &verdict)
{
    QString damage;
    DatabaseResult result = m_database.checkIntegrity(damage);
    if (result && !damage.isEmpty()) {
        addFault(verdict, HistoryStore::tr("The database is damaged: %1.").arg(damage));
    }
    QList<HistoryHost> hosts;
    if (result) {
        result = m_database.readHosts(hosts);
    }
    for (const HistoryHost &host : std::as_const(hosts)) {
        const auto sumTable = host.hasTotals ? &HistoryDatabase::totalsOf : &HistoryDatabase::tableOf;
        if (result) {
            // Hours are not folded before their minutes are gone.
            result = compare(host, {Level::Minute, &HistoryDatabase::tableOf},
                             {Level::Hour, &HistoryDatabase::tableOf}, true, verdict);
        }
        for (const Level level : allLevels) {
            const Rows sums = {level, sumTable};
            if (result && host.hasTotals) {
                result = compare(host, {level, &HistoryDatabase::tableOf}, sums, false, verdict);
            }
            if (result && level != Level::Month) {
                result = compare(host, sums, {coarser(level), sumTable}, false, verdict);
            }
        }
        if (result) {
            result = balanceBooks(host, verdict);
        }
    }
    return result;
}

/// Of each program, the sums of the parts' rows by the buckets of the wholes' level, with the rows of these;
/// by remote and channel, or without remote and port.
DatabaseResult HistoryReader::compare(const HistoryHost &host, const Rows &parts, const Rows &wholes,
                                      bool hasRemotes, HistoryVerdict &verdict)
{
    const QString partTable = parts.tableOf(parts.level);
    const QString wholeTable = wholes.tableOf(wholes.level);
    qint64 fromUtcS = std::max(floorOf(host, parts.level), host.salvagedUtcS);
    if (fromUtcS != ZoneChange::always && host.calendar.start(wholes.level, fromUtcS) != fromUtcS) {
        fromUtcS = host.calendar.nextStart(wholes.level, fromUtcS);
    }
    qint64 endUtcS = std::numeric_limits<qint64>::max();
    for (const Rows &rows : {parts, wholes}) {
        if (rows.level == Level::Month && rows.tableOf == &HistoryDatabase::tableOf) {
            endUtcS = host.monthCeilingUtcS;
        }
    }
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        m_database.run(QStringLiteral("SELECT program_id, name FROM program ORDER BY program_id"), {}, query);
    QList<std::pair<qint64, QString>> programs;
    while (result && query->next()) {
        programs.append({query->value(0).toLongLong(), query->value(1).toString()});
    }
    for (const auto &[programId, name] : std::as_const(programs)) {
        QHash<FactKey, TrafficSums> sumsOfParts;
        for (const bool isWhole : {false, true}) {
            if (result) {
                result = m_database.run(
                    QStringLiteral(
                        "SELECT u.start_utc_s, %1, %2 FROM %3 u JOIN channel c "
                        "ON c.channel_id = u.channel_id WHERE u.program_id = ? "
                        "AND u.start_utc_s >= ? AND u.start_utc_s < ?%4 GROUP BY u.start_utc_s, %1")
                        .arg(hasRemotes ? QStringLiteral("u.remote_id, u.channel_id")
                                        : QStringLiteral("c.protocol * 4 + c.direction, c.interface_id"),
                             figures, isWhole ? wholeTable : partTable, m_database.hostCondition(host.id)),
                    {programId, fromUtcS, endUtcS}, query);
            }
            if (!result) {
                return result;
            }
            while (query->next()) {
                FactKey key{programId, query->value(0).toLongLong(), query->value(1).toLongLong(),
                            query->value(2).toLongLong()};
                key.startUtcS = host.calendar.start(wholes.level, key.startUtcS);
                TrafficSums sums = sumsOf(*query, 3);
                if (!isWhole) {
                    const auto known = sumsOfParts.find(key);
                    if (known == sumsOfParts.end()) {
                        sumsOfParts.insert(key, sums);
                    } else {
                        *known += sums;
                    }
                    continue;
                }
                ++verdict.comparedBuckets;
                const auto part = sumsOfParts.constFind(key);
                if (part == sumsOfParts.cend() || *part != sums) {
                    addFault(verdict,
                             HistoryStore::tr("What %1 moved from %2 on is not the sum of its parts: %3 "
                                              "received and %4 sent bytes in %5, %6 and %7 in %8.")
                                 .arg(name.isEmpty() ? HistoryStore::tr("an unnamed program") : name,
                                      timeText(key.startUtcS))
                                 .arg(sums.rxPayloadBytes)
                                 .arg(sums.txPayloadBytes)
                                 .arg(wholeTable)
                                 .arg(part == sumsOfParts.cend() ? 0 : part->rxPayloadBytes)
                                 .arg(part == sumsOfParts.cend() ? 0 : part->txPayloadBytes)
                                 .arg(partTable));
                }
                sumsOfParts.remove(key);
            }
            result = m_database.resultOf(*query);
        }
        for (auto part = sumsOfParts.cbegin(); part != sumsOfParts.cend(); ++part) {
            addFault(verdict,
                     HistoryStore::tr("What %1 moved from %2 on is missing in %3.")
                         .arg(name.isEmpty() ? HistoryStore::tr("an unnamed program") : name,
                              timeText(part.key().startUtcS), wholeTable));
        }
    }
    return result;
}

/// Of each minute of an interface: sum over its flows + remainder = counter.
DatabaseResult HistoryReader::balanceBooks(const HistoryHost &host, HistoryVerdict &verdict)
{
    const QString condition = m_database.hostCondition(host.id);
    QHash<std::pair<qint64, qint64>, TrafficSums> flows;
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        m_database.run(QStringLiteral("SELECT c.interface_id, u.start_utc_s, %1 FROM usage_minute u "
                                      "JOIN channel c ON c.channel_id = u.channel_id WHERE true%2 "
                                      "GROUP BY c.interface_id, u.start_utc_s")
                           .arg(figures, condition),
                       {}, query);
    while (result && query->next()) {
        flows.insert({query->value(0).toLongLong(), query->value(1).toLongLong()}, sumsOf(*query, 2));
    }
    if (result) {
        result = m_database.run(
            QStringLiteral("SELECT u.interface_id, u.start_utc_s, i.name, u.rx_counter_bytes, "
                           "u.tx_counter_bytes, u.rx_remainder_bytes, u.tx_remainder_bytes "
                           "FROM interface_minute u JOIN interface i ON i.interface_id = u.interface_id "
                           "WHERE true%1 ORDER BY 1, 2")
                .arg(condition),
            {}, query);
    }
    while (result && query->next()) {
        const qint64 startUtcS = query->value(1).toLongLong();
        const TrafficSums sums = flows.value({query->value(0).toLongLong(), startUtcS}, TrafficSums::zero());
        if (startUtcS < host.salvagedUtcS) {
            continue;
        }
        if (!sums.network) {
            ++verdict.unknownMinutes;
        } else if (qint64(sums.network->rxBytes) + query->value(5).toLongLong()
                       == query->value(3).toLongLong()
                   && qint64(sums.network->txBytes) + query->value(6).toLongLong()
                       == query->value(4).toLongLong()) {
            ++verdict.balancedMinutes;
        } else {
            addFault(verdict,
                     HistoryStore::tr("The books of %1 do not balance at %2: its counters moved by %3 and %4 "
                                      "bytes, its flows and the remainder by %5 and %6.")
                         .arg(query->value(2).toString(), timeText(startUtcS))
                         .arg(query->value(3).toLongLong())
                         .arg(query->value(4).toLongLong())
                         .arg(qint64(sums.network->rxBytes) + query->value(5).toLongLong())
                         .arg(qint64(sums.network->txBytes) + query->value(6).toLongLong()));
        }
    }
    return result ? m_database.resultOf(*query) : result;
}

} // namespace Nettally
