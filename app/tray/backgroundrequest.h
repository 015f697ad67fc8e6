// SPDX-License-Identifier: MIT
#pragma once

#include <QDBusConnection>
#include <QObject>
#include <QString>
#include <QVariantMap>

namespace Nettally {

/// Asks the desktop, through org.freedesktop.portal.Background, to start Nettally in the tray with each
/// session, or no longer: the way out of a sandbox. The desktop may ask the user, who may take any time. One
/// question each.
class BackgroundRequest : public QObject {
    Q_OBJECT

public:
    /// @p session is the bus that the portal is on.
    explicit BackgroundRequest(const QDBusConnection &session, QObject *parent = nullptr);

    /// @p isAutostart is what is asked for. answered() comes later, once.
    void send(bool isAutostart);

Q_SIGNALS:
    /// @p isAutostart is what the desktop does from now on, as far as it said; @p problem is one sentence for
    /// people, empty when that is what was asked for.
    void answered(bool isAutostart, const QString &problem);

private Q_SLOTS:
    void onResponse(uint response, const QVariantMap &results);

private:
    void answer(bool isAutostart, const QString &problem);

    QDBusConnection m_session;
    bool m_isWanted = false;
    bool m_isAnswered = false;
};

} // namespace Nettally
