// SPDX-License-Identifier: MIT
#include "historycatchup.h"
#include "testbed.h"
#include "testnetwork.h"
#include "trafficrun.h"

#include <QDateTime>
#include <QProcess>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <sys/mount.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr int scenarioLimitMs = 60'000;

/// The app as people start it, without a display.
class AppProcess {
public:
    AppProcess(const QString &database, const QString &busAddress)
    {
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("DBUS_SYSTEM_BUS_ADDRESS"), busAddress);
        environment.insert(QStringLiteral("DBUS_SESSION_BUS_ADDRESS"), QStringLiteral("unix:path=/nowhere"));
        environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
        environment.insert(QStringLiteral("HOME"), m_home.path());
        for (const char *folder : {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"})
            environment.insert(QLatin1String(folder), m_home.path());
        m_process.setProcessEnvironment(environment);
        m_process.setProgram(QStringLiteral(NETTALLY));
        m_process.setArguments({QStringLiteral("--database"), database});
        m_process.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    }
    ~AppProcess() { kill(); }

    bool start()
    {
        m_process.start();
        return m_process.waitForStarted();
    }
    bool isRunning() const { return m_process.state() == QProcess::Running; }
    void kill()
    {
        m_process.kill();
        m_process.waitForFinished();
    }

private:
    QTemporaryDir m_home;
    QProcess m_process;
};

/// The history's half of the app: what takes in the journal, and answers.
class History {
public:
    History(const QString &database, MonitorClient &client)
        : m_store(database)
        , m_catchUp(client, m_store)
    {
        m_store.start();
    }

    /// All payload that programs of this executable moved.
    TrafficSums sumsOf(const QString &executable)
    {
        HistoryQuery query;
        query.fromUtcS = QDateTime::currentSecsSinceEpoch() - 86400;
        query.toUtcS = QDateTime::currentSecsSinceEpoch() + 86400;
        query.program = executable;
        std::optional<HistoryAnswer> answer;
        m_store.query(query, [&](const HistoryAnswer &given) { answer = given; });
        if (!QTest::qWaitFor([&] { return answer.has_value(); }, 30000))
            QTest::qFail("the history does not answer", __FILE__, __LINE__);
        return answer ? answer->total.sums : TrafficSums();
    }

    HistoryVerdict verify()
    {
        std::optional<HistoryVerdict> verdict;
        m_store.verify([&](const HistoryVerdict &given) { verdict = given; });
        if (!QTest::qWaitFor([&] { return verdict.has_value(); }, 60000))
            QTest::qFail("the history cannot be checked", __FILE__, __LINE__);
        return verdict.value_or(HistoryVerdict());
    }

private:
    HistoryStore m_store;
    HistoryCatchUp m_catchUp;
};

} // namespace

/// From the kernel's counters to the app's history, while helper and app are killed at any moment.
class JournalKillsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void everyByteIsInTheHistoryOnce();
};

void JournalKillsTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void JournalKillsTest::everyByteIsInTheHistoryOnce()
{
    TestNetwork network;
    QString problem = network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTemporaryDir folder;
    QCOMPARE(mount("bpf", QFile::encodeName(folder.path()).constData(), "bpf", 0, nullptr), 0);
    const auto unmount = qScopeGuard([&] { umount(QFile::encodeName(folder.path()).constData()); });
    QTemporaryDir data;
    const QStringList pin = {QStringLiteral("--pin"), folder.filePath(QStringLiteral("nettally"))};
    LiveHelper helper(pin
                      + QStringList{QStringLiteral("--journal"), data.filePath(QStringLiteral("journal"))});
    const QString database = data.filePath(QStringLiteral("history.db"));
    problem = helper.start(QStringLiteral(NETTALLY_HELPER), network.clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    AppProcess app(database, helper.address());
    QVERIFY(app.start());

    // All by one executable, whose path is this build's alone.
    static constexpr std::array scenarios{"tcp-bulk", "tcp-connections", "udp", "threads", "prefork"};
    const quint32 seed = QRandomGenerator::global()->generate();
    QRandomGenerator dice(seed);
    qInfo("seed %u", seed);
    quint64 sent = 0;
    quint64 received = 0;
    int kills = 0;
    int appKills = 0;
    for (size_t i = 0; kills < 100; ++i) {
        TrafficRun run(QStringLiteral(NETTALLY_TRAFFIC));
        QSignalSpy finished(&run, &TrafficRun::finished);
        run.start(network, QLatin1String(scenarios[i % scenarios.size()]), IpFamily::V4, scenarioLimitMs);
        do {
            const QString failure = helper.killAndStartAgain();
            QVERIFY2(failure.isEmpty(), qPrintable(failure));
            ++kills;
            // At no matter which moment of its start, or of a seal, the next one comes; now and then the app
            // reads meanwhile.
            QTest::qWait(10 + int(dice.bounded(kills % 10 == 0 ? 5000u : 600u)));
            // As it starts, or as it stores what the helper sealed at its own start.
            if (kills % 2 == 0) {
                QVERIFY(app.isRunning());
                app.kill();
                ++appKills;
                QVERIFY(app.start());
            }
        } while (finished.isEmpty());
        QCOMPARE(run.outcome(), TrafficRun::Outcome::Made);
        for (const Truth &truth : run.traffic().truths) {
            sent += truth.sentBytes;
            received += truth.receivedBytes;
        }
    }
    qInfo("helper killed %d times, app %d times, %llu bytes received", kills, appKills, received);
    QVERIFY(app.isRunning());
    app.kill();
    History history(database, helper.client());
    // The next start has what is left in its first seal.
    for (int again = 0; again < 2; ++again) {
        problem = helper.killAndStartAgain();
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QTRY_COMPARE_WITH_TIMEOUT(helper.client().state(), MonitorClient::State::Live, 60000);
        QVERIFY(helper.settle());
        const auto isAllThere = [&] {
            const TrafficSums sums = history.sumsOf(QStringLiteral(NETTALLY_TRAFFIC));
            return sums.rxPayloadBytes >= received && sums.txPayloadBytes >= sent;
        };
        QVERIFY(QTest::qWaitFor(isAllThere, 90000));
        const TrafficSums sums = history.sumsOf(QStringLiteral(NETTALLY_TRAFFIC));
        QCOMPARE(sums.rxPayloadBytes, received);
        QCOMPARE(sums.txPayloadBytes, sent);
    }
    const HistoryVerdict verdict = history.verify();
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    QVERIFY(verdict.balancedMinutes > 0);
    runToEnd(QStringLiteral(NETTALLY_HELPER), pin + QStringList{QStringLiteral("--detach-all")}, &problem);
}

QTEST_GUILESS_MAIN(JournalKillsTest)
#include "tst_journalkills.moc"
