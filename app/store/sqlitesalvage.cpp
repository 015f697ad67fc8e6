// SPDX-License-Identifier: MIT
#include "sqlitesalvage.h"

#include "historymaintenance.h"

#include <QFileInfo>
#include <QSqlError>
#include <QUrl>

#include <array>

namespace Nettally {

SqliteSalvage::SqliteSalvage(const QString &path, SqliteDatabase &target)
    : m_target(target)
    , m_connectionName(target.m_connectionName + QStringLiteral("-salvage"))
{
    QSqlDatabase broken = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), m_connectionName);
    // Nothing is written to it; what is in its log counts too, where there is one.
    broken.setDatabaseName(
        QUrl::fromLocalFile(QFileInfo(path).absoluteFilePath()).toString(QUrl::FullyEncoded)
        + (QFileInfo::exists(path + QStringLiteral("-wal")) ? QString() : QStringLiteral("?immutable=1")));
    broken.setConnectOptions(QStringLiteral("QSQLITE_OPEN_READONLY;QSQLITE_OPEN_URI"));
    broken.open();
}

SqliteSalvage::~SqliteSalvage()
{
    QSqlDatabase::removeDatabase(m_connectionName);
}

bool SqliteSalvage::isReadable() const
{
    const QSqlDatabase broken = QSqlDatabase::database(m_connectionName, false);
    if (!broken.isOpen()) {
        return false;
    }
    QSqlQuery query(broken);
    if (!query.exec(QStringLiteral("PRAGMA user_version")) || !query.next()) {
        return false;
    }
    const int version = query.value(0).toInt();
    return version >= SqliteDatabase::secondForm && version <= SqliteDatabase::latestSchema;
}

DatabaseResult SqliteSalvage::run(qint64 &rows)
{
    rows = 0;
    if (!isReadable()) {
        return {};
    }
    DatabaseResult result = m_target.begin();
    for (const QString &table : {QStringLiteral("zone_change"), QStringLiteral("progress")}) {
        if (result) {
            result = m_target.execute(QStringLiteral("DELETE FROM ") + table);
        }
    }
    if (result) {
        result = takeTables(rows);
    }
    if (result) {
        result = dropUnnamed();
    }
    if (result) {
        result = m_target.execute(
            QStringLiteral("INSERT INTO progress SELECT NULL, %1, %1, %1, %1, %1, %1, %1, %1 "
                           "WHERE NOT EXISTS (SELECT 1 FROM progress)")
                .arg(ZoneChange::always));
    }
    if (result) {
        result = m_target.prepareRecording();
    }
    result = m_target.finish(result ? addUp() : result);
    if (!result) {
        rows = 0;
        result = m_target.prepareRecording();
    }
    return result;
}

DatabaseResult SqliteSalvage::takeTables(qint64 &rows)
{
    const QString factKey = QStringLiteral("program_id, start_utc_s, remote_id, channel_id");
    const QString facts =
        factKey + QStringLiteral(", ") + SqliteDatabase::figureColumns().join(QStringLiteral(", "));
    const QList<std::array<QString, 3>> tables = {
        {QStringLiteral("program"), QStringLiteral("program_id, name, executable, uid, cgroup_path, kind"),
         QStringLiteral("program_id")},
        {QStringLiteral("remote"), QStringLiteral("remote_id, address"), QStringLiteral("remote_id")},
        {QStringLiteral("interface"), QStringLiteral("interface_id, name"), QStringLiteral("interface_id")},
        {QStringLiteral("channel"),
         QStringLiteral("channel_id, protocol, service_port, direction, interface_id"),
         QStringLiteral("channel_id")},
        {QStringLiteral("usage_month"), facts, factKey},
        {QStringLiteral("usage_day"), facts, factKey},
        {QStringLiteral("usage_hour"), facts, factKey},
        {QStringLiteral("usage_minute"), facts, factKey},
        {QStringLiteral("interface_minute"),
         QStringLiteral("interface_id, start_utc_s, rx_counter_bytes, tx_counter_bytes, "
                        "rx_remainder_bytes, tx_remainder_bytes"),
         QStringLiteral("interface_id, start_utc_s")},
        {QStringLiteral("not_measured"), QStringLiteral("begin_utc_s, reason, end_utc_s"),
         QStringLiteral("begin_utc_s, reason")},
        {QStringLiteral("journal_cursor"), QStringLiteral("journal_id, number, sequence"),
         QStringLiteral("journal_id")},
        {QStringLiteral("imported"), QStringLiteral("export_id"), QStringLiteral("export_id")},
        {QStringLiteral("zone_change"), QStringLiteral("since_utc_s, zone"), QStringLiteral("since_utc_s")},
        {QStringLiteral("progress"),
         QStringLiteral("newest_minute_utc_s, minute_floor_utc_s, hour_floor_utc_s, "
                        "hour_fold_utc_s, day_fold_utc_s, month_fold_utc_s, salvaged_utc_s, "
                        "swept_utc_s"),
         QStringLiteral("rowid")},
    };
    DatabaseResult result;
    for (const auto &[table, columns, key] : tables) {
        if (result) {
            result = takeTable(table, columns, key, rows);
        }
    }
    return result;
}

/// What names a row that is lost cannot be told; what it moved can.
DatabaseResult SqliteSalvage::dropUnnamed()
{
    DatabaseResult result;
    for (const Level level : allLevels) {
        for (const QString &dictionary :
             {QStringLiteral("program"), QStringLiteral("remote"), QStringLiteral("channel")}) {
            if (result && dictionary == QStringLiteral("program")) {
                result = m_target.execute(
                    QStringLiteral("INSERT INTO program SELECT DISTINCT program_id, "
                                   "'', '#' || program_id, 0, '', 0 FROM %1 WHERE program_id NOT IN "
                                   "(SELECT program_id FROM program)")
                        .arg(SqliteDatabase::tableOf(level)));
            } else if (result) {
                if (dictionary == QStringLiteral("remote")) {
                    result =
                        m_target.execute(QStringLiteral("UPDATE OR IGNORE %1 SET remote_id = %2 WHERE "
                                                        "remote_id NOT IN (SELECT remote_id FROM remote)")
                                             .arg(SqliteDatabase::tableOf(level))
                                             .arg(SqliteDatabase::otherRemoteId));
                }
            }
            if (result) {
                result = m_target.execute(
                    QStringLiteral("DELETE FROM %1 WHERE %2_id NOT IN (SELECT %2_id FROM %2)")
                        .arg(SqliteDatabase::tableOf(level), dictionary));
            }
        }
    }
    return result;
}

/// What is known of the tables' rows, and the totals.
DatabaseResult SqliteSalvage::addUp()
{
    const auto newestOf = [this](Level level, qint64 &startUtcS) {
        return m_target.readNumber(QStringLiteral("SELECT coalesce(max(start_utc_s), %1) FROM %2")
                                       .arg(ZoneChange::always)
                                       .arg(SqliteDatabase::tableOf(level)),
                                   startUtcS);
    };
    SqliteDatabase::Progress &progress = m_target.m_progress;
    qint64 newest = ZoneChange::always;
    qint64 lastMonth = ZoneChange::always;
    DatabaseResult result = newestOf(Level::Minute, newest);
    if (result) {
        result = newestOf(Level::Month, lastMonth);
    }
    if (!result) {
        return result;
    }
    if (newest != ZoneChange::always) {
        progress.newestMinuteUtcS = std::max(progress.newestMinuteUtcS.value_or(newest), newest);
        progress.salvagedUtcS = m_target.m_calendar.nextStart(Level::Month, *progress.newestMinuteUtcS);
    }
    // Every month whole, of which its total can be made.
    progress.monthCeilingUtcS =
        lastMonth == ZoneChange::always ? lastMonth : m_target.m_calendar.nextStart(Level::Month, lastMonth);
    HistoryMaintenance maintenance(m_target);
    result = maintenance.closeMonths(std::numeric_limits<qint64>::max());
    if (result) {
        result = maintenance.makeTotals();
    }
    return result ? m_target.readNumber(QStringLiteral("SELECT month_ceiling_utc_s FROM progress"),
                                        progress.monthCeilingUtcS)
                  : result;
}

/// From both ends, as far as it can be read.
DatabaseResult SqliteSalvage::takeTable(const QString &table, const QString &columns, const QString &key,
                                        qint64 &rows)
{
    const qsizetype count = columns.count(u',') + 1;
    const QString insert =
        QStringLiteral("INSERT OR IGNORE INTO %1 (%2) VALUES (%3)")
            .arg(table, columns, QStringList(count, QStringLiteral("?")).join(QStringLiteral(", ")));
    for (const bool isForward : {true, false}) {
        QString order = key;
        if (!isForward) {
            order.replace(QStringLiteral(","), QStringLiteral(" DESC,"));
            order += QStringLiteral(" DESC");
        }
        QSqlQuery source(QSqlDatabase::database(m_connectionName, false));
        source.setForwardOnly(true);
        bool isWhole =
            source.exec(QStringLiteral("SELECT %1 FROM %2 ORDER BY %3").arg(columns, table, order));
        while (isWhole && source.next()) {
            QVariantList values;
            for (qsizetype column = 0; column < count; ++column) {
                values.append(source.value(int(column)));
            }
            QSqlQuery *target = nullptr;
            DatabaseResult result = m_target.run(insert, values, target);
            if (result) {
                rows += target->numRowsAffected();
            } else if (result.error == DatabaseError::DiskFull || result.error == DatabaseError::ReadOnly) {
                return result;
            } // else a damaged row that the new table does not take
        }
        if (isWhole && source.lastError().type() == QSqlError::NoError) {
            break;
        }
    }
    return {};
}

} // namespace Nettally
