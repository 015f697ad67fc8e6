// SPDX-License-Identifier: MIT
#include "monitorclient.h"

#include "journalreply.h"
#include "monitor1interface.h"
#include "pushassembler.h"

#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusServiceWatcher>
#include <QTimer>

#include <algorithm>
#include <iterator>
#include <limits>

namespace Nettally {

namespace {

constexpr int soonMs = 1000; ///< after a loss: a helper that dies at once is not started in a tight loop
constexpr int laterMs = 10000; ///< while something is missing that people have to put right
constexpr int findTimeoutMs = 30000; ///< the helper may have to start and load its probes
constexpr int callTimeoutMs = 10000;
constexpr int passwordTimeoutMs = 600000; ///< someone may be typing one
constexpr int noTimeout = std::numeric_limits<int>::max(); ///< the bus answers when the helper is gone
constexpr int minSilenceMs = 5000;
constexpr size_t maxEarlyParts = 64;
constexpr char namesSignature[] = "utta(uttyuyay)";
/// About half a megabyte, some ten milliseconds of the helper's.
constexpr uint journalRecordsAtATime = 4000;
constexpr char pushSignature[] = "uttuba(uutssutuuy)a(uay)a(uuuqyyuttuttttttty)au";

QString serviceName()
{
    return QLatin1String(Wire::serviceName);
}

QString scopeName(Scope scope)
{
    return scope == Scope::All ? QStringLiteral("all") : QStringLiteral("own");
}

QString detailName(Detail detail)
{
    switch (detail) {
    case Detail::Program:
        return QStringLiteral("program");
    case Detail::Remote:
        return QStringLiteral("remote");
    case Detail::Connection:
        break;
    }
    return QStringLiteral("connection");
}

QDBusMessage helperCall(const QString &owner, const QString &interface, const QString &member)
{
    return QDBusMessage::createMethodCall(owner, QLatin1String(Wire::objectPath), interface, member);
}

QList<InterfaceBalance> toBalances(const QList<Wire::InterfaceBalance> &balances)
{
    QList<InterfaceBalance> interfaces;
    for (const Wire::InterfaceBalance &balance : balances) {
        InterfaceBalance told;
        told.index = balance.index;
        told.name = balance.name;
        told.kind = balance.kind;
        told.isTunnel = balance.isTunnel;
        told.lowerIndex = balance.lowerIndex;
        for (const Wire::TunnelCarrier &carrier : balance.carriers)
            told.carriers.append({carrier.pid, carrier.name});
        told.sinceNs = balance.sinceNs;
        told.rxBytes = balance.rxBytes;
        told.txBytes = balance.txBytes;
        told.rxPackets = balance.rxPackets;
        told.txPackets = balance.txPackets;
        for (const Wire::BalanceLine &line : balance.lines)
            told.lines.append({line.name, line.rxBytes, line.txBytes});
        interfaces.append(told);
    }
    return interfaces;
}

HelperStatus toStatus(const QDBusPendingReply<Wire::StringMap, QList<Wire::Probe>, Wire::CountMap,
                                              Wire::CountMap, QList<Wire::Interface>> &reply)
{
    HelperStatus status;
    status.info = reply.argumentAt<0>();
    for (const Wire::Probe &probe : reply.argumentAt<1>())
        status.probes.append({probe.purpose, probe.mechanism, probe.active, probe.note});
    status.losses = reply.argumentAt<2>();
    status.usage = reply.argumentAt<3>();
    for (const Wire::Interface &interface : reply.argumentAt<4>()) {
        status.interfaces.append({interface.index, interface.name, interface.rxBytes, interface.txBytes,
                                  interface.rxPackets, interface.txPackets, interface.isLoopback,
                                  interface.isUp});
    }
    return status;
}

Program toProgram(const Wire::Program &program)
{
    return {program.id,         program.pid,
            program.startNs,    program.name,
            program.executable, program.uid,
            program.cgroupId,   program.pidNs,
            program.netNs,      ProgramKind(std::min(program.kind, quint8(ProgramKind::Kernel)))};
}

Connection toConnection(const Wire::Connection &wire)
{
    Connection connection;
    connection.cookie = wire.cookie;
    connection.programId = wire.program;
    connection.state = wire.state <= quint8(TcpState::Closing) ? TcpState(wire.state) : TcpState::Unknown;
    connection.direction =
        wire.direction <= quint8(Direction::Incoming) ? Direction(wire.direction) : Direction::Unknown;
    connection.servicePort = wire.servicePort;
    connection.local = Address::fromBytes(wire.local);
    connection.remote = Address::fromBytes(wire.remote);
    connection.localPort = wire.localPort;
    connection.remotePort = wire.remotePort;
    if (wire.openedNs != 0)
        connection.openedNs = wire.openedNs;
    if (!wire.isMeasured)
        return connection;
    ConnectionFigures figures;
    figures.rxBytes = wire.rxBytes;
    figures.txBytes = wire.txBytes;
    figures.retransmittedBytes = wire.retransmittedBytes;
    figures.retransmits = wire.retransmits;
    figures.congestionWindow = wire.congestionWindow;
    if (wire.roundTripUs != 0) {
        figures.roundTripUs = wire.roundTripUs;
        figures.roundTripVariationUs = wire.roundTripVariationUs;
    }
    if (wire.leastRoundTripUs != 0)
        figures.leastRoundTripUs = wire.leastRoundTripUs;
    connection.figures = figures;
    return connection;
}

} // namespace

struct MonitorClient::EarlyPart {
    SubscriptionId subscription;
    PushPart part;
};

MonitorClient::MonitorClient(const QDBusConnection &bus, QObject *parent)
    : QObject(parent)
    , m_bus(bus)
    , m_watcher(new QDBusServiceWatcher(this))
    , m_retryTimer(new QTimer(this))
    , m_silenceTimer(new QTimer(this))
{
    Wire::registerTypes();
    qRegisterMetaType<UsageUpdate>();

    m_retryTimer->setSingleShot(true);
    connect(m_retryTimer, &QTimer::timeout, this, &MonitorClient::connectToHelper);
    m_silenceTimer->setSingleShot(true);
    connect(m_silenceTimer, &QTimer::timeout, this, &MonitorClient::onSilence);

    if (!m_bus.isConnected())
        return;
    m_watcher->setConnection(m_bus);
    m_watcher->setWatchMode(QDBusServiceWatcher::WatchForOwnerChange);
    m_watcher->addWatchedService(serviceName());
    connect(m_watcher, &QDBusServiceWatcher::serviceOwnerChanged, this,
            [this](const QString &, const QString &, const QString &newOwner) {
                onHelperOwnerChanged(newOwner);
            });
    m_bus.connect(QString(), QStringLiteral("/org/freedesktop/DBus/Local"),
                  QStringLiteral("org.freedesktop.DBus.Local"), QStringLiteral("Disconnected"), this,
                  SLOT(onBusDisconnected()));
    // Not through the proxy, which goes when its helper is given up: pushes may be under way then.
    m_bus.connect(QString(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
                  QStringLiteral("UsageDeltas"), this, SLOT(onUsageDeltas(QDBusMessage)));
    m_bus.connect(QString(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
                  QStringLiteral("NameAnswers"), this, SLOT(onNameAnswers(QDBusMessage)));
}

MonitorClient::~MonitorClient()
{
    dropSubscription();
}

void MonitorClient::start(const Request &request)
{
    const Request before = std::exchange(m_request, request);
    const bool isMoreWanted = request.interactive && m_grantedScope != request.scope;
    if (m_state == State::Live && before.scope == request.scope && before.detail == request.detail
        && !isMoreWanted) {
        if (before.intervalMs == request.intervalMs)
            return;
        auto *watcher =
            new QDBusPendingCallWatcher(m_helper->SetInterval(m_subscription, request.intervalMs), this);
        connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, attempt = m_attempt] {
            watcher->deleteLater();
            if (watcher->isError() && attempt == m_attempt)
                onCallFailed(watcher->error());
        });
        restartSilenceTimer();
        return;
    }
    dropSubscription();
    setState(State::Connecting);
    connectToHelper();
}

void MonitorClient::stop()
{
    dropSubscription();
    m_helper.reset();
    ++m_attempt;
    m_retryTimer->stop();
    m_isStatusWanted = false;
    m_areConnectionsWanted = false;
    setState(State::Stopped);
}

void MonitorClient::setState(State state, const QString &problem)
{
    if (m_state == state && m_problem == problem)
        return;
    m_state = state;
    m_problem = problem;
    Q_EMIT stateChanged();
}

// --- Finding the helper and subscribing.

void MonitorClient::connectToHelper()
{
    dropSubscription();
    m_helper.reset();
    m_retryTimer->stop();
    const quint32 attempt = ++m_attempt;
    if (!m_bus.isConnected()) {
        onBusDisconnected();
        return;
    }
    // To the well-known name, which starts the helper where it can be.
    QDBusMessage question = helperCall(serviceName(), QStringLiteral("org.freedesktop.DBus.Properties"),
                                       QStringLiteral("GetAll"));
    question << QLatin1String(Wire::interfaceName);
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(question, findTimeoutMs), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, attempt] {
        watcher->deleteLater();
        if (attempt != m_attempt)
            return;
        const QDBusPendingReply<QVariantMap> reply = *watcher;
        if (reply.isError())
            onCallFailed(reply.error());
        else
            findOwner(reply.value());
    });
}

void MonitorClient::findOwner(const QVariantMap &properties)
{
    // Asked of the bus, because Qt 6.8 leaves the sender out of a reply.
    QDBusMessage question = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("/org/freedesktop/DBus"),
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("GetNameOwner"));
    question << serviceName();
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(question, callTimeoutMs), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this,
            [this, watcher, properties, attempt = m_attempt] {
                watcher->deleteLater();
                if (attempt != m_attempt)
                    return;
                const QDBusPendingReply<QString> owner = *watcher;
                if (owner.isError())
                    startOver(State::Connecting, tr("The helper stopped: it is started again."), soonMs);
                else
                    onHelperFound(owner.value(), properties);
            });
}

void MonitorClient::onHelperFound(const QString &owner, const QVariantMap &properties)
{
    const uint version = properties.value(QStringLiteral("Version")).toUInt();
    if (version != Wire::interfaceVersion) {
        // It may be replaced by a fitting one: onHelperOwnerChanged() sees that.
        setState(State::Incompatible,
                 version > Wire::interfaceVersion
                     ? tr("The helper is newer than this program (interface %1, here %2): update Nettally.")
                           .arg(version)
                           .arg(Wire::interfaceVersion)
                     : tr("The helper is older than this program (interface %1, here %2): update "
                          "nettally-helper.")
                           .arg(version)
                           .arg(Wire::interfaceVersion));
        return;
    }
    m_helper = std::make_unique<OrgNettallyMonitor1Interface>(owner, QLatin1String(Wire::objectPath), m_bus,
                                                              nullptr);
    connect(m_helper.get(), &OrgNettallyMonitor1Interface::SubscriptionEnded, this,
            [this](uint subscription, const QString &reason) {
                if (subscription != 0 && subscription == m_subscription) {
                    m_subscription = 0;
                    startOver(State::Connecting, tr("The helper ended the subscription: %1").arg(reason),
                              soonMs);
                }
            });
    if (m_isStatusWanted)
        requestStatus();
    if (m_isBalanceWanted)
        requestBalance();
    subscribe();
}

void MonitorClient::subscribe()
{
    // Who chose the scope is asked for a password once, not again whenever the helper restarts.
    const bool interactive = std::exchange(m_request.interactive, false);
    m_helper->setTimeout(interactive ? passwordTimeoutMs : callTimeoutMs);
    auto *watcher =
        new QDBusPendingCallWatcher(m_helper->Subscribe(m_request.intervalMs, scopeName(m_request.scope),
                                                        detailName(m_request.detail), interactive),
                                    this);
    m_helper->setTimeout(callTimeoutMs);
    m_askedOwners.append(m_helper->service());
    connect(watcher, &QDBusPendingCallWatcher::finished, this,
            [this, watcher, attempt = m_attempt, owner = m_helper->service()] {
                watcher->deleteLater();
                m_askedOwners.removeOne(owner);
                const QDBusPendingReply<uint, QString, QString, QString> reply = *watcher;
                if (attempt != m_attempt) {
                    if (!reply.isError())
                        unsubscribe({owner, reply.argumentAt<0>()}); // no longer wanted
                } else if (reply.isError()) {
                    onCallFailed(reply.error());
                } else {
                    onSubscribed(reply.argumentAt<0>(), reply.argumentAt<1>(), reply.argumentAt<2>(),
                                 reply.argumentAt<3>());
                }
                if (m_askedOwners.isEmpty())
                    m_earlyParts.clear();
            });
}

void MonitorClient::onSubscribed(quint32 subscription, const QString &grantedScope, const QString &note,
                                 const QString &instance)
{
    m_subscription = subscription;
    m_grantedScope = grantedScope == scopeName(Scope::All) ? Scope::All : Scope::Own;
    m_scopeNote = note;
    m_instance = instance;
    m_assembler = std::make_unique<PushAssembler>();
    restartSilenceTimer();
    if (m_areNamesWanted)
        watchNames();
    if (m_areConnectionsWanted)
        requestConnections();
    setState(State::Live);
    for (const auto &[from, part] : takeEarlyParts({m_helper->service(), subscription})) {
        if (m_subscription == subscription) // a receiver of the one before may have ended it
            onPushPart(part);
        else if (part.isLast)
            acknowledge(from, part.sequence);
    }
}

std::vector<MonitorClient::EarlyPart> MonitorClient::takeEarlyParts(const SubscriptionId &subscription)
{
    const auto wanted =
        std::stable_partition(m_earlyParts.begin(), m_earlyParts.end(),
                              [&](const EarlyPart &early) { return early.subscription != subscription; });
    std::vector<EarlyPart> taken(std::make_move_iterator(wanted),
                                 std::make_move_iterator(m_earlyParts.end()));
    m_earlyParts.erase(wanted, m_earlyParts.end());
    return taken;
}

void MonitorClient::dropSubscription()
{
    if (m_helper && m_subscription != 0)
        unsubscribe({m_helper->service(), m_subscription});
    m_subscription = 0;
    m_areConnectionsUnderWay = false;
    m_isJournalUnderWay = false;
    m_assembler.reset();
    m_silenceTimer->stop();
}

void MonitorClient::unsubscribe(const SubscriptionId &subscription)
{
    for (const EarlyPart &early : takeEarlyParts(subscription)) {
        if (early.part.isLast)
            acknowledge(subscription, early.part.sequence);
    }
    QDBusMessage call =
        helperCall(subscription.owner, QLatin1String(Wire::interfaceName), QStringLiteral("Unsubscribe"));
    call.setAutoStartService(false);
    call << subscription.id;
    m_leaving.append(subscription);
    // About a refusal there is nothing to do.
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(call, noTimeout), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, subscription] {
        watcher->deleteLater();
        m_leaving.removeOne(subscription);
    });
}

void MonitorClient::acknowledge(const SubscriptionId &subscription, quint64 sequence)
{
    QDBusMessage call =
        helperCall(subscription.owner, QLatin1String(Wire::interfaceName), QStringLiteral("Acknowledge"));
    call.setAutoStartService(false);
    call << subscription.id << sequence;
    m_bus.send(call);
}

// --- Subscribed.

void MonitorClient::onUsageDeltas(const QDBusMessage &message)
{
    if (message.signature() != QLatin1String(pushSignature))
        return;
    const QVariantList arguments = message.arguments();
    const auto part = [&arguments] {
        return PushPart{arguments[1].toULongLong(),
                        arguments[2].toULongLong(),
                        arguments[3].toUInt(),
                        arguments[4].toBool(),
                        qdbus_cast<QList<Wire::Program>>(arguments[5]),
                        qdbus_cast<QList<Wire::Remote>>(arguments[6]),
                        qdbus_cast<QList<Wire::Row>>(arguments[7]),
                        qdbus_cast<QList<uint>>(arguments[8])};
    };
    // Anyone may send such a signal; it counts only from the helper the subscription is with.
    const SubscriptionId from{message.service(), arguments[0].toUInt()};
    if (m_helper && m_subscription != 0 && from == SubscriptionId{m_helper->service(), m_subscription}) {
        onPushPart(part());
    } else if (m_leaving.contains(from)) {
        if (arguments[4].toBool())
            acknowledge(from, arguments[1].toULongLong());
    } else if (m_askedOwners.contains(from.owner) && m_earlyParts.size() < maxEarlyParts) {
        // QtDBus delivers a signal before the finished() of a reply that came ahead of it. More than the
        // first push cannot be on its way long: beyond the bound something else is wrong.
        m_earlyParts.push_back({from, part()});
    }
}

void MonitorClient::setNamesWanted(bool wanted)
{
    if (wanted == m_areNamesWanted)
        return;
    m_areNamesWanted = wanted;
    if (m_subscription != 0)
        watchNames();
}

void MonitorClient::watchNames()
{
    auto *watcher = new QDBusPendingCallWatcher(m_helper->WatchNames(m_subscription, m_areNamesWanted), this);
    const SubscriptionId subscription{m_helper->service(), m_subscription};
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, subscription] {
        watcher->deleteLater();
        if (!m_areNamesWanted || !m_helper
            || subscription != SubscriptionId{m_helper->service(), m_subscription})
            return; // the next subscription asks anew
        if (!watcher->isError()) {
            Q_EMIT namesWatched({});
            return;
        }
        const QDBusError error = watcher->error();
        Q_EMIT namesWatched(error.type() == QDBusError::UnknownMethod
                                ? tr("The helper is older than this program and shows no names: update "
                                     "nettally-helper.")
                                : tr("Addresses have no names: %1")
                                      .arg(error.message().isEmpty() ? error.name() : error.message()));
    });
}

void MonitorClient::onNameAnswers(const QDBusMessage &message)
{
    if (message.signature() != QLatin1String(namesSignature))
        return;
    const QVariantList arguments = message.arguments();
    // Anyone may send such a signal; it counts only from the helper the subscription is with.
    const SubscriptionId from{message.service(), arguments[0].toUInt()};
    const bool isOurs =
        m_helper && m_subscription != 0 && from == SubscriptionId{m_helper->service(), m_subscription};
    if (isOurs) {
        QList<NameAnswer> answers;
        for (const auto &told : qdbus_cast<QList<Wire::NameAnswer>>(arguments[3])) {
            answers.append({told.program, told.connection, told.timeNs, told.protocol, told.position,
                            (told.flags & Wire::nameAnswerStarts) != 0,
                            (told.flags & Wire::nameAnswerEnds) != 0, told.data});
        }
        Q_EMIT namesReceived(answers);
    }
    if (isOurs || m_leaving.contains(from))
        acknowledge(from, arguments[1].toULongLong());
}

void MonitorClient::onPushPart(const PushPart &part)
{
    const SubscriptionId subscription{m_helper->service(), m_subscription};
    restartSilenceTimer();
    std::optional<UsageUpdate> update = m_assembler->take(part);
    if (!m_assembler->fault().isEmpty()) {
        acknowledge(subscription, part.sequence);
        startOver(State::Incompatible,
                  tr("The helper sent what this program does not understand (%1): update both to the same "
                     "version.")
                      .arg(m_assembler->fault()),
                  laterMs);
        return;
    }
    if (!update)
        return;

    update->instance = m_instance;
    Q_EMIT updateReceived(*update);
    // After the receivers are done, so that a slow app is sent less. They may have ended the subscription.
    acknowledge(subscription, part.sequence);
}

void MonitorClient::restartSilenceTimer()
{
    m_silenceTimer->start(
        std::max(int(std::min(m_request.intervalMs, Wire::maxIntervalMs)) * 3, minSilenceMs));
}

void MonitorClient::onSilence()
{
    setState(State::Connecting,
             tr("The helper has sent nothing for %n second(s): it is asked again.", nullptr,
                m_silenceTimer->interval() / 1000));
    connectToHelper();
}

void MonitorClient::onHelperOwnerChanged(const QString &newOwner)
{
    if (m_state == State::Stopped)
        return;
    if (!newOwner.isEmpty()) {
        // An answer of this very process may be on its way: activation takes the name, then answers.
        if (m_retryTimer->isActive() || m_state == State::Denied || m_state == State::Incompatible)
            connectToHelper();
        return;
    }
    if (!m_helper)
        return; // never reached; the call under way or the retry sees to it
    m_subscription = 0;
    m_helper.reset();
    startOver(State::Connecting, tr("The helper stopped: it is started again."), soonMs);
}

void MonitorClient::requestStatus()
{
    m_isStatusWanted = true;
    if (!m_helper)
        return; // asked when the helper is found
    auto *watcher = new QDBusPendingCallWatcher(m_helper->Status(), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        watcher->deleteLater();
        if (watcher->isError())
            return;
        m_isStatusWanted = false;
        Q_EMIT statusReceived(toStatus(*watcher));
    });
}

void MonitorClient::requestBalance()
{
    m_isBalanceWanted = true;
    if (!m_helper)
        return; // asked when the helper is found
    auto *watcher = new QDBusPendingCallWatcher(m_helper->Balance(), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        watcher->deleteLater();
        const QDBusPendingReply<qulonglong, QList<Wire::InterfaceBalance>, qulonglong, qulonglong> reply =
            *watcher;
        if (reply.isError())
            return;
        m_isBalanceWanted = false;
        Q_EMIT balanceReceived(reply.argumentAt<0>(), toBalances(reply.argumentAt<1>()),
                               {reply.argumentAt<2>(), reply.argumentAt<3>()});
    });
}

void MonitorClient::requestAudit(quint32 seconds)
{
    if (!m_helper || m_subscription == 0) {
        Q_EMIT auditFailed(tr("The helper is not connected: wait until it is, then try again."));
        return;
    }
    // The answer comes when the audit is over.
    constexpr int marginMs = 10000;
    m_helper->setTimeout(int(seconds) * 1000 + marginMs);
    auto *watcher = new QDBusPendingCallWatcher(m_helper->Audit(m_subscription, seconds), this);
    m_helper->setTimeout(callTimeoutMs);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        watcher->deleteLater();
        const QDBusPendingReply<qulonglong, qulonglong, QList<Wire::InterfaceBalance>> reply = *watcher;
        if (reply.isError())
            Q_EMIT auditFailed(reply.error().message());
        else
            Q_EMIT auditReceived(toBalances(reply.argumentAt<2>()));
    });
}

void MonitorClient::requestConnections()
{
    m_areConnectionsWanted = true;
    if (m_subscription == 0 || m_areConnectionsUnderWay)
        return; // asked when subscribed
    m_areConnectionsUnderWay = true;
    m_connections = {};
    askForConnections(0);
}

void MonitorClient::askForConnections(quint64 afterCookie)
{
    const SubscriptionId subscription{m_helper->service(), m_subscription};
    auto *watcher = new QDBusPendingCallWatcher(
        m_helper->Connections(m_subscription, afterCookie, Wire::maxConnectionsPerMessage), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, subscription] {
        watcher->deleteLater();
        const QDBusPendingReply<qulonglong, qulonglong, bool, bool, QList<Wire::Program>,
                                QList<Wire::Connection>>
            reply = *watcher;
        if (!reply.isError())
            acknowledge(subscription, reply.argumentAt<0>());
        if (!m_helper || subscription != SubscriptionId{m_helper->service(), m_subscription})
            return; // the next subscription asks anew
        if (reply.isError()) {
            onConnectionsFailed(reply.error());
            return;
        }
        m_connections.timeNs = reply.argumentAt<1>();
        m_connections.isCut = reply.argumentAt<3>();
        for (const Wire::Program &program : reply.argumentAt<4>())
            m_connections.programs.insert(program.id, toProgram(program));
        const QList<Wire::Connection> found = reply.argumentAt<5>();
        const quint64 before =
            m_connections.connections.isEmpty() ? 0 : m_connections.connections.constLast().cookie;
        for (const Wire::Connection &connection : found)
            m_connections.connections.append(toConnection(connection));
        // Else a helper gone wrong could keep us asking for ever.
        if (reply.argumentAt<2>() && !found.isEmpty() && found.constLast().cookie > before) {
            askForConnections(found.constLast().cookie);
            return;
        }
        m_areConnectionsUnderWay = false;
        m_areConnectionsWanted = false;
        Q_EMIT connectionsReceived(std::exchange(m_connections, {}));
    });
}

void MonitorClient::onConnectionsFailed(const QDBusError &error)
{
    m_areConnectionsUnderWay = false;
    m_areConnectionsWanted = false;
    m_connections = {};
    switch (error.type()) {
    case QDBusError::UnknownMethod:
        Q_EMIT connectionsFailed(
            tr("The helper is older than this program and cannot list connections: update nettally-helper."));
        return;
    case QDBusError::NotSupported:
    case QDBusError::LimitsExceeded:
        Q_EMIT connectionsFailed(error.message());
        return;
    default:
        Q_EMIT connectionsFailed(
            tr("The helper did not list the connections (%1): try again, and restart its "
               "service if that does not help.")
                .arg(error.message().isEmpty() ? error.name() : error.message()));
    }
}

void MonitorClient::requestJournal(const std::optional<HistoryCursor> &cursor)
{
    if (m_subscription == 0 || m_isJournalUnderWay)
        return;
    m_isJournalUnderWay = true;
    const SubscriptionId subscription{m_helper->service(), m_subscription};
    const quint64 after = cursor ? cursor->number : 0;
    auto *watcher = new QDBusPendingCallWatcher(
        m_helper->ReadJournal(m_subscription, cursor ? cursor->journalId : QByteArray(), after,
                              journalRecordsAtATime),
        this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher, subscription, after] {
        watcher->deleteLater();
        const QDBusPendingReply<qulonglong, QByteArray, bool, bool, qulonglong, QList<Wire::JournalProgram>,
                                QList<Wire::JournalFlow>, QList<Wire::JournalGap>,
                                QList<Wire::JournalInterface>>
            reply = *watcher;
        if (!reply.isError())
            acknowledge(subscription, reply.argumentAt<0>());
        if (!m_helper || subscription != SubscriptionId{m_helper->service(), m_subscription})
            return;
        m_isJournalUnderWay = false;
        if (reply.isError()) {
            onJournalFailed(reply.error());
            return;
        }
        const JournalReply journal{reply.argumentAt<1>(), reply.argumentAt<2>(), reply.argumentAt<3>(),
                                   reply.argumentAt<4>(), reply.argumentAt<5>(), reply.argumentAt<6>(),
                                   reply.argumentAt<7>(), reply.argumentAt<8>()};
        if (const std::optional<JournalPart> part = journal.check(after))
            Q_EMIT journalReceived(*part);
        else
            Q_EMIT journalFailed(
                true,
                tr("The helper's journal holds what this program does not understand, so the "
                   "history waits: update both to the same version."));
    });
}

void MonitorClient::onJournalFailed(const QDBusError &error)
{
    switch (error.type()) {
    case QDBusError::UnknownMethod:
        Q_EMIT journalFailed(false, tr("The helper is older than this program and keeps no journal."));
        return;
    case QDBusError::NotSupported:
        Q_EMIT journalFailed(false, error.message());
        return;
    default:
        Q_EMIT journalFailed(true,
                             tr("The helper did not tell what its journal has (%1): it is asked again.")
                                 .arg(error.message().isEmpty() ? error.name() : error.message()));
    }
}

// --- In trouble.

void MonitorClient::startOver(State state, const QString &problem, int retryMs)
{
    dropSubscription();
    ++m_attempt;
    m_retryTimer->start(retryMs);
    setState(state, problem);
}

void MonitorClient::onBusDisconnected()
{
    if (m_state == State::Stopped)
        return;
    m_subscription = 0;
    m_helper.reset();
    ++m_attempt;
    m_silenceTimer->stop();
    m_retryTimer->stop(); // a lost connection does not come back
    setState(State::BusUnavailable,
             tr("There is no system bus: start the D-Bus service, then start Nettally again."));
}

void MonitorClient::onCallFailed(const QDBusError &error)
{
    const QString name = error.name();
    const QString because = error.message().isEmpty() ? name : error.message();
    switch (error.type()) {
    case QDBusError::AccessDenied:
        startOver(State::Denied,
                  tr("The bus refused the call to the helper (%1): install its bus policy "
                     "org.nettally.Monitor.conf, or ask the administrator why it keeps you out.")
                      .arg(because),
                  laterMs);
        return;
    case QDBusError::ServiceUnknown:
        startOver(State::HelperMissing,
                  tr("The helper is not running: install nettally-helper, or start its service with "
                     "\"systemctl start nettally-helper\"."),
                  laterMs);
        return;
    case QDBusError::NoReply:
    case QDBusError::Timeout:
    case QDBusError::TimedOut:
        startOver(State::HelperMissing,
                  tr("The helper does not answer: restart its service with \"systemctl restart "
                     "nettally-helper\"."),
                  laterMs);
        return;
    case QDBusError::Disconnected:
    case QDBusError::NoServer:
        onBusDisconnected();
        return;
    case QDBusError::UnknownMethod:
    case QDBusError::UnknownInterface:
    case QDBusError::UnknownObject:
    case QDBusError::UnknownProperty:
    case QDBusError::InvalidArgs:
    case QDBusError::InvalidSignature:
        startOver(State::Incompatible,
                  tr("The helper does not understand this program (%1): update both to the same version.")
                      .arg(because),
                  laterMs);
        return;
    case QDBusError::LimitsExceeded:
        startOver(State::Connecting,
                  tr("The helper takes no more subscriptions (%1): close other programs that show the "
                     "traffic.")
                      .arg(because),
                  laterMs);
        return;
    default:
        break;
    }
    if (name == QLatin1String(Wire::errorDenied)) {
        startOver(State::Denied, because, laterMs);
    } else if (name == QLatin1String(Wire::errorAuthorityUnavailable)) {
        startOver(State::AuthorityUnavailable, because, laterMs);
    } else if (name == QLatin1String(Wire::errorNoSuchSubscription)) {
        m_subscription = 0;
        startOver(State::Connecting, tr("The helper lost the subscription: it is asked again."), soonMs);
    } else {
        startOver(State::HelperMissing,
                  tr("The helper did not start (%1): see its log with \"journalctl -u nettally-helper\".")
                      .arg(because),
                  laterMs);
    }
}

} // namespace Nettally
