// SPDX-License-Identifier: MIT
#include "livemodel.h"
#include "usagescript.h"

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    LiveModel model;
    QAbstractItemModelTester tester{&model, QAbstractItemModelTester::FailureReportingMode::Fatal};

    void push(quint64 timeNs) { model.apply(book, book.apply(script.push(timeNs))); }
};

QString text(const LiveModel &model, int row, int column, const QModelIndex &parent = {})
{
    return model.index(row, column, parent).data().toString().replace(QChar::Nbsp, u' ');
}

QVariant figure(const LiveModel &model, int row, int column, const QModelIndex &parent = {})
{
    return model.index(row, column, parent).data(LiveModel::SortRole);
}

QModelIndex find(const LiveModel &model, const QString &name, const QModelIndex &parent = {})
{
    for (int row = 0; row < model.rowCount(parent); ++row) {
        if (text(model, row, LiveModel::Name, parent) == name)
            return model.index(row, 0, parent);
    }
    return {};
}

Identity identity(quint32 programId, const QString &application,
                  ApplicationKind kind = ApplicationKind::Desktop)
{
    Identity identity;
    identity.programId = programId;
    identity.application.key = u"key of "_s + application;
    identity.application.kind = kind;
    identity.application.name = application;
    return identity;
}

quint64 sum(const LiveModel &model, int column, const QModelIndex &parent = {})
{
    quint64 total = 0;
    for (int row = 0; row < model.rowCount(parent); ++row)
        total += figure(model, row, column, parent).toULongLong();
    return total;
}

} // namespace

class TestLiveModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale::c()); }

    void showsProgramsAndRemotes()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"2001:db8::2"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.move(2, 1, 1, 24, 0, 2);
        feed.script.move(3, 1, 2, 1024, 0);
        feed.script.move(4, 1, 0, 5, 5);
        feed.push(10 * second);

        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"curl"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Pid), u"1001"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::User), u"root"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::ReceiveRate), u"–"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Received), u"2.00 KiB"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Sent), u"15 B"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Connections), u"5"_s);
        const QModelIndex curl = feed.model.index(0, 0);
        QCOMPARE(feed.model.rowCount(curl), 3);
        const QModelIndex remote = find(feed.model, u"192.0.2.1"_s, curl);
        QVERIFY2(remote.isValid(), "the ports of one address are one row");
        QCOMPARE(figure(feed.model, remote.row(), LiveModel::Received, curl).toULongLong(), 1024U);
        QCOMPARE(figure(feed.model, remote.row(), LiveModel::Connections, curl).toInt(), 3);
        QVERIFY(find(feed.model, u"Not connected"_s, curl).isValid());

        feed.script.move(1, 1, 1, 2048, 0);
        feed.push(12 * second);
        QCOMPARE(text(feed.model, 0, LiveModel::ReceiveRate), u"1.00 KiB/s"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::SendRate), u"0 B/s"_s);
    }

    void namesRemotes()
    {
        Feed feed;
        NameBook book;
        feed.model.setNameBook(&book);
        feed.model.sort(LiveModel::Name, Qt::AscendingOrder);
        const Address first = Address::fromString(u"192.0.2.1"_s);
        const Address second4 = Address::fromString(u"192.0.2.2"_s);
        const auto learn = [&](quint32 program, const QString &name, const Address &address) {
            DnsMessage answer;
            answer.name = name;
            answer.addresses = {{address, 60}};
            book.learn(program, answer, 10 * second);
        };
        learn(1, u"<b>early</b>.test"_s, second4);
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"192.0.2.2"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.move(2, 1, 2, 1000, 10);
        feed.push(10 * second);
        const QModelIndex curl = feed.model.index(0, 0);
        const auto shown = [&] {
            return QStringList{text(feed.model, 0, LiveModel::Name, curl),
                               text(feed.model, 1, LiveModel::Name, curl)};
        };
        // One known before its row comes has its name at once, those with a name stand first.
        QCOMPARE(shown(), QStringList({u"<b>early</b>.test"_s, u"192.0.2.1"_s}));
        const QString tip = feed.model.index(0, 0, curl).data(Qt::ToolTipRole).toString();
        QVERIFY2(tip.startsWith(u"192.0.2.2\n"_s), "what a stranger chose must not make it rich text");
        QVERIFY2(tip.contains(u"asked for by this program"_s), qPrintable(tip));
        QVERIFY(!feed.model.index(0, LiveModel::Received, curl).data(copyRole).isValid());

        learn(2, u"aaa.test"_s, first);
        feed.push(11 * second);
        QCOMPARE(shown().constLast(), u"192.0.2.1"_s);
        feed.model.setPaused(true);
        feed.model.renewNames();
        feed.push(12 * second);
        QCOMPARE(shown().constLast(), u"192.0.2.1"_s);
        QSignalSpy changes(&feed.model, &QAbstractItemModel::dataChanged);
        feed.model.setPaused(false);
        QCOMPARE(shown(), QStringList({u"<b>early</b>.test"_s, u"aaa.test"_s}));
        QVERIFY2(std::any_of(changes.cbegin(), changes.cend(),
                             [](const auto &change) {
                                 return change.at(2).template value<QList<int>>().contains(
                                     SearchableRows::searchRole);
                             }),
                 "a filter has to look again");
        const QModelIndex named = feed.model.index(1, 0, curl);
        QVERIFY(named.data(Qt::ToolTipRole).toString().contains(u"asked for by another program"_s));
        QCOMPARE(named.data(copyRole).toString(), u"aaa.test (192.0.2.1)"_s);
        QVERIFY(feed.model.matches(named, u"AAA"_s) && feed.model.matches(named, u"192.0.2.1"_s));

        feed.model.setNamesShown(false);
        QCOMPARE(shown(), QStringList({u"192.0.2.1"_s, u"192.0.2.2"_s}));
        QCOMPARE(feed.model.index(0, 0, curl).data(copyRole).toString(), u"192.0.2.1 (aaa.test)"_s);
    }

    void tellsFigureFromText()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1000, 10);
        feed.push(10 * second);
        QVERIFY2(!figure(feed.model, 0, LiveModel::ReceiveRate).isValid(), "an unknown rate is no figure");
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 1000U);
        for (int column = 0; column < LiveModel::ColumnCount; ++column) {
            const auto alignment =
                feed.model.index(0, column).data(Qt::TextAlignmentRole).value<Qt::Alignment>();
            const bool isFigure = column == LiveModel::Pid || column >= LiveModel::ReceiveRate;
            QCOMPARE(alignment.testFlag(Qt::AlignRight), isFigure);
            QVERIFY(!feed.model.headerData(column, Qt::Horizontal).toString().isEmpty());
        }
        const QString toolTip = feed.model.index(0, 0).data(Qt::ToolTipRole).toString();
        QVERIFY(toolTip.contains(u"/usr/bin/curl"_s));
        QVERIFY(toolTip.contains(u"1001"_s));
    }

    void foldedRowsHaveNoProcess()
    {
        Feed feed;
        feed.script.program(1, {}, ProgramKind::Others);
        feed.script.program(2, {}, ProgramKind::Overflow);
        feed.script.move(1, 1, 0, 1000, 10);
        feed.script.move(2, 2, 0, 10, 10);
        feed.push(10 * second);
        QCOMPARE(feed.model.rowCount(), 2);
        for (int row = 0; row < 2; ++row) {
            QVERIFY(!text(feed.model, row, LiveModel::Name).isEmpty());
            QCOMPARE(text(feed.model, row, LiveModel::Pid), QString());
            QCOMPARE(text(feed.model, row, LiveModel::User), QString());
            QCOMPARE(feed.model.rowCount(feed.model.index(row, 0)), 0);
        }
        const QModelIndex others = find(feed.model, u"Other users’ programs"_s);
        QVERIFY(others.isValid());
        QCOMPARE(text(feed.model, others.row(), LiveModel::Connections), u"1"_s);
        QCOMPARE(text(feed.model, 1 - others.row(), LiveModel::Connections), u"–"_s);
    }

    void newProgramHasARateAtOnce()
    {
        Feed feed;
        feed.push(10 * second);
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 3'000'000, 0);
        feed.push(11 * second);
        QVERIFY(figure(feed.model, 0, LiveModel::ReceiveRate).toDouble() > 0);
    }

    void tunnelMovesFromTheProgramsInsideToItsCarrier()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.program(2, u"openvpn"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.move(1, 1, 1, 1000, 0);
        feed.script.setTunnelSide(1, TunnelSide::Inside);
        feed.script.move(2, 2, 1, 1200, 0);
        feed.script.setTunnelSide(2, TunnelSide::Carrier);
        feed.push(10 * second);
        feed.script.move(1, 1, 1, 1000, 0);
        feed.script.move(2, 2, 1, 1200, 0);
        feed.push(11 * second);
        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(sum(feed.model, LiveModel::Received), 2000U);
        const double rate = figure(feed.model, 0, LiveModel::ReceiveRate).toDouble();

        feed.model.apply(feed.book, feed.book.setTunnelsAt(TunnelsAt::Carrier));
        const QModelIndex carrier = find(feed.model, u"openvpn"_s);
        QVERIFY(carrier.isValid());
        QCOMPARE(figure(feed.model, carrier.row(), LiveModel::Received).toULongLong(), 2400U);
        QCOMPARE(sum(feed.model, LiveModel::Received), 2400U);
        feed.model.apply(feed.book, feed.book.setTunnelsAt(TunnelsAt::Inside));
        QCOMPARE(sum(feed.model, LiveModel::Received), 2000U);
        const int inner = find(feed.model, u"curl"_s).row();
        QCOMPARE(figure(feed.model, inner, LiveModel::ReceiveRate).toDouble(), rate);
    }

    void endedProgramIsGreyedThenRemoved()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.push(10 * second);
        QVERIFY(!feed.model.index(0, 0).data(LiveModel::EndedRole).toBool());
        feed.script.end(1);
        feed.script.move(1, 1, 0, 1, 0, 0);
        feed.push(11 * second);
        QVERIFY(feed.model.index(0, 0).data(LiveModel::EndedRole).toBool());
        QVERIFY(feed.model.index(0, 0).data(Qt::AccessibleTextRole).toString().contains(u"ended"_s));
        feed.push(40 * second);
        QCOMPARE(feed.model.rowCount(), 1);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        feed.push(41 * second);
        QCOMPARE(feed.model.rowCount(), 0);
        QCOMPARE(reset.count(), 0);
        QCOMPARE(feed.book.total().rxPayloadBytes, 1001U);
    }

    void onlyANewInstanceResets()
    {
        Feed feed;
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.push(10 * second);
        QCOMPARE(reset.count(), 1);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(20 * second)));
        QCOMPARE(reset.count(), 1);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 2000U);
        UsageScript next(u"b"_s);
        next.program(1, u"wget"_s);
        next.move(1, 1, 0, 7, 0);
        feed.model.apply(feed.book, feed.book.apply(next.push(30 * second)));
        QCOMPARE(reset.count(), 2);
        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"wget"_s);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 7U);
    }

    void pauseFreezesWhatIsShownAndLosesNothing()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.push(10 * second);
        feed.model.setPaused(true);
        QSignalSpy changed(&feed.model, &QAbstractItemModel::dataChanged);
        QSignalSpy inserted(&feed.model, &QAbstractItemModel::rowsInserted);
        feed.script.program(2, u"wget"_s);
        feed.script.move(2, 2, 0, 5, 0);
        feed.script.move(1, 1, 0, 500, 0);
        feed.push(11 * second);
        feed.push(12 * second);
        QCOMPARE(changed.count() + inserted.count(), 0);
        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 1000U);
        feed.model.setPaused(false);
        QCOMPARE(feed.model.rowCount(), 2);
        QCOMPARE(sum(feed.model, LiveModel::Received), 1505U);
    }

    void newInstanceWhilePaused()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1000, 0);
        feed.push(10 * second);
        feed.model.setPaused(true);
        UsageScript next(u"b"_s);
        next.program(1, u"wget"_s);
        next.move(1, 1, 0, 7, 0);
        feed.model.apply(feed.book, feed.book.apply(next.push(30 * second)));
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"curl"_s);
        QVERIFY(!feed.model.index(0, 0).data(Qt::ToolTipRole).toString().isEmpty());
        feed.model.setPaused(false);
        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"wget"_s);
    }

    void sortsOnlyWhenTheOrderChanges()
    {
        Feed feed;
        feed.model.sort(LiveModel::Received, Qt::DescendingOrder);
        for (quint32 id = 1; id <= 3; ++id) {
            feed.script.program(id, u"p%1"_s.arg(id));
            feed.script.move(id, id, 0, id * 1000, 0);
        }
        feed.push(10 * second);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"p3"_s);
        QSignalSpy layout(&feed.model, &QAbstractItemModel::layoutChanged);
        QSignalSpy changed(&feed.model, &QAbstractItemModel::dataChanged);
        const QPersistentModelIndex first = feed.model.index(2, 0);
        QCOMPARE(first.data().toString(), u"p1"_s);
        feed.script.move(3, 3, 0, 10, 0);
        feed.push(11 * second);
        QCOMPARE(layout.count(), 0);
        feed.script.move(1, 1, 0, 10'000, 0);
        feed.push(12 * second);
        QCOMPARE(layout.count(), 1);
        QCOMPARE(first.row(), 0);
        QCOMPARE(first.data().toString(), u"p1"_s);
        changed.clear();
        for (quint32 id = 1; id <= 3; ++id)
            feed.script.move(id, id, 0, 1000, 0);
        feed.push(13 * second);
        int topLevel = 0;
        for (const QList<QVariant> &arguments : changed)
            topLevel += arguments[0].toModelIndex().parent().isValid() ? 0 : 1;
        QCOMPARE(topLevel, 1);
    }

    void unitsChangeTheTextOnly()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.move(1, 1, 0, 1500, 0);
        feed.push(10 * second);
        feed.model.setUnitStyle({UnitBase::Si, RateUnit::Bits});
        QCOMPARE(text(feed.model, 0, LiveModel::Received), u"1.50 kB"_s);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 1500U);
    }

    void measureChangesFiguresAndOrderWithoutReset()
    {
        Feed feed;
        feed.model.sort(LiveModel::Received, Qt::DescendingOrder);
        feed.push(10 * second);
        for (quint32 id = 1; id <= 2; ++id) {
            feed.script.program(id, u"p%1"_s.arg(id));
            feed.script.move(id, id, 0, id * 1000, 10);
            feed.script.carry(id, id == 1 ? 30 : 3, 1, id);
        }
        feed.push(11 * second);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"p2"_s);
        const double payloadRate = figure(feed.model, 0, LiveModel::ReceiveRate).toDouble();
        const QPersistentModelIndex first = feed.model.index(0, 0);

        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        QSignalSpy removed(&feed.model, &QAbstractItemModel::rowsRemoved);
        QSignalSpy header(&feed.model, &QAbstractItemModel::headerDataChanged);
        feed.model.setMeasure(Measure::Network);
        QCOMPARE(reset.count() + removed.count(), 0);
        QCOMPARE(header.count(), 1);
        QCOMPARE(first.row(), 1);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"p1"_s);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 30 * packetBytes);
        QCOMPARE(figure(feed.model, 0, LiveModel::Sent).toULongLong(), packetBytes);
        QVERIFY2(figure(feed.model, 0, LiveModel::ReceiveRate).toDouble() > 0,
                 "the rate of the other measure is known at once");
        QCOMPARE(feed.model.busiest(1)[0].name, u"p1"_s);
        feed.model.setMeasure(Measure::Payload);
        QCOMPARE(first.row(), 0);
        QCOMPARE(figure(feed.model, 0, LiveModel::ReceiveRate).toDouble(), payloadRate);
        QCOMPARE(feed.model.busiest(1)[0].name, u"p2"_s);
    }

    void toolTipTellsBothMeasures()
    {
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.carry(1, 1234, 7, 5);
        feed.push(10 * second);
        const QModelIndex curl = feed.model.index(0, 0);
        for (const QModelIndex &index : {curl, feed.model.index(0, 0, curl)}) {
            feed.model.setMeasured({true, true});
            QString toolTip = index.data(Qt::ToolTipRole).toString().replace(QChar::Nbsp, u' ');
            QVERIFY(toolTip.contains(u"Payload: 0.98 KiB received, 10 B sent"_s));
            QVERIFY(toolTip.contains(u"Network bytes: 1.22 MiB received, 7.11 KiB sent"_s));
            QVERIFY(toolTip.contains(u"Packets: 1234 received, 7 sent, 5 of them again"_s));
            feed.model.setMeasured({false, false});
            toolTip = index.data(Qt::ToolTipRole).toString();
            QVERIFY2(toolTip.contains(u"Network bytes: – received, – sent"_s), qPrintable(toolTip));
            QVERIFY(toolTip.contains(u"Packets: – received, – sent, – of them again"_s));
            feed.model.setMeasured({true, false});
            toolTip = index.data(Qt::ToolTipRole).toString();
            QVERIFY(toolTip.contains(u"Packets: 1234 received, 7 sent, – of them again"_s));
        }
    }

    /// Payload of a UDP socket that is not connected has no remote; its packets have theirs.
    void remotesEmptyByTheMeasureAreNotShown()
    {
        Feed feed;
        feed.script.program(1, u"resolver"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.move(1, 1, 0, 100, 40, 1);
        feed.script.move(2, 1, 1, 0, 0, 0);
        feed.script.carry(2, 1, 1);
        feed.push(10 * second);
        const QModelIndex program = feed.model.index(0, 0);
        const auto shown = [&] {
            QStringList names;
            for (int row = 0; row < feed.model.rowCount(program); ++row)
                names.append(text(feed.model, row, LiveModel::Name, program));
            names.sort();
            return names;
        };
        const QString unconnected = u"Not connected"_s;
        const QString address = u"192.0.2.1"_s;
        QCOMPARE(shown(), QStringList{unconnected});
        feed.model.setMeasure(Measure::Network);
        QVERIFY2(shown() == QStringList({address, unconnected}), "an open socket is something to show");
        feed.script.move(1, 1, 0, 0, 0, 0);
        feed.push(11 * second);
        QCOMPARE(shown(), QStringList{address});
        feed.model.setMeasure(Measure::Payload);
        QCOMPARE(shown(), QStringList{unconnected});
        feed.script.move(2, 1, 1, 1, 0, 0);
        feed.push(12 * second);
        QCOMPARE(shown(), QStringList({address, unconnected}));

        // While paused the rows stay, with the other figures.
        feed.model.setPaused(true);
        feed.model.setMeasure(Measure::Network);
        QCOMPARE(shown(), QStringList({address, unconnected}));
        QCOMPARE(sum(feed.model, LiveModel::Received, program), packetBytes);
        feed.model.setPaused(false);
        QCOMPARE(shown(), QStringList{address});
    }

    void kernelItselfHasNoPayloadToShow()
    {
        Feed feed;
        feed.script.program(1, {}, ProgramKind::Kernel);
        feed.script.program(2, u"curl"_s);
        feed.script.move(1, 1, 0, 0, 0, 0);
        feed.script.carry(1, 1, 1);
        feed.script.move(2, 2, 0, 5, 5);
        feed.push(10 * second);
        QCOMPARE(feed.model.rowCount(), 1);
        feed.model.setMeasure(Measure::Network);
        QCOMPARE(feed.model.rowCount(), 2);
        QVERIFY(find(feed.model, u"The kernel itself"_s).isValid());
        QVERIFY2(find(feed.model, u"curl"_s).isValid(), "a program is shown by either measure");
        feed.model.setMeasure(Measure::Payload);
        QCOMPARE(feed.model.rowCount(), 1);
    }

    void groupsProcessesByApplication()
    {
        Feed feed;
        feed.model.sort(LiveModel::Received, Qt::DescendingOrder);
        feed.script.remote(1, u"192.0.2.1"_s);
        for (quint32 id = 1; id <= 3; ++id) {
            feed.script.program(id, u"p%1"_s.arg(id));
            feed.script.move(id, id, 1, id * 100, id, 2);
        }
        feed.push(10 * second);
        QCOMPARE(feed.model.rowCount(), 3);

        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        feed.model.identify({identity(1, u"Web"_s), identity(3, u"Web"_s)});
        QCOMPARE(reset.count(), 0);
        QCOMPARE(feed.model.rowCount(), 2);
        const QPersistentModelIndex web = find(feed.model, u"Web (2)"_s);
        QVERIFY(web.isValid());
        QCOMPARE(web.data(LiveModel::PlainNameRole).toString(), u"Web"_s);
        QCOMPARE(web.data(LiveModel::LevelRole).toInt(), int(LiveModel::Level::Application));
        QCOMPARE(text(feed.model, 0, LiveModel::Pid), QString());
        QCOMPARE(text(feed.model, 0, LiveModel::User), u"root"_s);
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 400U);
        QCOMPARE(figure(feed.model, 0, LiveModel::Connections).toInt(), 4);
        QCOMPARE(feed.model.rowCount(web), 2);
        QCOMPARE(text(feed.model, 0, LiveModel::Name, web), u"p3"_s);
        QCOMPARE(text(feed.model, 1, LiveModel::Pid, web), u"1001"_s);
        const QModelIndex process = feed.model.index(0, 0, web);
        QCOMPARE(process.data(LiveModel::LevelRole).toInt(), int(LiveModel::Level::Process));
        QCOMPARE(text(feed.model, 0, LiveModel::Name, process), u"192.0.2.1"_s);
        QVERIFY(!process.data(LiveModel::KindRole).isValid());

        // One process has no level of its own.
        const QModelIndex single = find(feed.model, u"p2"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Name, single), u"192.0.2.1"_s);
        feed.push(12 * second);
        feed.script.move(1, 1, 1, 10'000, 0);
        feed.push(13 * second);
        QCOMPARE(feed.model.busiest(9).size(), 1);
        QCOMPARE(feed.model.busiest(9)[0].name, u"Web"_s);
    }

    void levelComesAndGoesWithTheSecondProcess()
    {
        Feed feed;
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.program(1, u"a"_s);
        feed.script.move(1, 1, 1, 100, 0);
        feed.push(9 * second);
        feed.model.identify({identity(1, u"Web"_s), identity(2, u"Web"_s)});
        feed.push(10 * second);
        const QPersistentModelIndex web = feed.model.index(0, 0);
        QCOMPARE(web.data().toString(), u"Web"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Pid), u"1001"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Name, web), u"192.0.2.1"_s);

        feed.script.program(2, u"b"_s);
        feed.script.move(2, 2, 1, 11, 0);
        feed.push(11 * second);
        QVERIFY2(web.isValid(), "the row stays, and so does what is open or selected");
        QCOMPARE(web.data().toString(), u"Web (2)"_s);
        QVERIFY(find(feed.model, u"b"_s, web).isValid());

        feed.script.end(2);
        feed.push(12 * second);
        QVERIFY(!web.data(LiveModel::EndedRole).toBool());
        QVERIFY(find(feed.model, u"b"_s, web).data(LiveModel::EndedRole).toBool());
        feed.push(42 * second);
        QCOMPARE(web.data().toString(), u"Web"_s);
        QCOMPARE(text(feed.model, 0, LiveModel::Name, web), u"192.0.2.1"_s);
        QVERIFY2(figure(feed.model, 0, LiveModel::Received).toULongLong() == 111,
                 "it was moved all the same");
        const QString toolTip = web.data(Qt::ToolTipRole).toString().replace(QChar::Nbsp, u' ');
        QVERIFY2(toolTip.contains(u"11 B received"_s), qPrintable(toolTip));

        // Not so what the helper tells of no more.
        feed.script.forget(1);
        feed.script.program(3, u"c"_s);
        feed.script.move(3, 3, 1, 5, 0);
        feed.model.identify({identity(3, u"Web"_s)});
        feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(43 * second)));
        QCOMPARE(figure(feed.model, 0, LiveModel::Received).toULongLong(), 16U);
        QCOMPARE(feed.model.rowCount(), 1);
    }

    void identityWaitsForThePause()
    {
        Feed feed;
        for (quint32 id = 1; id <= 2; ++id) {
            feed.script.program(id, u"p%1"_s.arg(id));
            feed.script.move(id, id, 0, 100, 0);
        }
        feed.push(10 * second);
        feed.model.setPaused(true);
        feed.model.identify({identity(1, u"Web"_s), identity(2, u"Web"_s)});
        QCOMPARE(feed.model.rowCount(), 2);
        QVERIFY(find(feed.model, u"p1"_s).isValid());
        feed.model.setPaused(false);
        QCOMPARE(feed.model.rowCount(), 1);
        QCOMPARE(text(feed.model, 0, LiveModel::Name), u"Web (2)"_s);
    }

    void tellsWhatItIs()
    {
        Feed feed;
        feed.script.program(1, u"<b>sshd</b>"_s);
        feed.script.move(1, 1, 0, 100, 0);
        feed.push(10 * second);
        Identity container = identity(1, u"<i>web_1</i>"_s, ApplicationKind::Container);
        container.application.containerRuntime = u"Docker"_s;
        container.application.containerId = u"0123456789abcdef"_s;
        container.application.containerName = u"<i>web_1</i>"_s;
        container.application.pod = u"shop/front"_s;
        container.application.unit = u"docker-0123.scope"_s;
        container.application.icon = u"web"_s;
        container.executable = ExecutableState::Missing;
        feed.model.identify({container});
        const QModelIndex row = feed.model.index(0, 0);
        QCOMPARE(row.data(LiveModel::KindRole).toInt(), int(ApplicationKind::Container));
        QCOMPARE(row.data(LiveModel::IconRole).toString(), u"web"_s);
        QCOMPARE(row.data(LiveModel::ExecutableRole).toInt(), int(ExecutableState::Missing));
        QVERIFY(row.data(Qt::AccessibleTextRole).toString().contains(u"changed on disk"_s));
        const QString toolTip = row.data(Qt::ToolTipRole).toString();
        QVERIFY2(!toolTip.startsWith(u'<'), "a stranger's name must not make it rich text");
        for (const QString &fact : {u"(Docker)"_s, u"0123456789abcdef"_s, u"shop/front"_s,
                                    u"docker-0123.scope"_s, u"no such file"_s, u"/usr/bin/<b>sshd</b>"_s})
            QVERIFY2(toolTip.contains(fact), qPrintable(fact));
        for (const QString &wanted : {u"WEB_1"_s, u"docker"_s, u"0123"_s, u"front"_s, u"sshd"_s, u"1001"_s})
            QVERIFY2(feed.model.matches(row, wanted), qPrintable(wanted));
        QVERIFY(!feed.model.matches(row, u"cdef"_s));
    }

    void busiestComesFirst()
    {
        Feed feed;
        feed.push(10 * second);
        for (quint32 id = 1; id <= 4; ++id) {
            feed.script.program(id, u"p%1"_s.arg(id));
            feed.script.move(id, id, 0, id == 4 ? 0 : id * 1000, id * 10);
        }
        feed.push(11 * second);
        const auto talkers = feed.model.busiest(2);
        QCOMPARE(talkers.size(), 2);
        QCOMPARE(talkers[0].name, u"p3"_s);
        QCOMPARE(talkers[1].name, u"p2"_s);
        QCOMPARE(feed.model.busiest(100).size(), 4);
    }

    /// Programs and remotes that come, go, grow and change places, under the eyes of the model tester; what
    /// is shown is compared with what was moved.
    void churn_data()
    {
        QTest::addColumn<int>("column");
        QTest::addColumn<Qt::SortOrder>("order");
        for (int column = 0; column < LiveModel::ColumnCount; ++column) {
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
        for (quint32 id = 1; id <= 6; ++id)
            feed.script.remote(id, u"192.0.2.%1"_s.arg(id));
        quint64 timeNs = second;
        QHash<quint32, quint64> received;
        QHash<quint32, quint64> receivedPackets;
        QHash<quint32, bool> alive;
        QList<QPair<QPersistentModelIndex, QString>> watched;
        quint32 programs = 0;
        feed.push(timeNs);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        for (int round = 0; round < 150; ++round) {
            if (random.bounded(3) == 0) {
                ++programs;
                feed.script.program(programs, u"program %1"_s.arg(programs));
                alive[programs] = true;
            }
            for (int moves = random.bounded(12); moves > 0 && programs > 0; --moves) {
                const quint32 program = 1 + random.bounded(programs);
                if (!alive.value(program))
                    continue;
                const quint32 remote = random.bounded(7U);
                const quint64 bytes = random.bounded(5'000U);
                feed.script.move(program * 10 + remote, program, remote, bytes, bytes / 3,
                                 random.bounded(3U));
                received[program] += bytes;
                if (random.bounded(2) == 0) {
                    feed.script.carry(program * 10 + remote, 1, 0);
                    receivedPackets[program] += packetBytes;
                }
            }
            if (random.bounded(10) == 0)
                feed.model.setMeasure(measures[random.bounded(quint32(measures.size()))]);
            if (programs > 0 && random.bounded(5) == 0) {
                const quint32 program = 1 + random.bounded(programs);
                if (alive.value(program) && received.contains(program)) {
                    feed.script.end(program);
                    alive[program] = false;
                }
            }
            if (random.bounded(20) == 0)
                feed.model.setPaused(!feed.model.isPaused());
            timeNs += random.bounded(100, 4000) * 1'000'000ULL;
            if (random.bounded(30) == 0)
                feed.model.apply(feed.book, feed.book.apply(feed.script.snapshot(timeNs)));
            else
                feed.push(timeNs);
            if (feed.model.isPaused())
                continue;

            for (int row = 0; row < feed.model.rowCount(); ++row) {
                const QModelIndex index = feed.model.index(row, 0);
                const quint32 program = index.data().toString().mid(8).toUInt();
                const quint64 bytes =
                    (feed.model.measure() == Measure::Payload ? received : receivedPackets)[program];
                QCOMPARE(figure(feed.model, row, LiveModel::Received).toULongLong(), bytes);
                QCOMPARE(sum(feed.model, LiveModel::Received, index), bytes);
                for (int child = 0; child < feed.model.rowCount(index); ++child) {
                    QVERIFY(figure(feed.model, child, LiveModel::Received, index).toULongLong() > 0
                            || figure(feed.model, child, LiveModel::Sent, index).toULongLong() > 0
                            || figure(feed.model, child, LiveModel::Connections, index).toInt() > 0);
                }
                QCOMPARE(index.data(LiveModel::EndedRole).toBool(), !alive[program]);
                if (row > 0 && column >= LiveModel::ReceiveRate) {
                    const double above = figure(feed.model, row - 1, column).toDouble();
                    const double here = figure(feed.model, row, column).toDouble();
                    QVERIFY(order == Qt::AscendingOrder ? above <= here : above >= here);
                }
            }
            for (const auto &[index, name] : std::as_const(watched))
                QVERIFY(!index.isValid() || index.data().toString() == name);
            if (feed.model.rowCount() > 0) {
                const QModelIndex program = feed.model.index(random.bounded(feed.model.rowCount()), 0);
                watched.append({program, program.data().toString()});
                if (feed.model.rowCount(program) > 0)
                    watched.append({feed.model.index(0, 0, program), text(feed.model, 0, 0, program)});
            }
        }
        for (auto program = alive.cbegin(); program != alive.cend(); ++program) {
            if (*program && received.value(program.key()) > 0)
                QVERIFY(feed.model.isPaused()
                        || find(feed.model, u"program %1"_s.arg(program.key())).isValid());
        }
        QVERIFY(programs > 10);
        QCOMPARE(reset.count(), 0);
    }

    /// As churn(), with processes that come, go and change from one application to another.
    void churnOfApplications_data()
    {
        QTest::addColumn<int>("seed");
        for (int seed = 0; seed < 8; ++seed)
            QTest::addRow("seed %d", seed) << seed;
    }

    void churnOfApplications()
    {
        QFETCH(int, seed);
        QRandomGenerator random(static_cast<quint32>(seed));
        Feed feed;
        for (quint32 id = 1; id <= 4; ++id)
            feed.script.remote(id, u"192.0.2.%1"_s.arg(id));
        quint64 timeNs = second;
        quint32 programs = 0;
        QHash<quint32, QString> applicationOf;
        QHash<quint32, quint64> received;
        QSet<quint32> ended;
        QList<QPair<QPersistentModelIndex, QString>> watched;
        feed.push(timeNs);
        QSignalSpy reset(&feed.model, &QAbstractItemModel::modelReset);
        for (int round = 0; round < 200; ++round) {
            if (random.bounded(2) == 0) {
                ++programs;
                feed.script.program(programs, u"p%1"_s.arg(programs));
                applicationOf[programs] = u"p%1"_s.arg(programs);
            }
            for (int moves = random.bounded(8); moves > 0 && programs > 0; --moves) {
                const quint32 program = 1 + random.bounded(programs);
                if (ended.contains(program))
                    continue;
                const quint32 remote = random.bounded(5U);
                feed.script.move(program * 10 + remote, program, remote, 100, 10, random.bounded(2U));
                feed.script.carry(program * 10 + remote, random.bounded(2U), 0);
                received[program] += 100;
            }
            QList<Identity> told;
            for (int identities = random.bounded(4); identities > 0 && programs > 0; --identities) {
                const quint32 program = 1 + random.bounded(programs);
                applicationOf[program] = u"application %1"_s.arg(random.bounded(5));
                told.append(identity(program, applicationOf[program]));
            }
            if (programs > 0 && random.bounded(4) == 0) {
                const quint32 program = 1 + random.bounded(programs);
                if (received.contains(program) && !ended.contains(program)) {
                    feed.script.end(program);
                    ended.insert(program);
                }
            }
            if (random.bounded(15) == 0)
                feed.model.setPaused(!feed.model.isPaused());
            if (random.bounded(15) == 0)
                feed.model.setMeasure(measures[random.bounded(quint32(measures.size()))]);
            if (random.bounded(2) == 0)
                feed.model.identify(std::exchange(told, {}));
            timeNs += random.bounded(100, 4000) * 1'000'000ULL;
            feed.push(timeNs);
            feed.model.identify(told);
            if (feed.model.isPaused())
                continue;

            QHash<QString, QSet<quint32>> shown;
            const auto check = [&](const QModelIndex &row, const QString &application) {
                const quint32 program = row.siblingAtColumn(LiveModel::Pid).data().toUInt() - 1000;
                QVERIFY(program > 0 && program <= programs);
                QCOMPARE(applicationOf[program], application);
                shown[application].insert(program);
                if (feed.model.measure() == Measure::Payload)
                    QCOMPARE(sum(feed.model, LiveModel::Received, row), received[program]);
                QCOMPARE(row.data(LiveModel::EndedRole).toBool(), ended.contains(program));
            };
            for (int row = 0; row < feed.model.rowCount(); ++row) {
                const QModelIndex index = feed.model.index(row, 0);
                const QString name = index.data(LiveModel::PlainNameRole).toString();
                QVERIFY2(!shown.contains(name), "an application has one row");
                const bool isSingle = !text(feed.model, row, LiveModel::Pid).isEmpty();
                const int count = isSingle ? 1 : feed.model.rowCount(index);
                QVERIFY(isSingle || count > 1);
                QCOMPARE(index.data().toString(), isSingle ? name : u"%1 (%2)"_s.arg(name).arg(count));
                if (isSingle) {
                    check(index, name);
                } else {
                    for (int child = 0; child < count; ++child)
                        check(feed.model.index(child, 0, index), name);
                    QVERIFY(figure(feed.model, row, LiveModel::Received).toULongLong()
                            >= sum(feed.model, LiveModel::Received, index));
                }
            }
            for (auto program = received.cbegin(); program != received.cend(); ++program) {
                if (!ended.contains(program.key()))
                    QVERIFY(shown.value(applicationOf[program.key()]).contains(program.key()));
            }
            for (const auto &[index, name] : std::as_const(watched))
                QVERIFY(!index.isValid() || index.data(LiveModel::PlainNameRole).toString() == name);
            if (feed.model.rowCount() > 0) {
                QModelIndex index = feed.model.index(random.bounded(feed.model.rowCount()), 0);
                while (feed.model.hasChildren(index)) {
                    watched.append({index, index.data(LiveModel::PlainNameRole).toString()});
                    index = feed.model.index(random.bounded(feed.model.rowCount(index)), 0, index);
                }
                watched.append({index, index.data(LiveModel::PlainNameRole).toString()});
            }
        }
        QVERIFY(programs > 50);
        QCOMPARE(reset.count(), 0);
    }

    void tick_data()
    {
        QTest::addColumn<int>("programs");
        QTest::newRow("1,000 programs") << 1000;
        QTest::newRow("10,000 programs") << 10'000;
    }

    /// One push in which every program moved and all change places, with the script that makes it.
    void tick()
    {
        QFETCH(int, programs);
        UsageScript script(u"a"_s);
        UsageBook book;
        LiveModel model;
        QRandomGenerator random(3);
        for (int id = 1; id <= 50; ++id)
            script.remote(quint32(id), u"192.0.2.%1"_s.arg(id));
        quint64 timeNs = second;
        for (int id = 1; id <= programs; ++id)
            script.program(quint32(id), u"program %1"_s.arg(id));
        const auto moveAll = [&] {
            for (int id = 1; id <= programs; ++id)
                script.move(quint32(id), quint32(id), quint32(id % 50 + 1), random.bounded(100'000U), 100);
        };
        moveAll();
        model.apply(book, book.apply(script.push(timeNs)));
        QBENCHMARK
        {
            moveAll();
            timeNs += second;
            model.apply(book, book.apply(script.push(timeNs)));
        }
        QCOMPARE(model.rowCount(), programs);
    }
};

QTEST_GUILESS_MAIN(TestLiveModel)
#include "tst_livemodel.moc"
