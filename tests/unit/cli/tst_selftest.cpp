// SPDX-License-Identifier: MIT
#include "networkplane.h"
#include "observation.h"
#include "payloadplane.h"
#include "selftest.h"
#include "selftestreport.h"
#include "testnetwork.h"
#include "text.h"
#include "trafficrun.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr quint64 beganNs = 1000;

/// A helper of the test's own, as its client tells of it.
class Told {
public:
    void program(quint32 id, quint32 pid, quint64 startNs, quint64 rx, quint64 tx)
    {
        Program program;
        program.id = id;
        program.pid = pid;
        program.startNs = startNs;
        m_update.programs.append(program);
        Flow flow;
        flow.id = id;
        flow.programId = id;
        flow.rxPayloadBytesTotal = rx;
        flow.txPayloadBytesTotal = tx;
        m_update.flows.append(flow);
    }
    void tell(const QString &instance = u"one"_s)
    {
        m_update.instance = instance;
        m_update.timeNs = bootTimeNs();
        Q_EMIT m_client.updateReceived(m_update);
    }
    const Observation &observation() const { return m_observation; }

private:
    UsageUpdate m_update;
    MonitorClient m_client{QDBusConnection(u"none"_s)};
    Observation m_observation{m_client};
};

Truth truth(quint32 pid, quint64 sent, quint64 received, quint64 receivedUnseen = 0)
{
    Truth result;
    result.pid = pid;
    result.sentBytes = sent;
    result.receivedBytes = received;
    result.receivedUnseenBytes = receivedUnseen;
    if (receivedUnseen > 0)
        result.unseenReason = u"it goes by a way of its own"_s;
    return result;
}

PlaneResult compare(Told &told, const QList<Truth> &truths)
{
    told.tell();
    return PayloadPlane().compare({truths, beganNs, 2 * beganNs}, told.observation());
}

CaseResult result(TestVerdict verdict)
{
    CaseResult result;
    result.scenario = u"udp"_s;
    result.family = IpFamily::V6;
    result.programs = 2;
    result.tookMs = 12;
    result.verdict = verdict;
    if (verdict == TestVerdict::Exact || verdict == TestVerdict::Off) {
        const quint64 off = verdict == TestVerdict::Off ? 3 : 0;
        result.planes = {
            {u"payload"_s, {(quint64(1) << 53) + 1, (quint64(1) << 53) + 1, 0}, {100, 100 - off, off}, {}}};
        result.planes[0].received.verdict = verdict;
    } else {
        result.reason = u"a reason"_s;
    }
    return result;
}

} // namespace

class SelfTestTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void equalBytesAreExact();
    void anEarlierProgramOfTheSamePidIsAnother();
    void bytesOfTheWrongProgramAreOff();
    void everyImageOfAProcessHasItsOwnBytes();
    void tooMuchIsOff();
    void whatPassesNoHookIsNotSeen();
    void oneByteMoreMissingIsOff();
    void judgesTheTrafficProgram_data();
    void judgesTheTrafficProgram();
    void aHelperThatSaysNothingFails();
    void aHelperThatBeginsAnewFails();
    void timeRunsOut();
    void knowsItsScenarios();
    void whatNoSocketHadIsTheKernels();
    void waitsForTheBooksOfTheCable();
    void givesJson();
    void givesLines();
    void passesOnlyWithoutAFault();

private:
    /// A shell script in the place of the traffic program.
    QString script(const QByteArray &body);

    QTemporaryDir m_dir;
    TestNetwork m_network; // not created: the scripts do not use it
};

QString SelfTestTest::script(const QByteArray &body)
{
    QFile file(m_dir.filePath(u"traffic"_s));
    if (!file.open(QFile::WriteOnly | QFile::Truncate) || file.write("#!/bin/sh\n" + body + '\n') < 0
        || !file.setPermissions(QFile::ReadOwner | QFile::ExeOwner | QFile::WriteOwner))
        qFatal("cannot write %s", qPrintable(file.fileName()));
    return file.fileName();
}

void SelfTestTest::equalBytesAreExact()
{
    Told told;
    told.program(1, 50, beganNs, 10, 20);
    told.program(2, 51, beganNs + 1, 20, 10);
    const PlaneResult compared = compare(told, {truth(50, 20, 10), truth(51, 10, 20)});
    QCOMPARE(compared.plane, u"payload"_s);
    QCOMPARE(compared.sent.verdict, TestVerdict::Exact);
    QCOMPARE(compared.sent.expectedBytes, 30U);
    QCOMPARE(compared.sent.countedBytes, 30U);
    QCOMPARE(compared.received.verdict, TestVerdict::Exact);
    QCOMPARE(compared.received.offBytes, 0U);
}

void SelfTestTest::anEarlierProgramOfTheSamePidIsAnother()
{
    Told told;
    told.program(1, 50, beganNs - 1, 1000, 1000);
    told.program(2, 50, beganNs, 10, 20);
    const PlaneResult compared = compare(told, {truth(50, 20, 10)});
    QCOMPARE(compared.sent.countedBytes, 20U);
    QCOMPARE(compared.received.verdict, TestVerdict::Exact);
}

void SelfTestTest::bytesOfTheWrongProgramAreOff()
{
    Told told;
    told.program(1, 50, beganNs, 0, 25);
    told.program(2, 51, beganNs, 0, 15);
    const PlaneResult compared = compare(told, {truth(50, 20, 0), truth(51, 20, 0)});
    QCOMPARE(compared.sent.expectedBytes, compared.sent.countedBytes);
    QCOMPARE(compared.sent.offBytes, 10U);
    QCOMPARE(compared.sent.verdict, TestVerdict::Off);
}

void SelfTestTest::everyImageOfAProcessHasItsOwnBytes()
{
    Told right;
    right.program(7, 50, beganNs, 0, 5);
    right.program(9, 50, beganNs, 0, 8);
    QCOMPARE(compare(right, {truth(50, 5, 0), truth(50, 8, 0)}).sent.verdict, TestVerdict::Exact);

    Told merged;
    merged.program(7, 50, beganNs, 0, 13);
    const PlaneResult compared = compare(merged, {truth(50, 5, 0), truth(50, 8, 0)});
    QCOMPARE(compared.sent.countedBytes, 13U);
    QCOMPARE(compared.sent.offBytes, 16U);
    QCOMPARE(compared.sent.verdict, TestVerdict::Off);
}

void SelfTestTest::tooMuchIsOff()
{
    Told told;
    told.program(1, 50, beganNs, 11, 20);
    const PlaneResult compared = compare(told, {truth(50, 20, 10)});
    QCOMPARE(compared.sent.verdict, TestVerdict::Exact);
    QCOMPARE(compared.received.offBytes, 1U);
    QCOMPARE(compared.received.verdict, TestVerdict::Off);
}

void SelfTestTest::whatPassesNoHookIsNotSeen()
{
    Told told;
    told.program(1, 50, beganNs, 4, 0);
    PlaneResult compared = compare(told, {truth(50, 0, 10, 6)});
    QCOMPARE(compared.received.verdict, TestVerdict::NotSeen);
    QCOMPARE(compared.received.offBytes, 6U);
    QCOMPARE(compared.reason, u"it goes by a way of its own"_s);

    // A helper that has a hook for it sees it, and then there is nothing to excuse.
    Told better;
    better.program(1, 50, beganNs, 10, 0);
    compared = compare(better, {truth(50, 0, 10, 6)});
    QCOMPARE(compared.received.verdict, TestVerdict::Exact);
    QCOMPARE(compared.reason, QString());
}

void SelfTestTest::oneByteMoreMissingIsOff()
{
    Told told;
    told.program(1, 50, beganNs, 3, 0);
    const PlaneResult compared = compare(told, {truth(50, 0, 10, 6)});
    QCOMPARE(compared.received.verdict, TestVerdict::Off);
    QCOMPARE(compared.reason, QString());
}

void SelfTestTest::judgesTheTrafficProgram_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<TestVerdict>("verdict");
    QTest::addColumn<QString>("reason");
    QTest::newRow("counted by nobody")
        << QByteArray("echo program client $$ 5 0") << TestVerdict::Off << QString();
    QTest::newRow("moved nothing") << QByteArray("echo program client $$ 0 0") << TestVerdict::Exact
                                   << QString();
    QTest::newRow("unseen, said first")
        << QByteArray("echo unseen $$ 5 0 no hook; echo program client $$ 5 0") << TestVerdict::NotSeen
        << u"no hook"_s;
    QTest::newRow("not supported") << QByteArray("echo unsupported no such socket; exit 3")
                                   << TestVerdict::NotSupported << u"no such socket"_s;
    QTest::newRow("says what failed")
        << QByteArray("echo bind: no >&2; exit 1") << TestVerdict::Failed << u"bind: no"_s;
    QTest::newRow("died") << QByteArray("kill -9 $$") << TestVerdict::Failed << u"the traffic program died"_s;
    QTest::newRow("told nothing") << QByteArray("true") << TestVerdict::Failed
                                  << u"the traffic program told nothing"_s;
    QTest::newRow("hangs") << QByteArray("exec sleep 60") << TestVerdict::Failed
                           << u"it took longer than 1 s"_s;
}

void SelfTestTest::judgesTheTrafficProgram()
{
    QFETCH(QByteArray, body);
    QFETCH(TestVerdict, verdict);
    QFETCH(QString, reason);
    Told told;
    told.tell();
    SelfTest test(told.observation(), m_network, script(body), {.caseMs = 1000});
    QSignalSpy results(&test, &SelfTest::caseFinished);
    test.start({{u"udp"_s, IpFamily::V4}});
    // The helper goes on telling, as it does.
    QVERIFY(QTest::qWaitFor([&] {
        told.tell();
        return !results.isEmpty();
    }));
    const auto result = results.constFirst().constFirst().value<CaseResult>();
    QCOMPARE(result.verdict, verdict);
    QCOMPARE(result.reason, reason);
}

void SelfTestTest::aHelperThatSaysNothingFails()
{
    Told told;
    told.tell();
    SelfTest test(told.observation(), m_network, script("echo program client $$ 0 0"), {.settleMs = 50});
    QSignalSpy results(&test, &SelfTest::caseFinished);
    QSignalSpy finished(&test, &SelfTest::finished);
    test.start({{u"udp"_s, IpFamily::V4}});
    QVERIFY(finished.wait());
    const auto result = results.constFirst().constFirst().value<CaseResult>();
    QCOMPARE(result.verdict, TestVerdict::Failed);
    QCOMPARE(result.reason, u"the helper does not tell what it counted"_s);
}

void SelfTestTest::aHelperThatBeginsAnewFails()
{
    Told told;
    told.tell();
    SelfTest test(told.observation(), m_network, script("echo program client $$ 0 0"), {});
    QSignalSpy results(&test, &SelfTest::caseFinished);
    // Already under way when the helper is another.
    QMetaObject::invokeMethod(&test, [&] { test.start({{u"udp"_s, IpFamily::V4}}); });
    QCoreApplication::processEvents();
    QVERIFY(QTest::qWaitFor([&] {
        told.tell(u"two"_s);
        return !results.isEmpty();
    }));
    QCOMPARE(results.constFirst().constFirst().value<CaseResult>().verdict, TestVerdict::Failed);
}

void SelfTestTest::timeRunsOut()
{
    Told told;
    told.tell();
    SelfTest test(told.observation(), m_network, script("exec sleep 60"), {.totalMs = 1000});
    QSignalSpy results(&test, &SelfTest::caseFinished);
    QSignalSpy finished(&test, &SelfTest::finished);
    test.start(SelfTest::cases({u"udp"_s, u"tcp-bulk"_s}));
    QVERIFY(finished.wait(10000));
    QCOMPARE(results.size(), 4);
    for (const QList<QVariant> &each : results)
        QCOMPARE(each.constFirst().value<CaseResult>().verdict, TestVerdict::Failed);
    QCOMPARE(results.at(3).constFirst().value<CaseResult>().reason,
             u"not run: the time for all scenarios is over"_s);
}

void SelfTestTest::whatNoSocketHadIsTheKernels()
{
    const auto books = [](quint64 rx, quint64 tx, qint64 rxUnseen, qint64 txUnseen) {
        InterfaceBalance told;
        told.rxBytes = rx;
        told.txBytes = tx;
        told.lines = {{u"programs"_s, qint64(rx) - rxUnseen, qint64(tx) - txUnseen},
                      {u"unseen"_s, rxUnseen, txUnseen}};
        return told;
    };
    PlaneResult compared = NetworkPlane::compare(books(100, 200, 7, 0), books(1100, 2300, 49, 0));
    QCOMPARE(compared.plane, u"network"_s);
    QCOMPARE(compared.sent.expectedBytes, 2100U);
    QCOMPARE(compared.sent.countedBytes, 2100U);
    QCOMPARE(compared.sent.verdict, TestVerdict::Exact);
    QCOMPARE(compared.received.expectedBytes, 1000U);
    QCOMPARE(compared.received.countedBytes, 958U);
    QCOMPARE(compared.received.offBytes, 42U);
    QCOMPARE(compared.received.verdict, TestVerdict::Unowned);
    // More than there was is nobody's.
    compared = NetworkPlane::compare(books(100, 200, 7, 0), books(1100, 2300, 6, 0));
    QCOMPARE(compared.received.countedBytes, 1001U);
    QCOMPARE(compared.received.offBytes, 1U);
    QCOMPARE(compared.received.verdict, TestVerdict::Off);
}

void SelfTestTest::waitsForTheBooksOfTheCable()
{
    Told told;
    told.tell();
    MonitorClient cableClient{QDBusConnection(u"none"_s)};
    NetworkPlane plane(cableClient);
    SelfTest test(told.observation(), m_network, script("echo program client $$ 0 0"), {});
    test.setNetworkPlane(plane);
    QSignalSpy results(&test, &SelfTest::caseFinished);
    test.start({{u"udp"_s, IpFamily::V4}});
    InterfaceBalance cable;
    cable.name = u"c0"_s;
    QVERIFY(QTest::qWaitFor([&] {
        told.tell();
        cable.txBytes += 10;
        Q_EMIT cableClient.balanceReceived(bootTimeNs(), {cable}, {});
        return !results.isEmpty();
    }));
    const auto result = results.constFirst().constFirst().value<CaseResult>();
    QCOMPARE(result.verdict, TestVerdict::Exact);
    QCOMPARE(result.planes.size(), 2);
    QCOMPARE(result.planes.at(1).plane, u"network"_s);
    QVERIFY(result.planes.at(1).sent.expectedBytes > 0);
    QCOMPARE(result.planes.at(1).sent.expectedBytes % 10, 0U);
}

void SelfTestTest::knowsItsScenarios()
{
    QStringList names = SelfTest::scenarios();
    QCOMPARE(SelfTest::cases(names).size(), 2 * names.size());
    for (const QString &name : std::as_const(names))
        QVERIFY2(!SelfTest::description(name).isEmpty(), qPrintable(name));
    QCOMPARE(names.removeDuplicates(), 0);
}

void SelfTestTest::givesJson()
{
    Cli::SelfTestReport report;
    report.kernel = u"6.1.0"_s;
    report.tookMs = 1234;
    report.results = {result(TestVerdict::Exact), result(TestVerdict::NotSupported)};
    const QByteArray text = toJson(Cli::selfTestJson(report));
    // As text, because reading it back might round it.
    QVERIFY2(text.contains("\"countedBytes\": 9007199254740993,"), text.constData());
    const QJsonObject json = QJsonDocument::fromJson(text).object();
    QCOMPARE(json.keys(),
             QStringList({u"audit"_s, u"counts"_s, u"kernel"_s, u"ownHelper"_s, u"passed"_s, u"results"_s,
                          u"schema"_s, u"tookMs"_s}));
    QCOMPARE(json.value(u"schema"_s).toString(), u"nettally.selftest/1"_s);
    QVERIFY(json.value(u"passed"_s).toBool());
    QCOMPARE(
        json.value(u"counts"_s).toObject(),
        QJsonObject(
            {{u"exact"_s, 1}, {u"notSupported"_s, 1}, {u"notSeen"_s, 0}, {u"off"_s, 0}, {u"failed"_s, 0}}));
    const QJsonArray results = json.value(u"results"_s).toArray();
    const QJsonObject first = results.at(0).toObject();
    QCOMPARE(first.keys(),
             QStringList({u"family"_s, u"planes"_s, u"programs"_s, u"reason"_s, u"scenario"_s, u"tookMs"_s,
                          u"verdict"_s}));
    QCOMPARE(first.value(u"family"_s).toString(), u"IPv6"_s);
    const QJsonObject plane = first.value(u"planes"_s).toArray().at(0).toObject();
    QCOMPARE(plane.keys(), QStringList({u"plane"_s, u"reason"_s, u"received"_s, u"sent"_s}));
    QCOMPARE(plane.value(u"received"_s).toObject(),
             QJsonObject({{u"expectedBytes"_s, 100},
                          {u"countedBytes"_s, 100},
                          {u"offBytes"_s, 0},
                          {u"verdict"_s, u"exact"_s}}));
    QCOMPARE(results.at(1).toObject().value(u"verdict"_s).toString(), u"notSupported"_s);
    QCOMPARE(results.at(1).toObject().value(u"reason"_s).toString(), u"a reason"_s);
}

void SelfTestTest::givesLines()
{
    const QStringList lines = resultLines(result(TestVerdict::Off));
    QCOMPARE(lines.size(), 2);
    QVERIFY(lines.at(0).simplified().startsWith(
        u"udp IPv6 2 payload sent 9007199254740993 9007199254740993 0 "_s));
    QCOMPARE(lines.at(1).simplified(), u"udp IPv6 2 payload received 100 97 3 OFF"_s);
    QCOMPARE(lines.at(1).indexOf(u"OFF"_s), resultTitles().indexOf(u"verdict"_s));
    const QStringList reasoned = resultLines(result(TestVerdict::NotSupported));
    QCOMPARE(reasoned.size(), 1);
    QVERIFY(reasoned.at(0).endsWith(u"not supported: a reason"_s));
}

void SelfTestTest::passesOnlyWithoutAFault()
{
    Cli::SelfTestReport report;
    QVERIFY(!report.hasPassed());
    report.results = {result(TestVerdict::Exact), result(TestVerdict::NotSeen),
                      result(TestVerdict::NotSupported)};
    QVERIFY(report.hasPassed());
    QVERIFY(
        Cli::selfTestSummary(report).contains(u"1 exact, 0 off, 0 failed; 1 not seen, 1 not supported"_s));
    report.audit.unnamedBytes = 1;
    QVERIFY(!report.hasPassed());
    report.audit = {};
    report.audit.problem = u"none was made"_s;
    QVERIFY(!report.hasPassed());
    report.audit = {};
    QVERIFY(report.hasPassed());
    for (const TestVerdict bad : {TestVerdict::Off, TestVerdict::Failed}) {
        report.results.append(result(bad));
        QVERIFY(!report.hasPassed());
        report.results.removeLast();
    }
}

QTEST_GUILESS_MAIN(SelfTestTest)
#include "tst_selftest.moc"
