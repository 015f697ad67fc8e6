// SPDX-License-Identifier: MIT
#include "protocolsmodel.h"
#include "servicename.h"
#include "usagescript.h"

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

#include <netinet/in.h>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    ProtocolsModel model;
    QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::Fatal};

    void push(quint64 timeNs) { model.apply(book, book.apply(script.push(timeNs))); }
};

QString text(const QModelIndex &index, int column)
{
    return index.siblingAtColumn(column).data().toString().replace(QChar::Nbsp, u' ');
}

quint64 figure(const QModelIndex &index, int column)
{
    return index.siblingAtColumn(column).data(ProtocolsModel::SortRole).toULongLong();
}

QStringList namesBelow(const ProtocolsModel &model, const QModelIndex &parent = {})
{
    QStringList names;
    for (int row = 0; row < model.rowCount(parent); ++row)
        names.append(text(model.index(row, 0, parent), ProtocolsModel::Name));
    return names;
}

quint64 sum(const ProtocolsModel &model, int column, const QModelIndex &parent = {})
{
    quint64 total = 0;
    for (int row = 0; row < model.rowCount(parent); ++row)
        total += figure(model.index(row, 0, parent), column);
    return total;
}

} // namespace

class TestProtocolsModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void namesServices()
    {
        QCOMPARE(serviceName(443, IPPROTO_TCP), u"https"_s);
        QCOMPARE(serviceName(53, IPPROTO_UDP), u"domain"_s);
        QCOMPARE(serviceName(443, IPPROTO_ICMP), QString());
        QCOMPARE(serviceName(0, IPPROTO_TCP), QString());
        QCOMPARE(serviceText(443, IPPROTO_TCP), u"https (443)"_s);
        QCOMPARE(serviceText(49999, IPPROTO_TCP), u"49999"_s);
        QCOMPARE(serviceText(0, IPPROTO_TCP), QString());
    }

    void showsProtocolsServicesAndPrograms()
    {
        Feed feed;
        feed.script.program(1, u"firefox"_s);
        feed.script.program(2, u"nginx"_s);
        feed.script.program(3, u"ping"_s);
        feed.script.move(1, 1, 0, 6000, 0);
        feed.script.move(2, 1, 0, 2000, 0);
        feed.script.service(2, IPPROTO_UDP, 443);
        feed.script.move(3, 2, 0, 0, 1500);
        feed.script.service(3, IPPROTO_TCP, 443, Direction::Incoming);
        feed.script.move(4, 3, 0, 500, 0);
        feed.script.service(4, IPPROTO_ICMP, 0);
        feed.push(10 * second);
        feed.model.sort(ProtocolsModel::Share);
        feed.model.sort(ProtocolsModel::Share, Qt::DescendingOrder);

        QCOMPARE(namesBelow(feed.model), QStringList({u"TCP"_s, u"UDP"_s, u"ICMP"_s}));
        const QModelIndex tcp = feed.model.index(0, 0);
        QCOMPARE(text(tcp, ProtocolsModel::Share), u"75.0 %"_s);
        QCOMPARE(tcp.data(ProtocolsModel::ShareRole), QVariant(0.75));
        QCOMPARE(text(tcp, ProtocolsModel::Programs), u"firefox, nginx"_s);
        QCOMPARE(namesBelow(feed.model, tcp), QStringList({u"https (443)"_s, u"https (443), served here"_s}));
        QCOMPARE(namesBelow(feed.model, feed.model.index(1, 0, tcp)), QStringList({u"nginx"_s}));
        // By its port alone it is not known to be QUIC.
        QCOMPARE(namesBelow(feed.model, feed.model.index(1, 0)), QStringList({u"https (443)"_s}));
        QCOMPARE(namesBelow(feed.model, feed.model.index(2, 0)), QStringList({u"Without ports"_s}));
        QVERIFY(feed.model.matches(feed.model.index(0, 0, tcp), u"HTTPS"_s));
        QVERIFY(!feed.model.matches(tcp, u"nginx"_s));
        QVERIFY(feed.model.matches(feed.model.index(0, 0, feed.model.index(1, 0, tcp)), u"nginx"_s));
    }

    /// Also of a protocol that moved nothing: the whole is another.
    void sharesFollowTheWhole()
    {
        Feed feed;
        feed.script.program(1, u"firefox"_s);
        feed.script.move(1, 1, 0, 100, 0);
        feed.script.move(2, 1, 0, 100, 0);
        feed.script.service(2, IPPROTO_UDP, 53);
        feed.push(10 * second);
        feed.push(11 * second);
        QCOMPARE(text(feed.model.index(0, 0), ProtocolsModel::Share), u"50.0 %"_s);
        QStringList told;
        connect(&feed.model, &QAbstractItemModel::dataChanged, &feed.model,
                [&](const QModelIndex &first, const QModelIndex &last) {
                    for (int row = first.row(); row <= last.row(); ++row)
                        told.append(text(first.sibling(row, 0), ProtocolsModel::Name));
                });
        feed.script.move(2, 1, 0, 200, 0);
        feed.push(12 * second);
        QModelIndex tcp;
        for (int row = 0; row < feed.model.rowCount(); ++row) {
            if (text(feed.model.index(row, 0), ProtocolsModel::Name) == u"TCP")
                tcp = feed.model.index(row, 0);
        }
        QCOMPARE(text(tcp, ProtocolsModel::Share), u"25.0 %"_s);
        for (const QString &name : {u"TCP"_s, u"UDP"_s, u"https (443)"_s, u"domain (53)"_s, u"firefox"_s})
            QVERIFY2(told.contains(name), qPrintable(name));
    }

    void endedProgramsAreNeverForgotten()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.push(9 * second);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.push(10 * second);
        feed.script.end(1);
        feed.push(11 * second);
        feed.push(5000 * second);
        QCOMPARE(sum(feed.model, ProtocolsModel::Received), quint64(1000));
    }

    void churn_data()
    {
        QTest::addColumn<int>("column");
        QTest::addColumn<Qt::SortOrder>("order");
        for (int column = 0; column < ProtocolsModel::ColumnCount; ++column) {
            QTest::addRow("column %d down", column) << column << Qt::DescendingOrder;
            QTest::addRow("column %d up", column) << column << Qt::AscendingOrder;
        }
    }

    void churn()
    {
        QFETCH(int, column);
        QFETCH(Qt::SortOrder, order);
        QRandomGenerator random(quint32(column * 2 + int(order)));
        Feed feed;
        feed.model.sort(column, order);
        quint64 timeNs = second;
        quint64 received = 0;
        quint32 programs = 0;
        feed.push(timeNs);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        for (int round = 0; round < 120; ++round) {
            if (random.bounded(3) == 0) {
                ++programs;
                feed.script.program(programs, u"program %1"_s.arg(programs % 7));
            }
            for (int moves = random.bounded(12); moves > 0 && programs > 0; --moves) {
                const quint32 program = 1 + random.bounded(programs);
                const quint32 kind = random.bounded(12U);
                const quint32 flow = program * 100 + kind;
                const quint64 bytes = random.bounded(5'000U);
                feed.script.move(flow, program, 0, bytes, bytes / 3, random.bounded(2U));
                feed.script.service(flow, std::array<quint8, 3>{6, 17, 1}[kind % 3], quint16(kind / 3 * 40),
                                    kind > 8 ? Direction::Incoming : Direction::Outgoing);
                received += bytes;
            }
            if (programs > 0 && random.bounded(6) == 0)
                feed.script.end(programs);
            if (random.bounded(20) == 0)
                feed.model.setPaused(!feed.model.isPaused());
            timeNs += random.bounded(100, 4000) * 1'000'000ULL;
            if (random.bounded(30) == 0)
                feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(timeNs)));
            else
                feed.push(timeNs);
            if (feed.model.isPaused())
                continue;
            QCOMPARE(sum(feed.model, ProtocolsModel::Received), received);
            for (int row = 0; row < feed.model.rowCount(); ++row) {
                const QModelIndex protocol = feed.model.index(row, 0);
                QCOMPARE(sum(feed.model, ProtocolsModel::Received, protocol),
                         figure(protocol, ProtocolsModel::Received));
                for (int below = 0; below < feed.model.rowCount(protocol); ++below) {
                    const QModelIndex service = feed.model.index(below, 0, protocol);
                    QCOMPARE(sum(feed.model, ProtocolsModel::Received, service),
                             figure(service, ProtocolsModel::Received));
                }
                if (row > 0 && column >= ProtocolsModel::ReceiveRate) {
                    const auto value = [&](int of) {
                        return feed.model.index(of, column).data(ProtocolsModel::SortRole).toDouble();
                    };
                    QVERIFY(order == Qt::AscendingOrder ? value(row - 1) <= value(row)
                                                        : value(row - 1) >= value(row));
                }
            }
        }
        QVERIFY(programs > 10);
        QCOMPARE(reset.count(), 0);
    }

    void tick_data()
    {
        QTest::addColumn<int>("programs");
        QTest::newRow("1,000 programs") << 1000;
        QTest::newRow("10,000 programs") << 10'000;
    }

    /// One push in which every program moved.
    void tick()
    {
        QFETCH(int, programs);
        UsageScript script(u"a"_s);
        UsageBook book;
        ProtocolsModel model;
        QRandomGenerator random(3);
        quint64 timeNs = second;
        const auto moveAll = [&] {
            for (int id = 1; id <= programs; ++id)
                script.move(quint32(id), quint32(id), 0, random.bounded(100'000U), 100);
        };
        moveAll();
        for (int id = 1; id <= programs; ++id) {
            script.program(quint32(id), u"program %1"_s.arg(id));
            script.service(quint32(id), id % 3 == 0 ? IPPROTO_UDP : IPPROTO_TCP, quint16(id % 50 + 1));
        }
        model.apply(book, book.apply(script.push(timeNs)));
        QBENCHMARK
        {
            moveAll();
            timeNs += second;
            model.apply(book, book.apply(script.push(timeNs)));
        }
        QCOMPARE(model.rowCount(), 2);
    }
};

QTEST_GUILESS_MAIN(TestProtocolsModel)
#include "tst_protocolsmodel.moc"
