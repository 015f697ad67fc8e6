// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QDBusConnection>
#include <QObject>

#include <memory>

class OrgNettallyMonitor1Interface;
class QDBusServiceWatcher;
class QTimer;

namespace Nettally {

/**
 * The helper as the app sees it; the only user of the D-Bus proxy. One subscription.
 *
 * Finds the helper (starting it by bus activation where that is installed), subscribes, puts the
 * parts of a push together, acknowledges it, and does it all again when the helper comes back. Lives
 * in the thread that made it and never blocks it.
 */
class MonitorClient : public QObject
{
    Q_OBJECT

public:
    enum class State {
        Stopped,
        Connecting, ///< waiting for the bus, the helper or polkit
        Live,
        BusUnavailable, ///< no system bus
        HelperMissing, ///< not running and not activatable, or it did not start
        Denied, ///< polkit refused even the own scope, or the bus policy refused the call
        AuthorityUnavailable, ///< the helper could not ask polkit
        Incompatible, ///< the helper speaks another version of the contract
    };
    Q_ENUM(State)

    struct Request {
        quint32 intervalMs = 1000;
        Scope scope = Scope::Own;
        Detail detail = Detail::Connection;
        bool interactive = false; ///< polkit may ask for a password
    };

    explicit MonitorClient(const QDBusConnection &bus, QObject *parent = nullptr);
    ~MonitorClient() override;

    /// Connects and subscribes; also changes a running subscription (a mere change of interval is seamless,
    /// anything else subscribes anew, so the next update is a snapshot).
    void start(const Request &request);
    void stop();

    State state() const { return m_state; }
    /// What is wrong and what to do next, one sentence for people; empty when nothing is.
    QString problem() const { return m_problem; }
    Scope grantedScope() const { return m_grantedScope; }
    /// Why less than the scope asked for was granted; empty when nothing is missing.
    QString scopeNote() const { return m_scopeNote; }

    /// Asks for the helper's status; statusReceived follows if it can be had.
    void requestStatus();

Q_SIGNALS:
    void stateChanged();
    void updateReceived(const Nettally::UsageUpdate &update);
    void statusReceived(const Nettally::HelperStatus &status);
};

} // namespace Nettally
