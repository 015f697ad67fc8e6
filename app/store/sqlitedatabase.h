// SPDX-License-Identifier: MIT
#pragma once

#include "databasefile.h"
#include "historydatabase.h"

namespace Nettally {

/// The history of this machine in an SQLite file, readable by its owner alone.
class SqliteDatabase : public HistoryDatabase {
public:
    explicit SqliteDatabase(const QString &path);
    ~SqliteDatabase() override;

    QString displayName() const override;
    bool isFile() const override { return true; }
    bool isInPlace() const override { return m_file.isInPlace(); }
    DatabaseResult vacuum() override;
    /// The file becomes "<path>.broken-<UTC time>", its write-ahead log goes with it.
    DatabaseResult replaceDamaged(QString &target, qint64 &salvagedRows) override;
    QString hostCondition(qint64 hostId) const override;
    QString orderedJoin() const override;
    DatabaseResult checkIntegrity(QString &problem) override;

    /// From which schema on tables of usage are as they are.
    static constexpr int secondForm = 2;

protected:
    DatabaseResult openRecorder(bool check) override;
    DatabaseResult openReader(qint64 &version) override;
    DatabaseResult resultOf(const QSqlError &error) const override;
    DatabaseResult addUsage(const LevelFacts &added) override;
    DatabaseResult addTotals(Level level, const Facts &facts) override;
    DatabaseResult insertRemotes(const QList<Address> &remotes, QHash<Address, qint64> &ids) override;
    QString hostColumn() const override { return {}; }
    QString hostValue() const override { return {}; }
    QString ownCondition() const override { return {}; }
    bool areDictionariesShared() const override { return false; }
    QString beginStatement() const override;
    QString beginReadingStatement() const override;
    DatabaseResult maintainStorage(qint64 referenceUtcS) override;
    DatabaseResult readHostNames(QList<HistoryHost> &hosts) override;

private:
    friend class SqliteSalvage;

    DatabaseResult open(const QString &name, const QString &options);
    DatabaseResult readVerdict(const QString &pragma, QString &damage);
    static QString onConflictAdd();
    DatabaseResult fillBuckets(const Facts &facts, Level level, bool &isAny);
    DatabaseResult insertRows(const QString &table, const QString &onConflict, const Facts &facts,
                              bool hasRemotes);
    DatabaseResult migrate();
    DatabaseResult bringUpToDate(int version);
    DatabaseResult moveFirstForm();

    DatabaseFile m_file;
};

} // namespace Nettally
