// SPDX-License-Identifier: MIT
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "monitorclient.h"
#include "monitorservice.h"
#include "privatebus.h"
#include "rawsubscriber.h"

#include <QSet>
#include <QSignalSpy>
#include <QTest>

#include <unistd.h>

using namespace Nettally;

namespace {

/// An ordinary user: root may see everything.
uint user()
{
    return geteuid() == 0 ? 65534 : geteuid();
}
constexpr uint stranger = 1;
constexpr char invalidArgs[] = "org.freedesktop.DBus.Error.InvalidArgs";
constexpr char limitsExceeded[] = "org.freedesktop.DBus.Error.LimitsExceeded";
constexpr char notSupported[] = "org.freedesktop.DBus.Error.NotSupported";

struct Answer {
    QString error;
    quint64 sequence = 0;
    quint64 timeNs = 0;
    bool more = false;
    bool cut = false;
    QList<Wire::Program> programs;
    QList<Wire::Connection> connections;

    QList<quint64> cookies() const
    {
        QList<quint64> all;
        for (const Wire::Connection &connection : connections)
            all.append(connection.cookie);
        return all;
    }
};

Answer ask(const RawSubscriber &caller, uint subscription, quint64 after = 0,
           uint limit = uint(Wire::maxConnectionsPerMessage))
{
    const QDBusMessage message = caller.call(QStringLiteral("Connections"), {subscription, after, limit});
    if (message.type() == QDBusMessage::ErrorMessage)
        return {message.errorName(), 0, 0, false, false, {}, {}};
    const QVariantList all = message.arguments();
    return {{},
            all[0].toULongLong(),
            all[1].toULongLong(),
            all[2].toBool(),
            all[3].toBool(),
            qdbus_cast<QList<Wire::Program>>(all[4]),
            qdbus_cast<QList<Wire::Connection>>(all[5])};
}

QString acknowledge(const RawSubscriber &caller, uint subscription, quint64 sequence)
{
    return caller.call(QStringLiteral("Acknowledge"), {subscription, sequence}).errorName();
}

uint idOf(const QDBusMessage &subscribed)
{
    return subscribed.type() == QDBusMessage::ReplyMessage ? subscribed.arguments().at(0).toUInt() : 0;
}

} // namespace

/// Connections of the contract, against a kernel that lists what the test says.
class ConnectionListTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void ownScopeListsOwnAlone();
    void allScopeListsEverything();
    void wrongCallsAreRefused();
    void oneAnswerAtATime();
    void laterPushAcknowledgesAnswer();
    void answerCountsUntilAcknowledged();
    void unreadAnswersOfUserAreBounded();
    void pagesTellEachOnce();
    void pageEndsWhereItNamesTooManyPrograms();
    void readingIsSharedAndLetGo();
    void closedConnectionKeepsItsProgram();
    void oneMetTwiceIsToldOnce();
    void moreThanAreReadIsSaid();
    void kernelThatCannotListIsNamed();
    void clientPutsPagesTogether();
    void clientAsksWhenSubscribed();

private:
    void start(const MonitorService::Limits &limits = {});
    void waitForNextReading();

    std::unique_ptr<PrivateBus> m_bus;
    std::unique_ptr<FakeUsageSource> m_source;
    FakeAuthorizer m_authorizer;
    QDBusConnection m_helperBus{QString()};
    std::unique_ptr<MonitorService> m_service;
};

void ConnectionListTest::init()
{
    m_bus = std::make_unique<PrivateBus>();
    QCOMPARE(m_bus->start(), QString());
    m_source = std::make_unique<FakeUsageSource>();
}

void ConnectionListTest::start(const MonitorService::Limits &limits)
{
    m_helperBus = m_bus->connect();
    m_service = std::make_unique<MonitorService>(m_helperBus, *m_source, m_authorizer, limits);
    QCOMPARE(m_service->publish(), QString());
}

void ConnectionListTest::cleanup()
{
    m_service.reset();
    const QString name = m_helperBus.name();
    m_helperBus = QDBusConnection(QString());
    QDBusConnection::disconnectFromBus(name);
    m_bus.reset();
}

/// One that is asked for now would be the last one still.
void ConnectionListTest::waitForNextReading()
{
    const int before = m_source->connectionReadings();
    RawSubscriber other(m_bus->connect());
    const uint id = idOf(other.subscribe(60000));
    const auto isRead = [&] {
        const Answer answer = ask(other, id);
        acknowledge(other, id, answer.sequence);
        return m_source->connectionReadings() > before;
    };
    QTRY_VERIFY(isRead());
}

void ConnectionListTest::ownScopeListsOwnAlone()
{
    const quint32 mine = m_source->addProgram("curl", user());
    const quint32 theirs = m_source->addProgram("postgres", stranger);
    m_source->addConnection(30, mine, 1);
    m_source->addConnection(10, theirs, 2);
    m_source->addConnection(20, ProgramSlot::unowned, 3);
    m_source->addConnection(40, ProgramSlot::overflow, 4);
    start();
    RawSubscriber caller(m_bus->connect(user()));
    const Answer answer = ask(caller, idOf(caller.subscribe(1000)));
    QCOMPARE(answer.error, QString());
    QVERIFY(answer.sequence != 0 && answer.timeNs > 0 && !answer.more && !answer.cut);
    QCOMPARE(answer.cookies(), QList<quint64>{30});
    QCOMPARE(answer.programs.size(), 1);
    QCOMPARE(answer.programs[0].name, QStringLiteral("curl"));
    QCOMPARE(answer.programs[0].uid, user());

    const Wire::Connection &connection = answer.connections[0];
    const ConnectionRecord &record = m_source->connection(0);
    QCOMPARE(connection.program, answer.programs[0].id);
    QCOMPARE(connection.state, quint8(1));
    QCOMPARE(connection.local, QByteArray("\xc6\x33\x00\x01", 4));
    QCOMPARE(connection.remote, QByteArray("\xc6\x12\x00\x01", 4));
    QCOMPARE(connection.localPort, record.localPort);
    QCOMPARE(connection.remotePort, quint16(443));
    QCOMPARE(connection.servicePort, quint16(443));
    QCOMPARE(connection.direction, quint8(1));
    QCOMPARE(connection.openedNs, record.openedNs);
    QVERIFY(connection.isMeasured);
    QCOMPARE(connection.roundTripUs, 12345u);
    QCOMPARE(connection.roundTripVariationUs, 678u);
    QCOMPARE(connection.leastRoundTripUs, 11000u);
    QCOMPARE(connection.congestionWindow, 10u);
    QCOMPARE(connection.retransmits, 2u);
    QCOMPARE(connection.retransmittedBytes, 2896u);
    QCOMPARE(connection.rxBytes, 1'000'030u);
    QCOMPARE(connection.txBytes, 2030u);
}

void ConnectionListTest::allScopeListsEverything()
{
    m_source->addConnection(30, m_source->addProgram("curl", user()), 1);
    m_source->addConnection(10, m_source->addProgram("postgres", stranger), 2);
    m_source->addConnection(20, ProgramSlot::unowned, 3);
    start();
    RawSubscriber caller(m_bus->connect());
    const Answer answer = ask(caller, idOf(caller.subscribe(1000, QStringLiteral("all"))));
    QCOMPARE(answer.cookies(), QList<quint64>({10, 20, 30}));
    QCOMPARE(answer.connections[1].program, 0u);
    QCOMPARE(answer.programs.size(), 2);
    // The ids are those of the pushes.
    QCOMPARE(answer.programs[0].name, QStringLiteral("postgres"));
    QCOMPARE(answer.connections[0].program, answer.programs[0].id);
    QCOMPARE(answer.connections[2].program, answer.programs[1].id);
}

void ConnectionListTest::wrongCallsAreRefused()
{
    start();
    RawSubscriber owner(m_bus->connect(user()));
    RawSubscriber other(m_bus->connect(user()));
    const uint id = idOf(owner.subscribe(1000));
    QVERIFY(id != 0);
    const QString noSuch = QLatin1String(Wire::errorNoSuchSubscription);
    QCOMPARE(ask(other, id).error, noSuch);
    QCOMPARE(ask(other, 0).error, noSuch);
    QCOMPARE(ask(owner, id, 0, 0).error, QLatin1String(invalidArgs));
    QCOMPARE(ask(owner, id, 0, 10001).error, QLatin1String(invalidArgs));
    QCOMPARE(m_source->connectionReadings(), 0);
    owner.call(QStringLiteral("Unsubscribe"), {id});
    QCOMPARE(ask(owner, id).error, noSuch);
}

void ConnectionListTest::oneAnswerAtATime()
{
    start();
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const Answer first = ask(caller, id);
    QCOMPARE(first.error, QString());
    QCOMPARE(ask(caller, id).error, QLatin1String(limitsExceeded));
    QCOMPARE(acknowledge(caller, id, first.sequence + 1), QLatin1String(invalidArgs));
    QCOMPARE(ask(caller, id).error, QLatin1String(limitsExceeded));
    QCOMPARE(acknowledge(caller, id, first.sequence), QString());
    const Answer second = ask(caller, id);
    QCOMPARE(second.error, QString());
    QVERIFY(second.sequence != first.sequence);
    // What was acknowledged once does not stand for the next.
    QCOMPARE(acknowledge(caller, id, first.sequence), QLatin1String(invalidArgs));
    QCOMPARE(ask(caller, id).error, QLatin1String(limitsExceeded));
}

/// As when the answer came too late for its caller: the number to acknowledge it by is lost.
void ConnectionListTest::laterPushAcknowledgesAnswer()
{
    start();
    RawSubscriber caller(m_bus->connect(user()));
    caller.setAcknowledging(false);
    const uint id = idOf(caller.subscribe(100));
    QTRY_COMPARE(caller.pushCount(), 1);
    QCOMPARE(ask(caller, id).error, QString());
    // Sent before the answer: nothing of it is told.
    QCOMPARE(acknowledge(caller, id, caller.parts()[0].sequence), QString());
    QCOMPARE(ask(caller, id).error, QLatin1String(limitsExceeded));
    QTRY_VERIFY(caller.pushCount() >= 3);
    QCOMPARE(acknowledge(caller, id, caller.parts()[2].sequence), QString());
    QCOMPARE(ask(caller, id).error, QString());
}

void ConnectionListTest::answerCountsUntilAcknowledged()
{
    MonitorService::Limits limits;
    limits.perConnection = 1;
    start(limits);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    QTRY_COMPARE(caller.pushCount(), 1);
    const Answer answer = ask(caller, id);
    QCOMPARE(answer.error, QString());
    caller.call(QStringLiteral("Unsubscribe"), {id});
    QCOMPARE(caller.subscribe(60000).errorName(), QLatin1String(limitsExceeded));
    QCOMPARE(acknowledge(caller, id, answer.sequence), QString());
    QVERIFY(idOf(caller.subscribe(60000)) != 0);
}

void ConnectionListTest::unreadAnswersOfUserAreBounded()
{
    const quint32 program = m_source->addProgram("curl", user());
    for (quint64 cookie = 1; cookie <= 100; ++cookie)
        m_source->addConnection(cookie, program, quint32(cookie));
    MonitorService::Limits limits;
    limits.unacknowledgedBytesPerUser = 10000;
    start(limits);
    RawSubscriber first(m_bus->connect(user()));
    RawSubscriber second(m_bus->connect(user()));
    const uint firstId = idOf(first.subscribe(60000));
    const uint secondId = idOf(second.subscribe(60000));
    QTRY_VERIFY(first.pushCount() == 1 && second.pushCount() == 1);
    const Answer answer = ask(first, firstId);
    QCOMPARE(answer.connections.size(), 100);
    QCOMPARE(ask(second, secondId).error, QLatin1String(limitsExceeded));
    QCOMPARE(acknowledge(first, firstId, answer.sequence), QString());
    QCOMPARE(ask(second, secondId).error, QString());
}

void ConnectionListTest::pagesTellEachOnce()
{
    const quint32 program = m_source->addProgram("curl", user());
    for (quint64 i = 0; i < 25; ++i)
        m_source->addConnection(1000 - i * 7, program, quint32(i));
    start();
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    QList<quint64> told;
    QList<qsizetype> sizes;
    bool more = true;
    while (more && sizes.size() < 10) {
        const Answer answer = ask(caller, id, told.isEmpty() ? 0 : told.constLast(), 10);
        QCOMPARE(answer.error, QString());
        QCOMPARE(answer.programs.size(), 1);
        told += answer.cookies();
        sizes.append(answer.connections.size());
        more = answer.more;
        acknowledge(caller, id, answer.sequence);
    }
    QCOMPARE(sizes, QList<qsizetype>({10, 10, 5}));
    QList<quint64> wanted;
    for (quint64 i = 25; i > 0; --i)
        wanted.append(1000 - (i - 1) * 7);
    QCOMPARE(told, wanted);
}

void ConnectionListTest::pageEndsWhereItNamesTooManyPrograms()
{
    for (quint64 cookie = 1; cookie <= 5; ++cookie)
        m_source->addConnection(cookie, m_source->addProgram("p" + QByteArray::number(cookie), user()), 1);
    MonitorService::Limits limits;
    limits.programsPerMessage = 2;
    start(limits);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const Answer first = ask(caller, id);
    QCOMPARE(first.cookies(), QList<quint64>({1, 2}));
    QCOMPARE(first.programs.size(), 2);
    QVERIFY(first.more);
    acknowledge(caller, id, first.sequence);
    const Answer last = ask(caller, id, 4);
    QCOMPARE(last.cookies(), QList<quint64>{5});
    QVERIFY(!last.more);
}

void ConnectionListTest::readingIsSharedAndLetGo()
{
    m_source->addConnection(1, m_source->addProgram("curl", user()), 1);
    start();
    QCOMPARE(m_source->connectionReadings(), 0);
    RawSubscriber first(m_bus->connect(user()));
    RawSubscriber second(m_bus->connect(user()));
    const uint firstId = idOf(first.subscribe(60000));
    const uint secondId = idOf(second.subscribe(60000));
    const Answer one = ask(first, firstId);
    const Answer other = ask(second, secondId);
    // On a machine so slow that these two are 900 ms apart there are two readings.
    if (one.timeNs == other.timeNs)
        QCOMPARE(m_source->connectionReadings(), 1);
    else
        QVERIFY(other.timeNs - one.timeNs >= 900'000'000u);
    waitForNextReading();
    acknowledge(first, firstId, one.sequence);
    QVERIFY(ask(first, firstId).timeNs > one.timeNs);
}

void ConnectionListTest::closedConnectionKeepsItsProgram()
{
    const quint32 program = m_source->addProgram("curl", user());
    m_source->addConnection(1, program, 1);
    m_source->addConnection(2, program, 2);
    start();
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const Answer open = ask(caller, id);
    QCOMPARE(open.cookies(), QList<quint64>({1, 2}));
    acknowledge(caller, id, open.sequence);

    // As the kernel has it after the close; and one that was never seen open.
    ConnectionRecord &closed = m_source->connection(0);
    const quint64 openedNs = closed.openedNs;
    closed.programSlot = ProgramSlot::unowned;
    closed.openedNs = 0;
    closed.state = 6;
    closed.isMeasured = false;
    m_source->connection(m_source->addConnection(3, ProgramSlot::unowned, 3)).state = 6;
    for (int reading = 0; reading < 2; ++reading) {
        waitForNextReading();
        const Answer answer = ask(caller, id);
        QCOMPARE(answer.cookies(), QList<quint64>({1, 2}));
        QCOMPARE(answer.connections[0].state, quint8(6));
        QCOMPARE(answer.connections[0].openedNs, openedNs);
        QVERIFY(!answer.connections[0].isMeasured);
        acknowledge(caller, id, answer.sequence);
    }
}

void ConnectionListTest::oneMetTwiceIsToldOnce()
{
    const quint32 program = m_source->addProgram("curl", user());
    m_source->addConnection(1, program, 1);
    m_source->addConnection(2, program, 2);
    m_source->connection(m_source->addConnection(1, program, 1)).state = 4;
    start();
    RawSubscriber caller(m_bus->connect(user()));
    const Answer answer = ask(caller, idOf(caller.subscribe(60000)));
    QCOMPARE(answer.cookies(), QList<quint64>({1, 2}));
    QCOMPARE(answer.connections[0].state, quint8(4)); // as met last
}

void ConnectionListTest::moreThanAreReadIsSaid()
{
    const quint32 program = m_source->addProgram("curl", user());
    for (quint64 cookie = 1; cookie <= 4; ++cookie)
        m_source->addConnection(cookie, program, 1);
    MonitorService::Limits limits;
    limits.connectionsRead = 3;
    start(limits);
    RawSubscriber caller(m_bus->connect(user()));
    const Answer answer = ask(caller, idOf(caller.subscribe(60000)));
    QVERIFY(answer.cut && !answer.more);
    QCOMPARE(answer.connections.size(), 3);
}

void ConnectionListTest::kernelThatCannotListIsNamed()
{
    const QString problem = QStringLiteral("This kernel is a script.");
    m_source->setConnectionProblem(problem);
    start();
    RawSubscriber caller(m_bus->connect(user()));
    QCOMPARE(ask(caller, idOf(caller.subscribe(60000))).error, QLatin1String(notSupported));

    MonitorClient client(m_bus->connect(user()));
    QSignalSpy failures(&client, &MonitorClient::connectionsFailed);
    client.requestConnections();
    client.start({1000, Scope::Own, Detail::Program, false});
    QTRY_COMPARE(failures.size(), 1);
    QCOMPARE(failures[0][0].toString(), problem);
}

void ConnectionListTest::clientPutsPagesTogether()
{
    constexpr quint64 count = 25000;
    const quint32 mine = m_source->addProgram("curl", user());
    for (quint64 cookie = 1; cookie <= count; ++cookie)
        m_source->addConnection(cookie, mine, quint32(cookie));
    ConnectionRecord &listener = m_source->connection(0);
    listener.state = 10;
    listener.direction = 2;
    listener.remote = {};
    listener.isMeasured = false;
    listener.openedNs = 0;
    start();
    MonitorClient client(m_bus->connect(user()));
    QList<ConnectionList> lists;
    connect(&client, &MonitorClient::connectionsReceived, this,
            [&](const ConnectionList &list) { lists.append(list); });
    client.start({1000, Scope::Own, Detail::Program, false});
    QTRY_COMPARE(client.state(), MonitorClient::State::Live);
    // Asked twice, answered once: the second finds the first under way.
    client.requestConnections();
    client.requestConnections();
    QTRY_COMPARE(lists.size(), 1);
    const ConnectionList &list = lists[0];
    QCOMPARE(list.connections.size(), qsizetype(count));
    for (quint64 i = 0; i < count; ++i)
        QCOMPARE(list.connections[qsizetype(i)].cookie, i + 1);
    QCOMPARE(list.programs.size(), 1);
    QVERIFY(!list.isCut);

    const Connection &first = list.connections[0];
    QCOMPARE(first.state, TcpState::Listening);
    QCOMPARE(first.direction, Direction::Incoming);
    QVERIFY(!first.remote.isKnown() && !first.figures && !first.openedNs);
    const Connection &second = list.connections[1];
    QCOMPARE(second.remote.toString(), QStringLiteral("198.18.0.2"));
    QCOMPARE(second.openedNs, std::optional<quint64>(1'000'000'000u));
    QVERIFY(second.figures);
    QCOMPARE(second.figures->roundTripUs, std::optional<quint32>(12345u));
    QCOMPARE(second.figures->rxBytes, 1'000'002u);
    QCOMPARE(list.programs.value(second.programId).name, QStringLiteral("curl"));

    // It acknowledged: it can ask again.
    client.requestConnections();
    QTRY_COMPARE(lists.size(), 2);
    QCOMPARE(lists[1].connections.size(), qsizetype(count));
}

void ConnectionListTest::clientAsksWhenSubscribed()
{
    m_source->addConnection(7, m_source->addProgram("curl", user()), 1);
    start();
    MonitorClient client(m_bus->connect(user()));
    QList<ConnectionList> lists;
    connect(&client, &MonitorClient::connectionsReceived, this,
            [&](const ConnectionList &list) { lists.append(list); });
    client.requestConnections();
    client.start({1000, Scope::Own, Detail::Program, false});
    QTRY_COMPARE(lists.size(), 1);
    QCOMPARE(lists[0].connections.size(), 1);
}

QTEST_GUILESS_MAIN(ConnectionListTest)
#include "tst_connectionlist.moc"
