// SPDX-License-Identifier: MIT
#include "trayhost.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QDBusVariant>
#include <QSystemTrayIcon>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

// https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/StatusNotifierWatcher/, under the name
// that desktops use.
constexpr auto watcherService = "org.kde.StatusNotifierWatcher"_L1;

} // namespace

TrayHost::TrayHost(QObject *parent)
    : QObject(parent)
    , m_watcher(new QDBusServiceWatcher(watcherService, QDBusConnection::sessionBus(),
                                        QDBusServiceWatcher::WatchForRegistration, this))
{
    connect(m_watcher, &QDBusServiceWatcher::serviceRegistered, this, &TrayHost::askWatcher);
    m_patience.setSingleShot(true);
    // Without a watcher Qt looks for the older kind of tray, which belongs to the X server.
    connect(&m_patience, &QTimer::timeout, this,
            [this] { finish(QSystemTrayIcon::isSystemTrayAvailable()); });
}

void TrayHost::wait(std::chrono::milliseconds patience)
{
    m_patience.start(patience);
    QDBusConnection::sessionBus().connect(watcherService, u"/StatusNotifierWatcher"_s, watcherService,
                                          u"StatusNotifierHostRegistered"_s, this, SLOT(askWatcher()));
    askWatcher();
}

/// The watcher may be there before anything that shows the icons is.
void TrayHost::askWatcher()
{
    QDBusMessage question = QDBusMessage::createMethodCall(watcherService, u"/StatusNotifierWatcher"_s,
                                                           u"org.freedesktop.DBus.Properties"_s, u"Get"_s);
    question << QString(watcherService) << u"IsStatusNotifierHostRegistered"_s;
    question.setAutoStartService(false);
    auto *answer = new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(question), this);
    connect(answer, &QDBusPendingCallWatcher::finished, this, [this, answer] {
        answer->deleteLater();
        const QDBusPendingReply<QDBusVariant> reply = *answer;
        if (!reply.isError() && reply.value().variant().toBool())
            finish(true);
    });
}

void TrayHost::finish(bool isThere)
{
    if (std::exchange(m_isFinished, true))
        return;
    m_patience.stop();
    if (isThere)
        Q_EMIT found();
    else
        Q_EMIT missing();
}

} // namespace Nettally
