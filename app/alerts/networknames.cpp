// SPDX-License-Identifier: MIT
#include "networknames.h"

#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QVariantMap>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

// https://networkmanager.dev/docs/api/latest/spec.html
constexpr auto service = "org.freedesktop.NetworkManager"_L1;
constexpr auto path = "/org/freedesktop/NetworkManager"_L1;
constexpr auto properties = "org.freedesktop.DBus.Properties"_L1;
constexpr int answerTimeoutMs = 5000;
constexpr int gatherMs = 300;

QList<QDBusObjectPath> pathsOf(const QVariant &value)
{
    return qdbus_cast<QList<QDBusObjectPath>>(value);
}

/// NMMetered: yes and no, each also as a guess.
std::optional<bool> meteredOf(const QVariant &value)
{
    switch (value.toUInt()) {
    case 1:
    case 3:
        return true;
    case 2:
    case 4:
        return false;
    default:
        return std::nullopt;
    }
}

} // namespace

NetworkNames::NetworkNames(const QDBusConnection &bus, QObject *parent)
    : QObject(parent)
    , m_bus(bus)
{
    m_soon.setSingleShot(true);
    m_soon.setInterval(gatherMs);
    connect(&m_soon, &QTimer::timeout, this, &NetworkNames::refresh);
}

void NetworkNames::start()
{
    auto *watcher = new QDBusServiceWatcher(service, m_bus, QDBusServiceWatcher::WatchForOwnerChange, this);
    connect(watcher, &QDBusServiceWatcher::serviceOwnerChanged, this, &NetworkNames::refreshSoon);
    m_bus.connect(service, path, properties, u"PropertiesChanged"_s, this, SLOT(refreshSoon()));
    refresh();
}

void NetworkNames::refreshSoon()
{
    m_soon.start();
}

void NetworkNames::refresh()
{
    ++m_round;
    m_next.clear();
    m_open = 0;
    askAll(path, service, [this](const QVariantMap &values) {
        for (const QDBusObjectPath &connection : pathsOf(values.value(u"ActiveConnections"_s)))
            askConnection(connection.path());
    });
}

void NetworkNames::askConnection(const QString &path)
{
    askAll(path, service + u".Connection.Active"_s, [this](const QVariantMap &values) {
        const QString name = values.value(u"Id"_s).toString();
        for (const QDBusObjectPath &device : pathsOf(values.value(u"Devices"_s)))
            askDevice(device.path(), name);
    });
}

void NetworkNames::askDevice(const QString &path, const QString &connection)
{
    askAll(path, service + u".Device"_s, [this, connection](const QVariantMap &values) {
        // Of a modem the interface that carries the addresses is another.
        QString interface = values.value(u"IpInterface"_s).toString();
        if (interface.isEmpty())
            interface = values.value(u"Interface"_s).toString();
        if (!interface.isEmpty())
            m_next.insert(interface, {connection, meteredOf(values.value(u"Metered"_s))});
    });
}

template <typename Handle>
void NetworkNames::askAll(const QString &path, const QString &interface, Handle handle)
{
    QDBusMessage question = QDBusMessage::createMethodCall(service, path, properties, u"GetAll"_s);
    question << interface;
    question.setAutoStartService(false);
    ++m_open;
    auto *answer = new QDBusPendingCallWatcher(m_bus.asyncCall(question, answerTimeoutMs), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer, handle, round = m_round] {
        answer->deleteLater();
        if (round != m_round)
            return;
        const QDBusPendingReply<QVariantMap> reply = *answer;
        if (!reply.isError())
            handle(reply.value());
        finishOne();
    });
}

void NetworkNames::finishOne()
{
    if (--m_open > 0 || m_next == m_names)
        return;
    m_names = m_next;
    Q_EMIT changed();
}

} // namespace Nettally
