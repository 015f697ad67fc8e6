// SPDX-License-Identifier: MIT
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "monitorclient.h"
#include "monitorservice.h"
#include "privatebus.h"
#include "rawsubscriber.h"
#include "subscription.h"

#include <QSignalSpy>
#include <QTest>

#include <netinet/in.h>
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
constexpr char noSuchSubscription[] = "org.nettally.Error.NoSuchSubscription";
constexpr char notSupported[] = "org.freedesktop.DBus.Error.NotSupported";

uint idOf(const QDBusMessage &subscribed)
{
    return subscribed.type() == QDBusMessage::ReplyMessage ? subscribed.arguments().at(0).toUInt() : 0;
}

/// Takes what is sent of names, from whoever sends it.
class NameSubscriber : public RawSubscriber {
    Q_OBJECT

public:
    struct Message {
        uint subscription = 0;
        quint64 sequence = 0;
        quint64 dropped = 0;
        QList<Wire::NameAnswer> answers;
    };

    explicit NameSubscriber(const QDBusConnection &connection)
        : RawSubscriber(connection)
    {
        QDBusConnection(connection)
            .connect(QString(), QString(), QLatin1String(Wire::interfaceName), QStringLiteral("NameAnswers"),
                     this, SLOT(onNames(QDBusMessage)));
    }

    QString watch(uint subscription, bool on = true) const
    {
        return call(QStringLiteral("WatchNames"), {subscription, on}).errorName();
    }
    QString acknowledge(uint subscription, quint64 sequence) const
    {
        return call(QStringLiteral("Acknowledge"), {subscription, sequence}).errorName();
    }
    /// A call and its answer: what was sent before has arrived.
    void catchUp() const { acknowledge(0, 0); }
    QByteArrayList data() const
    {
        QByteArrayList all;
        for (const Message &message : messages) {
            for (const Wire::NameAnswer &answer : message.answers)
                all.append(answer.data);
        }
        return all;
    }

    QList<Message> messages;

private Q_SLOTS:
    void onNames(const QDBusMessage &message)
    {
        const QVariantList all = message.arguments();
        messages.append({all[0].toUInt(), all[1].toULongLong(), all[2].toULongLong(),
                         qdbus_cast<QList<Wire::NameAnswer>>(all[3])});
    }
};

} // namespace

/// NameAnswers of the contract, against a kernel that copies what the test says.
class NameAnswersTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void nothingIsCopiedUnasked();
    void ownScopeGetsOwnAlone();
    void allScopeGetsEverything();
    void bytesPassAsTheyAre();
    void wrongCallsAreRefused();
    void kernelThatCannotIsNamed();
    void fourMessagesAhead();
    void whatIsNotKeptIsCounted();
    void othersDropsAreNotTold();
    void lateSubscriberGetsWhatIsKept();
    void endsWithTheSubscription();
    void endedSubscriptionIsAcknowledged();
    void unreadNamesOfUserAreBounded();
    void clientReceivesAndAcknowledges();
    void clientTakesNoneFromStrangers();
    void clientIsToldWhyNot();

private:
    void start(const MonitorService::Limits &limits = {});
    /// An answer to the program, and wait until it was read.
    void answer(quint32 programSlot, const QByteArray &data);

    std::unique_ptr<PrivateBus> m_bus;
    std::unique_ptr<FakeUsageSource> m_source;
    FakeAuthorizer m_authorizer;
    QDBusConnection m_helperBus{QString()};
    std::unique_ptr<MonitorService> m_service;
};

void NameAnswersTest::init()
{
    m_bus = std::make_unique<PrivateBus>();
    QCOMPARE(m_bus->start(), QString());
    m_source = std::make_unique<FakeUsageSource>();
}

void NameAnswersTest::start(const MonitorService::Limits &limits)
{
    m_helperBus = m_bus->connect();
    m_service = std::make_unique<MonitorService>(m_helperBus, *m_source, m_authorizer, limits);
    QCOMPARE(m_service->publish(), QString());
}

void NameAnswersTest::cleanup()
{
    m_service.reset();
    const QString name = m_helperBus.name();
    m_helperBus = QDBusConnection(QString());
    QDBusConnection::disconnectFromBus(name);
    m_bus.reset();
}

void NameAnswersTest::answer(quint32 programSlot, const QByteArray &data)
{
    QVERIFY(m_source->isNaming());
    const int before = m_source->nameReadings();
    m_source->addAnswer(programSlot, data);
    QTRY_VERIFY(m_source->nameReadings() > before);
}

void NameAnswersTest::nothingIsCopiedUnasked()
{
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(100));
    QVERIFY(id != 0 && !m_source->isNaming());
    QCOMPARE(caller.watch(id), QString());
    QVERIFY(m_source->isNaming());
    QCOMPARE(caller.watch(id, false), QString());
    QVERIFY(!m_source->isNaming());
}

void NameAnswersTest::ownScopeGetsOwnAlone()
{
    const quint32 mine = m_source->addProgram("curl", user());
    const quint32 theirs = m_source->addProgram("postgres", stranger);
    start();
    NameSubscriber caller(m_bus->connect(user()));
    QCOMPARE(caller.watch(idOf(caller.subscribe(1000))), QString());
    answer(theirs, "theirs");
    answer(ProgramSlot::unowned, "nobody's");
    answer(ProgramSlot::overflow, "of many");
    answer(mine, "mine");
    QTRY_COMPARE(caller.data(), QByteArrayList{"mine"});
    QCOMPARE(caller.messages.constFirst().dropped, 0u);
}

void NameAnswersTest::allScopeGetsEverything()
{
    const quint32 theirs = m_source->addProgram("postgres", stranger);
    start();
    NameSubscriber caller(m_bus->connect());
    QCOMPARE(caller.watch(idOf(caller.subscribe(1000, QStringLiteral("all")))), QString());
    answer(theirs, "theirs");
    answer(ProgramSlot::unowned, "nobody's");
    QTRY_COMPARE(caller.data(), QByteArrayList({"theirs", "nobody's"}));
    QCOMPARE(caller.messages.constLast().answers.constLast().program, 0u);
}

void NameAnswersTest::bytesPassAsTheyAre()
{
    const quint32 mine = m_source->addProgram("curl", user());
    m_source->addFlow(mine, 1);
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(100));
    QCOMPARE(caller.watch(id), QString());
    NameRecord record;
    record.programSlot = mine;
    record.cookie = 0x8000'0000'0000'0001u;
    record.timeNs = 123'456'789'012;
    record.protocol = IPPROTO_TCP;
    record.sequence = 0xffff'fff0u;
    record.isStart = record.isEnd = true;
    record.data = QByteArray(2048, '\0') + QByteArray("\xff\0\x7f", 3);
    m_source->addAnswer(record);
    QTRY_COMPARE(caller.messages.size(), 1);
    QCOMPARE(caller.messages[0].subscription, id);
    QCOMPARE(caller.messages[0].answers.size(), 1);
    const Wire::NameAnswer &told = caller.messages[0].answers[0];
    QTRY_VERIFY(!caller.parts().isEmpty() && !caller.parts().constFirst().programs.isEmpty());
    QList<quint32> programs;
    for (const Wire::Program &program : caller.parts().constFirst().programs)
        programs.append(program.id);
    QVERIFY(programs.contains(told.program));
    QCOMPARE(told,
             (Wire::NameAnswer{told.program, record.cookie, record.timeNs, IPPROTO_TCP, record.sequence,
                               quint8(Wire::nameAnswerStarts | Wire::nameAnswerEnds), record.data}));
}

void NameAnswersTest::wrongCallsAreRefused()
{
    start();
    NameSubscriber caller(m_bus->connect(user()));
    NameSubscriber other(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(1000));
    QCOMPARE(caller.watch(id + 1), QLatin1String(noSuchSubscription));
    QCOMPARE(other.watch(id), QLatin1String(noSuchSubscription));
    QVERIFY(!m_source->isNaming());
    QCOMPARE(caller.watch(id, false), QString()); // was off already
    QVERIFY(!m_source->isNaming());
    QCOMPARE(caller.acknowledge(id, quint64(1) << 63), QLatin1String(invalidArgs));
}

void NameAnswersTest::kernelThatCannotIsNamed()
{
    m_source->setNameProblem(QStringLiteral("Names are not seen here."));
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const QDBusMessage reply =
        caller.call(QStringLiteral("WatchNames"), {idOf(caller.subscribe(1000)), true});
    QCOMPARE(reply.errorName(), QLatin1String(notSupported));
    QCOMPARE(reply.errorMessage(), QStringLiteral("Names are not seen here."));
}

void NameAnswersTest::fourMessagesAhead()
{
    const quint32 mine = m_source->addProgram("curl", user());
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(1000));
    QCOMPARE(caller.watch(id), QString());
    QByteArrayList sent;
    for (char name = 'a'; name <= 'f'; ++name) {
        sent.append(QByteArray(1, name));
        answer(mine, sent.constLast());
    }
    caller.catchUp();
    QCOMPARE(caller.messages.size(), qsizetype(Subscription::maxUnacknowledgedNames));
    QCOMPARE(caller.data(), sent.first(4));
    // Each alone: one that was never sent stands for none.
    QCOMPARE(caller.acknowledge(id, caller.messages[2].sequence), QString());
    QCOMPARE(caller.acknowledge(id, caller.messages[2].sequence), QLatin1String(invalidArgs));
    QTRY_COMPARE(caller.data(), sent);
    QCOMPARE(caller.messages.constLast().dropped, 0u);
}

void NameAnswersTest::whatIsNotKeptIsCounted()
{
    const quint32 mine = m_source->addProgram("curl", user());
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(1000));
    QCOMPARE(caller.watch(id), QString());
    for (int message = 0; message < 4; ++message)
        answer(mine, "before");
    // Of these the book holds as many as fit.
    const QByteArray large(2000, 'x');
    const AnswerBook::Answer one{0, {}, {0, 0, 0, 0, 0, 0, large}};
    const qsizetype held = AnswerBook::maxBytes / one.bytes();
    for (qsizetype i = 0; i < held + 7; ++i)
        m_source->addAnswer(mine, large);
    const int before = m_source->nameReadings();
    QTRY_VERIFY(m_source->nameReadings() > before);
    QCOMPARE(caller.acknowledge(id, caller.messages[0].sequence), QString());
    QTRY_COMPARE(caller.messages.size(), 5);
    QCOMPARE(caller.messages[4].dropped, 7u);
    qsizetype bytes = 0;
    for (const Wire::NameAnswer &told : caller.messages[4].answers)
        bytes += told.data.size();
    QVERIFY(bytes > 0 && bytes <= Wire::maxNameBytesPerMessage);
    while (caller.data().size() < 4 + held) {
        const qsizetype count = caller.messages.size();
        QCOMPARE(caller.acknowledge(id, caller.messages.constLast().sequence), QString());
        QTRY_VERIFY(caller.messages.size() > count);
        QCOMPARE(caller.messages.constLast().dropped, 0u);
    }
    QCOMPARE(caller.data().count(large), held);
}

void NameAnswersTest::othersDropsAreNotTold()
{
    const quint32 mine = m_source->addProgram("curl", user());
    const quint32 theirs = m_source->addProgram("postgres", stranger);
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(1000));
    QCOMPARE(caller.watch(id), QString());
    for (int message = 0; message < 4; ++message)
        answer(mine, "before");
    for (int i = 0; i < 500; ++i)
        m_source->addAnswer(theirs, QByteArray(2000, 'x'));
    answer(mine, "mine");
    QCOMPARE(caller.acknowledge(id, caller.messages[0].sequence), QString());
    QTRY_COMPARE(caller.messages.size(), 5);
    QCOMPARE(caller.messages[4].dropped, 0u);
    QCOMPARE(caller.data().constLast(), QByteArray("mine"));
}

void NameAnswersTest::lateSubscriberGetsWhatIsKept()
{
    const quint32 mine = m_source->addProgram("curl", user());
    const quint32 theirs = m_source->addProgram("postgres", stranger);
    start();
    NameSubscriber first(m_bus->connect());
    QCOMPARE(first.watch(idOf(first.subscribe(1000, QStringLiteral("all")))), QString());
    answer(mine, "mine");
    answer(theirs, "theirs");
    NameSubscriber late(m_bus->connect(user()));
    QCOMPARE(late.watch(idOf(late.subscribe(1000))), QString());
    // Before the answer to the call.
    QCOMPARE(late.data(), QByteArrayList{"mine"});
}

void NameAnswersTest::endsWithTheSubscription()
{
    const quint32 mine = m_source->addProgram("curl", user());
    start();
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(1000));
    QCOMPARE(caller.watch(id), QString());
    answer(mine, "before");
    QTRY_COMPARE(caller.messages.size(), 1);
    QCOMPARE(caller.call(QStringLiteral("Unsubscribe"), {id}).errorName(), QString());
    QVERIFY(!m_source->isNaming());
    QCOMPARE(caller.watch(id), QLatin1String(noSuchSubscription));

    NameSubscriber next(m_bus->connect(user()));
    QCOMPARE(next.watch(idOf(next.subscribe(1000))), QString());
    QVERIFY(m_source->isNaming());
    // Nobody watched in between, so nothing was kept.
    QCOMPARE(next.messages.size(), 0);
    next.vanish();
    QTRY_VERIFY(!m_source->isNaming());
}

void NameAnswersTest::endedSubscriptionIsAcknowledged()
{
    const quint32 mine = m_source->addProgram("curl", user());
    MonitorService::Limits limits;
    limits.perConnection = 1;
    start(limits);
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    QCOMPARE(caller.watch(id), QString());
    answer(mine, "one");
    QTRY_COMPARE(caller.messages.size(), 1);
    QCOMPARE(caller.call(QStringLiteral("Unsubscribe"), {id}).errorName(), QString());
    // It counts until the names are acknowledged too.
    QVERIFY(!caller.subscribe(60000).errorName().isEmpty());
    QCOMPARE(caller.acknowledge(id, caller.messages[0].sequence), QString());
    QVERIFY(idOf(caller.subscribe(60000)) != 0);
}

void NameAnswersTest::unreadNamesOfUserAreBounded()
{
    const quint32 mine = m_source->addProgram("curl", user());
    MonitorService::Limits limits;
    limits.unacknowledgedBytesPerUser = 10'000;
    start(limits);
    NameSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    QTRY_COMPARE(caller.pushCount(), 1);
    caller.catchUp();
    QCOMPARE(caller.watch(id), QString());
    for (int i = 0; i < 6; ++i)
        m_source->addAnswer(mine, QByteArray(2000, 'x'));
    QTRY_COMPARE(caller.messages.size(), 1);
    answer(mine, "next");
    caller.catchUp();
    QCOMPARE(caller.messages.size(), 1);
    QCOMPARE(caller.acknowledge(id, caller.messages[0].sequence), QString());
    QTRY_COMPARE(caller.data().constLast(), QByteArray("next"));
}

void NameAnswersTest::clientReceivesAndAcknowledges()
{
    const quint32 mine = m_source->addProgram("curl", user());
    start();
    MonitorClient client(m_bus->connect(user()));
    QSignalSpy watched(&client, &MonitorClient::namesWatched);
    QSignalSpy received(&client, &MonitorClient::namesReceived);
    client.setNamesWanted(true);
    client.start({});
    QTRY_COMPARE(watched.size(), 1);
    QCOMPARE(watched[0][0].toString(), QString());
    // More than would come unacknowledged.
    QByteArrayList sent;
    for (char name = 'a'; name <= 'h'; ++name) {
        sent.append(QByteArray(1, name));
        answer(mine, sent.constLast());
    }
    const auto data = [&received] {
        QByteArrayList all;
        for (const QList<QVariant> &arguments : received) {
            for (const NameAnswer &told : arguments[0].value<QList<NameAnswer>>())
                all.append(told.data);
        }
        return all;
    };
    QTRY_COMPARE(data(), sent);
    const auto told = received[0][0].value<QList<NameAnswer>>().constFirst();
    QVERIFY(told.programId != 0 && told.protocol == IPPROTO_UDP && told.timeNs == 1'000'000'000);
    client.setNamesWanted(false);
    QTRY_VERIFY(!m_source->isNaming());
}

void NameAnswersTest::clientTakesNoneFromStrangers()
{
    const quint32 mine = m_source->addProgram("curl", user());
    start();
    const QDBusConnection clientBus = m_bus->connect(user());
    MonitorClient client(clientBus);
    QSignalSpy watched(&client, &MonitorClient::namesWatched);
    QSignalSpy received(&client, &MonitorClient::namesReceived);
    client.setNamesWanted(true);
    client.start({});
    QTRY_COMPARE(watched.size(), 1);
    const QDBusConnection stranger = m_bus->connect(user());
    for (uint subscription = 0; subscription < 5; ++subscription) {
        QDBusMessage forged = QDBusMessage::createTargetedSignal(
            clientBus.baseService(), QLatin1String(Wire::objectPath), QLatin1String(Wire::interfaceName),
            QStringLiteral("NameAnswers"));
        forged << subscription << quint64(1) << quint64(0)
               << QVariant::fromValue(QList<Wire::NameAnswer>{{1, 1, 1, IPPROTO_UDP, 0, 0, "forged"}});
        QVERIFY(stranger.send(forged));
    }
    answer(mine, "mine");
    QTRY_VERIFY(!received.isEmpty());
    for (const QList<QVariant> &arguments : std::as_const(received)) {
        for (const NameAnswer &told : arguments[0].value<QList<NameAnswer>>())
            QCOMPARE(told.data, QByteArray("mine"));
    }
}

void NameAnswersTest::clientIsToldWhyNot()
{
    m_source->setNameProblem(QStringLiteral("Names are not seen here."));
    start();
    MonitorClient client(m_bus->connect(user()));
    QSignalSpy watched(&client, &MonitorClient::namesWatched);
    client.setNamesWanted(true);
    client.start({});
    QTRY_COMPARE(watched.size(), 1);
    QVERIFY(watched[0][0].toString().contains(QStringLiteral("not seen here")));
    QCOMPARE(client.state(), MonitorClient::State::Live);
}

QTEST_GUILESS_MAIN(NameAnswersTest)
#include "tst_nameanswers.moc"
