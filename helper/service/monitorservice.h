// SPDX-License-Identifier: MIT
#pragma once

#include "answerbook.h"
#include "authorizer.h"
#include "connectionbook.h"
#include "ledger.h"
#include "usagesource.h"
#include "wiretypes.h"

#include <QDBusConnection>
#include <QDBusContext>
#include <QDBusMessage>
#include <QDBusServiceWatcher>
#include <QElapsedTimer>
#include <QHash>
#include <QObject>
#include <QSet>
#include <QTimer>

#include <map>

namespace Nettally {

class Recorder;
class Subscription;

/**
 * org.nettally.Monitor1 on the bus: who may see what, and pushes to each subscriber alone.
 *
 * Callers are not trusted: every argument is checked here, a caller is who the bus says it is, and
 * what a caller can make this object hold is bounded by Limits. Nothing runs while nobody subscribes.
 * Used from one thread, never blocks after publish().
 */
class MonitorService : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_PROPERTY(uint Version READ interfaceVersion CONSTANT)
    Q_PROPERTY(QString Instance READ instance CONSTANT)

public:
    struct Limits {
        // Subscriptions, those still being granted included, and those ended with pushes unacknowledged.
        int perConnection = 8;
        int perUser = 64;
        int inAll = 256;
        int rowsPerMessage = Wire::maxRowsPerMessage;
        int programsPerMessage = Wire::maxProgramsPerMessage;
        /// Of an answer of ReadJournal: names of control groups can be long.
        qint64 journalBytesPerMessage = 2 << 20;
        int connectionsRead = 200000; ///< of the kernel at a time; a hundred bytes each
        /// About as much in pushes to one user may be unacknowledged, and one push more: what its callers
        /// leave unread counts against the helper in the bus daemon, which reads no more of it at 127 MiB.
        qint64 unacknowledgedBytesPerUser = 16 << 20;
        int acknowledgeMs = 120000; ///< a subscriber that acknowledges nothing for this long is dropped
        int idleExitMs = 0; ///< idle() after this long without a subscription; 0: never
    };

    /// @p source and @p authorizer must outlive the service.
    MonitorService(const QDBusConnection &bus, UsageSource &source, Authorizer &authorizer,
                   const Limits &limits, QObject *parent = nullptr);
    ~MonitorService() override;

    /// Has it fed with every reading, and its journal told. Before publish(); it must outlive the service.
    void setRecorder(Recorder &recorder);

    /// Appears on the bus. An empty string, or in one sentence why not.
    QString publish();

    uint interfaceVersion() const { return Wire::interfaceVersion; }
    const QString &instance() const { return m_instance; }

    // The members of org.nettally.Monitor1, called by the generated adaptor and named as it wants them.
    uint Subscribe(uint intervalMs, const QString &scope, const QString &detail, bool interactive,
                   QString &grantedScope, QString &note, QString &instance);
    void SetInterval(uint subscription, uint intervalMs);
    void Acknowledge(uint subscription, qulonglong sequence);
    void Unsubscribe(uint subscription);
    Wire::StringMap Status(QList<Wire::Probe> &probes, Wire::CountMap &losses, Wire::CountMap &usage,
                           QList<Wire::Interface> &interfaces);
    qulonglong Balance(QList<Wire::InterfaceBalance> &interfaces, qulonglong &rxMachineBytes,
                       qulonglong &txMachineBytes);
    qulonglong Audit(uint subscription, uint seconds, qulonglong &endNs,
                     QList<Wire::InterfaceBalance> &interfaces);
    qulonglong Connections(uint subscription, qulonglong after, uint limit, qulonglong &timeNs, bool &more,
                           bool &cut, QList<Wire::Program> &programs, QList<Wire::Connection> &connections);
    void WatchNames(uint subscription, bool on);
    qulonglong ReadJournal(uint subscription, const QByteArray &journal, qulonglong after, uint limit,
                           QByteArray &journalRead, bool &restarted, bool &more, qulonglong &last,
                           QList<Wire::JournalProgram> &programs, QList<Wire::JournalFlow> &flows,
                           QList<Wire::JournalGap> &notMeasured, QList<Wire::JournalInterface> &interfaces);

Q_SIGNALS:
    /// Nobody subscribed for Limits::idleExitMs.
    void idle();
    /// The bus is gone; the service cannot be reached any more.
    void busLost();

private Q_SLOTS:
    void onBusDisconnected() { Q_EMIT busLost(); }

private:
    /// A Subscribe call that waits for the bus to name the user, then for polkit. Counts against the
    /// limits until both have answered, even if the caller leaves: else callers that come and go could
    /// heap up questions to polkit.
    struct Request {
        QDBusMessage call;
        quint32 intervalMs = 0;
        bool wantsAll = false;
        LedgerDetail detail = LedgerDetail::Connection;
        bool interactive = false;
        std::optional<quint32> uid; ///< once the bus named it
        QString note; ///< why not all that was asked for is granted
    };

    int countOfCaller(const QString &caller) const;
    int countOfUser(quint32 uid) const;
    int countOfLive() const;
    qint64 unacknowledgedBytesOf(quint32 uid) const;
    void onUserKnown(quint32 id, quint32 uid);
    void ask(quint32 id, const char *action);
    void onVerdict(quint32 id, bool forAll, Verdict verdict);
    void grant(quint32 id, bool all);
    void refuse(quint32 id, const QString &error, const QString &sentence);

    /// An audit that runs: what was read at its begin, and who asked.
    struct RunningAudit {
        QDBusMessage call;
        quint64 beginNs = 0;
        QList<InterfaceAccount> accounts;
        QList<AuditCounters> counters;
    };
    void finishAudit();

    /// Null, and the caller is told, unless it is the caller's.
    Subscription *subscriptionOfCaller(uint id, bool evenEnded = false);
    void push(Subscription &subscription);
    void onStalled(Subscription &subscription);
    void end(Subscription &subscription);
    void forget(Subscription &subscription);
    void onCallerVanished(const QString &caller);
    void unwatchIfUnused(const QString &caller);
    void updateIdleTimer();
    void readSource();
    /// Who carries the tunnels, now and then.
    void readTunnels();
    /// With its carriers as @p caller may know them.
    Wire::InterfaceBalance describe(const InterfaceCounters &counters, const QString &caller) const;
    bool maySee(const QString &caller, const Process &process) const;
    /// As readSource(), unless the last reading is young enough.
    void readSourceForStatus();
    /// As readSource(), with the audit's counters of the same moment.
    QList<AuditCounters> readSourceForAudit();
    void readConnections();
    void readNames();
    void sendNames(Subscription &subscription);
    /// Once nobody watches names any more, nothing is copied and nothing kept.
    void updateNaming();

    QDBusConnection m_bus;
    UsageSource &m_source;
    Authorizer &m_authorizer;
    Recorder *m_recorder = nullptr; ///< null: no journal is kept
    Limits m_limits;
    QString m_instance;
    Ledger m_ledger;
    quint64 m_readingTimeNs = 0; ///< CLOCK_BOOTTIME of the last reading
    QElapsedTimer m_sinceReading;
    QElapsedTimer m_uptime;
    QElapsedTimer m_sinceTunnels; ///< invalid: they are to be read with the next reading
    QSet<quint32> m_tunnelInterfaces; ///< as of the last reading of the interfaces
    quint32 m_lastId = 0; ///< of requests, and of the subscriptions they become
    std::map<quint32, Request> m_requests;
    std::map<quint32, Subscription *> m_subscriptions; ///< children; the ended ones too
    std::optional<RunningAudit> m_audit;
    QDBusServiceWatcher m_callers;
    QTimer m_idleTimer;
    ConnectionBook m_connections;
    AnswerBook m_answers;
    QTimer m_namesTimer; ///< runs while somebody watches names
    QTimer m_connectionsTimer; ///< the reading is let go when nobody asks any more
};

} // namespace Nettally
