// SPDX-License-Identifier: MIT
#include "rate.h"

#include <QRandomGenerator>
#include <QTest>

#include <cmath>

using namespace Nettally;

namespace {

constexpr quint64 ms = 1'000'000;

/// Sums of many rounded products; the figures are far larger.
constexpr double roundingError = 1e-6;

bool isNear(double a, double b, double relative)
{
    return std::abs(a - b) <= relative * std::max(std::abs(a), std::abs(b));
}

} // namespace

class TestRate : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void firstReadingIsUnknown()
    {
        RateMeter meter;
        QVERIFY(!meter.bytesPerSecond());
        meter.push(5'000'000, 1000 * ms);
        QVERIFY(!meter.bytesPerSecond());
        QVERIFY(!meter.isSilent());
        meter.push(5'000'000, 2000 * ms);
        QCOMPARE(meter.bytesPerSecond().value(), 0.0);
        QVERIFY(meter.isSilent());
    }

    void firstIntervalCountsWhole()
    {
        RateMeter meter;
        meter.push(700, 1000 * ms);
        meter.push(1700, 1500 * ms);
        QVERIFY(isNear(meter.bytesPerSecond().value(), 2000, roundingError));
    }

    /// 1 MB/s read at any times is 1 MB/s at all of them.
    void steadyFlowIsSteadyAtIrregularIntervals()
    {
        QRandomGenerator random(7);
        RateMeter meter;
        quint64 timeMs = 1000;
        meter.push(timeMs * 1000, timeMs * ms);
        for (int reading = 0; reading < 500; ++reading) {
            timeMs += random.bounded(1, 5000);
            meter.push(timeMs * 1000, timeMs * ms);
            QVERIFY(isNear(meter.bytesPerSecond().value(), 1e6, roundingError));
        }
    }

    /// The same bytes at the same times, read ten times as often: the same rate at common moments, and so
    /// no jump when the interval changes.
    void intervalChangeMakesNoJump()
    {
        const auto totalAt = [](quint64 timeMs) {
            return timeMs < 20'000 ? timeMs * 100 : 2'000'000 + (timeMs - 20'000) * 4000;
        };
        RateMeter fine;
        RateMeter changing;
        fine.push(totalAt(0), 1);
        changing.push(totalAt(0), 1);
        for (quint64 timeMs = 100; timeMs <= 40'000; timeMs += 100) {
            fine.push(totalAt(timeMs), timeMs * ms);
            const quint64 interval = timeMs <= 10'000 ? 1000 : timeMs <= 25'000 ? 100 : 5000;
            if (timeMs % interval != 0)
                continue;
            changing.push(totalAt(timeMs), timeMs * ms);
            QVERIFY2(isNear(fine.bytesPerSecond().value(), changing.bytesPerSecond().value(), roundingError),
                     qPrintable(QString::number(timeMs)));
        }
    }

    void stepIsReachedWithTheTimeConstant()
    {
        RateMeter meter;
        meter.beginSilent(0, 1000 * ms);
        QCOMPARE(meter.bytesPerSecond().value(), 0.0);
        for (quint64 second = 1; second <= 3; ++second)
            meter.push(second * 1'000'000, (1000 + second * 1000) * ms);
        QVERIFY(isNear(meter.bytesPerSecond().value(), 1e6 * (1 - std::exp(-1.0)), roundingError));
    }

    void decaysToExactlyZero()
    {
        RateMeter meter;
        meter.push(0, 1000 * ms);
        meter.push(1'000'000'000, 2000 * ms);
        double before = meter.bytesPerSecond().value();
        quint64 timeMs = 2000;
        while (!meter.isSilent()) {
            timeMs += 500;
            QVERIFY2(timeMs <= 2000 + 12'000, "still not silent");
            meter.push(1'000'000'000, timeMs * ms);
            QVERIFY(meter.bytesPerSecond().value() < before);
            before = meter.bytesPerSecond().value();
        }
        QCOMPARE(meter.bytesPerSecond().value(), 0.0);
        // Silence is remembered as true time: a byte an hour later is not spread over the hour.
        meter.push(1'000'000'000, (timeMs + 3'600'000) * ms);
        meter.push(1'001'000'000, (timeMs + 3'601'000) * ms);
        QVERIFY(isNear(meter.bytesPerSecond().value(), 1e6 * (1 - std::exp(-1.0 / 3)), roundingError));
    }

    void readingThatIsNotLaterWaits()
    {
        RateMeter meter;
        meter.push(0, 1000 * ms);
        meter.push(1000, 2000 * ms);
        meter.push(3000, 2000 * ms);
        meter.push(3000, 1500 * ms);
        QVERIFY(isNear(meter.bytesPerSecond().value(), 1000, roundingError));
        meter.push(5000, 4000 * ms);
        const double expected =
            (1000 * (1 - std::exp(-1.0 / 3)) * std::exp(-2.0 / 3) + 2000 * (1 - std::exp(-2.0 / 3)))
            / (1 - std::exp(-1.0));
        QVERIFY(isNear(meter.bytesPerSecond().value(), expected, roundingError));
    }

    void lowerTotalBeginsAnew()
    {
        RateMeter meter;
        meter.push(5000, 1000 * ms);
        meter.push(6000, 2000 * ms);
        meter.push(10, 3000 * ms);
        QVERIFY(!meter.bytesPerSecond());
    }

    void skippedBytesShowInNoRate()
    {
        RateMeter meter;
        meter.beginSilent(0, 1000 * ms);
        meter.skip(1'000'000);
        meter.push(1'000'000, 2000 * ms);
        QCOMPARE(meter.bytesPerSecond().value(), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestRate)
#include "tst_rate.moc"
