// SPDX-License-Identifier: MIT
#include "balances.h"
#include "netnssocket.h"
#include "testbed.h"

#include "testnetwork.h"
#include "testplan.h"

#include <QSignalSpy>
#include <QTest>

#include <arpa/inet.h>
#include <cstring>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr quint16 groupPort = 5353;
constexpr char groupV4[] = "224.0.0.251";
constexpr char groupV6[] = "ff02::fb";
constexpr char broadcast[] = "10.88.0.255";
constexpr int repetitions = 20;
constexpr quint32 auditSeconds = 8;
constexpr qint64 headersV4 = 28; ///< IPv4 and UDP, or IPv4 and ICMP
constexpr qint64 headersV6 = 48;

template <typename Address>
bool bindTo(const OwnedSocket &socket, const Address &address)
{
    const int on = 1;
    return setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
        && setsockopt(socket.fd(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on) == 0
        && bind(socket.fd(), reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
}

template <typename Address>
bool sendTo(const OwnedSocket &socket, const QByteArray &bytes, const Address &address)
{
    return sendto(socket.fd(), bytes.constData(), size_t(bytes.size()), 0,
                  reinterpret_cast<const sockaddr *>(&address), sizeof address)
        == bytes.size();
}

/// How many datagrams wait in a socket.
int countWaiting(const OwnedSocket &socket)
{
    int count = 0;
    char bytes[2048];
    while (recv(socket.fd(), bytes, sizeof bytes, MSG_DONTWAIT) >= 0)
        ++count;
    return count;
}

QByteArray ipv4Packet(quint32 source, const char *to, quint8 protocol, const QByteArray &content)
{
    iphdr header = {};
    header.version = 4;
    header.ihl = 5;
    header.ttl = 64;
    header.protocol = protocol;
    header.saddr = htonl(source);
    header.daddr = addressV4(to).sin_addr.s_addr;
    return QByteArray(reinterpret_cast<const char *>(&header), sizeof header) + content;
}

QByteArray datagram(quint16 from, quint16 port, qsizetype payload)
{
    udphdr header = {};
    header.source = htons(from);
    header.dest = htons(port);
    header.len = htons(quint16(payload + qsizetype(sizeof header)));
    return QByteArray(reinterpret_cast<const char *>(&header), sizeof header) + QByteArray(payload, 'x');
}

QByteArray opening(quint32 source, const char *to, quint16 port)
{
    struct {
        quint32 source;
        quint32 to;
        quint16 protocol;
        quint16 length;
        tcphdr header;
    } segment = {};
    segment.source = htonl(source);
    segment.to = addressV4(to).sin_addr.s_addr;
    segment.protocol = htons(IPPROTO_TCP);
    segment.length = htons(sizeof(tcphdr));
    segment.header.source = htons(40000);
    segment.header.dest = htons(port);
    segment.header.doff = 5;
    segment.header.syn = 1;
    segment.header.window = htons(1000);
    segment.header.check = internetChecksum(&segment, sizeof segment);
    return QByteArray(reinterpret_cast<const char *>(&segment.header), sizeof segment.header);
}

} // namespace

/// Sockets that share a packet, and packets that share a socket: each byte is booked at an interface as often
/// as the interface counted it.
class BalanceSocketsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void packetsOfSeveralSocketsCountOnce();
    void kernelsOwnSocketsBelongToTheNamespaceTheyServe();
    void strangersHaveNoRowsOfTheirOwn();

private:
    quint64 rowsUsed(LiveHelper &helper);

    std::unique_ptr<TestNetwork> m_network;
};

void BalanceSocketsTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceSocketsTest::init()
{
    m_network = std::make_unique<TestNetwork>();
    const QString problem = m_network->create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

quint64 BalanceSocketsTest::rowsUsed(LiveHelper &helper)
{
    QSignalSpy answers(&helper.client(), &MonitorClient::statusReceived);
    helper.client().requestStatus();
    if (!answers.wait(20000))
        return 0;
    return answers.constFirst().constFirst().value<HelperStatus>().usage.value(QStringLiteral("rowsUsed"));
}

void BalanceSocketsTest::packetsOfSeveralSocketsCountOnce()
{
    LiveHelper helper;
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);

    const QString client = m_network->clientPath();
    const QString server = m_network->serverPath();
    unsigned clientIndex = 0;
    unsigned serverIndex = 0;
    QVERIFY(runInNamespace(client, [&] { clientIndex = if_nametoindex(TestPlan::clientInterface); }));
    QVERIFY(runInNamespace(server, [&] { serverIndex = if_nametoindex(TestPlan::serverInterface); }));

    // Three programs that answer to one name, as on any desktop.
    std::array<OwnedSocket, 3> membersV4;
    std::array<OwnedSocket, 3> membersV6;
    for (size_t i = 0; i < membersV4.size(); ++i) {
        membersV4[i] = makeSocket(client, AF_INET, SOCK_DGRAM);
        QVERIFY(bindTo(membersV4[i], addressV4("0.0.0.0", groupPort)));
        ip_mreqn join = {};
        join.imr_multiaddr = addressV4(groupV4).sin_addr;
        join.imr_ifindex = int(clientIndex);
        QCOMPARE(setsockopt(membersV4[i].fd(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join), 0);
        QCOMPARE(setsockopt(membersV4[i].fd(), IPPROTO_IP, IP_MULTICAST_IF, &join, sizeof join), 0);
        membersV6[i] = makeSocket(client, AF_INET6, SOCK_DGRAM);
        const int on = 1;
        QCOMPARE(setsockopt(membersV6[i].fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on), 0);
        QVERIFY(bindTo(membersV6[i], addressV6("::", groupPort, 0)));
        ipv6_mreq join6 = {};
        join6.ipv6mr_multiaddr = addressV6(groupV6, 0, 0).sin6_addr;
        join6.ipv6mr_interface = clientIndex;
        QCOMPARE(setsockopt(membersV6[i].fd(), IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &join6, sizeof join6), 0);
    }
    const std::array<OwnedSocket, 2> raw = {makeSocket(client, AF_INET, SOCK_RAW, IPPROTO_ICMP),
                                            makeSocket(client, AF_INET, SOCK_RAW, IPPROTO_ICMP)};
    // Has a copy of each datagram that another socket receives.
    const OwnedSocket rawUdp = makeSocket(client, AF_INET, SOCK_RAW, IPPROTO_UDP);
    const OwnedSocket sender4 = makeSocket(server, AF_INET, SOCK_DGRAM);
    const OwnedSocket sender6 = makeSocket(server, AF_INET6, SOCK_DGRAM);
    const OwnedSocket pinger = makeSocket(server, AF_INET, SOCK_RAW, IPPROTO_ICMP);
    QVERIFY(bindTo(sender4, addressV4(TestPlan::serverV4, groupPort)));
    ip_mreqn outgoing = {};
    outgoing.imr_ifindex = int(serverIndex);
    QCOMPARE(setsockopt(sender4.fd(), IPPROTO_IP, IP_MULTICAST_IF, &outgoing, sizeof outgoing), 0);

    QSignalSpy audited(&helper.client(), &MonitorClient::auditReceived);
    QSignalSpy refused(&helper.client(), &MonitorClient::auditFailed);
    helper.client().requestAudit(auditSeconds);
    QSignalSpy began(&helper.client(), &MonitorClient::balanceReceived);
    helper.client().requestBalance(); // its answer comes after the audit began
    QVERIFY(began.wait(20000));
    QVERIFY2(refused.isEmpty(), qPrintable(refused.value(0).value(0).toString()));

    icmphdr echo = {};
    echo.type = ICMP_ECHO;
    echo.checksum = internetChecksum(&echo, sizeof echo);
    const QByteArray ping(reinterpret_cast<const char *>(&echo), sizeof echo);
    qint64 rxExpected = 0;
    qint64 txExpected = 0;
    for (int i = 0; i < repetitions; ++i) {
        // All of one length, so that the next packet may lie where the last one did.
        const QByteArray bytes(100, char('a' + i));
        QVERIFY(sendTo(sender4, bytes, addressV4(groupV4, groupPort)));
        QVERIFY(sendTo(sender6, bytes, addressV6(groupV6, groupPort, serverIndex)));
        QVERIFY(sendTo(sender4, bytes, addressV4(broadcast, groupPort)));
        QVERIFY(sendTo(pinger, ping, addressV4(TestPlan::clientV4)));
        rxExpected += 2 * (headersV4 + 100) + headersV6 + 100 + headersV4;
        QVERIFY(sendTo(membersV4[0], bytes, addressV4(groupV4, groupPort)));
        QVERIFY(sendTo(membersV6[0], bytes, addressV6(groupV6, groupPort, clientIndex)));
        QVERIFY(sendTo(membersV4[1], bytes, addressV4(broadcast, groupPort)));
        txExpected += 2 * (headersV4 + 100) + headersV6 + 100;
    }
    QVERIFY(audited.isEmpty());
    QVERIFY(audited.wait((int(auditSeconds) + 20) * 1000));

    // Everybody had everything, what this side sent to the group too.
    for (const OwnedSocket &member : membersV4)
        QCOMPARE(countWaiting(member), 4 * repetitions);
    for (const OwnedSocket &member : membersV6)
        QCOMPARE(countWaiting(member), 2 * repetitions);
    for (const OwnedSocket &one : raw)
        QVERIFY(countWaiting(one) >= repetitions);
    QVERIFY(countWaiting(rawUdp) >= 2 * repetitions);

    const InterfaceBalance cable = balanceOf(
        audited.constFirst().constFirst().value<QList<InterfaceBalance>>(), TestPlan::clientInterface);
    const QString books = textOf(cable);
    QCOMPARE(lineOf(cable, "programs", &BalanceLine::rxBytes), rxExpected);
    QCOMPARE(lineOf(cable, "programs", &BalanceLine::txBytes), txExpected);
    for (const BalanceLine &line : cable.lines) {
        QVERIFY2(line.name != QLatin1String("unnamed"), qPrintable(books));
        QVERIFY2(line.rxBytes >= 0 && line.txBytes >= 0, qPrintable(books));
    }
}

void BalanceSocketsTest::kernelsOwnSocketsBelongToTheNamespaceTheyServe()
{
    LiveHelper helper;
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);
    const InterfaceBalance before = balanceNow(helper, TestPlan::clientInterface);

    // The kernel resets with one socket a processor, for all namespaces: let all be used for the other first.
    constexpr quint16 closedPort = 9;
    constexpr qint64 resetBytes = 40;
    int resets = 0;
    const auto knock = [&](const QString &from, const char *to) {
        runInNamespace(from, [&] {
            for (int processor = 0; processor < int(std::thread::hardware_concurrency()); ++processor) {
                cpu_set_t one;
                CPU_ZERO(&one);
                CPU_SET(unsigned(processor), &one);
                sched_setaffinity(0, sizeof one, &one);
                for (int i = 0; i < repetitions; ++i) {
                    const OwnedSocket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
                    const sockaddr_in address = addressV4(to, closedPort);
                    const int result =
                        ::connect(socket.fd(), reinterpret_cast<const sockaddr *>(&address), sizeof address);
                    resets += result != 0 && errno == ECONNREFUSED;
                }
            }
        });
    };
    knock(m_network->clientPath(), TestPlan::serverV4);
    resets = 0;
    knock(m_network->serverPath(), TestPlan::clientV4);
    QVERIFY(resets >= repetitions);
    const InterfaceBalance after = balanceNow(helper, TestPlan::clientInterface);
    const QString books = textOf(before) + u'\n' + textOf(after);
    QVERIFY2(lineOf(after, "kernel-tcp", &BalanceLine::txBytes)
                     - lineOf(before, "kernel-tcp", &BalanceLine::txBytes)
                 == resets * resetBytes,
             qPrintable(books));
}

void BalanceSocketsTest::strangersHaveNoRowsOfTheirOwn()
{
    constexpr int flows = 4000;
    constexpr quint32 strangers = 3000;
    LiveHelper helper({QStringLiteral("--max-flows"), QString::number(flows)});
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), m_network->clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QTRY_COMPARE(helper.client().state(), MonitorClient::State::Live);

    const OwnedSocket listener = makeSocket(m_network->clientPath(), AF_INET, SOCK_STREAM);
    QVERIFY(bindTo(listener, addressV4("0.0.0.0", 8000)));
    QCOMPARE(listen(listener.fd(), 10), 0);
    const OwnedSocket open = makeSocket(m_network->clientPath(), AF_INET, SOCK_DGRAM);
    QVERIFY(bindTo(open, addressV4("0.0.0.0", 8001)));
    const int room = 4 << 20;
    QCOMPARE(setsockopt(open.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room), 0);
    const OwnedSocket sender = makeSocket(m_network->serverPath(), AF_INET, SOCK_RAW, IPPROTO_RAW);

    const InterfaceBalance before = balanceNow(helper, TestPlan::clientInterface);
    const quint64 rowsBefore = rowsUsed(helper);
    qint64 expected = 0;
    for (quint32 i = 0; i < strangers; ++i) {
        // From no address that answers: 198.18.0.0/15 is for tests, and has no route here.
        const quint32 source = 0xc6120000u + i;
        const QByteArray knock =
            ipv4Packet(source, TestPlan::clientV4, IPPROTO_TCP, opening(source, TestPlan::clientV4, 8000));
        const QByteArray letter = ipv4Packet(source, TestPlan::clientV4, IPPROTO_UDP, datagram(9, 8001, 10));
        QVERIFY(sendTo(sender, knock, addressV4(TestPlan::clientV4)));
        QVERIFY(sendTo(sender, letter, addressV4(TestPlan::clientV4)));
        expected += letter.size();
    }
    const InterfaceBalance after = balanceNow(helper, TestPlan::clientInterface);
    const quint64 rowsMade = rowsUsed(helper) - rowsBefore;
    // The datagrams' socket has its share of the table, and not more; the listener one row.
    QVERIFY2(rowsMade <= flows / 64 + 10, qPrintable(QString::number(rowsMade)));
    QVERIFY(countWaiting(open) == int(strangers));
    const qint64 programs =
        lineOf(after, "programs", &BalanceLine::rxBytes) - lineOf(before, "programs", &BalanceLine::rxBytes);
    // Of the openings those that the kernel handed to the listener; it may drop some for want of a route
    // back.
    QVERIFY2(programs >= expected && programs <= expected + qint64(strangers) * 40,
             qPrintable(textOf(after)));
    QCOMPARE(lineOf(after, "spilled", &BalanceLine::rxBytes), 0);
}

QTEST_GUILESS_MAIN(BalanceSocketsTest)
#include "tst_balancesockets.moc"
