// SPDX-License-Identifier: MIT
#pragma once

#include "historystore.h"
#include "pendingusage.h"

#include <QHash>
#include <QSqlDatabase>
#include <QSqlQuery>

#include <optional>

#include <sys/types.h>

namespace Nettally {

enum class DatabaseError {
    None,
    Missing, ///< no file, or one without our tables; only when reading
    ReadOnly,
    DiskFull,
    Locked,
    Corrupt,
    TooNew,
    Foreign, ///< a database of another program
    Other,
};

struct DatabaseResult {
    DatabaseError error = DatabaseError::None;
    QString detail; ///< what the database said, for people
    explicit operator bool() const { return error == DatabaseError::None; }
};

/// The SQL of the history: one connection to one SQLite file. To be used from one thread.
class HistoryDatabase {
public:
    /// Beyond what any interface moves in a minute; keeps sums of many facts within SQLite's signed 64 bits.
    static constexpr quint64 maxFactBytes = quint64(1) << 53;

    HistoryDatabase();
    ~HistoryDatabase();
    Q_DISABLE_COPY_MOVE(HistoryDatabase)

    /// Makes the folder and an empty file where there is none, for their owner alone.
    static DatabaseResult createFile(const QString &path);
    static bool isDiskFull(const QString &path);

    /// Takes a file that exists, checks it if @p check, brings the schema up to date.
    DatabaseResult openForRecording(const QString &path, bool check);
    DatabaseResult openForReading(const QString &path);
    void close();
    bool isOpen() const { return m_isOpen; }
    /// Whether the path still names the file that was opened.
    bool isInPlace() const;

    /// Adds @p usage to what is stored: all of it, in one transaction, or nothing.
    DatabaseResult write(const PendingUsage &usage);

    DatabaseResult programUsage(qint64 fromMinuteUtc, qint64 toMinuteUtc, QList<ProgramUsage> &programs);

    /// Renames the file and its write-ahead log to "<path>.broken-<UTC time>"; the new path, empty on
    /// failure.
    static QString setAside(const QString &path);

private:
    DatabaseResult open(const QString &path, const QString &options);
    DatabaseResult execute(const QString &statement);
    DatabaseResult readNumber(const QString &statement, qint64 &number);
    DatabaseResult checkIntegrity();
    DatabaseResult migrate();
    DatabaseResult applyMigration(int version);
    DatabaseResult prepareStatements();
    DatabaseResult writeFacts(const PendingUsage &usage);
    DatabaseResult programId(const ProgramIdentity &program, qint64 &id);
    DatabaseResult remoteId(const Address &remote, qint64 &id);

    QString m_path;
    const QString m_connectionName;
    bool m_isOpen = false;
    dev_t m_device = 0; ///< of the file that was opened
    ino_t m_inode = 0;
    std::optional<QSqlQuery> m_insertProgram;
    std::optional<QSqlQuery> m_insertRemote;
    std::optional<QSqlQuery> m_addUsage;
    QHash<ProgramIdentity, qint64> m_programIds; ///< of rows committed or in the open transaction
    QHash<Address, qint64> m_remoteIds;
};

} // namespace Nettally
