// SPDX-License-Identifier: MIT
#pragma once

#include <QDBusConnection>
#include <QMap>
#include <QObject>
#include <QTimer>

#include <optional>

namespace Nettally {

/// What NetworkManager knows of the interface of a connection.
struct NetworkName {
    QString connection; ///< as its user called it
    std::optional<bool> isMetered; ///< none: not known
    bool operator==(const NetworkName &) const = default;
};

/// The names of the connections that are up, by interface, from NetworkManager; empty where it does not run.
class NetworkNames : public QObject {
    Q_OBJECT

public:
    explicit NetworkNames(const QDBusConnection &bus, QObject *parent = nullptr);

    void start();
    const QMap<QString, NetworkName> &names() const { return m_names; }

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void refreshSoon();

private:
    void refresh();
    void askConnection(const QString &path);
    void askDevice(const QString &path, const QString &connection);
    template <typename Handle>
    void askAll(const QString &path, const QString &interface, Handle handle);
    void finishOne();

    QDBusConnection m_bus;
    QMap<QString, NetworkName> m_names;
    QMap<QString, NetworkName> m_next; ///< being gathered
    int m_open = 0; ///< questions not answered
    quint64 m_round = 0;
    QTimer m_soon;
};

} // namespace Nettally
