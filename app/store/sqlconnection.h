// SPDX-License-Identifier: MIT
#pragma once

#include <QHash>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QString>
#include <QVariant>

#include <memory>

namespace Nettally {

enum class DatabaseError {
    None,
    Missing, ///< no history there; only when reading
    ReadOnly,
    DiskFull,
    Locked,
    Corrupt,
    TooNew,
    TooOld, ///< of an earlier schema; only when reading
    Foreign, ///< a database of another program
    Taken, ///< another process records into it
    Unreachable, ///< the server, or the way to it
    BadUrl,
    Other,
};

struct DatabaseResult {
    DatabaseError error = DatabaseError::None;
    QString detail; ///< what the database said, for people
    explicit operator bool() const { return error == DatabaseError::None; }
};

/// One connection to one database, to be used from one thread. What fails in SQL comes as a DatabaseResult.
class SqlConnection {
public:
    virtual ~SqlConnection();
    Q_DISABLE_COPY_MOVE(SqlConnection)

    virtual void close();
    bool isOpen() const { return m_isOpen; }

    DatabaseResult begin();
    /// What is read in between is of one moment.
    DatabaseResult beginReading();
    void endReading();
    /// Runs a prepared statement, remembered by its text. The query stays owned by the connection.
    DatabaseResult run(const QString &sql, const QVariantList &values, QSqlQuery *&query);
    DatabaseResult resultOf(const QSqlQuery &query) const;

protected:
    SqlConnection();

    virtual DatabaseResult resultOf(const QSqlError &error) const = 0;
    virtual QString beginStatement() const = 0;
    virtual QString beginReadingStatement() const = 0;

    /// A new connection instead of the present one, to be opened by the caller. @p package: Debian's.
    DatabaseResult addConnection(const QString &driver, const QString &package, QSqlDatabase &database);
    QSqlDatabase connection() const { return QSqlDatabase::database(m_connectionName, false); }
    DatabaseResult execute(const QString &statement);
    DatabaseResult prepare(const QString &sql, QSqlQuery *&query);
    DatabaseResult readNumber(const QString &statement, qint64 &number);
    /// Commits, or rolls back if @p result is a failure; returns it, or how the commit went.
    DatabaseResult end(const DatabaseResult &result);

    const QString m_connectionName;
    bool m_isOpen = false;

private:
    QHash<QString, std::shared_ptr<QSqlQuery>> m_statements;
};

} // namespace Nettally
