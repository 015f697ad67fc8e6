// SPDX-License-Identifier: MIT
#include "namebook.h"

#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr quint64 second = 1'000'000'000;
constexpr quint32 browser = 7;
constexpr quint32 mailer = 8;
constexpr quint32 resolver = 9;

Address address(quint32 number)
{
    return Address::fromString(
        u"10.%1.%2.%3"_s.arg(number >> 16 & 0xff).arg(number >> 8 & 0xff).arg(number & 0xff));
}

DnsMessage answer(const QString &name, const QList<Address> &addresses, quint32 ttlSeconds = 60)
{
    DnsMessage message;
    message.name = name;
    for (const Address &one : addresses)
        message.addresses.append({one, ttlSeconds});
    return message;
}

const NameBook::Name none;

NameBook::Name own(const QString &text)
{
    return {text, NameBook::Origin::Program};
}

NameBook::Name others(const QString &text)
{
    return {text, NameBook::Origin::OtherProgram};
}

} // namespace

class NameBookTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void knowsNothingUntold();
    void keepsWhatEachProgramAskedLast();
    void fallsBackToNewestOfOthers();
    void fallsBackForNoLoopback();
    void holdsUnknownPrograms();
    void forgetsPrograms();
    void isBounded();
    void forgetsOldestUnused();
    void keepsWhatIsUsed();
    void keepsUntilTimeToLiveEnds();
    void isNotTakenOverByLongTimeToLive();
    void fallsBackToWhatIsLeft();
};

void NameBookTest::knowsNothingUntold()
{
    NameBook book;
    QCOMPARE(book.nameOf(browser, address(1)), none);
    book.learn(browser, answer(u"empty.example"_s, {}), second);
    book.learn(browser, answer(u"a.example"_s, {address(1)}), second);
    QCOMPARE(book.nameOf(browser, address(2)), none);
    QCOMPARE(book.nameOf(browser, Address()), none);
    QCOMPARE(book.size(), 1);
}

void NameBookTest::keepsWhatEachProgramAskedLast()
{
    NameBook book;
    book.learn(browser, answer(u"a.example"_s, {address(1), address(2)}), second);
    book.learn(mailer, answer(u"mail.example"_s, {address(1)}), 2 * second);
    QCOMPARE(book.nameOf(browser, address(1)), own(u"a.example"_s));
    QCOMPARE(book.nameOf(mailer, address(1)), own(u"mail.example"_s));
    book.learn(browser, answer(u"b.example"_s, {address(1)}), 3 * second);
    QCOMPARE(book.nameOf(browser, address(1)), own(u"b.example"_s));
    QCOMPARE(book.nameOf(browser, address(2)), own(u"a.example"_s));
    QCOMPARE(book.size(), 3);
}

void NameBookTest::fallsBackToNewestOfOthers()
{
    NameBook book;
    book.learn(resolver, answer(u"old.example"_s, {address(1)}), second);
    book.learn(mailer, answer(u"new.example"_s, {address(1)}), 2 * second);
    QCOMPARE(book.nameOf(browser, address(1)), others(u"new.example"_s));
    book.learn(resolver, answer(u"newest.example"_s, {address(1)}), 3 * second);
    QCOMPARE(book.nameOf(browser, address(1)), others(u"newest.example"_s));
    QCOMPARE(book.nameOf(mailer, address(1)), own(u"new.example"_s));
}

void NameBookTest::fallsBackForNoLoopback()
{
    NameBook book;
    for (const QString &loopback : {u"127.0.0.1"_s, u"::1"_s}) {
        const Address local = Address::fromString(loopback);
        book.learn(browser, answer(u"blocked.example"_s, {local}), second);
        QCOMPARE(book.nameOf(browser, local), own(u"blocked.example"_s));
        QCOMPARE(book.nameOf(mailer, local), none);
    }
}

void NameBookTest::holdsUnknownPrograms()
{
    NameBook book;
    book.learn(NameBook::noProgram, answer(u"a.example"_s, {address(1)}), second);
    QCOMPARE(book.nameOf(browser, address(1)), others(u"a.example"_s));
    QCOMPARE(book.nameOf(NameBook::noProgram, address(1)), others(u"a.example"_s));
}

void NameBookTest::forgetsPrograms()
{
    NameBook book;
    book.learn(browser, answer(u"a.example"_s, {address(1)}), second);
    book.learn(mailer, answer(u"b.example"_s, {address(1), address(2)}), 2 * second);
    book.learn(browser, answer(u"c.example"_s, {address(1)}), 3 * second);
    book.forgetPrograms();
    QCOMPARE(book.nameOf(browser, address(1)), others(u"c.example"_s));
    QCOMPARE(book.nameOf(mailer, address(2)), others(u"b.example"_s));
    QCOMPARE(book.size(), 2);
    book.learn(mailer, answer(u"d.example"_s, {address(1)}), 4 * second);
    QCOMPARE(book.nameOf(browser, address(1)), others(u"d.example"_s));
    QCOMPARE(book.nameOf(mailer, address(1)), own(u"d.example"_s));
}

void NameBookTest::isBounded()
{
    NameBook book(100);
    for (quint32 i = 0; i < 1000; ++i) {
        book.learn(browser, answer(u"n%1.example"_s.arg(i), {address(i)}), i * second);
        QVERIFY(book.size() <= 100);
        QCOMPARE(book.nameOf(browser, address(i)), own(u"n%1.example"_s.arg(i)));
    }
    // All at the same time, none of them older than the other.
    NameBook crowded(100);
    for (quint32 i = 0; i < 1000; ++i) {
        crowded.learn(browser, answer(u"n.example"_s, {address(i)}, 0), second);
        QVERIFY(crowded.size() <= 100);
        QVERIFY(crowded.size() > 80 || i < 80); // no more was forgotten than there was need for
    }
    NameBook least(0);
    least.learn(browser, answer(u"a.example"_s, {address(1), address(2)}), second);
    QCOMPARE(least.size(), 1);
}

void NameBookTest::forgetsOldestUnused()
{
    NameBook book(8);
    for (quint32 i = 1; i <= 8; ++i)
        book.learn(browser, answer(u"n.example"_s, {address(i)}), i * second);
    book.learn(browser, answer(u"n.example"_s, {address(8)}), 9 * second); // known: nothing has to go
    QCOMPARE(book.size(), 8);
    book.learn(browser, answer(u"n.example"_s, {address(9)}), 10 * second);
    QCOMPARE(book.size(), 8);
    QCOMPARE(book.nameOf(browser, address(1)), none);
    for (quint32 i = 2; i <= 9; ++i)
        QCOMPARE(book.nameOf(browser, address(i)), own(u"n.example"_s));
}

void NameBookTest::keepsWhatIsUsed()
{
    NameBook book(8);
    for (quint32 i = 1; i <= 8; ++i)
        book.learn(browser, answer(u"n.example"_s, {address(i)}), i * second);
    for (quint32 i = 9; i <= 1000; ++i) {
        QCOMPARE(book.nameOf(browser, address(1)), own(u"n.example"_s));
        QCOMPARE(book.nameOf(mailer, address(2)), others(u"n.example"_s)); // use, too
        book.learn(browser, answer(u"n.example"_s, {address(i)}), i * second);
    }
    QCOMPARE(book.nameOf(browser, address(3)), none);
}

void NameBookTest::keepsUntilTimeToLiveEnds()
{
    NameBook book(8);
    book.learn(browser, answer(u"hour.example"_s, {address(1)}, 3600), second);
    for (quint32 i = 2; i <= 8; ++i)
        book.learn(browser, answer(u"short.example"_s, {address(i)}, 5), i * second);
    book.learn(browser, answer(u"short.example"_s, {address(9)}, 5), 9 * second);
    QCOMPARE(book.nameOf(browser, address(2)), none);
    QCOMPARE(book.nameOf(browser, address(1)), own(u"hour.example"_s));
}

void NameBookTest::isNotTakenOverByLongTimeToLive()
{
    NameBook book(8);
    book.learn(browser, answer(u"used.example"_s, {address(1)}, 1), second);
    for (quint32 i = 2; i <= 1000; ++i) {
        QCOMPARE(book.nameOf(browser, address(1)), own(u"used.example"_s));
        book.learn(mailer, answer(u"forever.example"_s, {address(i)}, 0x7fffffff), i * second);
    }
}

void NameBookTest::fallsBackToWhatIsLeft()
{
    NameBook book(8);
    book.learn(browser, answer(u"long.example"_s, {address(1)}, 600), second);
    book.learn(mailer, answer(u"newest.example"_s, {address(1)}, 0), 2 * second);
    QCOMPARE(book.nameOf(resolver, address(2)), none);
    for (quint32 i = 2; i <= 8; ++i)
        book.learn(mailer, answer(u"n.example"_s, {address(i)}), 3 * second);
    QCOMPARE(book.nameOf(mailer, address(1)), others(u"long.example"_s)); // its own was the oldest
    QCOMPARE(book.nameOf(resolver, address(1)), others(u"long.example"_s));
}

QTEST_APPLESS_MAIN(NameBookTest)
#include "tst_namebook.moc"
