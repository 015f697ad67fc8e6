// SPDX-License-Identifier: MIT
#include "deafcaller.h"
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "monitorclient.h"
#include "monitorservice.h"
#include "privatebus.h"
#include "rawsubscriber.h"

#include <QDBusConnectionInterface>
#include <QDBusPendingCallWatcher>
#include <QDBusVirtualObject>
#include <QFile>
#include <QSignalSpy>
#include <QTest>

#include <csignal>
#include <numeric>
#include <unistd.h>

using namespace Nettally;

namespace {

/// An ordinary user, whom polkit is asked about: root is not.
uint user()
{
    return geteuid() == 0 ? 65534 : geteuid();
}
constexpr uint stranger = 1; // daemon, on every system: the bus refuses users it cannot look up

/// The helper's service in this process.
class Helper {
public:
    explicit Helper(PrivateBus &bus, const MonitorService::Limits &limits = {}, uint uid = geteuid())
        : m_bus(bus.connect(uid))
        , m_service(std::make_unique<MonitorService>(m_bus, source, authorizer, limits))
    {
    }
    ~Helper()
    {
        m_service.reset();
        const QString name = m_bus.name();
        m_bus = QDBusConnection(QString());
        QDBusConnection::disconnectFromBus(name);
    }

    MonitorService &service() { return *m_service; }
    QDBusConnection &bus() { return m_bus; }

    FakeUsageSource source;
    FakeAuthorizer authorizer;

private:
    QDBusConnection m_bus;
    std::unique_ptr<MonitorService> m_service;
};

/// The app's client and what it was told, put together.
class Client : public QObject {
public:
    explicit Client(const QDBusConnection &bus)
        : monitor(bus)
    {
        connect(&monitor, &MonitorClient::updateReceived, this, [this](const UsageUpdate &update) {
            updates.append(update);
            for (const Flow &flow : update.flows)
                flows[flow.id] = flow;
            for (const Program &program : update.programs)
                programs[program.id] = program;
        });
    }

    bool start(quint32 intervalMs, Scope scope = Scope::Own, Detail detail = Detail::Connection,
               bool interactive = false)
    {
        monitor.start({intervalMs, scope, detail, interactive});
        return QTest::qWaitFor(
            [this] { return monitor.state() == MonitorClient::State::Live && !updates.isEmpty(); });
    }

    quint64 rxBytesTotal() const
    {
        return std::accumulate(flows.begin(), flows.end(), quint64(0),
                               [](quint64 sum, const Flow &flow) { return sum + flow.rxPayloadBytesTotal; });
    }

    MonitorClient monitor;
    QList<UsageUpdate> updates;
    QMap<quint32, Flow> flows;
    QMap<quint32, Program> programs;
};

/// Waits for the program's first line.
QString startProcess(QProcess &process, const QString &program, const QStringList &arguments)
{
    killWithParent(process);
    process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    // Under AddressSanitizer freed memory would be kept a while and weighed as if in use.
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("ASAN_OPTIONS"),
                       QStringLiteral("quarantine_size_mb=0:thread_local_quarantine_size_kb=0"));
    process.setProcessEnvironment(environment);
    process.start(program, arguments);
    while (!process.canReadLine()) {
        if (!process.waitForReadyRead(10000))
            return process.errorString();
    }
    return QString::fromUtf8(process.readLine()).trimmed();
}

void end(QProcess &process)
{
    process.kill();
    process.waitForFinished();
}

/// User and system time so far.
double cpuMs(qint64 pid)
{
    QFile stat(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!stat.open(QFile::ReadOnly))
        return 0;
    const QByteArray line = stat.readAll();
    const QList<QByteArray> fields = line.mid(line.lastIndexOf(')') + 2).split(' ');
    return (fields[11].toDouble() + fields[12].toDouble()) * 1000 / double(sysconf(_SC_CLK_TCK));
}

QString errorOf(const QDBusMessage &answer)
{
    return answer.type() == QDBusMessage::ErrorMessage ? answer.errorName() : QString();
}

/// How many the helper serves; fails the test if it does not say.
quint64 subscriptionsOf(const RawSubscriber &caller)
{
    const QDBusMessage status = caller.call(QStringLiteral("Status"));
    if (status.arguments().size() != 5) {
        QTest::qFail(qPrintable(QStringLiteral("Status: ") + status.errorMessage()), __FILE__, __LINE__);
        return ~quint64(0);
    }
    return qdbus_cast<Wire::CountMap>(status.arguments().at(3)).value(QStringLiteral("subscriptions"));
}

constexpr qint64 mibInKib = 1024;
constexpr char invalidArgs[] = "org.freedesktop.DBus.Error.InvalidArgs";
constexpr char limitsExceeded[] = "org.freedesktop.DBus.Error.LimitsExceeded";

} // namespace

class ContractTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void subscriberGetsSnapshotThenChanges();
    void ownScopeShowsOthersAsOneRow();
    void carriersAreNamedToWhoMaySeeThem();
    void detailsAreCoarser();
    void allRefusedFallsBackToOwn_data();
    void allRefusedFallsBackToOwn();
    void ownRefusedIsError_data();
    void ownRefusedIsError();
    void rootIsNotAsked();
    void subscribersKeepTheirOwnPace();
    void intervalChangesWithoutNewSubscription();
    void readingIsSharedAndNoneWithoutSubscribers();
    void statusTellsWhatSourceKnows();

    void unacknowledgedPushesAddUp();
    void silentSubscriberIsDropped();
    void endedSubscriptionsCountUntilAcknowledged();
    void unreadPushesOfUserAreBounded();
    void clientAcknowledgesWhatItGaveUp();
    void clientAcknowledgesWhatItNoLongerAwaits();
    void tenThousandRowsAreOnePush();
    void biggerPushesComeInParts();
    void pushesAreSeenByTheirSubscriberAlone();

    void wrongArgumentsAreRefused_data();
    void wrongArgumentsAreRefused();
    void foreignSubscriptionIsRefused();
    void forgedAcknowledgementIsRefused();
    void blindAcknowledgerIsSentNoMore();
    void subscribingInLoopIsSentNoMore();
    void tenThousandSubscriptionsAreRefused();
    void subscriptionsAreLimited();
    void callerGoneWhilePolkitIsAskedLeavesNothing();
    void comingAndGoingCallersCannotHeapUpQuestions();

    void killedClientIsForgotten();
    void stoppedClientCostsNothing();
    void clientFindsRestartedHelper();
    void clientNoticesHungHelper();
    void clientSubscribesAnewWhenEnded();
    void idleHelperSaysSo();

    void missingHelperIsNamed();
    void missingBusIsNamed();
    void otherVersionIsNamed();
    void shippedPolicyLetsCallersInAndNobodyElseBeTheHelper();
    void busPolicyRefusalIsNamed();

private:
    std::unique_ptr<PrivateBus> m_bus;
};

void ContractTest::init()
{
    m_bus = std::make_unique<PrivateBus>();
    QCOMPARE(m_bus->start(), QString());
}

void ContractTest::cleanup()
{
    m_bus.reset();
}

// --- What subscribers get.

void ContractTest::subscriberGetsSnapshotThenChanges()
{
    Helper helper(*m_bus);
    const quint32 curl = helper.source.addProgram("curl", user());
    const quint32 ssh = helper.source.addProgram("ssh", user());
    const quint32 toWeb = helper.source.addFlow(curl, 1);
    const quint32 toHost = helper.source.addFlow(ssh, 2);
    helper.source.addBytes(toWeb, 1000, 10);
    helper.source.addBytes(toHost, 2000, 20);
    QCOMPARE(helper.service().publish(), QString());

    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    const UsageUpdate first = client.updates.first();
    QVERIFY(first.isSnapshot);
    QCOMPARE(first.instance, helper.service().instance());
    QCOMPARE(first.flows.size(), 3); // and the others' row
    QCOMPARE(first.programs.size(), 3);
    QCOMPARE(client.rxBytesTotal(), quint64(3000));
    QCOMPARE(client.monitor.grantedScope(), Scope::Own);
    QCOMPARE(client.monitor.problem(), QString());
    const auto named =
        std::find_if(client.programs.begin(), client.programs.end(),
                     [](const Program &program) { return program.name == QLatin1String("curl"); });
    QVERIFY(named != client.programs.end());
    QCOMPARE(named->executable, QStringLiteral("/usr/bin/curl"));
    QCOMPARE(named->uid, user());
    const auto flow = std::find_if(client.flows.begin(), client.flows.end(),
                                   [&](const Flow &f) { return f.programId == named->id; });
    QVERIFY(flow != client.flows.end());
    QCOMPARE(flow->servicePort, quint16(443));
    QCOMPARE(flow->protocol, quint8(6));
    QCOMPARE(flow->direction, Direction::Outgoing);
    QCOMPARE(flow->openSockets, 1u);
    const auto remote = std::find_if(first.remotes.begin(), first.remotes.end(),
                                     [&](const Remote &r) { return r.id == flow->remoteId; });
    QVERIFY(remote != first.remotes.end());
    QCOMPARE(remote->address.toString(), QStringLiteral("198.18.0.1"));

    client.updates.clear();
    helper.source.addBytes(toWeb, 500, 0);
    helper.source.endProgram(ssh);
    QTRY_VERIFY(client.rxBytesTotal() == 3500);
    int flows = 0;
    int ended = 0;
    for (const UsageUpdate &update : std::as_const(client.updates)) {
        QVERIFY(!update.isSnapshot);
        QVERIFY(update.timeNs > first.timeNs);
        QVERIFY(update.programs.isEmpty());
        QVERIFY(update.remotes.isEmpty());
        flows += int(update.flows.size());
        ended += int(update.endedProgramIds.size());
    }
    QCOMPARE(flows, 1);
    QCOMPARE(ended, 1);

    client.updates.clear();
    QTRY_VERIFY(client.updates.size() >= 2); // they come with nothing changed, too
    QVERIFY(client.updates.last().flows.isEmpty());
    QVERIFY(client.updates[1].timeNs > client.updates[0].timeNs);
}

void ContractTest::ownScopeShowsOthersAsOneRow()
{
    Helper helper(*m_bus);
    helper.source.addBytes(helper.source.addFlow(helper.source.addProgram("mine", user()), 1), 1, 0);
    helper.source.addBytes(helper.source.addFlow(helper.source.addProgram("theirs", stranger), 2), 10, 0);
    helper.source.addBytes(helper.source.addFlow(helper.source.addProgram("secret", stranger), 3), 100, 0);
    helper.source.addBytes(0, 1000, 0); // found no place in the kernel's table
    QCOMPARE(helper.service().publish(), QString());

    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    QCOMPARE(client.flows.size(), 2);
    QCOMPARE(client.rxBytesTotal(), quint64(1111));
    QCOMPARE(client.updates.first().remotes.size(), 1); // whom others talk to is theirs
    QStringList names;
    for (const Program &program : std::as_const(client.programs)) {
        if (program.kind == ProgramKind::Others)
            QVERIFY(program.pid == 0 && program.uid == 0 && program.executable.isEmpty());
        else
            names.append(program.name);
    }
    QCOMPARE(names, QStringList{QStringLiteral("mine")});
}

void ContractTest::carriersAreNamedToWhoMaySeeThem()
{
    Helper helper(*m_bus);
    const quint32 mine = helper.source.addProgram("mine", user());
    const quint32 theirs = helper.source.addProgram("theirs", stranger);
    helper.source.addTunnel(theirs);
    helper.source.addTunnel(mine);
    const quint32 inside = helper.source.addFlow(mine, 1);
    helper.source.flowRecord(inside).ifindex = 3;
    helper.source.addBytes(inside, 100, 0);
    helper.source.addBytes(helper.source.addFlow(theirs, 2), 130, 0);
    QCOMPARE(helper.service().publish(), QString());

    const auto carriersFor = [](Client &client) {
        QSignalSpy books(&client.monitor, &MonitorClient::balanceReceived);
        client.monitor.requestBalance();
        QStringList names;
        if (!books.wait())
            return names;
        for (const auto &interface : books.constFirst().at(1).value<QList<InterfaceBalance>>()) {
            for (const CarrierProgram &carrier : interface.carriers)
                names.append(QStringLiteral("%1 %2").arg(carrier.name).arg(carrier.pid != 0));
        }
        return names;
    };
    Client own(m_bus->connect(user()));
    QVERIFY(own.start(100));
    QCOMPARE(carriersFor(own), QStringList({QStringLiteral(" 0"), QStringLiteral("mine 1")}));
    quint64 once = 0;
    for (const Flow &flow : std::as_const(own.flows)) {
        if (flow.tunnelSide != TunnelSide::Carrier)
            once += flow.rxPayloadBytesTotal;
    }
    QCOMPARE(once, quint64(100));
    QCOMPARE(own.rxBytesTotal(), quint64(230));
    Client all(m_bus->connect());
    QVERIFY(all.start(100, Scope::All));
    QCOMPARE(carriersFor(all), QStringList({QStringLiteral("theirs 1"), QStringLiteral("mine 1")}));
}

void ContractTest::detailsAreCoarser()
{
    Helper helper(*m_bus);
    const quint32 program = helper.source.addProgram("curl", user());
    for (quint32 remote : {1, 1, 2}) {
        const quint32 flow = helper.source.addFlow(program, remote);
        helper.source.flowRecord(flow).servicePort = quint16(flow);
        helper.source.addBytes(flow, 5, 0);
    }
    QCOMPARE(helper.service().publish(), QString());
    for (const auto &[detail, rows] :
         {std::pair(Detail::Program, 2), std::pair(Detail::Remote, 3), std::pair(Detail::Connection, 4)}) {
        Client client(m_bus->connect(user()));
        QVERIFY(client.start(100, Scope::Own, detail));
        QCOMPARE(client.flows.size(), rows);
        QCOMPARE(client.rxBytesTotal(), quint64(15));
        QCOMPARE(client.updates.first().remotes.isEmpty(), detail == Detail::Program);
    }
}

void ContractTest::allRefusedFallsBackToOwn_data()
{
    QTest::addColumn<int>("verdict");
    QTest::newRow("denied") << int(Verdict::Denied);
    QTest::newRow("a password would be needed") << int(Verdict::WouldChallenge);
}

void ContractTest::allRefusedFallsBackToOwn()
{
    QFETCH(int, verdict);
    Helper helper(*m_bus);
    helper.source.addFlow(helper.source.addProgram("theirs", stranger), 1);
    helper.authorizer.setVerdict(actionAll, Verdict(verdict));
    QCOMPARE(helper.service().publish(), QString());

    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100, Scope::All));
    QCOMPARE(client.monitor.grantedScope(), Scope::Own);
    QVERIFY(client.monitor.scopeNote().contains(QLatin1String("administrator")));
    QCOMPARE(client.programs.size(), 1);
    QCOMPARE(client.programs.first().kind, ProgramKind::Others);
    QCOMPARE(helper.authorizer.questions().size(), 2);

    // Granted once an administrator agrees, asked for with a password.
    helper.authorizer.setVerdict(actionAll, Verdict::Allowed);
    client.updates.clear();
    QVERIFY(client.start(100, Scope::All, Detail::Connection, true));
    QTRY_COMPARE(client.monitor.grantedScope(), Scope::All);
    QCOMPARE(client.monitor.scopeNote(), QString());
    QVERIFY(helper.authorizer.questions().last().interactive);
    QTRY_VERIFY(!client.updates.isEmpty() && client.updates.first().isSnapshot);
}

void ContractTest::ownRefusedIsError_data()
{
    QTest::addColumn<int>("verdict");
    QTest::addColumn<MonitorClient::State>("state");
    QTest::addColumn<QString>("error");
    QTest::addColumn<QString>("problemNames");
    QTest::newRow("denied") << int(Verdict::Denied) << MonitorClient::State::Denied
                            << QString(QLatin1String(Wire::errorDenied)) << QStringLiteral("polkit refused");
    QTest::newRow("a password would be needed")
        << int(Verdict::WouldChallenge) << MonitorClient::State::Denied
        << QString(QLatin1String(Wire::errorDenied)) << QStringLiteral("password");
    QTest::newRow("no polkit") << int(Verdict::Unavailable) << MonitorClient::State::AuthorityUnavailable
                               << QString(QLatin1String(Wire::errorAuthorityUnavailable))
                               << QStringLiteral("install polkitd");
}

void ContractTest::ownRefusedIsError()
{
    QFETCH(int, verdict);
    QFETCH(MonitorClient::State, state);
    QFETCH(QString, error);
    QFETCH(QString, problemNames);
    Helper helper(*m_bus);
    helper.authorizer.setVerdict(actionAll, Verdict(verdict));
    helper.authorizer.setVerdict(actionOwn, Verdict(verdict));
    QCOMPARE(helper.service().publish(), QString());

    Client client(m_bus->connect(user()));
    client.monitor.start({100, Scope::All, Detail::Connection, false});
    QTRY_COMPARE(client.monitor.state(), state);
    QVERIFY2(client.monitor.problem().contains(problemNames), qPrintable(client.monitor.problem()));
    QVERIFY(client.updates.isEmpty());
    // Status is open to everyone, even now.
    QSignalSpy status(&client.monitor, &MonitorClient::statusReceived);
    client.monitor.requestStatus();
    QVERIFY(status.wait());

    RawSubscriber raw(m_bus->connect(user()));
    QCOMPARE(errorOf(raw.subscribe(100)), error);
    QCOMPARE(raw.pushCount(), 0);
}

void ContractTest::rootIsNotAsked()
{
    if (geteuid() != 0)
        QSKIP("Only root can call as root.");
    Helper helper(*m_bus);
    helper.source.addFlow(helper.source.addProgram("theirs", stranger), 1);
    helper.authorizer.setVerdict(actionAll, Verdict::Denied);
    QCOMPARE(helper.service().publish(), QString());
    Client client(m_bus->connect(0));
    QVERIFY(client.start(100, Scope::All));
    QCOMPARE(client.monitor.grantedScope(), Scope::All);
    QVERIFY(helper.authorizer.questions().isEmpty());
}

void ContractTest::subscribersKeepTheirOwnPace()
{
    Helper helper(*m_bus);
    helper.source.fill(3, 30, user());
    helper.source.setGrowth(7);
    QCOMPARE(helper.service().publish(), QString());
    Client fast(m_bus->connect(user()));
    Client slow(m_bus->connect(user()));
    QVERIFY(slow.start(1000));
    QVERIFY(fast.start(100));
    fast.updates.clear();
    QTRY_COMPARE(slow.updates.size(), 3);
    // Two intervals of 1 s lie between; each side's timer may be 5 % off (coarse timers).
    QVERIFY2(fast.updates.size() >= 15 && fast.updates.size() <= 22,
             qPrintable(QString::number(fast.updates.size())));
    const quint64 gapNs = slow.updates[2].timeNs - slow.updates[1].timeNs;
    QVERIFY2(gapNs > 900000000 && gapNs < 1200000000, qPrintable(QString::number(gapNs)));
    // The slow one misses nothing: its rows hold what the fast one's did when it was sent.
    const quint64 slowTotal = slow.rxBytesTotal();
    QCOMPARE(slowTotal % (quint64(30) * 7), quint64(0));
    QTRY_VERIFY(fast.rxBytesTotal() >= slowTotal);
}

void ContractTest::intervalChangesWithoutNewSubscription()
{
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    Client client(m_bus->connect(user()));
    QVERIFY(client.start(60000));
    client.monitor.start({100, Scope::Own, Detail::Connection, false});
    QTRY_VERIFY(client.updates.size() >= 4);
    QCOMPARE(client.monitor.state(), MonitorClient::State::Live);
    for (int i = 1; i < client.updates.size(); ++i)
        QVERIFY(!client.updates[i].isSnapshot);
    QCOMPARE(helper.authorizer.questions().size(), 1);

    // Anything else is a new subscription.
    client.updates.clear();
    client.monitor.start({100, Scope::Own, Detail::Program, false});
    QTRY_VERIFY(!client.updates.isEmpty() && client.updates.first().isSnapshot);
    RawSubscriber raw(m_bus->connect(user()));
    QCOMPARE(subscriptionsOf(raw), quint64(1)); // the old one is gone
}

void ContractTest::readingIsSharedAndNoneWithoutSubscribers()
{
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber raw(m_bus->connect(user()));
    // Sent in one go, so granted and pushed within the time a reading is shared.
    QList<QDBusPendingCall> calls;
    for (int i = 0; i < 8; ++i) {
        QDBusMessage call =
            QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                           QLatin1String(Wire::interfaceName), QStringLiteral("Subscribe"));
        call << 60000u << QStringLiteral("own") << QStringLiteral("connection") << false;
        calls.append(raw.bus().asyncCall(call));
    }
    QTRY_COMPARE(raw.pushCount(), 8);
    QVERIFY2(helper.source.readings() < 8, qPrintable(QString::number(helper.source.readings())));

    for (const auto &call : std::as_const(calls))
        QCOMPARE(errorOf(raw.call(QStringLiteral("Unsubscribe"), {call.reply().arguments().at(0)})),
                 QString());
    const int readings = helper.source.readings();
    QCOMPARE(errorOf(raw.subscribe(100)), QString());
    QTRY_VERIFY(helper.source.readings() >= readings + 3);
    raw.vanish();
    RawSubscriber watcher(m_bus->connect(user()));
    QTRY_COMPARE(subscriptionsOf(watcher), quint64(0));
    const int before = helper.source.readings();
    QVERIFY(!QTest::qWaitFor([&] { return helper.source.readings() != before; }, 500)); // 5 intervals
}

void ContractTest::statusTellsWhatSourceKnows()
{
    Helper helper(*m_bus);
    helper.source.addBytes(0, 70, 7);
    QCOMPARE(helper.service().publish(), QString());
    Client client(m_bus->connect(user()));
    QSignalSpy spy(&client.monitor, &MonitorClient::statusReceived);
    client.monitor.requestStatus(); // answered as soon as the helper is found
    QVERIFY(client.start(100));
    QTRY_COMPARE(spy.size(), 1);
    const auto status = spy[0][0].value<HelperStatus>();
    QCOMPARE(status.info.value(QStringLiteral("helperVersion")), QStringLiteral("test"));
    QCOMPARE(status.probes.size(), 2);
    QCOMPARE(status.probes[0].purpose, QStringLiteral("payload-send"));
    QVERIFY(status.probes[0].active);
    QCOMPARE(status.probes[1].note, QStringLiteral("not scripted"));
    QCOMPARE(status.losses.value(QStringLiteral("spilledRxBytes"), 99), quint64(70));
    QCOMPARE(status.losses.value(QStringLiteral("spilledTxBytes"), 99), quint64(7));
    QVERIFY(status.losses.contains(QStringLiteral("spilledFlows")));
    QVERIFY(status.usage.contains(QStringLiteral("uptimeMs")));
    QVERIFY(status.usage.contains(QStringLiteral("subscriptions")));
    QCOMPARE(status.interfaces.size(), 1);
    QCOMPARE(status.interfaces[0].txBytesTotal, quint64(20));
    QVERIFY(status.interfaces[0].isLoopback);
}

// --- Flow control, bounds and privacy.

void ContractTest::unacknowledgedPushesAddUp()
{
    Helper helper(*m_bus);
    helper.source.fill(1, 5, user());
    helper.source.setGrowth(1);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber pacemaker(m_bus->connect(user())); // shows that time passes
    RawSubscriber raw(m_bus->connect(user()));
    raw.setAcknowledging(false);
    QCOMPARE(errorOf(pacemaker.subscribe(100)), QString());
    const QDBusMessage granted = raw.subscribe(100);
    QTRY_COMPARE(raw.pushCount(), 2);
    const int seen = pacemaker.pushCount();
    QTRY_VERIFY(pacemaker.pushCount() >= seen + 5);
    QCOMPARE(raw.pushCount(), 2);

    // The first alone makes room for one push, which holds all that happened meanwhile.
    const uint id = granted.arguments().at(0).toUInt();
    const quint64 before = raw.parts()[1].rows.first().rxPayloadBytes;
    QCOMPARE(errorOf(raw.call(QStringLiteral("Acknowledge"), {id, raw.parts()[0].sequence})), QString());
    QTRY_COMPARE(raw.pushCount(), 3);
    QVERIFY(raw.parts()[2].rows.first().rxPayloadBytes >= before + 5);
    const int then = pacemaker.pushCount();
    QTRY_VERIFY(pacemaker.pushCount() >= then + 3);
    QCOMPARE(raw.pushCount(), 3);
    QVERIFY(raw.parts()[2].sequence > raw.parts()[1].sequence);
}

void ContractTest::silentSubscriberIsDropped()
{
    MonitorService::Limits limits;
    limits.acknowledgeMs = 400;
    Helper helper(*m_bus, limits);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber good(m_bus->connect(user()));
    RawSubscriber silent(m_bus->connect(user()));
    silent.setAcknowledging(false);
    QCOMPARE(errorOf(good.subscribe(100)), QString());
    const QDBusMessage granted = silent.subscribe(100);
    QTRY_COMPARE(silent.endReasons().size(), 1);
    QVERIFY(!silent.endReasons().first().isEmpty());
    QCOMPARE(silent.pushCount(), 2);
    QCOMPARE(errorOf(silent.call(QStringLiteral("Unsubscribe"), {granted.arguments().at(0)})),
             QLatin1String(Wire::errorNoSuchSubscription));
    const int seen = good.pushCount();
    QTRY_VERIFY(good.pushCount() >= seen + 6); // longer than the limit
    QVERIFY(good.endReasons().isEmpty());
}

void ContractTest::endedSubscriptionsCountUntilAcknowledged()
{
    MonitorService::Limits limits;
    limits.perConnection = 2;
    limits.perUser = 3;
    limits.acknowledgeMs = 400;
    Helper helper(*m_bus, limits);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber raw(m_bus->connect(user()));
    raw.setAcknowledging(false);
    const QString acknowledge = QStringLiteral("Acknowledge");

    const QVariant first = raw.subscribe(60000).arguments().at(0);
    QTRY_COMPARE(raw.pushCount(), 1);
    QCOMPARE(errorOf(raw.call(QStringLiteral("Unsubscribe"), {first})), QString());
    QCOMPARE(errorOf(raw.call(QStringLiteral("Unsubscribe"), {first})),
             QLatin1String(Wire::errorNoSuchSubscription));
    QCOMPARE(errorOf(raw.call(QStringLiteral("SetInterval"), {first, 100u})),
             QLatin1String(Wire::errorNoSuchSubscription));
    const QVariant second = raw.subscribe(100).arguments().at(0);
    QTRY_COMPARE(raw.endReasons().size(), 1); // dropped for its silence, which frees nothing either
    QCOMPARE(raw.pushCount(), 3);
    QCOMPARE(subscriptionsOf(raw), quint64(0));
    QCOMPARE(errorOf(raw.subscribe(100)), QLatin1String(limitsExceeded));

    // The user's other connections are touched by that at the user's limit only.
    RawSubscriber other(m_bus->connect(user()));
    QCOMPARE(errorOf(other.subscribe(60000)), QString());
    QCOMPARE(errorOf(other.subscribe(60000)), QLatin1String(limitsExceeded));

    QCOMPARE(errorOf(raw.call(acknowledge, {first, raw.parts()[0].sequence + 1})),
             QLatin1String(invalidArgs));
    QCOMPARE(errorOf(raw.call(acknowledge, {first, raw.parts()[0].sequence})), QString());
    QCOMPARE(errorOf(raw.call(acknowledge, {first, raw.parts()[0].sequence})),
             QLatin1String(Wire::errorNoSuchSubscription)); // now it is over
    QCOMPARE(errorOf(raw.call(acknowledge, {second, raw.parts()[1].sequence})), QString());
    const QDBusMessage third = raw.subscribe(60000);
    QCOMPARE(errorOf(third), QString());
    QCOMPARE(errorOf(raw.subscribe(60000)), QLatin1String(limitsExceeded)); // of the second, one is left
    QCOMPARE(errorOf(raw.call(acknowledge, {second, raw.parts()[2].sequence})), QString());
    // What is acknowledged when it ends counts no longer.
    QTRY_COMPARE(raw.pushCount(), 4);
    QCOMPARE(errorOf(raw.call(acknowledge, {third.arguments().at(0), raw.parts()[3].sequence})), QString());
    QCOMPARE(errorOf(raw.call(QStringLiteral("Unsubscribe"), {third.arguments().at(0)})), QString());
    QCOMPARE(errorOf(raw.subscribe(60000)), QString());

    // Leaving the bus frees the rest.
    raw.vanish();
    QVERIFY(QTest::qWaitFor([&] { return errorOf(other.subscribe(60000)).isEmpty(); }));
}

void ContractTest::unreadPushesOfUserAreBounded()
{
    MonitorService::Limits limits;
    limits.unacknowledgedBytesPerUser = 50000; // a push of 2,000 rows is more
    Helper helper(*m_bus, limits);
    helper.source.fill(10, 2000, user());
    helper.source.setGrowth(1);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber silent(m_bus->connect(user()));
    silent.setAcknowledging(false);
    const QVariant id = silent.subscribe(100).arguments().at(0);
    QTRY_COMPARE(silent.pushCount(), 1);
    RawSubscriber other(m_bus->connect(user()));
    QCOMPARE(errorOf(other.subscribe(100)), QString());
    QVERIFY(!QTest::qWaitFor([&] { return silent.pushCount() > 1 || other.pushCount() > 0; }, 500));
    if (geteuid() == 0) { // another user is not touched by that
        RawSubscriber third(m_bus->connect(stranger));
        QCOMPARE(errorOf(third.subscribe(100)), QString());
        QTRY_VERIFY(third.pushCount() >= 3);
    }
    QCOMPARE(errorOf(silent.call(QStringLiteral("Unsubscribe"), {id})), QString());
    QVERIFY(!QTest::qWaitFor([&] { return other.pushCount() > 0; }, 300)); // no way round it
    QCOMPARE(errorOf(silent.call(QStringLiteral("Acknowledge"), {id, silent.parts()[0].sequence})),
             QString());
    QTRY_VERIFY(other.pushCount() >= 3);
    QCOMPARE(other.parts()[0].rows.size(), 2001);
}

void ContractTest::clientAcknowledgesWhatItGaveUp()
{
    QProcess helper;
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER),
                          {QStringLiteral("--address"), m_bus->address(), QStringLiteral("--uid"),
                           QString::number(user())}),
             QStringLiteral("ready"));
    const QDBusConnection bystander = m_bus->connect();
    const QDBusMessage status =
        QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                       QLatin1String(Wire::interfaceName), QStringLiteral("Status"));
    const auto uptimeMs = [&] {
        const QDBusMessage answer = bystander.call(status); // nothing else runs in this thread meanwhile
        return qdbus_cast<Wire::CountMap>(answer.arguments().value(3)).value(QStringLiteral("uptimeMs"));
    };
    Client client(m_bus->connect(user()));
    // More often than a connection may have subscriptions.
    for (int i = 0; i < MonitorService::Limits().perConnection + 2; ++i) {
        QVERIFY2(client.start(100), qPrintable(client.monitor.problem()));
        // Two pushes are sent and not delivered when the client leaves.
        const quint64 before = uptimeMs();
        quint64 now = before;
        while (now - before < 300) {
            now = uptimeMs();
            QVERIFY(now != 0);
        }
        client.monitor.stop();
        client.updates.clear();
    }
    end(helper);
}

void ContractTest::clientAcknowledgesWhatItNoLongerAwaits()
{
    MonitorService::Limits limits;
    limits.perConnection = 2;
    Helper helper(*m_bus, limits);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber raw(m_bus->connect(user()));
    Client client(m_bus->connect(user()));
    for (int i = 0; i < 4; ++i) {
        helper.authorizer.hold();
        client.monitor.start({100, Scope::Own, Detail::Connection, false});
        QTRY_COMPARE(helper.authorizer.questions().size(), i + 1);
        client.monitor.stop();
        const int readings = helper.source.readings();
        helper.authorizer.release();
        QTRY_VERIFY(helper.source.readings() > readings); // granted, and the first push sent
        QTRY_COMPARE(subscriptionsOf(raw), quint64(0));
    }
    QVERIFY2(client.start(100), qPrintable(client.monitor.problem()));
}

void ContractTest::tenThousandRowsAreOnePush()
{
    Helper helper(*m_bus);
    helper.source.fill(1000, 10000 - 1, user()); // the others' row makes it full
    helper.source.setGrowth(3);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber raw(m_bus->connect(user()));
    QCOMPARE(errorOf(raw.subscribe(100)), QString());
    QTRY_VERIFY(raw.pushCount() >= 3);
    for (const RawSubscriber::Part &part : raw.parts()) {
        QCOMPARE(part.part, 0u);
        QVERIFY(part.isLast);
    }
    QCOMPARE(raw.parts()[0].rows.size(), 10000);
    QCOMPARE(raw.parts()[0].programs.size(), 1001);
    QCOMPARE(raw.parts()[1].rows.size(), 9999); // nothing of others changed
    QVERIFY(raw.parts()[1].programs.isEmpty());
}

void ContractTest::biggerPushesComeInParts()
{
    Helper helper(*m_bus);
    helper.source.fill(4500, 25000, user());
    for (quint32 flow = 1; flow <= 25000; ++flow)
        helper.source.addBytes(flow, flow, 0);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber raw(m_bus->connect(user()));
    QCOMPARE(errorOf(raw.subscribe(60000)), QString());
    QTRY_COMPARE(raw.pushCount(), 1);
    QCOMPARE(raw.parts().size(), 3);
    for (uint i = 0; i < 3; ++i) {
        const RawSubscriber::Part &part = raw.parts()[int(i)];
        QCOMPARE(part.part, i);
        QCOMPARE(part.sequence, raw.parts()[0].sequence);
        QCOMPARE(part.isLast, i == 2);
        QVERIFY(part.rows.size() <= Wire::maxRowsPerMessage);
        QVERIFY(part.programs.size() <= Wire::maxProgramsPerMessage);
    }

    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    QCOMPARE(client.updates.first().flows.size(), 25001);
    QCOMPARE(client.updates.first().programs.size(), 4501);
    QCOMPARE(client.rxBytesTotal(), quint64(25000) * 25001 / 2);
}

void ContractTest::pushesAreSeenByTheirSubscriberAlone()
{
    PrivateBus bus(PrivateBus::Policy::Shipped);
    QCOMPARE(bus.start(), QString());
    Helper helper(bus);
    helper.source.fill(2, 10, user());
    QCOMPARE(helper.service().publish(), QString());

    RawSubscriber snoop(bus.connect(user()));
    QDBusMessage match = QDBusMessage::createMethodCall(
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("/org/freedesktop/DBus"),
        QStringLiteral("org.freedesktop.DBus"), QStringLiteral("AddMatch"));
    match << QStringLiteral("eavesdrop='true',interface='org.nettally.Monitor1'");
    callThrough(snoop.bus(), match); // granted or not, it must not help

    RawSubscriber subscriber(bus.connect(user()));
    QCOMPARE(errorOf(subscriber.subscribe(100)), QString());
    QTRY_VERIFY(subscriber.pushCount() >= 5);
    QCOMPARE(errorOf(snoop.call(QStringLiteral("Status"))), QString()); // it is alive and past those pushes
    QCOMPARE(snoop.parts().size(), 0);
}

// --- Hostile callers.

void ContractTest::wrongArgumentsAreRefused_data()
{
    QTest::addColumn<QString>("member");
    QTest::addColumn<QVariantList>("arguments");
    QTest::addColumn<QString>("error"); // empty: any

    const QString own = QStringLiteral("own");
    const QString connection = QStringLiteral("connection");
    const auto subscribe = [&](const char *name, const QVariantList &arguments, const char *error) {
        QTest::newRow(name) << QStringLiteral("Subscribe") << arguments << QString::fromLatin1(error);
    };
    subscribe("interval 0", {0u, own, connection, false}, invalidArgs);
    subscribe("interval 99", {99u, own, connection, false}, invalidArgs);
    subscribe("interval 60001", {60001u, own, connection, false}, invalidArgs);
    subscribe("interval 2^32-1", {~0u, own, connection, false}, invalidArgs);
    subscribe("no scope", {100u, QString(), connection, false}, invalidArgs);
    subscribe("unknown scope", {100u, QStringLiteral("ALL"), connection, false}, invalidArgs);
    subscribe("long scope", {100u, QString(1000000, QLatin1Char('a')), connection, false}, invalidArgs);
    subscribe("unknown detail", {100u, own, QStringLiteral("packet"), false}, invalidArgs);
    subscribe("interval as text", {QStringLiteral("100"), own, connection, false}, "");
    subscribe("interval as signed", {100, own, connection, false}, "");
    subscribe("too few arguments", {100u, own}, "");
    subscribe("too many arguments", {100u, own, connection, false, 1u}, "");
    QTest::newRow("unknown member") << QStringLiteral("Shutdown") << QVariantList() << QString();
    QTest::newRow("unknown subscription") << QStringLiteral("Unsubscribe") << QVariantList{12345u}
                                          << QString(QLatin1String(Wire::errorNoSuchSubscription));
    QTest::newRow("subscription 0") << QStringLiteral("SetInterval") << QVariantList{0u, 100u}
                                    << QString(QLatin1String(Wire::errorNoSuchSubscription));
    QTest::newRow("acknowledgement of nothing")
        << QStringLiteral("Acknowledge") << QVariantList{1u, qulonglong(1)}
        << QString(QLatin1String(Wire::errorNoSuchSubscription));
    QTest::newRow("acknowledgement as text")
        << QStringLiteral("Acknowledge") << QVariantList{QStringLiteral("1"), QStringLiteral("1")}
        << QString();
}

void ContractTest::wrongArgumentsAreRefused()
{
    QFETCH(QString, member);
    QFETCH(QVariantList, arguments);
    QFETCH(QString, error);
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber good(m_bus->connect(user()));
    good.call(QStringLiteral("Status"));
    RawSubscriber hostile(m_bus->connect(user()));
    const QDBusMessage answer = hostile.call(member, arguments);
    QVERIFY(!errorOf(answer).isEmpty());
    QVERIFY(!answer.errorMessage().isEmpty());
    QVERIFY2(error.isEmpty() || answer.errorName() == error, qPrintable(answer.errorName()));
    QVERIFY(helper.authorizer.questions().isEmpty());
    QCOMPARE(hostile.pushCount(), 0);

    QCOMPARE(errorOf(good.subscribe(100)), QString());
    QTRY_VERIFY(good.pushCount() >= 2);
}

void ContractTest::foreignSubscriptionIsRefused()
{
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber good(m_bus->connect(user()));
    RawSubscriber hostile(m_bus->connect(user()));
    good.setAcknowledging(false);
    const QVariant id = good.subscribe(100).arguments().at(0);
    QTRY_COMPARE(good.pushCount(), 2);
    const QLatin1String noSuch(Wire::errorNoSuchSubscription);
    QCOMPARE(errorOf(hostile.call(QStringLiteral("Unsubscribe"), {id})), noSuch);
    QCOMPARE(errorOf(hostile.call(QStringLiteral("SetInterval"), {id, 60000u})), noSuch);
    const QVariantList both{id, good.parts()[1].sequence};
    QCOMPARE(errorOf(hostile.call(QStringLiteral("Acknowledge"), both)), noSuch);
    QVERIFY(!QTest::qWaitFor([&] { return good.pushCount() > 2; }, 300)); // it did not count
    QCOMPARE(errorOf(good.call(QStringLiteral("Acknowledge"), both)), QString());
    QTRY_COMPARE(good.pushCount(), 4);
}

void ContractTest::forgedAcknowledgementIsRefused()
{
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber hostile(m_bus->connect(user()));
    hostile.setAcknowledging(false);
    const QVariant id = hostile.subscribe(100).arguments().at(0);
    QTRY_COMPARE(hostile.pushCount(), 2);
    const quint64 first = hostile.parts()[0].sequence;
    const quint64 second = hostile.parts()[1].sequence;
    for (quint64 sequence : {quint64(0), first - 1, first + 1, second - 1, second + 1, ~quint64(0)}) {
        if (sequence == first || sequence == second)
            continue; // steps may be small
        QCOMPARE(errorOf(hostile.call(QStringLiteral("Acknowledge"), {id, sequence})),
                 QLatin1String(invalidArgs));
    }
    QVERIFY(!QTest::qWaitFor([&] { return hostile.pushCount() > 2; }, 300));
    for (quint64 sequence : {second, second, first}) // once acknowledged, a repetition is harmless
        QCOMPARE(errorOf(hostile.call(QStringLiteral("Acknowledge"), {id, sequence})), QString());
    QTRY_COMPARE(hostile.pushCount(), 4);
}

namespace {

/// What a helper with 10,000 busy flows and its bus weigh, and how that grew; a subscriber that keeps up
/// shows that both go on.
class Load {
public:
    explicit Load(PrivateBus &bus)
        : good(bus.connect())
        , m_bus(bus)
    {
        good.setKeeping(false);
    }
    ~Load() { end(m_helper); }

    /// Until buffers everywhere have their size. An empty string, or what went wrong.
    QString start()
    {
        const QString line =
            startProcess(m_helper, QStringLiteral(CONTRACT_HELPER),
                         {QStringLiteral("--address"), m_bus.address(), QStringLiteral("--flows"),
                          QStringLiteral("10000"), QStringLiteral("--programs"), QStringLiteral("1000"),
                          QStringLiteral("--growth"), QStringLiteral("1000")});
        if (line != QLatin1String("ready"))
            return line;
        const QString error = errorOf(good.subscribe(100));
        if (!error.isEmpty() || !QTest::qWaitFor([&] { return good.pushCount() >= 30; }, 60000))
            return QStringLiteral("no pushes ") + error;
        m_helperBefore = residentKiB(m_helper.processId());
        m_busBefore = residentKiB(m_bus.pid());
        return {};
    }
    qint64 helperGrowthKiB() const { return residentKiB(m_helper.processId()) - m_helperBefore; }
    qint64 busGrowthKiB() const { return residentKiB(m_bus.pid()) - m_busBefore; }
    void report() const
    {
        qInfo("helper %lld KiB %+lld KiB, bus %lld KiB %+lld KiB", static_cast<long long>(m_helperBefore),
              static_cast<long long>(helperGrowthKiB()), static_cast<long long>(m_busBefore),
              static_cast<long long>(busGrowthKiB()));
    }

    RawSubscriber good;

private:
    PrivateBus &m_bus;
    QProcess m_helper;
    qint64 m_helperBefore = 0;
    qint64 m_busBefore = 0;
};

} // namespace

void ContractTest::blindAcknowledgerIsSentNoMore()
{
    Load load(*m_bus);
    QCOMPARE(load.start(), QString());
    DeafCaller hostile;
    QCOMPARE(hostile.connect(m_bus->address()), QString());
    QVERIFY(hostile.subscribe(100));
    QTRY_COMPARE(subscriptionsOf(load.good), quint64(2));
    // 50 pushes of 0.5 MB would be 25 MiB in the bus.
    for (quint64 push = 1; push <= 50; ++push) {
        for (quint64 guess : {push, push << 16, push << 24, push << 32})
            QVERIFY(hostile.acknowledge(2, guess)); // the good one has 1
        const int seen = load.good.pushCount();
        QVERIFY(QTest::qWaitFor([&] { return load.good.pushCount() > seen; }, 10000));
    }
    load.report();
    // The two pushes, the first with the names, and what allocators keep.
    QVERIFY(load.busGrowthKiB() < 6 * mibInKib);
    QVERIFY(load.helperGrowthKiB() < 6 * mibInKib);
}

void ContractTest::subscribingInLoopIsSentNoMore()
{
    Load load(*m_bus);
    QCOMPARE(load.start(), QString());
    DeafCaller hostile;
    QCOMPARE(hostile.connect(m_bus->address()), QString());
    const int seen = load.good.pushCount();
    quint32 id = 1; // the good one's
    // 200 first pushes of 0.7 MB would be over 130 MiB in the bus, at which it reads no more of the helper.
    while (id < 200) {
        QVERIFY(hostile.subscribe(60000));
        // When the helper has answered twice, the bus has told it the user in between. It never does when
        // the bus has stopped reading it.
        for (int i = 0; i < 2; ++i)
            QVERIFY(subscriptionsOf(load.good) != ~quint64(0));
        QVERIFY(hostile.unsubscribe(++id));
    }
    for (; id > 1; --id)
        QVERIFY(hostile.unsubscribe(id)); // what was not granted yet at the first attempt
    QTRY_COMPARE(subscriptionsOf(load.good), quint64(1));
    QVERIFY(QTest::qWaitFor([&] { return load.good.pushCount() >= seen + 10; }, 60000));
    load.report();
    // 8 first pushes, and what allocators keep.
    QVERIFY(load.busGrowthKiB() < 12 * mibInKib);
    QVERIFY(load.helperGrowthKiB() < 6 * mibInKib);
    QCOMPARE(errorOf(RawSubscriber(m_bus->connect()).subscribe(60000)), QString());
}

void ContractTest::tenThousandSubscriptionsAreRefused()
{
    QProcess helper;
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER),
                          {QStringLiteral("--address"), m_bus->address(), QStringLiteral("--hold-after"),
                           QStringLiteral("1"), QStringLiteral("--uid"), QString::number(user())}),
             QStringLiteral("ready"));
    RawSubscriber good(m_bus->connect(user()));
    QCOMPARE(errorOf(good.subscribe(100)), QString());
    QTRY_VERIFY(good.pushCount() >= 3);
    const qint64 before = residentKiB(helper.processId());

    RawSubscriber hostile(m_bus->connect(user()));
    QDBusMessage call =
        QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                       QLatin1String(Wire::interfaceName), QStringLiteral("Subscribe"));
    call << 100u << QStringLiteral("all") << QStringLiteral("connection") << true;
    int refused = 0;
    int answered = 0;
    for (int i = 0; i < 10000; ++i) {
        auto *watcher = new QDBusPendingCallWatcher(hostile.bus().asyncCall(call, 60000), &hostile);
        connect(watcher, &QDBusPendingCallWatcher::finished, watcher, [&, watcher] {
            ++answered;
            refused += watcher->error().name() == QLatin1String(limitsExceeded);
            watcher->deleteLater();
        });
    }
    QTRY_COMPARE_WITH_TIMEOUT(answered, 10000 - 8, 20000);
    QCOMPARE(refused, 10000 - 8); // 8 wait for a password
    const qint64 growth = residentKiB(helper.processId()) - before;
    qInfo("helper: %lld KiB, 10,000 subscriptions later %+lld KiB", static_cast<long long>(before),
          static_cast<long long>(growth));
    // 10,000 requests kept would be 10 MiB; the rest is the bus library's buffers.
    QVERIFY(growth < 6 * mibInKib);
    const int seen = good.pushCount();
    QTRY_VERIFY(good.pushCount() >= seen + 3);

    // All of it goes with the caller.
    hostile.vanish();
    QTRY_COMPARE(subscriptionsOf(good), quint64(1));
    end(helper);
}

void ContractTest::subscriptionsAreLimited()
{
    MonitorService::Limits limits;
    limits.perConnection = 2;
    limits.perUser = 3;
    limits.inAll = 4;
    Helper helper(*m_bus, limits);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber first(m_bus->connect(user()));
    const QVariant id = first.subscribe(60000).arguments().at(0);
    QCOMPARE(errorOf(first.subscribe(60000)), QString());
    QCOMPARE(errorOf(first.subscribe(60000)), QLatin1String(limitsExceeded));
    RawSubscriber second(m_bus->connect(user()));
    QCOMPARE(errorOf(second.subscribe(60000)), QString());
    QCOMPARE(errorOf(second.subscribe(60000)), QLatin1String(limitsExceeded));
    if (geteuid() == 0) { // another user is not touched by that, until all is full
        RawSubscriber third(m_bus->connect(stranger));
        QCOMPARE(errorOf(third.subscribe(60000)), QString());
        QCOMPARE(errorOf(third.subscribe(60000)), QLatin1String(limitsExceeded));
        third.vanish();
    }
    QCOMPARE(errorOf(first.call(QStringLiteral("Unsubscribe"), {id})), QString());
    QVERIFY(QTest::qWaitFor([&] { return errorOf(second.subscribe(60000)).isEmpty(); }));
}

void ContractTest::callerGoneWhilePolkitIsAskedLeavesNothing()
{
    MonitorService::Limits limits;
    limits.idleExitMs = 100;
    Helper helper(*m_bus, limits);
    helper.authorizer.hold();
    helper.authorizer.setVerdict(actionAll, Verdict::Denied);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber caller(m_bus->connect(user()));
    QDBusMessage call =
        QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                       QLatin1String(Wire::interfaceName), QStringLiteral("Subscribe"));
    call << 100u << QStringLiteral("all") << QStringLiteral("connection") << true;
    caller.bus().asyncCall(call);
    QTRY_COMPARE(helper.authorizer.questions().size(), 1);

    QSignalSpy idle(&helper.service(), &MonitorService::idle);
    QVERIFY(!idle.wait(300)); // someone is waiting for a password: not idle
    const QString name = caller.bus().baseService();
    caller.vanish();
    RawSubscriber other(m_bus->connect(user()));
    QTRY_VERIFY(!other.bus().interface()->isServiceRegistered(name).value());
    helper.authorizer.release();
    QVERIFY(idle.wait()); // nothing left: no subscription, no request
    QCOMPARE(helper.authorizer.questions().size(), 1); // nor asked about the own scope for nobody
    QCOMPARE(helper.source.readings(), 1); // the one of publish()
}

void ContractTest::comingAndGoingCallersCannotHeapUpQuestions()
{
    MonitorService::Limits limits;
    limits.perUser = 5;
    Helper helper(*m_bus, limits);
    helper.authorizer.hold();
    QCOMPARE(helper.service().publish(), QString());
    QDBusMessage call =
        QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                       QLatin1String(Wire::interfaceName), QStringLiteral("Subscribe"));
    call << 100u << QStringLiteral("own") << QStringLiteral("program") << true;
    for (int i = 0; i < 5; ++i) {
        RawSubscriber caller(m_bus->connect(user()));
        caller.bus().asyncCall(call);
        QTRY_COMPARE(helper.authorizer.questions().size(), i + 1);
    }
    RawSubscriber late(m_bus->connect(user()));
    QCOMPARE(errorOf(late.subscribe(100)), QLatin1String(limitsExceeded));
    QCOMPARE(helper.authorizer.questions().size(), 5);
    helper.authorizer.release();
    QVERIFY(QTest::qWaitFor([&] { return errorOf(late.subscribe(100)).isEmpty(); }));
}

// --- Processes that die, hang and come back.

void ContractTest::killedClientIsForgotten()
{
    Helper helper(*m_bus);
    helper.source.fill(10, 100, user());
    helper.source.setGrowth(1);
    QCOMPARE(helper.service().publish(), QString());
    RawSubscriber good(m_bus->connect(user()));
    QCOMPARE(errorOf(good.subscribe(100)), QString());
    QProcess client;
    killWithParent(client);
    client.start(QStringLiteral(CONTRACT_CLIENT), {m_bus->address(), QStringLiteral("100")});
    QTRY_VERIFY(client.canReadLine());
    QCOMPARE(subscriptionsOf(good), quint64(2));
    end(client);
    QTRY_COMPARE(subscriptionsOf(good), quint64(1));
    const int seen = good.pushCount();
    QTRY_VERIFY(good.pushCount() >= seen + 3);
}

void ContractTest::stoppedClientCostsNothing()
{
    QProcess helper;
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER),
                          {QStringLiteral("--address"), m_bus->address(), QStringLiteral("--flows"),
                           QStringLiteral("10000"), QStringLiteral("--programs"), QStringLiteral("1000"),
                           QStringLiteral("--growth"), QStringLiteral("1000")}),
             QStringLiteral("ready"));
    RawSubscriber good(m_bus->connect(geteuid()));
    good.setKeeping(false);
    QCOMPARE(errorOf(good.subscribe(100)), QString());
    QProcess client;
    killWithParent(client);
    client.start(QStringLiteral(CONTRACT_CLIENT), {m_bus->address(), QStringLiteral("100")});
    // Buffers everywhere reach their size.
    const auto waitForPushes = [&](int count) {
        const int seen = good.pushCount();
        return QTest::qWaitFor([&] { return good.pushCount() >= seen + count; }, 120000);
    };
    QVERIFY(waitForPushes(30));
    QVERIFY(client.canReadLine());

    QCOMPARE(::kill(pid_t(client.processId()), SIGSTOP), 0);
    QVERIFY(waitForPushes(5));
    const qint64 helperBefore = residentKiB(helper.processId());
    const qint64 busBefore = residentKiB(m_bus->pid());
    const double cpuBefore = cpuMs(helper.processId());
    // Two pushes bound what is outstanding, so every further one due shows whether the bound holds:
    // 200 of them kept would be over 100 MiB.
    QVERIFY(waitForPushes(200));
    const qint64 helperGrowth = residentKiB(helper.processId()) - helperBefore;
    const qint64 busGrowth = residentKiB(m_bus->pid()) - busBefore;
    qInfo(
        "helper %lld KiB %+lld KiB, bus %lld KiB %+lld KiB, %.1f ms CPU of the helper a push of 10,000 rows",
        static_cast<long long>(helperBefore), static_cast<long long>(helperGrowth),
        static_cast<long long>(busBefore), static_cast<long long>(busGrowth),
        (cpuMs(helper.processId()) - cpuBefore) / 200);
    // Three messages of 0.6 MB, for what allocators keep.
    QVERIFY(helperGrowth < 2 * mibInKib);
    QVERIFY(busGrowth < 2 * mibInKib);

    client.readAllStandardOutput();
    QCOMPARE(::kill(pid_t(client.processId()), SIGCONT), 0);
    QByteArray lines;
    QTRY_VERIFY_WITH_TIMEOUT((lines += client.readAllStandardOutput()).count('\n') >= 6, 10000);
    // What it missed is in the pushes that follow: every row, with all its bytes.
    const QList<QByteArray> last = lines.trimmed().split('\n').last().split(' ');
    QCOMPARE(last[0].toInt(), 10000);
    QVERIFY(last[1].toULongLong() >= quint64(10000) * 1000 * 230);
    QCOMPARE(last[1].toULongLong() % (quint64(10000) * 1000), quint64(0));
    end(client);
    end(helper);
}

void ContractTest::clientFindsRestartedHelper()
{
    const QStringList arguments{QStringLiteral("--address"), m_bus->address(), QStringLiteral("--uid"),
                                QString::number(user())};
    QProcess helper;
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER), arguments), QStringLiteral("ready"));
    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    const QString instance = client.updates.first().instance;
    QSignalSpy states(&client.monitor, &MonitorClient::stateChanged);
    end(helper);
    QTRY_VERIFY(client.monitor.state() != MonitorClient::State::Live);
    QVERIFY(!client.monitor.problem().isEmpty());
    // Not activatable here: after the first try it says what to do.
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::HelperMissing);

    client.updates.clear();
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER), arguments), QStringLiteral("ready"));
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Live);
    QTRY_VERIFY(!client.updates.isEmpty());
    QVERIFY(client.updates.first().isSnapshot);
    QVERIFY(client.updates.first().instance != instance);
    QCOMPARE(client.monitor.problem(), QString());
    end(helper);
}

void ContractTest::clientNoticesHungHelper()
{
    QProcess helper;
    QCOMPARE(startProcess(helper, QStringLiteral(CONTRACT_HELPER),
                          {QStringLiteral("--address"), m_bus->address(), QStringLiteral("--uid"),
                           QString::number(user())}),
             QStringLiteral("ready"));
    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    QCOMPARE(::kill(pid_t(helper.processId()), SIGSTOP), 0);
    QTRY_COMPARE_WITH_TIMEOUT(client.monitor.state(), MonitorClient::State::Connecting, 8000);
    QVERIFY(!client.monitor.problem().isEmpty());
    client.updates.clear();
    QCOMPARE(::kill(pid_t(helper.processId()), SIGCONT), 0);
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Live);
    QTRY_VERIFY(!client.updates.isEmpty());
    QVERIFY(client.updates.first().isSnapshot);
    RawSubscriber raw(m_bus->connect(user()));
    QTRY_COMPARE(subscriptionsOf(raw),
                 quint64(1)); // the hung one was given up
    end(helper);
}

void ContractTest::clientSubscribesAnewWhenEnded()
{
    Helper helper(*m_bus);
    helper.source.fill(1, 3, user());
    QCOMPARE(helper.service().publish(), QString());
    const QDBusConnection clientBus = m_bus->connect(user());
    Client client(clientBus);
    QVERIFY(client.start(100));
    client.updates.clear();
    // From the helper's own connection, as when it drops a subscriber; ids count from 1.
    QDBusMessage ended = QDBusMessage::createTargetedSignal(
        clientBus.baseService(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
        QStringLiteral("SubscriptionEnded"));
    ended << 1u << QStringLiteral("a test");
    QSignalSpy states(&client.monitor, &MonitorClient::stateChanged);
    helper.bus().send(ended);
    QVERIFY(states.wait());
    QCOMPARE(client.monitor.state(), MonitorClient::State::Connecting);
    QVERIFY(client.monitor.problem().contains(QLatin1String("a test")));
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Live);
    QTRY_VERIFY(!client.updates.isEmpty()
                && client.updates.last().isSnapshot == (client.updates.size() == 1));
}

void ContractTest::idleHelperSaysSo()
{
    MonitorService::Limits limits;
    limits.idleExitMs = 300;
    Helper helper(*m_bus, limits);
    QSignalSpy idle(&helper.service(), &MonitorService::idle);
    QCOMPARE(helper.service().publish(), QString());
    QVERIFY(idle.wait()); // nobody ever came

    RawSubscriber raw(m_bus->connect(user()));
    QCOMPARE(errorOf(raw.subscribe(100)), QString());
    idle.clear();
    QTRY_VERIFY(raw.pushCount() >= 6); // longer than the limit
    QVERIFY(idle.isEmpty());
    raw.vanish();
    QVERIFY(idle.wait());
}

// --- What is missing is named.

void ContractTest::missingHelperIsNamed()
{
    Client client(m_bus->connect(user()));
    client.monitor.start({});
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::HelperMissing);
    QVERIFY(client.monitor.problem().contains(QLatin1String("install nettally-helper")));
    // Found the moment it appears, not at the next retry.
    Helper helper(*m_bus);
    QCOMPARE(helper.service().publish(), QString());
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Live);
    client.monitor.stop();
    QCOMPARE(client.monitor.state(), MonitorClient::State::Stopped);
}

void ContractTest::missingBusIsNamed()
{
    Client never(
        QDBusConnection::connectToBus(QStringLiteral("unix:path=/nonexistent"), QStringLiteral("never")));
    never.monitor.start({});
    QCOMPARE(never.monitor.state(), MonitorClient::State::BusUnavailable);
    QVERIFY(never.monitor.problem().contains(QLatin1String("D-Bus")));

    Helper helper(*m_bus);
    QSignalSpy lost(&helper.service(), &MonitorService::busLost);
    QCOMPARE(helper.service().publish(), QString());
    Client client(m_bus->connect(user()));
    QVERIFY(client.start(100));
    m_bus->stop();
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::BusUnavailable);
    QTRY_COMPARE(lost.size(), 1);
}

namespace {

/// A helper of another time.
class OtherVersion : public QDBusVirtualObject {
public:
    explicit OtherVersion(uint version)
        : m_version(version)
    {
    }
    QString introspect(const QString &) const override { return {}; }
    bool handleMessage(const QDBusMessage &message, const QDBusConnection &connection) override
    {
        return connection.send(message.createReply(QVariantMap{{QStringLiteral("Version"), m_version}}));
    }

private:
    uint m_version;
};

} // namespace

void ContractTest::otherVersionIsNamed()
{
    for (const auto &[version, names] :
         {std::pair(2u, "update Nettally"), std::pair(0u, "update nettally-helper")}) {
        QDBusConnection bus = m_bus->connect();
        OtherVersion other(version);
        QVERIFY(bus.registerVirtualObject(QLatin1String(Wire::objectPath), &other));
        QVERIFY(bus.registerService(QLatin1String(Wire::serviceName)));
        Client client(m_bus->connect(user()));
        client.monitor.start({});
        QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Incompatible);
        QVERIFY2(client.monitor.problem().contains(QLatin1String(names)),
                 qPrintable(client.monitor.problem()));
        QVERIFY(bus.unregisterService(QLatin1String(Wire::serviceName)));
        bus.unregisterObject(QLatin1String(Wire::objectPath));
    }
}

void ContractTest::shippedPolicyLetsCallersInAndNobodyElseBeTheHelper()
{
    PrivateBus bus(PrivateBus::Policy::Shipped);
    QCOMPARE(bus.start(), QString());
    if (geteuid() == 0) {
        Helper impostor(bus, {}, user());
        QVERIFY(impostor.service().publish().contains(QLatin1String("org.nettally.Monitor.conf")));
    }
    Helper helper(bus);
    helper.source.fill(1, 3, user());
    QCOMPARE(helper.service().publish(), QString());
    Helper second(bus);
    QVERIFY(second.service().publish().contains(QLatin1String("another helper runs")));

    Client client(bus.connect(user()));
    QVERIFY(client.start(100));
    QCOMPARE(client.flows.size(), 4);
    RawSubscriber raw(bus.connect(user()));
    QDBusMessage other =
        QDBusMessage::createMethodCall(QLatin1String(Wire::serviceName), QLatin1String(Wire::objectPath),
                                       QStringLiteral("org.example.Other"), QStringLiteral("Anything"));
    QCOMPARE(errorOf(callThrough(raw.bus(), other)),
             QLatin1String("org.freedesktop.DBus.Error.AccessDenied"));
}

void ContractTest::busPolicyRefusalIsNamed()
{
    PrivateBus bus(PrivateBus::Policy::NoCalls);
    QCOMPARE(bus.start(), QString());
    Helper helper(bus);
    QCOMPARE(helper.service().publish(), QString());
    Client client(bus.connect(user()));
    client.monitor.start({});
    QTRY_COMPARE(client.monitor.state(), MonitorClient::State::Denied);
    QVERIFY(client.monitor.problem().contains(QLatin1String("org.nettally.Monitor.conf")));
}

QTEST_GUILESS_MAIN(ContractTest)
#include "tst_contract.moc"
