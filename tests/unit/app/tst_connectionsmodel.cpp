// SPDX-License-Identifier: MIT
#include "connectionsmodel.h"
#include "textfilter.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr quint64 second = 1'000'000'000;

Connection connection(quint64 cookie, quint32 programId, quint64 rxBytes)
{
    Connection result;
    result.cookie = cookie;
    result.programId = programId;
    result.state = TcpState::Established;
    result.direction = Direction::Outgoing;
    result.servicePort = result.remotePort = 443;
    result.local = Address::fromString(u"192.0.2.10"_s);
    result.localPort = quint16(40000 + cookie % 20000);
    result.remote = Address::fromString(u"198.51.100.7"_s);
    result.openedNs = 10 * second;
    ConnectionFigures figures;
    figures.rxBytes = rxBytes;
    figures.txBytes = 1000;
    figures.roundTripUs = 12'340;
    figures.roundTripVariationUs = 500;
    figures.leastRoundTripUs = 9'000;
    result.figures = figures;
    return result;
}

Connection listener(quint64 cookie, quint32 programId)
{
    Connection result;
    result.cookie = cookie;
    result.programId = programId;
    result.state = TcpState::Listening;
    result.direction = Direction::Incoming;
    result.servicePort = result.localPort = 22;
    return result;
}

ConnectionList listOf(const QList<Connection> &connections, quint64 timeNs = 100 * second)
{
    ConnectionList list;
    list.timeNs = timeNs;
    list.connections = connections;
    for (const auto &[id, name] : {std::pair(1u, u"curl"_s), std::pair(2u, u"sshd"_s)}) {
        Program program;
        program.id = id;
        program.pid = 100 + id;
        program.name = name;
        program.executable = u"/usr/bin/"_s + name;
        list.programs.insert(id, program);
    }
    return list;
}

QString text(const QAbstractItemModel &model, int row, int column)
{
    return model.index(row, column).data().toString().replace(QChar::Nbsp, u' ');
}

QStringList column(const QAbstractItemModel &model, int of)
{
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row)
        all.append(text(model, row, of));
    return all;
}

} // namespace

class ConnectionsModelTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void showsWhatIsKnown();
    void unknownIsNotZero();
    void keepsRowsByCookie();
    void changesAreFineGrained();
    void sortsUnknownLast();
    void sortsEveryColumn_data();
    void sortsEveryColumn();
    void filters();
    void filtersAnewWhenTheStateChanges();
    void namesRemotes();
    void holdsWhilePaused();
    void survivesRandomReadings();
    void tenThousandRowsAreCheap();
    void writesRoundTrips_data();
    void writesRoundTrips();
    void writesEndpoints();
};

void ConnectionsModelTest::showsWhatIsKnown()
{
    ConnectionsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    Connection one = connection(1, 1, 2'000'000);
    one.figures->retransmits = 12;
    model.apply(listOf({one}));
    const QStringList wanted = {
        u"curl"_s, u"101"_s,      u"198.51.100.7"_s, u"443"_s,        u"Established"_s,     u"12.3 ms"_s,
        u"12"_s,   u"1.91 MiB"_s, u"0.98 KiB"_s,     u"1 min 30 s"_s, u"192.0.2.10:40001"_s};
    QCOMPARE(int(wanted.size()), int(ConnectionsModel::ColumnCount));
    for (int i = 0; i < wanted.size(); ++i)
        QCOMPARE(text(model, 0, i), wanted[i]);
    const QString tip = model.index(0, 0).data(Qt::ToolTipRole).toString();
    QVERIFY2(tip.contains(u"192.0.2.10:40001"_s) && tip.contains(u"198.51.100.7:443"_s), qPrintable(tip));
    QCOMPARE(model.index(0, ConnectionsModel::Received).data(toneRole).toInt(), int(Tone::Receive));
}

void ConnectionsModelTest::unknownIsNotZero()
{
    ConnectionsModel model;
    Connection fresh = connection(1, 0, 0);
    fresh.figures->roundTripUs.reset();
    fresh.openedNs.reset();
    model.apply(listOf({fresh, listener(2, 2)}));
    QCOMPARE(text(model, 0, ConnectionsModel::ProgramName), u"Not known"_s);
    QCOMPARE(text(model, 0, ConnectionsModel::RoundTrip), unknownText());
    QCOMPARE(text(model, 0, ConnectionsModel::Age), unknownText());
    QCOMPARE(text(model, 0, ConnectionsModel::Retransmits), u"0"_s);
    QCOMPARE(text(model, 0, ConnectionsModel::Received), u"0 B"_s);
    for (const int column :
         {ConnectionsModel::Remote, ConnectionsModel::RoundTrip, ConnectionsModel::Retransmits,
          ConnectionsModel::Received, ConnectionsModel::Sent, ConnectionsModel::Age}) {
        QCOMPARE(text(model, 1, column), unknownText());
        QCOMPARE(model.index(1, column).data(toneRole).toInt(), int(Tone::Muted));
    }
    QCOMPARE(text(model, 1, ConnectionsModel::Local), u"*:22"_s);
}

void ConnectionsModelTest::keepsRowsByCookie()
{
    ConnectionsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.apply(listOf({connection(1, 1, 10), connection(2, 1, 20), connection(3, 2, 30)}));
    const QPersistentModelIndex followed = model.index(1, ConnectionsModel::Received); // cookie 2
    QCOMPARE(followed.data().toString().replace(QChar::Nbsp, u' '), u"20 B"_s);
    // It overtakes, one leaves, one comes.
    model.apply(listOf({connection(2, 1, 99), connection(3, 2, 30), connection(4, 1, 5)}, 101 * second));
    QVERIFY(followed.isValid());
    QCOMPARE(followed.row(), 0);
    QCOMPARE(column(model, ConnectionsModel::Received), QStringList({u"99 B"_s, u"30 B"_s, u"5 B"_s}));
    QCOMPARE(text(model, 0, ConnectionsModel::Age), u"1 min 31 s"_s);
}

void ConnectionsModelTest::changesAreFineGrained()
{
    ConnectionsModel model;
    QList<Connection> all;
    for (quint64 cookie = 1; cookie <= 20; ++cookie)
        all.append(connection(cookie, 1, 1000 - cookie));
    model.apply(listOf(all));
    QSignalSpy inserted(&model, &QAbstractItemModel::rowsInserted);
    QSignalSpy removed(&model, &QAbstractItemModel::rowsRemoved);
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    QSignalSpy laidOut(&model, &QAbstractItemModel::layoutChanged);
    model.apply(listOf(all, 101 * second));
    QCOMPARE(changed.size(), 1);
    QCOMPARE(inserted.size() + removed.size() + reset.size() + laidOut.size(), 0);
    all.remove(3, 2);
    all.remove(10, 1);
    all.append(connection(21, 1, 0));
    all.append(connection(22, 1, 0));
    model.apply(listOf(all, 102 * second));
    QCOMPARE(removed.size(), 2); // two ranges
    QCOMPARE(inserted.size(), 1);
    QCOMPARE(changed.size(), 2);
    QCOMPARE(reset.size(), 0);
    model.apply(listOf({all[0]}, 103 * second));
    QCOMPARE(reset.size(), 1);
    QCOMPARE(model.rowCount(), 1);
}

void ConnectionsModelTest::sortsUnknownLast()
{
    ConnectionsModel model;
    Connection slow = connection(3, 1, 1);
    slow.figures->roundTripUs = 2'000'000;
    const ConnectionList list = listOf({listener(1, 2), connection(2, 1, 1), slow});
    model.apply(list);
    model.sort(ConnectionsModel::RoundTrip, Qt::AscendingOrder);
    QCOMPARE(column(model, ConnectionsModel::RoundTrip),
             QStringList({u"12.3 ms"_s, u"2.00 s"_s, unknownText()}));
    model.sort(ConnectionsModel::RoundTrip, Qt::DescendingOrder);
    QCOMPARE(column(model, ConnectionsModel::RoundTrip),
             QStringList({u"2.00 s"_s, u"12.3 ms"_s, unknownText()}));
}

void ConnectionsModelTest::sortsEveryColumn_data()
{
    QTest::addColumn<int>("column");
    for (int i = 0; i < ConnectionsModel::ColumnCount; ++i)
        QTest::addRow("%d", i) << i;
}

void ConnectionsModelTest::sortsEveryColumn()
{
    QFETCH(int, column);
    ConnectionsModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    // Each column orders these two the same way, and by cookie they are the other way round.
    Connection less = connection(2, 1, 10);
    Connection more = connection(1, 2, 20);
    more.remote = Address::fromString(u"198.51.100.10"_s); // not the order of the letters
    less.remote = Address::fromString(u"198.51.100.9"_s);
    more.servicePort = 8080;
    more.state = TcpState::FinWait1;
    less.state = TcpState::CloseWait;
    more.figures->roundTripUs = 100'000;
    more.figures->retransmits = 3;
    more.figures->txBytes = 5000;
    less.openedNs = 50 * second;
    more.local = Address::fromString(u"203.0.113.1"_s);
    model.apply(listOf({more, less}));
    model.sort(column, Qt::AscendingOrder);
    const QString first = text(model, 0, ConnectionsModel::Received);
    model.sort(column, Qt::DescendingOrder);
    const QString last = text(model, 0, ConnectionsModel::Received);
    QCOMPARE(first, u"10 B"_s);
    QCOMPARE(last, u"20 B"_s);
}

void ConnectionsModelTest::filters()
{
    ConnectionsModel model;
    TextFilter filter;
    const QAbstractItemModelTester tester(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);
    filter.setSourceModel(&model);
    model.apply(listOf({connection(1, 1, 10), listener(2, 2), connection(3, 0, 5)}));
    const auto rows = [&](const QString &wanted) {
        filter.setText(wanted);
        return filter.rowCount();
    };
    QCOMPARE(rows({}), 3);
    QCOMPARE(rows(u"CURL"_s), 1);
    QCOMPARE(rows(u" /usr/bin/ssh "_s), 1);
    QCOMPARE(rows(u"102"_s), 1);
    QCOMPARE(rows(u"198.51.100"_s), 2);
    QCOMPARE(rows(u"listen"_s), 1);
    QCOMPARE(rows(u":22"_s), 1);
    QCOMPARE(rows(u"443"_s), 2);
    QCOMPARE(rows(u"nothing"_s), 0);
}

void ConnectionsModelTest::filtersAnewWhenTheStateChanges()
{
    ConnectionsModel model;
    TextFilter filter;
    filter.setSourceModel(&model);
    QList<Connection> all = {connection(1, 1, 10), connection(2, 1, 20)};
    model.apply(listOf(all));
    filter.setText(u"established"_s);
    QCOMPARE(filter.rowCount(), 2);
    all[0].state = TcpState::TimeWait;
    all[0].figures.reset();
    model.apply(listOf(all, 101 * second));
    QCOMPARE(filter.rowCount(), 1);
}

void ConnectionsModelTest::namesRemotes()
{
    NameBook book;
    ConnectionsModel model;
    model.setNameBook(&book);
    TextFilter filter;
    filter.setSourceModel(&model);
    model.sort(ConnectionsModel::Remote, Qt::AscendingOrder);
    Connection other = connection(2, 2, 20);
    other.remote = Address::fromString(u"192.0.2.1"_s);
    const QList<Connection> all = {connection(1, 1, 10), other};
    model.apply(listOf(all));
    filter.setText(u"www.example"_s);
    QCOMPARE(column(model, ConnectionsModel::Remote), QStringList({u"192.0.2.1"_s, u"198.51.100.7"_s}));
    QCOMPARE(filter.rowCount(), 0);

    DnsMessage answer;
    answer.name = u"www.example.org"_s;
    answer.addresses = {{all[0].remote, 60}};
    book.learn(1, answer, 100 * second);
    model.apply(listOf(all, 101 * second));
    // Those with a name first.
    QCOMPARE(column(model, ConnectionsModel::Remote), QStringList({u"www.example.org"_s, u"192.0.2.1"_s}));
    QCOMPARE(filter.rowCount(), 1);
    filter.setText(u"198.51.100.7"_s);
    QCOMPARE(filter.rowCount(), 1);
    const QModelIndex remote = model.index(0, ConnectionsModel::Remote);
    QCOMPARE(remote.data(copyRole).toString(), u"www.example.org (198.51.100.7)"_s);
    QVERIFY(
        remote.data(Qt::ToolTipRole).toString().contains(u"www.example.org, asked for by this program"_s));

    model.setNamesShown(false);
    QCOMPARE(column(model, ConnectionsModel::Remote), QStringList({u"192.0.2.1"_s, u"198.51.100.7"_s}));
    QCOMPARE(model.index(1, ConnectionsModel::Remote).data(copyRole).toString(),
             u"198.51.100.7 (www.example.org)"_s);
}

void ConnectionsModelTest::holdsWhilePaused()
{
    ConnectionsModel model;
    model.apply(listOf({connection(1, 1, 10)}));
    model.setPaused(true);
    model.apply(listOf({connection(2, 1, 20)}));
    model.apply(listOf({connection(2, 1, 30), connection(3, 1, 5)}));
    QCOMPARE(column(model, ConnectionsModel::Received), QStringList{u"10 B"_s});
    model.setPaused(false);
    QCOMPARE(column(model, ConnectionsModel::Received), QStringList({u"30 B"_s, u"5 B"_s}));
}

void ConnectionsModelTest::survivesRandomReadings()
{
    ConnectionsModel model;
    TextFilter filter;
    filter.setSourceModel(&model);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const QAbstractItemModelTester filterTester(&filter,
                                                QAbstractItemModelTester::FailureReportingMode::QtTest);
    QRandomGenerator random(1);
    for (quint64 tick = 0; tick < 200; ++tick) {
        QMap<quint64, Connection> all;
        for (int i = 0; i < 40; ++i) {
            const quint64 cookie = 1 + random.bounded(60U);
            Connection now = connection(cookie, random.bounded(3U), random.bounded(1000U));
            if (random.bounded(4) == 0)
                now = listener(cookie, 2);
            all.insert(cookie, now);
        }
        if (tick % 20 == 0)
            model.sort(int(random.bounded(ConnectionsModel::ColumnCount)),
                       tick % 40 ? Qt::AscendingOrder : Qt::DescendingOrder);
        if (tick % 30 == 0)
            filter.setText(tick % 60 ? u"curl"_s : QString());
        model.apply(listOf(all.values(), (100 + tick) * second));
        QCOMPARE(model.rowCount(), int(all.size()));
    }
}

void ConnectionsModelTest::tenThousandRowsAreCheap()
{
    QRandomGenerator random(1);
    ConnectionsModel model;
    TextFilter filter;
    filter.setSourceModel(&model);
    QList<Connection> all;
    for (quint64 cookie = 1; cookie <= 10000; ++cookie)
        all.append(connection(cookie, 1 + cookie % 2, random.bounded(1'000'000U)));
    model.apply(listOf(all));
    QElapsedTimer timer;
    timer.start();
    constexpr int ticks = 10;
    for (quint64 tick = 1; tick <= ticks; ++tick) {
        for (int i = 0; i < 1000; ++i)
            all[qsizetype(random.bounded(10000U))].figures->rxBytes += random.bounded(1'000'000U);
        model.apply(listOf(all, (100 + tick) * second));
    }
    const double ms = double(timer.nsecsElapsed()) / 1e6 / ticks;
    qInfo("10,000 connections, a tenth of them moving: %.1f ms a reading", ms);
    QVERIFY2(ms < 250, qPrintable(QString::number(ms))); // a quarter of the second between readings
}

void ConnectionsModelTest::writesRoundTrips_data()
{
    QTest::addColumn<quint32>("microseconds");
    QTest::addColumn<QString>("wanted");
    QTest::newRow("0") << 0u << u"0 µs"_s;
    QTest::newRow("999") << 999u << u"999 µs"_s;
    QTest::newRow("1000") << 1000u << u"1.00 ms"_s;
    QTest::newRow("12345") << 12345u << u"12.3 ms"_s;
    QTest::newRow("999499") << 999499u << u"999 ms"_s;
    QTest::newRow("999500") << 999500u << u"1.00 s"_s;
    QTest::newRow("most") << 4294967295u << u"4,295 s"_s;
}

void ConnectionsModelTest::writesRoundTrips()
{
    QFETCH(quint32, microseconds);
    QFETCH(QString, wanted);
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    QCOMPARE(roundTripText(microseconds).replace(QChar::Nbsp, u' '), wanted);
}

void ConnectionsModelTest::writesEndpoints()
{
    QCOMPARE(endpointText(Address::fromString(u"192.0.2.1"_s), 80), u"192.0.2.1:80"_s);
    QCOMPARE(endpointText(Address::fromString(u"2001:db8::1"_s), 443), u"[2001:db8::1]:443"_s);
    QCOMPARE(endpointText(Address(), 22), u"*:22"_s);
}

QTEST_GUILESS_MAIN(ConnectionsModelTest)
#include "tst_connectionsmodel.moc"
