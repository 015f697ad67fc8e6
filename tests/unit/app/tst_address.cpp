// SPDX-License-Identifier: MIT
#include "address.h"

#include <QSet>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

class TestAddress : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void roundTrip_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("v4") << u"192.0.2.1"_s << QByteArray::fromHex("c0000201");
        QTest::newRow("v4 zero") << u"0.0.0.0"_s << QByteArray(4, '\0');
        QTest::newRow("v6") << u"2001:db8::1"_s << QByteArray::fromHex("20010db8000000000000000000000001");
        QTest::newRow("v6 loopback") << u"::1"_s << QByteArray::fromHex("00000000000000000000000000000001");
    }

    void roundTrip()
    {
        QFETCH(QString, text);
        QFETCH(QByteArray, bytes);
        const Address address = Address::fromString(text);
        QVERIFY(address.isKnown());
        QCOMPARE(address.toBytes(), bytes);
        QCOMPARE(Address::fromBytes(bytes), address);
        QCOMPARE(address.toString(), text);
        QCOMPARE(address.isV4(), bytes.size() == 4);
    }

    void mappedIsV4()
    {
        QCOMPARE(Address::fromBytes(QByteArray::fromHex("00000000000000000000ffffc0000201")),
                 Address::fromString(u"192.0.2.1"_s));
    }

    void unknown_data()
    {
        QTest::addColumn<QString>("text");
        for (const char *text :
             {"", "1.2.3", "256.0.0.1", "2001:db8::g", "fe80::1%eth0", " 1.2.3.4", "host", "::"})
            QTest::newRow(text) << QString::fromLatin1(text);
        QTest::newRow("beyond Latin-1") << u"1.2.3.4\u0661"_s;
        QTest::newRow("NUL inside") << QString::fromLatin1(QByteArray("1.2.3.4\0x", 9));
    }

    void unknown()
    {
        QFETCH(QString, text);
        const Address address = Address::fromString(text);
        QVERIFY(!address.isKnown());
        QCOMPARE(address.toString(), QString());
        QCOMPARE(address.toBytes(), QByteArray());
        QVERIFY(!address.isV4());
        for (const int length : {1, 3, 5, 15, 17})
            QVERIFY(!Address::fromBytes(QByteArray(length, 'x')).isKnown());
    }

    void loopback()
    {
        QVERIFY(Address::fromString(u"127.1.2.3"_s).isLoopback());
        QVERIFY(Address::fromString(u"::1"_s).isLoopback());
        QVERIFY(!Address::fromString(u"128.0.0.1"_s).isLoopback());
        QVERIFY(!Address().isLoopback());
    }

    void hashesAndOrders()
    {
        const QSet<Address> set = {Address::fromString(u"10.0.0.1"_s), Address::fromString(u"10.0.0.1"_s),
                                   Address::fromString(u"10.0.0.2"_s), Address()};
        QCOMPARE(set.size(), 3);
        QVERIFY(Address::fromString(u"10.0.0.1"_s) < Address::fromString(u"10.0.0.2"_s));
    }
};

QTEST_APPLESS_MAIN(TestAddress)
#include "tst_address.moc"
