// SPDX-License-Identifier: MIT
#include "subscription.h"

#include <QRandomGenerator>

#include <algorithm>
#include <numeric>

namespace Nettally {

namespace {

/// At ten pushes a second 64 bits last for fifty years of such steps; a caller who guesses needs about as
/// many calls as this for a single push.
constexpr quint32 maxSequenceStep = 1u << 31;

/// Above all numbers that pushes will reach.
quint64 unguessable()
{
    return QRandomGenerator::system()->generate64() | quint64(1) << 63;
}

} // namespace

Subscription::Subscription(quint32 id, const QString &subscriber, quint32 uid, const LedgerView &view,
                           quint32 intervalMs, int acknowledgeLimitMs, QObject *parent)
    : QObject(parent)
    , m_id(id)
    , m_subscriber(subscriber)
    , m_uid(uid)
    , m_view(view)
    , m_acknowledgeLimitMs(acknowledgeLimitMs)
{
    m_timer.setInterval(int(intervalMs));
    connect(&m_timer, &QTimer::timeout, this, &Subscription::tick);
}

void Subscription::start()
{
    m_timer.start();
    Q_EMIT pushDue();
}

void Subscription::setIntervalMs(quint32 intervalMs)
{
    m_timer.setInterval(int(intervalMs));
}

void Subscription::tick()
{
    if (!m_unacknowledged.empty() && m_sinceProgress.elapsed() >= m_acknowledgeLimitMs) {
        Q_EMIT stalled();
        return;
    }
    m_isOverdue = m_unacknowledged.size() >= maxUnacknowledged;
    if (!m_isOverdue)
        Q_EMIT pushDue();
}

quint64 Subscription::countPush(quint64 version, qint64 bytes)
{
    if (m_unacknowledged.empty())
        m_sinceProgress.start();
    m_sentVersion = version;
    m_sentSequence += 1 + QRandomGenerator::system()->bounded(maxSequenceStep);
    m_unacknowledged.push_back({m_sentSequence, bytes});
    return m_sentSequence;
}

qint64 Subscription::unacknowledgedBytes() const
{
    const auto add = [](qint64 sum, const auto &sent) { return sum + sent.bytes; };
    qint64 bytes = std::accumulate(m_unacknowledged.begin(), m_unacknowledged.end(), qint64(0), add);
    bytes = std::accumulate(m_unacknowledgedNames.begin(), m_unacknowledgedNames.end(), bytes, add);
    return std::accumulate(m_answers.begin(), m_answers.end(), bytes, add);
}

bool Subscription::hasUnacknowledged() const
{
    return !m_unacknowledged.empty() || !m_unacknowledgedNames.empty()
        || std::any_of(m_answers.begin(), m_answers.end(),
                       [](const Answer &answer) { return answer.sequence != 0; });
}

quint64 Subscription::countAnswer(AnswerTo call, qint64 bytes)
{
    Answer &answer = m_answers[size_t(call)];
    answer = {unguessable(), bytes, m_sentSequence};
    return answer.sequence;
}

void Subscription::setWatchesNames(bool watches)
{
    m_watchesNames = watches;
    m_sentNames = 0;
    m_droppedNames = 0;
}

quint64 Subscription::countNames(qint64 bytes)
{
    m_unacknowledgedNames.push_back({unguessable(), bytes});
    return m_unacknowledgedNames.back().sequence;
}

bool Subscription::acknowledge(quint64 sequence)
{
    for (Answer &answer : m_answers) {
        if (sequence != 0 && sequence == answer.sequence) {
            answer = {};
            return true;
        }
    }
    if (std::erase_if(m_unacknowledgedNames,
                      [sequence](const Push &sent) { return sent.sequence == sequence; })
        > 0)
        return true;
    if (sequence != 0 && sequence <= m_acknowledgedSequence)
        return true;
    const auto push = std::find_if(m_unacknowledged.begin(), m_unacknowledged.end(),
                                   [sequence](const Push &sent) { return sent.sequence == sequence; });
    if (push == m_unacknowledged.end())
        return false;
    m_unacknowledged.erase(m_unacknowledged.begin(), push + 1);
    m_acknowledgedSequence = sequence;
    for (Answer &answer : m_answers) {
        if (sequence > answer.pushBefore)
            answer = {};
    }
    m_sinceProgress.start();
    if (m_isOverdue) {
        m_isOverdue = false;
        m_timer.start(); // the next one a whole interval later
        Q_EMIT pushDue();
    }
    return true;
}

void Subscription::end()
{
    m_isEnded = true;
    m_watchesNames = false;
    m_isOverdue = false;
    m_timer.stop();
}

} // namespace Nettally
