// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"
#include "historystore.h"
#include "pendingusage.h"

#include <QLockFile>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>

namespace Nettally {

/// What HistoryStore does on its thread: when to write, and what to do when that fails.
class HistoryWorker : public QObject {
public:
    /// Called in the worker's thread on every change.
    using Report = std::function<void(HistoryStore::State, const QString &)>;

    HistoryWorker(const QString &path, HistoryStore::Mode mode, std::chrono::milliseconds retryInterval,
                  Report report);

    /// First call in the thread.
    void start();
    void record(qint64 utcMs, const QList<UsageDelta> &deltas);
    /// Writes what is pending, after whatever is needed for it: taking the lock, opening the database.
    void write();
    ProgramUsageResult programUsage(qint64 fromUtcMs, qint64 toUtcMs);

private:
    enum class Lock { Held, OtherProcess, Refused };

    Lock takeLock();
    DatabaseResult openAndWrite();
    bool setAside(const DatabaseResult &damage);
    DatabaseResult beginAnew();
    void reportHealthy();
    void reportProblem(const DatabaseResult &result);
    QString sentence(const DatabaseResult &result) const;
    void report(HistoryStore::State state, const QString &problem);

    const QString m_path;
    const HistoryStore::Mode m_mode;
    const Report m_report;
    QTimer m_timer;
    QLockFile m_lock;
    HistoryDatabase m_database;
    PendingUsage m_pending;
    qint64 m_openMinute = 0; ///< UTC minute of the last record
    bool m_isReader = false;
    bool m_isChecked = false; ///< the file passed its integrity check since this process took it
    bool m_isCoarse = false; ///< what is pending lost detail
    QString m_setAsideNotice; ///< where a damaged database went; stays for the life of the process
    HistoryStore::State m_state = HistoryStore::State::Closed;
    QString m_problem;
};

} // namespace Nettally
