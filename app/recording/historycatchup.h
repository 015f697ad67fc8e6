// SPDX-License-Identifier: MIT
#pragma once

#include "historystore.h"
#include "monitorclient.h"

#include <QObject>
#include <QTimer>

namespace Nettally {

/**
 * Brings the helper's journal into the history, part by part: a part is asked for when the one before is
 * stored, the next after each full minute when there are no more. Where the helper keeps no journal, what is
 * seen live is recorded.
 */
class HistoryCatchUp : public QObject {
    Q_OBJECT

public:
    /// Both must outlive it.
    HistoryCatchUp(MonitorClient &client, HistoryStore &store, QObject *parent = nullptr);

    /// What moved between two pushes, with no cursor. Stored only if the helper keeps no journal.
    void takeLive(const HistoryBatch &batch);

Q_SIGNALS:
    /// What people are told while the history is behind, a sentence; empty: it is not.
    void progressChanged(const QString &progress);

private:
    void onClientChanged();
    void onStoreChanged();
    void ask();
    void onJournalReceived(const JournalPart &part);
    void onJournalFailed(bool isKept, const QString &problem);
    void onBatchApplied(const HistoryCursor &cursor);
    void askLater();
    void setProgress(const QString &progress);
    void showProgress(const HistoryBatch &batch, bool more);

    enum class Journal { Unknown, Kept, NotKept };

    MonitorClient &m_client;
    HistoryStore &m_store;
    Journal m_journal = Journal::Unknown;
    QList<HistoryBatch> m_heldLive; ///< until it is known whether there is a journal
    bool m_isRecorder = false;
    bool m_isAsking = false;
    std::optional<HistoryCursor> m_cursor; ///< of what is stored
    std::optional<HistoryCursor> m_askedFrom;
    std::optional<HistoryCursor> m_storing; ///< of the part the store has
    bool m_more = false; ///< after that part
    qint64 m_behindSinceUtcS = 0; ///< the minute last received
    QString m_progress;
    QTimer m_timer;
};

} // namespace Nettally
