// SPDX-License-Identifier: MIT
#include "historydatabase.h"

#include "historymaintenance.h"
#include "historystore.h"
#include "postgresdatabase.h"
#include "sqlitedatabase.h"

#include <QDateTime>
#include <QFile>

#include <algorithm>

namespace Nettally {

namespace {

const QStringList levelNames = {QStringLiteral("minute"), QStringLiteral("hour"), QStringLiteral("day"),
                                QStringLiteral("month")};

qlonglong clamped(quint64 figure)
{
    if (figure > HistoryDatabase::maxFactBytes) {
        qWarning("A program moved %llu bytes in a minute by the helper's account; stored as 2^53.", figure);
    }
    return qlonglong(std::min(figure, HistoryDatabase::maxFactBytes));
}

TrafficSums clamped(const TrafficSums &sums)
{
    TrafficSums result;
    result.rxPayloadBytes = quint64(clamped(sums.rxPayloadBytes));
    result.txPayloadBytes = quint64(clamped(sums.txPayloadBytes));
    if (sums.network) {
        result.network =
            NetworkUsage{quint64(clamped(sums.network->rxBytes)), quint64(clamped(sums.network->txBytes)),
                         quint64(clamped(sums.network->rxPackets)), quint64(clamped(sums.network->txPackets)),
                         quint64(clamped(sums.network->retransmittedSegments))};
    }
    return result;
}

qlonglong clampedRemainder(qint64 bytes)
{
    constexpr qint64 most = qint64(HistoryDatabase::maxFactBytes);
    return std::clamp(bytes, -most, most);
}

} // namespace

HistoryDatabase::HistoryDatabase()
    : m_dictionaries(*this, [this](const QList<Address> &remotes, QHash<Address, qint64> &ids) {
        return insertRemotes(remotes, ids);
    })
{
}

std::unique_ptr<HistoryDatabase> HistoryDatabase::make(const QString &location)
{
    if (HistoryStore::isUrl(location)) {
        return std::make_unique<PostgresDatabase>(location);
    }
    return std::make_unique<SqliteDatabase>(location);
}

const QStringList &HistoryDatabase::figureColumns()
{
    static const QStringList columns = {QStringLiteral("rx_payload_bytes"),
                                        QStringLiteral("tx_payload_bytes"),
                                        QStringLiteral("rx_network_bytes"),
                                        QStringLiteral("tx_network_bytes"),
                                        QStringLiteral("rx_packets"),
                                        QStringLiteral("tx_packets"),
                                        QStringLiteral("retransmitted_segments")};
    return columns;
}

QString HistoryDatabase::figureSums()
{
    QStringList sums;
    for (const QString &column : figureColumns()) {
        sums.append(QStringLiteral("CASE WHEN count(*) = count(u.%1) THEN sum(u.%1) END").arg(column));
    }
    return sums.join(QStringLiteral(", "));
}

QString HistoryDatabase::tableOf(Level level)
{
    return QStringLiteral("usage_") + levelNames.at(qsizetype(level));
}

QString HistoryDatabase::totalsOf(Level level)
{
    return QStringLiteral("total_") + levelNames.at(qsizetype(level));
}

QStringList HistoryDatabase::migrationStatements(const QString &prefix, int version)
{
    QStringList statements;
    for (int next = version + 1; next <= latestSchema; ++next) {
        const QString name = prefix + QStringLiteral("%1").arg(next, 4, 10, QLatin1Char('0'));
        QFile file(QStringLiteral(":/nettally/schema/%1.sql").arg(name));
        if (!file.open(QIODevice::ReadOnly)) {
            qFatal("The schema %s is missing from the program.", qUtf8Printable(name));
        }
        statements += QString::fromUtf8(file.readAll()).split(QStringLiteral("\n--;\n"));
        statements += QStringLiteral("INSERT INTO migration (version, applied_utc_s, program_version) "
                                     "VALUES (%1, %2, '" NETTALLY_VERSION "')")
                          .arg(next)
                          .arg(QDateTime::currentSecsSinceEpoch());
    }
    return statements;
}

DatabaseResult HistoryDatabase::openForRecording(bool check)
{
    DatabaseResult result = openRecorder(check);
    if (result) {
        result = prepareRecording();
    }
    if (!result) {
        close();
    }
    return result;
}

DatabaseResult HistoryDatabase::openForReading()
{
    qint64 version = 0;
    DatabaseResult result = openReader(version);
    if (result && version != latestSchema) {
        result = {version == 0                 ? DatabaseError::Missing
                      : version < latestSchema ? DatabaseError::TooOld
                                               : DatabaseError::TooNew,
                  QString()};
    }
    if (!result) {
        close();
    }
    return result;
}

void HistoryDatabase::close()
{
    forgetIds();
    SqlConnection::close();
}

DatabaseResult HistoryDatabase::finish(const DatabaseResult &result)
{
    DatabaseResult outcome = end(result ? saveProgress() : result);
    if (outcome) {
        m_savedProgress = m_progress;
    } else {
        m_progress = m_savedProgress;
        forgetIds();
    }
    return outcome;
}

DatabaseResult HistoryDatabase::maintain(qint64 nowUtcS)
{
    return HistoryMaintenance(*this).maintain(nowUtcS);
}

DatabaseResult HistoryDatabase::raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS)
{
    return HistoryMaintenance(*this).raiseFloors(minuteFloorUtcS, hourFloorUtcS);
}

DatabaseResult HistoryDatabase::apply(const HistoryBatch &batch, HistoryCursor *stored)
{
    DatabaseResult result = areDictionariesShared() ? resolve(batch.records) : DatabaseResult();
    if (!result) {
        return result;
    }
    result = begin();
    quint64 number = 0;
    if (result && batch.cursor) {
        result = readStored(batch.cursor->journalId, number);
    }
    const bool isNew =
        !batch.cursor || (number < batch.cursor->number && number <= batch.afterNumber.value_or(number));
    if (result && isNew) {
        result = addRecords(batch.records);
        number = batch.cursor ? batch.cursor->number : 0;
    }
    // Also where nothing was added: the journal is the one read last now.
    if (result && batch.cursor) {
        const HistoryCursor cursor{batch.cursor->journalId, number};
        result = moveCursor(cursor);
        if (stored) {
            *stored = cursor;
        }
    }
    return finish(result);
}

DatabaseResult HistoryDatabase::readStored(const QByteArray &journalId, quint64 &number)
{
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("SELECT number FROM journal_cursor WHERE journal_id = ?") + ownCondition(),
            {journalId}, query);
    number = result && query->next() ? query->value(0).toULongLong() : 0;
    if (result) {
        query->finish();
    }
    return result;
}

DatabaseResult HistoryDatabase::moveCursor(const HistoryCursor &cursor)
{
    QSqlQuery *query = nullptr;
    return run(QStringLiteral("INSERT INTO journal_cursor (%1journal_id, number, sequence) VALUES (%2?, ?, "
                              "(SELECT coalesce(max(sequence), 0) + 1 FROM journal_cursor WHERE true%3)) "
                              "ON CONFLICT (%1journal_id) DO UPDATE SET number = excluded.number, "
                              "sequence = excluded.sequence")
                   .arg(hostColumn(), hostValue(), ownCondition()),
               {cursor.journalId, qlonglong(cursor.number)}, query);
}

DatabaseResult HistoryDatabase::isImported(const QByteArray &exportId, bool &isImported)
{
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("SELECT 1 FROM imported WHERE export_id = ?") + ownCondition(), {exportId}, query);
    isImported = result && query->next();
    if (result) {
        query->finish();
    }
    return result;
}

DatabaseResult HistoryDatabase::markImported(const QByteArray &exportId)
{
    QSqlQuery *query = nullptr;
    return run(
        QStringLiteral("INSERT INTO imported (%1export_id) VALUES (%2?)").arg(hostColumn(), hostValue()),
        {exportId}, query);
}

DatabaseResult HistoryDatabase::readCursor(std::optional<HistoryCursor> &cursor)
{
    cursor.reset();
    QSqlQuery *query = nullptr;
    DatabaseResult result = run(QStringLiteral("SELECT journal_id, number FROM journal_cursor WHERE true%1 "
                                               "ORDER BY sequence DESC LIMIT 1")
                                    .arg(ownCondition()),
                                {}, query);
    if (result && query->next()) {
        cursor = HistoryCursor{query->value(0).toByteArray(), query->value(1).toULongLong()};
    }
    if (result) {
        query->finish();
    }
    return result;
}

DatabaseResult HistoryDatabase::addRecords(const QList<HistoryRecord> &records)
{
    DatabaseResult result = resolve(records);
    Additions additions;
    for (const HistoryRecord &record : records) {
        if (!result) {
            break;
        }
        if (const auto *flow = std::get_if<FlowMinute>(&record)) {
            result = add(*flow, false, Level::Minute, additions);
        } else if (const auto *span = std::get_if<NotMeasured>(&record)) {
            result = addSpan(*span);
        } else {
            result = addInterfaceMinute(std::get<InterfaceMinute>(record));
        }
    }
    return result ? write(additions) : result;
}

DatabaseResult HistoryDatabase::addFlows(Level finest, const QList<StoredFlow> &flows)
{
    QList<const FlowIdentity *> identities;
    for (const StoredFlow &flow : flows) {
        identities.append(&flow.minute.flow);
    }
    DatabaseResult result = m_dictionaries.resolve(identities);
    Additions additions;
    for (const StoredFlow &flow : flows) {
        if (result) {
            result = add(flow.minute, flow.isManyRemotes, finest, additions);
        }
    }
    return result ? write(additions) : result;
}

DatabaseResult HistoryDatabase::resolve(const QList<HistoryRecord> &records)
{
    QList<const FlowIdentity *> flows;
    flows.reserve(records.size());
    DatabaseResult result;
    for (const HistoryRecord &record : records) {
        if (const auto *flow = std::get_if<FlowMinute>(&record)) {
            flows.append(&flow->flow);
        } else if (const auto *minute = std::get_if<InterfaceMinute>(&record)) {
            qint64 id = 0;
            result = m_dictionaries.interfaceId(minute->interfaceName, id);
            if (!result) {
                return result;
            }
        }
    }
    return m_dictionaries.resolve(flows);
}

DatabaseResult HistoryDatabase::add(const FlowMinute &flow, bool isManyRemotes, Level finest,
                                    Additions &additions)
{
    FactKey key;
    Dictionaries::ChannelIds channel;
    DatabaseResult result = m_dictionaries.programId(flow.flow.program, key.programId);
    if (result) {
        result = m_dictionaries.channelIds(flow.flow, channel);
    }
    if (!result) {
        return result;
    }
    const BucketCalendar::Starts starts = m_calendar.starts(flow.minuteUtcS);
    const qint64 minuteUtcS = starts[size_t(Level::Minute)];

    // What comes late is kept as what is of its age, and folded once more where that was done.
    if (finest == Level::Minute && minuteUtcS < m_progress.minuteFloorUtcS) {
        finest = Level::Hour;
    }
    if (finest <= Level::Hour && starts[size_t(Level::Hour)] < m_progress.hourFloorUtcS) {
        finest = Level::Day;
    }
    m_progress.hourFoldUtcS = std::min(m_progress.hourFoldUtcS, starts[size_t(Level::Hour)]);
    m_progress.dayFoldUtcS = std::min(m_progress.dayFoldUtcS, starts[size_t(Level::Day)]);
    m_progress.monthFoldUtcS = std::min(m_progress.monthFoldUtcS, starts[size_t(Level::Month)]);
    m_progress.newestMinuteUtcS = std::max(m_progress.newestMinuteUtcS.value_or(minuteUtcS), minuteUtcS);

    const TrafficSums sums = clamped(flow.sums);
    key.startUtcS = starts[size_t(finest)];
    key.channelId = channel.totalId;
    additions.totals[size_t(finest)].emplace_back(key, sums);
    if (isManyRemotes) {
        key.remoteId = otherRemoteId;
    } else {
        result = m_dictionaries.remoteId(flow.flow.remote, key.remoteId);
    }
    key.channelId = channel.id;
    additions.usage[size_t(finest)].emplace_back(key, sums);
    return result;
}

DatabaseResult HistoryDatabase::write(const Additions &additions)
{
    DatabaseResult result = addUsage(additions.usage);
    const LevelFacts totals = rolledUp(additions.totals, m_calendar);
    for (const Level level : allLevels) {
        const Facts &facts = totals[size_t(level)];
        if (result && !facts.empty()) {
            result = addTotals(level, facts);
        }
    }
    return result;
}

DatabaseResult HistoryDatabase::addSpan(const NotMeasured &span)
{
    if (span.endUtcS <= span.beginUtcS) {
        return {};
    }
    QSqlQuery *query = nullptr;
    return run(
        QStringLiteral("INSERT INTO not_measured (%1begin_utc_s, reason, end_utc_s) VALUES (%2?, ?, ?) "
                       "ON CONFLICT (%1begin_utc_s, reason) DO UPDATE SET end_utc_s = excluded.end_utc_s "
                       "WHERE excluded.end_utc_s > not_measured.end_utc_s")
            .arg(hostColumn(), hostValue()),
        {span.beginUtcS, int(span.reason), span.endUtcS}, query);
}

DatabaseResult HistoryDatabase::addInterfaceMinute(const InterfaceMinute &minute)
{
    const qint64 startUtcS = m_calendar.start(Level::Minute, minute.minuteUtcS);
    if (startUtcS < m_progress.minuteFloorUtcS) {
        return {}; // nothing is left to balance it with
    }
    qint64 id = 0;
    DatabaseResult result = m_dictionaries.interfaceId(minute.interfaceName, id);
    if (!result) {
        return result;
    }
    QSqlQuery *query = nullptr;
    return run(QStringLiteral(
                   "INSERT INTO interface_minute (%1interface_id, start_utc_s, rx_counter_bytes, "
                   "tx_counter_bytes, rx_remainder_bytes, tx_remainder_bytes) VALUES (%2?, ?, ?, ?, ?, ?) "
                   "ON CONFLICT (%1interface_id, start_utc_s) DO UPDATE SET "
                   "rx_counter_bytes = interface_minute.rx_counter_bytes + excluded.rx_counter_bytes, "
                   "tx_counter_bytes = interface_minute.tx_counter_bytes + excluded.tx_counter_bytes, "
                   "rx_remainder_bytes = interface_minute.rx_remainder_bytes + excluded.rx_remainder_bytes, "
                   "tx_remainder_bytes = interface_minute.tx_remainder_bytes + excluded.tx_remainder_bytes")
                   .arg(hostColumn(), hostValue()),
               {id, startUtcS, clamped(minute.rxCounterBytes), clamped(minute.txCounterBytes),
                clampedRemainder(minute.rxRemainderBytes), clampedRemainder(minute.txRemainderBytes)},
               query);
}

DatabaseResult HistoryDatabase::prepareRecording()
{
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("SELECT newest_minute_utc_s, minute_floor_utc_s, hour_floor_utc_s, "
                           "hour_fold_utc_s, day_fold_utc_s, month_fold_utc_s, salvaged_utc_s, swept_utc_s, "
                           "month_ceiling_utc_s FROM progress WHERE true%1")
                .arg(ownCondition()),
            {}, query);
    if (result && !query->next()) {
        result = {DatabaseError::Corrupt, HistoryStore::tr("the table progress is empty")};
    }
    if (!result) {
        return result;
    }
    m_progress = {};
    if (!query->isNull(0)) {
        m_progress.newestMinuteUtcS = query->value(0).toLongLong();
    }
    m_progress.minuteFloorUtcS = query->value(1).toLongLong();
    m_progress.hourFloorUtcS = query->value(2).toLongLong();
    m_progress.hourFoldUtcS = query->value(3).toLongLong();
    m_progress.dayFoldUtcS = query->value(4).toLongLong();
    m_progress.monthFoldUtcS = query->value(5).toLongLong();
    m_progress.salvagedUtcS = query->value(6).toLongLong();
    m_progress.sweptUtcS = query->value(7).toLongLong();
    m_progress.monthCeilingUtcS = query->value(8).toLongLong();
    query->finish();
    m_savedProgress = m_progress;
    return noteZone();
}

DatabaseResult HistoryDatabase::saveProgress()
{
    if (m_progress == m_savedProgress) {
        return {};
    }
    QSqlQuery *query = nullptr;
    return run(QStringLiteral("UPDATE progress SET newest_minute_utc_s = ?, minute_floor_utc_s = ?, "
                              "hour_floor_utc_s = ?, hour_fold_utc_s = ?, day_fold_utc_s = ?, "
                              "month_fold_utc_s = ?, salvaged_utc_s = ?, swept_utc_s = ?, "
                              "month_ceiling_utc_s = ? WHERE true%1")
                   .arg(ownCondition()),
               {m_progress.newestMinuteUtcS ? QVariant(*m_progress.newestMinuteUtcS) : QVariant(),
                m_progress.minuteFloorUtcS, m_progress.hourFloorUtcS, m_progress.hourFoldUtcS,
                m_progress.dayFoldUtcS, m_progress.monthFoldUtcS, m_progress.salvagedUtcS,
                m_progress.sweptUtcS, m_progress.monthCeilingUtcS},
               query);
}

DatabaseResult HistoryDatabase::readZones(qint64 hostId, QList<ZoneChange> &changes)
{
    changes.clear();
    QString condition = hostCondition(hostId);
    QSqlQuery *query = nullptr;
    const DatabaseResult result =
        run(QStringLiteral("SELECT u.since_utc_s, u.zone FROM zone_change u WHERE true%1 ORDER BY 1")
                .arg(condition),
            {}, query);
    while (result && query->next()) {
        changes.append({query->value(0).toLongLong(), QTimeZone(query->value(1).toString().toLatin1())});
    }
    return result ? resultOf(*query) : result;
}

/// Days of before stay as they were told.
DatabaseResult HistoryDatabase::noteZone()
{
    QList<ZoneChange> changes;
    DatabaseResult result = readZones(m_hostId, changes);
    if (!result) {
        return result;
    }
    QTimeZone zone = m_zone.value_or(QTimeZone::systemTimeZone());
    if (!zone.isValid()) {
        zone = QTimeZone::utc();
    }
    if (changes.isEmpty() || changes.constLast().zone != zone) {
        qint64 since = ZoneChange::always;
        if (!changes.isEmpty() && m_progress.newestMinuteUtcS) {
            since = std::max(*m_progress.newestMinuteUtcS + 60, changes.constLast().sinceUtcS + 60);
        } else if (!changes.isEmpty()) {
            since = changes.constLast().sinceUtcS; // it never held
        }
        QSqlQuery *query = nullptr;
        result = run(QStringLiteral("INSERT INTO zone_change (%1since_utc_s, zone) VALUES (%2?, ?) "
                                    "ON CONFLICT (%1since_utc_s) DO UPDATE SET zone = excluded.zone")
                         .arg(hostColumn(), hostValue()),
                     {since, QString::fromLatin1(zone.id())}, query);
        if (result) {
            result = readZones(m_hostId, changes);
        }
    }
    if (result) {
        m_calendar = BucketCalendar(changes);
    }
    return result;
}

DatabaseResult HistoryDatabase::readHosts(QList<HistoryHost> &hosts)
{
    hosts.clear();
    DatabaseResult result = readHostNames(hosts);
    for (HistoryHost &host : hosts) {
        QList<ZoneChange> changes;
        if (result) {
            result = readZones(host.id, changes);
        }
        QSqlQuery *query = nullptr;
        if (result) {
            result = run(QStringLiteral("SELECT u.minute_floor_utc_s, u.hour_floor_utc_s, u.salvaged_utc_s, "
                                        "u.month_ceiling_utc_s FROM progress u WHERE true%1")
                             .arg(hostCondition(host.id)),
                         {}, query);
        }
        if (!result) {
            return result;
        }
        if (query->next()) {
            host.minuteFloorUtcS = query->value(0).toLongLong();
            host.hourFloorUtcS = query->value(1).toLongLong();
            host.salvagedUtcS = query->value(2).toLongLong();
            host.monthCeilingUtcS = query->value(3).toLongLong();
        }
        query->finish();
        host.calendar = BucketCalendar(changes);
    }
    return result;
}

DatabaseResult HistoryDatabase::replaceDamaged(QString &target, qint64 &salvagedRows)
{
    target.clear();
    salvagedRows = 0;
    return {};
}

} // namespace Nettally
