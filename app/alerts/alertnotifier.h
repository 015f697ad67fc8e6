// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"

#include <QDBusConnection>
#include <QHash>
#include <QObject>

namespace Nettally {

/**
 * Shows alerts by org.freedesktop.Notifications. One of a rule takes the place of the rule's earlier one.
 * Names that programs chose are shown as they are, never as markup.
 */
class AlertNotifier : public QObject {
    Q_OBJECT

public:
    explicit AlertNotifier(const QDBusConnection &bus, QObject *parent = nullptr);

    /// shown() or failed() follows.
    void show(const AlertEvent &event);

Q_SIGNALS:
    void shown(quint64 number);
    /// No program shows notifications, or it refused.
    void failed(quint64 number);
    /// What the user chose in a notification.
    void openRequested(quint64 number);
    void snoozeRequested();
    void muteRequested(quint64 number);

private Q_SLOTS:
    void onAction(quint32 id, const QString &action);
    void onClosed(quint32 id, quint32 reason);

private:
    void send(const AlertEvent &event, bool hasMarkup);

    struct Shown {
        QString ruleId;
        quint64 number = 0;
    };

    QDBusConnection m_bus;
    QHash<quint32, Shown> m_shown; ///< by the service's id
    QHash<QString, quint32> m_ids; ///< by rule
};

} // namespace Nettally
