// SPDX-License-Identifier: MIT
#pragma once

#include "sqlitedatabase.h"

namespace Nettally {

/// Takes what can be read of a damaged file into a new database.
class SqliteSalvage {
public:
    /// @p target: open for recording, and empty.
    SqliteSalvage(const QString &path, SqliteDatabase &target);
    ~SqliteSalvage();
    Q_DISABLE_COPY_MOVE(SqliteSalvage)

    /// In one transaction. Nothing is taken of another schema than the target's or the one before.
    DatabaseResult run(qint64 &rows);

private:
    bool isReadable() const;
    DatabaseResult takeTables(qint64 &rows);
    DatabaseResult takeTable(const QString &table, const QString &columns, const QString &key, qint64 &rows);
    DatabaseResult dropUnnamed();
    DatabaseResult addUp();

    SqliteDatabase &m_target;
    const QString m_connectionName;
};

} // namespace Nettally
