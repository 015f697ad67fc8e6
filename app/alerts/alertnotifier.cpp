// SPDX-License-Identifier: MIT
#include "alertnotifier.h"

#include "plaintext.h"

#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QVariantMap>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

// https://specifications.freedesktop.org/notification-spec/latest/
constexpr auto service = "org.freedesktop.Notifications"_L1;
constexpr auto path = "/org/freedesktop/Notifications"_L1;
constexpr int answerTimeoutMs = 5000;
constexpr uchar normalUrgency = 1;

/// Some services read markup without saying so: what would begin it is written otherwise there.
QString safeText(QString text, bool hasMarkup)
{
    return hasMarkup ? text.toHtmlEscaped() : text.replace(u'<', u'‹').replace(u'>', u'›');
}

QDBusMessage call(const QString &method)
{
    return QDBusMessage::createMethodCall(service, path, service, method);
}

} // namespace

AlertNotifier::AlertNotifier(const QDBusConnection &bus, QObject *parent)
    : QObject(parent)
    , m_bus(bus)
{
    m_bus.connect(service, path, service, u"ActionInvoked"_s, this, SLOT(onAction(quint32, QString)));
    m_bus.connect(service, path, service, u"NotificationClosed"_s, this, SLOT(onClosed(quint32, quint32)));
    auto *watcher =
        new QDBusServiceWatcher(service, m_bus, QDBusServiceWatcher::WatchForUnregistration, this);
    connect(watcher, &QDBusServiceWatcher::serviceUnregistered, this, [this] {
        // Another one numbers anew.
        m_shown.clear();
        m_ids.clear();
    });
}

void AlertNotifier::show(const AlertEvent &event)
{
    auto *answer =
        new QDBusPendingCallWatcher(m_bus.asyncCall(call(u"GetCapabilities"_s), answerTimeoutMs), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer, event] {
        answer->deleteLater();
        const QDBusPendingReply<QStringList> reply = *answer;
        if (reply.isError())
            Q_EMIT failed(event.number);
        else
            send(event, reply.value().contains(u"body-markup"_s));
    });
}

void AlertNotifier::send(const AlertEvent &event, bool hasMarkup)
{
    QStringList actions = {u"default"_s, tr("Show"), u"snooze"_s, tr("Snooze an hour")};
    if (!event.program.isEmpty())
        actions += {u"mute"_s, tr("Mute %1").arg(printable(event.program))};
    const QVariantMap hints = {{u"desktop-entry"_s, u"org.nettally.Nettally"_s},
                               {u"category"_s, u"network"_s},
                               {u"urgency"_s, QVariant::fromValue(normalUrgency)}};
    QDBusMessage notify = call(u"Notify"_s);
    notify << u"Nettally"_s << m_ids.value(event.ruleId, 0U) << u"org.nettally.Nettally"_s << event.title
           << safeText(event.text, hasMarkup) << actions << hints << -1;
    auto *answer = new QDBusPendingCallWatcher(m_bus.asyncCall(notify, answerTimeoutMs), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this,
            [this, answer, ruleId = event.ruleId, number = event.number] {
                answer->deleteLater();
                const QDBusPendingReply<quint32> reply = *answer;
                if (reply.isError()) {
                    Q_EMIT failed(number);
                    return;
                }
                m_ids.insert(ruleId, reply.value());
                m_shown.insert(reply.value(), {ruleId, number});
                Q_EMIT shown(number);
            });
}

void AlertNotifier::onAction(quint32 id, const QString &action)
{
    const auto shown = m_shown.constFind(id);
    if (shown == m_shown.cend())
        return; // of another program
    const quint64 number = shown->number;
    if (action == u"default")
        Q_EMIT openRequested(number);
    else if (action == u"snooze")
        Q_EMIT snoozeRequested();
    else if (action == u"mute")
        Q_EMIT muteRequested(number);
}

void AlertNotifier::onClosed(quint32 id, quint32)
{
    const Shown shown = m_shown.take(id);
    if (m_ids.value(shown.ruleId) == id)
        m_ids.remove(shown.ruleId);
}

} // namespace Nettally
