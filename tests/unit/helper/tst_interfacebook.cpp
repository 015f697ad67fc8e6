// SPDX-License-Identifier: MIT
#include "interfacebook.h"

#include <QTest>

#include <netinet/in.h>

using namespace Nettally;

namespace {

constexpr quint32 ownNetNs = 7;

FlowRecord flow(quint32 programSlot, quint8 protocol = IPPROTO_TCP)
{
    FlowRecord record;
    record.programSlot = programSlot;
    record.protocol = protocol;
    record.ifindex = 2;
    record.netNs = ownNetNs;
    record.direction = 1;
    return record;
}

PacketCounts received(quint64 ipBytes, quint64 packets, quint64 moreSegments = 0, quint64 headers = 0)
{
    PacketCounts counts;
    counts.rxIpBytes = ipBytes;
    counts.rxPackets = packets;
    counts.rxMoreSegments = moreSegments;
    counts.rxSegmentHeaderBytes = headers;
    return counts;
}

InterfaceCounters ethernet(quint64 rxBytes, quint64 rxPackets)
{
    InterfaceCounters counters;
    counters.index = 2;
    counters.name = QStringLiteral("eth0");
    counters.rxBytes = rxBytes;
    counters.rxPackets = rxPackets;
    counters.linkHeaderBytes = 14;
    return counters;
}

qint64 rxOf(const InterfaceAccount &balance, BalanceClass what)
{
    return balance.lines[size_t(what)].rxBytes;
}

qint64 rxSum(const InterfaceAccount &balance)
{
    qint64 sum = 0;
    for (const AccountLine &line : balance.lines)
        sum += line.rxBytes;
    return sum;
}

} // namespace

class InterfaceBookTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_book = InterfaceBook();
        m_book.setNetNs(ownNetNs);
        m_book.take({ethernet(1000, 10)}, 1);
    }

    void beginsWithWhatWasThere();
    void namesWhatItSaw();
    void tellsSegmentsFromPackets_data();
    void tellsSegmentsFromPackets();
    void pendingBecomesTheProgramsOwn();
    void pendingBeforeTheBeginningIsNobodys();
    void otherNamespacesAreNotKept();
    void framesHaveTheirOwnHeaders();
    void survivesAReset();
    void laterInterfacesCountFromZero();
    void forgetsInterfacesThatWent();
    void machineCountsWhatATunnelCarriesOnce();

private:
    InterfaceBook m_book;
};

void InterfaceBookTest::beginsWithWhatWasThere()
{
    QCOMPARE(m_book.balances().constFirst().counters.rxBytes, 0u);
    QCOMPARE(rxSum(m_book.balances().constFirst()), 0);
}

void InterfaceBookTest::namesWhatItSaw()
{
    m_book.add(flow(1), 0, received(500, 5));
    m_book.add(flow(ProgramSlot::unowned, IPPROTO_ICMP), 0, received(84, 1));
    m_book.add(flow(ProgramSlot::unowned, IPPROTO_IGMP), 0, received(40, 1));
    m_book.add(flow(ProgramSlot::unowned, IPPROTO_TCP), 0, received(52, 1));
    m_book.add(flow(ProgramSlot::unowned, 47), 0, received(10, 1));
    m_book.add(flow(ProgramSlot::overflow, 0), 0, received(100, 1));
    // And an ARP packet that nothing saw.
    m_book.take({ethernet(1000 + 786 + 10 * 14 + 42, 10 + 11)}, 2);
    const InterfaceAccount balance = m_book.balances().constFirst();
    QCOMPARE(rxOf(balance, BalanceClass::Programs), 500);
    QCOMPARE(rxOf(balance, BalanceClass::Icmp), 84);
    QCOMPARE(rxOf(balance, BalanceClass::Multicast), 40);
    QCOMPARE(rxOf(balance, BalanceClass::Tcp), 52);
    QCOMPARE(rxOf(balance, BalanceClass::Other), 10);
    QCOMPARE(rxOf(balance, BalanceClass::Spilled), 100);
    QCOMPARE(rxOf(balance, BalanceClass::LinkHeaders), 140);
    QCOMPARE(rxOf(balance, BalanceClass::Unseen), 42);
    QCOMPARE(rxSum(balance), qint64(balance.counters.rxBytes));
}

void InterfaceBookTest::tellsSegmentsFromPackets_data()
{
    QTest::addColumn<quint64>("counterPackets");
    QTest::addColumn<qint64>("segmentHeaders");
    QTest::addColumn<qint64>("linkHeaders");
    // Two packets of five segments each, 52 bytes of headers in each segment.
    QTest::newRow("counts packets") << quint64(2) << qint64(0) << qint64(2 * 14);
    QTest::newRow("counts segments") << quint64(10) << qint64(8 * 52) << qint64(10 * 14);
    QTest::newRow("segments, and an unseen one") << quint64(11) << qint64(8 * 52) << qint64(10 * 14);
}

void InterfaceBookTest::tellsSegmentsFromPackets()
{
    QFETCH(quint64, counterPackets);
    m_book.add(flow(1), 0, received(10000, 2, 8, 8 * 52));
    m_book.take({ethernet(1000 + 20000, 10 + counterPackets)}, 2);
    const InterfaceAccount balance = m_book.balances().constFirst();
    QTEST(rxOf(balance, BalanceClass::SegmentHeaders), "segmentHeaders");
    QTEST(rxOf(balance, BalanceClass::LinkHeaders), "linkHeaders");
    QCOMPARE(rxSum(balance), 20000);
}

void InterfaceBookTest::pendingBecomesTheProgramsOwn()
{
    FlowRecord gauge = flow(ProgramSlot::pending);
    gauge.packets = received(300, 3);
    m_book.setPending(gauge);
    m_book.take({ethernet(1000 + 300 + 3 * 14, 13)}, 2);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Pending), 300);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Unseen), 0);

    gauge.packets = {};
    m_book.setPending(gauge);
    m_book.add(flow(1), 0, received(300, 3));
    m_book.take({ethernet(1000 + 300 + 3 * 14, 13)}, 3);
    const InterfaceAccount balance = m_book.balances().constFirst();
    QCOMPARE(rxOf(balance, BalanceClass::Pending), 0);
    QCOMPARE(rxOf(balance, BalanceClass::Programs), 300);
    QCOMPARE(rxOf(balance, BalanceClass::LinkHeaders), 3 * 14);
    QCOMPARE(rxOf(balance, BalanceClass::Unseen), 0);
}

void InterfaceBookTest::pendingBeforeTheBeginningIsNobodys()
{
    // A helper that takes the counters over finds what an earlier one left pending.
    m_book = InterfaceBook();
    m_book.setNetNs(ownNetNs);
    FlowRecord gauge = flow(ProgramSlot::pending);
    gauge.packets = received(300, 3);
    m_book.setPending(gauge);
    m_book.take({ethernet(1000, 10)}, 1);
    gauge.packets = received(400, 4);
    m_book.setPending(gauge);
    m_book.take({ethernet(1000 + 114, 11)}, 2);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Pending), 100);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Unseen), 0);

    // All of it becomes a program's; the counter grew by none of it.
    gauge.packets = {};
    m_book.setPending(gauge);
    m_book.add(flow(1), 0, received(400, 4));
    m_book.take({ethernet(1000 + 114, 11)}, 3);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Unseen), 0);

    // The interface goes, and its number comes again; the gauge was there all the time.
    gauge.packets = received(200, 2);
    m_book.setPending(gauge);
    InterfaceCounters loopback;
    loopback.index = 1;
    m_book.take({loopback}, 4);
    gauge.packets = received(250, 3);
    m_book.setPending(gauge);
    m_book.take({loopback, ethernet(64, 1)}, 5);
    QCOMPARE(rxOf(m_book.balances().constLast(), BalanceClass::Pending), 50);
    QCOMPARE(rxOf(m_book.balances().constLast(), BalanceClass::Unseen), 0);
}

void InterfaceBookTest::otherNamespacesAreNotKept()
{
    FlowRecord other = flow(1);
    other.netNs = ownNetNs + 1;
    m_book.add(other, 0, received(500, 5));
    m_book.take({ethernet(1000, 10)}, 2);
    QCOMPARE(rxOf(m_book.balances().constFirst(), BalanceClass::Programs), 0);
}

void InterfaceBookTest::framesHaveTheirOwnHeaders()
{
    FlowRecord frames = flow(1, 0);
    frames.direction = 3;
    PacketCounts counts;
    counts.txPackets = 2;
    m_book.add(frames, 120, counts);
    InterfaceCounters counters = ethernet(1000, 10);
    counters.txBytes = 120;
    counters.txPackets = 2;
    m_book.take({counters}, 2);
    const InterfaceAccount balance = m_book.balances().constFirst();
    QCOMPARE(balance.lines[size_t(BalanceClass::Frames)].txBytes, 120);
    QCOMPARE(balance.lines[size_t(BalanceClass::LinkHeaders)].txBytes, 0);
    QCOMPARE(balance.lines[size_t(BalanceClass::Unseen)].txBytes, 0);
}

void InterfaceBookTest::survivesAReset()
{
    m_book.take({ethernet(1500, 12)}, 2);
    m_book.take({ethernet(200, 2)}, 3); // the driver began again
    QCOMPARE(m_book.balances().constFirst().counters.rxBytes, 700u);
    QCOMPARE(m_book.balances().constFirst().counters.rxPackets, 4u);
}

void InterfaceBookTest::laterInterfacesCountFromZero()
{
    InterfaceCounters late = ethernet(114, 1);
    late.index = 3;
    FlowRecord record = flow(1);
    record.ifindex = 3;
    m_book.add(record, 0, received(100, 1)); // in the reading that finds the interface
    m_book.take({ethernet(1000, 10), late}, 2);
    const InterfaceAccount balance = m_book.balances().at(1);
    QCOMPARE(balance.sinceNs, 2u);
    QCOMPARE(balance.counters.rxBytes, 114u);
    QCOMPARE(rxOf(balance, BalanceClass::Unseen), 0);
}

void InterfaceBookTest::forgetsInterfacesThatWent()
{
    InterfaceCounters loopback;
    loopback.index = 1;
    m_book.take({}, 2); // could not be read
    QCOMPARE(m_book.balances().constFirst().counters.index, 2u);
    m_book.take({loopback}, 2);
    QCOMPARE(m_book.balances().size(), 1);
    QCOMPARE(m_book.balances().constFirst().counters.index, 1u);
    // The number is another interface's now.
    m_book.take({loopback, ethernet(50, 1)}, 3);
    QCOMPARE(m_book.balances().constLast().counters.rxBytes, 50u);
}

void InterfaceBookTest::machineCountsWhatATunnelCarriesOnce()
{
    InterfaceCounters loopback = ethernet(700, 7);
    loopback.index = 1;
    loopback.isLoopback = true;
    InterfaceCounters tunnel = ethernet(300, 3);
    tunnel.index = 3;
    tunnel.kind = QStringLiteral("wireguard");
    InterfaceCounters cable = ethernet(500, 5);
    cable.index = 4;
    cable.kind = QStringLiteral("veth");
    InterfaceCounters bridge = ethernet(600, 6);
    bridge.index = 5;
    bridge.kind = QStringLiteral("bridge");
    m_book.take({loopback, ethernet(1000 + 400, 10 + 3), tunnel, cable, bridge}, 2);
    QCOMPARE(m_book.machineTotal().rxBytes, 400);
    QCOMPARE(m_book.machineTotal().txBytes, 0);
    // What a card counted stays when the card is pulled out.
    m_book.take({loopback, tunnel, cable, bridge}, 3);
    QCOMPARE(m_book.machineTotal().rxBytes, 400);
    // Without a card the cable is what leads out of a container.
    cable.rxBytes += 50;
    tunnel.rxBytes += 40;
    bridge.rxBytes += 30;
    m_book.take({loopback, tunnel, cable, bridge}, 4);
    QCOMPARE(m_book.machineTotal().rxBytes, 400 + 50);
}

QTEST_APPLESS_MAIN(InterfaceBookTest)
#include "tst_interfacebook.moc"
