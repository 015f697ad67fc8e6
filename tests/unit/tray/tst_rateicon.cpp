// SPDX-License-Identifier: MIT
#include "palette.h"
#include "rateicon.h"

#include <QGuiApplication>
#include <QImage>
#include <QTest>

#include <limits>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

int countOf(const QImage &image, const QColor &colour)
{
    int count = 0;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x)
            count += image.pixelColor(x, y) == colour;
    }
    return count;
}

QImage imageOf(const RatePicture &picture, int size)
{
    return rateIcon(picture).pixmap(QSize(size, size), 1.0).toImage();
}

} // namespace

class RateIconTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void barsAreLogarithmic_data();
    void barsAreLogarithmic();
    void figuresAreShort_data();
    void figuresAreShort();
    void equalRatesMakeEqualPictures();
    void barsGrowWithTheRate();
    void unknownIsNotZero();
    void everySizeIsPainted();
};

void RateIconTest::barsAreLogarithmic_data()
{
    QTest::addColumn<double>("bytesPerSecond");
    QTest::addColumn<int>("step");
    QTest::newRow("nothing") << 0.0 << 0;
    QTest::newRow("a little") << 999.0 << 0;
    QTest::newRow("1 kB") << 1000.0 << 1;
    QTest::newRow("3 kB") << 3000.0 << 1;
    QTest::newRow("4 kB") << 4000.0 << 2;
    QTest::newRow("1 MB") << 1e6 << 7;
    QTest::newRow("100 MB") << 1e8 << 11;
    QTest::newRow("1 GB") << 1e9 << barSteps;
    QTest::newRow("more") << 1e12 << barSteps;
}

void RateIconTest::barsAreLogarithmic()
{
    QFETCH(double, bytesPerSecond);
    QTEST(*barStep(bytesPerSecond), "step");
}

void RateIconTest::figuresAreShort_data()
{
    QTest::addColumn<double>("bytesPerSecond");
    QTest::addColumn<UnitBase>("base");
    QTest::addColumn<RateUnit>("unit");
    QTest::addColumn<QString>("text");
    QTest::newRow("0") << 0.0 << UnitBase::Si << RateUnit::Bytes << u"0"_s;
    QTest::newRow("999") << 999.4 << UnitBase::Si << RateUnit::Bytes << u"999"_s;
    QTest::newRow("1000") << 999.6 << UnitBase::Si << RateUnit::Bytes << u"1.0K"_s;
    QTest::newRow("9.9K") << 9940.0 << UnitBase::Si << RateUnit::Bytes << u"9.9K"_s;
    QTest::newRow("10K") << 9960.0 << UnitBase::Si << RateUnit::Bytes << u"10K"_s;
    QTest::newRow("binary") << 1023.0 << UnitBase::Iec << RateUnit::Bytes << u"1.0K"_s;
    QTest::newRow("34M") << 34.0 * 1024 * 1024 << UnitBase::Iec << RateUnit::Bytes << u"34M"_s;
    QTest::newRow("bits") << 125000.0 << UnitBase::Si << RateUnit::Bits << u"1.0M"_s;
    QTest::newRow("below zero") << -1.0 << UnitBase::Si << RateUnit::Bytes << u"–"_s;
    QTest::newRow("infinite") << std::numeric_limits<double>::infinity() << UnitBase::Si << RateUnit::Bytes
                              << u"–"_s;
}

void RateIconTest::figuresAreShort()
{
    QFETCH(double, bytesPerSecond);
    QFETCH(UnitBase, base);
    QFETCH(RateUnit, unit);
    const QString text = shortRate(bytesPerSecond, {base, unit});
    QTEST(text, "text");
    QVERIFY(text.size() <= 4);
}

/// So that a panel is told of a new picture only when there is one.
void RateIconTest::equalRatesMakeEqualPictures()
{
    QCOMPARE(ratePicture(TrayStyle::Bars, 5000, 0, {}), ratePicture(TrayStyle::Bars, 6000, 10, {}));
    QVERIFY(ratePicture(TrayStyle::Bars, 5000, 0, {}) != ratePicture(TrayStyle::Bars, 50000, 0, {}));
    QCOMPARE(ratePicture(TrayStyle::Figures, 5000, 0, {}), ratePicture(TrayStyle::Figures, 5001, 0, {}));
    QVERIFY(ratePicture(TrayStyle::Figures, 5000, 0, {}) != ratePicture(TrayStyle::Figures, 6000, 0, {}));
}

void RateIconTest::barsGrowWithTheRate()
{
    const Colours colours = coloursFor(darkPalette());
    for (const int size : {16, 22, 48}) {
        int before = -1;
        for (double rate = 100; rate < 1e10; rate *= 10) {
            const QImage image = imageOf(ratePicture(TrayStyle::Bars, rate, 0, {}), size);
            const int filled = countOf(image, colours.receive.line);
            QVERIFY2(filled > before || (rate > 1e9 && filled == before),
                     qPrintable(u"%1 px, %2"_s.arg(size).arg(rate)));
            QCOMPARE(countOf(image, colours.send.line), 0);
            before = filled;
        }
    }
}

void RateIconTest::unknownIsNotZero()
{
    for (const TrayStyle style : {TrayStyle::Bars, TrayStyle::Figures})
        QVERIFY(imageOf(ratePicture(style, std::nullopt, std::nullopt, {}), 22)
                != imageOf(ratePicture(style, 0, 0, {}), 22));
}

void RateIconTest::everySizeIsPainted()
{
    for (const TrayStyle style : {TrayStyle::Bars, TrayStyle::Figures}) {
        const QIcon icon = rateIcon(ratePicture(style, 1.2e6, 34e3, {}));
        for (const int size : {16, 22, 24, 32, 44, 48, 64}) {
            const QImage image = icon.pixmap(QSize(size, size), 1.0).toImage();
            QCOMPARE(image.size(), QSize(size, size));
            QVERIFY(image.pixelColor(size / 2, 1).alpha() > 200);
        }
    }
}

QTEST_MAIN(RateIconTest)
#include "tst_rateicon.moc"
