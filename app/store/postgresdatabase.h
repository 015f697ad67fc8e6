// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"

#include <QSet>
#include <QUrl>

namespace Nettally {

/**
 * The histories of many machines on a PostgreSQL server (13 or later), in its schema "nettally".
 *
 * A connection that is lost shows as Unreachable; what was in its transaction is gone with it, and the next
 * try begins with a new connection.
 */
class PostgresDatabase : public HistoryDatabase {
public:
    explicit PostgresDatabase(const QString &url);
    ~PostgresDatabase() override;

    QString displayName() const override;
    bool isFile() const override { return false; }
    DatabaseResult vacuum() override;
    QString hostCondition(qint64 hostId) const override;
    QString orderedJoin() const override;
    DatabaseResult checkIntegrity(QString &problem) override;

protected:
    DatabaseResult openRecorder(bool check) override;
    DatabaseResult openReader(qint64 &version) override;
    DatabaseResult resultOf(const QSqlError &error) const override;
    DatabaseResult addUsage(const LevelFacts &added) override;
    DatabaseResult addTotals(Level level, const Facts &facts) override;
    DatabaseResult insertRemotes(const QList<Address> &remotes, QHash<Address, qint64> &ids) override;
    QString hostColumn() const override;
    QString hostValue() const override;
    QString ownCondition() const override;
    bool areDictionariesShared() const override { return true; }
    QString beginStatement() const override;
    QString beginReadingStatement() const override;
    DatabaseResult maintainStorage(qint64 referenceUtcS) override;
    DatabaseResult readHostNames(QList<HistoryHost> &hosts) override;
    void forgetIds() override;

private:
    DatabaseResult connectToServer();
    DatabaseResult readVersion(qint64 &version);
    DatabaseResult migrate();
    DatabaseResult registerHost();
    DatabaseResult makeTotals();
    DatabaseResult upsert(const QString &table, const Facts &facts, bool hasRemotes);
    /// Of the months the rows begin in; inside the transaction that writes them.
    DatabaseResult makePartitions(Level level, const Facts &facts);

    const QUrl m_url;
    QString m_machineName;
    QByteArray m_machineId;
    QSet<QString> m_partitions; ///< that are known to exist
};

} // namespace Nettally
