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

bool HistoryStore::isUrl(const QString &location)
{
    return location.contains(QStringLiteral("://"));
}

HistoryStore::HistoryStore(const QString &location, QObject *parent)
    : QObject(parent)
    , m_location(location)
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
    HistoryWorker::Reports reports;
    reports.state = [this](State state, const QString &problem) { setState(state, problem); };
    reports.cursor = [this](const std::optional<HistoryCursor> &cursor) { setCursor(cursor); };
    reports.applied = [this](const HistoryCursor &cursor) {
        setCursor(cursor);
        QMetaObject::invokeMethod(
            this, [this, cursor] { Q_EMIT batchApplied(cursor); }, Qt::QueuedConnection);
    };
    m_worker = new HistoryWorker(m_location, mode, m_retryInterval, reports);
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.start();
    QMetaObject::invokeMethod(m_worker, [worker = m_worker] { worker->start(); });
}

void HistoryStore::applyBatch(const HistoryBatch &batch)
{
    if (m_worker) {
        QMetaObject::invokeMethod(m_worker, [worker = m_worker, batch] { worker->applyBatch(batch); });
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

std::optional<HistoryCursor> HistoryStore::cursor() const
{
    const QMutexLocker locker(&m_mutex);
    return m_cursor;
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

void HistoryStore::setCursor(const std::optional<HistoryCursor> &cursor)
{
    const QMutexLocker locker(&m_mutex);
    m_cursor = cursor;
}

template <typename Work, typename Answer>
void HistoryStore::ask(Work work, Answer answer)
{
    if (!m_worker) {
        return;
    }
    QMetaObject::invokeMethod(
        m_worker, [this, worker = m_worker, work = std::move(work), answer = std::move(answer)] {
            // `this` outlives the thread; a call still queued when it goes is dropped with it.
            QMetaObject::invokeMethod(
                this, [answer, result = work(worker)] { answer(result); }, Qt::QueuedConnection);
        });
}

void HistoryStore::query(const HistoryQuery &query, std::function<void(const HistoryAnswer &)> answer)
{
    ask([query](HistoryWorker *worker) { return worker->answer(query); }, std::move(answer));
}

void HistoryStore::verify(std::function<void(const HistoryVerdict &)> answer)
{
    ask([](HistoryWorker *worker) { return worker->verify(); }, std::move(answer));
}

void HistoryStore::vacuum(std::function<void(const QString &)> answer)
{
    ask([](HistoryWorker *worker) { return worker->vacuum(); }, std::move(answer));
}

void HistoryStore::exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS, ExportSink sink,
                              std::function<void(const QString &)> answer)
{
    ask([format, fromUtcS, toUtcS, sink = std::move(sink)](
            HistoryWorker *worker) { return worker->exportSpan(format, fromUtcS, toUtcS, sink); },
        std::move(answer));
}

void HistoryStore::import(const QString &path, std::function<void(const HistoryImport &)> answer)
{
    ask([path](HistoryWorker *worker) { return worker->import(path); }, std::move(answer));
}

} // namespace Nettally
