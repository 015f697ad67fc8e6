// SPDX-License-Identifier: MIT
#pragma once

#include "ledger.h"

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>

#include <array>
#include <deque>
#include <utility>
#include <vector>

namespace Nettally {

/// Calls whose answers wait for acknowledgement.
enum class AnswerTo : quint8 { Connections, ReadJournal };

/**
 * One subscriber's pace: when a push is due, and whether the subscriber keeps up.
 *
 * Holds nothing that grows: what a slow subscriber misses adds up in the Ledger. One that ended is kept
 * while pushes of it are unacknowledged: they may lie unread in the bus daemon.
 */
class Subscription : public QObject {
    Q_OBJECT

public:
    /// Pushes sent ahead of the subscriber's acknowledgement; more would pile up in the bus daemon and
    /// then in the helper.
    static constexpr size_t maxUnacknowledged = 2;
    /// Likewise of messages with names.
    static constexpr size_t maxUnacknowledgedNames = 4;

    /// @p subscriber is a unique name on the bus, @p acknowledgeLimitMs the longest silence with pushes
    /// unacknowledged.
    Subscription(quint32 id, const QString &subscriber, quint32 uid, const LedgerView &view,
                 quint32 intervalMs, int acknowledgeLimitMs, QObject *parent);

    quint32 id() const { return m_id; }
    const QString &subscriber() const { return m_subscriber; }
    quint32 uid() const { return m_uid; }
    const LedgerView &view() const { return m_view; }
    /// The Ledger's version up to which changes were sent; 0 before the first push.
    quint64 sentVersion() const { return m_sentVersion; }
    bool isEnded() const { return m_isEnded; }
    /// Whether an answer of countAnswer() is.
    bool hasUnacknowledgedAnswer(AnswerTo call) const { return m_answers[size_t(call)].sequence != 0; }
    bool hasUnacknowledged() const;
    /// Of the pushes unacknowledged, as counted by countPush(), of the answers and of the names.
    qint64 unacknowledgedBytes() const;

    /// Emits pushDue() at once and from then on.
    void start();
    void setIntervalMs(quint32 intervalMs);
    /// Counts a push of about @p bytes up to @p version as sent; its sequence number. The numbers grow by
    /// steps nobody can guess, so that only who has read a push can acknowledge it.
    quint64 countPush(quint64 version, qint64 bytes);
    /// Counts an answer of about @p bytes to @p call, one at a time of each; a sequence number nobody can
    /// guess. A push sent later and acknowledged acknowledges it too: the bus delivers in order.
    quint64 countAnswer(AnswerTo call, qint64 bytes);

    bool watchesNames() const { return m_watchesNames; }
    void setWatchesNames(bool watches);
    /// The number of the last answer in the AnswerBook that was sent, or passed over.
    quint64 sentNames() const { return m_sentNames; }
    void passNames(quint64 number) { m_sentNames = number; }
    bool mayHaveNames() const { return m_unacknowledgedNames.size() < maxUnacknowledgedNames; }
    /// One answer was not kept until it could be sent.
    void countDroppedName() { ++m_droppedNames; }
    quint64 takeDroppedNames() { return std::exchange(m_droppedNames, 0); }
    /// Counts a message with names of about @p bytes; a sequence number nobody can guess.
    quint64 countNames(qint64 bytes);

    /// False unless @p sequence is of an answer, of names or a push unacknowledged, or not above the last
    /// acknowledged.
    bool acknowledge(quint64 sequence);
    /// No more pushes; acknowledgements are still taken.
    void end();

Q_SIGNALS:
    /// The receiver owes a push now, that is one countPush().
    void pushDue();
    /// The subscriber acknowledged nothing for the limit.
    void stalled();

private:
    struct Push {
        quint64 sequence = 0;
        qint64 bytes = 0;
    };

    struct Answer {
        quint64 sequence = 0; ///< 0: none unacknowledged
        qint64 bytes = 0;
        quint64 pushBefore = 0; ///< sequence of the last push sent before it
    };

    void tick();

    quint32 m_id;
    QString m_subscriber;
    quint32 m_uid;
    LedgerView m_view;
    int m_acknowledgeLimitMs;
    quint64 m_sentVersion = 0;
    quint64 m_sentSequence = 0;
    quint64 m_acknowledgedSequence = 0;
    std::deque<Push> m_unacknowledged; ///< oldest first, at most maxUnacknowledged
    std::array<Answer, 2> m_answers; ///< by AnswerTo
    std::vector<Push> m_unacknowledgedNames; ///< at most maxUnacknowledgedNames
    quint64 m_sentNames = 0;
    quint64 m_droppedNames = 0; ///< not told yet
    bool m_watchesNames = false;
    bool m_isEnded = false;
    bool m_isOverdue = false; ///< a tick passed without a push, for want of acknowledgement
    QElapsedTimer m_sinceProgress; ///< since the last acknowledgement, or the push it is owed for
    QTimer m_timer;
};

} // namespace Nettally
