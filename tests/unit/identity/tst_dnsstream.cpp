// SPDX-License-Identifier: MIT
#include "dnsstream.h"

#include "dnsmessage.h"
#include "messagebuilder.h"

#include <QFile>
#include <QTest>

using namespace Nettally;
using namespace Build;

namespace {

constexpr quint32 first = 1000;

QByteArray message(char filling, int size)
{
    return QByteArray(size, filling);
}

QByteArray framed(const QByteArray &message)
{
    return be16(static_cast<int>(message.size())) + message;
}

} // namespace

class DnsStreamTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsRealConnection();
    void doesNotDependOnSegments();
    void takesLongestMessage();
    void passesOverRepetitions();
    void countsBeyondTheCircle();
    void dropsAfterGap();
    void dropsOnImpossibleLength_data();
    void dropsOnImpossibleLength();
};

void DnsStreamTest::readsRealConnection()
{
    QFile file(QStringLiteral(NETTALLY_DNS_DATA "/dnsmasq-pipelined.tcp"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QStringList names;
    DnsStream stream(first);
    for (const QByteArray &bytes : stream.take(first, file.readAll())) {
        const auto answer = DnsMessage::parse(bytes);
        QVERIFY(answer);
        QVERIFY(!answer->addresses.isEmpty());
        names += answer->name;
    }
    QCOMPARE(names, QStringList({QStringLiteral("www.shop.test"), QStringLiteral("shop.test")}));
}

void DnsStreamTest::doesNotDependOnSegments()
{
    const QList<QByteArray> sent = {message('a', 12), message('b', 300), message('c', 13)};
    QByteArray bytes;
    for (const QByteArray &one : sent)
        bytes += framed(one);
    for (qsizetype size = 1; size <= bytes.size(); ++size) {
        DnsStream stream(first);
        QList<QByteArray> received;
        for (qsizetype at = 0; at < bytes.size(); at += size)
            received += stream.take(first + static_cast<quint32>(at), bytes.mid(at, size));
        QCOMPARE(received, sent);
        QVERIFY(!stream.isDropped());
    }
}

void DnsStreamTest::takesLongestMessage()
{
    const QByteArray longest = message('x', 65535);
    const QByteArray bytes = framed(longest);
    DnsStream stream(first);
    QVERIFY(stream.take(first, bytes.chopped(1)).isEmpty());
    QCOMPARE(stream.take(first + 65536, bytes.last(1) + framed(message('y', 12))),
             QList<QByteArray>({longest, message('y', 12)}));
}

void DnsStreamTest::passesOverRepetitions()
{
    const QByteArray bytes = framed(message('a', 20)) + framed(message('b', 20));
    DnsStream stream(first);
    QVERIFY(stream.take(first, bytes.first(10)).isEmpty());
    QVERIFY(stream.take(first, bytes.first(10)).isEmpty()); // the same
    QVERIFY(stream.take(first + 3, bytes.sliced(3, 4)).isEmpty()); // part of it
    QVERIFY(stream.take(first - 5, QByteArray(5, 'z')).isEmpty()); // from before
    QCOMPARE(stream.take(first + 8, bytes.sliced(8, 16)), QList<QByteArray>({message('a', 20)}));
    QCOMPARE(stream.take(first, bytes), QList<QByteArray>({message('b', 20)}));
    QVERIFY(stream.take(first + 44, {}).isEmpty());
    QVERIFY(!stream.isDropped());
}

void DnsStreamTest::countsBeyondTheCircle()
{
    const quint32 nearEnd = 0xfffffffa;
    const QByteArray bytes = framed(message('a', 20));
    DnsStream stream(nearEnd);
    QVERIFY(stream.take(nearEnd, bytes.first(10)).isEmpty());
    QCOMPARE(stream.take(4, bytes.sliced(10)), QList<QByteArray>({message('a', 20)}));
}

void DnsStreamTest::dropsAfterGap()
{
    const QByteArray bytes = framed(message('a', 20));
    DnsStream stream(first);
    QVERIFY(stream.take(first, bytes.first(10)).isEmpty());
    QVERIFY(stream.take(first + 11, bytes.sliced(11)).isEmpty());
    QVERIFY(stream.isDropped());
    QVERIFY(stream.take(first + 10, bytes.sliced(10)).isEmpty());
    QVERIFY(stream.isDropped());
}

void DnsStreamTest::dropsOnImpossibleLength_data()
{
    QTest::addColumn<int>("length");
    QTest::newRow("none") << 0;
    QTest::newRow("less than a header") << 11;
}

void DnsStreamTest::dropsOnImpossibleLength()
{
    QFETCH(int, length);
    DnsStream stream(first);
    const QList<QByteArray> received =
        stream.take(first, framed(message('a', 12)) + be16(length) + framed(message('b', 12)));
    QCOMPARE(received, QList<QByteArray>({message('a', 12)})); // what was whole before
    QVERIFY(stream.isDropped());
}

QTEST_APPLESS_MAIN(DnsStreamTest)
#include "tst_dnsstream.moc"
