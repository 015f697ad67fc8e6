// SPDX-License-Identifier: MIT
#include "postgresdatabase.h"

#include "historymaintenance.h"
#include "historystore.h"

#include <QCryptographicHash>
#include <QDateTime>
#include <QSqlError>
#include <QSysInfo>
#include <QTimeZone>
#include <QUrlQuery>

#include <algorithm>

namespace Nettally {

namespace {

constexpr int firstSchema = 2; ///< the numbers are those of SQLite

/// Keys of advisory locks: one for changes of the schema, one of a class with the host's id for its recorder.
constexpr int schemaLock = 0x6e657474;
constexpr int recorderLock = 0x6e657475;

/// libpq's options that a URL may set; any other could redirect or disarm what the rest of it says.
const QStringList allowedOptions = {QStringLiteral("host"),        QStringLiteral("sslmode"),
                                    QStringLiteral("sslrootcert"), QStringLiteral("sslcert"),
                                    QStringLiteral("sslkey"),      QStringLiteral("connect_timeout"),
                                    QStringLiteral("passfile"),    QStringLiteral("service"),
                                    QStringLiteral("gssencmode"),  QStringLiteral("channel_binding")};

/// The numbers as an array, for unnest().
template <typename Number>
QString arrayOf(const Facts &facts, Number number)
{
    QString text(u'{');
    text.reserve(qsizetype(facts.size()) * 8);
    for (const auto &fact : facts) {
        const std::optional<qint64> value = number(fact);
        text += value ? QString::number(*value) : QStringLiteral("NULL");
        text += u',';
    }
    text.back() = u'}';
    return text;
}

} // namespace

PostgresDatabase::PostgresDatabase(const QString &url)
    : m_url(url, QUrl::StrictMode)
{
    const QString told = QUrlQuery(m_url).queryItemValue(QStringLiteral("machine"), QUrl::FullyDecoded);
    m_machineName = told.isEmpty() ? QSysInfo::machineHostName() : told;
    const QByteArray identity = told.isEmpty() ? QSysInfo::machineUniqueId() : told.toUtf8();
    m_machineId = QCryptographicHash::hash("org.nettally.history\n" + identity, QCryptographicHash::Sha256);
}

PostgresDatabase::~PostgresDatabase()
{
    close();
}

QString PostgresDatabase::displayName() const
{
    return m_url.isValid() ? m_url.toDisplayString(QUrl::RemovePassword | QUrl::RemoveQuery) : QString();
}

QString PostgresDatabase::hostCondition(qint64 hostId) const
{
    return QStringLiteral(" AND u.host_id = %1").arg(hostId);
}

QString PostgresDatabase::orderedJoin() const
{
    return QStringLiteral("JOIN");
}

QString PostgresDatabase::hostColumn() const
{
    return QStringLiteral("host_id, ");
}

QString PostgresDatabase::hostValue() const
{
    return QStringLiteral("%1, ").arg(m_hostId);
}

QString PostgresDatabase::ownCondition() const
{
    return QStringLiteral(" AND host_id = %1").arg(m_hostId);
}

QString PostgresDatabase::beginStatement() const
{
    return QStringLiteral("BEGIN");
}

QString PostgresDatabase::beginReadingStatement() const
{
    return QStringLiteral("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
}

DatabaseResult PostgresDatabase::resultOf(const QSqlError &error) const
{
    if (error.type() == QSqlError::NoError) {
        return {};
    }
    QString detail = error.databaseText().isEmpty() ? error.driverText() : error.databaseText();
    detail = detail.section(u'\n', 0, 0).simplified();
    // https://www.postgresql.org/docs/current/errcodes-appendix.html; none comes where the server does not.
    const QString state = error.nativeErrorCode();
    if (state.size() != 5 || state.startsWith(QStringLiteral("08")) || state.startsWith(QStringLiteral("57P"))
        || state.startsWith(QStringLiteral("28"))) {
        return {DatabaseError::Unreachable, detail};
    }
    if (state == QStringLiteral("53100")) {
        return {DatabaseError::DiskFull, detail};
    }
    if (state == QStringLiteral("25006") || state == QStringLiteral("42501")) {
        return {DatabaseError::ReadOnly, detail};
    }
    if (state.startsWith(QStringLiteral("40")) || state.startsWith(QStringLiteral("55"))) {
        return {DatabaseError::Locked, detail};
    }
    return {DatabaseError::Other, detail};
}

DatabaseResult PostgresDatabase::connectToServer()
{
    if (!m_url.isValid()
        || (m_url.scheme() != QStringLiteral("postgresql") && m_url.scheme() != QStringLiteral("postgres"))
        || m_url.path().size() < 2) {
        return {DatabaseError::BadUrl, m_url.errorString()};
    }
    QSqlDatabase database;
    DatabaseResult result =
        addConnection(QStringLiteral("QPSQL"), QStringLiteral("libqt6sql6-psql"), database);
    if (!result) {
        return result;
    }
    database.setDatabaseName(m_url.path(QUrl::FullyDecoded).mid(1));
    database.setUserName(m_url.userName(QUrl::FullyDecoded));
    database.setPassword(m_url.password(QUrl::FullyDecoded));
    database.setHostName(m_url.host(QUrl::FullyDecoded));
    if (m_url.port() > 0) {
        database.setPort(m_url.port());
    }
    // A server that is gone without a word is noticed within half a minute.
    QStringList options = {QStringLiteral("application_name=nettally"), QStringLiteral("keepalives_idle=10"),
                           QStringLiteral("keepalives_interval=5"), QStringLiteral("keepalives_count=3"),
                           QStringLiteral("tcp_user_timeout=20000")};
    bool hasTimeout = false;
    const QList<std::pair<QString, QString>> items = QUrlQuery(m_url).queryItems(QUrl::FullyDecoded);
    for (const auto &[name, value] : items) {
        if (name == QStringLiteral("machine")) {
            continue;
        }
        if (!allowedOptions.contains(name) || value.contains(u';') || value.contains(u'\'')
            || value.contains(u'\\')) {
            return {DatabaseError::BadUrl,
                    HistoryStore::tr("the option %1 is not one to set here").arg(name)};
        }
        hasTimeout = hasTimeout || name == QStringLiteral("connect_timeout");
        if (name == QStringLiteral("host")) {
            database.setHostName(value);
        } else {
            options.append(QStringLiteral("%1='%2'").arg(name, value));
        }
    }
    if (!hasTimeout) {
        options.append(QStringLiteral("connect_timeout=4"));
    }
    database.setConnectOptions(options.join(u';'));
    if (!database.open()) {
        result = resultOf(database.lastError());
        result.error = DatabaseError::Unreachable;
        return result;
    }
    for (const QString &setting :
         {QStringLiteral("SET search_path = nettally"), QStringLiteral("SET client_min_messages = warning"),
          QStringLiteral("SET lock_timeout = '10s'")}) {
        if (result) {
            result = execute(setting);
        }
    }
    return result;
}

void PostgresDatabase::forgetIds()
{
    HistoryDatabase::forgetIds();
    m_partitions.clear();
}

DatabaseResult PostgresDatabase::readVersion(qint64 &version)
{
    version = 0;
    qint64 tables = 0;
    DatabaseResult result =
        readNumber(QStringLiteral("SELECT count(to_regclass('nettally.migration'))"), tables);
    if (result && tables > 0) {
        result =
            readNumber(QStringLiteral("SELECT coalesce(max(version), 0) FROM nettally.migration"), version);
    }
    if (result && version > latestSchema) {
        result = {DatabaseError::TooNew, QString()};
    }
    return result;
}

DatabaseResult PostgresDatabase::migrate()
{
    qint64 version = 0;
    DatabaseResult result = readVersion(version);
    if (!result || version == latestSchema) {
        return result;
    }
    result = begin();
    if (result) {
        result = execute(QStringLiteral("SELECT pg_advisory_xact_lock(%1, 0)").arg(schemaLock));
    }
    if (result) {
        result = readVersion(version); // another machine may have been faster
    }
    QStringList statements = {QStringLiteral("CREATE SCHEMA IF NOT EXISTS nettally")};
    statements += migrationStatements(QStringLiteral("postgresql-"), std::max(int(version), firstSchema - 1));
    for (const QString &statement : std::as_const(statements)) {
        if (result) {
            result = execute(statement);
        }
    }
    return end(result);
}

DatabaseResult PostgresDatabase::registerHost()
{
    QSqlQuery *query = nullptr;
    // A machine that was renamed stays itself.
    DatabaseResult result = run(QStringLiteral("INSERT INTO host (machine_id, name) VALUES (?, ?) "
                                               "ON CONFLICT (machine_id) DO UPDATE SET name = excluded.name "
                                               "RETURNING host_id, has_totals"),
                                {m_machineId, m_machineName}, query);
    if (!result || !query->next()) {
        return result ? HistoryDatabase::resultOf(*query) : result;
    }
    m_hostId = query->value(0).toLongLong();
    const bool hasTotals = query->value(1).toBool();
    query->finish();
    // Held as long as the connection.
    result = run(QStringLiteral("SELECT pg_try_advisory_lock(?, ?)"), {recorderLock, m_hostId}, query);
    if (result && query->next() && !query->value(0).toBool()) {
        result = {DatabaseError::Taken, HistoryStore::tr("of the machine %1").arg(m_machineName)};
    }
    if (!result) {
        return result;
    }
    query->finish();
    result = hasTotals ? result : makeTotals();
    return !result ? result
                   : run(QStringLiteral("INSERT INTO progress VALUES (%1NULL, %2, %2, %2, %2, %2, %2, %2) "
                                        "ON CONFLICT DO NOTHING")
                             .arg(hostValue())
                             .arg(ZoneChange::always),
                         {}, query);
}

/// Of what an earlier version recorded; nobody else writes for this machine now.
DatabaseResult PostgresDatabase::makeTotals()
{
    DatabaseResult result = begin();
    if (result) {
        result = HistoryMaintenance(*this).makeTotals();
    }
    if (result) {
        result = execute(QStringLiteral("UPDATE host SET has_totals = true WHERE true") + ownCondition());
    }
    return end(result);
}

DatabaseResult PostgresDatabase::openRecorder(bool)
{
    DatabaseResult result = connectToServer();
    if (result) {
        result = migrate();
    }
    return result ? registerHost() : result;
}

DatabaseResult PostgresDatabase::openReader(qint64 &version)
{
    const DatabaseResult result = connectToServer();
    return result ? readVersion(version) : result;
}

DatabaseResult PostgresDatabase::makePartitions(Level level, const Facts &facts)
{
    if (level == Level::Month) {
        return {};
    }
    QSet<QDate> months;
    for (const auto &fact : facts) {
        const QDate date = QDateTime::fromSecsSinceEpoch(fact.first.startUtcS, QTimeZone::utc()).date();
        months.insert(QDate(date.year(), date.month(), 1));
    }
    bool isLocked = false;
    for (const QDate &month : std::as_const(months)) {
        const QString table = tableOf(level);
        const QString name = QStringLiteral("%1_%2").arg(table, month.toString(QStringLiteral("yyyyMM")));
        if (m_partitions.contains(name)) {
            continue;
        }
        const auto startOf = [](const QDate &date) {
            return date.startOfDay(QTimeZone::utc()).toSecsSinceEpoch();
        };
        DatabaseResult result = isLocked
            ? DatabaseResult()
            : execute(QStringLiteral("SELECT pg_advisory_xact_lock(%1, 0)").arg(schemaLock));
        isLocked = true;
        if (result) {
            result = execute(QStringLiteral("CREATE TABLE IF NOT EXISTS %1 PARTITION OF %2 "
                                            "FOR VALUES FROM (%3) TO (%4)")
                                 .arg(name, table)
                                 .arg(startOf(month))
                                 .arg(startOf(month.addMonths(1))));
        }
        if (!result) {
            m_partitions.clear();
            return result;
        }
        m_partitions.insert(name);
    }
    return {};
}

DatabaseResult PostgresDatabase::addUsage(const LevelFacts &added)
{
    LevelFacts facts = rolledUp(added, m_calendar);
    std::erase_if(facts[size_t(Level::Month)], [this](const Facts::value_type &fact) {
        return fact.first.startUtcS >= m_progress.monthCeilingUtcS;
    });
    DatabaseResult result;
    for (const Level level : allLevels) {
        if (result) {
            result = makePartitions(level, facts[size_t(level)]);
        }
        if (result && !facts[size_t(level)].empty()) {
            result = upsert(tableOf(level), facts[size_t(level)], true);
        }
    }
    return result;
}

DatabaseResult PostgresDatabase::addTotals(Level level, const Facts &facts)
{
    return upsert(totalsOf(level), facts, false);
}

DatabaseResult PostgresDatabase::upsert(const QString &table, const Facts &facts, bool hasRemotes)
{
    using Fact = Facts::value_type;
    const auto network = [](quint64 NetworkUsage::*figure) {
        return [figure](const Fact &fact) {
            const std::optional<NetworkUsage> &usage = fact.second.network;
            return usage ? std::optional(qint64((*usage).*figure)) : std::nullopt;
        };
    };
    const auto known = [](auto figure) {
        return [figure](const Fact &fact) { return std::optional(qint64(figure(fact))); };
    };
    QStringList keys = {QStringLiteral("program_id"), QStringLiteral("start_utc_s")};
    QVariantList arrays = {arrayOf(facts, known([](const Fact &fact) { return fact.first.programId; })),
                           arrayOf(facts, known([](const Fact &fact) { return fact.first.startUtcS; }))};
    if (hasRemotes) {
        keys += QStringLiteral("remote_id");
        arrays += arrayOf(facts, known([](const Fact &fact) { return fact.first.remoteId; }));
    }
    keys += QStringLiteral("channel_id");
    arrays += QVariantList{arrayOf(facts, known([](const Fact &fact) { return fact.first.channelId; })),
                           arrayOf(facts, known([](const Fact &fact) { return fact.second.rxPayloadBytes; })),
                           arrayOf(facts, known([](const Fact &fact) { return fact.second.txPayloadBytes; })),
                           arrayOf(facts, network(&NetworkUsage::rxBytes)),
                           arrayOf(facts, network(&NetworkUsage::txBytes)),
                           arrayOf(facts, network(&NetworkUsage::rxPackets)),
                           arrayOf(facts, network(&NetworkUsage::txPackets)),
                           arrayOf(facts, network(&NetworkUsage::retransmittedSegments))};
    QStringList updates;
    for (const QString &column : figureColumns()) {
        // least() takes what is not NULL, which would make a known figure of one that is not.
        const QString sum = QStringLiteral("%1.%2 + excluded.%2").arg(table, column);
        updates.append(QStringLiteral("%1 = CASE WHEN %2 > %3 THEN %3 ELSE %2 END")
                           .arg(column, sum, QString::number(maxRowBytes)));
    }
    const QString separator = QStringLiteral(", ");
    const QStringList places(arrays.size(), QStringLiteral("?::bigint[]"));
    QSqlQuery *query = nullptr;
    return run(QStringLiteral("INSERT INTO %1 (host_id, %2, %3) SELECT %4f.* FROM unnest(%5) AS f "
                              "ON CONFLICT (host_id, %2) DO UPDATE SET %6")
                   .arg(table, keys.join(separator), figureColumns().join(separator), hostValue(),
                        places.join(separator), updates.join(separator)),
               arrays, query);
}

DatabaseResult PostgresDatabase::insertRemotes(const QList<Address> &remotes, QHash<Address, qint64> &ids)
{
    // In their order, so that machines that meet the same ones do not wait for each other in a ring.
    QString addresses(u'{');
    QHash<QByteArray, Address> byBytes;
    for (const Address &remote : remotes) {
        const QByteArray bytes = storedAddress(remote);
        byBytes.insert(bytes, remote);
        addresses += u'"' + QString::fromLatin1(bytes.toHex()) + QStringLiteral("\",");
    }
    addresses.back() = u'}';
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        run(QStringLiteral("INSERT INTO remote (address) SELECT decode(a, 'hex') FROM unnest(?::text[]) AS a "
                           "ON CONFLICT DO NOTHING"),
            {addresses}, query);
    if (result) {
        result = run(QStringLiteral("SELECT r.remote_id, r.address FROM unnest(?::text[]) AS a "
                                    "JOIN remote r ON r.address = decode(a, 'hex')"),
                     {addresses}, query);
    }
    while (result && query->next()) {
        const auto remote = byBytes.constFind(query->value(1).toByteArray());
        if (remote != byBytes.cend()) {
            ids.insert(*remote, query->value(0).toLongLong());
        }
    }
    if (result) {
        query->finish();
    }
    return result;
}

DatabaseResult PostgresDatabase::readHostNames(QList<HistoryHost> &hosts)
{
    QSqlQuery *query = nullptr;
    const DatabaseResult result =
        run(QStringLiteral("SELECT host_id, name, has_totals FROM host ORDER BY machine_id <> ?, name"),
            {m_machineId}, query);
    while (result && query->next()) {
        HistoryHost host;
        host.id = query->value(0).toLongLong();
        host.name = query->value(1).toString();
        host.hasTotals = query->value(2).toBool();
        hosts.append(host);
    }
    return result ? HistoryDatabase::resultOf(*query) : result;
}

/// Partitions that every machine is done with go as a whole.
DatabaseResult PostgresDatabase::maintainStorage(qint64)
{
    for (const auto &[level, floor] : {std::pair(Level::Minute, QStringLiteral("minute_floor_utc_s")),
                                       std::pair(Level::Hour, QStringLiteral("hour_floor_utc_s"))}) {
        qint64 floorUtcS = 0;
        DatabaseResult result =
            readNumber(QStringLiteral("SELECT min(%1) FROM progress").arg(floor), floorUtcS);
        QSqlQuery *query = nullptr;
        if (result) {
            result = run(
                QStringLiteral("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                               "WHERE i.inhparent = ?::regclass"),
                {QStringLiteral("nettally.") + tableOf(level)}, query);
        }
        QStringList names;
        while (result && query->next()) {
            names.append(query->value(0).toString());
        }
        for (const QString &name : std::as_const(names)) {
            const QDate month =
                QDate::fromString(name.right(6) + QStringLiteral("01"), QStringLiteral("yyyyMMdd"));
            if (!result || !month.isValid()
                || month.addMonths(1).startOfDay(QTimeZone::utc()).toSecsSinceEpoch() > floorUtcS) {
                continue;
            }
            result = execute(beginStatement());
            if (result) {
                result = execute(QStringLiteral("SELECT pg_advisory_xact_lock(%1, 0)").arg(schemaLock));
            }
            if (result) {
                result = execute(QStringLiteral("DROP TABLE IF EXISTS %1").arg(name));
            }
            result = finish(result);
            m_partitions.remove(name);
        }
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult PostgresDatabase::vacuum()
{
    for (const QString &table :
         {tableOf(Level::Minute), tableOf(Level::Hour), tableOf(Level::Day), tableOf(Level::Month),
          totalsOf(Level::Minute), totalsOf(Level::Hour), totalsOf(Level::Day), totalsOf(Level::Month),
          QStringLiteral("interface_minute"), QStringLiteral("program"), QStringLiteral("remote"),
          QStringLiteral("channel")}) {
        DatabaseResult result = execute(QStringLiteral("VACUUM (ANALYZE) ") + table);
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult PostgresDatabase::checkIntegrity(QString &problem)
{
    problem.clear(); // the server's own task
    return {};
}

} // namespace Nettally
