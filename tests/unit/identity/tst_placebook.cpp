// SPDX-License-Identifier: MIT
#include "mmdbwriter.h"
#include "placebook.h"

#include <QLocale>
#include <QRandomGenerator>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

MmdbWriter countries()
{
    MmdbWriter writer(u"GeoLite2-Country"_s);
    writer.add(u"192.0.2.0/24"_s,
               countryRecord(u"DE"_s, {{u"de"_s, u"Deutschland"_s}, {u"en"_s, u"Germany"_s}}));
    // A part of it is elsewhere.
    writer.add(u"192.0.2.128/25"_s, countryRecord(u"AT"_s, {{u"en"_s, u"Austria"_s}}));
    writer.add(u"2001:db8::/32"_s,
               countryRecord(u"BR"_s, {{u"pt-BR"_s, u"Brasil"_s}, {u"en"_s, u"Brazil"_s}}));
    writer.add(u"198.51.100.0/24"_s, countryRecord(u"CH"_s, {}));
    writer.add(u"203.0.113.0/25"_s, countryRecord(u"x1"_s, {{u"en"_s, u"Nowhere"_s}}));
    writer.add(u"203.0.113.128/25"_s, {{u"country"_s, u"not a map"_s}});
    return writer;
}

MmdbWriter networks()
{
    MmdbWriter writer(u"DBIP-ASN-Lite (compat=GeoLite2-ASN)"_s);
    writer.add(u"192.0.2.0/24"_s, networkRecord(64496, u"Example Net"_s));
    writer.add(u"2001:db8::/32"_s, networkRecord(64497, u"Evil\u202e\n Net"_s));
    writer.add(u"198.51.100.0/24"_s, networkRecord(64498, {}));
    return writer;
}

PlaceBook::Place placeOf(PlaceBook &book, const QString &address)
{
    return book.placeOf(Address::fromString(address));
}

} // namespace

class TestPlaceBook : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { QLocale::setDefault(QLocale(QLocale::German, QLocale::Germany)); }

    void withoutFilesNothingIsKnown()
    {
        const QTemporaryDir folder;
        PlaceBook book({folder.path(), folder.filePath(u"missing"_s)});
        QVERIFY(!book.refresh());
        QVERIFY(!book.hasCountries());
        QVERIFY(!book.hasNetworks());
        QCOMPARE(book.problem(), QString());
        QCOMPARE(placeOf(book, u"192.0.2.1"_s), PlaceBook::Place());
    }

    void tellsCountryAndNetwork_data()
    {
        QTest::addColumn<int>("recordBits");
        for (const int bits : {24, 28, 32})
            QTest::addRow("%d bits", bits) << bits;
    }

    void tellsCountryAndNetwork()
    {
        QFETCH(int, recordBits);
        const QTemporaryDir folder;
        countries().write(folder.filePath(u"GeoLite2-Country.mmdb"_s), recordBits);
        networks().write(folder.filePath(u"dbip-asn-lite-2026-11.mmdb"_s), recordBits);
        PlaceBook book({folder.path()});
        QVERIFY(book.refresh());
        QCOMPARE(book.problem(), QString());
        QVERIFY(book.hasCountries());
        QVERIFY(book.hasNetworks());

        const PlaceBook::Place place = placeOf(book, u"192.0.2.1"_s);
        QCOMPARE(place.countryCode, u"DE"_s);
        QCOMPARE(place.country, u"Deutschland"_s);
        QCOMPARE(place.networkNumber, 64496U);
        QCOMPARE(place.networkText(), u"Example Net (AS64496)"_s);
        QCOMPARE(placeOf(book, u"192.0.2.127"_s).countryCode, u"DE"_s);
        QCOMPARE(placeOf(book, u"192.0.2.128"_s).countryCode, u"AT"_s);
        QCOMPARE(placeOf(book, u"192.0.2.128"_s).country, u"Austria"_s);
        QCOMPARE(placeOf(book, u"2001:db8:ffff::1"_s).countryCode, u"BR"_s);
        QCOMPARE(placeOf(book, u"2001:db8:ffff::1"_s).country, u"Brazil"_s);
        QCOMPARE(placeOf(book, u"2001:db8:ffff::1"_s).network, u"Evil Net"_s);
        // Without a name in the file.
        QCOMPARE(placeOf(book, u"198.51.100.7"_s).country, u"Switzerland"_s);
        QCOMPARE(placeOf(book, u"198.51.100.7"_s).networkText(), u"AS64498"_s);
        // What is no code, or of another form, is not known; so is what is not in the file.
        for (const QString &address : {u"203.0.113.1"_s, u"203.0.113.200"_s, u"192.0.3.1"_s, u"2001:db9::1"_s,
                                       u"127.0.0.1"_s, u"::1"_s})
            QCOMPARE(placeOf(book, address), PlaceBook::Place());
        QCOMPARE(book.placeOf(Address()), PlaceBook::Place());
        QVERIFY(book.hasCountries());
    }

    void languages()
    {
        const QTemporaryDir folder;
        countries().write(folder.filePath(u"GeoLite2-Country.mmdb"_s));
        PlaceBook book({folder.path()});
        book.refresh();
        QLocale::setDefault(QLocale(QLocale::Portuguese, QLocale::Brazil));
        QCOMPARE(placeOf(book, u"2001:db8::1"_s).country, u"Brasil"_s);
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).country, u"Germany"_s);
        QLocale::setDefault(QLocale::c());
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).country, u"Germany"_s);
    }

    void fileOfIPv4AloneKnowsNoIPv6()
    {
        const QTemporaryDir folder;
        MmdbWriter writer(u"GeoLite2-Country"_s, 4);
        writer.add(u"192.0.2.0/24"_s, countryRecord(u"DE"_s, {}));
        writer.write(folder.filePath(u"GeoLite2-Country.mmdb"_s));
        PlaceBook book({folder.path()});
        book.refresh();
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"DE"_s);
        QCOMPARE(placeOf(book, u"2001:db8::1"_s), PlaceBook::Place());
        QVERIFY(book.hasCountries());
    }

    void chosenFilesComeFirst()
    {
        const QTemporaryDir folder;
        countries().write(folder.filePath(u"GeoLite2-Country.mmdb"_s));
        networks().write(folder.filePath(u"GeoLite2-ASN.mmdb"_s));
        MmdbWriter other(u"DBIP-City-Lite"_s);
        other.add(u"192.0.2.0/24"_s, countryRecord(u"FR"_s, {}));
        other.write(folder.filePath(u"mine.bin"_s));
        PlaceBook book({folder.path()});
        book.setFiles({folder.filePath(u"mine.bin"_s)});
        QVERIFY(book.refresh());
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"FR"_s);
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).networkNumber, 64496U);
        book.setFiles({});
        QVERIFY(book.refresh());
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"DE"_s);
        // Countries alone are a tenth of what cities take.
        QVERIFY(QFile::copy(folder.filePath(u"mine.bin"_s), folder.filePath(u"GeoLite2-City.mmdb"_s)));
        book.refresh();
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"DE"_s);
    }

    void replacedFileIsReadAnew()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(u"GeoLite2-Country.mmdb"_s);
        countries().write(path);
        PlaceBook book({folder.path()});
        QVERIFY(book.refresh());
        QVERIFY(!book.refresh());
        const quint64 generation = book.generation();

        MmdbWriter other(u"GeoLite2-Country"_s);
        other.add(u"192.0.2.0/24"_s, countryRecord(u"FR"_s, {}));
        other.write(folder.filePath(u"new"_s));
        QCOMPARE(::rename(qPrintable(folder.filePath(u"new"_s)), qPrintable(path)), 0);
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"DE"_s);
        QVERIFY(book.refresh());
        QVERIFY(book.generation() > generation);
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"FR"_s);

        // Written to in place, as by cp: what was read is still ours to ask.
        QVERIFY(QFile::resize(path, 0));
        QCOMPARE(placeOf(book, u"192.0.2.1"_s).countryCode, u"FR"_s);
        QVERIFY(book.refresh());
        QVERIFY(!book.hasCountries());
        QVERIFY2(book.problem().contains(path), qPrintable(book.problem()));

        QVERIFY(QFile::remove(path));
        QVERIFY(book.refresh());
        QCOMPARE(book.problem(), QString());
        QVERIFY(!book.refresh());
    }

    void whatIsNoFileOfThatKindIsSaid()
    {
        const QTemporaryDir folder;
        PlaceBook book{QStringList()};
        const auto problemOf = [&](const QString &path) {
            book.setFiles({path});
            book.refresh();
            return book.problem();
        };
        QVERIFY(problemOf(folder.filePath(u"missing.mmdb"_s)).contains(u"cannot be read"_s));
        QVERIFY(problemOf(folder.path()).contains(u"is no file"_s));
        MmdbWriter(u"GeoIP2-Anonymous-IP"_s).write(folder.filePath(u"other.mmdb"_s));
        QVERIFY(problemOf(folder.filePath(u"other.mmdb"_s)).contains(u"GeoIP2-Anonymous-IP"_s));
        QFile text(folder.filePath(u"text.mmdb"_s));
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("not at all");
        text.close();
        QVERIFY(problemOf(text.fileName()).contains(u"is damaged"_s));
        QVERIFY(!book.hasCountries());
        // One that is good beside one that is not.
        countries().write(folder.filePath(u"good.mmdb"_s));
        book.setFiles({text.fileName(), folder.filePath(u"good.mmdb"_s)});
        book.refresh();
        QVERIFY(book.hasCountries());
        QVERIFY(!book.problem().isEmpty());
    }

    /// Cut at many places, and with bytes taken out of the middle: said to be damaged, or less is known;
    /// never more than is in it, and no crash.
    void damagedFiles()
    {
        const QTemporaryDir folder;
        const QByteArray whole = countries().bytes();
        const QString path = folder.filePath(u"cut.mmdb"_s);
        int refused = 0;
        const auto tryWith = [&](const QByteArray &bytes) {
            QFile file(path);
            QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
            QCOMPARE(file.write(bytes), bytes.size());
            file.close();
            PlaceBook book{QStringList()};
            book.setFiles({path});
            book.refresh();
            for (const QString &address : {u"192.0.2.1"_s, u"192.0.2.200"_s, u"2001:db8::1"_s,
                                           u"203.0.113.1"_s, u"255.255.255.255"_s, u"ffff::"_s}) {
                const QString code = placeOf(book, address).countryCode;
                QVERIFY(code.isEmpty() || code.size() == 2);
            }
            QCOMPARE(book.hasCountries(), book.problem().isEmpty());
            refused += book.hasCountries() ? 0 : 1;
        };
        for (qsizetype size = 0; size < whole.size(); size += 3)
            tryWith(whole.first(size));
        QVERIFY(refused > whole.size() / 3 * 9 / 10);
        const qsizetype dataEnd = whole.indexOf("\xab\xcd\xef"
                                                "MaxMind.com");
        for (qsizetype at = 0; at + 40 < dataEnd; at += 23) {
            QByteArray bytes = whole;
            tryWith(bytes.remove(at, 1 + at % 40));
        }
        QRandomGenerator random(5);
        for (int round = 0; round < 300; ++round) {
            QByteArray bytes = whole;
            for (int flips = 1 + round % 9; flips > 0; --flips)
                bytes[random.bounded(bytes.size())] = char(random.bounded(256));
            tryWith(bytes);
        }
    }
};

QTEST_GUILESS_MAIN(TestPlaceBook)
#include "tst_placebook.moc"
