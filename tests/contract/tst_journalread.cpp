// SPDX-License-Identifier: MIT
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "historycatchup.h"
#include "journalanswer.h"
#include "monitorclient.h"
#include "monitorservice.h"
#include "privatebus.h"
#include "rawsubscriber.h"
#include "recorder.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <ctime>
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
    QByteArray journal;
    bool restarted = false;
    bool more = false;
    quint64 last = 0;
    QList<Wire::JournalProgram> programs;
    QList<Wire::JournalFlow> flows;
    QList<Wire::JournalGap> gaps;
    QList<Wire::JournalInterface> interfaces;
};

Answer ask(const RawSubscriber &caller, uint subscription, const QByteArray &journal = {}, quint64 after = 0,
           uint limit = uint(Wire::maxJournalRecordsPerMessage))
{
    const QDBusMessage message =
        caller.call(QStringLiteral("ReadJournal"), {subscription, journal, after, limit});
    Answer answer;
    if (message.type() == QDBusMessage::ErrorMessage) {
        answer.error = message.errorName();
        return answer;
    }
    const QVariantList all = message.arguments();
    answer.sequence = all[0].toULongLong();
    answer.journal = all[1].toByteArray();
    answer.restarted = all[2].toBool();
    answer.more = all[3].toBool();
    answer.last = all[4].toULongLong();
    answer.programs = qdbus_cast<QList<Wire::JournalProgram>>(all[5]);
    answer.flows = qdbus_cast<QList<Wire::JournalFlow>>(all[6]);
    answer.gaps = qdbus_cast<QList<Wire::JournalGap>>(all[7]);
    answer.interfaces = qdbus_cast<QList<Wire::JournalInterface>>(all[8]);
    return answer;
}

QString acknowledge(const RawSubscriber &caller, uint subscription, quint64 sequence)
{
    return caller.call(QStringLiteral("Acknowledge"), {subscription, sequence}).errorName();
}

uint idOf(const QDBusMessage &subscribed)
{
    return subscribed.type() == QDBusMessage::ReplyMessage ? subscribed.arguments().at(0).toUInt() : 0;
}

JournalFlow flow(qint64 minuteUtcS, uint uid, int remote, quint64 bytes)
{
    JournalFlow flow;
    flow.minuteUtcS = minuteUtcS;
    flow.program = {QStringLiteral("program%1").arg(remote % 60), QStringLiteral("/usr/bin/program"), uid,
                    QStringLiteral("/user.slice/app.scope"), ProcessKind::Program};
    flow.remote = FakeUsageSource::v4(0xc6120000u + quint32(remote));
    flow.protocol = 6;
    flow.servicePort = 443;
    flow.direction = 1;
    flow.interfaceName = QStringLiteral("eth0");
    flow.sums = {bytes, bytes / 2, true, bytes + 40, bytes / 2 + 40, 3, 2, 1};
    return flow;
}

constexpr qint64 beginUtcS = 1'700'000'040; // a whole minute

} // namespace

/// ReadJournal of the contract: the real journal behind the real service, and the app's way with it.
class JournalReadTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void tellsWhatWasSealed();
    void ownScopeFoldsOthers();
    void hostileCursorsAreHarmless();
    void wrongCallsAreRefused();
    void oneAnswerAtATime();
    void answersAreBounded();
    void withoutJournalItSaysSo();
    void liveReadingIsSealed();
    void historyCatchesUp();
    void machinesShareAHistory();
    void historyRecordsLiveWithoutJournal();

private:
    void start(bool keepsJournal = true);
    void stop();
    void seal(const std::vector<JournalRecord> &records, qint64 endUtcS);

    std::unique_ptr<PrivateBus> m_bus;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<FakeUsageSource> m_source;
    std::unique_ptr<Journal> m_journal;
    std::unique_ptr<Recorder> m_recorder;
    FakeAuthorizer m_authorizer;
    QDBusConnection m_helperBus{QString()};
    MonitorService::Limits m_limits;
    std::unique_ptr<MonitorService> m_service;
};

void JournalReadTest::init()
{
    m_bus = std::make_unique<PrivateBus>();
    QCOMPARE(m_bus->start(), QString());
    m_dir = std::make_unique<QTemporaryDir>();
    m_source = std::make_unique<FakeUsageSource>();
    m_limits = {};
    JournalFolder folder;
    QCOMPARE(folder.open(m_dir->path(), geteuid(), getegid()), QString());
    m_journal = std::make_unique<Journal>(std::move(folder), Journal::Options());
    QCOMPARE(m_journal->open({QByteArray(16, 'm'), QByteArray(16, 'b'), 1, beginUtcS}), QString());
    m_journal->start();
}

void JournalReadTest::start(bool keepsJournal)
{
    m_helperBus = m_bus->connect();
    m_service = std::make_unique<MonitorService>(m_helperBus, *m_source, m_authorizer, m_limits);
    if (keepsJournal) {
        m_recorder = std::make_unique<Recorder>(*m_journal, m_source->netNs(), QString());
        m_recorder->book().setBaseline(Checkpoint());
        m_service->setRecorder(*m_recorder);
    }
    QCOMPARE(m_service->publish(), QString());
}

void JournalReadTest::stop()
{
    m_service.reset();
    m_recorder.reset();
    const QString name = m_helperBus.name();
    m_helperBus = QDBusConnection(QString());
    QDBusConnection::disconnectFromBus(name);
}

void JournalReadTest::cleanup()
{
    stop();
    m_journal.reset();
    m_bus.reset();
}

void JournalReadTest::seal(const std::vector<JournalRecord> &records, qint64 endUtcS)
{
    m_journal->append({records, {}, endUtcS * 1000});
    m_journal->flush();
}

void JournalReadTest::tellsWhatWasSealed()
{
    start();
    seal({flow(beginUtcS, user(), 1, 1000),
          JournalGap{beginUtcS - 50, beginUtcS, JournalGapReason::HelperOff},
          JournalInterface{beginUtcS, QStringLiteral("eth0"), 5000, 4000, -7, 12}},
         beginUtcS + 60);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const Answer answer = ask(caller, id);
    QCOMPARE(answer.error, QString());
    QCOMPARE(answer.journal, m_journal->id());
    QVERIFY(!answer.restarted && !answer.more);
    QCOMPARE(answer.last, m_journal->lastNumber());
    QCOMPARE(answer.programs,
             QList<Wire::JournalProgram>({{QStringLiteral("program1"), QStringLiteral("/usr/bin/program"),
                                           user(), QStringLiteral("/user.slice/app.scope"), 0}}));
    QCOMPARE(answer.flows,
             QList<Wire::JournalFlow>({{beginUtcS, 0, QByteArray("\xc6\x12\x00\x01", 4), 6, 443, 1,
                                        QStringLiteral("eth0"), 1000, 500, true, 1040, 540, 3, 2, 1}}));
    QCOMPARE(answer.gaps, QList<Wire::JournalGap>({{beginUtcS - 50, beginUtcS, 0}}));
    QCOMPARE(answer.interfaces,
             QList<Wire::JournalInterface>({{beginUtcS, QStringLiteral("eth0"), 5000, 4000, -7, 12}}));

    QCOMPARE(acknowledge(caller, id, answer.sequence), QString());
    const Answer next = ask(caller, id, answer.journal, answer.last);
    QVERIFY(next.flows.isEmpty() && !next.restarted && !next.more);
    QCOMPARE(next.last, answer.last);
}

void JournalReadTest::ownScopeFoldsOthers()
{
    start();
    JournalFlow thread = flow(beginUtcS, user(), 5, 64);
    thread.program.kind = ProcessKind::KernelThread; // nobody's, whatever its uid
    JournalFlow wireless = flow(beginUtcS, stranger, 6, 7);
    wireless.interfaceName = QStringLiteral("wlan0");
    seal({flow(beginUtcS, user(), 1, 1000), flow(beginUtcS, stranger, 2, 10), flow(beginUtcS, 0, 3, 20),
          thread, wireless, flow(beginUtcS + 60, stranger, 4, 5)},
         beginUtcS + 120);
    RawSubscriber caller(m_bus->connect(user()));
    const Answer own = ask(caller, idOf(caller.subscribe(60000)));
    QCOMPARE(own.flows.size(), 4);
    QCOMPARE(own.programs.size(), 2);
    QCOMPARE(own.programs[0].uid, user());
    QCOMPARE(own.programs[1].kind, quint8(2));
    QCOMPARE(own.programs[1].executable + own.programs[1].cgroupPath, QString());
    QCOMPARE(own.programs[1].uid, 0u);
    QCOMPARE(own.flows[0].rxPayloadBytes, 1000u);
    const auto others = [](qint64 minuteUtcS, const char *interface, quint64 bytes, int flows) {
        return Wire::JournalFlow{minuteUtcS,
                                 1,
                                 {},
                                 0,
                                 0,
                                 0,
                                 QLatin1String(interface),
                                 bytes,
                                 bytes / 2,
                                 true,
                                 bytes + 40 * quint64(flows),
                                 bytes / 2 + 40 * quint64(flows),
                                 3 * quint64(flows),
                                 2 * quint64(flows),
                                 quint64(flows)};
    };
    QCOMPARE(own.flows[1], others(beginUtcS, "eth0", 94, 3));
    QCOMPARE(own.flows[2], others(beginUtcS, "wlan0", 7, 1));
    QCOMPARE(own.flows[3], others(beginUtcS + 60, "eth0", 5, 1));

    RawSubscriber all(m_bus->connect());
    const Answer everything = ask(all, idOf(all.subscribe(60000, QStringLiteral("all"))));
    QCOMPARE(everything.flows.size(), 6);
    QCOMPARE(everything.programs.size(), 6);
}

void JournalReadTest::hostileCursorsAreHarmless()
{
    start();
    seal({flow(beginUtcS, user(), 1, 1000)}, beginUtcS + 60);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const auto check = [&](const QByteArray &journal, quint64 after, bool restarted) {
        const Answer answer = ask(caller, id, journal, after);
        QCOMPARE(answer.error, QString());
        QCOMPARE(answer.restarted, restarted);
        QCOMPARE(answer.flows.size(), 1);
        QCOMPARE(answer.journal, m_journal->id());
        QCOMPARE(answer.last, m_journal->lastNumber());
        QCOMPARE(acknowledge(caller, id, answer.sequence), QString());
    };
    check({}, 0, false);
    check({}, 5, true);
    check(QByteArray(16, '\0'), 0, true);
    check(QByteArray(16, '\xff'), m_journal->lastNumber(), true);
    check(m_journal->id(), 0, false);
    check(m_journal->id(), 1, false);
    check(m_journal->id(), m_journal->lastNumber() + 1, true);
    check(m_journal->id(), quint64(1) << 63, true);
    check(m_journal->id(), ~quint64(0), true);
    QCOMPARE(ask(caller, id, QByteArray(15, 'x')).error, QLatin1String(invalidArgs));
    QCOMPARE(ask(caller, id, QByteArray(1 << 20, 'x')).error, QLatin1String(invalidArgs));
}

void JournalReadTest::wrongCallsAreRefused()
{
    start();
    RawSubscriber caller(m_bus->connect(user()));
    RawSubscriber other(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    QCOMPARE(ask(caller, id, {}, 0, 0).error, QLatin1String(invalidArgs));
    QCOMPARE(ask(caller, id, {}, 0, uint(Wire::maxJournalRecordsPerMessage) + 1).error,
             QLatin1String(invalidArgs));
    QCOMPARE(ask(caller, id + 1).error, QLatin1String(Wire::errorNoSuchSubscription));
    QCOMPARE(ask(other, id).error, QLatin1String(Wire::errorNoSuchSubscription));
}

void JournalReadTest::oneAnswerAtATime()
{
    start();
    seal({flow(beginUtcS, user(), 1, 1000)}, beginUtcS + 60);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    const Answer first = ask(caller, id);
    QCOMPARE(ask(caller, id).error, QLatin1String(limitsExceeded));
    // Connections are another matter.
    QVERIFY(caller.call(QStringLiteral("Connections"), {id, quint64(0), 10u}).type()
            == QDBusMessage::ReplyMessage);
    QCOMPARE(acknowledge(caller, id, first.sequence + 1), QLatin1String(invalidArgs));
    QCOMPARE(acknowledge(caller, id, first.sequence), QString());
    QCOMPARE(ask(caller, id).error, QString());
}

void JournalReadTest::answersAreBounded()
{
    m_limits.journalBytesPerMessage = 10000;
    m_limits.unacknowledgedBytesPerUser = 30000;
    start();
    std::vector<JournalRecord> records;
    for (int i = 0; i < 1000; ++i) {
        JournalFlow one = flow(beginUtcS, user(), i, 1000);
        one.program.cgroupPath = QStringLiteral("/%1").arg(QString::number(i).repeated(300));
        records.emplace_back(one);
    }
    seal(records, beginUtcS + 60);
    RawSubscriber caller(m_bus->connect(user()));
    const uint id = idOf(caller.subscribe(60000));
    Answer answer;
    QList<Wire::JournalFlow> flows;
    int answers = 0;
    do {
        answer = ask(caller, id, answer.journal, answer.last);
        QCOMPARE(answer.error, QString());
        QVERIFY(answer.flows.size() < 10);
        QCOMPARE(acknowledge(caller, id, answer.sequence), QString());
        flows += answer.flows;
        ++answers;
    } while (answer.more);
    QCOMPARE(flows.size(), 1000);
    for (int i = 0; i < 1000; ++i)
        QCOMPARE(flows[i].remote, addressBytes(FakeUsageSource::v4(0xc6120000u + quint32(i))));
    QVERIFY(answers > 100);

    // Of one user, whatever the connection.
    std::vector<std::unique_ptr<RawSubscriber>> callers;
    QString error;
    for (int i = 0; i < 8 && error.isEmpty(); ++i) {
        callers.push_back(std::make_unique<RawSubscriber>(m_bus->connect(user())));
        error = ask(*callers.back(), idOf(callers.back()->subscribe(60000))).error;
    }
    QCOMPARE(error, QLatin1String(limitsExceeded));
}

void JournalReadTest::withoutJournalItSaysSo()
{
    start(false);
    RawSubscriber caller(m_bus->connect(user()));
    QCOMPARE(ask(caller, idOf(caller.subscribe(60000))).error, QLatin1String(notSupported));
}

void JournalReadTest::liveReadingIsSealed()
{
    const quint32 slot = m_source->addFlow(m_source->addProgram("curl", user()), 1);
    m_source->addBytes(slot, 100, 10);
    start();
    QCOMPARE(m_recorder->start(), QString());
    m_source->addBytes(slot, 5, 1);
    m_recorder->finish();
    RawSubscriber caller(m_bus->connect(user()));
    const Answer answer = ask(caller, idOf(caller.subscribe(60000)));
    quint64 rx = 0;
    quint64 tx = 0;
    for (const Wire::JournalFlow &one : answer.flows) {
        QCOMPARE(answer.programs.at(one.program).name, QStringLiteral("curl"));
        QVERIFY(one.minuteUtcS % 60 == 0 && std::time(nullptr) - one.minuteUtcS < 120);
        rx += one.rxPayloadBytes;
        tx += one.txPayloadBytes;
    }
    QCOMPARE(rx, 105u);
    QCOMPARE(tx, 11u);
}

/// A backlog of 35 days, taken in by the app while its helper goes away and comes back.
void JournalReadTest::historyCatchesUp()
{
#ifdef __SANITIZE_ADDRESS__
    constexpr int days = 5; // every access checked takes ten times as long
#else
    constexpr int days = 35;
#endif
    constexpr int minutes = days * 1440;
    constexpr int flowsPerMinute = 6;
    // As many as fit the default size.
    quint64 rx = 0;
    const qint64 nowUtcS = std::time(nullptr) / 60 * 60;
    std::vector<JournalRecord> records;
    for (int minute = 0; minute < minutes; ++minute) {
        const qint64 minuteUtcS = nowUtcS - 60 * (minutes - minute);
        for (int i = 0; i < flowsPerMinute; ++i) {
            records.emplace_back(flow(minuteUtcS, user(), (minute + i * 7) % 3000, quint64(minute + i)));
            rx += quint64(minute + i);
        }
        // Not each by itself: the disk would be waited for as often.
        if (minute % 60 == 59) {
            m_journal->append({std::exchange(records, {}), {}, (minuteUtcS + 60) * 1000});
            m_journal->flush();
        }
    }
    qInfo("journal of %d days, %d flows a minute: %lld bytes", days, flowsPerMinute, m_journal->bytes());
    start();

    QTemporaryDir data;
    HistoryStore store(data.filePath(QStringLiteral("history.db")));
    store.start();
    MonitorClient client(m_bus->connect());
    HistoryCatchUp catchUp(client, store);
    QStringList progress;
    connect(&catchUp, &HistoryCatchUp::progressChanged, this, [&](const QString &text) { progress += text; });
    // Nothing live may be stored beside.
    catchUp.takeLive({{FlowMinute{nowUtcS, {}, {99999, 0, std::nullopt}}}, std::nullopt});
    QElapsedTimer time;
    time.start();
    client.start({.intervalMs = 60000, .scope = Scope::All, .detail = Detail::Program, .interactive = false});
    const auto isPartStored = [&] { return store.cursor().has_value(); };
    QTRY_VERIFY_WITH_TIMEOUT(isPartStored(), 30000);
    stop();
    start();
    const auto isAllStored = [&] {
        return store.cursor() && store.cursor()->number == m_journal->lastNumber();
    };
    QTRY_VERIFY_WITH_TIMEOUT(isAllStored(), 180000);
    qInfo("taken in within %lld ms", time.elapsed());
    QVERIFY2(!progress.isEmpty() && progress.constFirst().contains(QLatin1String("day")),
             qPrintable(progress.join(u'|')));
    QCOMPARE(progress.constLast(), QString());

    HistoryQuery query;
    query.fromUtcS = nowUtcS - 40 * 86400;
    query.toUtcS = nowUtcS + 86400;
    query.by = HistoryQuery::By::Program;
    query.top = 100;
    std::optional<HistoryAnswer> answer;
    store.query(query, [&](const HistoryAnswer &given) { answer = given; });
    QTRY_VERIFY_WITH_TIMEOUT(answer.has_value(), 30000);
    QCOMPARE(answer->problem, QString());
    QCOMPARE(answer->total.sums.rxPayloadBytes, rx);
}

/// A home that is now on one machine and now on another: each journal is read from the start again, in other
/// parts than before, and each record stored once.
void JournalReadTest::machinesShareAHistory()
{
    QTemporaryDir otherDir;
    JournalFolder folder;
    QCOMPARE(folder.open(otherDir.path(), geteuid(), getegid()), QString());
    auto other = std::make_unique<Journal>(std::move(folder), Journal::Options());
    QCOMPARE(other->open({QByteArray(16, 'o'), QByteArray(16, 'b'), 1, beginUtcS}), QString());
    other->start();

    QTemporaryDir data;
    HistoryStore store(data.filePath(QStringLiteral("history.db")));
    store.start();
    MonitorClient client(m_bus->connect());
    HistoryCatchUp catchUp(client, store);
    client.start({.intervalMs = 60000, .scope = Scope::All, .detail = Detail::Program, .interactive = false});
    const auto takeIn = [&] {
        start();
        QTRY_COMPARE_WITH_TIMEOUT(store.cursor(), HistoryCursor(m_journal->id(), m_journal->lastNumber()),
                                  30000);
        stop();
    };
    quint64 rx = 0;
    for (int visit = 0; visit < 3; ++visit) {
        for (const bool isOther : {false, true}) {
            const quint64 bytes = quint64(isOther ? 1000 : 10) << visit;
            seal({flow(beginUtcS + 60 * visit, user(), 1, bytes),
                  flow(beginUtcS + 60 * visit, user(), 2, bytes)},
                 beginUtcS + 60 * (visit + 1));
            rx += 2 * bytes;
            takeIn();
            if (QTest::currentTestFailed())
                return;
            std::swap(m_journal, other);
        }
    }
    HistoryQuery query;
    query.fromUtcS = beginUtcS;
    query.toUtcS = beginUtcS + 600;
    query.by = HistoryQuery::By::Program;
    query.top = 100;
    std::optional<HistoryAnswer> answer;
    store.query(query, [&](const HistoryAnswer &given) { answer = given; });
    QTRY_VERIFY(answer.has_value());
    QCOMPARE(answer->total.sums.rxPayloadBytes, rx);
}

void JournalReadTest::historyRecordsLiveWithoutJournal()
{
    start(false);
    QTemporaryDir data;
    HistoryStore store(data.filePath(QStringLiteral("history.db")));
    store.start();
    MonitorClient client(m_bus->connect());
    HistoryCatchUp catchUp(client, store);
    const qint64 minuteUtcS = std::time(nullptr) / 60 * 60;
    const auto live = [&](quint64 bytes) {
        FlowMinute minute;
        minute.minuteUtcS = minuteUtcS;
        minute.flow.program.name = QStringLiteral("curl");
        minute.sums = {bytes, 0, std::nullopt};
        catchUp.takeLive({{minute}, std::nullopt});
    };
    live(100); // before it is known
    QSignalSpy failed(&client, &MonitorClient::journalFailed);
    client.start({.intervalMs = 60000, .scope = Scope::All, .detail = Detail::Program, .interactive = false});
    QTRY_VERIFY(!failed.isEmpty()); // a slow machine has asked again by now
    live(20);
    QTRY_COMPARE(store.state(), HistoryStore::State::Recording);
    store.flush();
    HistoryQuery query;
    query.fromUtcS = minuteUtcS - 60;
    query.toUtcS = minuteUtcS + 120;
    query.by = HistoryQuery::By::Program;
    query.top = 100;
    std::optional<HistoryAnswer> answer;
    store.query(query, [&](const HistoryAnswer &given) { answer = given; });
    QTRY_VERIFY(answer.has_value());
    QCOMPARE(answer->total.sums.rxPayloadBytes, 120u);
}

QTEST_GUILESS_MAIN(JournalReadTest)
#include "tst_journalread.moc"
