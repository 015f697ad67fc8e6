// SPDX-License-Identifier: MIT
#include "units.h"

#include <QTest>

#include <limits>
#include <unistd.h>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

/// The unit stands behind a no-break space, which is hard to read in a table.
QString plain(QString text)
{
    return text.replace(QChar::Nbsp, u' ');
}

} // namespace

class TestUnits : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void bytes_data()
    {
        QTest::addColumn<quint64>("bytes");
        QTest::addColumn<QString>("iec");
        QTest::addColumn<QString>("si");
        const auto row = [](quint64 bytes, const QString &iec, const QString &si) {
            QTest::addRow("%llu", static_cast<unsigned long long>(bytes)) << bytes << iec << si;
        };
        row(0, u"0 B"_s, u"0 B"_s);
        row(1, u"1 B"_s, u"1 B"_s);
        row(999, u"999 B"_s, u"999 B"_s);
        row(1000, u"0.98 KiB"_s, u"1.00 kB"_s);
        row(1023, u"1.00 KiB"_s, u"1.02 kB"_s);
        row(1024, u"1.00 KiB"_s, u"1.02 kB"_s);
        row(1536, u"1.50 KiB"_s, u"1.54 kB"_s);
        row(10234, u"9.99 KiB"_s, u"10.2 kB"_s);
        row(10239, u"10.0 KiB"_s, u"10.2 kB"_s);
        row(102390, u"100 KiB"_s, u"102 kB"_s);
        row(999499, u"976 KiB"_s, u"999 kB"_s);
        row(999500, u"976 KiB"_s, u"1.00 MB"_s);
        row(20 * 1024 * 1024, u"20.0 MiB"_s, u"21.0 MB"_s);
        row(5'000'000'000, u"4.66 GiB"_s, u"5.00 GB"_s);
        row(std::numeric_limits<quint64>::max(), u"16.0 EiB"_s, u"18.4 EB"_s);
    }

    void bytes()
    {
        QFETCH(quint64, bytes);
        QFETCH(QString, iec);
        QFETCH(QString, si);
        QCOMPARE(plain(formatBytes(bytes, UnitBase::Iec)), iec);
        QCOMPARE(plain(formatBytes(bytes, UnitBase::Si)), si);
    }

    void figureIsNeverWiderThanFourCharacters()
    {
        for (double bytes = 1; bytes < 1e19; bytes *= 1.003) {
            for (const UnitBase base : {UnitBase::Iec, UnitBase::Si}) {
                const QString text = plain(formatBytes(static_cast<quint64>(bytes), base));
                QVERIFY2(text.indexOf(u' ') <= 4, qPrintable(text));
            }
        }
    }

    void rates()
    {
        QCOMPARE(plain(formatRate(1500)), u"1.46 KiB/s"_s);
        QCOMPARE(plain(formatRate(1500, {UnitBase::Si, RateUnit::Bytes})), u"1.50 kB/s"_s);
        QCOMPARE(plain(formatRate(1500, {UnitBase::Si, RateUnit::Bits})), u"12.0 kbit/s"_s);
        QCOMPARE(plain(formatRate(1500, {UnitBase::Iec, RateUnit::Bits})), u"11.7 Kibit/s"_s);
        QCOMPARE(plain(formatRate(0.0)), u"0 B/s"_s);
        QCOMPARE(plain(formatRate(12.4)), u"12 B/s"_s);
    }

    void unknownIsADashAndNeverZero()
    {
        QCOMPARE(formatRate(std::nullopt), u"–"_s);
        QCOMPARE(formatRate(std::numeric_limits<double>::quiet_NaN()), u"–"_s);
        QCOMPARE(formatRate(std::numeric_limits<double>::infinity()), u"–"_s);
        QCOMPARE(formatRate(-1), u"–"_s);
        QCOMPARE(formatDuration(-1), u"–"_s);
        QCOMPARE(protocolName(0), u"–"_s);
    }

    void localised()
    {
        QLocale::setDefault(QLocale(QLocale::German, QLocale::Germany));
        QCOMPARE(plain(formatBytes(1536)), u"1,50 KiB"_s);
        QLocale::setDefault(QLocale::c());
    }

    void durations()
    {
        QCOMPARE(formatDuration(0), u"0 ms"_s);
        QCOMPARE(formatDuration(999), u"999 ms"_s);
        QCOMPARE(formatDuration(1000), u"1 s"_s);
        QCOMPARE(formatDuration(59'999), u"59 s"_s);
        QCOMPARE(formatDuration(185'000), u"3 min 05 s"_s);
        QCOMPARE(formatDuration(7'500'000), u"2 h 05 min"_s);
        QCOMPARE(formatDuration(273'600'000), u"3 d 04 h"_s);
    }

    void protocols()
    {
        QCOMPARE(protocolName(6), u"TCP"_s);
        QCOMPARE(protocolName(17), u"UDP"_s);
        QCOMPARE(protocolName(1), u"ICMP"_s);
        QCOMPARE(protocolName(58), u"ICMPv6"_s);
        QCOMPARE(protocolName(132), u"SCTP"_s);
        QCOMPARE(protocolName(136), u"UDP-Lite"_s);
        QCOMPARE(protocolName(47), u"protocol 47"_s);
    }

    void users()
    {
        QCOMPARE(userName(0), u"root"_s);
        QCOMPARE(userName(0), u"root"_s);
        QCOMPARE(userName(4'000'000'001U), u"4000000001"_s);
    }
};

QTEST_APPLESS_MAIN(TestUnits)
#include "tst_units.moc"
