// SPDX-License-Identifier: MIT
#include "historydatabase.h"

#include "historystore.h"
#include "postgresdatabase.h"
#include "sqlitedatabase.h"

#include <QFile>
#include <QRegularExpression>
#include <QSet>
#include <QSqlError>
#include <QUuid>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qsizetype maxCachedIds = 100000;
constexpr qint64 dayS = 86400;

const QStringList levelNames = {QStringLiteral("minute"), QStringLiteral("hour"), QStringLiteral("day"),
                                QStringLiteral("month")};

/// How many remotes of a program keep their name when a bucket is folded.
constexpr int keptOfHour = 10;
constexpr int keptOfDay = 20;
constexpr int keptOfMonth = 100;

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

/// A null QString would be stored as NULL.
QString stored(const QString &text)
{
    return text.isNull() ? QStringLiteral("") : text;
}

} // namespace

QByteArray storedAddress(const Address &address)
{
    QByteArray bytes = address.toBytes();
    if (bytes.size() == 4) {
        bytes.prepend(QByteArray::fromHex("00000000000000000000ffff"));
    }
    return bytes.isNull() ? QByteArray("") : bytes;
}

std::unique_ptr<HistoryDatabase> HistoryDatabase::make(const QString &location)
{
    if (HistoryStore::isUrl(location)) {
        return std::make_unique<PostgresDatabase>(location);
    }
    return std::make_unique<SqliteDatabase>(location);
}

HistoryDatabase::HistoryDatabase()
    : m_connectionName(QStringLiteral("nettally-history-")
                       + QUuid::createUuid().toString(QUuid::WithoutBraces))
{
}

HistoryDatabase::~HistoryDatabase() = default;

void HistoryDatabase::close()
{
    if (!m_isOpen) {
        return;
    }
    forgetIds();
    QSqlDatabase::database(m_connectionName, false).close();
    QSqlDatabase::removeDatabase(m_connectionName);
    // After the driver, which ended them: alone they would each ask a server that may be gone to free them.
    m_statements.clear();
    m_isOpen = false;
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

QString HistoryDatabase::stableCgroupPath(const QString &path)
{
    // The names systemd and desktops give to what they launch; a container's id stays.
    static const QRegularExpression launch(
        QStringLiteral("(?<=/)(app-[^/]*|run|session|vte-spawn)-"
                       "(?:[0-9]+|[pru][0-9a-f]+(?:-i[0-9]+)?|[0-9a-f]{16,}|[0-9a-f-]{36})"
                       "\\.(scope|service)(?=/|$)"));
    static const QRegularExpression instance(
        QStringLiteral("(?<=/)(app-[^/@]*)@[0-9a-f]{16,}\\.service(?=/|$)"));
    QString stable = path;
    stable.replace(launch, QStringLiteral("\\1-*.\\2"));
    stable.replace(instance, QStringLiteral("\\1@*.service"));
    return stable;
}

QStringList HistoryDatabase::schemaStatements(const QString &name)
{
    QFile file(QStringLiteral(":/nettally/schema/%1.sql").arg(name));
    if (!file.open(QIODevice::ReadOnly)) {
        qFatal("The schema %s is missing from the program.", qUtf8Printable(name));
    }
    return QString::fromUtf8(file.readAll()).split(QStringLiteral("\n--;\n"));
}

DatabaseResult HistoryDatabase::execute(const QString &statement)
{
    QSqlQuery query(connection());
    query.setForwardOnly(true);
    if (!query.exec(statement)) {
        return resultOf(query);
    }
    // Some pragmas do their work row by row.
    while (query.next()) { }
    return resultOf(query);
}

DatabaseResult HistoryDatabase::readNumber(const QString &statement, qint64 &number)
{
    QSqlQuery query(connection());
    if (!query.exec(statement) || !query.next()) {
        return resultOf(query);
    }
    number = query.value(0).toLongLong();
    return {};
}

DatabaseResult HistoryDatabase::resultOf(const QSqlQuery &query) const
{
    return query.lastError().type() == QSqlError::NoError ? DatabaseResult() : resultOf(query.lastError());
}

DatabaseResult HistoryDatabase::prepare(const QString &sql, QSqlQuery *&query)
{
    std::shared_ptr<QSqlQuery> &known = m_statements[sql];
    if (!known) {
        const auto prepared = std::make_shared<QSqlQuery>(connection());
        prepared->setForwardOnly(true);
        if (!prepared->prepare(sql)) {
            return resultOf(*prepared);
        }
        known = prepared;
    }
    query = known.get();
    return {};
}

DatabaseResult HistoryDatabase::run(const QString &sql, const QVariantList &values, QSqlQuery *&query)
{
    const DatabaseResult result = prepare(sql, query);
    if (!result) {
        return result;
    }
    for (qsizetype i = 0; i < values.size(); ++i) {
        query->bindValue(int(i), values.at(i));
    }
    return query->exec() ? DatabaseResult() : resultOf(*query);
}

DatabaseResult HistoryDatabase::begin()
{
    return execute(beginStatement());
}

DatabaseResult HistoryDatabase::beginReading()
{
    return execute(beginReadingStatement());
}

void HistoryDatabase::endReading()
{
    // Nothing was changed; a query that was left half read would keep a commit from ending it.
    for (const std::shared_ptr<QSqlQuery> &query : std::as_const(m_statements)) {
        if (query) {
            query->finish();
        }
    }
    if (connection().isOpen()) {
        execute(QStringLiteral("ROLLBACK"));
    }
}

DatabaseResult HistoryDatabase::finish(const DatabaseResult &result)
{
    DatabaseResult outcome = result;
    if (outcome) {
        outcome = saveProgress();
    }
    if (outcome) {
        outcome = execute(QStringLiteral("COMMIT"));
    }
    if (outcome) {
        m_savedProgress = m_progress;
    } else {
        if (connection().isOpen()) {
            execute(QStringLiteral("ROLLBACK"));
        }
        m_progress = m_savedProgress;
        forgetIds();
    }
    return outcome;
}

void HistoryDatabase::forgetIds()
{
    m_programIds.clear();
    m_remoteIds.clear();
    m_interfaceIds.clear();
    m_channelIds.clear();
}

DatabaseResult HistoryDatabase::apply(const HistoryBatch &batch)
{
    DatabaseResult result = areDictionariesShared() ? resolve(batch.records) : DatabaseResult();
    if (!result) {
        return result;
    }
    result = begin();
    bool isKnown = false;
    if (result && batch.cursor) {
        result = isApplied(*batch.cursor, isKnown);
    }
    if (result && !isKnown) {
        result = addRecords(batch.records);
        if (result && batch.cursor) {
            result = moveCursor(*batch.cursor);
        }
    }
    return finish(result);
}

DatabaseResult HistoryDatabase::isApplied(const HistoryCursor &cursor, bool &isApplied)
{
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("SELECT number FROM journal_cursor WHERE journal_id = ?") + ownCondition(),
            {cursor.journalId}, query);
    isApplied = result && query->next() && query->value(0).toULongLong() >= cursor.number;
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
    const DatabaseResult result =
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
    const DatabaseResult result =
        run(QStringLiteral("SELECT journal_id, number FROM journal_cursor WHERE true%1 "
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
    DatabaseResult result = resolveFlows(identities);
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
            result = interfaceId(minute->interfaceName, id);
            if (!result) {
                return result;
            }
        }
    }
    return resolveFlows(flows);
}

DatabaseResult HistoryDatabase::resolveFlows(const QList<const FlowIdentity *> &flows)
{
    if (m_programIds.size() > maxCachedIds) {
        m_programIds.clear();
    }
    if (m_remoteIds.size() > maxCachedIds) {
        m_remoteIds.clear();
    }
    if (m_channelIds.size() > maxCachedIds) {
        m_channelIds.clear();
    }
    QSet<Address> remotes;
    DatabaseResult result;
    for (const FlowIdentity *flow : flows) {
        if (!m_remoteIds.contains(flow->remote)) {
            remotes.insert(flow->remote);
        }
        qint64 id = 0;
        ChannelIds channel;
        result = programId(flow->program, id);
        if (result) {
            result = channelIds(*flow, channel);
        }
        if (!result) {
            return result;
        }
    }
    if (remotes.isEmpty()) {
        return result;
    }
    QList<Address> inOrder(remotes.cbegin(), remotes.cend());
    std::sort(inOrder.begin(), inOrder.end());
    return resolveRemotes(inOrder);
}

DatabaseResult HistoryDatabase::insertId(const QString &table, const QString &columns,
                                         const QVariantList &values, qint64 &id)
{
    const QString idColumn = table + QStringLiteral("_id");
    QString condition = columns;
    condition.replace(QStringLiteral(","), QStringLiteral(" = ? AND"));
    const QString select = QStringLiteral("SELECT %1 FROM %2 WHERE %3 = ?").arg(idColumn, table, condition);
    QStringList places(values.size(), QStringLiteral("?"));
    const QString insert = QStringLiteral("INSERT INTO %1 (%2) VALUES (%3) ON CONFLICT DO NOTHING")
                               .arg(table, columns, places.join(QStringLiteral(", ")));
    for (const bool mayInsert : {true, false}) {
        QSqlQuery *query = nullptr;
        DatabaseResult result = run(select, values, query);
        if (!result) {
            return result;
        }
        const bool isKnown = query->next();
        if (isKnown) {
            id = query->value(0).toLongLong();
        }
        query->finish();
        if (isKnown) {
            return {};
        }
        if (mayInsert) {
            result = run(insert, values, query);
            if (!result) {
                return result;
            }
        }
    }
    return {DatabaseError::Other,
            HistoryStore::tr("a new row of the table %1 cannot be found again").arg(table)};
}

DatabaseResult HistoryDatabase::programId(const ProgramIdentity &program, qint64 &id)
{
    const auto known = m_programIds.constFind(program);
    if (known != m_programIds.cend()) {
        id = *known;
        return {};
    }
    const DatabaseResult result =
        insertId(QStringLiteral("program"), QStringLiteral("name, executable, uid, cgroup_path, kind"),
                 {stored(program.name), stored(program.executable), qlonglong(program.uid),
                  stored(stableCgroupPath(program.cgroupPath)), int(program.kind)},
                 id);
    if (result) {
        m_programIds.insert(program, id);
    }
    return result;
}

DatabaseResult HistoryDatabase::interfaceId(const QString &name, qint64 &id)
{
    const auto known = m_interfaceIds.constFind(name);
    if (known != m_interfaceIds.cend()) {
        id = *known;
        return {};
    }
    const DatabaseResult result =
        insertId(QStringLiteral("interface"), QStringLiteral("name"), {stored(name)}, id);
    if (result) {
        m_interfaceIds.insert(name, id);
    }
    return result;
}

DatabaseResult HistoryDatabase::channelIds(const FlowIdentity &flow, ChannelIds &ids)
{
    ChannelKey key{flow.protocol, flow.servicePort, quint8(flow.direction), 0};
    DatabaseResult result = interfaceId(flow.interfaceName, key.interfaceId);
    if (!result) {
        return result;
    }
    const auto known = m_channelIds.constFind(key);
    if (known != m_channelIds.cend()) {
        ids = *known;
        return {};
    }
    result = channelId(key, ids.id);
    if (result) {
        result = channelId({key.protocol, 0, key.direction, key.interfaceId}, ids.totalId);
    }
    if (result) {
        m_channelIds.insert(key, ids);
    }
    return result;
}

DatabaseResult HistoryDatabase::channelId(const ChannelKey &key, qint64 &id)
{
    return insertId(QStringLiteral("channel"),
                    QStringLiteral("protocol, service_port, direction, interface_id"),
                    {int(key.protocol), int(key.servicePort), int(key.direction), key.interfaceId}, id);
}

DatabaseResult HistoryDatabase::add(const FlowMinute &flow, bool isManyRemotes, Level finest,
                                    Additions &additions)
{
    FactKey key;
    ChannelIds channel;
    DatabaseResult result = programId(flow.flow.program, key.programId);
    if (result) {
        result = channelIds(flow.flow, channel);
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
    key.remoteId = isManyRemotes ? otherRemoteId : m_remoteIds.value(flow.flow.remote);
    key.channelId = channel.id;
    additions.usage[size_t(finest)].emplace_back(key, sums);
    return {};
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

DatabaseResult HistoryDatabase::rebuildTotals()
{
    DatabaseResult result =
        execute(QStringLiteral("INSERT INTO channel (protocol, service_port, direction, interface_id) "
                               "SELECT DISTINCT protocol, 0, direction, interface_id FROM channel "
                               "WHERE true ON CONFLICT DO NOTHING"));
    for (const Level level : allLevels) {
        if (result) {
            result =
                execute(QStringLiteral("DELETE FROM %1 WHERE true%2").arg(totalsOf(level), ownCondition()));
        }
        if (result) {
            result = execute(
                QStringLiteral("INSERT INTO %1 (%2program_id, start_utc_s, channel_id, %3) "
                               "SELECT %4u.program_id, u.start_utc_s, k.channel_id, %5 FROM %6 u "
                               "JOIN channel c ON c.channel_id = u.channel_id JOIN channel k ON "
                               "k.protocol = c.protocol AND k.service_port = 0 AND k.direction = c.direction "
                               "AND k.interface_id = c.interface_id WHERE true%7 "
                               "GROUP BY u.program_id, u.start_utc_s, k.channel_id")
                    .arg(totalsOf(level), hostColumn(), figureColumns().join(QStringLiteral(", ")),
                         hostValue(), figureSums(), tableOf(level), hostCondition(m_hostId)));
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
    const DatabaseResult result = interfaceId(minute.interfaceName, id);
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

DatabaseResult HistoryDatabase::maintain(qint64 nowUtcS)
{
    if (!m_progress.newestMinuteUtcS) {
        return {};
    }
    DatabaseResult result = noteZone();
    // A clock that is far ahead must not make all of history old.
    const qint64 referenceUtcS = std::min(nowUtcS, *m_progress.newestMinuteUtcS);
    const qint64 minuteFloor = m_calendar.start(Level::Day, referenceUtcS - minuteRetentionS);
    const qint64 hourFloor = m_calendar.start(Level::Day, referenceUtcS - hourRetentionS);
    const qint64 monthFloor = m_calendar.start(Level::Month, referenceUtcS - hourRetentionS);
    const qint64 monthCeiling = m_calendar.start(Level::Month, referenceUtcS);
    if (result && m_progress.monthCeilingUtcS < monthCeiling) {
        result = begin();
        result = finish(result ? closeMonths(monthCeiling) : result);
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
    return result ? maintainStorage(referenceUtcS) : result;
}

DatabaseResult HistoryDatabase::closeMonths(qint64 untilUtcS)
{
    std::optional<qint64> dayUtcS;
    DatabaseResult result = earliest(Level::Day, m_progress.monthCeilingUtcS, dayUtcS);
    while (result && dayUtcS && *dayUtcS < untilUtcS) {
        const qint64 nextUtcS = m_calendar.nextStart(Level::Month, *dayUtcS);
        result = execute(QStringLiteral("INSERT INTO usage_month (%1program_id, start_utc_s, remote_id, "
                                        "channel_id, %2) SELECT %3u.program_id, %4, u.remote_id, "
                                        "u.channel_id, %5 FROM program p %6 usage_day u "
                                        "ON u.program_id = p.program_id WHERE u.start_utc_s >= %4 "
                                        "AND u.start_utc_s < %7%8 "
                                        "GROUP BY u.program_id, u.remote_id, u.channel_id")
                             .arg(hostColumn(), figureColumns().join(QStringLiteral(", ")), hostValue())
                             .arg(m_calendar.start(Level::Month, *dayUtcS))
                             .arg(figureSums(), orderedJoin())
                             .arg(nextUtcS)
                             .arg(hostCondition(m_hostId)));
        if (result) {
            result = earliest(Level::Day, nextUtcS, dayUtcS);
        }
    }
    if (result) {
        m_progress.monthCeilingUtcS = untilUtcS;
    }
    return result;
}

DatabaseResult HistoryDatabase::openLastMonth()
{
    DatabaseResult result =
        execute(QStringLiteral("UPDATE progress SET month_ceiling_utc_s = (SELECT coalesce(max(start_utc_s), "
                               "%1) FROM usage_month WHERE true%2) WHERE true%2")
                    .arg(ZoneChange::always)
                    .arg(ownCondition()));
    if (result) {
        result = execute(QStringLiteral("DELETE FROM usage_month WHERE start_utc_s >= "
                                        "(SELECT month_ceiling_utc_s FROM progress WHERE true%1)%1")
                             .arg(ownCondition()));
    }
    return result;
}

DatabaseResult HistoryDatabase::trim(Level level, qint64 floorUtcS, qint64 Progress::*floor)
{
    if (m_progress.*floor >= floorUtcS) {
        return {};
    }
    const DatabaseResult result = begin();
    return finish(result ? trimRows(level, floorUtcS, floor) : result);
}

DatabaseResult HistoryDatabase::trimRows(Level level, qint64 floorUtcS, qint64 Progress::*floor)
{
    QSqlQuery *query = nullptr;
    // By program, since that is what the rows are in order of.
    const QString statement = QStringLiteral("DELETE FROM %1 WHERE %2_id IN (SELECT %2_id FROM %2) "
                                             "AND start_utc_s < ?%3");
    DatabaseResult result =
        run(statement.arg(tableOf(level), QStringLiteral("program"), ownCondition()), {floorUtcS}, query);
    if (result) {
        result = run(statement.arg(totalsOf(level), QStringLiteral("program"), ownCondition()), {floorUtcS},
                     query);
    }
    if (result && level == Level::Minute) {
        result = run(
            statement.arg(QStringLiteral("interface_minute"), QStringLiteral("interface"), ownCondition()),
            {floorUtcS}, query);
    }
    if (result) {
        m_progress.*floor = floorUtcS;
    }
    return result;
}

DatabaseResult HistoryDatabase::raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS)
{
    DatabaseResult result;
    if (minuteFloorUtcS > m_progress.minuteFloorUtcS) {
        result = trimRows(Level::Minute, minuteFloorUtcS, &Progress::minuteFloorUtcS);
    }
    if (result && hourFloorUtcS > m_progress.hourFloorUtcS) {
        result = trimRows(Level::Hour, hourFloorUtcS, &Progress::hourFloorUtcS);
    }
    return result;
}

DatabaseResult HistoryDatabase::earliest(Level level, qint64 fromUtcS, std::optional<qint64> &startUtcS)
{
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("SELECT min(first) FROM (SELECT (SELECT min(u.start_utc_s) FROM %1 u WHERE "
                           "u.program_id = p.program_id AND u.start_utc_s >= ?%2) AS first "
                           "FROM program p) AS firsts")
                .arg(tableOf(level), hostCondition(m_hostId)),
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

DatabaseResult HistoryDatabase::fold(Level level, int keptRemotes, qint64 endUtcS, qint64 Progress::*folded)
{
    // A transaction each, of about as many rows.
    const qint64 sliceS = level == Level::Hour ? 7 * dayS : level == Level::Day ? 90 * dayS : 1000 * dayS;
    while (m_progress.*folded < endUtcS) {
        std::optional<qint64> beginUtcS;
        DatabaseResult result = earliest(level, m_progress.*folded, beginUtcS);
        const qint64 sliceEndUtcS = beginUtcS ? std::min(*beginUtcS + sliceS, endUtcS) : endUtcS;
        if (result) {
            result = begin();
        }
        if (result && beginUtcS && *beginUtcS < endUtcS) {
            result = foldSlice(level, keptRemotes, *beginUtcS, sliceEndUtcS);
        }
        if (result) {
            m_progress.*folded = sliceEndUtcS;
        }
        result = finish(result);
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult HistoryDatabase::foldSlice(Level level, int keptRemotes, qint64 beginUtcS, qint64 endUtcS)
{
    if (!m_remoteIds.contains(Address())) {
        const DatabaseResult result = resolveRemotes({Address()});
        if (!result) {
            return result;
        }
    }
    const QString table = tableOf(level);
    const QString host = hostCondition(m_hostId);
    QStringList updates;
    for (const QString &column : figureColumns()) {
        updates.append(QStringLiteral("%1 = %2.%1 + excluded.%1").arg(column, table));
    }
    const QString tailRows = QStringLiteral("FROM tail t %1 %2 u ON u.program_id = t.program_id AND "
                                            "u.start_utc_s = t.start_utc_s AND u.remote_id = t.remote_id%3 "
                                            "JOIN channel c ON c.channel_id = u.channel_id")
                                 .arg(orderedJoin(), table, host);
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
            .arg(orderedJoin(), table)
            .arg(beginUtcS)
            .arg(endUtcS)
            .arg(host)
            .arg(otherRemoteId)
            .arg(m_remoteIds.value(Address()))
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
            .arg(table, hostColumn(), figureColumns().join(separator), hostValue(),
                 QString::number(otherRemoteId), figureSums(), tailRows, updates.join(separator)),
        QStringLiteral("DELETE FROM %1 WHERE (program_id, start_utc_s, remote_id) IN "
                       "(SELECT program_id, start_utc_s, remote_id FROM tail)%2")
            .arg(table, ownCondition()),
    };
    for (const QString &statement : statements) {
        const DatabaseResult result = execute(statement);
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult HistoryDatabase::replaceDamaged(QString &target, qint64 &salvagedRows)
{
    target.clear();
    salvagedRows = 0;
    return {};
}

} // namespace Nettally
