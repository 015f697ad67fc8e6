// SPDX-License-Identifier: MIT
#pragma once

#include "bucketcalendar.h"
#include "dictionaries.h"
#include "historyrecord.h"
#include "rollup.h"
#include "sqlconnection.h"

#include <memory>
#include <optional>

namespace Nettally {

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

    /// Older rows of the level are gone.
    qint64 floorUtcS(Level level) const
    {
        return level == Level::Minute ? minuteFloorUtcS
            : level == Level::Hour    ? hourFloorUtcS
                                      : ZoneChange::always;
    }
};

/// A bucket of a flow as rows have it.
struct StoredFlow {
    FlowMinute minute; ///< any time of the bucket
    bool isManyRemotes = false; ///< instead of its remote
};

/**
 * The SQL of the history, in one database. What differs from one kind of database to the other is virtual.
 *
 * Whatever changes rows happens in a transaction that is rolled back where anything fails.
 */
class HistoryDatabase : public SqlConnection {
public:
    /// No single figure of a record counts for more: beyond what any interface moves in a minute.
    static constexpr quint64 maxFactBytes = quint64(1) << 53;
    /// No row grows beyond; keeps sums of rows within the database's signed 64 bits.
    static constexpr quint64 maxRowBytes = quint64(1) << 60;

    static constexpr qint64 minuteRetentionS = 7LL * 86400;
    static constexpr qint64 hourRetentionS = 90LL * 86400;

    /// For a file's path, or a URL such as "postgresql://user@server/database".
    static std::unique_ptr<HistoryDatabase> make(const QString &location);

    /// How people know it; without a password.
    virtual QString displayName() const = 0;
    /// Whether it is a file on this machine, which can be full, moved and set aside.
    virtual bool isFile() const = 0;

    /// The zone of days to come; the system's unless told. Before opening.
    void setTimeZone(const QTimeZone &zone) { m_zone = zone; }

    /// Makes what is missing, becomes the one recorder, checks it if @p check, brings the schema up to date.
    DatabaseResult openForRecording(bool check);
    DatabaseResult openForReading();
    void close() override;
    /// Whether the location still names what was opened.
    virtual bool isInPlace() const { return true; }

    /// Adds the batch's records and moves the cursor on; nothing where the cursor shows that some or all of
    /// them were applied. @p stored: the batch's journal is stored as far as that.
    DatabaseResult apply(const HistoryBatch &batch, HistoryCursor *stored = nullptr);
    DatabaseResult readCursor(std::optional<HistoryCursor> &cursor);

    /// The parts of an import, between begin() and finish().
    DatabaseResult addFlows(Level finest, const QList<StoredFlow> &flows);
    DatabaseResult addRecords(const QList<HistoryRecord> &records);
    DatabaseResult isImported(const QByteArray &exportId, bool &isImported);
    DatabaseResult markImported(const QByteArray &exportId);
    /// Drops what the imported history no longer has either, so that roll-ups equal what is left of their
    /// parts.
    DatabaseResult raiseFloors(qint64 minuteFloorUtcS, qint64 hourFloorUtcS);
    /// Like end(), with what was noted of the progress.
    DatabaseResult finish(const DatabaseResult &result);

    /// Thins out and folds what has become old. Little to do but for once a day.
    DatabaseResult maintain(qint64 nowUtcS);
    /// Gives back the space of what was deleted.
    virtual DatabaseResult vacuum() = 0;

    /// Renames a damaged database, takes what can be read of it into a new one, and leaves that open for
    /// recording. Empty @p target: it cannot be renamed.
    virtual DatabaseResult replaceDamaged(QString &target, qint64 &salvagedRows);

    /// For questions: the machines, this one first if it has a history.
    DatabaseResult readHosts(QList<HistoryHost> &hosts);
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

    static constexpr int latestSchema = 3;

    /// openForRecording() but for what is common to all.
    virtual DatabaseResult openRecorder(bool check) = 0;
    /// Connects; @p version: of the schema, 0 without one.
    virtual DatabaseResult openReader(qint64 &version) = 0;
    /// Adds to the rows of every level, but of months only below the ceiling; @p added is what is known of
    /// each level and not of a finer one.
    virtual DatabaseResult addUsage(const LevelFacts &added) = 0;
    /// Adds to the rows of the level's table of totals. @p facts: each key once.
    virtual DatabaseResult addTotals(Level level, const Facts &facts) = 0;
    /// See Dictionaries::InsertRemotes.
    virtual DatabaseResult insertRemotes(const QList<Address> &remotes, QHash<Address, qint64> &ids) = 0;
    /// "host_id, ", or nothing where the database is of one machine.
    virtual QString hostColumn() const = 0;
    /// "<host>, " likewise.
    virtual QString hostValue() const = 0;
    /// " AND host_id = <host>" of this machine, likewise.
    virtual QString ownCondition() const = 0;
    /// Dictionaries that others write too are written before the transaction, lest two wait for each other.
    virtual bool areDictionariesShared() const = 0;
    /// What is specific to the database in the daily work.
    virtual DatabaseResult maintainStorage(qint64 referenceUtcS) = 0;
    virtual DatabaseResult readHostNames(QList<HistoryHost> &hosts) = 0;

    /// Those that bring a database of schema @p version up to date, in resources/schema/<prefix><number>.sql.
    static QStringList migrationStatements(const QString &prefix, int version);
    /// Reads what a recorder has to know, and notes the zone where it changed.
    DatabaseResult prepareRecording();
    DatabaseResult saveProgress();
    DatabaseResult readZones(qint64 hostId, QList<ZoneChange> &changes);
    /// What was remembered of rows that were rolled back or dropped.
    virtual void forgetIds() { m_dictionaries.forget(); }

    qint64 m_hostId = 0;
    Progress m_progress;
    Progress m_savedProgress;
    BucketCalendar m_calendar;
    Dictionaries m_dictionaries;

private:
    friend class HistoryMaintenance;

    /// What one transaction adds.
    struct Additions {
        LevelFacts usage;
        LevelFacts totals;
    };

    DatabaseResult resolve(const QList<HistoryRecord> &records);
    DatabaseResult readStored(const QByteArray &journalId, quint64 &number);
    DatabaseResult moveCursor(const HistoryCursor &cursor);
    DatabaseResult add(const FlowMinute &flow, bool isManyRemotes, Level finest, Additions &additions);
    DatabaseResult write(const Additions &additions);
    DatabaseResult addSpan(const NotMeasured &span);
    DatabaseResult addInterfaceMinute(const InterfaceMinute &minute);
    DatabaseResult noteZone();

    std::optional<QTimeZone> m_zone;
};

} // namespace Nettally
