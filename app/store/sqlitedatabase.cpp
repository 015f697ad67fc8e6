// SPDX-License-Identifier: MIT
#include "sqlitedatabase.h"

#include "historymaintenance.h"
#include "historystore.h"
#include "sqlitesalvage.h"

#include <QDir>
#include <QFileInfo>
#include <QSet>
#include <QSqlError>
#include <QSysInfo>
#include <QUrl>

#include <utility>

namespace Nettally {

namespace {

constexpr int busyTimeoutMs = 2000;
constexpr qint64 weekS = 604'800;
constexpr qsizetype moveChunkRows = 20000;

// Result codes of SQLite, https://sqlite.org/rescode.html; the low byte is the class.
constexpr int sqlitePermission = 3;
constexpr int sqliteBusy = 5;
constexpr int sqliteLocked = 6;
constexpr int sqliteReadOnly = 8;
constexpr int sqliteIoError = 10;
constexpr int sqliteCorrupt = 11;
constexpr int sqliteFull = 13;
constexpr int sqliteCannotOpen = 14;
constexpr int sqliteNotADatabase = 26;

} // namespace

SqliteDatabase::SqliteDatabase(const QString &path)
    : m_file(path)
{
}

SqliteDatabase::~SqliteDatabase()
{
    close();
}

QString SqliteDatabase::displayName() const
{
    return QDir::toNativeSeparators(m_file.path());
}

QString SqliteDatabase::hostCondition(qint64) const
{
    return {};
}

QString SqliteDatabase::orderedJoin() const
{
    return QStringLiteral("CROSS JOIN");
}

QString SqliteDatabase::beginStatement() const
{
    return QStringLiteral("BEGIN IMMEDIATE");
}

QString SqliteDatabase::beginReadingStatement() const
{
    return QStringLiteral("BEGIN");
}

DatabaseResult SqliteDatabase::resultOf(const QSqlError &error) const
{
    if (error.type() == QSqlError::NoError) {
        return {};
    }
    const QString detail = error.databaseText().isEmpty() ? error.driverText() : error.databaseText();
    switch (error.nativeErrorCode().toInt() & 0xff) {
    case sqlitePermission:
    case sqliteReadOnly:
        return {DatabaseError::ReadOnly, detail};
    case sqliteBusy:
    case sqliteLocked:
        return {DatabaseError::Locked, detail};
    case sqliteCorrupt:
    case sqliteNotADatabase:
        return {DatabaseError::Corrupt, detail};
    case sqliteFull:
        return {DatabaseError::DiskFull, detail};
    case sqliteIoError:
    case sqliteCannotOpen:
        // On a full disk the log or the shared memory file may fail in other ways than "full".
        return {m_file.isDiskFull() ? DatabaseError::DiskFull : DatabaseError::Other, detail};
    default:
        return {DatabaseError::Other, detail};
    }
}

DatabaseResult SqliteDatabase::open(const QString &name, const QString &options)
{
    QSqlDatabase database;
    DatabaseResult result =
        addConnection(QStringLiteral("QSQLITE"), QStringLiteral("libqt6sql6-sqlite"), database);
    if (!result) {
        return result;
    }
    database.setDatabaseName(name);
    database.setConnectOptions(QStringLiteral("QSQLITE_BUSY_TIMEOUT=%1").arg(busyTimeoutMs) + options);
    if (!database.open()) {
        return resultOf(database.lastError());
    }
    m_file.noteOpened();
    // 16 MiB of cache, which holds what a day's questions and records touch.
    return execute(QStringLiteral("PRAGMA cache_size = -16384"));
}

DatabaseResult SqliteDatabase::openRecorder(bool check)
{
    DatabaseResult result = m_file.create();
    if (result) {
        result = m_file.takeLock();
    }
    if (result) {
        result = open(m_file.path(), QString());
    }
    QString damage;
    if (result && check) {
        result = readVerdict(QStringLiteral("PRAGMA quick_check(1)"), damage);
    }
    if (result && !damage.isEmpty()) {
        result = {DatabaseError::Corrupt, damage};
    }
    return result ? migrate() : result;
}

DatabaseResult SqliteDatabase::openReader(qint64 &version)
{
    if (!QFileInfo::exists(m_file.path())) {
        return {DatabaseError::Missing, QString()};
    }
    const QString readOnly = QStringLiteral(";QSQLITE_OPEN_READONLY");
    const QString readVersion = QStringLiteral("PRAGMA user_version");
    DatabaseResult result = open(m_file.path(), readOnly);
    if (result) {
        result = readNumber(readVersion, version);
    }
    if (!result && m_file.isOnReadOnlyDisk()) {
        // On a read-only file system SQLite cannot make the shared memory a write-ahead log needs; nobody
        // else can write there either.
        const QString uri =
            QUrl::fromLocalFile(QFileInfo(m_file.path()).absoluteFilePath()).toString(QUrl::FullyEncoded)
            + QStringLiteral("?immutable=1");
        result = open(uri, readOnly + QStringLiteral(";QSQLITE_OPEN_URI"));
        if (result) {
            result = readNumber(readVersion, version);
        }
    }
    return result;
}

DatabaseResult SqliteDatabase::readVerdict(const QString &pragma, QString &damage)
{
    QSqlQuery query(connection());
    if (!query.exec(pragma) || !query.next()) {
        return HistoryDatabase::resultOf(query);
    }
    damage = query.value(0).toString();
    if (damage == QStringLiteral("ok")) {
        damage.clear();
    }
    return {};
}

DatabaseResult SqliteDatabase::checkIntegrity(QString &problem)
{
    return readVerdict(QStringLiteral("PRAGMA integrity_check(1)"), problem);
}

DatabaseResult SqliteDatabase::migrate()
{
    qint64 version = 0;
    qint64 objects = 0;
    DatabaseResult result = readNumber(QStringLiteral("PRAGMA user_version"), version);
    if (result) {
        result = readNumber(QStringLiteral("SELECT count(*) FROM sqlite_master"), objects);
    }
    if (result && version > latestSchema) {
        result = {DatabaseError::TooNew, QString()};
    } else if (result && version == 0 && objects > 0) {
        result = {DatabaseError::Foreign, QString()}; // our tables and the version appear in one transaction
    }
    const QStringList settings = {
        QStringLiteral("PRAGMA auto_vacuum = INCREMENTAL"), // only has effect before the first table
        QStringLiteral("PRAGMA journal_mode = WAL"),
        QStringLiteral("PRAGMA synchronous = NORMAL"),
        QStringLiteral("PRAGMA foreign_keys = ON"),
        QStringLiteral("PRAGMA temp_store = MEMORY"),
        // Pages that change with every batch go from the log into the file once in 16 MiB.
        QStringLiteral("PRAGMA wal_autocheckpoint = 4096"),
        QStringLiteral("PRAGMA journal_size_limit = 16777216"),
        // Where a batch is added up, see addUsage().
        QStringLiteral("CREATE TEMPORARY TABLE batch (program_id, start_utc_s, remote_id, channel_id, %1)")
            .arg(figureColumns().join(QStringLiteral(", "))),
        // And where addresses wait for their ids.
        QStringLiteral("CREATE TEMPORARY TABLE asked (number INTEGER PRIMARY KEY, address BLOB)"),
        QStringLiteral("CREATE TEMPORARY TABLE bucket (start_utc_s INTEGER PRIMARY KEY, bucket_utc_s)"),
    };
    for (const QString &setting : settings) {
        if (result) {
            result = execute(setting);
        }
    }
    if (result) {
        result = bringUpToDate(int(version));
    }
    if (result && version > 0 && version < latestSchema && !vacuum()) {
        qWarning("The history %s was brought up to date but not packed: free some space.",
                 qUtf8Printable(m_file.path()));
    }
    return result;
}

DatabaseResult SqliteDatabase::bringUpToDate(int version)
{
    if (version == latestSchema) {
        return {};
    }
    DatabaseResult result = begin();
    for (const QString &statement : migrationStatements(QString(), version)) {
        if (result) {
            result = execute(statement);
        }
    }
    if (result) {
        result = version < secondForm ? moveFirstForm() : HistoryMaintenance(*this).makeTotals();
    }
    if (result) {
        result = execute(QStringLiteral("PRAGMA user_version = %1").arg(latestSchema));
    }
    result = end(result);
    if (!result) {
        forgetIds();
    }
    return result;
}

/// From the tables of schema 1, which had minutes of payload by program, remote and protocol alone.
DatabaseResult SqliteDatabase::moveFirstForm()
{
    DatabaseResult result = prepareRecording();
    if (!result) {
        return result;
    }
    QSqlQuery query(connection());
    query.setForwardOnly(true);
    if (!query.exec(QStringLiteral(
            "SELECT minute_utc, name, executable, uid, kind, address, protocol, rx_payload_bytes, "
            "tx_payload_bytes FROM usage_minute_1 JOIN program_1 USING (program_id) "
            "JOIN remote_1 USING (remote_id) ORDER BY minute_utc"))) {
        return HistoryDatabase::resultOf(query);
    }
    QList<StoredFlow> flows;
    while (result && query.next()) {
        FlowMinute flow;
        flow.minuteUtcS = query.value(0).toLongLong() * 60;
        flow.flow.program = {query.value(1).toString(), query.value(2).toString(), query.value(3).toUInt(),
                             QString(), ProgramKind(query.value(4).toUInt())};
        flow.flow.remote = Address::fromBytes(query.value(5).toByteArray());
        flow.flow.protocol = quint8(query.value(6).toUInt());
        flow.sums = {query.value(7).toULongLong(), query.value(8).toULongLong(), std::nullopt};
        flows.append({flow, false});
        if (flows.size() >= moveChunkRows) {
            result = addFlows(Level::Minute, std::exchange(flows, {}));
        }
    }
    if (result) {
        result = HistoryDatabase::resultOf(query);
    }
    query.finish();
    if (result) {
        result = addFlows(Level::Minute, flows);
    }
    if (result) {
        result = saveProgress();
    }
    for (const QString &table :
         {QStringLiteral("usage_minute_1"), QStringLiteral("program_1"), QStringLiteral("remote_1")}) {
        if (result) {
            result = execute(QStringLiteral("DROP TABLE ") + table);
        }
    }
    return result;
}

QString SqliteDatabase::onConflictAdd()
{
    QStringList updates;
    for (const QString &column : figureColumns()) {
        updates.append(
            QStringLiteral("%1 = min(%1 + excluded.%1, %2)").arg(column, QString::number(maxRowBytes)));
    }
    return QStringLiteral(" ON CONFLICT DO UPDATE SET ") + updates.join(QStringLiteral(", "));
}

/// Handing a row in costs more than storing it: each goes into a table in memory once, and from there into
/// those of every level.
DatabaseResult SqliteDatabase::addUsage(const LevelFacts &added)
{
    const QString figures = figureColumns().join(QStringLiteral(", "));
    DatabaseResult result;
    for (const Level finest : allLevels) {
        const Facts facts = addedUp(added[size_t(finest)]);
        if (facts.empty()) {
            continue;
        }
        if (result) {
            result = execute(QStringLiteral("DELETE FROM batch"));
        }
        if (result) {
            result = insertRows(
                QStringLiteral("batch (program_id, start_utc_s, remote_id, channel_id, %1)").arg(figures),
                QString(), facts, true);
        }
        for (size_t level = size_t(finest); level < allLevels.size(); ++level) {
            bool isAny = false;
            if (result) {
                result = fillBuckets(facts, allLevels[level], isAny);
            }
            QSqlQuery *query = nullptr;
            if (result && isAny) {
                result = run(QStringLiteral("INSERT INTO %1 (program_id, start_utc_s, remote_id, channel_id, "
                                            "%2) SELECT program_id, bucket_utc_s, remote_id, channel_id, %2 "
                                            "FROM batch CROSS JOIN bucket USING (start_utc_s) WHERE true%3")
                                 .arg(tableOf(allLevels[level]), figures, onConflictAdd()),
                             {}, query);
            }
        }
    }
    return result;
}

/// The bucket of the level that each row's own one lies in; none, where that is not written yet.
DatabaseResult SqliteDatabase::fillBuckets(const Facts &facts, Level level, bool &isAny)
{
    DatabaseResult result = execute(QStringLiteral("DELETE FROM bucket"));
    QSet<qint64> starts;
    for (const auto &fact : facts) {
        const qint64 startUtcS = fact.first.startUtcS;
        if (!result || starts.contains(startUtcS)) {
            continue;
        }
        starts.insert(startUtcS);
        const qint64 bucketUtcS = m_calendar.start(level, startUtcS);
        if (level != Level::Month || bucketUtcS < m_progress.monthCeilingUtcS) {
            isAny = true;
            QSqlQuery *query = nullptr;
            result = run(QStringLiteral("INSERT INTO bucket (start_utc_s, bucket_utc_s) VALUES (?, ?)"),
                         {startUtcS, bucketUtcS}, query);
        }
    }
    return result;
}

DatabaseResult SqliteDatabase::addTotals(Level level, const Facts &facts)
{
    return insertRows(QStringLiteral("%1 (program_id, start_utc_s, channel_id, %2)")
                          .arg(totalsOf(level), figureColumns().join(QStringLiteral(", "))),
                      onConflictAdd(), facts, false);
}

DatabaseResult SqliteDatabase::insertRows(const QString &table, const QString &onConflict, const Facts &facts,
                                          bool hasRemotes)
{
    // A third faster than a row a statement; more rows gain nothing.
    constexpr size_t rowsAtOnce = 16;
    const QString row = QStringLiteral("(?, ?, ?, ?, ?, ?, ?, ?, ?, ?%1)")
                            .arg(hasRemotes ? QStringLiteral(", ?") : QString());
    // Qt would bind unsigned numbers as text.
    const auto figure = [](const std::optional<NetworkUsage> &network, quint64 NetworkUsage::*member) {
        return network ? QVariant(qint64((*network).*member)) : QVariant();
    };
    for (size_t first = 0; first < facts.size();) {
        const size_t count = facts.size() - first >= rowsAtOnce ? rowsAtOnce : 1;
        const QStringList rows(qsizetype(count), row);
        QSqlQuery *query = nullptr;
        DatabaseResult result = prepare(QStringLiteral("INSERT INTO %1 VALUES %2%3")
                                            .arg(table, rows.join(QStringLiteral(", ")), onConflict),
                                        query);
        if (!result) {
            return result;
        }
        // As many as there are of this size.
        for (; facts.size() - first >= count; first += count) {
            int place = 0;
            for (size_t i = first; i < first + count; ++i) {
                const auto &[key, sums] = facts[i];
                query->bindValue(place++, key.programId);
                query->bindValue(place++, key.startUtcS);
                if (hasRemotes) {
                    query->bindValue(place++, key.remoteId);
                }
                query->bindValue(place++, key.channelId);
                query->bindValue(place++, qint64(sums.rxPayloadBytes));
                query->bindValue(place++, qint64(sums.txPayloadBytes));
                query->bindValue(place++, figure(sums.network, &NetworkUsage::rxBytes));
                query->bindValue(place++, figure(sums.network, &NetworkUsage::txBytes));
                query->bindValue(place++, figure(sums.network, &NetworkUsage::rxPackets));
                query->bindValue(place++, figure(sums.network, &NetworkUsage::txPackets));
                query->bindValue(place++, figure(sums.network, &NetworkUsage::retransmittedSegments));
            }
            if (!query->exec()) {
                return HistoryDatabase::resultOf(*query);
            }
        }
    }
    return {};
}

DatabaseResult SqliteDatabase::insertRemotes(const QList<Address> &remotes, QHash<Address, qint64> &ids)
{
    constexpr qsizetype rowsAtOnce = 50;
    DatabaseResult result = execute(QStringLiteral("DELETE FROM asked"));
    QSqlQuery *query = nullptr;
    for (qsizetype first = 0; result && first < remotes.size(); first += rowsAtOnce) {
        QVariantList addresses;
        for (const Address &remote : remotes.mid(first, rowsAtOnce)) {
            addresses.append(storedAddress(remote));
        }
        const QStringList rows(addresses.size(), QStringLiteral("(?)"));
        result = run(QStringLiteral("INSERT INTO asked (address) VALUES ") + rows.join(QStringLiteral(", ")),
                     addresses, query);
    }
    if (result) {
        result =
            execute(QStringLiteral("INSERT INTO remote (address) SELECT address FROM asked WHERE address "
                                   "NOT IN (SELECT address FROM remote) ORDER BY number"));
    }
    if (result) {
        result = run(QStringLiteral("SELECT r.remote_id FROM asked a CROSS JOIN remote r "
                                    "ON r.address = a.address ORDER BY a.number"),
                     {}, query);
    }
    for (auto remote = remotes.cbegin(); result && remote != remotes.cend() && query->next(); ++remote) {
        ids.insert(*remote, query->value(0).toLongLong());
    }
    if (result) {
        result = HistoryDatabase::resultOf(*query);
        query->finish();
    }
    return result;
}

DatabaseResult SqliteDatabase::readHostNames(QList<HistoryHost> &hosts)
{
    HistoryHost host;
    host.name = QSysInfo::machineHostName();
    hosts = {host};
    return {};
}

DatabaseResult SqliteDatabase::maintainStorage(qint64 referenceUtcS)
{
    if (referenceUtcS - m_progress.sweptUtcS < weekS) {
        return {};
    }
    DatabaseResult result = begin();
    if (result) {
        QStringList uses;
        for (const Level level : allLevels) {
            uses.append(QStringLiteral("SELECT remote_id FROM ") + tableOf(level));
        }
        result = execute(QStringLiteral("DELETE FROM remote WHERE remote_id <> %1 AND remote_id NOT IN (%2)")
                             .arg(otherRemoteId)
                             .arg(uses.join(QStringLiteral(" UNION "))));
    }
    if (result) {
        m_progress.sweptUtcS = referenceUtcS;
    }
    result = finish(result);
    m_dictionaries.forgetRemotes();
    return result ? execute(QStringLiteral("PRAGMA incremental_vacuum")) : result;
}

DatabaseResult SqliteDatabase::vacuum()
{
    for (const QString &statement :
         {QStringLiteral("PRAGMA auto_vacuum = INCREMENTAL"), QStringLiteral("VACUUM"),
          QStringLiteral("PRAGMA wal_checkpoint(TRUNCATE)")}) {
        DatabaseResult result = execute(statement);
        if (!result) {
            return result;
        }
    }
    return {};
}

DatabaseResult SqliteDatabase::replaceDamaged(QString &target, qint64 &salvagedRows)
{
    salvagedRows = 0;
    close();
    target = m_file.setAside();
    if (target.isEmpty()) {
        return {};
    }
    const DatabaseResult result = openForRecording(false);
    return result ? SqliteSalvage(target, *this).run(salvagedRows) : result;
}

} // namespace Nettally
