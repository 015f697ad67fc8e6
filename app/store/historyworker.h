// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"
#include "historystore.h"
#include "pendingrecords.h"

#include <QElapsedTimer>
#include <QObject>
#include <QQueue>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>

namespace Nettally {

/// What HistoryStore does on its thread: when to write, and what to do when that fails.
class HistoryWorker : public QObject {
public:
    /// All are called in the worker's thread.
    struct Reports {
        std::function<void(HistoryStore::State, const QString &)> state; ///< on every change
        std::function<void(const std::optional<HistoryCursor> &)> cursor; ///< before it may be relied on
        std::function<void(const HistoryCursor &)> applied;
    };

    HistoryWorker(const QString &location, HistoryStore::Mode mode, std::chrono::milliseconds retryInterval,
                  Reports reports);

    /// First call in the thread.
    void start();
    void applyBatch(const HistoryBatch &batch);
    /// Writes what is pending, after whatever is needed for it: taking the lock, opening the database.
    void write();
    HistoryAnswer answer(const HistoryQuery &query);
    HistoryVerdict verify();
    QString vacuum();
    QString exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS, const ExportSink &sink);
    HistoryImport import(const QString &path);

private:
    DatabaseResult openAndWrite();
    DatabaseResult open();
    DatabaseResult replaceDamaged(const DatabaseResult &damage);
    DatabaseResult writeWaiting();
    /// Runs @p work in one snapshot of the database, opened for it where it is not open.
    QString read(const std::function<DatabaseResult()> &work);
    /// Why nothing can be changed; empty when this process records.
    QString refusal();
    void reportHealthy();
    void reportProblem(const DatabaseResult &result);
    QString sentence(const DatabaseResult &result) const;
    void report(HistoryStore::State state, const QString &problem);

    const HistoryStore::Mode m_mode;
    const std::chrono::milliseconds m_retryInterval;
    const Reports m_reports;
    const std::unique_ptr<HistoryDatabase> m_database;
    QTimer m_timer;
    PendingRecords m_pending;
    QQueue<HistoryBatch> m_batches; ///< from a journal, in its order
    QElapsedTimer m_maintained; ///< since the last time
    bool m_isReader = false;
    bool m_isChecked = false; ///< the file passed its integrity check since this process took it
    bool m_isCoarse = false; ///< what is pending lost detail
    QString m_setAsideNotice; ///< where a damaged database went; stays for the life of the process
    HistoryStore::State m_state = HistoryStore::State::Closed;
    QString m_problem;
};

} // namespace Nettally
