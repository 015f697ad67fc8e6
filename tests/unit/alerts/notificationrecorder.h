// SPDX-License-Identifier: MIT
#pragma once

#include <QDBusConnection>
#include <QDBusMessage>
#include <QObject>
#include <QVariantMap>

namespace Nettally::Test {

/// A service of notifications that shows none and remembers all.
class NotificationRecorder : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

public:
    struct Call {
        quint32 id = 0;
        quint32 replaces = 0;
        QString title;
        QString text;
        QStringList actions;
        QVariantMap hints;
    };
    QList<Call> calls;
    bool hasMarkup = true;

    explicit NotificationRecorder(const QDBusConnection &bus)
        : m_bus(bus)
    {
    }
    bool start()
    {
        return m_bus.registerObject(path(), this,
                                    QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllSignals)
            && m_bus.registerService(service());
    }
    void stop()
    {
        m_bus.unregisterService(service());
        m_bus.unregisterObject(path());
    }

public Q_SLOTS:
    QStringList GetCapabilities() const
    {
        return hasMarkup ? QStringList{QStringLiteral("actions"), QStringLiteral("body-markup")}
                         : QStringList{QStringLiteral("actions")};
    }
    quint32 Notify(const QString &, quint32 replaces, const QString &, const QString &title,
                   const QString &text, const QStringList &actions, const QVariantMap &hints, int)
    {
        const quint32 id = replaces != 0 ? replaces : ++m_lastId;
        calls.append({id, replaces, title, text, actions, hints});
        return id;
    }

Q_SIGNALS:
    void ActionInvoked(quint32 id, const QString &action);
    void NotificationClosed(quint32 id, quint32 reason);

private:
    static QString service() { return QStringLiteral("org.freedesktop.Notifications"); }
    static QString path() { return QStringLiteral("/org/freedesktop/Notifications"); }

    QDBusConnection m_bus;
    quint32 m_lastId = 40;
};

} // namespace Nettally::Test
