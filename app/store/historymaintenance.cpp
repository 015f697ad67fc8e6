// SPDX-License-Identifier: MIT
#include "historymaintenance.h"

#include <algorithm>

namespace Nettally {

namespace {

constexpr qint64 dayS = 86400;

/// How many remotes of a program keep their name when a bucket is folded.
constexpr int keptOfHour = 10;
constexpr int keptOfDay = 20;
constexpr int keptOfMonth = 100;

} // namespace

DatabaseResult HistoryMaintenance::maintain(qint64 nowUtcS)
{
    if (!m_database.m_progress.newestMinuteUtcS) {
        return {};
    }
    DatabaseResult result = m_database.noteZone();
    // A clock that is far ahead must not make all of history old.
    const qint64 referenceUtcS = std::min(nowUtcS, *m_database.m_progress.newestMinuteUtcS);
    const qint64 minuteFloor =
        m_database.m_calendar.start(Level::Day, referenceUtcS - HistoryDatabase::minuteRetentionS);
    const qint64 hourFloor =
        m_database.m_calendar.start(Level::Day, referenceUtcS - HistoryDatabase::hourRetentionS);
    const qint64 monthFloor =
        m_database.m_calendar.start(Level::Month, referenceUtcS - HistoryDatabase::hourRetentionS);
    const qint64 monthCeiling = m_database.m_calendar.start(Level::Month, referenceUtcS);
    if (result && m_database.m_progress.monthCeilingUtcS < monthCeiling) {
        result = m_database.begin();
        result = m_database.finish(result ? closeMonths(monthCeiling) : result);
    }
    // Rows are folded once the finer ones are gone, which therefore can be compared with them till then.
    if (result) {
        result = trim(Level::Minute, minuteFloor, &Progress::minuteFloorUtcS);
    }
    if (result) {
        result = trim(Level::Hour, hourFloor, &Progress::hourFloorUtcS);
    }
    if (result) {
        result = fold(Level::Hour, keptOfHour, minuteFloor, &Progress::hourFoldUtcS);
    }
    if (result) {
        result = fold(Level::Day, keptOfDay, hourFloor, &Progress::dayFoldUtcS);
    }
    if (result) {
        result = fold(Level::Month, keptOfMonth, monthFloor, &Progress::monthFoldUtcS);
    }
    return result ? m_database.maintainStorage(referenceUtcS) : result;
}

DatabaseResult HistoryMaintenance::closeMonths(qint64 untilUtcS)
{
    std::optional<qint64> dayUtcS;
    DatabaseResult result = earliest(Level::Day, m_database.m_progress.monthCeilingUtcS, dayUtcS);
    while (result && dayUtcS && *dayUtcS < untilUtcS) {
        const qint64 nextUtcS = m_database.m_calendar.nextStart(Level::Month, *dayUtcS);
        result = m_database.execute(
            QStringLiteral("INSERT INTO usage_month (%1program_id, start_utc_s, remote_id, "
                           "channel_id, %2) SELECT %3u.program_id, %4, u.remote_id, "
                           "u.channel_id, %5 FROM program p %6 usage_day u "
                           "ON u.program_id = p.program_id WHERE u.start_utc_s >= %4 "
                           "AND u.start_utc_s < %7%8 "
                           "GROUP BY u.program_id, u.remote_id, u.channel_id")
                .arg(m_database.hostColumn(), m_database.figureColumns().join(QStringLiteral(", ")),
                     m_database.hostValue())
                .arg(m_database.m_calendar.start(Level::Month, *dayUtcS))
                .arg(m_database.figureSums(), m_database.orderedJoin())
                .arg(nextUtcS)
                .arg(m_database.hostCondition(m_database.m_hostId)));
        if (result) {
            result = earliest(Level::Day, nextUtcS, dayUtcS);
        }
    }
    if (result) {
        m_database.m_progress.monthCeilingUtcS = untilUtcS;
    }
    return result;
}

DatabaseResult HistoryMaintenance::makeTotals()
{
    DatabaseResult result = m_database.execute(
        QStringLiteral("INSERT INTO channel (protocol, service_port, direction, interface_id) "
                       "SELECT DISTINCT protocol, 0, direction, interface_id FROM channel "
                       "WHERE true ON CONFLICT DO NOTHING"));
    for (const Level level : allLevels) {
        if (result) {
            result = m_database.execute(QStringLiteral("DELETE FROM %1 WHERE true%2")
                                            .arg(m_database.totalsOf(level), m_database.ownCondition()));
        }
        if (result) {
            result = m_database.execute(
                QStringLiteral("INSERT INTO %1 (%2program_id, start_utc_s, channel_id, %3) "
                               "SELECT %4u.program_id, u.start_utc_s, k.channel_id, %5 FROM %6 u "
                               "JOIN channel c ON c.channel_id = u.channel_id JOIN channel k ON "
                               "k.protocol = c.protocol AND k.service_port = 0 AND k.direction = c.direction "
                               "AND k.interface_id = c.interface_id WHERE true%7 "
                               "GROUP BY u.program_id, u.start_utc_s, k.channel_id")
                    .arg(m_database.totalsOf(level), m_database.hostColumn(),
                         m_database.figureColumns().join(QStringLiteral(", ")), m_database.hostValue(),
                         m_database.figureSums(), m_database.tableOf(level),
                         m_database.hostCondition(m_database.m_hostId)));
        }
    }
    if (result) {
        result = m_database.execute(
            QStringLiteral("UPDATE progress SET month_ceiling_utc_s = (SELECT coalesce(max(start_utc_s), "
                           "%1) FROM usage_month WHERE true%2) WHERE true%2")
                .arg(ZoneChange::always)
                .arg(m_database.ownCondition()));
    }
    if (result) {
        result =
            m_database.execute(QStringLiteral("DELETE FROM usage_month WHERE start_utc_s >= "
                                              "(SELECT month_ceiling_utc_s FROM progress WHERE true%1)%1")
                                   .arg(m_database.ownCondition()));
    }
    return result;
}

DatabaseResult HistoryMaintenance::trim(Level level, qint64 floorUtcS, qint64 Progress::*floor)
{
    if (m_database.m_progress.*floor >= floorUtcS) {
        return {};
    }
    const DatabaseResult result = m_database.begin();
    return m_database.finish(result ? trimRows(level, floorUtcS, floor) : result);
}

DatabaseResult HistoryMaintenance::trimRows(Level level, qint64 floorUtcS, qint64 Progress::*floor)
{
    QSqlQuery *query = nullptr;
    // By program, since that is what the rows are in order of.
    const QString statement = QStringLiteral("DELETE FROM %1 WHERE %2_id IN (SELECT %2_id FROM %2) "
                                             "AND start_utc_s < ?%3");
    DatabaseResult result = m_database.run(
        statement.arg(m_database.tableOf(level), QStringLiteral("program"), m_database.ownCondition()),
        {floorUtcS}, query);
    if (result) {
        result = m_database.run(
            statement.arg(m_database.totalsOf(level), QStringLiteral("program"), m_database.ownCondition()),
            {floorUtcS}, query);
    }
    if (result && level == Level::Minute) {
        result = m_database.run(statement.arg(QStringLiteral("interface_minute"), QStringLiteral("interface"),
                                              m_database.ownCondition()),
                                {floorUtcS}, query);
    }
    if (result) {
        m_database.m_progress.*floor = floorUtcS;
    }
    return result;
}

DatabaseResult HistoryMaintenance::raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS)
{
    DatabaseResult result;
    if (minuteFloorUtcS > m_database.m_progress.minuteFloorUtcS) {
        result = trimRows(Level::Minute, minuteFloorUtcS, &Progress::minuteFloorUtcS);
    }
    if (result && hourFloorUtcS > m_database.m_progress.hourFloorUtcS) {
        result = trimRows(Level::Hour, hourFloorUtcS, &Progress::hourFloorUtcS);
    }
    return result;
}

DatabaseResult HistoryMaintenance::earliest(Level level, qint64 fromUtcS, std::optional<qint64> &startUtcS)
{
    QSqlQuery *query = nullptr;
    DatabaseResult result = m_database.run(
        QStringLiteral("SELECT min(first) FROM (SELECT (SELECT min(u.start_utc_s) FROM %1 u WHERE "
                       "u.program_id = p.program_id AND u.start_utc_s >= ?%2) AS first "
                       "FROM program p) AS firsts")
            .arg(m_database.tableOf(level), m_database.hostCondition(m_database.m_hostId)),
        {fromUtcS}, query);
    startUtcS.reset();
    if (result && query->next() && !query->isNull(0)) {
        startUtcS = query->value(0).toLongLong();
    }
    if (result) {
        query->finish();
    }
    return result;
}

DatabaseResult HistoryMaintenance::fold(Level level, int keptRemotes, qint64 endUtcS,
                                        qint64 Progress::*folded)
{
    // A transaction each, of about as many rows.
    const qint64 sliceS = level == Level::Hour ? 7 * dayS : level == Level::Day ? 90 * dayS : 1000 * dayS;
    while (m_database.m_progress.*folded < endUtcS) {
        std::optional<qint64> beginUtcS;
        DatabaseResult result = earliest(level, m_database.m_progress.*folded, beginUtcS);
        const qint64 sliceEndUtcS = beginUtcS ? std::min(*beginUtcS + sliceS, endUtcS) : endUtcS;
        if (result) {
            result = m_database.begin();
        }
        if (result && beginUtcS && *beginUtcS < endUtcS) {
            result = foldSlice(level, keptRemotes, *beginUtcS, sliceEndUtcS);
        }
        if (result) {
            m_database.m_progress.*folded = sliceEndUtcS;
        }
        result = m_database.finish(result);
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult HistoryMaintenance::foldSlice(Level level, int keptRemotes, qint64 beginUtcS, qint64 endUtcS)
{
    qint64 unknownRemoteId = 0;
    DatabaseResult resolved = m_database.m_dictionaries.remoteId(Address(), unknownRemoteId);
    if (!resolved) {
        return resolved;
    }
    const QString table = m_database.tableOf(level);
    const QString host = m_database.hostCondition(m_database.m_hostId);
    QStringList updates;
    for (const QString &column : m_database.figureColumns()) {
        updates.append(QStringLiteral("%1 = %2.%1 + excluded.%1").arg(column, table));
    }
    const QString tailRows = QStringLiteral("FROM tail t %1 %2 u ON u.program_id = t.program_id AND "
                                            "u.start_utc_s = t.start_utc_s AND u.remote_id = t.remote_id%3 "
                                            "JOIN channel c ON c.channel_id = u.channel_id")
                                 .arg(m_database.orderedJoin(), table, host);
    const QString separator = QStringLiteral(", ");
    const QStringList statements = {
        QStringLiteral("CREATE TEMPORARY TABLE IF NOT EXISTS tail (program_id BIGINT, start_utc_s BIGINT, "
                       "remote_id BIGINT)"),
        QStringLiteral("DELETE FROM tail"),
        QStringLiteral(
            "INSERT INTO tail SELECT program_id, start_utc_s, remote_id FROM ("
            "SELECT program_id, start_utc_s, remote_id, row_number() OVER ("
            "PARTITION BY program_id, start_utc_s ORDER BY bytes DESC, remote_id) AS place FROM ("
            "SELECT u.program_id, u.start_utc_s, u.remote_id, "
            "sum(u.rx_payload_bytes + u.tx_payload_bytes) AS bytes "
            "FROM program p %1 %2 u ON u.program_id = p.program_id "
            "WHERE u.start_utc_s >= %3 AND u.start_utc_s < %4%5 AND u.remote_id NOT IN (%6, %7) "
            "GROUP BY u.program_id, u.start_utc_s, u.remote_id) AS sums) AS places WHERE place > %8")
            .arg(m_database.orderedJoin(), table)
            .arg(beginUtcS)
            .arg(endUtcS)
            .arg(host)
            .arg(HistoryDatabase::otherRemoteId)
            .arg(unknownRemoteId)
            .arg(keptRemotes),
        QStringLiteral("INSERT INTO channel (protocol, service_port, direction, interface_id) "
                       "SELECT DISTINCT c.protocol, 0, c.direction, c.interface_id %1 WHERE true "
                       "ON CONFLICT DO NOTHING")
            .arg(tailRows),
        QStringLiteral("INSERT INTO %1 (%2program_id, start_utc_s, remote_id, channel_id, %3) "
                       "SELECT %4t.program_id, t.start_utc_s, %5, k.channel_id, %6 %7 "
                       "JOIN channel k ON k.protocol = c.protocol AND k.service_port = 0 AND "
                       "k.direction = c.direction AND k.interface_id = c.interface_id WHERE true "
                       "GROUP BY t.program_id, t.start_utc_s, k.channel_id "
                       "ON CONFLICT (%2program_id, start_utc_s, remote_id, channel_id) DO UPDATE SET %8")
            .arg(table, m_database.hostColumn(), m_database.figureColumns().join(separator),
                 m_database.hostValue(), QString::number(HistoryDatabase::otherRemoteId),
                 m_database.figureSums(), tailRows, updates.join(separator)),
        QStringLiteral("DELETE FROM %1 WHERE (program_id, start_utc_s, remote_id) IN "
                       "(SELECT program_id, start_utc_s, remote_id FROM tail)%2")
            .arg(table, m_database.ownCondition()),
    };
    for (const QString &statement : statements) {
        DatabaseResult result = m_database.execute(statement);
        if (!result) {
            return result;
        }
    }
    return {};
}

} // namespace Nettally
