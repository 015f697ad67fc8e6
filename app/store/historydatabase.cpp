// SPDX-License-Identifier: MIT
#include "historydatabase.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSqlError>
#include <QStorageInfo>
#include <QUrl>
#include <QUuid>
#include <QVariant>

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally {

namespace {

constexpr int latestSchema = 1;
constexpr int busyTimeoutMs = 2000;
constexpr qsizetype maxCachedIds = 100000;

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

DatabaseResult resultOf(const QSqlError &error, const QString &path)
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
        return {HistoryDatabase::isDiskFull(path) ? DatabaseError::DiskFull : DatabaseError::Other, detail};
    default:
        return {DatabaseError::Other, detail};
    }
}

QStringList migrationStatements(int version)
{
    QFile file(QStringLiteral(":/nettally/schema/%1.sql").arg(version, 4, 10, QLatin1Char('0')));
    if (!file.open(QIODevice::ReadOnly)) {
        qFatal("The schema %d is missing from the program.", version);
    }
    return QString::fromUtf8(file.readAll()).split(QStringLiteral("\n--;\n"));
}

qlonglong clamped(quint64 bytes)
{
    if (bytes > HistoryDatabase::maxFactBytes) {
        qWarning("A program moved %llu bytes in a minute by the helper's account; stored as 2^53.", bytes);
    }
    return qlonglong(std::min(bytes, HistoryDatabase::maxFactBytes));
}

} // namespace

HistoryDatabase::HistoryDatabase()
    : m_connectionName(QStringLiteral("nettally-history-")
                       + QUuid::createUuid().toString(QUuid::WithoutBraces))
{
}

HistoryDatabase::~HistoryDatabase()
{
    close();
}

DatabaseResult HistoryDatabase::open(const QString &path, const QString &options)
{
    if (!QSqlDatabase::isDriverAvailable(QStringLiteral("QSQLITE"))) {
        return {DatabaseError::Other,
                HistoryStore::tr("Qt's SQLite driver is not installed (on Debian: libqt6sql6-sqlite)")};
    }
    close();
    m_path = path;
    QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), m_connectionName);
    m_isOpen = true;
    database.setDatabaseName(path);
    database.setConnectOptions(QStringLiteral("QSQLITE_BUSY_TIMEOUT=%1").arg(busyTimeoutMs) + options);
    if (!database.open()) {
        return resultOf(database.lastError(), path);
    }
    struct stat status = {};
    if (::stat(QFile::encodeName(path).constData(), &status) == 0) {
        m_device = status.st_dev;
        m_inode = status.st_ino;
    }
    return {};
}

void HistoryDatabase::close()
{
    if (!m_isOpen) {
        return;
    }
    m_insertProgram.reset();
    m_insertRemote.reset();
    m_addUsage.reset();
    m_programIds.clear();
    m_remoteIds.clear();
    QSqlDatabase::database(m_connectionName, false).close();
    QSqlDatabase::removeDatabase(m_connectionName);
    m_isOpen = false;
}

bool HistoryDatabase::isInPlace() const
{
    struct stat status = {};
    return ::stat(QFile::encodeName(m_path).constData(), &status) == 0 && status.st_dev == m_device
        && status.st_ino == m_inode;
}

bool HistoryDatabase::isDiskFull(const QString &path)
{
    const QStorageInfo storage(QFileInfo(path).absolutePath());
    // SQLite's shared memory file alone grows by 32 KiB.
    return storage.isValid() && storage.bytesAvailable() < 65536;
}

DatabaseResult HistoryDatabase::createFile(const QString &path)
{
    // An existing folder or file keeps its mode.
    const QString directory = QFileInfo(path).absolutePath();
    if (!QFileInfo::exists(directory)) {
        const QString parent = QFileInfo(directory).absolutePath();
        if (!QDir().mkpath(parent)
            || !QDir().mkdir(directory, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner)) {
            return {isDiskFull(parent) ? DatabaseError::DiskFull : DatabaseError::ReadOnly,
                    HistoryStore::tr("the folder %1 cannot be made").arg(directory)};
        }
    }
    const int file =
        ::open(QFile::encodeName(path).constData(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) {
        ::close(file);
    } else if (errno == ENOSPC || errno == EDQUOT) {
        return {DatabaseError::DiskFull, qt_error_string(errno)};
    } else if (errno != EEXIST) {
        return {DatabaseError::ReadOnly, qt_error_string(errno)};
    }
    return {};
}

DatabaseResult HistoryDatabase::openForRecording(const QString &path, bool check)
{
    DatabaseResult result = open(path, QString());
    if (result && check) {
        result = checkIntegrity();
    }
    if (result) {
        result = migrate();
    }
    if (result) {
        result = prepareStatements();
    }
    if (!result) {
        close();
    }
    return result;
}

DatabaseResult HistoryDatabase::openForReading(const QString &path)
{
    if (!QFileInfo::exists(path)) {
        return {DatabaseError::Missing, QString()};
    }
    const QString readOnly = QStringLiteral(";QSQLITE_OPEN_READONLY");
    qint64 version = 0;
    DatabaseResult result = open(path, readOnly);
    if (result) {
        result = readNumber(QStringLiteral("PRAGMA user_version"), version);
    }
    if (!result && QStorageInfo(QFileInfo(path).absolutePath()).isReadOnly()) {
        // On a read-only file system SQLite cannot make the shared memory a write-ahead log needs; nobody
        // else can write there either.
        const QString uri =
            QUrl::fromLocalFile(QFileInfo(path).absoluteFilePath()).toString(QUrl::FullyEncoded)
            + QStringLiteral("?immutable=1");
        result = open(uri, readOnly + QStringLiteral(";QSQLITE_OPEN_URI"));
        if (result) {
            result = readNumber(QStringLiteral("PRAGMA user_version"), version);
        }
    }
    if (result && version > latestSchema) {
        result = {DatabaseError::TooNew, QString()};
    } else if (result && version == 0) {
        result = {DatabaseError::Missing, QString()};
    }
    if (!result) {
        close();
    }
    return result;
}

DatabaseResult HistoryDatabase::execute(const QString &statement)
{
    QSqlQuery query(QSqlDatabase::database(m_connectionName, false));
    return query.exec(statement) ? DatabaseResult() : resultOf(query.lastError(), m_path);
}

DatabaseResult HistoryDatabase::readNumber(const QString &statement, qint64 &number)
{
    QSqlQuery query(QSqlDatabase::database(m_connectionName, false));
    if (!query.exec(statement) || !query.next()) {
        return resultOf(query.lastError(), m_path);
    }
    number = query.value(0).toLongLong();
    return {};
}

DatabaseResult HistoryDatabase::checkIntegrity()
{
    QSqlQuery query(QSqlDatabase::database(m_connectionName, false));
    if (!query.exec(QStringLiteral("PRAGMA quick_check(1)")) || !query.next()) {
        return resultOf(query.lastError(), m_path);
    }
    const QString verdict = query.value(0).toString();
    if (verdict != QStringLiteral("ok")) {
        return {DatabaseError::Corrupt, verdict};
    }
    return {};
}

DatabaseResult HistoryDatabase::migrate()
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
        QStringLiteral("PRAGMA journal_mode = WAL"),
        QStringLiteral("PRAGMA synchronous = NORMAL"),
        QStringLiteral("PRAGMA foreign_keys = ON"),
    };
    for (const QString &setting : settings) {
        if (result) {
            result = execute(setting);
        }
    }
    for (int next = int(version) + 1; result && next <= latestSchema; ++next) {
        result = applyMigration(next);
    }
    return result;
}

DatabaseResult HistoryDatabase::applyMigration(int version)
{
    QStringList statements = {QStringLiteral("BEGIN IMMEDIATE")};
    statements += migrationStatements(version);
    statements += QStringLiteral("INSERT INTO migration (version, applied_utc_s, program_version) "
                                 "VALUES (%1, %2, '" NETTALLY_VERSION "')")
                      .arg(version)
                      .arg(QDateTime::currentSecsSinceEpoch());
    statements += QStringLiteral("PRAGMA user_version = %1").arg(version);
    statements += QStringLiteral("COMMIT");
    for (const QString &statement : std::as_const(statements)) {
        DatabaseResult result = execute(statement);
        if (!result) {
            execute(QStringLiteral("ROLLBACK"));
            return result;
        }
    }
    return {};
}

DatabaseResult HistoryDatabase::prepareStatements()
{
    const auto prepare = [this](std::optional<QSqlQuery> &query, const QString &statement) {
        query.emplace(QSqlDatabase::database(m_connectionName, false));
        query->setForwardOnly(true);
        return query->prepare(statement) ? DatabaseResult() : resultOf(query->lastError(), m_path);
    };
    // The no-op update makes an existing row answer with its id too.
    DatabaseResult result =
        prepare(m_insertProgram,
                QStringLiteral("INSERT INTO program (name, executable, uid, kind) VALUES (?, ?, ?, ?) "
                               "ON CONFLICT DO UPDATE SET uid = uid RETURNING program_id"));
    if (result) {
        result = prepare(m_insertRemote,
                         QStringLiteral("INSERT INTO remote (address) VALUES (?) "
                                        "ON CONFLICT DO UPDATE SET address = address RETURNING remote_id"));
    }
    if (result) {
        result = prepare(
            m_addUsage,
            QStringLiteral("INSERT INTO usage_minute (program_id, minute_utc, remote_id, protocol, "
                           "rx_payload_bytes, tx_payload_bytes) VALUES (?, ?, ?, ?, ?, ?) "
                           "ON CONFLICT DO UPDATE SET "
                           "rx_payload_bytes = min(rx_payload_bytes + excluded.rx_payload_bytes, %1), "
                           "tx_payload_bytes = min(tx_payload_bytes + excluded.tx_payload_bytes, %1)")
                .arg(maxFactBytes));
    }
    return result;
}

DatabaseResult HistoryDatabase::write(const PendingUsage &usage)
{
    DatabaseResult result = execute(QStringLiteral("BEGIN IMMEDIATE"));
    if (result) {
        result = writeFacts(usage);
    }
    if (result) {
        result = execute(QStringLiteral("COMMIT"));
    }
    if (!result) {
        execute(QStringLiteral("ROLLBACK"));
        m_programIds.clear();
        m_remoteIds.clear();
    }
    return result;
}

DatabaseResult HistoryDatabase::writeFacts(const PendingUsage &usage)
{
    if (m_programIds.size() > maxCachedIds) {
        m_programIds.clear();
    }
    if (m_remoteIds.size() > maxCachedIds) {
        m_remoteIds.clear();
    }
    for (const auto &[minute, facts] : usage.minutes()) {
        for (auto fact = facts.cbegin(); fact != facts.cend(); ++fact) {
            qint64 program = 0;
            qint64 remote = 0;
            DatabaseResult result = programId(fact.key().program, program);
            if (result) {
                result = remoteId(fact.key().remote, remote);
            }
            if (!result) {
                return result;
            }
            m_addUsage->bindValue(0, program);
            m_addUsage->bindValue(1, qlonglong(minute));
            m_addUsage->bindValue(2, remote);
            m_addUsage->bindValue(3, int(fact.key().protocol));
            m_addUsage->bindValue(4, clamped(fact->rxPayloadBytes));
            m_addUsage->bindValue(5, clamped(fact->txPayloadBytes));
            if (!m_addUsage->exec()) {
                return resultOf(m_addUsage->lastError(), m_path);
            }
        }
    }
    return {};
}

DatabaseResult HistoryDatabase::programId(const ProgramIdentity &program, qint64 &id)
{
    const auto known = m_programIds.constFind(program);
    if (known != m_programIds.cend()) {
        id = *known;
        return {};
    }
    // A null QString would be stored as NULL.
    m_insertProgram->bindValue(0, program.name.isNull() ? QStringLiteral("") : program.name);
    m_insertProgram->bindValue(1, program.executable.isNull() ? QStringLiteral("") : program.executable);
    m_insertProgram->bindValue(2, qlonglong(program.uid));
    m_insertProgram->bindValue(3, int(program.kind));
    if (!m_insertProgram->exec() || !m_insertProgram->next()) {
        return resultOf(m_insertProgram->lastError(), m_path);
    }
    id = m_insertProgram->value(0).toLongLong();
    m_insertProgram->finish();
    m_programIds.insert(program, id);
    return {};
}

DatabaseResult HistoryDatabase::remoteId(const Address &remote, qint64 &id)
{
    const auto known = m_remoteIds.constFind(remote);
    if (known != m_remoteIds.cend()) {
        id = *known;
        return {};
    }
    QByteArray bytes = remote.toBytes();
    if (bytes.size() == 4) {
        bytes.prepend(QByteArray::fromHex("00000000000000000000ffff"));
    }
    m_insertRemote->bindValue(0, bytes.isNull() ? QByteArray("") : bytes);
    if (!m_insertRemote->exec() || !m_insertRemote->next()) {
        return resultOf(m_insertRemote->lastError(), m_path);
    }
    id = m_insertRemote->value(0).toLongLong();
    m_insertRemote->finish();
    m_remoteIds.insert(remote, id);
    return {};
}

DatabaseResult HistoryDatabase::programUsage(qint64 fromMinuteUtc, qint64 toMinuteUtc,
                                             QList<ProgramUsage> &programs)
{
    QSqlQuery query(QSqlDatabase::database(m_connectionName, false));
    query.setForwardOnly(true);
    query.prepare(
        QStringLiteral("SELECT name, executable, uid, kind, rx, tx FROM program JOIN ("
                       "SELECT program_id, sum(rx_payload_bytes) AS rx, sum(tx_payload_bytes) AS tx "
                       "FROM usage_minute WHERE minute_utc >= ? AND minute_utc < ? GROUP BY program_id"
                       ") USING (program_id) ORDER BY rx + tx DESC, name"));
    query.addBindValue(qlonglong(fromMinuteUtc));
    query.addBindValue(qlonglong(toMinuteUtc));
    if (!query.exec()) {
        return resultOf(query.lastError(), m_path);
    }
    while (query.next()) {
        programs.append({query.value(0).toString(), query.value(1).toString(), query.value(2).toUInt(),
                         ProgramKind(query.value(3).toUInt()), query.value(4).toULongLong(),
                         query.value(5).toULongLong()});
    }
    return resultOf(query.lastError(), m_path);
}

QString HistoryDatabase::setAside(const QString &path)
{
    const QString stem = path + QStringLiteral(".broken-")
        + QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd'T'HHmmss'Z'"));
    QString target = stem;
    for (int next = 2; QFileInfo::exists(target); ++next) {
        target = stem + QStringLiteral("-%1").arg(next);
    }
    // The log first: a new database must never find the old one's log beside it.
    for (const QString &suffix : {QStringLiteral("-wal"), QStringLiteral("-shm"), QString()}) {
        if (QFileInfo::exists(path + suffix) && !QFile::rename(path + suffix, target + suffix)) {
            return QString();
        }
    }
    return target;
}

} // namespace Nettally
