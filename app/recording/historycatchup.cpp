// SPDX-License-Identifier: MIT
#include "historycatchup.h"

#include <QDateTime>
#include <QRandomGenerator>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qint64 minuteMs = 60000;
/// The helper seals a minute a moment after its end; many programs that ask need not do so at once.
constexpr int leastDelayMs = 1500;
constexpr int delaySpreadMs = 2000;
constexpr int retryMs = 5000;
constexpr qsizetype maxHeldLive = 600;
/// Less is no delay worth a word.
constexpr qint64 behindS = 600;

qint64 minuteOf(const HistoryRecord &record)
{
    return std::visit(
        [](const auto &one) {
            if constexpr (std::is_same_v<std::decay_t<decltype(one)>, NotMeasured>)
                return one.beginUtcS;
            else
                return one.minuteUtcS;
        },
        record);
}

} // namespace

HistoryCatchUp::HistoryCatchUp(MonitorClient &client, HistoryStore &store, QObject *parent)
    : QObject(parent)
    , m_client(client)
    , m_store(store)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &HistoryCatchUp::ask);
    connect(&m_client, &MonitorClient::stateChanged, this, &HistoryCatchUp::onClientChanged);
    connect(&m_client, &MonitorClient::journalReceived, this, &HistoryCatchUp::onJournalReceived);
    connect(&m_client, &MonitorClient::journalFailed, this, &HistoryCatchUp::onJournalFailed);
    connect(&m_store, &HistoryStore::stateChanged, this, &HistoryCatchUp::onStoreChanged);
    connect(&m_store, &HistoryStore::batchApplied, this, &HistoryCatchUp::onBatchApplied);
}

void HistoryCatchUp::takeLive(const HistoryBatch &batch)
{
    if (m_journal == Journal::NotKept)
        m_store.applyBatch(batch);
    else if (m_journal == Journal::Unknown && m_heldLive.size() < maxHeldLive
             && m_store.state() != HistoryStore::State::Reader)
        m_heldLive.append(batch);
}

void HistoryCatchUp::onClientChanged()
{
    m_isAsking = false;
    if (m_client.state() == MonitorClient::State::Live) {
        // The helper may be another now. What was held of the one before is in its journal, if it kept one.
        m_journal = Journal::Unknown;
        ask();
    }
}

void HistoryCatchUp::onStoreChanged()
{
    switch (m_store.state()) {
    case HistoryStore::State::Recording:
    case HistoryStore::State::Broken:
        if (!m_isRecorder) {
            m_isRecorder = true;
            m_cursor = m_store.cursor();
            ask();
        }
        break;
    case HistoryStore::State::Reader:
    case HistoryStore::State::Closed:
        // What the store was handed is dropped.
        m_isRecorder = false;
        m_storing.reset();
        m_heldLive.clear();
        setProgress({});
        break;
    default:
        // It keeps what it was handed, and writes it when it can.
        break;
    }
}

void HistoryCatchUp::ask()
{
    if (m_client.state() != MonitorClient::State::Live || m_isAsking || m_storing)
        return;
    // Whether there is a journal at all is asked even if nothing can be stored now.
    if (!m_isRecorder && m_journal != Journal::Unknown)
        return;
    m_timer.stop();
    m_isAsking = true;
    m_askedFrom = m_cursor;
    m_client.requestJournal(m_cursor);
}

void HistoryCatchUp::onJournalReceived(const JournalPart &part)
{
    m_isAsking = false;
    m_journal = Journal::Kept;
    m_heldLive.clear();
    if (!m_isRecorder)
        return;
    if (m_askedFrom != m_cursor) {
        ask(); // before it was known how far the history is
        return;
    }
    m_more = part.more;
    showProgress(part.batch, part.more);
    if (m_cursor == part.batch.cursor) {
        askLater();
        return;
    }
    m_storing = part.batch.cursor;
    m_store.applyBatch(part.batch);
}

void HistoryCatchUp::onBatchApplied(const HistoryCursor &cursor)
{
    if (!m_storing || m_storing->journalId != cursor.journalId)
        return;
    // Further than the part: it is the journal of another machine that shares this history, or of an earlier
    // time, and its records are stored already. An earlier state of the same journal is read on as it comes.
    const bool isFurther = cursor.number > m_storing->number;
    const bool isSameJournal = m_cursor && m_cursor->journalId == cursor.journalId;
    m_more = m_more || cursor != *m_storing;
    m_cursor = isFurther && isSameJournal ? *m_storing : cursor;
    m_storing.reset();
    if (m_more)
        ask();
    else
        askLater();
}

void HistoryCatchUp::onJournalFailed(bool isKept, const QString &problem)
{
    m_isAsking = false;
    if (isKept) {
        setProgress(problem);
        m_timer.start(retryMs);
        return;
    }
    m_journal = Journal::NotKept;
    for (const HistoryBatch &batch : std::as_const(m_heldLive))
        m_store.applyBatch(batch);
    m_heldLive.clear();
}

void HistoryCatchUp::askLater()
{
    const qint64 untilMinuteMs = minuteMs - QDateTime::currentMSecsSinceEpoch() % minuteMs;
    m_timer.start(int(untilMinuteMs) + leastDelayMs
                  + int(QRandomGenerator::global()->bounded(delaySpreadMs)));
}

void HistoryCatchUp::showProgress(const HistoryBatch &batch, bool more)
{
    for (const HistoryRecord &record : batch.records)
        m_behindSinceUtcS = std::max(m_behindSinceUtcS, minuteOf(record));
    const qint64 behind = QDateTime::currentSecsSinceEpoch() - m_behindSinceUtcS;
    if (!more || m_behindSinceUtcS == 0 || behind < behindS) {
        setProgress({});
        return;
    }
    const int days = int(behind / 86400);
    const int hours = int(behind / 3600);
    const int minutes = int(behind / 60);
    setProgress(days > 0        ? tr("History: catching up, %n day(s) left", nullptr, days)
                    : hours > 0 ? tr("History: catching up, %n hour(s) left", nullptr, hours)
                                : tr("History: catching up, %n minute(s) left", nullptr, minutes));
}

void HistoryCatchUp::setProgress(const QString &progress)
{
    if (m_progress == progress)
        return;
    m_progress = progress;
    Q_EMIT progressChanged(progress);
}

} // namespace Nettally
