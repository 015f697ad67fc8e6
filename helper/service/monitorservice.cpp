// SPDX-License-Identifier: MIT
#include "monitorservice.h"

#include "journalanswer.h"
#include "monitor1adaptor.h"
#include "recorder.h"
#include "subscription.h"

#include <QDBusError>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QPointer>
#include <QSet>
#include <QUuid>

#include <algorithm>
#include <array>
#include <ctime>

namespace Nettally {

namespace {

/// Pushes that come close together share one reading of the source.
constexpr int readingSharedMs = 20;
/// Status reads anew when the last reading is older, so that its sums are true without subscribers
/// and a caller in a loop costs a reading a second at most.
constexpr int statusReadingMs = 1000;
/// Under a second, so that who asks each second meets no old reading for want of a millisecond.
constexpr int connectionsSharedMs = 900;
constexpr int connectionsKeptMs = 10000;
/// Names come a moment after the connections they are of; a flood of answers costs no more than a ring each.
constexpr int namesReadingMs = 250;
/// Each looks at every open file of the machine: about a microsecond for one.
constexpr int tunnelsReadingMs = 10000;
/// Of one ReadJournal on the files: a month's backlog is told in pieces between which the rest goes on.
constexpr int journalReadMs = 20;

quint64 bootTimeNs()
{
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return quint64(now.tv_sec) * 1000000000u + quint64(now.tv_nsec);
}

QString invalidArgs()
{
    return QDBusError::errorString(QDBusError::InvalidArgs);
}
QString limitsExceeded()
{
    return QDBusError::errorString(QDBusError::LimitsExceeded);
}

bool isInterval(uint intervalMs)
{
    return intervalMs >= Wire::minIntervalMs && intervalMs <= Wire::maxIntervalMs;
}

std::optional<LedgerDetail> detailOf(const QString &name)
{
    if (name == QLatin1String("program"))
        return LedgerDetail::Program;
    if (name == QLatin1String("remote"))
        return LedgerDetail::Remote;
    if (name == QLatin1String("connection"))
        return LedgerDetail::Connection;
    return std::nullopt;
}

QString scopeName(bool all)
{
    return all ? QStringLiteral("all") : QStringLiteral("own");
}

Wire::Program toWire(const Process &process)
{
    return {process.id,  process.pid,      process.startNs, process.name,  process.executable,
            process.uid, process.cgroupId, process.pidNs,   process.netNs, quint8(process.kind)};
}

Wire::Remote toWire(const LedgerRemote &remote)
{
    return {remote.id, remote.address};
}

Wire::Row toWire(const LedgerRow &row)
{
    return {row.id,
            row.programId,
            row.remoteId,
            row.servicePort,
            row.protocol,
            row.direction,
            row.ifindex,
            row.totals.rxPayloadBytes,
            row.totals.txPayloadBytes,
            quint32(std::min<qint64>(row.openSockets, std::numeric_limits<quint32>::max())),
            row.totals.rxIpBytes,
            row.totals.txIpBytes,
            row.totals.rxSegmentHeaderBytes,
            row.totals.txSegmentHeaderBytes,
            row.totals.rxPackets,
            row.totals.txPackets,
            row.totals.retransmits,
            quint8(row.tunnelPart)};
}

Wire::Connection toWire(const ConnectionRecord &connection, quint32 programId)
{
    Wire::Connection wire;
    wire.cookie = connection.cookie;
    wire.program = programId;
    wire.state = connection.state;
    wire.direction = connection.direction;
    wire.servicePort = connection.servicePort;
    wire.local = addressBytes(connection.local);
    wire.localPort = connection.localPort;
    wire.remote = addressBytes(connection.remote);
    wire.remotePort = connection.remotePort;
    wire.openedNs = connection.openedNs;
    wire.isMeasured = connection.isMeasured;
    wire.roundTripUs = connection.roundTripUs;
    wire.roundTripVariationUs = connection.roundTripVariationUs;
    wire.leastRoundTripUs = connection.leastRoundTripUs;
    wire.congestionWindow = connection.congestionWindow;
    wire.retransmits = connection.retransmits;
    wire.retransmittedBytes = connection.retransmittedBytes;
    wire.rxBytes = connection.rxBytes;
    wire.txBytes = connection.txBytes;
    return wire;
}

/// The @p part-th @p size items of @p all as they travel; none where it is used up.
template <typename WireType, typename Convert, typename Item>
QList<WireType> slice(const std::vector<Item> &all, size_t part, int size, const Convert &convert)
{
    const size_t begin = std::min(all.size(), part * size_t(size));
    const size_t end = std::min(all.size(), begin + size_t(size));
    QList<WireType> items;
    items.reserve(qsizetype(end - begin));
    for (size_t i = begin; i < end; ++i)
        items.append(convert(all[i]));
    return items;
}

/// About what a program takes in a message: a character of a name up to three bytes.
qint64 wireBytes(const Process &process)
{
    return 80 + 3 * (process.name.size() + process.executable.size());
}

/// About what @p changes take as messages, each item with its padding.
qint64 wireBytes(const LedgerChanges &changes)
{
    qint64 bytes = 256 + 104 * qint64(changes.rows.size()) + 28 * qint64(changes.remotes.size())
        + 4 * qint64(changes.endedProgramIds.size());
    for (const Process *process : changes.programs)
        bytes += wireBytes(*process);
    return bytes;
}

/// Tells the Ledger and the journal what a reading finds.
class Sinks : public CounterSink {
public:
    Sinks(Ledger &ledger, Recorder *recorder)
        : m_ledger(ledger)
        , m_recorder(recorder)
    {
    }
    void program(const ProgramRecord &record) override { m_ledger.program(record); }
    void flow(const FlowRecord &record) override
    {
        m_ledger.flow(record);
        if (m_recorder)
            m_recorder->flow(record, m_ledger.processOf(record));
    }

private:
    Ledger &m_ledger;
    Recorder *m_recorder;
};

size_t partsOf(size_t count, int size)
{
    return (count + size_t(size) - 1) / size_t(size);
}

} // namespace

MonitorService::MonitorService(const QDBusConnection &bus, UsageSource &source, Authorizer &authorizer,
                               const Limits &limits, QObject *parent)
    : QObject(parent)
    , m_bus(bus)
    , m_source(source)
    , m_authorizer(authorizer)
    , m_limits(limits)
    , m_instance(QUuid::createUuid().toString(QUuid::WithoutBraces))
{
    Wire::registerTypes();
    m_uptime.start();
    // It relays this object's signals of the same name to everyone; there are none: pushes are addressed.
    new Monitor1Adaptor(this);

    m_callers.setConnection(m_bus);
    m_callers.setWatchMode(QDBusServiceWatcher::WatchForUnregistration);
    connect(&m_callers, &QDBusServiceWatcher::serviceUnregistered, this, &MonitorService::onCallerVanished);

    m_idleTimer.setSingleShot(true);
    m_idleTimer.setInterval(m_limits.idleExitMs);
    connect(&m_idleTimer, &QTimer::timeout, this, &MonitorService::idle);

    m_namesTimer.setInterval(namesReadingMs);
    connect(&m_namesTimer, &QTimer::timeout, this, [this] {
        readNames();
        for (const auto &[id, subscription] : m_subscriptions)
            sendNames(*subscription);
    });

    m_connectionsTimer.setSingleShot(true);
    m_connectionsTimer.setInterval(connectionsKeptMs);
    connect(&m_connectionsTimer, &QTimer::timeout, this, [this] { m_connections.clear(); });
}

MonitorService::~MonitorService()
{
    m_bus.unregisterObject(QLatin1String(Wire::objectPath));
}

void MonitorService::setRecorder(Recorder &recorder)
{
    m_recorder = &recorder;
    connect(m_recorder, &Recorder::readingDue, this, &MonitorService::readSource);
    // From the start: what is not on the disk is not to be written over.
    m_source.setKept(0);
    connect(&m_recorder->journal(), &Journal::written, this,
            [this](quint64 readNs) { m_source.setKept(readNs); });
}

QString MonitorService::publish()
{
    // The object first, so that whoever sees the name finds it.
    if (!m_bus.registerObject(QLatin1String(Wire::objectPath), this, QDBusConnection::ExportAdaptors))
        return tr("The bus connection cannot carry the service: %1.").arg(m_bus.lastError().message());
    if (!m_bus.registerService(QLatin1String(Wire::serviceName))) {
        const QString error = m_bus.lastError().message();
        return tr("The bus does not give the name %1 (%2): another helper runs, or the bus policy "
                  "org.nettally.Monitor.conf is not installed.")
            .arg(QLatin1String(Wire::serviceName), error.isEmpty() ? tr("it is taken") : error);
    }
    m_bus.connect(QString(), QStringLiteral("/org/freedesktop/DBus/Local"),
                  QStringLiteral("org.freedesktop.DBus.Local"), QStringLiteral("Disconnected"), this,
                  SLOT(onBusDisconnected()));
    // From here on the interfaces' counters are compared with what the flows amount to.
    m_ledger.setNetNs(m_source.netNs());
    readSource();
    updateIdleTimer();
    return {};
}

// --- Subscribing: arguments and limits, then the user, then polkit, then the grant.

uint MonitorService::Subscribe(uint intervalMs, const QString &scope, const QString &detail, bool interactive,
                               QString &, QString &, QString &)
{
    const bool wantsAll = scope == scopeName(true);
    const std::optional<LedgerDetail> wantedDetail = detailOf(detail);
    if (!isInterval(intervalMs)) {
        sendErrorReply(invalidArgs(), tr("intervalMs must be 100 to 60000."));
        return 0;
    }
    if (!wantsAll && scope != scopeName(false)) {
        sendErrorReply(invalidArgs(), tr("scope must be \"own\" or \"all\"."));
        return 0;
    }
    if (!wantedDetail) {
        sendErrorReply(invalidArgs(), tr("detail must be \"program\", \"remote\" or \"connection\"."));
        return 0;
    }
    const QString caller = message().service();
    if (countOfCaller(caller) >= m_limits.perConnection) {
        sendErrorReply(limitsExceeded(),
                       tr("This connection has as many subscriptions as one may have: unsubscribe some, and "
                          "acknowledge the pushes of those that ended."));
        return 0;
    }
    if (int(m_requests.size() + m_subscriptions.size()) >= m_limits.inAll) {
        sendErrorReply(limitsExceeded(), tr("The helper serves as many subscriptions as it may."));
        return 0;
    }

    setDelayedReply(true);
    do
        ++m_lastId;
    while (m_lastId == 0 || m_requests.count(m_lastId) || m_subscriptions.count(m_lastId));
    const quint32 id = m_lastId;
    m_requests[id] = {message(), intervalMs, wantsAll, *wantedDetail, interactive, std::nullopt, {}};
    updateIdleTimer();

    // Watched before the user is asked for: a caller already gone then has no user, one that leaves
    // later is reported.
    if (!m_callers.watchedServices().contains(caller))
        m_callers.addWatchedService(caller);
    QDBusMessage question = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("/org/freedesktop/DBus"),
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("GetConnectionUnixUser"));
    question << caller;
    auto *watcher = new QDBusPendingCallWatcher(m_bus.asyncCall(question), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, id, watcher] {
        watcher->deleteLater();
        const QDBusPendingReply<uint> uid = *watcher;
        if (uid.isError())
            refuse(id, QDBusError::errorString(QDBusError::AccessDenied),
                   tr("The bus does not say which user is calling: %1.").arg(uid.error().message()));
        else
            onUserKnown(id, uid.value());
    });
    return 0;
}

int MonitorService::countOfCaller(const QString &caller) const
{
    const auto asks = [&](const auto &entry) { return entry.second.call.service() == caller; };
    const auto gets = [&](const auto &entry) { return entry.second->subscriber() == caller; };
    return int(std::count_if(m_requests.begin(), m_requests.end(), asks)
               + std::count_if(m_subscriptions.begin(), m_subscriptions.end(), gets));
}

int MonitorService::countOfUser(quint32 uid) const
{
    const auto asks = [&](const auto &entry) { return entry.second.uid == uid; };
    const auto gets = [&](const auto &entry) { return entry.second->uid() == uid; };
    return int(std::count_if(m_requests.begin(), m_requests.end(), asks)
               + std::count_if(m_subscriptions.begin(), m_subscriptions.end(), gets));
}

int MonitorService::countOfLive() const
{
    return int(std::count_if(m_subscriptions.begin(), m_subscriptions.end(),
                             [](const auto &entry) { return !entry.second->isEnded(); }));
}

qint64 MonitorService::unacknowledgedBytesOf(quint32 uid) const
{
    qint64 bytes = 0;
    for (const auto &[id, subscription] : m_subscriptions) {
        if (subscription->uid() == uid)
            bytes += subscription->unacknowledgedBytes();
    }
    return bytes;
}

void MonitorService::onUserKnown(quint32 id, quint32 uid)
{
    if (countOfUser(uid) >= m_limits.perUser) {
        refuse(id, limitsExceeded(), tr("This user has as many subscriptions as one may have."));
        return;
    }
    Request &request = m_requests.at(id);
    request.uid = uid;
    if (uid == 0)
        grant(id, request.wantsAll); // root could read the kernel itself
    else
        ask(id, request.wantsAll ? actionAll : actionOwn);
}

void MonitorService::ask(quint32 id, const char *action)
{
    const Request &request = m_requests.at(id);
    if (request.call.type() == QDBusMessage::InvalidMessage) {
        refuse(id, {}, {}); // left meanwhile
        return;
    }
    const bool forAll = action == actionAll;
    m_authorizer.check(request.call.service(), QLatin1String(action), request.interactive,
                       [self = QPointer<MonitorService>(this), id, forAll](Verdict verdict) {
                           if (self)
                               self->onVerdict(id, forAll, verdict);
                       });
}

void MonitorService::onVerdict(quint32 id, bool forAll, Verdict verdict)
{
    switch (verdict) {
    case Verdict::Allowed:
        grant(id, forAll);
        return;
    case Verdict::Unavailable:
        refuse(id, QLatin1String(Wire::errorAuthorityUnavailable),
               tr("polkit cannot be asked whether you may see the traffic: install polkitd, or start its "
                  "service."));
        return;
    case Verdict::Denied:
    case Verdict::WouldChallenge:
        break;
    }
    if (forAll) {
        m_requests.at(id).note = verdict == Verdict::Denied
            ? tr("Only your own programs are shown: an administrator did not allow all of them. Try again "
                 "with an administrator's password.")
            : tr("Only your own programs are shown: seeing all of them needs an administrator's password. "
                 "Ask for all programs to be prompted for it.");
        ask(id, actionOwn);
        return;
    }
    refuse(id, QLatin1String(Wire::errorDenied),
           verdict == Verdict::Denied
               ? tr("You may not see even your own programs' traffic: polkit refused "
                    "org.nettally.monitor.own. Log in at this machine, or ask its administrator for a rule.")
               : tr("Seeing your own programs' traffic needs a password here: log in at this machine, or "
                    "subscribe again and let polkit ask."));
}

void MonitorService::grant(quint32 id, bool all)
{
    const auto node = m_requests.extract(id);
    const Request &request = node.mapped();
    if (request.call.type() == QDBusMessage::InvalidMessage) {
        updateIdleTimer();
        return; // left meanwhile
    }
    const LedgerView view{request.detail, all ? std::nullopt : request.uid};
    auto *subscription = new Subscription(id, request.call.service(), *request.uid, view, request.intervalMs,
                                          m_limits.acknowledgeMs, this);
    m_subscriptions[id] = subscription;
    connect(subscription, &Subscription::pushDue, this, [this, subscription] { push(*subscription); });
    connect(subscription, &Subscription::stalled, this, [this, subscription] { onStalled(*subscription); });
    m_bus.send(request.call.createReply({id, scopeName(all), request.note, m_instance}));
    subscription->start();
}

void MonitorService::refuse(quint32 id, const QString &error, const QString &sentence)
{
    const auto node = m_requests.extract(id);
    const QDBusMessage call = node.mapped().call;
    if (call.type() != QDBusMessage::InvalidMessage) {
        m_bus.send(call.createErrorReply(error, sentence));
        unwatchIfUnused(call.service());
    }
    updateIdleTimer();
}

// --- Subscribed.

Subscription *MonitorService::subscriptionOfCaller(uint id, bool evenEnded)
{
    const auto it = m_subscriptions.find(id);
    if (it != m_subscriptions.end() && it->second->subscriber() == message().service()
        && (evenEnded || !it->second->isEnded()))
        return it->second;
    sendErrorReply(QLatin1String(Wire::errorNoSuchSubscription), tr("You have no subscription %1.").arg(id));
    return nullptr;
}

void MonitorService::SetInterval(uint subscription, uint intervalMs)
{
    Subscription *own = subscriptionOfCaller(subscription);
    if (!own)
        return;
    if (isInterval(intervalMs))
        own->setIntervalMs(intervalMs);
    else
        sendErrorReply(invalidArgs(), tr("intervalMs must be 100 to 60000."));
}

void MonitorService::Acknowledge(uint subscription, qulonglong sequence)
{
    Subscription *own = subscriptionOfCaller(subscription, true);
    if (!own)
        return;
    if (!own->acknowledge(sequence))
        sendErrorReply(invalidArgs(), tr("No push %1 was sent to this subscription.").arg(sequence));
    else if (own->isEnded() && !own->hasUnacknowledged())
        forget(*own);
    else
        sendNames(*own);
}

void MonitorService::Unsubscribe(uint subscription)
{
    if (Subscription *own = subscriptionOfCaller(subscription))
        end(*own);
}

void MonitorService::push(Subscription &subscription)
{
    if (unacknowledgedBytesOf(subscription.uid()) >= m_limits.unacknowledgedBytesPerUser)
        return; // at a later tick
    if (!m_sinceReading.isValid() || m_sinceReading.elapsed() >= readingSharedMs
        || subscription.sentVersion() == m_ledger.version())
        readSource();
    const LedgerChanges changes = m_ledger.changesSince(subscription.sentVersion(), subscription.view());
    const quint64 sequence = subscription.countPush(m_ledger.version(), wireBytes(changes));

    const int rowLimit = m_limits.rowsPerMessage;
    const int programLimit = m_limits.programsPerMessage;
    const size_t parts = std::max(
        {size_t(1), partsOf(changes.programs.size(), programLimit), partsOf(changes.remotes.size(), rowLimit),
         partsOf(changes.rows.size(), rowLimit), partsOf(changes.endedProgramIds.size(), rowLimit)});
    for (size_t part = 0; part < parts; ++part) {
        const auto programs = slice<Wire::Program>(changes.programs, part, programLimit,
                                                   [](const Process *process) { return toWire(*process); });
        const auto remotes = slice<Wire::Remote>(changes.remotes, part, rowLimit,
                                                 [](const LedgerRemote &remote) { return toWire(remote); });
        const auto rows =
            slice<Wire::Row>(changes.rows, part, rowLimit, [](const LedgerRow &row) { return toWire(row); });
        const auto ended =
            slice<uint>(changes.endedProgramIds, part, rowLimit, [](quint32 programId) { return programId; });
        QDBusMessage deltas = QDBusMessage::createTargetedSignal(
            subscription.subscriber(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
            QStringLiteral("UsageDeltas"));
        deltas << subscription.id() << sequence << m_readingTimeNs << uint(part) << (part + 1 == parts)
               << QVariant::fromValue(programs) << QVariant::fromValue(remotes) << QVariant::fromValue(rows)
               << QVariant::fromValue(ended);
        m_bus.send(deltas);
    }
}

void MonitorService::onStalled(Subscription &subscription)
{
    QDBusMessage ended = QDBusMessage::createTargetedSignal(
        subscription.subscriber(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
        QStringLiteral("SubscriptionEnded"));
    ended << subscription.id() << tr("No push was acknowledged for too long.");
    m_bus.send(ended);
    end(subscription);
}

void MonitorService::end(Subscription &subscription)
{
    subscription.end();
    updateNaming();
    if (subscription.hasUnacknowledged())
        updateIdleTimer();
    else
        forget(subscription);
}

void MonitorService::forget(Subscription &subscription)
{
    const QString caller = subscription.subscriber();
    m_subscriptions.erase(subscription.id());
    subscription.disconnect(this);
    subscription.deleteLater(); // it may be the one that is calling
    unwatchIfUnused(caller);
    updateNaming();
    updateIdleTimer();
}

void MonitorService::onCallerVanished(const QString &caller)
{
    for (auto &[id, request] : m_requests) {
        if (request.call.service() == caller)
            request.call = QDBusMessage();
    }
    for (auto it = m_subscriptions.begin(); it != m_subscriptions.end();) {
        Subscription *subscription = (it++)->second;
        if (subscription->subscriber() == caller)
            forget(*subscription);
    }
    m_callers.removeWatchedService(caller);
}

void MonitorService::unwatchIfUnused(const QString &caller)
{
    if (countOfCaller(caller) == 0)
        m_callers.removeWatchedService(caller);
}

void MonitorService::updateIdleTimer()
{
    if (m_limits.idleExitMs <= 0)
        return;
    if (!m_requests.empty() || countOfLive() > 0 || m_audit)
        m_idleTimer.stop();
    else if (!m_idleTimer.isActive())
        m_idleTimer.start();
}

void MonitorService::readSource()
{
    m_sinceReading.start();
    m_readingTimeNs = bootTimeNs();
    m_ledger.beginReading();
    if (!m_sinceTunnels.isValid() || m_sinceTunnels.elapsed() >= tunnelsReadingMs)
        readTunnels();
    Sinks sinks(m_ledger, m_recorder);
    m_source.read(sinks);
    const QList<InterfaceCounters> interfaces = m_source.interfaces();
    m_ledger.interfaces().take(interfaces, m_readingTimeNs);
    QSet<quint32> tunnels;
    for (const InterfaceCounters &counters : interfaces) {
        if (isTunnel(counters.kind))
            tunnels.insert(counters.index);
    }
    if (tunnels != m_tunnelInterfaces)
        m_sinceTunnels.invalidate();
    m_tunnelInterfaces = tunnels;
    if (m_recorder)
        m_recorder->take(interfaces, m_readingTimeNs);
}

void MonitorService::readTunnels()
{
    m_sinceTunnels.start();
    QSet<quint32> ports;
    for (const InterfaceCounters &counters : m_source.interfaces()) {
        if (counters.masterIndex != 0)
            ports.insert(counters.index);
    }
    QList<TunnelCarrier> carriers = m_source.tunnelCarriers(m_ledger);
    // A bridge's port has packets of other machines, virtual ones, and who holds it sends none of them on.
    carriers.removeIf([&](const TunnelCarrier &carrier) {
        return carrier.netNs == m_source.netNs() && ports.contains(carrier.ifindex);
    });
    m_ledger.setTunnels(carriers);
}

QList<AuditCounters> MonitorService::readSourceForAudit()
{
    // Three places are read one after the other: what crosses an interface meanwhile is in some of them only.
    // On a machine that is never still that much of a millisecond stays unnamed.
    constexpr int tries = 20;
    QList<AuditCounters> counters;
    for (int i = 0; i < tries; ++i) {
        const QList<InterfaceCounters> before = m_source.interfaces();
        readSource();
        counters = m_source.auditCounters();
        if (m_source.interfaces() == before)
            break;
    }
    return counters;
}

void MonitorService::readSourceForStatus()
{
    if (!m_sinceReading.isValid() || m_sinceReading.elapsed() >= statusReadingMs)
        readSource();
}

bool MonitorService::maySee(const QString &caller, const Process &process) const
{
    return std::any_of(m_subscriptions.begin(), m_subscriptions.end(), [&](const auto &entry) {
        const Subscription &subscription = *entry.second;
        const std::optional<quint32> ownUid = subscription.view().ownUid;
        return subscription.subscriber() == caller && !subscription.isEnded()
            && (!ownUid || (process.kind == ProcessKind::Program && process.uid == *ownUid));
    });
}

Wire::InterfaceBalance MonitorService::describe(const InterfaceCounters &counters,
                                                const QString &caller) const
{
    Wire::InterfaceBalance wire;
    wire.index = counters.index;
    wire.name = counters.name;
    wire.kind = counters.kind;
    wire.isTunnel = isTunnel(counters.kind);
    wire.lowerIndex = counters.lowerIndex;
    for (const Process *process : m_ledger.carriersOf(counters.index)) {
        wire.carriers.append(maySee(caller, *process) ? Wire::TunnelCarrier{process->pid, process->name}
                                                      : Wire::TunnelCarrier());
    }
    wire.rxBytes = counters.rxBytes;
    wire.txBytes = counters.txBytes;
    wire.rxPackets = counters.rxPackets;
    wire.txPackets = counters.txPackets;
    return wire;
}

qulonglong MonitorService::Balance(QList<Wire::InterfaceBalance> &interfaces, qulonglong &rxMachineBytes,
                                   qulonglong &txMachineBytes)
{
    readSourceForStatus();
    for (const InterfaceAccount &balance : m_ledger.interfaces().balances()) {
        Wire::InterfaceBalance wire = describe(balance.counters, message().service());
        wire.sinceNs = balance.sinceNs;
        for (size_t i = 0; i < balanceClassCount; ++i) {
            const AccountLine &line = balance.lines[i];
            if (line.rxBytes != 0 || line.txBytes != 0)
                wire.lines.append({balanceLineName(BalanceClass(i)), line.rxBytes, line.txBytes});
        }
        interfaces.append(wire);
    }
    const AccountLine machine = m_ledger.interfaces().machineTotal();
    rxMachineBytes = quint64(machine.rxBytes);
    txMachineBytes = quint64(machine.txBytes);
    return m_readingTimeNs;
}

qulonglong MonitorService::Audit(uint subscription, uint seconds, qulonglong &,
                                 QList<Wire::InterfaceBalance> &)
{
    if (!subscriptionOfCaller(subscription))
        return 0;
    if (seconds < 1 || seconds > Wire::maxAuditSeconds) {
        sendErrorReply(invalidArgs(), tr("seconds must be 1 to %1.").arg(Wire::maxAuditSeconds));
        return 0;
    }
    if (m_audit) {
        sendErrorReply(limitsExceeded(), tr("An audit runs already: try again in a minute."));
        return 0;
    }
    const QString problem = m_source.setAuditing(true);
    if (!problem.isEmpty()) {
        sendErrorReply(QDBusError::errorString(QDBusError::NotSupported), problem);
        return 0;
    }
    setDelayedReply(true);
    const QList<AuditCounters> counters = readSourceForAudit();
    m_audit = {message(), m_readingTimeNs, m_ledger.interfaces().balances(), counters};
    QTimer::singleShot(int(seconds) * 1000, this, &MonitorService::finishAudit);
    updateIdleTimer();
    return 0;
}

void MonitorService::finishAudit()
{
    const QList<AuditCounters> counters = readSourceForAudit();
    m_source.setAuditing(false);
    const RunningAudit begun = *std::exchange(m_audit, std::nullopt);

    const auto countersOf = [](const QList<AuditCounters> &all, quint32 index) {
        const auto it = std::find_if(all.begin(), all.end(),
                                     [index](const AuditCounters &one) { return one.ifindex == index; });
        return it != all.end() ? *it : AuditCounters();
    };
    QList<Wire::InterfaceBalance> interfaces;
    for (const InterfaceAccount &end : m_ledger.interfaces().balances()) {
        const quint32 index = end.counters.index;
        // One that came meanwhile began at zero.
        const auto begin =
            std::find_if(begun.accounts.begin(), begun.accounts.end(),
                         [index](const InterfaceAccount &one) { return one.counters.index == index; });
        const AuditedInterface audited =
            auditInterface(begin != begun.accounts.end() ? *begin : InterfaceAccount(), end,
                           countersOf(begun.counters, index), countersOf(counters, index));
        Wire::InterfaceBalance wire = describe(audited.counters, begun.call.service());
        wire.sinceNs = begun.beginNs;
        for (const AuditLine &line : audited.lines)
            wire.lines.append({line.name, line.rxBytes, line.txBytes});
        interfaces.append(wire);
    }
    m_bus.send(
        begun.call.createReply({QVariant::fromValue(begun.beginNs), QVariant::fromValue(m_readingTimeNs),
                                QVariant::fromValue(interfaces)}));
    updateIdleTimer();
}

void MonitorService::WatchNames(uint subscription, bool on)
{
    Subscription *own = subscriptionOfCaller(subscription);
    if (!own || own->watchesNames() == on)
        return;
    if (on && !m_namesTimer.isActive()) {
        const QString problem = m_source.setNaming(true);
        if (!problem.isEmpty()) {
            sendErrorReply(QDBusError::errorString(QDBusError::NotSupported), problem);
            return;
        }
        m_namesTimer.start();
    }
    own->setWatchesNames(on);
    updateNaming();
    if (on) {
        readNames();
        sendNames(*own);
    }
}

void MonitorService::updateNaming()
{
    const bool isWatched = std::any_of(m_subscriptions.begin(), m_subscriptions.end(),
                                       [](const auto &entry) { return entry.second->watchesNames(); });
    if (isWatched || !m_namesTimer.isActive())
        return;
    m_namesTimer.stop();
    m_source.setNaming(false);
    m_answers.clear();
}

void MonitorService::readNames()
{
    // A reading of its own, so that what it brings of programs is newer than any push.
    m_ledger.beginReading();
    const auto forget = [this](const AnswerBook::Answer &answer) {
        for (const auto &[id, subscription] : m_subscriptions) {
            if (subscription->watchesNames() && subscription->sentNames() < answer.number
                && answer.isSeenBy(subscription->view().ownUid))
                subscription->countDroppedName();
        }
    };
    for (const NameRecord &record : m_source.names(m_ledger)) {
        const bool isKnown = record.programSlot != ProgramSlot::unowned;
        const Process &process = m_ledger.processOfSlot(record.programSlot);
        const bool isSomebodys = isKnown && process.kind == ProcessKind::Program;
        const quint8 flags =
            quint8((record.isStart ? Wire::nameAnswerStarts : 0) | (record.isEnd ? Wire::nameAnswerEnds : 0));
        m_answers.add(isSomebodys ? std::optional(process.uid) : std::nullopt,
                      {isKnown ? process.id : 0, record.cookie, record.timeNs, record.protocol,
                       record.sequence, flags, record.data},
                      forget);
    }
}

void MonitorService::sendNames(Subscription &subscription)
{
    while (subscription.watchesNames() && subscription.mayHaveNames()
           && unacknowledgedBytesOf(subscription.uid()) < m_limits.unacknowledgedBytesPerUser) {
        QList<Wire::NameAnswer> answers;
        qint64 dataBytes = 0;
        qint64 bytes = 256;
        for (auto next = m_answers.after(subscription.sentNames()); next != m_answers.end(); ++next) {
            const bool isSeen = next->isSeenBy(subscription.view().ownUid);
            if (isSeen && dataBytes + next->wire.data.size() > Wire::maxNameBytesPerMessage)
                break;
            subscription.passNames(next->number);
            if (!isSeen)
                continue;
            answers.append(next->wire);
            dataBytes += next->wire.data.size();
            bytes += next->bytes();
        }
        if (answers.isEmpty())
            return;
        QDBusMessage names = QDBusMessage::createTargetedSignal(
            subscription.subscriber(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
            QStringLiteral("NameAnswers"));
        names << subscription.id() << subscription.countNames(bytes) << subscription.takeDroppedNames()
              << QVariant::fromValue(answers);
        m_bus.send(names);
    }
}

void MonitorService::readConnections()
{
    m_connectionsTimer.start();
    if (m_connections.isYoungerThan(connectionsSharedMs))
        return;
    // A reading of its own, so that what it brings of programs is newer than any push.
    m_ledger.beginReading();
    m_connections.take(m_source.connections(m_ledger, size_t(m_limits.connectionsRead)), bootTimeNs());
}

qulonglong MonitorService::Connections(uint subscription, qulonglong after, uint limit, qulonglong &timeNs,
                                       bool &more, bool &cut, QList<Wire::Program> &programs,
                                       QList<Wire::Connection> &connections)
{
    Subscription *own = subscriptionOfCaller(subscription);
    if (!own)
        return 0;
    if (limit == 0 || limit > uint(Wire::maxConnectionsPerMessage)) {
        sendErrorReply(invalidArgs(), tr("limit must be 1 to %1.").arg(Wire::maxConnectionsPerMessage));
        return 0;
    }
    if (own->hasUnacknowledgedAnswer(AnswerTo::Connections)) {
        sendErrorReply(limitsExceeded(), tr("Acknowledge the last answer of Connections first."));
        return 0;
    }
    if (unacknowledgedBytesOf(own->uid()) >= m_limits.unacknowledgedBytesPerUser) {
        sendErrorReply(limitsExceeded(), tr("Acknowledge the pushes and answers that were sent first."));
        return 0;
    }
    readConnections();
    if (!m_connections.problem().isEmpty()) {
        sendErrorReply(QDBusError::errorString(QDBusError::NotSupported), m_connections.problem());
        return 0;
    }

    timeNs = m_connections.timeNs();
    cut = m_connections.isCut();
    more = false;
    qint64 bytes = 256;
    QSet<quint32> named;
    for (auto next = m_connections.after(after); next != m_connections.end(); ++next) {
        const bool isKnown = next->programSlot != ProgramSlot::unowned;
        const Process &process = m_ledger.processOfSlot(next->programSlot);
        const std::optional<quint32> ownUid = own->view().ownUid;
        if (ownUid && (!isKnown || process.kind != ProcessKind::Program || process.uid != *ownUid))
            continue;
        const bool isNew = isKnown && !named.contains(process.id);
        if (uint(connections.size()) >= limit || (isNew && named.size() >= m_limits.programsPerMessage)) {
            more = true;
            break;
        }
        if (isNew) {
            named.insert(process.id);
            programs.append(toWire(process));
            bytes += wireBytes(process);
        }
        connections.append(toWire(*next, isKnown ? process.id : 0));
        bytes += 144;
    }
    return own->countAnswer(AnswerTo::Connections, bytes);
}

qulonglong MonitorService::ReadJournal(uint subscription, const QByteArray &journal, qulonglong after,
                                       uint limit, QByteArray &journalRead, bool &restarted, bool &more,
                                       qulonglong &last, QList<Wire::JournalProgram> &programs,
                                       QList<Wire::JournalFlow> &flows, QList<Wire::JournalGap> &notMeasured,
                                       QList<Wire::JournalInterface> &interfaces)
{
    Subscription *own = subscriptionOfCaller(subscription);
    if (!own)
        return 0;
    if (limit == 0 || limit > uint(Wire::maxJournalRecordsPerMessage)) {
        sendErrorReply(invalidArgs(), tr("limit must be 1 to %1.").arg(Wire::maxJournalRecordsPerMessage));
        return 0;
    }
    if (!journal.isEmpty() && journal.size() != Wire::journalIdBytes) {
        sendErrorReply(invalidArgs(), tr("journal must be empty or %1 bytes.").arg(Wire::journalIdBytes));
        return 0;
    }
    if (!m_recorder) {
        sendErrorReply(
            QDBusError::errorString(QDBusError::NotSupported),
            tr("The helper keeps no journal, so history grows while somebody looks alone: start it "
               "with --journal."));
        return 0;
    }
    if (own->hasUnacknowledgedAnswer(AnswerTo::ReadJournal)) {
        sendErrorReply(limitsExceeded(), tr("Acknowledge the last answer of ReadJournal first."));
        return 0;
    }
    if (unacknowledgedBytesOf(own->uid()) >= m_limits.unacknowledgedBytesPerUser) {
        sendErrorReply(limitsExceeded(), tr("Acknowledge the pushes and answers that were sent first."));
        return 0;
    }
    const Journal &kept = m_recorder->journal();
    // No journal: from the beginning, which is no surprise to who asks.
    const bool isFirst = journal.isEmpty() && after == 0;
    const Journal::Slice slice = kept.read(isFirst ? kept.id() : journal, after, limit, journalReadMs);
    const JournalAnswer answer(slice, own->view().ownUid, m_limits.journalBytesPerMessage);
    journalRead = kept.id();
    restarted = slice.isRestarted;
    more = answer.more();
    last = answer.last();
    programs = answer.programs();
    flows = answer.flows();
    notMeasured = answer.gaps();
    interfaces = answer.interfaces();
    return own->countAnswer(AnswerTo::ReadJournal, answer.bytes());
}

Wire::StringMap MonitorService::Status(QList<Wire::Probe> &probes, Wire::CountMap &losses,
                                       Wire::CountMap &usage, QList<Wire::Interface> &interfaces)
{
    readSourceForStatus();
    for (const ProbeState &probe : m_source.probes())
        probes.append({probe.purpose, probe.mechanism, probe.active, probe.note});
    losses = m_source.losses();
    const Ledger::Bytes spilled = m_ledger.spilled();
    losses.insert(QStringLiteral("spilledRxBytes"), spilled.rx);
    losses.insert(QStringLiteral("spilledTxBytes"), spilled.tx);
    usage = m_source.usage();
    usage.insert(QStringLiteral("subscriptions"), quint64(countOfLive()));
    usage.insert(QStringLiteral("uptimeMs"), quint64(m_uptime.elapsed()));
    for (const InterfaceCounters &counters : m_source.interfaces()) {
        interfaces.append({counters.index, counters.name, counters.rxBytes, counters.txBytes,
                           counters.rxPackets, counters.txPackets, counters.isLoopback, counters.isUp});
    }
    Wire::StringMap info = m_source.info();
    if (m_recorder) {
        const Journal &journal = m_recorder->journal();
        usage.insert(QStringLiteral("journalBytes"), quint64(journal.bytes()));
        info.insert(QStringLiteral("journal"),
                    journal.problem().isEmpty() ? QStringLiteral("written") : journal.problem());
        info.insert(QStringLiteral("journalNotice"), journal.notice());
    }
    return info;
}

} // namespace Nettally
