// SPDX-License-Identifier: MIT
#include "historystore.h"

#include "historyworker.h"

#include <QSemaphore>
#include <QStandardPaths>

#include <memory>

namespace Nettally {

namespace {

constexpr int flushTimeoutMs = 5000;

} // namespace

QString HistoryStore::defaultPath()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation)
        + QStringLiteral("/nettally/history.db");
}

HistoryStore::HistoryStore(const QString &databasePath, QObject *parent)
    : QObject(parent)
    , m_path(databasePath)
{
    m_thread.setObjectName(QStringLiteral("history"));
}

HistoryStore::~HistoryStore()
{
    flush();
    m_thread.quit();
    m_thread.wait();
}

void HistoryStore::start(Mode mode)
{
    Q_ASSERT(!m_worker);
    m_worker = new HistoryWorker(m_path, mode, m_retryInterval,
                                 [this](State state, const QString &problem) { setState(state, problem); });
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.start();
    QMetaObject::invokeMethod(m_worker, [worker = m_worker] { worker->start(); });
}

void HistoryStore::record(qint64 utcMs, const QList<UsageDelta> &deltas)
{
    if (m_worker) {
        QMetaObject::invokeMethod(m_worker,
                                  [worker = m_worker, utcMs, deltas] { worker->record(utcMs, deltas); });
    }
}

void HistoryStore::flush()
{
    if (!m_worker) {
        return;
    }
    // Shared, because the worker may get to it after this call gave up.
    const auto written = std::make_shared<QSemaphore>();
    QMetaObject::invokeMethod(m_worker, [worker = m_worker, written] {
        worker->write();
        written->release();
    });
    if (!written->tryAcquire(1, flushTimeoutMs)) {
        qWarning("The history is not written yet after 5 seconds; it goes on in the background.");
    }
}

HistoryStore::State HistoryStore::state() const
{
    const QMutexLocker locker(&m_mutex);
    return m_state;
}

QString HistoryStore::problem() const
{
    const QMutexLocker locker(&m_mutex);
    return m_problem;
}

void HistoryStore::setState(State state, const QString &problem)
{
    {
        const QMutexLocker locker(&m_mutex);
        m_state = state;
        m_problem = problem;
    }
    // In the store's own thread, where its users live.
    QMetaObject::invokeMethod(this, &HistoryStore::stateChanged, Qt::QueuedConnection);
}

void HistoryStore::queryProgramUsage(qint64 fromUtcMs, qint64 toUtcMs,
                                     std::function<void(const ProgramUsageResult &)> answer)
{
    if (!m_worker) {
        return;
    }
    QMetaObject::invokeMethod(m_worker,
                              [this, worker = m_worker, fromUtcMs, toUtcMs, answer = std::move(answer)] {
                                  const ProgramUsageResult result = worker->programUsage(fromUtcMs, toUtcMs);
                                  // `this` outlives the thread; a call still queued when it goes is dropped
                                  // with it.
                                  QMetaObject::invokeMethod(
                                      this, [answer, result] { answer(result); }, Qt::QueuedConnection);
                              });
}

} // namespace Nettally
