// SPDX-License-Identifier: MIT
#pragma once

#include "connection.h"
#include "journalpart.h"
#include "nameanswer.h"
#include "usage.h"

#include <QDBusConnection>
#include <QDBusError>
#include <QDBusMessage>
#include <QObject>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

class OrgNettallyMonitor1Interface;
class QDBusServiceWatcher;
class QTimer;

namespace Nettally {

class PushAssembler;
struct PushPart;

/**
 * The helper as the app sees it; the only user of the D-Bus proxy. One subscription.
 *
 * Finds the helper (starting it by bus activation where that is installed), subscribes, puts the
 * parts of a push together, acknowledges it, and does it all again when the helper comes back. Pushes of
 * a subscription it gave up are acknowledged too, else the helper would count them as unread for as long
 * as the bus connection lasts; only a client that is destroyed leaves some. Lives in the thread that made
 * it and never blocks it.
 */
class MonitorClient : public QObject {
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
    /// Asks for the books of the interfaces; balanceReceived follows if they can be had. The programs that
    /// carry tunnels have no names before the subscription stands.
    void requestBalance();
    /// Has the helper watch the interfaces for @p seconds (1 to 60); auditReceived or auditFailed follows.
    /// Only while Live.
    void requestAudit(quint32 seconds);
    /// Asks for the TCP connections within the granted scope; connectionsReceived or connectionsFailed
    /// follows once the subscription stands. While an answer is under way it is the answer to this question
    /// too.
    void requestConnections();
    /// Has the helper send what name servers answer, in this subscription and all that follow;
    /// namesWatched follows each, then namesReceived from time to time.
    void setNamesWanted(bool wanted);
    /// Asks for what the helper's journal has after @p cursor, or from its beginning; journalReceived or
    /// journalFailed follows, unless the subscription ends before. Only while Live, one question at a time.
    void requestJournal(const std::optional<HistoryCursor> &cursor);

Q_SIGNALS:
    void stateChanged();
    void updateReceived(const Nettally::UsageUpdate &update);
    void statusReceived(const Nettally::HelperStatus &status);
    /// What the interfaces counted meanwhile, the unseen part named.
    void auditReceived(const QList<Nettally::InterfaceBalance> &interfaces);
    /// @p problem is a sentence for people.
    void auditFailed(const QString &problem);
    /// @p timeNs is the CLOCK_BOOTTIME of the reading.
    void balanceReceived(quint64 timeNs, const QList<Nettally::InterfaceBalance> &interfaces,
                         const Nettally::MachineBytes &machine);
    void connectionsReceived(const Nettally::ConnectionList &connections);
    /// @p problem says in a sentence why there are none.
    void connectionsFailed(const QString &problem);
    /// What the helper still knew has been received. @p problem says in a sentence why there are no names;
    /// empty: there are.
    void namesWatched(const QString &problem);
    void namesReceived(const QList<Nettally::NameAnswer> &answers);
    void journalReceived(const Nettally::JournalPart &part);
    /// @p isKept: there is a journal, but it could not be read now. @p problem says so in a sentence.
    void journalFailed(bool isKept, const QString &problem);

private Q_SLOTS:
    void onBusDisconnected();
    void onUsageDeltas(const QDBusMessage &message);
    void onNameAnswers(const QDBusMessage &message);

private:
    /// Of which helper process, by its unique name.
    struct SubscriptionId {
        QString owner;
        quint32 id = 0;
        bool operator==(const SubscriptionId &) const = default;
    };
    struct EarlyPart;

    void setState(State state, const QString &problem = {});
    /// Finds the helper, starting it if need be, and subscribes. What was under way is of no more use.
    void connectToHelper();
    void findOwner(const QVariantMap &properties);
    void onHelperFound(const QString &owner, const QVariantMap &properties);
    void onHelperOwnerChanged(const QString &newOwner);
    void subscribe();
    void onSubscribed(quint32 subscription, const QString &grantedScope, const QString &note,
                      const QString &instance);
    void onPushPart(const PushPart &part);
    void acknowledge(const SubscriptionId &subscription, quint64 sequence);
    void watchNames();
    void askForConnections(quint64 afterCookie);
    void onConnectionsFailed(const QDBusError &error);
    void onJournalFailed(const QDBusError &error);
    void onSilence();
    void onCallFailed(const QDBusError &error);
    /// Gives up what there is with the helper and begins again later.
    void startOver(State state, const QString &problem, int retryMs);
    void dropSubscription();
    /// Takes out those of one subscription.
    std::vector<EarlyPart> takeEarlyParts(const SubscriptionId &subscription);
    void unsubscribe(const SubscriptionId &subscription);
    void restartSilenceTimer();

    QDBusConnection m_bus;
    QDBusServiceWatcher *m_watcher;
    QTimer *m_retryTimer;
    QTimer *m_silenceTimer; ///< runs while Live; a helper that hangs sends nothing

    Request m_request;
    State m_state = State::Stopped;
    QString m_problem;
    Scope m_grantedScope = Scope::Own;
    QString m_scopeNote;
    bool m_isStatusWanted = false;
    bool m_isBalanceWanted = false;
    bool m_areNamesWanted = false;
    bool m_areConnectionsWanted = false;
    bool m_areConnectionsUnderWay = false; ///< of the present subscription
    ConnectionList m_connections; ///< the answers so far
    bool m_isJournalUnderWay = false; ///< of the present subscription

    /// Raised with every attempt; answers to calls of an earlier one are late.
    quint32 m_attempt = 0;
    /// On the helper's unique name: that one process, and nobody who takes the name after it.
    std::unique_ptr<OrgNettallyMonitor1Interface> m_helper;
    quint32 m_subscription = 0; ///< 0: none
    QString m_instance;
    std::unique_ptr<PushAssembler> m_assembler; ///< of this subscription
    /// Whom a Subscribe is under way to, once for each.
    QStringList m_askedOwners;
    /// What came while the answer to Subscribe was under way, with the subscription it is for.
    std::vector<EarlyPart> m_earlyParts;
    /// Given up, and their pushes acknowledged until the helper has answered, after which none come.
    QList<SubscriptionId> m_leaving;
};

} // namespace Nettally
