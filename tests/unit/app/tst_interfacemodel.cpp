// SPDX-License-Identifier: MIT
#include "interfacemodel.h"
#include "interfaceorder.h"

#include <QAbstractItemModelTester>
#include <QLocale>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

/// Counters that are what the lines add up to.
InterfaceBalance balance(quint32 index, const QString &name, const QList<BalanceLine> &lines,
                         quint64 sinceNs = 1)
{
    InterfaceBalance balance;
    balance.index = index;
    balance.name = name;
    balance.sinceNs = sinceNs;
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
    for (const BalanceLine &line : lines) {
        rxBytes += line.rxBytes;
        txBytes += line.txBytes;
    }
    balance.rxBytes = static_cast<quint64>(rxBytes);
    balance.txBytes = static_cast<quint64>(txBytes);
    balance.rxPackets = balance.rxBytes / 100;
    balance.txPackets = balance.txBytes / 100;
    balance.lines = lines;
    return balance;
}

QString text(const QModelIndex &index)
{
    return index.data().toString().replace(QChar::Nbsp, u' ');
}

QStringList names(const QAbstractItemModel &model, const QModelIndex &parent = {})
{
    QStringList names;
    for (int row = 0; row < model.rowCount(parent); ++row)
        names.append(text(model.index(row, 0, parent)));
    return names;
}

const QString sumName = u"✓ Sum balances"_s;

} // namespace

class TestInterfaceModel : public QObject {
    Q_OBJECT

private:
    struct Books {
        InterfaceModel model;
        InterfaceOrder order;
        QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::Fatal};
        std::unique_ptr<QAbstractItemModelTester> orderTester;

        Books()
        {
            order.setSourceModel(&model);
            orderTester = std::make_unique<QAbstractItemModelTester>(
                &order, QAbstractItemModelTester::FailureReportingMode::Fatal);
        }
    };

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates)); }

    void namesWhatAnAuditFound()
    {
        InterfaceModel model(InterfaceModel::Span::Audit);
        model.take({balance(2, u"eth0"_s,
                            {{u"unnamed"_s, 2, 0},
                             {u"unseen-arp"_s, 98, 0},
                             {u"link-headers"_s, 400, 0},
                             {u"unseen-of-a-newer-helper"_s, 500, 0},
                             {u"programs"_s, 9'000, 100}})});
        const QModelIndex eth0 = model.index(0, 0);
        QCOMPARE(names(model, eth0),
                 QStringList({u"Programs"_s, u"ARP"_s, u"unseen-of-a-newer-helper"_s, u"Link headers"_s,
                              u"Under way"_s, sumName}));
        QVERIFY(text(model.index(1, InterfaceModel::Explanation, eth0)).startsWith(u"Asks and tells"_s));
        QCOMPARE(text(model.index(2, InterfaceModel::Explanation, eth0)), QString());
        QCOMPARE(text(model.index(5, InterfaceModel::Explanation, eth0)), QString());
        QCOMPARE(text(eth0.siblingAtColumn(InterfaceModel::ReceivedShare)), u"99.98 %"_s);
        QVERIFY(model.isBalanced());
        QVERIFY(model.headerData(InterfaceModel::Received, Qt::Horizontal, Qt::ToolTipRole)
                != InterfaceModel().headerData(InterfaceModel::Received, Qt::Horizontal, Qt::ToolTipRole));
    }

    void linesAddUpToTheCounter()
    {
        Books books;
        QVERIFY(!books.model.namedShare());
        QSignalSpy changed(&books.model, &InterfaceModel::changed);
        // In another order than the contract's, with a line of a newer helper.
        books.model.take({balance(2, u"eth0"_s,
                                  {{u"unseen"_s, 100, 0},
                                   {u"tunnels"_s, 900, 0},
                                   {u"link-headers"_s, 1'400, 700},
                                   {u"programs"_s, 997'600, 49'300}})});
        QCOMPARE(changed.count(), 1);
        const QModelIndex eth0 = books.model.index(0, 0);
        QCOMPARE(names(books.model), QStringList{u"eth0"_s});
        QCOMPARE(names(books.model, eth0),
                 QStringList({u"Programs"_s, u"tunnels"_s, u"Link headers"_s, u"Not seen"_s, sumName}));
        QCOMPARE(text(eth0.siblingAtColumn(InterfaceModel::Received)), u"1,000,000"_s);
        QCOMPARE(text(eth0.siblingAtColumn(InterfaceModel::ReceivedShare)), u"99.99 %"_s);
        QCOMPARE(text(eth0.siblingAtColumn(InterfaceModel::SentShare)), u"100 %"_s);
        QCOMPARE(eth0.siblingAtColumn(InterfaceModel::SentShare).data(Qt::AccessibleTextRole).toString(),
                 u"100\u00a0% named"_s);
        QCOMPARE(text(books.model.index(0, InterfaceModel::Received, eth0)), u"997,600"_s);
        QCOMPARE(text(books.model.index(0, InterfaceModel::ReceivedShare, eth0)), u"99.76 %"_s);
        const QModelIndex sum = books.model.index(4, 0, eth0);
        QVERIFY(sum.data(InterfaceModel::SumRole).toBool());
        QCOMPARE(text(sum.siblingAtColumn(InterfaceModel::Received)), u"1,000,000"_s);
        QCOMPARE(text(sum.siblingAtColumn(InterfaceModel::Sent)), u"50,000"_s);
        QCOMPARE(text(sum.siblingAtColumn(InterfaceModel::SentShare)), u"100 %"_s);
        QCOMPARE(Tone(sum.data(toneRole).toInt()), Tone::Good);
        QVERIFY(books.model.isBalanced());
        QCOMPARE(InterfaceModel::shareText(books.model.namedShare()).replace(QChar::Nbsp, u' '),
                 u"99.99 %"_s);
        for (int column = 0; column < InterfaceModel::ColumnCount; ++column)
            QVERIFY(!books.model.headerData(column, Qt::Horizontal).toString().isEmpty());
    }

    void sumThatIsNotTheCounterIsSaid()
    {
        Books books;
        InterfaceBalance wrong = balance(2, u"eth0"_s, {{u"programs"_s, 900, 10}});
        wrong.rxBytes = 907;
        books.model.take({wrong});
        QVERIFY(!books.model.isBalanced());
        const QModelIndex sum = books.model.index(1, 0, books.model.index(0, 0));
        QCOMPARE(text(sum), u"Sum differs"_s);
        QCOMPARE(Tone(sum.data(toneRole).toInt()), Tone::Warning);
        QVERIFY(sum.data(Qt::ToolTipRole).toString().contains(u"7 bytes more received"_s));
    }

    void tunnelSaysWhoCarriesIt()
    {
        Books books;
        InterfaceBalance tunnel = balance(3, u"tun0"_s, {{u"programs"_s, 10, 10}});
        tunnel.kind = u"tun"_s;
        tunnel.isTunnel = true;
        const auto shown = [&](const InterfaceBalance &told) {
            books.model.take({balance(2, u"eth0"_s, {{u"programs"_s, 900, 10}}), told});
            return text(books.model.index(1, InterfaceModel::Name));
        };
        QCOMPARE(shown(tunnel), u"tun0: tunnel (tun), carried by nobody now"_s);
        tunnel.carriers = {{1234, u"openvpn"_s}};
        QCOMPARE(shown(tunnel), u"tun0: tunnel (tun), carried by openvpn (1234)"_s);
        tunnel.carriers = {{0, {}}, {0, {}}, {1234, u"openvpn"_s}};
        QCOMPARE(shown(tunnel), u"tun0: tunnel (tun), carried by another user’s program, openvpn (1234)"_s);
        InterfaceBalance wire = tunnel;
        wire.kind = u"wireguard"_s;
        wire.carriers.clear();
        QCOMPARE(shown(wire), u"tun0: tunnel (wireguard), carried by the kernel"_s);
        wire.kind = u"gre"_s;
        wire.lowerIndex = 2;
        QCOMPARE(shown(wire), u"tun0: tunnel (gre), carried by the kernel over eth0"_s);
        QVERIFY(books.model.machineText().isEmpty());
        books.model.take({}, MachineBytes{2048, 0});
        QVERIFY(books.model.machineText().contains(u"2.00"_s)
                || books.model.machineText().contains(u"2.0"_s));
    }

    void unseenBelowZeroIsNotNamed()
    {
        Books books;
        books.model.take({balance(2, u"eth0"_s, {{u"programs"_s, 1'010, 0}, {u"unseen"_s, -10, 0}}),
                          balance(3, u"eth1"_s, {{u"programs"_s, 990, 0}, {u"unseen"_s, 10, 0}})});
        QCOMPARE(books.model.namedShare().value(), 0.99);
        const QModelIndex eth0 = books.model.index(0, 0);
        QCOMPARE(text(books.model.index(1, InterfaceModel::Received, eth0)), u"-10"_s);
        QCOMPARE(text(books.model.index(1, InterfaceModel::ReceivedShare, eth0)), u"-1.00 %"_s);
        QCOMPARE(text(eth0.siblingAtColumn(InterfaceModel::ReceivedShare)), u"99.00 %"_s);
    }

    void muchUnseenIsAWarning()
    {
        Books books;
        books.model.take({balance(2, u"eth0"_s, {{u"programs"_s, 99'900, 0}, {u"unseen"_s, 100, 0}}),
                          balance(3, u"eth1"_s, {{u"programs"_s, 99'899, 0}, {u"unseen"_s, 101, 0}})});
        const auto toneOf = [&](int interface) {
            return Tone(books.model.index(1, 0, books.model.index(interface, 0)).data(toneRole).toInt());
        };
        QCOMPARE(toneOf(0), Tone::Plain);
        QCOMPARE(toneOf(1), Tone::Warning);
    }

    void silentInterfaceHasNoLines()
    {
        Books books;
        books.model.take({balance(1, u"lo"_s, {})});
        const QModelIndex lo = books.model.index(0, 0);
        QCOMPARE(books.model.rowCount(lo), 0);
        QCOMPARE(text(lo.siblingAtColumn(InterfaceModel::Received)), u"0"_s);
        QVERIFY2(text(lo.siblingAtColumn(InterfaceModel::ReceivedShare)) == unknownText(),
                 "there is nothing of which a share could be named");
        QVERIFY(!books.model.namedShare());
    }

    void shares_data()
    {
        QTest::addColumn<double>("share");
        QTest::addColumn<QString>("expected");
        QTest::newRow("nothing") << 0.0 << u"0 %"_s;
        QTest::newRow("all") << 1.0 << u"100 %"_s;
        QTest::newRow("all but a byte") << 1 - 1e-12 << u"99.99 %"_s;
        QTest::newRow("hardly anything") << 1e-12 << u"< 0.01 %"_s;
        QTest::newRow("half") << 0.5 << u"50.00 %"_s;
        QTest::newRow("more than all") << 1.25 << u"125.00 %"_s;
        QTest::newRow("below zero") << -0.25 << u"-25.00 %"_s;
    }

    void shares()
    {
        QFETCH(double, share);
        QFETCH(QString, expected);
        QCOMPARE(InterfaceModel::shareText(share).replace(QChar::Nbsp, u' '), expected);
        QCOMPARE(InterfaceModel::shareText(std::nullopt), unknownText());
    }

    void rowsStayWhereTheyWere()
    {
        Books books;
        QSignalSpy reset(&books.model, &QAbstractItemModel::modelReset);
        books.model.take({balance(1, u"lo"_s, {{u"programs"_s, 10, 10}}),
                          balance(2, u"eth0"_s, {{u"programs"_s, 10, 10}, {u"unseen"_s, 1, 0}})});
        const QPersistentModelIndex eth0 = books.model.index(1, 0);
        const QPersistentModelIndex unseen = books.model.index(1, 0, eth0);
        QCOMPARE(text(unseen), u"Not seen"_s);
        // What is 0 now is not told; its row stays. The name is another, the interface is not.
        books.model.take({balance(2, u"lan"_s, {{u"programs"_s, 20, 20}, {u"kernel-icmp"_s, 5, 5}}),
                          balance(7, u"wg0"_s, {})});
        QCOMPARE(names(books.model), QStringList({u"lan"_s, u"wg0"_s}));
        QVERIFY(eth0.isValid());
        QCOMPARE(unseen.row(), 2);
        QCOMPARE(text(unseen.sibling(unseen.row(), InterfaceModel::Received)), u"0"_s);
        QCOMPARE(Tone(unseen.data(toneRole).toInt()), Tone::Muted);
        QCOMPARE(text(books.model.index(3, InterfaceModel::Received, eth0)), u"25"_s);
        // Under the same index another interface, whose counters began later.
        books.model.take({balance(2, u"lan"_s, {{u"programs"_s, 1, 1}}, 99)});
        QVERIFY(!eth0.isValid());
        QCOMPARE(names(books.model, books.model.index(0, 0)), QStringList({u"Programs"_s, sumName}));
        QCOMPARE(reset.count(), 0);
    }

    void pauseHoldsTheBooks()
    {
        Books books;
        books.model.take({balance(1, u"lo"_s, {{u"programs"_s, 10, 10}})});
        books.model.setPaused(true);
        books.model.take({balance(1, u"lo"_s, {{u"programs"_s, 20, 20}})});
        QCOMPARE(text(books.model.index(0, InterfaceModel::Received)), u"10"_s);
        books.model.setPaused(false);
        books.model.take({balance(1, u"lo"_s, {{u"programs"_s, 30, 30}})});
        QCOMPARE(text(books.model.index(0, InterfaceModel::Received)), u"30"_s);
    }

    void sumStaysLastInEachOrder()
    {
        Books books;
        books.model.take(
            {balance(1, u"lo"_s, {{u"programs"_s, 10, 10}}),
             balance(2, u"eth0"_s, {{u"programs"_s, 50, 1}, {u"kernel-icmp"_s, 5, 2}, {u"unseen"_s, 7, 3}})});
        QCOMPARE(names(books.order), QStringList({u"lo"_s, u"eth0"_s}));
        const QPersistentModelIndex eth0 = books.order.index(1, 0);
        books.order.sort(InterfaceModel::Received, Qt::DescendingOrder);
        QCOMPARE(names(books.order), QStringList({u"eth0"_s, u"lo"_s}));
        QCOMPARE(names(books.order, eth0),
                 QStringList({u"Programs"_s, u"Not seen"_s, u"Kernel: ICMP"_s, sumName}));
        books.order.sort(InterfaceModel::Received, Qt::AscendingOrder);
        QCOMPARE(names(books.order, eth0),
                 QStringList({u"Kernel: ICMP"_s, u"Not seen"_s, u"Programs"_s, sumName}));
        books.order.sort(InterfaceModel::Name, Qt::DescendingOrder);
        QCOMPARE(names(books.order, eth0).last(), sumName);
        books.order.sort(-1);
        QCOMPARE(names(books.order), QStringList({u"lo"_s, u"eth0"_s}));
        QCOMPARE(names(books.order, eth0),
                 QStringList({u"Programs"_s, u"Kernel: ICMP"_s, u"Not seen"_s, sumName}));
    }

    /// Interfaces and lines that come, go and grow, under the eyes of the testers, in some order.
    void churn()
    {
        QRandomGenerator random(9);
        const QStringList keys = {u"programs"_s, u"pending"_s,      u"frames"_s,          u"kernel-tcp"_s,
                                  u"x"_s,        u"link-headers"_s, u"segment-headers"_s, u"unseen"_s};
        Books books;
        for (int round = 0; round < 300; ++round) {
            QList<InterfaceBalance> told;
            for (quint32 index = 1; index <= 6; ++index) {
                if (random.bounded(4) == 0)
                    continue;
                QList<BalanceLine> lines;
                for (const QString &key : keys) {
                    if (random.bounded(2) == 0)
                        lines.append({key, qint64(random.bounded(1'000U)), qint64(random.bounded(1'000U))});
                }
                told.append(balance(index, u"if%1"_s.arg(index), lines, 1 + random.bounded(2U)));
            }
            if (random.bounded(20) == 0)
                books.order.sort(random.bounded(int(InterfaceModel::ColumnCount)),
                                 Qt::SortOrder(random.bounded(2)));
            books.model.take(told);
            QCOMPARE(books.model.rowCount(), told.size());
            QVERIFY(books.model.isBalanced());
            quint64 bytes = 0;
            for (const InterfaceBalance &interface : std::as_const(told))
                bytes += interface.rxBytes + interface.txBytes;
            QCOMPARE(books.model.bytesTotal(), bytes);
            for (int row = 0; row < books.order.rowCount(); ++row) {
                const QModelIndex interface = books.order.index(row, 0);
                const int lines = books.order.rowCount(interface);
                if (lines > 0)
                    QCOMPARE(text(books.order.index(lines - 1, 0, interface)), sumName);
            }
        }
    }
};

QTEST_GUILESS_MAIN(TestInterfaceModel)
#include "tst_interfacemodel.moc"
