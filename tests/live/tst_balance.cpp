// SPDX-License-Identifier: MIT
#include "testbed.h"

#include "testnetwork.h"
#include "testplan.h"
#include "trafficrun.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <sys/mount.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr int scenarioLimitMs = 60'000;

} // namespace

/// The books: what was counted for programs, and what is named beside it, against the interface's own
/// counter.
class BalanceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void bothEndsOfAConnectionAgree_data();
    void bothEndsOfAConnectionAgree();
    void killedHelperLosesNothing();
    void upgradedHelperLosesNothing();
    void oneHelperAtATime();

private:
    QList<Truth> makeTraffic(const QString &scenario, IpFamily family);
    /// Kills the helper so often during traffic, and starts the next of @p helpers each time; then every byte
    /// must be there.
    void killDuringTraffic(const QStringList &pin, const QStringList &helpers, int kills);

    std::unique_ptr<TestNetwork> m_network;
};

void BalanceTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceTest::init()
{
    m_network = std::make_unique<TestNetwork>();
    const QString problem = m_network->create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

QList<Truth> BalanceTest::makeTraffic(const QString &scenario, IpFamily family)
{
    TrafficRun run(QStringLiteral(NETTALLY_TRAFFIC));
    QSignalSpy finished(&run, &TrafficRun::finished);
    run.start(*m_network, scenario, family, scenarioLimitMs);
    if (!finished.wait(scenarioLimitMs + 1000) || run.outcome() != TrafficRun::Outcome::Made)
        QTest::qFail(qPrintable(scenario + u' ' + run.reason()), __FILE__, __LINE__);
    return run.traffic().truths;
}

void BalanceTest::bothEndsOfAConnectionAgree_data()
{
    QTest::addColumn<QString>("scenario");
    QTest::newRow("TCP") << QStringLiteral("tcp-bulk");
    // Its packets name a path, its calls the connection.
    QTest::newRow("multipath TCP") << QStringLiteral("mptcp");
}

void BalanceTest::bothEndsOfAConnectionAgree()
{
    QFETCH(QString, scenario);
    LiveHelper helper;
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    for (const IpFamily family : {IpFamily::V4, IpFamily::V6}) {
        const QList<Truth> truths = makeTraffic(scenario, family);
        QCOMPARE(truths.size(), 2);
        QVERIFY(helper.settle());
        struct Sums {
            quint64 rxBytes = 0;
            quint64 txBytes = 0;
            quint64 rxPackets = 0;
            quint64 txPackets = 0;
        };
        QHash<quint32, Sums> byPid;
        for (const Flow &flow : helper.flows()) {
            Sums &sums = byPid[helper.programs().value(flow.programId).pid];
            sums.rxBytes += flow.rxNetworkBytesTotal;
            sums.txBytes += flow.txNetworkBytesTotal;
            sums.rxPackets += flow.rxPacketsTotal;
            sums.txPackets += flow.txPacketsTotal;
        }
        const Sums one = byPid.value(truths.at(0).pid);
        const Sums other = byPid.value(truths.at(1).pid);
        QVERIFY(one.rxBytes > truths.at(0).receivedBytes);
        QVERIFY(other.rxBytes > truths.at(1).receivedBytes);
        // Nothing is lost on the cable: what leaves one arrives at the other, the handshake's packets too.
        QCOMPARE(one.rxBytes, other.txBytes);
        QCOMPARE(one.txBytes, other.rxBytes);
        QCOMPARE(one.rxPackets, other.txPackets);
        QCOMPARE(one.txPackets, other.rxPackets);
    }
}

void BalanceTest::killDuringTraffic(const QStringList &pin, const QStringList &helpers, int kills)
{
    LiveHelper helper(pin);
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));

    static constexpr std::array scenarios{"tcp-bulk",    "tcp-connections", "udp",
                                          "short-lived", "threads",         "prefork"};
    QMap<quint32, Truth> truths;
    int killed = 0;
    for (size_t i = 0; killed < kills; ++i) {
        TrafficRun run(QStringLiteral(NETTALLY_TRAFFIC));
        QSignalSpy finished(&run, &TrafficRun::finished);
        run.start(*m_network, QLatin1String(scenarios[i % scenarios.size()]), IpFamily::V4, scenarioLimitMs);
        do {
            const QString failure = helper.killAndStartAgain(helpers.at(killed % helpers.size()));
            QVERIFY2(failure.isEmpty(), qPrintable(failure));
            ++killed;
            // Some of them take over wholly.
            if (helpers.size() > 1 && killed % 4 == 0) {
                const quint64 now = bootTimeNs();
                QVERIFY(QTest::qWaitFor([&] { return helper.observation().readNs() > now; }, 60000));
            }
            // At no matter which moment of its start the next one comes.
            QTest::qWait(10 + killed * 37 % 400);
        } while (finished.isEmpty());
        QCOMPARE(run.outcome(), TrafficRun::Outcome::Made);
        for (const Truth &truth : run.traffic().truths) {
            Truth &sum = truths[truth.pid];
            sum.sentBytes += truth.sentBytes;
            sum.receivedBytes += truth.receivedBytes;
        }
    }
    QTRY_COMPARE_WITH_TIMEOUT(helper.client().state(), MonitorClient::State::Live, 60000);
    QVERIFY(helper.settle());
    qInfo("killed %d times", killed);
    QMap<quint32, Truth> counted;
    for (const Flow &flow : helper.flows()) {
        const quint32 pid = helper.programs().value(flow.programId).pid;
        counted[pid].sentBytes += flow.txPayloadBytesTotal;
        counted[pid].receivedBytes += flow.rxPayloadBytesTotal;
    }
    for (auto truth = truths.cbegin(); truth != truths.cend(); ++truth) {
        QCOMPARE(counted.value(truth.key()).sentBytes, truth->sentBytes);
        QCOMPARE(counted.value(truth.key()).receivedBytes, truth->receivedBytes);
    }

    QString leftover;
    runToEnd(helpers.constFirst(), pin + QStringList{QStringLiteral("--detach-all")}, &leftover);
    QVERIFY(!leftover.isEmpty()); // while it runs, it is not to be undermined
}

void BalanceTest::killedHelperLosesNothing()
{
    // A BPF file system of the test's own.
    QTemporaryDir folder;
    QCOMPARE(mount("bpf", QFile::encodeName(folder.path()).constData(), "bpf", 0, nullptr), 0);
    const auto unmount = qScopeGuard([&] { umount(QFile::encodeName(folder.path()).constData()); });
    killDuringTraffic({QStringLiteral("--pin"), folder.filePath(QStringLiteral("nettally"))},
                      {QStringLiteral(NETTALLY_HELPER)}, 100);
}

void BalanceTest::upgradedHelperLosesNothing()
{
    QTemporaryDir folder;
    QCOMPARE(mount("bpf", QFile::encodeName(folder.path()).constData(), "bpf", 0, nullptr), 0);
    const auto unmount = qScopeGuard([&] { umount(QFile::encodeName(folder.path()).constData()); });
    // The same helper but for a byte of its kernel programs' file, one that the format leaves unused: a build
    // is told from another by that file, and so each attaches its own programs beside the other's.
    QFile original(QStringLiteral(NETTALLY_HELPER));
    QVERIFY(original.open(QIODevice::ReadOnly));
    QByteArray bytes = original.readAll();
    constexpr qsizetype unusedByte = 15; // the last of e_ident
    constexpr qsizetype machine = 18; // e_machine: EM_BPF is 247
    int changed = 0;
    for (qsizetype at = bytes.indexOf("\x7f"
                                      "ELF",
                                      1);
         at > 0; at = bytes.indexOf("\x7f"
                                    "ELF",
                                    at + 1)) {
        if (uchar(bytes.at(at + machine)) == 247) {
            bytes[at + unusedByte] = 1;
            ++changed;
        }
    }
    QCOMPARE(changed, 1);
    QTemporaryDir programs;
    QFile other(programs.filePath(QStringLiteral("nettally-helper")));
    QVERIFY(other.open(QIODevice::WriteOnly));
    QCOMPARE(other.write(bytes), bytes.size());
    other.close();
    QVERIFY(other.setPermissions(QFile::ReadOwner | QFile::ExeOwner | QFile::ReadOther | QFile::ExeOther));
    // Each is killed at no matter which moment, while it takes over too: the same one twice in turn.
    killDuringTraffic({QStringLiteral("--pin"), folder.filePath(QStringLiteral("nettally"))},
                      {other.fileName(), other.fileName(), original.fileName(), original.fileName()}, 20);
}

void BalanceTest::oneHelperAtATime()
{
    QTemporaryDir folder;
    QCOMPARE(mount("bpf", QFile::encodeName(folder.path()).constData(), "bpf", 0, nullptr), 0);
    const auto unmount = qScopeGuard([&] { umount(QFile::encodeName(folder.path()).constData()); });
    const QString path = folder.filePath(QStringLiteral("nettally"));
    const QStringList pin = {QStringLiteral("--pin"), path};
    QString problem;
    {
        LiveHelper helper(pin);
        problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        runToEnd(QStringLiteral(NETTALLY_HELPER), pin, &problem);
        QVERIFY2(problem.contains(QLatin1String("Another helper counts")), qPrintable(problem));
    }
    QVERIFY(QFileInfo::exists(path)); // it goes on counting
    runToEnd(QStringLiteral(NETTALLY_HELPER), pin + QStringList{QStringLiteral("--detach-all")}, &problem);
    QCOMPARE(problem, QString());
    QVERIFY(!QFileInfo::exists(path));
}

QTEST_GUILESS_MAIN(BalanceTest)
#include "tst_balance.moc"
