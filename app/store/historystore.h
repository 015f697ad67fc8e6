// SPDX-License-Identifier: MIT
#pragma once

#include "historyquery.h"
#include "historyrecord.h"

#include <QMutex>
#include <QObject>
#include <QString>
#include <QThread>

#include <chrono>
#include <functional>
#include <optional>

namespace Nettally {

class HistoryWorker;

/**
 * The history: what moved, by program, remote address, protocol, port, direction and interface, in minutes
 * and in roll-ups of hours, days and months; in an SQLite file or on a PostgreSQL server.
 *
 * The database is used by a thread of the store's own; no call but flush() and the destructor waits for it.
 * Whatever keeps it from writing (read-only, full, locked, unreachable) is tried again, and what was measured
 * meanwhile stays in memory: of records without a journal the last hour by the minute, what is older as sums;
 * batches of a journal wholly. A file that fails its integrity check is renamed, never overwritten. One
 * process records for a machine at a time, the others read; a reader takes over when the recorder leaves.
 *
 * To be used from the thread that made it. Answers come in that thread, once, unless the store is destroyed
 * before.
 */
class HistoryStore : public QObject {
    Q_OBJECT

public:
    enum class State {
        Closed,
        Recording,
        Reader, ///< another process records, or only reading was asked for; what is recorded here is dropped
        ReadOnly,
        DiskFull,
        Broken, ///< recording into a new database; problem() says where the damaged one is
        Failed,
    };
    Q_ENUM(State)

    enum class Mode {
        Record,
        Read, ///< never creates or changes the database
    };

    /// "$XDG_DATA_HOME/nettally/history.db".
    static QString defaultPath();
    /// Whether it is a URL and not the path of a file.
    static bool isUrl(const QString &location);

    /// @p location: a path, or "postgresql://[user[:password]@][server][:port]/database[?option=value&…]",
    /// with libpq's options, and "machine=NAME" for a name other than the host's.
    explicit HistoryStore(const QString &location, QObject *parent = nullptr);
    /// As flush(), then waits for the thread.
    ~HistoryStore() override;

    /// How often writing is tried when batches do not set the pace; before start(). 65 s unless told, and at
    /// most 5 s while something is wrong.
    void setRetryInterval(std::chrono::milliseconds interval) { m_retryInterval = interval; }

    /// Opens the database, in the background; stateChanged follows. Once.
    void start(Mode mode = Mode::Record);

    /// Stores the batch, in one transaction with its cursor, once; batchApplied follows. Hand in the next
    /// batch of a journal after that. Batches without a cursor are gathered by the minute. Dropped by a
    /// reader.
    void applyBatch(const HistoryBatch &batch);

    /// How far the journal that was read last is stored; none: from its beginning, or this is no recorder.
    /// Read it when the state becomes Recording or Broken, and go on from there.
    std::optional<HistoryCursor> cursor() const;

    /// Writes what is still in memory, the open minute too. Waits for it, 5 s at most.
    void flush();

    State state() const;
    /// What is wrong and what to do next, one sentence for people; empty when nothing is.
    QString problem() const;

    void query(const HistoryQuery &query, std::function<void(const HistoryAnswer &)> answer);
    /// Whether roll-ups equal their parts and the books of each interface balance; takes a while.
    void verify(std::function<void(const HistoryVerdict &)> answer);
    /// Gives back the space of what was deleted; answers why not. Recorder only.
    void vacuum(std::function<void(const QString &problem)> answer);
    /// Hands the text to @p sink, in the store's thread; answers why not.
    void exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS, ExportSink sink,
                    std::function<void(const QString &problem)> answer);
    /// Adds what another history exported as JSON. Recorder only.
    void import(const QString &path, std::function<void(const HistoryImport &)> answer);

Q_SIGNALS:
    void stateChanged();
    /// The batch's journal is stored as far as @p cursor: further than the batch where all of it was stored
    /// before, and less far where some of it was, so that it was not applied.
    void batchApplied(const Nettally::HistoryCursor &cursor);

private:
    void setState(State state, const QString &problem);
    void setCursor(const std::optional<HistoryCursor> &cursor);
    template <typename Work, typename Answer>
    void ask(Work work, Answer answer);

    const QString m_location;
    std::chrono::milliseconds m_retryInterval = std::chrono::seconds(65);
    QThread m_thread;
    HistoryWorker *m_worker = nullptr; ///< lives in m_thread, deleted when it ends
    mutable QMutex m_mutex; ///< guards the three below, which the worker sets
    State m_state = State::Closed;
    QString m_problem;
    std::optional<HistoryCursor> m_cursor;
};

} // namespace Nettally
