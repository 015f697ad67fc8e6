// SPDX-License-Identifier: MIT
#include "balances.h"
#include "netnssocket.h"
#include "testbed.h"
#include "tuncable.h"

#include "testnetwork.h"
#include "testplan.h"
#include "trafficrun.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr int scenarioLimitMs = 60'000;
/// What the traffic takes on two idle cores; on a busy machine the next audit is longer, up to the longest.
constexpr quint32 firstAuditSeconds = 15;
constexpr quint32 longestAuditSeconds = 60;
constexpr int attempts = 5;

/// Two hundred programs and more, most of them for a few milliseconds.
constexpr std::array mixedTraffic{
    "tcp-bulk",    "tcp-small",    "tcp-half-close", "tcp-reset", "tcp-connections", "sendfile", "udp",
    "udp-batches", "udp-segments", "icmp-echo",      "raw",       "threads",         "fork",     "handover",
    "prefork",     "short-lived",  "burst"};

/// Ends TCP's segmentation in the card, and putting together what it received. UDP's stays: the interface
/// counts the segments of the one, and packets of the other.
bool endOffloads(const QString &networkNamespace, const char *interface)
{
    bool isSet = true;
    runInNamespace(networkNamespace, [&] {
        const OwnedSocket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        for (const __u32 command : {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO}) {
            ethtool_value value = {};
            value.cmd = command;
            ifreq request = {};
            qstrncpy(request.ifr_name, interface, IFNAMSIZ);
            request.ifr_data = reinterpret_cast<char *>(&value);
            isSet = ioctl(socket.fd(), SIOCETHTOOL, &request) == 0 && isSet;
        }
    });
    return isSet;
}

} // namespace

/// Every byte at an interface has a name: programs and named remainder are the interface's own counter.
class BalanceClosureTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void auditNamesEveryByte_data();
    void auditNamesEveryByte();

private:
    struct Road {
        QString server;
        QString client;
        const char *interface;
        const char *serverV4;
        const char *serverV6;
    };

    /// The audit's books of the road's interface; with @p isOver set if all of the traffic was within it.
    InterfaceBalance audit(LiveHelper &helper, const Road &road, quint32 seconds, bool *isWithin,
                           quint64 *payload);
    quint64 skippedEvents(LiveHelper &helper);
};

void BalanceClosureTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceClosureTest::auditNamesEveryByte_data()
{
    QTest::addColumn<QString>("road");
    QTest::addColumn<bool>("offloads");
    QTest::newRow("cable") << QStringLiteral("cable") << true;
    QTest::newRow("cable without offloads") << QStringLiteral("cable") << false;
    QTest::newRow("loopback") << QStringLiteral("loopback") << true;
    QTest::newRow("tunnel device") << QStringLiteral("tunnel") << true;
}

quint64 BalanceClosureTest::skippedEvents(LiveHelper &helper)
{
    QSignalSpy answers(&helper.client(), &MonitorClient::statusReceived);
    helper.client().requestStatus();
    if (!answers.wait(20000)) {
        QTest::qFail("no answer", __FILE__, __LINE__);
        return 0;
    }
    return answers.constFirst().constFirst().value<HelperStatus>().losses.value(
        QStringLiteral("skippedEvents"));
}

void BalanceClosureTest::auditNamesEveryByte()
{
    QFETCH(QString, road);
    QFETCH(bool, offloads);
    TestNetwork network;
    QString problem = network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    Road way{network.serverPath(), network.clientPath(), TestPlan::clientInterface, TestPlan::serverV4,
             TestPlan::serverV6};
    TunCable tunnel;
    if (road == QLatin1String("tunnel")) {
        problem = tunnel.create(network);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        way = {way.server, way.client, TunCable::interface, TunCable::serverV4, TunCable::serverV6};
    } else if (road == QLatin1String("loopback")) {
        way = {way.client, way.client, "lo", "127.0.0.1", "::1"};
    } else if (!offloads) {
        QVERIFY(endOffloads(way.client, TestPlan::clientInterface));
        QVERIFY(endOffloads(way.server, TestPlan::serverInterface));
    }
    LiveHelper helper;
    problem = helper.start(QStringLiteral(NETTALLY_HELPER), network.clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);

    quint32 seconds = firstAuditSeconds;
    QString books;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const quint64 skippedBefore = skippedEvents(helper);
        bool isWithin = false;
        quint64 payload = 0;
        const InterfaceBalance balance = audit(helper, way, seconds, &isWithin, &payload);
        if (QTest::currentTestFailed())
            return;
        if (!isWithin) {
            seconds = qMin(2 * seconds, longestAuditSeconds);
            continue;
        }
        books = textOf(balance);
        qint64 rxSum = 0;
        qint64 txSum = 0;
        bool isExact = true;
        for (const BalanceLine &line : balance.lines) {
            rxSum += line.rxBytes;
            txSum += line.txBytes;
            isExact =
                isExact && line.name != QLatin1String("unnamed") && line.rxBytes >= 0 && line.txBytes >= 0;
        }
        QCOMPARE(rxSum, qint64(balance.rxBytes));
        QCOMPARE(txSum, qint64(balance.txBytes));
        // Most of what was received in all crossed this interface one way or the other.
        QVERIFY2(balance.rxBytes + balance.txBytes > payload, qPrintable(books));
        if (isExact)
            return;
        // Now and then, on a busy machine, one frame or a few pass the interfaces' tracepoint uncounted,
        // though the kernel names no run that it skipped: why is not known. The next audit must be whole.
        qInfo("%llu runs skipped; %s", skippedEvents(helper) - skippedBefore, qPrintable(books));
    }
    QFAIL(qPrintable(QStringLiteral("No audit named every byte, or the machine is too busy.\n") + books));
}

InterfaceBalance BalanceClosureTest::audit(LiveHelper &helper, const Road &road, quint32 seconds,
                                           bool *isWithin, quint64 *payload)
{
    QSignalSpy audited(&helper.client(), &MonitorClient::auditReceived);
    QSignalSpy refused(&helper.client(), &MonitorClient::auditFailed);
    helper.client().requestAudit(seconds);
    // The answer to the next call comes after the audit began.
    QSignalSpy began(&helper.client(), &MonitorClient::balanceReceived);
    helper.client().requestBalance();
    if (!began.wait(20000) || !refused.isEmpty()) {
        QTest::qFail("the audit did not begin", __FILE__, __LINE__);
        return {};
    }
    for (const bool isV6 : {false, true}) {
        for (const char *scenario : mixedTraffic) {
            QString problem;
            const QByteArray told = runToEnd(QStringLiteral(NETTALLY_TRAFFIC),
                                             {QLatin1String(scenario), road.server, road.client,
                                              QLatin1String(isV6 ? road.serverV6 : road.serverV4),
                                              QString::number(TestPlan::port)},
                                             &problem, scenarioLimitMs);
            if (!problem.isEmpty()) {
                QTest::qFail(qPrintable(problem), __FILE__, __LINE__);
                return {};
            }
            // "program ROLE PID SENT RECEIVED"
            for (const QByteArray &line : told.split('\n')) {
                const QList<QByteArray> words = line.split(' ');
                if (words.size() >= 5 && words.at(0) == "program")
                    *payload += words.at(4).toULongLong();
            }
        }
    }
    QCoreApplication::processEvents();
    *isWithin = audited.isEmpty();
    if (audited.isEmpty() && !audited.wait(int(seconds + 20) * 1000)) {
        QTest::qFail("the audit does not end", __FILE__, __LINE__);
        return {};
    }
    return balanceOf(audited.constFirst().constFirst().value<QList<InterfaceBalance>>(), road.interface);
}

QTEST_GUILESS_MAIN(BalanceClosureTest)
#include "tst_balanceclosure.moc"
