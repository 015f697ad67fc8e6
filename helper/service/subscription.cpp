// SPDX-License-Identifier: MIT
#include "subscription.h"

namespace Nettally {

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
    const quint64 unacknowledged = m_sentSequence - m_acknowledgedSequence;
    if (unacknowledged > 0 && m_sinceProgress.elapsed() >= m_acknowledgeLimitMs) {
        Q_EMIT stalled();
        return;
    }
    m_isOverdue = unacknowledged >= maxUnacknowledged;
    if (!m_isOverdue)
        Q_EMIT pushDue();
}

quint64 Subscription::countPush(quint64 version)
{
    if (m_sentSequence == m_acknowledgedSequence)
        m_sinceProgress.start();
    m_sentVersion = version;
    return ++m_sentSequence;
}

bool Subscription::acknowledge(quint64 sequence)
{
    if (sequence == 0 || sequence > m_sentSequence)
        return false;
    if (sequence <= m_acknowledgedSequence)
        return true;
    m_acknowledgedSequence = sequence;
    m_sinceProgress.start();
    if (m_isOverdue) {
        m_isOverdue = false;
        m_timer.start(); // the next one a whole interval later
        Q_EMIT pushDue();
    }
    return true;
}

} // namespace Nettally
