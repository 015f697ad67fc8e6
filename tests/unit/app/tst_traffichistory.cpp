// SPDX-License-Identifier: MIT
#include "traffichistory.h"
#include "usagescript.h"

#include <QSignalSpy>
#include <QTest>

#include <numeric>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

/// The shares of a push add up to it but for the rounding of doubles.
bool isNear(double a, double b)
{
    return qAbs(a - b) <= 1e-6 * qMax(1.0, qAbs(b));
}

int measuredSeconds(const QList<TrafficHistory::Second> &seconds)
{
    return static_cast<int>(
        std::count_if(seconds.begin(), seconds.end(), [](const auto &s) { return s.isMeasured; }));
}

double rxSum(const QList<TrafficHistory::Second> &seconds)
{
    return std::accumulate(seconds.begin(), seconds.end(), 0.0,
                           [](double sum, const auto &s) { return sum + s.rxBytesPerSecond; });
}

} // namespace

class TestTrafficHistory : public QObject {
    Q_OBJECT

private:
    struct Feed {
        UsageScript script{u"a"_s};
        UsageBook book;
        TrafficHistory history;

        explicit Feed(quint64 timeNs)
        {
            script.move(1, 1, 0, 0, 0);
            push(timeNs);
        }
        void push(quint64 timeNs, quint64 rxBytes = 0, quint64 txBytes = 0)
        {
            script.move(1, 1, 0, rxBytes, txBytes);
            history.apply(book, book.apply(script.push(timeNs)));
        }
    };

private Q_SLOTS:
    void nothingIsKnownAtFirst()
    {
        TrafficHistory history;
        QCOMPARE(history.seconds().size(), TrafficHistory::spanSeconds);
        QCOMPARE(measuredSeconds(history.seconds()), 0);
        QVERIFY(!history.rxBytesPerSecond());
        QVERIFY(!history.rxBytesTotal());

        Feed feed(1000 * second);
        QCOMPARE(measuredSeconds(feed.history.seconds()), 0);
        QVERIFY(!feed.history.rxBytesPerSecond());
        QCOMPARE(feed.history.rxBytesTotal().value(), 0U);
    }

    void bytesAreSpreadOverTheTrueTime()
    {
        Feed feed(1000 * second);
        QSignalSpy changed(&feed.history, &TrafficHistory::changed);
        feed.push(1004 * second, 4000, 400);
        QCOMPARE(changed.count(), 1);
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), 4);
        for (qsizetype i = seconds.size() - 4; i < seconds.size(); ++i) {
            QVERIFY(seconds[i].isMeasured);
            QVERIFY(isNear(seconds[i].rxBytesPerSecond, 1000));
            QVERIFY(isNear(seconds[i].txBytesPerSecond, 100));
        }
        QVERIFY(isNear(feed.history.rxBytesPerSecond().value(), 1000));
    }

    void shortIntervalsAddUpWithinASecond()
    {
        Feed feed(1000 * second);
        for (quint64 push = 1; push <= 25; ++push)
            feed.push(1000 * second + push * 100'000'000, 10);
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), 2);
        QVERIFY(isNear(seconds.last().rxBytesPerSecond, 100));
        QVERIFY(isNear(seconds[seconds.size() - 2].rxBytesPerSecond, 100));
    }

    void partlyMeasuredSecondIsScaled()
    {
        Feed feed(1000 * second + 250'000'000);
        feed.push(1002 * second, 1750);
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), 2);
        QVERIFY(isNear(seconds[seconds.size() - 2].rxBytesPerSecond, 1000));

        Feed late(1000 * second + 750'000'000);
        late.push(1002 * second, 1250);
        QCOMPARE(measuredSeconds(late.history.seconds()), 1);
    }

    void keepsFiveMinutes()
    {
        Feed feed(1000 * second);
        for (quint64 push = 1; push <= 400; ++push)
            feed.push((1000 + push) * second, push);
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), TrafficHistory::spanSeconds);
        for (qsizetype i = 0; i < seconds.size(); ++i)
            QVERIFY(isNear(seconds[i].rxBytesPerSecond, static_cast<double>(101 + i)));
    }

    void longIntervalFillsTheRingOnce()
    {
        Feed feed(1000 * second);
        feed.push(2000 * second, 1'000'000);
        QCOMPARE(measuredSeconds(feed.history.seconds()), TrafficHistory::spanSeconds);
        QVERIFY(isNear(rxSum(feed.history.seconds()), 300'000));
    }

    void otherInstanceLeavesAGap()
    {
        Feed feed(1000 * second);
        feed.push(1010 * second, 10'000);
        UsageScript next(u"b"_s);
        next.move(1, 1, 0, 5'000'000, 0);
        feed.history.apply(feed.book, feed.book.apply(next.push(1020 * second)));
        QVERIFY2(!feed.history.rxBytesPerSecond(), "the first reading of an instance has no rate");
        next.move(1, 1, 0, 5000, 0);
        feed.history.apply(feed.book, feed.book.apply(next.push(1025 * second)));
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), 15);
        const qsizetype now = seconds.size();
        QVERIFY(seconds[now - 5].isMeasured);
        QVERIFY(!seconds[now - 6].isMeasured);
        QVERIFY(!seconds[now - 15].isMeasured);
        QVERIFY(seconds[now - 16].isMeasured);
        QVERIFY(isNear(rxSum(seconds), 15'000));
        QCOMPARE(feed.history.rxBytesTotal().value(), 5'005'000U);
    }

    /// Both are kept from the beginning: a change tells the past of the other as well.
    void measuresHaveTheirOwnPast()
    {
        Feed feed(1000 * second);
        feed.script.carry(1, 8, 4);
        feed.push(1004 * second, 4000, 400);
        const std::optional<double> payloadRate = feed.history.rxBytesPerSecond();
        QSignalSpy changed(&feed.history, &TrafficHistory::changed);
        feed.history.setMeasure(Measure::Network);
        QCOMPARE(changed.count(), 1);
        const auto seconds = feed.history.seconds();
        QCOMPARE(measuredSeconds(seconds), 4);
        QVERIFY(isNear(rxSum(seconds), 8 * packetBytes));
        QVERIFY(isNear(seconds.last().txBytesPerSecond, packetBytes));
        QVERIFY(isNear(feed.history.rxBytesPerSecond().value(), 2 * packetBytes));
        QCOMPARE(feed.history.rxBytesTotal().value(), 8 * packetBytes);
        QCOMPARE(feed.history.txBytesTotal().value(), 4 * packetBytes);
        QCOMPARE(feed.history.total()->rxPackets, 8U);
        feed.history.setMeasure(Measure::Payload);
        QCOMPARE(feed.history.rxBytesPerSecond(), payloadRate);
        QVERIFY(isNear(rxSum(feed.history.seconds()), 4000));
        QCOMPARE(feed.history.rxBytesTotal().value(), 4000U);
    }

    void scopeChangeMakesNoSpike()
    {
        Feed feed(1000 * second);
        feed.push(1001 * second, 1000);
        feed.script.program(2, u"theirs"_s);
        feed.script.move(2, 2, 0, 900'000'000, 0);
        feed.history.apply(feed.book, feed.book.apply(feed.script.snapshot(1002 * second)));
        QVERIFY(isNear(rxSum(feed.history.seconds()), 1000));
        QVERIFY(feed.history.rxBytesPerSecond().value() < 1000);
    }
};

QTEST_APPLESS_MAIN(TestTrafficHistory)
#include "tst_traffichistory.moc"
