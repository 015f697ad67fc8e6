// SPDX-License-Identifier: MIT
#pragma once

#include "bucketcalendar.h"
#include "historyrecord.h"
#include "rollup.h"

#include <QHash>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QVariant>

#include <functional>
#include <memory>
#include <optional>

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

/// As the column remote.address has it.
QByteArray storedAddress(const Address &address);

/// A machine whose history a database holds.
struct HistoryHost {
    qint64 id = 0;
    QString name;
    BucketCalendar calendar; ///< of its days
    qint64 minuteFloorUtcS = ZoneChange::always; ///< older minutes are gone
    qint64 hourFloorUtcS = ZoneChange::always;
    qint64 salvagedUtcS = ZoneChange::always; ///< what is older may miss rows
    qint64 monthCeilingUtcS = ZoneChange::always; ///< usage of later months is told by days
    bool hasTotals = true; ///< in the tables of totals; not where an earlier version still records
};

/// A bucket of a flow as rows have it.
struct StoredFlow {
    FlowMinute minute; ///< any time of the bucket
    bool isManyRemotes = false; ///< instead of its remote
};

/**
 * The SQL of the history: one connection to one database, to be used from one thread. What differs from one
 * kind of database to the other is virtual.
 *
 * Whatever changes rows happens in a transaction that is rolled back where anything fails.
 */
class HistoryDatabase {
public:
    /// No single figure of a record counts for more: beyond what any interface moves in a minute.
    static constexpr quint64 maxFactBytes = quint64(1) << 53;
    /// No row grows beyond; keeps sums of rows within the database's signed 64 bits.
    static constexpr quint64 maxRowBytes = quint64(1) << 60;

    static constexpr qint64 minuteRetentionS = 7LL * 86400;
    static constexpr qint64 hourRetentionS = 90LL * 86400;

    /// For a file's path, or a URL such as "postgresql://user@server/database".
    static std::unique_ptr<HistoryDatabase> make(const QString &location);

    virtual ~HistoryDatabase();
    Q_DISABLE_COPY_MOVE(HistoryDatabase)

    /// How people know it; without a password.
    virtual QString displayName() const = 0;
    /// Whether it is a file on this machine, which can be full, moved and set aside.
    virtual bool isFile() const = 0;

    /// The zone of days to come; the system's unless told. Before opening.
    void setTimeZone(const QTimeZone &zone) { m_zone = zone; }

    /// Makes what is missing, becomes the one recorder, checks it if @p check, brings the schema up to date.
    virtual DatabaseResult openForRecording(bool check) = 0;
    virtual DatabaseResult openForReading() = 0;
    virtual void close();
    bool isOpen() const { return m_isOpen; }
    /// Whether the location still names what was opened.
    virtual bool isInPlace() const { return true; }

    /// Adds the batch's records and moves the cursor on; nothing where the cursor shows that it was applied.
    DatabaseResult apply(const HistoryBatch &batch);
    DatabaseResult readCursor(std::optional<HistoryCursor> &cursor);

    /// The parts of an import, between begin() and finish().
    DatabaseResult begin();
    DatabaseResult addFlows(Level finest, const QList<StoredFlow> &flows);
    DatabaseResult addRecords(const QList<HistoryRecord> &records);
    DatabaseResult isImported(const QByteArray &exportId, bool &isImported);
    DatabaseResult markImported(const QByteArray &exportId);
    /// Drops what the imported history no longer has either, so that roll-ups equal what is left of their
    /// parts.
    DatabaseResult raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS);
    /// Rolls back if @p result is a failure; returns it, or how the commit went.
    DatabaseResult finish(const DatabaseResult &result);

    /// Thins out and folds what has become old. Little to do but for once a day.
    DatabaseResult maintain(qint64 nowUtcS);
    /// Gives back the space of what was deleted.
    virtual DatabaseResult vacuum() = 0;

    /// Renames a damaged database, takes what can be read of it into a new one, and leaves that open for
    /// recording. Empty @p target: it cannot be renamed.
    virtual DatabaseResult replaceDamaged(QString &target, qint64 &salvagedRows);

    /// What is read in between is of one moment.
    DatabaseResult beginReading();
    void endReading();
    /// For questions: the machines, this one first if it has a history.
    DatabaseResult readHosts(QList<HistoryHost> &hosts);
    /// Runs a prepared statement, remembered by its text. The query stays owned by the database.
    DatabaseResult run(const QString &sql, const QVariantList &values, QSqlQuery *&query);
    DatabaseResult resultOf(const QSqlQuery &query) const;
    /// " AND u.host_id = <host>" where rows have hosts.
    virtual QString hostCondition(qint64 hostId) const = 0;
    /// Joins in the order written, where the database would choose worse.
    virtual QString orderedJoin() const = 0;
    /// What the database itself finds wrong with what it stores; empty when nothing.
    virtual DatabaseResult checkIntegrity(QString &problem) = 0;

    /// Of all there is to know of a bucket, and of each program's sums without remote and port.
    static const QStringList &figureColumns();
    /// Of rows u, as a list of columns: NULL where a figure is not known for all of them.
    static QString figureSums();
    static QString tableOf(Level level);
    static QString totalsOf(Level level);
    /// The remote that stands for the many small ones of a time long past.
    static constexpr qint64 otherRemoteId = 0;
    /// The name of a program's control group without what differs from launch to launch.
    static QString stableCgroupPath(const QString &path);

protected:
    struct Progress {
        std::optional<qint64> newestMinuteUtcS;
        qint64 minuteFloorUtcS = ZoneChange::always;
        qint64 hourFloorUtcS = ZoneChange::always;
        qint64 hourFoldUtcS = ZoneChange::always;
        qint64 dayFoldUtcS = ZoneChange::always;
        qint64 monthFoldUtcS = ZoneChange::always;
        qint64 salvagedUtcS = ZoneChange::always;
        qint64 sweptUtcS = ZoneChange::always;
        qint64 monthCeilingUtcS = ZoneChange::always;
        bool operator==(const Progress &) const = default;
    };

    HistoryDatabase();

    virtual DatabaseResult resultOf(const QSqlError &error) const = 0;
    /// Adds to the rows of every level, but of months only below the ceiling; @p added is what is known of
    /// each level and not of a finer one.
    virtual DatabaseResult addUsage(const LevelFacts &added) = 0;
    /// Adds to the rows of the level's table of totals. @p facts: each key once.
    virtual DatabaseResult addTotals(Level level, const Facts &facts) = 0;
    /// Puts the ids of all into m_remoteIds.
    virtual DatabaseResult resolveRemotes(const QList<Address> &remotes) = 0;
    /// "host_id, ", or nothing where the database is of one machine.
    virtual QString hostColumn() const = 0;
    /// "<host>, " likewise.
    virtual QString hostValue() const = 0;
    /// " AND host_id = <host>" of this machine, likewise.
    virtual QString ownCondition() const = 0;
    /// Dictionaries that others write too are written before the transaction, lest two wait for each other.
    virtual bool areDictionariesShared() const = 0;
    virtual QString beginStatement() const = 0;
    virtual QString beginReadingStatement() const = 0;
    /// What is specific to the database in the daily work.
    virtual DatabaseResult maintainStorage(qint64 referenceUtcS) = 0;
    virtual DatabaseResult readHostNames(QList<HistoryHost> &hosts) = 0;

    QSqlDatabase connection() const { return QSqlDatabase::database(m_connectionName, false); }
    DatabaseResult execute(const QString &statement);
    DatabaseResult prepare(const QString &sql, QSqlQuery *&query);
    DatabaseResult readNumber(const QString &statement, qint64 &number);
    /// The statements of resources/schema/<name>.sql.
    static QStringList schemaStatements(const QString &name);
    /// Reads what a recorder has to know, and notes the zone where it changed.
    DatabaseResult prepareRecording();
    DatabaseResult saveProgress();
    /// Makes the tables of totals from those they are the sums of.
    DatabaseResult rebuildTotals();
    /// Adds up the usage of months from the ceiling to @p untilUtcS, which becomes the ceiling; to be called
    /// in a transaction.
    DatabaseResult closeMonths(qint64 untilUtcS);
    /// Likewise, makes the last month that was added up one that is not.
    DatabaseResult openLastMonth();
    DatabaseResult readZones(qint64 hostId, QList<ZoneChange> &changes);
    /// What was remembered of rows that were rolled back or dropped.
    virtual void forgetIds();

    const QString m_connectionName;
    bool m_isOpen = false;
    qint64 m_hostId = 0;
    Progress m_progress;
    Progress m_savedProgress;
    BucketCalendar m_calendar;
    QHash<Address, qint64> m_remoteIds; ///< of rows committed or in the open transaction

private:
    struct ChannelKey {
        quint8 protocol = 0;
        quint16 servicePort = 0;
        quint8 direction = 0;
        qint64 interfaceId = 0;
        bool operator==(const ChannelKey &) const = default;
        friend size_t qHash(const ChannelKey &key, size_t seed = 0) noexcept
        {
            return qHashMulti(seed, key.protocol, key.servicePort, key.direction, key.interfaceId);
        }
    };

    struct ChannelIds {
        qint64 id = 0;
        qint64 totalId = 0; ///< the same without port
    };

    /// What one transaction adds.
    struct Additions {
        LevelFacts usage;
        LevelFacts totals;
    };

    DatabaseResult resolve(const QList<HistoryRecord> &records);
    DatabaseResult resolveFlows(const QList<const FlowIdentity *> &flows);
    DatabaseResult programId(const ProgramIdentity &program, qint64 &id);
    DatabaseResult interfaceId(const QString &name, qint64 &id);
    DatabaseResult channelIds(const FlowIdentity &flow, ChannelIds &ids);
    DatabaseResult channelId(const ChannelKey &key, qint64 &id);
    DatabaseResult insertId(const QString &table, const QString &columns, const QVariantList &values,
                            qint64 &id);
    DatabaseResult isApplied(const HistoryCursor &cursor, bool &isApplied);
    DatabaseResult moveCursor(const HistoryCursor &cursor);
    DatabaseResult add(const FlowMinute &flow, bool isManyRemotes, Level finest, Additions &additions);
    DatabaseResult write(const Additions &additions);
    DatabaseResult addSpan(const NotMeasured &span);
    DatabaseResult addInterfaceMinute(const InterfaceMinute &minute);
    DatabaseResult noteZone();
    DatabaseResult trim(Level level, qint64 floorUtcS, qint64 Progress::*floor);
    DatabaseResult trimRows(Level level, qint64 floorUtcS, qint64 Progress::*floor);
    DatabaseResult fold(Level level, int keptRemotes, qint64 endUtcS, qint64 Progress::*folded);
    DatabaseResult foldSlice(Level level, int keptRemotes, qint64 beginUtcS, qint64 endUtcS);
    DatabaseResult earliest(Level level, qint64 fromUtcS, std::optional<qint64> &startUtcS);

    std::optional<QTimeZone> m_zone;
    QHash<QString, std::shared_ptr<QSqlQuery>> m_statements;
    QHash<ProgramIdentity, qint64> m_programIds;
    QHash<QString, qint64> m_interfaceIds;
    QHash<ChannelKey, ChannelIds> m_channelIds;
};

} // namespace Nettally
