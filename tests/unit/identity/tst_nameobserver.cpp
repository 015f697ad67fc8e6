// SPDX-License-Identifier: MIT
#include "messagebuilder.h"
#include "nameobserver.h"

#include <QTest>

#include <netinet/in.h>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr quint32 browser = 7;

QByteArray answer(const QByteArray &name, const QByteArray &address)
{
    using namespace Build;
    return header(1) + question(Build::name(name)) + record(pointer(questionOffset), A, 60, address);
}

QByteArray overTcp(const QByteArray &message)
{
    return Build::be16(int(message.size())) + message;
}

NameAnswer datagram(const QByteArray &data)
{
    return {browser, 1, 1, IPPROTO_UDP, 0, false, false, data};
}

NameAnswer piece(quint64 connection, quint32 position, const QByteArray &data, bool isStart = false,
                 bool isEnd = false)
{
    return {browser, connection, 1, IPPROTO_TCP, position, isStart, isEnd, data};
}

const QByteArray first("\x0a\x00\x00\x01", 4);

} // namespace

class NameObserverTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsDatagrams();
    void putsConnectionsTogether();
    void startMayCarryData();
    void passesOverWhatBeganBefore();
    void holdsABoundedNumberOfConnections();
    void forgetsConnectionsOfAnotherInstance();

private:
    QString name(const QString &address)
    {
        return m_book->nameOf(browser, Address::fromString(address)).text;
    }

    std::unique_ptr<NameBook> m_book;
    std::unique_ptr<NameObserver> m_observer;

private Q_SLOTS:
    void init()
    {
        m_book = std::make_unique<NameBook>();
        m_observer = std::make_unique<NameObserver>(*m_book);
    }
};

void NameObserverTest::readsDatagrams()
{
    QVERIFY(!m_observer->take({datagram("nonsense")}));
    QVERIFY(!m_observer->take({datagram(Build::header(0) + Build::question(Build::name("no.test")))}));
    QVERIFY(m_observer->take({datagram("nonsense"), datagram(answer("a.test", first))}));
    QCOMPARE(name(u"10.0.0.1"_s), u"a.test"_s);
}

void NameObserverTest::putsConnectionsTogether()
{
    const QByteArray bytes = overTcp(answer("a.test", first));
    const quint32 begin = 0xfffffff0u; // it wraps
    QVERIFY(!m_observer->take({piece(5, begin - 1, {}, true)}));
    QVERIFY(!m_observer->take({piece(6, 100, {}, true)}));
    QVERIFY(!m_observer->take({piece(5, begin, bytes.first(20))}));
    QVERIFY(!m_observer->take({piece(6, 101, "x")}));
    QVERIFY(m_observer->take({piece(5, begin + 20, bytes.sliced(20), false, true)}));
    QCOMPARE(name(u"10.0.0.1"_s), u"a.test"_s);
    // Over: nothing more is of it.
    QVERIFY(!m_observer->take({piece(5, begin + quint32(bytes.size()), bytes)}));
}

void NameObserverTest::startMayCarryData()
{
    QVERIFY(m_observer->take({piece(5, 7, overTcp(answer("a.test", first)), true)}));
    QCOMPARE(name(u"10.0.0.1"_s), u"a.test"_s);
}

void NameObserverTest::passesOverWhatBeganBefore()
{
    QVERIFY(!m_observer->take({piece(5, 1000, overTcp(answer("a.test", first)))}));
    QCOMPARE(name(u"10.0.0.1"_s), QString());
}

void NameObserverTest::holdsABoundedNumberOfConnections()
{
    for (quint64 connection = 0; connection < quint64(NameObserver::maxStreams); ++connection)
        m_observer->take({piece(connection, 0, {}, true)});
    m_observer->take({piece(0, 1, "\x01")}); // used since
    m_observer->take({piece(1000, 0, {}, true)});
    const QByteArray bytes = overTcp(answer("a.test", first));
    QVERIFY2(!m_observer->take({piece(1, 1, bytes)}), "the one that was silent longest has gone");
    QVERIFY(m_observer->take({piece(2, 1, bytes)}));
}

void NameObserverTest::forgetsConnectionsOfAnotherInstance()
{
    m_observer->take({piece(5, 0, {}, true), datagram(answer("a.test", first))});
    m_observer->forgetInstance();
    QVERIFY(!m_observer->take({piece(5, 1, overTcp(answer("b.test", first)))}));
    QCOMPARE(m_book->nameOf(browser, Address::fromString(u"10.0.0.1"_s)).origin,
             NameBook::Origin::OtherProgram);
}

QTEST_GUILESS_MAIN(NameObserverTest)
#include "tst_nameobserver.moc"
