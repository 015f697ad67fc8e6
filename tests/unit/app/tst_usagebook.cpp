// SPDX-License-Identifier: MIT
#include "usagebook.h"
#include "usagescript.h"

#include <QRandomGenerator>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

class TestUsageBook : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void snapshotIsBaseline()
    {
        UsageScript script(u"a"_s);
        script.program(1, u"curl"_s);
        script.remote(1, u"192.0.2.1"_s);
        script.move(1, 1, 1, 1000, 50, 2);
        UsageBook book;
        const UsageChange change = book.apply(script.push(10 * second));
        QVERIFY(change.isNewInstance);
        QCOMPARE(change.beginNs, 0U);
        QCOMPARE(change.endNs, 10 * second);
        QVERIFY(change.deltas.isEmpty());
        QCOMPARE(change.growths.size(), 1);
        QVERIFY(change.growths[0].isBaseline);
        QCOMPARE(change.growths[0].rxPayloadBytes, 1000U);
        QCOMPARE(change.growths[0].openSockets, 2);
        QCOMPARE(book.total().rxPayloadBytes, 1000U);
        QCOMPARE(book.total().txPayloadBytes, 50U);
    }

    void tunnelCountsOnce()
    {
        UsageScript script(u"a"_s);
        script.program(1, u"curl"_s);
        script.program(2, u"openvpn"_s);
        script.remote(1, u"192.0.2.1"_s);
        script.move(1, 1, 1, 1000, 50);
        script.setTunnelSide(1, TunnelSide::Inside);
        script.move(2, 2, 1, 1200, 80, 3);
        script.setTunnelSide(2, TunnelSide::Carrier);
        script.move(3, 2, 1, 7, 0);
        UsageBook book;
        UsageChange change = book.apply(script.push(10 * second));
        QCOMPARE(change.growths.size(), 2);
        QCOMPARE(book.total().rxPayloadBytes, 1007U);

        script.move(1, 1, 1, 100, 0);
        script.move(2, 2, 1, 120, 0, 3);
        change = book.apply(script.push(11 * second));
        QCOMPARE(change.moved().rxPayloadBytes, 100U);
        QCOMPARE(change.deltas.size(), 2); // the record has both
        QCOMPARE(book.total().rxPayloadBytes, 1107U);

        change = book.setTunnelsAt(TunnelsAt::Carrier);
        QCOMPARE(book.total().rxPayloadBytes, 1327U);
        QCOMPARE(book.total().txPayloadBytes, 80U);
        QCOMPARE(change.growths.size(), 2);
        for (const UsageChange::Growth &growth : change.growths) {
            QVERIFY(growth.isBaseline); // no rate jumps
            QCOMPARE(growth.rxPayloadBytes, growth.programId == 2 ? quint64(1320) : quint64(0) - 1100);
            QCOMPARE(growth.openSockets, growth.programId == 2 ? 3 : -1);
        }
        script.move(1, 1, 1, 10, 0);
        script.move(2, 2, 1, 12, 0, 3);
        QCOMPARE(book.apply(script.push(12 * second)).moved().rxPayloadBytes, 12U);
        QCOMPARE(book.apply(script.snapshot(13 * second)).growths.size(), 2);
        QCOMPARE(book.total().rxPayloadBytes, 1339U);
        QVERIFY(book.setTunnelsAt(TunnelsAt::Carrier).growths.isEmpty());
        book.setTunnelsAt(TunnelsAt::Inside);
        QCOMPARE(book.total().rxPayloadBytes, 1117U);
    }

    void laterPushesAreDifferences()
    {
        UsageScript script(u"a"_s);
        script.program(1, u"curl"_s);
        script.remote(1, u"192.0.2.1"_s);
        script.move(1, 1, 1, 1000, 50);
        UsageBook book;
        book.apply(script.push(10 * second));

        script.move(1, 1, 1, 7, 3, 0);
        script.remote(2, u"2001:db8::2"_s);
        script.move(2, 1, 2, 500, 600);
        const UsageChange change = book.apply(script.push(11 * second));
        QVERIFY(!change.isNewInstance);
        QCOMPARE(change.beginNs, 10 * second);
        QCOMPARE(change.deltas.size(), 2);
        QCOMPARE(change.moved().rxPayloadBytes, 507U);
        QCOMPARE(change.moved().txPayloadBytes, 603U);
        const UsageDelta &known = change.deltas[change.deltas[0].rxPayloadBytes == 7 ? 0 : 1];
        QCOMPARE(known.program.name, u"curl"_s);
        QCOMPARE(known.remote, Address::fromString(u"192.0.2.1"_s));
        QCOMPARE(known.protocol, 6);
        QCOMPARE(known.servicePort, 443);
        QCOMPARE(known.direction, Direction::Outgoing);
        QCOMPARE(known.txPayloadBytes, 3U);

        script.move(1, 1, 1, 0, 0, 1);
        const UsageChange idle = book.apply(script.push(12 * second));
        QVERIFY2(idle.deltas.isEmpty(), "a change of sockets alone is nothing for the record");
        QCOMPARE(idle.growths.size(), 1);
        QCOMPARE(idle.growths[0].openSockets, 1);
    }

    void packetsGoBesidePayload()
    {
        UsageScript script(u"a"_s);
        script.program(1, u"curl"_s);
        script.remote(1, u"192.0.2.1"_s);
        script.move(1, 1, 1, 1000, 50);
        script.carry(1, 3, 2);
        UsageBook book;
        const UsageChange first = book.apply(script.push(10 * second));
        QCOMPARE(first.growths[0].rxNetworkBytes, 3 * packetBytes);
        QVERIFY(first.deltas.isEmpty());

        script.move(1, 1, 1, 7, 0);
        script.carry(1, 1, 5, 2);
        const UsageChange change = book.apply(script.push(11 * second));
        QCOMPARE(change.deltas.size(), 1);
        TrafficCounts expected;
        expected.rxPayloadBytes = 7;
        expected.rxNetworkBytes = packetBytes;
        expected.txNetworkBytes = 5 * packetBytes;
        expected.rxPackets = 1;
        expected.txPackets = 5;
        expected.retransmits = 2;
        QCOMPARE(static_cast<const TrafficCounts &>(change.deltas[0]), expected);
        QCOMPARE(static_cast<const TrafficCounts &>(change.growths[0]), expected);
        QCOMPARE(change.moved(), expected);

        script.carry(1, 0, 1);
        const UsageChange acknowledged = book.apply(script.push(12 * second));
        QVERIFY2(acknowledged.deltas.size() == 1, "packets without payload are something for the record");
        TrafficCounts total = expected;
        total.rxPayloadBytes = 1007;
        total.txPayloadBytes = 50;
        total.rxNetworkBytes = 4 * packetBytes;
        total.txNetworkBytes = 8 * packetBytes;
        total.rxPackets = 4;
        total.txPackets = 8;
        QCOMPARE(book.total(), total);
        // A subscription begun again counts nothing twice, of any of them.
        QVERIFY(book.apply(script.snapshot(13 * second)).deltas.isEmpty());
        QCOMPARE(book.total(), total);
    }

    void otherInstanceBeginsAnew()
    {
        UsageBook book;
        UsageScript before(u"a"_s);
        before.program(1, u"curl"_s);
        before.move(1, 1, 0, 1000, 0);
        book.apply(before.push(10 * second));

        UsageScript after(u"b"_s);
        after.program(1, u"wget"_s);
        after.move(1, 1, 0, 2000, 0);
        const UsageChange change = book.apply(after.push(20 * second));
        QVERIFY(change.isNewInstance);
        QVERIFY(change.deltas.isEmpty());
        QCOMPARE(change.beginNs, 0U);
        QCOMPARE(book.total().rxPayloadBytes, 2000U);
        QCOMPARE(book.program(1).name, u"wget"_s);
    }

    void resubscriptionLosesNothingOfKnownFlows()
    {
        UsageBook book;
        UsageScript script(u"a"_s);
        script.program(1, u"curl"_s);
        script.move(1, 1, 0, 1000, 0);
        book.apply(script.push(10 * second));
        script.move(1, 1, 0, 234, 5);
        script.program(2, u"ssh"_s);
        script.move(2, 2, 0, 9, 9);
        const UsageChange change = book.apply(script.snapshot(60 * second));
        QVERIFY(!change.isNewInstance);
        QCOMPARE(change.beginNs, 10 * second);
        QCOMPARE(change.deltas.size(), 1);
        QCOMPARE(change.moved().rxPayloadBytes, 234U);
        QCOMPARE(change.moved().txPayloadBytes, 5U);
        QCOMPARE(book.total().rxPayloadBytes, 1243U);
        QVERIFY(change.vanished.isEmpty());
    }

    /// All programs, then one's own with the others folded into one, and back: the sum stays the same.
    void scopeChangeCountsNothingTwice()
    {
        UsageBook book;
        UsageScript script(u"a"_s);
        script.program(1, u"mine"_s);
        script.program(2, u"theirs"_s);
        script.move(1, 1, 0, 100, 1);
        script.move(2, 2, 0, 900, 9);
        book.apply(script.push(10 * second));
        QCOMPARE(book.total().rxPayloadBytes, 1000U);

        UsageScript own = script;
        own.forget(2);
        own.program(3, {}, ProgramKind::Others);
        own.move(3, 3, 0, 900, 9);
        const UsageChange narrowed = book.apply(own.snapshot(11 * second));
        QCOMPARE(narrowed.vanished, QList<quint32>{2});
        QVERIFY(narrowed.deltas.isEmpty());
        QCOMPARE(book.total().rxPayloadBytes, 1000U);

        const UsageChange widened = book.apply(script.snapshot(12 * second));
        QCOMPARE(widened.vanished, QList<quint32>{3});
        QVERIFY(widened.deltas.isEmpty());
        QCOMPARE(book.total().rxPayloadBytes, 1000U);
        QCOMPARE(book.total().txPayloadBytes, 10U);
    }

    void endedProgramsAreRetired()
    {
        UsageBook book;
        UsageScript script(u"a"_s);
        script.program(1, u"brief"_s);
        script.move(1, 1, 0, 100, 1);
        book.apply(script.push(10 * second));
        script.end(1);
        script.move(1, 1, 0, 5, 0);
        const UsageChange last = book.apply(script.push(11 * second));
        QCOMPARE(last.ended, QList<quint32>{1});
        QCOMPARE(last.moved().rxPayloadBytes, 5U);
        QVERIFY(book.hasEnded(1));
        QCOMPARE(book.flowCount(), 1);
        book.apply(script.push(3600 * second));
        QCOMPARE(book.flowCount(), 0);
        QVERIFY(book.hasEnded(1));
        QCOMPARE(book.total().rxPayloadBytes, 105U);
        // What is said again of a program retired is not taken for new bytes.
        script.move(1, 1, 0, 0, 0);
        QVERIFY(book.apply(script.push(3601 * second)).deltas.isEmpty());
        QCOMPARE(book.total().rxPayloadBytes, 105U);
    }

    void unnamedProgramAndFallingTotalAreHarmless()
    {
        UsageBook book;
        UsageScript script(u"a"_s);
        script.move(1, 42, 7, 100, 1);
        book.apply(script.push(10 * second));
        QCOMPARE(book.program(42).id, 42U);
        UsageUpdate update = script.push(11 * second);
        Flow flow;
        flow.id = 1;
        flow.programId = 42;
        flow.rxPayloadBytesTotal = 40;
        update.flows = {flow};
        QVERIFY(book.apply(update).deltas.isEmpty());
        QCOMPARE(book.total().rxPayloadBytes, 100U);
    }

    /// Whatever comes in whatever order, the differences add up to the totals.
    void differencesAddUp()
    {
        QRandomGenerator random(11);
        UsageScript script(u"a"_s);
        UsageBook book;
        quint64 timeNs = second;
        book.apply(script.push(timeNs));
        quint64 rxTruth = 0;
        quint64 rxSum = 0;
        for (int round = 0; round < 300; ++round) {
            for (int moves = random.bounded(20); moves > 0; --moves) {
                const quint32 flow = random.bounded(200U);
                const quint64 bytes = random.bounded(100'000U);
                script.move(flow, flow % 17, flow % 5, bytes, 0, random.bounded(3U));
                rxTruth += bytes;
            }
            timeNs += random.bounded(1, 3000) * 1'000'000ULL;
            rxSum += book.apply(script.push(timeNs)).moved().rxPayloadBytes;
            QCOMPARE(rxSum, rxTruth);
            QCOMPARE(book.total().rxPayloadBytes, rxTruth);
        }
    }
};

QTEST_APPLESS_MAIN(TestUsageBook)
#include "tst_usagebook.moc"
