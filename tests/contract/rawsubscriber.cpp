// SPDX-License-Identifier: MIT
#include "rawsubscriber.h"

#include <QDBusPendingCallWatcher>
#include <QEventLoop>

namespace Nettally {

namespace {

QDBusMessage callOf(const QString &member)
{
    return QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                          QLatin1String(Wire::interfaceName), member);
}

} // namespace

QDBusMessage callThrough(const QDBusConnection &bus, const QDBusMessage &message)
{
    const QDBusPendingCallWatcher watcher(bus.asyncCall(message));
    QEventLoop loop;
    QObject::connect(&watcher, &QDBusPendingCallWatcher::finished, &loop, &QEventLoop::quit);
    loop.exec();
    return watcher.reply();
}

RawSubscriber::RawSubscriber(const QDBusConnection &bus)
    : m_bus(bus)
{
    Wire::registerTypes();
    // From anyone: what is not addressed to it must not arrive either.
    m_bus.connect(QString(), QString(), QLatin1String(Wire::interfaceName), QStringLiteral("UsageDeltas"),
                  this, SLOT(onDeltas(QDBusMessage)));
    m_bus.connect(QString(), QString(), QLatin1String(Wire::interfaceName),
                  QStringLiteral("SubscriptionEnded"), this, SLOT(onEnded(QDBusMessage)));
}

RawSubscriber::~RawSubscriber()
{
    vanish();
}

void RawSubscriber::vanish()
{
    const QString name = m_bus.name();
    m_bus = QDBusConnection(QString());
    QDBusConnection::disconnectFromBus(name);
}

QDBusMessage RawSubscriber::call(const QString &member, const QVariantList &arguments) const
{
    QDBusMessage message = callOf(member);
    message.setArguments(arguments);
    return callThrough(m_bus, message);
}

QDBusMessage RawSubscriber::subscribe(uint intervalMs, const QString &scope, const QString &detail) const
{
    return call(QStringLiteral("Subscribe"), {intervalMs, scope, detail, false});
}

void RawSubscriber::onDeltas(const QDBusMessage &message)
{
    const QVariantList arguments = message.arguments();
    Part part;
    part.subscription = arguments[0].toUInt();
    part.sequence = arguments[1].toULongLong();
    part.timeNs = arguments[2].toULongLong();
    part.part = arguments[3].toUInt();
    part.isLast = arguments[4].toBool();
    part.programs = qdbus_cast<QList<Wire::Program>>(arguments[5]);
    part.remotes = qdbus_cast<QList<Wire::Remote>>(arguments[6]);
    part.rows = qdbus_cast<QList<Wire::Row>>(arguments[7]);
    part.endedProgramIds = qdbus_cast<QList<uint>>(arguments[8]);
    m_pushCount += part.isLast;
    if (m_keeps)
        m_parts.append(part);
    if (m_acknowledges && part.isLast) {
        QDBusMessage acknowledge = callOf(QStringLiteral("Acknowledge"));
        acknowledge << part.subscription << part.sequence;
        m_bus.send(acknowledge);
    }
}

void RawSubscriber::onEnded(const QDBusMessage &message)
{
    m_endReasons.append(message.arguments().at(1).toString());
}

} // namespace Nettally
