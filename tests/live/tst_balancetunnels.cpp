// SPDX-License-Identifier: MIT
#include "balances.h"
#include "bpfusagesource.h"
#include "linkcounters.h"
#include "netnssocket.h"
#include "tuncable.h"
#include "usagebook.h"

#include "testnetwork.h"
#include "testplan.h"

#include <QFile>
#include <QHash>
#include <QSignalSpy>
#include <QTest>

#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

using namespace Nettally;

namespace {

class ProgramsBySlot : public CounterSink {
public:
    void program(const ProgramRecord &record) override { pids.insert(record.slot, record.pid); }
    void flow(const FlowRecord &) override { }
    QHash<quint32, quint32> pids;
};

} // namespace

/// What a tunnel's interface is, and who carries it.
class BalanceTunnelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void programHoldingATunnelIsItsCarrier();
    void whatATunnelCarriesCountsOnce();
};

void BalanceTunnelsTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceTunnelsTest::programHoldingATunnelIsItsCarrier()
{
    TestNetwork network;
    QString problem = network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const std::unique_ptr<BpfUsageSource> source = BpfUsageSource::create({}, &problem);
    QVERIFY2(source, qPrintable(problem));

    struct stat netNamespace = {};
    QCOMPARE(stat(QFile::encodeName(network.clientPath()).constData(), &netNamespace), 0);
    const auto carriersOf = [&](quint32 ifindex, ProgramsBySlot &programs) {
        QList<quint32> pids;
        for (const TunnelCarrier &carrier : source->tunnelCarriers(programs)) {
            if (carrier.netNs == netNamespace.st_ino && carrier.ifindex == ifindex)
                pids.append(programs.pids.value(carrier.programSlot));
        }
        return pids;
    };
    ProgramsBySlot programs;
    quint32 ifindex = 0;
    {
        TunCable tunnel;
        problem = tunnel.create(network);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QHash<QString, QString> kinds;
        runInNamespace(network.clientPath(), [&] {
            ifindex = if_nametoindex(TunCable::interface);
            for (const InterfaceCounters &counters : readInterfaceCounters())
                kinds.insert(counters.name, counters.kind);
        });
        QCOMPARE(kinds.value(QLatin1String(TunCable::interface)), QStringLiteral("tun"));
        QVERIFY(isTunnel(kinds.value(QLatin1String(TunCable::interface))));
        QCOMPARE(kinds.value(QLatin1String(TestPlan::clientInterface)), QStringLiteral("veth"));
        QVERIFY(!isTunnel(kinds.value(QLatin1String(TestPlan::clientInterface))));
        QVERIFY(kinds.contains(QStringLiteral("lo")));
        QCOMPARE(kinds.value(QStringLiteral("lo")), QString());
        QCOMPARE(carriersOf(ifindex, programs), QList<quint32>{quint32(getpid())});
    }
    QCOMPARE(carriersOf(ifindex, programs), QList<quint32>());
}

/// The helper sits where the tunnel begins, and is asked for its books and for a user's view.
void BalanceTunnelsTest::whatATunnelCarriesCountsOnce()
{
    TestNetwork network;
    QString problem = network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    TunCable tunnel;
    problem = tunnel.create(network, TunCable::By::Udp);
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    LiveHelper helper;
    problem = helper.start(QStringLiteral(NETTALLY_HELPER), network.clientPath());
    QVERIFY2(problem.isEmpty(), qPrintable(problem));

    const InterfaceBalance before = balanceNow(helper, TunCable::interface);
    QCOMPARE(before.kind, QStringLiteral("tun"));
    QVERIFY(before.isTunnel);
    QCOMPARE(before.carriers.size(), 1);
    QCOMPARE(before.carriers.constFirst().pid, quint32(getpid()));
    QCOMPARE(before.carriers.constFirst().name, QStringLiteral("tst_balancetunnels"));

    constexpr quint64 datagrams = 200;
    constexpr quint64 payload = 1000;
    constexpr quint64 headers = 28; // of IPv4 and UDP
    const OwnedSocket receiver = makeSocket(network.serverPath(), AF_INET, SOCK_DGRAM);
    const OwnedSocket sender = makeSocket(network.clientPath(), AF_INET, SOCK_DGRAM);
    constexpr quint16 innerPort = 5353;
    const sockaddr_in to = addressV4(TunCable::serverV4, innerPort);
    QCOMPARE(bind(receiver.fd(), reinterpret_cast<const sockaddr *>(&to), sizeof to), 0);
    const timeval limit = {.tv_sec = 5, .tv_usec = 0};
    setsockopt(receiver.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    QByteArray datagram(payload, 'x');
    for (quint64 i = 0; i < datagrams; ++i) {
        QCOMPARE(sendto(sender.fd(), datagram.constData(), payload, 0,
                        reinterpret_cast<const sockaddr *>(&to), sizeof to),
                 ssize_t(payload));
        // Through the tunnel one by one: none is lost in a queue.
        QCOMPARE(recv(receiver.fd(), datagram.data(), payload, 0), ssize_t(payload));
    }
    QVERIFY(helper.settle());

    const Address innerRemote = Address::fromString(QLatin1String(TunCable::serverV4));
    const Address outerRemote = Address::fromString(QLatin1String(TestPlan::serverV4));
    quint64 inside = 0;
    quint64 insidePayload = 0;
    quint64 carried = 0;
    quint64 carriedPayload = 0;
    UsageUpdate whole;
    whole.instance = QStringLiteral("whole");
    whole.isSnapshot = true;
    whole.timeNs = 1;
    quint64 all = 0;
    for (const Flow &flow : helper.flows()) {
        whole.flows.append(flow);
        const Address remote = helper.remotes().value(flow.remoteId).address;
        all += flow.txNetworkBytesTotal;
        if (flow.interfaceIndex == before.index)
            QCOMPARE(flow.tunnelSide, TunnelSide::Inside);
        if (remote == innerRemote && flow.servicePort == innerPort) {
            inside += flow.txNetworkBytesTotal;
            insidePayload += flow.txPayloadBytesTotal;
        }
        if (remote == outerRemote && flow.servicePort == TunCable::udpPort) {
            QCOMPARE(flow.tunnelSide, TunnelSide::Carrier);
            carried += flow.txNetworkBytesTotal;
            carriedPayload += flow.txPayloadBytesTotal;
        }
    }
    QCOMPARE(inside, datagrams * (payload + headers));
    // Payload of a socket that is not connected has no remote in the kernel.
    QVERIFY(insidePayload <= datagrams * payload);
    QVERIFY2(carried >= inside + datagrams * headers, qPrintable(QString::number(carried)));
    QVERIFY2(carriedPayload >= inside, qPrintable(QString::number(carriedPayload)));

    UsageBook book;
    book.apply(whole);
    const quint64 atPrograms = book.total().txNetworkBytes;
    QVERIFY(atPrograms >= inside);
    QVERIFY(atPrograms + carried <= all);
    book.setTunnelsAt(TunnelsAt::Carrier);
    QVERIFY(book.total().txNetworkBytes >= carried);
    QVERIFY(book.total().txNetworkBytes + inside <= all);

    // The machine's exchange is that of its cable alone.
    QSignalSpy answers(&helper.client(), &MonitorClient::balanceReceived);
    const InterfaceBalance cable = balanceNow(helper, TestPlan::clientInterface);
    QVERIFY(!cable.isTunnel);
    QVERIFY(!answers.isEmpty());
    const auto machine = answers.constLast().at(2).value<MachineBytes>();
    QCOMPARE(machine.txBytes, cable.txBytes);
    QCOMPARE(machine.rxBytes, cable.rxBytes);
    QVERIFY(machine.txBytes >= carried);
}

QTEST_GUILESS_MAIN(BalanceTunnelsTest)
#include "tst_balancetunnels.moc"
