// SPDX-License-Identifier: MIT
#pragma once

#include "alertengine.h"
#include "alerthooks.h"
#include "alertnotifier.h"
#include "networknames.h"

#include <QObject>

namespace Nettally {

/// The alerts, whole: what fires is recorded, shown, and acted upon; what the user chooses in a notification
/// is done.
class AlertService : public QObject {
    Q_OBJECT

public:
    /// @p session: where notifications are shown; @p system: where NetworkManager is.
    AlertService(const QString &folder, const QDBusConnection &session, const QDBusConnection &system,
                 QObject *parent = nullptr);

    AlertEngine &engine() { return m_engine; }
    const NetworkNames &networks() const { return m_networks; }
    AlertHooks &hooks() { return m_hooks; }
    void start(const AlertEngine::Source &source);

Q_SIGNALS:
    /// The user wants to see what was told.
    void openRequested(quint64 number);

private:
    void act(const AlertEvent &event, const AlertAction &action);

    AlertEngine m_engine;
    AlertNotifier m_notifier;
    AlertHooks m_hooks;
    NetworkNames m_networks;
};

} // namespace Nettally
