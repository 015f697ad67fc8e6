// SPDX-License-Identifier: MIT
#include "balances.h"
#include "netnssocket.h"
#include "testbed.h"

#include "testnetwork.h"
#include "testplan.h"
#include "trafficrun.h"

#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr qint64 headersV4 = 28; ///< IPv4 and UDP
constexpr int payloadBytes = 100;
constexpr quint16 port = 7000;

/// Sends one datagram from a socket of its own to each of @p count addresses from @p first on; how many left.
quint64 sendToMany(const QString &from, quint32 first, quint32 count)
{
    quint64 sent = 0;
    runInNamespace(from, [&] {
        const QByteArray bytes(payloadBytes, 'x');
        for (quint32 i = 0; i < count; ++i) {
            const OwnedSocket one(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            sockaddr_in to = addressV4("0.0.0.0", port);
            to.sin_addr.s_addr = htonl(first + i);
            if (::connect(one.fd(), reinterpret_cast<const sockaddr *>(&to), sizeof to) == 0)
                sent += ::send(one.fd(), bytes.constData(), size_t(bytes.size()), 0) == bytes.size();
        }
    });
    return sent;
}

/// Sends to 127.0.0.1 from one connected socket until told to end, at a pace at which it has no pause that
/// passes for idleness; how many datagrams left.
quint64 sendSteadily(const QString &from, const std::atomic<bool> &isOver)
{
    quint64 sent = 0;
    runInNamespace(from, [&] {
        const QByteArray bytes(payloadBytes, 'x');
        const OwnedSocket one(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        const sockaddr_in to = addressV4("127.0.0.1", port);
        if (::connect(one.fd(), reinterpret_cast<const sockaddr *>(&to), sizeof to) != 0)
            return;
        while (!isOver) {
            sent += ::send(one.fd(), bytes.constData(), size_t(bytes.size()), 0) == bytes.size();
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
    });
    return sent;
}

struct Sums {
    quint64 txPayloadBytes = 0;
    quint64 txNetworkBytes = 0;
};

/// Of all flows of this process, and of what found no place: packets all on the loopback interface, whose
/// number is 1 (LOOPBACK_IFINDEX). What the kernel says on others as it makes them, such as multicast
/// reports, may find no place either.
Sums sumsOf(const LiveHelper &helper)
{
    Sums sums;
    for (const Flow &flow : helper.flows()) {
        const Program program = helper.programs().value(flow.programId);
        if (program.pid != quint32(getpid()) && program.kind != ProgramKind::Overflow)
            continue;
        sums.txPayloadBytes += flow.txPayloadBytesTotal;
        if (flow.interfaceIndex == 1)
            sums.txNetworkBytes += flow.txNetworkBytesTotal;
    }
    return sums;
}

} // namespace

/// Tables that are too small: what finds no place is counted as one, places are used again, and no byte is
/// lost or counted twice over it.
class BalanceTablesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void fullTableLosesNothing();
    void recycledRowsLoseNothing();
    void idleSocketGoesOnElsewhere();
    void recycledProgramsAreOthers();

private:
    QString usage(LiveHelper &helper, const char *name, quint64 *value);

    std::unique_ptr<TestNetwork> m_network;
};

void BalanceTablesTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceTablesTest::init()
{
    m_network = std::make_unique<TestNetwork>();
    const QString problem = m_network->create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

QString BalanceTablesTest::usage(LiveHelper &helper, const char *name, quint64 *value)
{
    QSignalSpy answers(&helper.client(), &MonitorClient::statusReceived);
    helper.client().requestStatus();
    if (!answers.wait(20000))
        return QStringLiteral("no answer");
    *value = answers.constFirst().constFirst().value<HelperStatus>().usage.value(QLatin1String(name));
    return {};
}

void BalanceTablesTest::fullTableLosesNothing()
{
    // 127.0.0.0/8 is this machine's own: two hundred thousand peers without one of them.
    constexpr quint32 peers = 200'000;
    LiveHelper helper({QStringLiteral("--max-flows"), QStringLiteral("1000"), QStringLiteral("--idle-flows"),
                       QStringLiteral("3600000")});
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);
    // A closed port would answer each, so somebody listens.
    const OwnedSocket sink = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    const sockaddr_in any = addressV4("0.0.0.0", port);
    QCOMPARE(::bind(sink.fd(), reinterpret_cast<const sockaddr *>(&any), sizeof any), 0);

    const InterfaceBalance before = balanceNow(helper, "lo");
    const quint64 sent = sendToMany(m_network->clientPath(), 0x7f000002u, peers);
    QCOMPARE(sent, quint64(peers));
    QVERIFY(helper.settle());
    const InterfaceBalance after = balanceNow(helper, "lo");
    const QString books = textOf(before) + u'\n' + textOf(after);

    const Sums sums = sumsOf(helper);
    QCOMPARE(sums.txPayloadBytes, sent * payloadBytes);
    const auto expected = qint64(sent * (payloadBytes + headersV4));
    const auto grown = [&](const char *name, qint64 BalanceLine::*direction) {
        return lineOf(after, name, direction) - lineOf(before, name, direction);
    };
    QVERIFY2(grown("spilled", &BalanceLine::txBytes) > expected * 9 / 10, qPrintable(books));
    QVERIFY2(grown("programs", &BalanceLine::txBytes) + grown("spilled", &BalanceLine::txBytes) == expected,
             qPrintable(books));
    // What this machine sends to itself it receives; what does not fit the receiver's buffer was not seen.
    QVERIFY2(grown("unseen", &BalanceLine::txBytes) == 0, qPrintable(books));
    QCOMPARE(qint64(after.txBytes - before.txBytes), expected);
    QVERIFY2(grown("unseen", &BalanceLine::rxBytes) >= 0, qPrintable(books));
}

void BalanceTablesTest::recycledRowsLoseNothing()
{
    constexpr quint32 rounds = 6;
    constexpr quint32 peersOfRound = 300;
    constexpr int flows = 500;
    LiveHelper helper({QStringLiteral("--max-flows"), QString::number(flows), QStringLiteral("--idle-flows"),
                       QStringLiteral("10")});
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);
    const OwnedSocket sink = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    const sockaddr_in any = addressV4("0.0.0.0", port);
    QCOMPARE(::bind(sink.fd(), reinterpret_cast<const sockaddr *>(&any), sizeof any), 0);
    const InterfaceBalance before = balanceNow(helper, "lo");

    // One connection that is busy all the while, whose row must never be taken from it.
    std::atomic<bool> isOver = false;
    std::atomic<quint64> steady = 0;
    std::thread busy([&] { steady = sendSteadily(m_network->clientPath(), isOver); });
    const auto join = qScopeGuard([&] {
        isOver = true;
        if (busy.joinable())
            busy.join();
    });

    quint64 sent = 0;
    quint64 most = 0;
    for (quint32 round = 0; round < rounds; ++round) {
        sent += sendToMany(m_network->clientPath(), 0x7f010000u + round * peersOfRound, peersOfRound);
        // Until there is room for the next: the helper reads ten times a second for this client.
        quint64 used = flows;
        QElapsedTimer time;
        time.start();
        while (used > flows / 2 && time.elapsed() < 20000) {
            const QString failure = usage(helper, "rowsUsed", &used);
            QVERIFY2(failure.isEmpty(), qPrintable(failure));
            most = qMax(most, used);
            QTest::qWait(50);
            if (round + 1 == rounds || used + peersOfRound < flows)
                break;
        }
    }
    isOver = true;
    busy.join();
    QCOMPARE(sent, quint64(rounds * peersOfRound));
    QVERIFY(helper.settle());
    const InterfaceBalance after = balanceNow(helper, "lo");
    const QString books = textOf(before) + u'\n' + textOf(after);
    const Sums sums = sumsOf(helper);
    const quint64 packets = sent + steady;
    QCOMPARE(sums.txPayloadBytes, packets * payloadBytes);
    QCOMPARE(sums.txNetworkBytes, packets * (payloadBytes + quint64(headersV4)));
    const auto grown = [&](const char *name, qint64 BalanceLine::*direction) {
        return lineOf(after, name, direction) - lineOf(before, name, direction);
    };
    QCOMPARE(qint64(after.txBytes - before.txBytes), qint64(packets) * (payloadBytes + headersV4));
    QVERIFY2(grown("unseen", &BalanceLine::txBytes) == 0, qPrintable(books));
    // Several times as many flows as there are rows: they were used again, or nearly all were spilled.
    QVERIFY2(grown("spilled", &BalanceLine::txBytes) < grown("programs", &BalanceLine::txBytes) / 2,
             qPrintable(books));
}

void BalanceTablesTest::idleSocketGoesOnElsewhere()
{
    constexpr int flows = 100;
    LiveHelper helper({QStringLiteral("--max-flows"), QString::number(flows), QStringLiteral("--idle-flows"),
                       QStringLiteral("0")});
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);
    const OwnedSocket sink = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    const sockaddr_in any = addressV4("0.0.0.0", port);
    QCOMPARE(::bind(sink.fd(), reinterpret_cast<const sockaddr *>(&any), sizeof any), 0);
    // Not connected: its rows are of its peers, which count as idle though the socket is open.
    const OwnedSocket socket = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    const QByteArray bytes(payloadBytes, 'x');
    const sockaddr_in peer = addressV4("127.9.9.9", port);
    quint64 sent = 0;
    const auto send = [&] {
        sent += ::sendto(socket.fd(), bytes.constData(), size_t(bytes.size()), 0,
                         reinterpret_cast<const sockaddr *>(&peer), sizeof peer)
            == bytes.size();
    };
    send();
    QVERIFY(helper.settle());
    sent += sendToMany(m_network->clientPath(), 0x7f020000u, flows * 95 / 100);
    // Taken from the socket, for nearly all rows are in use, and it was silent.
    quint64 used = flows;
    QTRY_VERIFY_WITH_TIMEOUT(usage(helper, "rowsUsed", &used).isEmpty() && used < flows / 2, 30000);
    sent += sendToMany(m_network->clientPath(), 0x7f030000u, flows * 3 / 4);
    for (int i = 0; i < 10; ++i)
        send();
    QVERIFY(helper.settle());
    const Sums sums = sumsOf(helper);
    QCOMPARE(sums.txPayloadBytes, sent * payloadBytes);
    QCOMPARE(sums.txNetworkBytes, sent * (payloadBytes + quint64(headersV4)));
    // All that went to that peer still stands by its name, before and after.
    quint64 toPeer = 0;
    for (const Flow &flow : helper.flows()) {
        if (helper.remotes().value(flow.remoteId).address.toString() == QLatin1String("127.9.9.9"))
            toPeer += flow.txNetworkBytesTotal;
    }
    QCOMPARE(toPeer, 11 * (payloadBytes + quint64(headersV4)));
}

void BalanceTablesTest::recycledProgramsAreOthers()
{
    constexpr int programs = 40;
    constexpr int rounds = 4;
    constexpr int programsOfRound = 15;
    LiveHelper helper({QStringLiteral("--max-flows"), QStringLiteral("100"), QStringLiteral("--max-programs"),
                       QString::number(programs), QStringLiteral("--idle-flows"), QStringLiteral("0")});
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);
    const OwnedSocket sink = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    const sockaddr_in any = addressV4("0.0.0.0", port);
    QCOMPARE(::bind(sink.fd(), reinterpret_cast<const sockaddr *>(&any), sizeof any), 0);

    QHash<quint32, quint64> truth; // bytes by pid
    for (int round = 0; round < rounds; ++round) {
        for (int i = 0; i < programsOfRound; ++i) {
            const int bytes = 10 + round * programsOfRound + i;
            const pid_t pid = fork();
            QVERIFY(pid >= 0);
            if (pid == 0) {
                const QByteArray text(bytes, 'x');
                const sockaddr_in to = addressV4("127.0.0.1", port);
                const OwnedSocket own = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
                _exit(::sendto(own.fd(), text.constData(), size_t(text.size()), 0,
                               reinterpret_cast<const sockaddr *>(&to), sizeof to)
                              == text.size()
                          ? 0
                          : 1);
            }
            int status = 1;
            QCOMPARE(waitpid(pid, &status, 0), pid);
            QCOMPARE(status, 0);
            truth.insert(quint32(pid), quint64(bytes));
        }
        // As long as their rows name them they stay; then both are there for others.
        quint64 used = programs;
        QTRY_VERIFY_WITH_TIMEOUT(
            round + 1 == rounds || (usage(helper, "programsUsed", &used).isEmpty() && used < programs / 2),
            30000);
    }
    QVERIFY(helper.settle());
    QHash<quint32, quint64> counted;
    for (const Flow &flow : helper.flows()) {
        const quint32 pid = helper.programs().value(flow.programId).pid;
        if (truth.contains(pid))
            counted[pid] += flow.txPayloadBytesTotal;
    }
    QCOMPARE(counted, truth);
}

QTEST_GUILESS_MAIN(BalanceTablesTest)
#include "tst_balancetables.moc"
