// SPDX-License-Identifier: MIT
#pragma once

#include "wiretypes.h"

#include <QDBusConnection>
#include <QDBusMessage>
#include <QObject>

namespace Nettally {

/// The answer; the event loop runs meanwhile, as the service may live in this process. (QDBus::BlockWithGui
/// never returns when the answer comes before it listens.)
QDBusMessage callThrough(const QDBusConnection &bus, const QDBusMessage &message);

/// A caller of the bare interface, that can do what MonitorClient never would.
class RawSubscriber : public QObject {
    Q_OBJECT

public:
    struct Part {
        uint subscription = 0;
        quint64 sequence = 0;
        quint64 timeNs = 0;
        uint part = 0;
        bool isLast = false;
        QList<Wire::Program> programs;
        QList<Wire::Remote> remotes;
        QList<Wire::Row> rows;
        QList<uint> endedProgramIds;
    };

    explicit RawSubscriber(const QDBusConnection &bus);
    ~RawSubscriber() override;

    QDBusMessage call(const QString &member, const QVariantList &arguments = {}) const;
    QDBusMessage subscribe(uint intervalMs, const QString &scope = QStringLiteral("own"),
                           const QString &detail = QStringLiteral("connection")) const;
    void setAcknowledging(bool acknowledges) { m_acknowledges = acknowledges; }
    /// Whether parts() grows; pushCount() does anyway.
    void setKeeping(bool keeps) { m_keeps = keeps; }
    /// Leaves the bus.
    void vanish();

    const QDBusConnection &bus() const { return m_bus; }
    const QList<Part> &parts() const { return m_parts; }
    int pushCount() const { return m_pushCount; }
    const QStringList &endReasons() const { return m_endReasons; }

private Q_SLOTS:
    void onDeltas(const QDBusMessage &message);
    void onEnded(const QDBusMessage &message);

private:
    QDBusConnection m_bus;
    QList<Part> m_parts;
    QStringList m_endReasons;
    int m_pushCount = 0;
    bool m_acknowledges = true;
    bool m_keeps = true;
};

} // namespace Nettally
