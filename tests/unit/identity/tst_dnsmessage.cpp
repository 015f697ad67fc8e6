// SPDX-License-Identifier: MIT
#include "dnsmessage.h"

#include "messagebuilder.h"

#include <QFile>
#include <QTest>

#include <vector>

using namespace Nettally;
using namespace Build;

namespace {

using Parsed = std::optional<DnsMessage>;

/// From memory of exactly that size, so that a sanitizer sees every byte read beyond.
Parsed parseExactly(const QByteArray &bytes)
{
    const std::vector<char> exact(bytes.cbegin(), bytes.cend());
    return DnsMessage::parse(QByteArrayView(exact.data(), static_cast<qsizetype>(exact.size())));
}

QByteArray captured(const QString &name)
{
    QFile file(QStringLiteral(NETTALLY_DNS_DATA "/") + name);
    if (!file.open(QIODevice::ReadOnly))
        qFatal("cannot read %s", qPrintable(file.fileName()));
    return file.readAll();
}

/// "192.0.2.1 60, 2001:db8::1 30": addresses and their time to live.
QString text(const QList<DnsAddress> &addresses)
{
    QStringList parts;
    for (const DnsAddress &given : addresses)
        parts += given.address.toString() + QLatin1Char(' ') + QString::number(given.ttlSeconds);
    return parts.join(QStringLiteral(", "));
}

QByteArray v4(int last)
{
    return QByteArray::fromHex("c00002") + static_cast<char>(last);
}

QByteArray v6(int last)
{
    return QByteArray::fromHex("20010db80000000000000000000000") + static_cast<char>(last);
}

const QByteArray asked = pointer(questionOffset);

/// An answer to "a.example".
QByteArray answerTo(int answers, const QByteArray &records, int authorities = 0, int additionals = 0)
{
    return header(answers, authorities, additionals) + question(name("a.example")) + records;
}

/// A name of @p size bytes on the wire, 64 to 255.
QByteArray nameOfSize(int size)
{
    QByteArray bytes;
    while (size - bytes.size() > 65)
        bytes += label(QByteArray(63, 'x'));
    const int rest = size - static_cast<int>(bytes.size()) - 1;
    if (rest == 64)
        bytes += label(QByteArray(63, 'x'));
    else
        bytes += label(QByteArray(rest - 1, 'y'));
    return bytes + '\0';
}

/// The address's owner comes to the question's name in that many jumps, each pointer to the one before.
QByteArray jumping(int jumps)
{
    QByteArray pointers = pointer(questionOffset);
    int at = questionOffset + 11 + 4 + 12;
    for (int i = 2; i < jumps; ++i, at += 2)
        pointers += pointer(at);
    return answerTo(2, record(asked, 99, 60, pointers) + record(pointer(at), A, 60, v4(1)));
}

} // namespace

class DnsMessageTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsRealAnswers_data();
    void readsRealAnswers();
    void readsRealAnswerOverTcp();
    void refusesRealErrors();
    void followsChain_data();
    void followsChain();
    void showsNamesSafely_data();
    void showsNamesSafely();
    void refuses_data();
    void refuses();
    void takesNamesUpToTheirLimit();
    void takesWhatIsWhole_data();
    void takesWhatIsWhole();
    void survivesCutAnywhere_data();
    void survivesCutAnywhere();
    void survivesAnyByteChanged_data() { survivesCutAnywhere_data(); }
    void survivesAnyByteChanged();
    void isBounded();
};

void DnsMessageTest::readsRealAnswers_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("addresses");
    const auto row = [](const char *file, const char *name, const char *addresses) {
        QTest::newRow(file) << QString::fromLatin1(file) << QString::fromUtf8(name)
                            << QString::fromLatin1(addresses);
    };
    row("unbound-a.bin", "shop.test", "192.0.2.11 300, 192.0.2.10 300");
    row("nsd-cname-a.bin", "www.shop.test", "198.51.100.7 30, 198.51.100.8 30");
    row("dnsmasq-cname-a.bin", "www.shop.test", "198.51.100.7 30, 198.51.100.8 30");
    row("unbound-cname-aaaa.bin", "www.shop.test", "2001:db8:7::1 30");
    row("unbound-https.bin", "api.shop.test", "203.0.113.5 300, 203.0.113.6 300, 2001:db8:5::5 300");
    row("unbound-https-alias.bin", "app.shop.test", "");
    row("unbound-svcb.bin", "_dns.shop.test", "203.0.113.77 300");
    row("unbound-mx.bin", "shop.test", "");
    row("unbound-truncated.bin", "big.shop.test", "");
    row("unbound-idn.bin", "xn--bcher-kva.shop.test", "192.0.2.33 300"); // Qt trusts no script under .test
    row("unbound-space.bin", "sp\\032ace.shop.test", "192.0.2.34 300");
    row("unbound-blocked.bin", "x.ads.example", "");
    row("dnsmasq-local-cname.bin", "alias.local.test", "192.0.2.200 0");
    row("dnsmasq-local-cname6.bin", "alias.local.test", "2001:db8::200 0");
    row("dnsmasq-blocked.bin", "ads.blocked.test", "");
}

void DnsMessageTest::readsRealAnswers()
{
    QFETCH(QString, file);
    const Parsed message = parseExactly(captured(file));
    QVERIFY(message);
    QTEST(message->name, "name");
    QTEST(text(message->addresses), "addresses");
    QVERIFY(!message->isCut);
}

void DnsMessageTest::readsRealAnswerOverTcp()
{
    const Parsed message = parseExactly(captured(QStringLiteral("unbound-big.tcp")).sliced(2));
    QVERIFY(message);
    QCOMPARE(message->name, QStringLiteral("big.shop.test"));
    QCOMPARE(message->addresses.size(), 200);
    QSet<Address> given;
    for (const DnsAddress &one : message->addresses)
        given.insert(one.address);
    for (int i = 1; i <= 200; ++i)
        QVERIFY(given.contains(Address::fromString(QStringLiteral("10.9.0.%1").arg(i))));
}

void DnsMessageTest::refusesRealErrors()
{
    QVERIFY(!parseExactly(captured(QStringLiteral("unbound-nxdomain.bin"))));
}

void DnsMessageTest::followsChain_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("addresses");
    const QByteArray b = name("b.example");
    const QByteArray c = name("c.example");

    QTest::newRow("no records") << answerTo(0, {}) << QString();
    QTest::newRow("another's record is ignored")
        << answerTo(2, record(b, A, 60, v4(66)) + record(asked, A, 60, v4(1)))
        << QStringLiteral("192.0.2.1 60");
    QTest::newRow("record of the chain's name at another case")
        << answerTo(1, record(name("A.EXAMPLE"), A, 60, v4(1))) << QStringLiteral("192.0.2.1 60");
    QTest::newRow("least time to live")
        << answerTo(3, record(asked, Cname, 20, b) + record(b, Cname, 90, c) + record(c, A, 60, v4(1)))
        << QStringLiteral("192.0.2.1 20");
    QTest::newRow("alias behind its address")
        << answerTo(3, record(c, Aaaa, 60, v6(1)) + record(b, Cname, 60, c) + record(asked, Cname, 60, b))
        << QStringLiteral("2001:db8::1 60");
    QTest::newRow("chain in a circle")
        << answerTo(3, record(asked, Cname, 60, b) + record(b, Cname, 60, asked) + record(b, A, 60, v4(1)))
        << QStringLiteral("192.0.2.1 60");
    QTest::newRow("alias of itself") << answerTo(1, record(asked, Cname, 60, asked)) << QString();
    QTest::newRow("compressed alias")
        << answerTo(2,
                    record(asked, Cname, 60, label("cdn") + pointer(questionOffset + 2))
                        + record(name("cdn.example"), A, 60, v4(1)))
        << QStringLiteral("192.0.2.1 60");
    QTest::newRow("same address twice")
        << answerTo(2, record(asked, A, 60, v4(1)) + record(asked, A, 30, v4(1)))
        << QStringLiteral("192.0.2.1 30");
    QTest::newRow("time to live with its highest bit")
        << answerTo(1, record(asked, A, 0x80000001, v4(1))) << QStringLiteral("192.0.2.1 0");
    QTest::newRow("another class") << answerTo(1, record(asked, A, 60, v4(1), 3)) << QString();
    QTest::newRow("authority section is ignored") << answerTo(0, record(asked, A, 60, v4(1)), 1) << QString();
    QTest::newRow("additional section, of the chain only")
        << answerTo(1,
                    record(asked, Https, 60, be16(1) + b) + record(b, Ns, 60, c) + record(b, A, 40, v4(1))
                        + record(c, A, 60, v4(66)) + record(QByteArray(1, '\0'), Opt, 0, {}, 1232),
                    1, 3)
        << QStringLiteral("192.0.2.1 40");
    QTest::newRow("EDNS with options")
        << answerTo(1,
                    record(asked, A, 60, v4(1))
                        + record(QByteArray(1, '\0'), Opt, 0x8000, parameter(10, "cookie00"), 1232),
                    0, 1)
        << QStringLiteral("192.0.2.1 60");
    QTest::newRow("unspecified addresses") << answerTo(
        2, record(asked, A, 60, QByteArray(4, '\0')) + record(asked, Aaaa, 60, QByteArray(16, '\0')))
                                           << QString();
    QTest::newRow("service hints") << answerTo(1,
                                               record(asked, Https, 60,
                                                      be16(1) + name("") + parameter(1, label("h2"))
                                                          + parameter(4, v4(1) + v4(2))
                                                          + parameter(6, v6(3))))
                                   << QStringLiteral("192.0.2.1 60, 192.0.2.2 60, 2001:db8::3 60");
    QTest::newRow("service's target") << answerTo(
        2, record(asked, Svcb, 60, be16(1) + b + parameter(4, v4(1))) + record(b, Aaaa, 50, v6(2)))
                                      << QStringLiteral("192.0.2.1 60, 2001:db8::2 50");
    QTest::newRow("service in alias form")
        << answerTo(2,
                    record(asked, Https, 60, be16(0) + b)
                        + record(b, Https, 50, be16(1) + name("") + parameter(4, v4(1))))
        << QStringLiteral("192.0.2.1 50");
    QTest::newRow("hints in alias form mean nothing")
        << answerTo(1, record(asked, Https, 60, be16(0) + b + parameter(4, v4(66)))) << QString();
    QTest::newRow("no such service") << answerTo(1, record(asked, Https, 60, be16(0) + name("")))
                                     << QString();
    QTest::newRow("bytes behind the records")
        << answerTo(1, record(asked, A, 60, v4(1)) + record(asked, A, 60, v4(66)))
        << QStringLiteral("192.0.2.1 60");
}

void DnsMessageTest::followsChain()
{
    QFETCH(QByteArray, bytes);
    const Parsed message = parseExactly(bytes);
    QVERIFY(message);
    QCOMPARE(message->name, QStringLiteral("a.example"));
    QTEST(text(message->addresses), "addresses");
    QVERIFY(!message->isCut);
}

void DnsMessageTest::showsNamesSafely_data()
{
    QTest::addColumn<QByteArray>("wireName");
    QTest::addColumn<QString>("shown");
    const auto plain = [](const char *text) { return QString::fromUtf8(text); };
    QTest::newRow("lower case") << name("WWW.Example.ORG") << plain("www.example.org");
    QTest::newRow("root") << name("") << plain(".");
    QTest::newRow("service") << name("_8443._https.example") << plain("_8443._https.example");
    QTest::newRow("control characters")
        << label("a\x1b[2J\n\x7f") + name("b") << plain("a\\027[2j\\010\\127.b");
    QTest::newRow("NUL") << label(QByteArray("a\0b", 3)) + name("c") << plain("a\\000b.c");
    QTest::newRow("space") << label("a b") + '\0' << plain("a\\032b");
    QTest::newRow("dot and backslash") << label("a.b\\c") + '\0' << plain("a\\.b\\\\c");
    QTest::newRow("UTF-8") << label("b\xc3\xbc") + name("de") << plain("b\\195\\188.de");
    QTest::newRow("writing direction turned") << label("a\xe2\x80\xae") + '\0' << plain("a\\226\\128\\174");
    QTest::newRow("internationalized") << name("xn--bcher-kva.de") << plain("bücher.de");
    QTest::newRow("internationalized below") << name("www.XN--bcher-KVA.de") << plain("www.bücher.de");
    QTest::newRow("internationalized, top not trusted")
        << name("xn--bcher-kva.example") << plain("xn--bcher-kva.example");
    QTest::newRow("not what it would be written as")
        << name("xn--abc-.de") << plain("xn--abc-.de"); // Punycode of "abc"
    QTest::newRow("no Punycode") << name("xn--\x7f\x7f.de") << plain("xn--\\127\\127.de");
    QTest::newRow("Punycode overflow") << name("xn--99999999.de") << plain("xn--99999999.de");
    QTest::newRow("hidden writing direction")
        << name("xn--a-qin.de") << plain("xn--a-qin.de"); // "a" and U+202E
    QTest::newRow("escape and A-label")
        << label("a b") + name("xn--bcher-kva.de") << plain("a\\032b.xn--bcher-kva.de");
    QTest::newRow("marks") << name("<b>&amp;.example") << plain("<b>&amp;.example");
}

void DnsMessageTest::showsNamesSafely()
{
    QFETCH(QByteArray, wireName);
    const Parsed message = parseExactly(header(0) + question(wireName));
    QVERIFY(message);
    QTEST(message->name, "shown");
}

void DnsMessageTest::refuses_data()
{
    QTest::addColumn<QByteArray>("bytes");
    const QByteArray simple = question(name("a.example")) + record(asked, A, 60, v4(1));
    const QByteArray soundHints = parameter(4, v4(1));
    const int answerOffset = questionOffset + 11 + 4;

    QTest::newRow("nothing") << QByteArray();
    QTest::newRow("question") << header(1, 0, 0, 0x0100) + simple;
    QTest::newRow("opcode") << header(1, 0, 0, 0x8180 | 0x2000) + simple;
    QTest::newRow("server failure") << header(1, 0, 0, 0x8182) + simple;
    QTest::newRow("no question") << header(1, 0, 0, 0x8180, 0) + record(name("a.example"), A, 60, v4(1));
    QTest::newRow("two questions") << header(1, 0, 0, 0x8180, 2) + question(name("b.example")) + simple;
    QTest::newRow("question of another class") << header(0) + question(name("version.bind"), 16, 3);
    QTest::newRow("question with a pointer") << header(0) + question(pointer(questionOffset));
    QTest::newRow("more records than the bound") << header(DnsMessage::maxRecords + 1) + simple;
    QTest::newRow("as many records as can be claimed") << header(0xffff, 0xffff, 0xffff) + simple;

    QTest::newRow("pointer to itself") << answerTo(1, record(pointer(answerOffset), A, 60, v4(1)));
    QTest::newRow("pointer forwards") << answerTo(1, record(pointer(answerOffset + 2), A, 60, v4(1)));
    QTest::newRow("pointer beyond the end") << answerTo(1, record(pointer(0x3fff), A, 60, v4(1)));
    QTest::newRow("pointer into the header") << answerTo(1, record(pointer(4), A, 60, v4(1)));
    QTest::newRow("label, then a pointer back to it")
        << answerTo(1, record(label("x") + pointer(answerOffset), A, 60, v4(1)));
    QTest::newRow("two pointers at each other")
        << answerTo(2,
                    record(asked, Cname, 60, pointer(answerOffset + 2 + 10 + 2))
                        + record(pointer(answerOffset + 2 + 10), A, 60, v4(1)));
    // A label of 5 bytes at the end of one record's data, the owner of the next points at: read on, it takes
    // that pointer, type and class for labels and comes to an end in the TTL.
    QTest::newRow("name pointed at runs into who points")
        << answerTo(2, record(asked, 99, 60, "\x05xy") + record(pointer(answerOffset + 12), A, 60, v4(1)));
    QTest::newRow("label of a reserved kind")
        << answerTo(1, record(be16(0x4000 | questionOffset), A, 60, v4(1)));
    QTest::newRow("label of the other reserved kind")
        << answerTo(1, record(be16(0x8000 | questionOffset), A, 60, v4(1)));
    QTest::newRow("name too long") << answerTo(1,
                                               record(nameOfSize(255).chopped(1) + name("x"), A, 60, v4(1)));
    QTest::newRow("question too long") << header(0) + question(nameOfSize(255).chopped(1) + name("x"));
    QTest::newRow("name too long by its pointer")
        << header(1) + question(nameOfSize(254)) + record(label("x") + asked, A, 60, v4(1));
    QTest::newRow("too many jumps") << jumping(128);

    QTest::newRow("A of no bytes") << answerTo(1, record(asked, A, 60, {}));
    QTest::newRow("A of 5 bytes") << answerTo(1, record(asked, A, 60, v4(1) + 'x'));
    QTest::newRow("A of 16 bytes") << answerTo(1, record(asked, A, 60, v6(1)));
    QTest::newRow("AAAA of no bytes") << answerTo(1, record(asked, Aaaa, 60, {}));
    QTest::newRow("AAAA of 4 bytes") << answerTo(1, record(asked, Aaaa, 60, v4(1)));
    QTest::newRow("CNAME of no bytes") << answerTo(1, record(asked, Cname, 60, {}));
    QTest::newRow("CNAME longer than its record")
        << answerTo(1, asked + be16(Cname) + be16(1) + be32(60) + be16(3) + name("b.example"));
    QTest::newRow("CNAME cut within a pointer")
        << answerTo(1, record(asked, Cname, 60, QByteArray(1, '\xc0')));
    QTest::newRow("CNAME shorter than its record")
        << answerTo(1, record(asked, Cname, 60, name("b.example") + 'x'));
    QTest::newRow("flaw in a record of another")
        << answerTo(2, record(asked, A, 60, v4(1)) + record(name("b.example"), A, 60, {}));

    const auto service = [](const QByteArray &data) { return answerTo(1, record(asked, Https, 60, data)); };
    QTest::newRow("service of no bytes") << service({});
    QTest::newRow("service of a priority alone") << service(be16(1));
    QTest::newRow("service with a compressed target") << service(be16(1) + asked);
    QTest::newRow("service with half a parameter") << service(be16(1) + name("") + soundHints.first(3));
    QTest::newRow("service with a parameter beyond its end")
        << service(be16(1) + name("") + be16(4) + be16(8) + v4(1));
    QTest::newRow("hint of no bytes") << service(be16(1) + name("") + parameter(4, {}));
    QTest::newRow("hint of 6 bytes") << service(be16(1) + name("") + parameter(4, v4(1) + "xx"));
    QTest::newRow("IPv6 hint of 20 bytes") << service(be16(1) + name("") + parameter(6, v6(1) + v4(1)));
    QTest::newRow("parameter twice") << service(be16(1) + name("") + soundHints + soundHints);
    QTest::newRow("parameters in descending order")
        << service(be16(1) + name("") + parameter(6, v6(1)) + soundHints);
}

void DnsMessageTest::refuses()
{
    QFETCH(QByteArray, bytes);
    QVERIFY(!parseExactly(bytes));
}

void DnsMessageTest::takesNamesUpToTheirLimit()
{
    const QByteArray longest = nameOfSize(DnsMessage::maxNameBytes);
    QCOMPARE(longest.size(), DnsMessage::maxNameBytes);
    const Parsed message = parseExactly(header(1) + question(longest) + record(asked, A, 60, v4(1)));
    QVERIFY(message);
    QCOMPARE(message->name.size(), 253);
    QCOMPARE(text(message->addresses), QStringLiteral("192.0.2.1 60"));

    const QByteArray byPointer = nameOfSize(DnsMessage::maxNameBytes - 2);
    const Parsed pointed =
        parseExactly(header(2) + question(byPointer) + record(asked, Cname, 60, label("x") + asked)
                     + record(label("x") + asked, A, 60, v4(1)));
    QVERIFY(pointed);
    QCOMPARE(text(pointed->addresses), QStringLiteral("192.0.2.1 60"));

    const Parsed jumped = parseExactly(jumping(127));
    QVERIFY(jumped);
    QCOMPARE(text(jumped->addresses), QStringLiteral("192.0.2.1 60"));
}

void DnsMessageTest::takesWhatIsWhole_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("addresses");
    const QByteArray two = record(asked, A, 60, v4(1)) + record(asked, A, 60, v4(2));
    QTest::newRow("count above what there is")
        << answerTo(5, two) << QStringLiteral("192.0.2.1 60, 192.0.2.2 60");
    QTest::newRow("count at the bound")
        << answerTo(DnsMessage::maxRecords, two) << QStringLiteral("192.0.2.1 60, 192.0.2.2 60");
    QTest::newRow("cut within the second") << answerTo(2, two.chopped(1)) << QStringLiteral("192.0.2.1 60");
    QTest::newRow("marked as truncated") << header(2, 0, 0, 0x8380) + question(name("a.example"))
            + two.chopped(5) << QStringLiteral("192.0.2.1 60");
    QTest::newRow("length beyond the end") << answerTo(
        2, record(asked, A, 60, v4(1)) + asked + be16(A) + be16(1) + be32(60) + be16(0xffff) + v4(2))
                                           << QStringLiteral("192.0.2.1 60");
}

void DnsMessageTest::takesWhatIsWhole()
{
    QFETCH(QByteArray, bytes);
    const Parsed message = parseExactly(bytes);
    QVERIFY(message);
    QVERIFY(message->isCut);
    QTEST(text(message->addresses), "addresses");
}

void DnsMessageTest::survivesCutAnywhere_data()
{
    QTest::addColumn<QByteArray>("bytes");
    for (const char *file :
         {"nsd-cname-a.bin", "unbound-cname-aaaa.bin", "unbound-https.bin", "unbound-svcb.bin",
          "unbound-https-alias.bin", "unbound-idn.bin", "unbound-truncated.bin"})
        QTest::newRow(file) << captured(QString::fromLatin1(file));
    QTest::newRow("all there is") << answerTo(
        3,
        record(asked, Cname, 60, label("b") + pointer(questionOffset + 2))
            + record(name("b.example"), Https, 60,
                     be16(1) + name("c.example") + parameter(4, v4(1)) + parameter(6, v6(2)))
            + record(name("c.example"), A, 60, v4(3)) + record(name("c.example"), Ns, 60, asked)
            + record(name("c.example"), Aaaa, 60, v6(4)) + record(QByteArray(1, '\0'), Opt, 0, {}, 1232),
        1, 2);
}

void DnsMessageTest::survivesCutAnywhere()
{
    QFETCH(QByteArray, bytes);
    const Parsed whole = parseExactly(bytes);
    QVERIFY(whole);
    QVERIFY(!whole->isCut);
    const qsizetype questionEnd = bytes.indexOf('\0', questionOffset) + 5;
    for (qsizetype size = 0; size < bytes.size(); ++size) {
        const Parsed part = parseExactly(bytes.first(size));
        QCOMPARE(part.has_value(), size >= questionEnd);
        if (!part)
            continue;
        QVERIFY(part->isCut);
        QCOMPARE(part->name, whole->name);
        QCOMPARE(part->addresses, whole->addresses.first(part->addresses.size()));
    }
}

void DnsMessageTest::survivesAnyByteChanged()
{
    QFETCH(QByteArray, bytes);
    for (qsizetype at = 0; at < bytes.size(); ++at) {
        QByteArray changed = bytes;
        for (int value = 0; value < 256; ++value) {
            changed[at] = static_cast<char>(value);
            const Parsed message = parseExactly(changed);
            if (!message)
                continue;
            QVERIFY(!message->name.isEmpty());
            for (const QChar c : message->name)
                QVERIFY(c > QLatin1Char(' ') && c != QChar(0x7f));
        }
    }
}

void DnsMessageTest::isBounded()
{
    const auto addresses = [](int count) {
        QByteArray records;
        for (int i = 0; i < count; ++i)
            records += record(asked, A, 60, QByteArray::fromHex("0a00") + be16(i));
        return answerTo(count, records);
    };
    QCOMPARE(parseExactly(addresses(DnsMessage::maxAddresses))->addresses.size(), DnsMessage::maxAddresses);
    QVERIFY(!parseExactly(addresses(DnsMessage::maxAddresses + 1)));

    const auto chain = [](int names) {
        QByteArray records;
        QByteArray owner = asked;
        for (int i = 1; i < names; ++i) {
            const QByteArray target = name("n" + QByteArray::number(i));
            records += record(owner, Cname, 60, target);
            owner = target;
        }
        return answerTo(names, records + record(owner, A, 60, v4(1)));
    };
    QCOMPARE(text(parseExactly(chain(DnsMessage::maxChainNames))->addresses), QStringLiteral("192.0.2.1 60"));
    QVERIFY(!parseExactly(chain(DnsMessage::maxChainNames + 1)));

    const QByteArray padded = answerTo(1, record(asked, A, 60, v4(1)));
    const auto ofSize = [&](qsizetype size) { return padded + QByteArray(size - padded.size(), 'x'); };
    QVERIFY(parseExactly(ofSize(DnsMessage::maxMessageBytes)));
    QVERIFY(!parseExactly(ofSize(DnsMessage::maxMessageBytes + 1)));
}

QTEST_APPLESS_MAIN(DnsMessageTest)
#include "tst_dnsmessage.moc"
