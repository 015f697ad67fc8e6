// SPDX-License-Identifier: MIT
#pragma once

#include "usagedelta.h"

#include <QList>
#include <QMutex>
#include <QObject>
#include <QString>
#include <QThread>

#include <chrono>
#include <functional>

namespace Nettally {

class HistoryWorker;

/// What one program moved in a span of time; processes of the same name, executable and user are one.
struct ProgramUsage {
    QString name;
    QString executable; ///< empty if not known
    quint32 uid = 0;
    ProgramKind kind = ProgramKind::Program;
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
};

struct ProgramUsageResult {
    QList<ProgramUsage> programs; ///< those that moved most first
    QString problem; ///< why there is no answer, one sentence for people; empty when there is one
};

/**
 * The history: what moved, per UTC minute, program, remote address and protocol, in an SQLite database.
 *
 * The database is used by a thread of the store's own; no call but flush() and the destructor waits for it.
 * Whatever keeps it from writing (read-only, full, locked) is retried every minute, and what was measured
 * meanwhile stays in memory: the last hour by the minute, what is older as sums. A file that fails its
 * integrity check is renamed, never overwritten. One process records into a database at a time, the
 * others read; a reader takes over when the recorder leaves.
 *
 * To be used from the thread that made it.
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

    explicit HistoryStore(const QString &databasePath, QObject *parent = nullptr);
    /// As flush(), then waits for the thread.
    ~HistoryStore() override;

    /// How often writing is tried when record() does not set the pace; before start(). 65 s unless told.
    void setRetryInterval(std::chrono::milliseconds interval) { m_retryInterval = interval; }

    /// Opens the database, in the background; stateChanged follows. Once.
    void start(Mode mode = Mode::Record);

    /// Adds what moved, in the minute that holds @p utcMs (since 1970). Figures over 2^53 bytes count as
    /// that.
    void record(qint64 utcMs, const QList<UsageDelta> &deltas);

    /// Writes what is still in memory, the open minute too. Waits for it, 5 s at most.
    void flush();

    State state() const;
    /// What is wrong and what to do next, one sentence for people; empty when nothing is.
    QString problem() const;

    /// Sums by program over the minutes that begin at or after @p fromUtcMs and before @p toUtcMs, of what is
    /// written. @p answer is called once in this thread, unless the store is destroyed before.
    void queryProgramUsage(qint64 fromUtcMs, qint64 toUtcMs,
                           std::function<void(const ProgramUsageResult &)> answer);

Q_SIGNALS:
    void stateChanged();

private:
    void setState(State state, const QString &problem);

    const QString m_path;
    std::chrono::milliseconds m_retryInterval = std::chrono::seconds(65);
    QThread m_thread;
    HistoryWorker *m_worker = nullptr; ///< lives in m_thread, deleted when it ends
    mutable QMutex m_mutex; ///< guards the two below, which the worker sets
    State m_state = State::Closed;
    QString m_problem;
};

} // namespace Nettally
