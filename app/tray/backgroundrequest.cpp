// SPDX-License-Identifier: MIT
#include "backgroundrequest.h"

#include <QDBusMessage>
#include <QDBusObjectPath>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QUuid>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr auto portalService = "org.freedesktop.portal.Desktop"_L1;

} // namespace

BackgroundRequest::BackgroundRequest(const QDBusConnection &session, QObject *parent)
    : QObject(parent)
    , m_session(session)
{
    auto *watcher =
        new QDBusServiceWatcher(portalService, m_session, QDBusServiceWatcher::WatchForUnregistration, this);
    connect(watcher, &QDBusServiceWatcher::serviceUnregistered, this, [this] {
        answer(!m_isWanted, tr("The desktop's portal ended before it answered: try it again."));
    });
}

void BackgroundRequest::send(bool isAutostart)
{
    m_isWanted = isAutostart;
    // The request's path is known beforehand, so that an answer cannot come before somebody listens.
    const QString token = u"nettally"_s + QUuid::createUuid().toString(QUuid::Id128);
    const QString sender = m_session.baseService().mid(1).replace(u'.', u'_');
    m_session.connect(portalService, u"/org/freedesktop/portal/desktop/request/%1/%2"_s.arg(sender, token),
                      u"org.freedesktop.portal.Request"_s, u"Response"_s, this,
                      SLOT(onResponse(uint, QVariantMap)));

    QDBusMessage request =
        QDBusMessage::createMethodCall(portalService, u"/org/freedesktop/portal/desktop"_s,
                                       u"org.freedesktop.portal.Background"_s, u"RequestBackground"_s);
    request << QString()
            << QVariantMap{{u"handle_token"_s, token},
                           {u"autostart"_s, isAutostart},
                           {u"reason"_s, tr("Record the traffic from the beginning of the session")},
                           {u"commandline"_s, QStringList{u"nettally"_s, u"--tray"_s}}};
    auto *watcher = new QDBusPendingCallWatcher(m_session.asyncCall(request), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        watcher->deleteLater();
        const QDBusPendingReply<QDBusObjectPath> reply(*watcher);
        if (reply.isError()) {
            answer(!m_isWanted,
                   tr("The desktop's portal did not take the request (%1): install xdg-desktop-portal with "
                      "the part for this desktop.")
                       .arg(reply.error().message()));
        }
    });
}

void BackgroundRequest::onResponse(uint response, const QVariantMap &results)
{
    constexpr uint success = 0;
    if (response == success && results.value(u"autostart"_s).toBool() == m_isWanted)
        answer(m_isWanted, {});
    else if (m_isWanted)
        answer(false,
               tr("The desktop did not allow it: let Nettally run in the background in the desktop's "
                  "settings, then try it again."));
    else
        answer(true, tr("The desktop still starts Nettally: turn it off in the desktop's settings."));
}

void BackgroundRequest::answer(bool isAutostart, const QString &problem)
{
    if (m_isAnswered)
        return;
    m_isAnswered = true;
    Q_EMIT answered(isAutostart, problem);
}

} // namespace Nettally
