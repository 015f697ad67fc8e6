// SPDX-License-Identifier: MIT
#include "historybrowser.h"

#include <QAbstractItemModelTester>
#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTest>

#include <cmath>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

using By = HistoryQuery::By;
using Kind = HistoryRange::Kind;

const QTimeZone berlin("Europe/Berlin");
constexpr qint64 hourS = 3600;
constexpr qint64 dayS = 24 * hourS;

qint64 at(const char *time)
{
    QDateTime parsed = QDateTime::fromString(QLatin1StringView(time), u"yyyy-MM-dd HH:mm:ss"_s);
    parsed.setTimeZone(berlin);
    return parsed.toSecsSinceEpoch();
}

const qint64 now = at("2026-11-23 22:37:12");

TrafficSums payload(quint64 rx, quint64 tx)
{
    return {rx, tx, std::nullopt};
}

TrafficSums network(quint64 rx, quint64 tx)
{
    return {rx / 2, tx / 2, NetworkUsage{rx, tx, rx / 1000, tx / 1000, 0}};
}

HistoryRow program(const QString &name, const TrafficSums &sums, const TrafficSums &previous = payload(0, 0))
{
    HistoryRow row;
    row.program = {name, u"/usr/bin/"_s + name, 1000, QString(), ProgramKind::Program};
    row.sums = sums;
    row.previous = previous;
    row.firstUtcS = now - hourS;
    row.lastUtcS = now - 600;
    return row;
}

HistoryRow remote(const QString &address, const TrafficSums &sums)
{
    HistoryRow row = program({}, sums);
    row.program = {};
    row.remote = Address::fromString(address);
    return row;
}

/// Answers as the test tells it, when the test tells it.
class Store {
public:
    struct Asked {
        HistoryQuery query;
        HistoryBrowser::Answered answered;
    };

    HistoryBrowser::Source source()
    {
        return [this](const HistoryQuery &query, const HistoryBrowser::Answered &answered) {
            waiting.append({query, answered});
            ++asked;
        };
    }

    /// Answers the one question that waits.
    void answer(const HistoryAnswer &answer)
    {
        QCOMPARE(waiting.size(), 1);
        waiting.takeFirst().answered(answer);
    }
    HistoryQuery question() const { return waiting.isEmpty() ? HistoryQuery() : waiting.constFirst().query; }

    /// When it began, in the three questions that takes, by month, hour and minute.
    void answerBegin(qint64 begunUtcS)
    {
        for (const qint64 bucketS : {30 * dayS, hourS, qint64(60)}) {
            HistoryAnswer told;
            told.total.firstUtcS = begunUtcS - begunUtcS % bucketS;
            told.total.lastUtcS = now;
            QCOMPARE(question().by, By::Time);
            answer(told);
        }
    }

    QList<Asked> waiting;
    int asked = 0;
};

HistoryAnswer answerOf(const QList<HistoryRow> &rows, const QList<qint64> &starts = {})
{
    HistoryAnswer answer;
    answer.rows = rows;
    answer.pointStartsUtcS = starts;
    answer.total.sums = TrafficSums::zero();
    answer.total.previous = TrafficSums::zero();
    answer.total.points = QList<TrafficSums>(starts.size(), TrafficSums::zero());
    for (const HistoryRow &row : rows) {
        answer.total.sums += row.sums;
        answer.total.previous += row.previous;
        answer.total.firstUtcS = row.firstUtcS;
        answer.total.lastUtcS = row.lastUtcS;
        for (qsizetype i = 0; i < row.points.size(); ++i)
            answer.total.points[i] += row.points.at(i);
    }
    return answer;
}

HistoryAnswer monthOf(const TrafficSums &sums)
{
    HistoryAnswer answer;
    answer.total.sums = sums;
    return answer;
}

QStringList column(const QAbstractItemModel &model, int of)
{
    QStringList texts;
    for (int row = 0; row < model.rowCount(); ++row)
        texts.append(model.index(row, of).data().toString().replace(QChar::Nbsp, u' '));
    return texts;
}

} // namespace

class TestHistoryBrowser : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom)); }

    void ratesAreByWhatWasMeasured()
    {
        HistoryQuery query;
        query.fromUtcS = 0;
        query.toUtcS = 3000; // three of 900 s, the last of 1,200
        HistoryAnswer answer = answerOf({}, {0, 900, 1800});
        answer.notMeasured = {{600, 1000, NotMeasuredReason::Suspended},
                              {800, 1500, NotMeasuredReason::HelperOff},
                              {2900, 4000, NotMeasuredReason::HelperOff}};
        const HistoryGraph graph(query, answer, 300);
        QCOMPARE(graph.gaps(),
                 (QList<HistoryGraph::Gap>{{0, 300, std::nullopt},
                                           {600, 1000, NotMeasuredReason::Suspended},
                                           {1000, 1500, NotMeasuredReason::HelperOff},
                                           {2900, 3000, NotMeasuredReason::HelperOff}}));
        QCOMPARE(graph.buckets(),
                 (QList<HistoryGraph::Bucket>{{0, 900, 300}, {900, 1800, 300}, {1800, 3000, 1100}}));
        QCOMPARE(graph.measuredS(), 1700);
        const auto rates = graph.rates(payload(3000, 600), 0, Measure::Payload);
        QVERIFY(rates);
        QCOMPARE(rates->rx, 10.0);
        QCOMPARE(rates->tx, 2.0);
        QCOMPARE(graph.rates(payload(2200, 0), 2, Measure::Payload)->rx, 2.0);
        QVERIFY(!graph.rates(payload(1, 1), 0, Measure::Network));
        QCOMPARE(graph.bucketAt(1799), 1);
        QCOMPARE(graph.bucketAt(3000), -1);
        QCOMPARE(graph.bucketAt(-1), -1);
    }

    void nothingIsNotZeroWhereNobodyMeasured()
    {
        HistoryQuery query;
        query.toUtcS = 1200;
        HistoryAnswer answer = answerOf({}, {0, 600});
        answer.notMeasured = {{600, 1200, NotMeasuredReason::HelperOff}};
        const HistoryGraph graph(query, answer, 0);
        QVERIFY(graph.rates(payload(0, 0), 0, Measure::Payload));
        QVERIFY(!graph.rates(payload(0, 0), 1, Measure::Payload));
        // Counted by the kernel meanwhile, and put down to a minute that lies in the gap.
        QCOMPARE(graph.rates(payload(1200, 0), 1, Measure::Payload)->rx, 2.0);
    }

    void theRestIsWhatTheTotalHasBeyond()
    {
        HistoryQuery query;
        query.toUtcS = 1200;
        HistoryAnswer answer = answerOf({}, {0, 600});
        answer.total.points = {network(100, 50), network(10, 4)};
        HistoryGraph graph(query, answer, 0);
        graph.append(u"a"_s, u"key"_s, {network(60, 50), network(10, 4)});
        graph.appendRest(u"others"_s);
        QCOMPARE(graph.series().size(), 2);
        QCOMPARE(graph.series().at(1).key, QString());
        QCOMPARE(graph.series().at(1).points.at(0), (TrafficSums{20, 0, NetworkUsage{40, 0, 0, 0, 0}}));
        QCOMPARE(graph.series().at(1).points.at(1), TrafficSums::zero());
        HistoryGraph whole(query, answer, 0);
        whole.append(u"a"_s, u"key"_s, answer.total.points);
        whole.appendRest(u"others"_s);
        QCOMPARE(whole.series().size(), 1);
    }

    void whereTheMonthIsHeading()
    {
        const qint64 begin = at("2026-11-01 00:00:00");
        const qint64 end = at("2026-12-01 00:00:00");
        const auto outlook = [&](const TrafficSums &sums, qint64 begun, qint64 until) {
            return MonthOutlook::of(sums, Measure::Payload, begin, begun, until, end);
        };
        // A third of the month is over.
        const auto third = outlook(payload(100, 40), 0, begin + 10 * dayS);
        QVERIFY(third && third->expected);
        QCOMPARE(third->soFar.rx, 100U);
        QCOMPARE(third->expected->rx, 300U);
        QCOMPARE(third->expected->tx, 120U);
        // Recorded since the 6th: five days made 100, fifteen are left.
        QCOMPARE(outlook(payload(100, 0), begin + 5 * dayS, begin + 10 * dayS)->expected->rx, 500U);
        // Too early.
        QVERIFY(!outlook(payload(100, 0), begin + 9 * dayS + 1, begin + 10 * dayS)->expected);
        QVERIFY(!MonthOutlook::of(payload(1, 1), Measure::Network, begin, 0, begin + 10 * dayS, end));
    }

    void changes()
    {
        const auto text = [](const TrafficSums &is, const TrafficSums &was, Measure measure) {
            return HistoryModel::changeText(HistoryModel::changeOf(is, was, measure));
        };
        QCOMPARE(text(payload(112, 0), payload(50, 50), Measure::Payload), u"+12 %"_s);
        QCOMPARE(text(payload(50, 0), payload(100, 0), Measure::Payload), u"−50 %"_s);
        QCOMPARE(text(payload(100, 0), payload(0, 100), Measure::Payload), u"0 %"_s);
        QCOMPARE(text(payload(1, 0), payload(0, 0), Measure::Payload), u"new"_s);
        QCOMPARE(text(payload(1000, 0), payload(1, 0), Measure::Payload), u"> +999 %"_s);
        QCOMPARE(text(network(100, 0), payload(1, 0), Measure::Network), u"–"_s);
    }

    /// When history began, then the rows, then the month; one question at a time.
    void asks()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        QSignalSpy changed(&browser, &HistoryBrowser::changed);
        browser.setSource(store.source());
        browser.refresh();
        QCOMPARE(browser.emptyText(), u"Reading the history…"_s);
        const qint64 begun = at("2026-11-20 14:03:00");
        store.answerBegin(begun);
        QCOMPARE(browser.begunUtcS(), begun);
        const HistoryQuery rows = store.question();
        QCOMPARE(rows.by, By::Program);
        QCOMPARE(rows.fromUtcS, at("2026-11-22 22:35:00"));
        QCOMPARE(rows.toUtcS, at("2026-11-23 22:37:00"));
        QCOMPARE(rows.top, HistoryBrowser::mostRows);
        QCOMPARE(rows.maxPoints, HistoryBrowser::mostBuckets);
        QCOMPARE(rows.previousFromUtcS, at("2026-11-21 22:35:00"));
        HistoryRow firefox = program(u"firefox"_s, payload(300, 100), payload(200, 0));
        firefox.points = {payload(300, 100), payload(0, 0)};
        store.answer(answerOf({firefox}, {rows.fromUtcS, rows.fromUtcS + 12 * hourS}));
        QVERIFY(changed.isEmpty()); // not before all of it is there
        QCOMPARE(store.question().by, By::Time);
        QCOMPARE(store.question().fromUtcS, at("2026-11-01 00:00:00"));
        store.answer(monthOf(payload(1000, 0)));
        QCOMPARE(changed.size(), 1);
        QVERIFY(!browser.isWaiting());
        QVERIFY(browser.emptyText().isEmpty());
        QCOMPARE(column(browser.model(), HistoryModel::Name), QStringList{u"firefox"_s});
        QCOMPARE(column(browser.model(), HistoryModel::Received), QStringList{u"300 B"_s});
        QCOMPARE(column(browser.model(), HistoryModel::Share), QStringList{u"100.0 %"_s});
        QCOMPARE(column(browser.model(), HistoryModel::Change), QStringList{u"+100 %"_s});
        QCOMPARE(browser.graph().series().size(), 1);
        QCOMPARE(browser.change(), 1.0);
        QCOMPARE(browser.outlook()->soFar.rx, 1000U);
    }

    /// The newest question is answered; those between are never put.
    void supersedes()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        store.answer(answerOf({program(u"old"_s, payload(1, 1))}));
        store.answer(monthOf(payload(1, 1)));
        QSignalSpy changed(&browser, &HistoryBrowser::changed);
        browser.setLatest(Kind::Hour);
        const int asked = store.asked;
        browser.setLatest(Kind::Week);
        browser.setBy(By::Protocol);
        browser.setLatest(Kind::Year);
        QCOMPARE(store.asked, asked);
        QVERIFY(browser.isWaiting());
        QCOMPARE(browser.shownRange().kind(), Kind::Day); // what was shown stays
        store.answer(answerOf({program(u"stale"_s, payload(1, 1))}));
        QVERIFY(changed.isEmpty());
        QCOMPARE(store.asked, asked + 1);
        QCOMPARE(store.question().by, By::Protocol);
        QCOMPARE(store.question().fromUtcS, at("2025-11-23 00:00:00"));
        HistoryRow tcp = program({}, payload(9, 9));
        tcp.protocol = 6;
        store.answer(answerOf({tcp}));
        store.answer(monthOf(payload(1, 1)));
        QCOMPARE(changed.size(), 1);
        QCOMPARE(column(browser.model(), HistoryModel::Name), QStringList{u"TCP"_s});
        QVERIFY(store.waiting.isEmpty());
        // Time does not supersede: a slow answer would never be whole.
        browser.refresh();
        const int once = store.asked;
        browser.refresh();
        QCOMPARE(store.asked, once);
    }

    void drillsDown()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        const HistoryRow curl = program(u"curl"_s, payload(5, 5));
        store.answer(answerOf({curl}));
        store.answer(monthOf(payload(5, 5)));
        QVERIFY(!browser.enter(u"nobody"_s));
        QVERIFY(browser.enter(HistoryModel::keyOf(By::Program, curl)));
        QCOMPARE(store.question().by, By::Remote);
        QCOMPARE(store.question().program, u"/usr/bin/curl"_s);
        // Until it is answered, what is shown is no way to anywhere.
        QVERIFY(!browser.enter(HistoryModel::keyOf(By::Program, curl)));
        const HistoryRow host = remote(u"192.0.2.7"_s, payload(5, 5));
        QCOMPARE(store.question().maxPoints, 0);
        store.answer(answerOf({host}));
        // So few that each has its points.
        QCOMPARE(store.question().by, By::Remote);
        QCOMPARE(store.question().maxPoints, HistoryBrowser::mostBuckets);
        HistoryRow drawn = host;
        drawn.points = {payload(5, 5)};
        store.answer(answerOf({drawn}, {store.question().fromUtcS}));
        store.answer(monthOf(payload(5, 5)));
        QCOMPARE(browser.graph().series().constFirst().name, u"192.0.2.7"_s);
        QVERIFY(browser.enter(HistoryModel::keyOf(By::Remote, host)));
        QCOMPARE(store.question().by, By::Time);
        QCOMPARE(store.question().program, u"/usr/bin/curl"_s);
        QCOMPARE(store.question().remote, Address::fromString(u"192.0.2.7"_s));
        store.answer(answerOf({}, {store.question().fromUtcS}));
        store.answer(monthOf(payload(0, 0)));
        QCOMPARE(browser.path().size(), 2);
        QCOMPARE(browser.emptyText(), u"“192.0.2.7” moved nothing in this time."_s);
        browser.leaveTo(1);
        QCOMPARE(browser.by(), By::Remote);
        QCOMPARE(browser.path().size(), 1);
        store.answer(answerOf({}));
        store.answer(answerOf({}));
        store.answer(monthOf(payload(0, 0)));
        browser.leaveTo(0);
        QCOMPARE(browser.by(), By::Program);
        QVERIFY(store.question().program.isEmpty());
    }

    /// More addresses than are listed: only those which are drawn are asked for by time.
    void drawsOnlyTheFirstOfManyRemotes()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setBy(By::Remote);
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        QList<HistoryRow> rows;
        for (int i = 0; i < 9; ++i)
            rows.append(remote(i == 1 ? QString() : u"192.0.2.%1"_s.arg(i), payload(100 - i, 0)));
        HistoryAnswer many = answerOf(rows);
        many.rest = program({}, payload(7, 0));
        store.answer(many);
        QCOMPARE(store.question().by, By::Time);
        QVERIFY(!store.question().remote);
        HistoryAnswer total = answerOf({}, {store.question().fromUtcS});
        total.total.points = {payload(900, 0)};
        store.answer(total);
        for (const int i : {0, 2, 3, 4, 5}) { // the second has no address to ask for
            QCOMPARE(store.question().remote, Address::fromString(u"192.0.2.%1"_s.arg(i)));
            HistoryAnswer one = answerOf({}, {store.question().fromUtcS});
            one.total.points = {payload(100 - i, 0)};
            store.answer(one);
        }
        store.answer(monthOf(payload(0, 0)));
        QCOMPARE(browser.graph().series().size(), 6);
        QCOMPARE(browser.graph().series().constLast().name, u"All others"_s);
        QCOMPARE(browser.graph().series().constLast().points.constFirst().rxPayloadBytes,
                 900U - 100 - 98 - 97 - 96 - 95);
        QCOMPARE(browser.model().rowCount(), 10);
        QVERIFY(!browser.model().stepOf({}));
    }

    void saysWhyThereIsNothing()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        store.answer({}); // no history at all
        store.answer(answerOf({}));
        store.answer(monthOf(TrafficSums::zero()));
        QVERIFY(browser.emptyText().startsWith(u"Nothing is recorded yet."_s));
        QVERIFY(!browser.outlook());

        browser.refresh();
        store.answerBegin(now - 70);
        QVERIFY(!store.question().previousFromUtcS); // nothing to compare with
        // Of so short a history the hour is shown, unless somebody chose another time.
        QCOMPARE(store.question().fromUtcS, at("2026-11-23 21:37:00"));
        QCOMPARE(browser.range().kind(), Kind::Hour);
        HistoryRow first = program(u"curl"_s, payload(5, 5));
        first.firstUtcS = now - 72;
        store.answer(answerOf({first}, {store.question().fromUtcS}));
        store.answer(monthOf(payload(5, 5)));
        QVERIFY(browser.emptyText().isEmpty());
        QCOMPARE(browser.note(), u"Recording began a minute ago."_s);
        QVERIFY(!browser.outlook()->expected);
        QVERIFY(!browser.change());
        QCOMPARE(column(browser.model(), HistoryModel::Change), QStringList{u"–"_s});
        QCOMPARE(browser.graph().gaps().constFirst().reason, std::nullopt);

        browser.goToPrevious();
        store.answer(answerOf({}, {store.question().fromUtcS}));
        store.answer(monthOf(payload(5, 5)));
        QVERIFY2(browser.emptyText().startsWith(u"The history begins on "_s),
                 qPrintable(browser.emptyText()));

        browser.setLatest(Kind::Hour);
        HistoryAnswer failed;
        failed.problem = u"The history /x cannot be used: see to it."_s;
        store.answer(failed);
        QCOMPARE(browser.emptyText(), failed.problem);
        QVERIFY(!browser.isWaiting());
    }

    /// Its first bucket may begin before it; one that ends before is of an older history that was imported.
    void theBeginOfTheHistory()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        const qint64 begun = now - now % 60 - 5 * hourS + 1800;
        store.answerBegin(begun);
        const QList<qint64> starts = {begun - 3 * hourS, begun - 1800, begun + 1800};
        HistoryRow row = program(u"curl"_s, payload(5, 5));
        row.firstUtcS = starts[1];
        store.answer(answerOf({row}, starts));
        store.answer(monthOf(payload(5, 5)));
        QCOMPARE(browser.begunUtcS(), begun);
        QCOMPARE(browser.graph().buckets().at(1).measuredS, 1800);
        browser.refresh();
        row.firstUtcS = starts[0];
        store.answer(answerOf({row}, starts));
        store.answer(monthOf(payload(5, 5)));
        QVERIFY(!browser.begunUtcS());
    }

    void saysThatNobodyMeasured()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setLatest(Kind::Hour);
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        HistoryAnswer answer = answerOf({}, {store.question().fromUtcS});
        answer.notMeasured = {{now - dayS, now, NotMeasuredReason::HelperOff}};
        store.answer(answer);
        store.answer(monthOf(payload(5, 5)));
        QCOMPARE(browser.emptyText(),
                 u"Nothing was measured in this time. Not measured: the helper was not running."_s);
    }

    void showsPayloadWhereNetworkBytesAreNotKnown()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setMeasure(Measure::Network);
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        store.answer(answerOf(
            {program(u"curl"_s, network(2000, 0), network(1000, 0)), program(u"ssh"_s, payload(3, 3))}));
        store.answer(monthOf(network(5, 5)));
        QCOMPARE(browser.measure(), Measure::Payload);
        QCOMPARE(browser.note(), u"Network bytes are not known for all of this time: payload is shown."_s);
        QCOMPARE(column(browser.model(), HistoryModel::Received), (QStringList{u"0.98 KiB"_s, u"3 B"_s}));

        browser.refresh();
        store.answer(answerOf({program(u"curl"_s, network(2000, 0), network(1000, 0))}));
        store.answer(monthOf(network(5, 5)));
        QCOMPARE(browser.measure(), Measure::Network);
        QVERIFY(browser.note().isEmpty());
        QCOMPARE(column(browser.model(), HistoryModel::Received), QStringList{u"1.95 KiB"_s});
        browser.setMeasure(Measure::Payload);
        QCOMPARE(column(browser.model(), HistoryModel::Received), QStringList{u"0.98 KiB"_s});
    }

    void sortsAndKeepsPlaces()
    {
        Store store;
        HistoryBrowser browser(berlin);
        const QAbstractItemModelTester tester(&browser.model());
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        store.answer(answerOf({program(u"Zebra"_s, payload(50, 1), payload(10, 0)),
                               program(u"apt"_s, payload(9, 40), payload(100, 0)),
                               program(u"curl"_s, payload(8, 0))}));
        store.answer(monthOf(payload(0, 0)));
        QSortFilterProxyModel order;
        order.setSourceModel(&browser.model());
        order.setSortRole(HistoryModel::SortRole);
        const auto sorted = [&](int by, Qt::SortOrder direction) {
            order.sort(by, direction);
            return column(order, HistoryModel::Name).join(u' ');
        };
        QCOMPARE(sorted(HistoryModel::Name, Qt::AscendingOrder), u"apt curl Zebra"_s);
        QCOMPARE(sorted(HistoryModel::Received, Qt::DescendingOrder), u"Zebra apt curl"_s);
        QCOMPARE(sorted(HistoryModel::Sent, Qt::DescendingOrder), u"apt Zebra curl"_s);
        QCOMPARE(sorted(HistoryModel::Share, Qt::AscendingOrder), u"curl apt Zebra"_s);
        QCOMPARE(sorted(HistoryModel::Change, Qt::DescendingOrder), u"curl Zebra apt"_s);

        const QPersistentModelIndex apt = browser.model().index(1, 0);
        QCOMPARE(apt.data().toString(), u"apt"_s);
        QSignalSpy reset(&browser.model(), &QAbstractItemModel::modelReset);
        browser.refresh();
        store.answer(answerOf({program(u"wget"_s, payload(99, 0)), program(u"apt"_s, payload(60, 0))}));
        store.answer(monthOf(payload(0, 0)));
        QVERIFY(reset.isEmpty());
        QVERIFY(apt.isValid());
        QCOMPARE(apt.sibling(apt.row(), HistoryModel::Received).data().toString().replace(QChar::Nbsp, u' '),
                 u"60 B"_s);
        QCOMPARE(sorted(HistoryModel::Share, Qt::DescendingOrder), u"wget apt"_s);
    }

    void exports()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setLatest(Kind::Hour);
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        HistoryAnswer answer = answerOf({program(u"=curl"_s, network(2000, 40))});
        answer.notMeasured = {{now - 300, now - 240, NotMeasuredReason::Suspended}};
        store.answer(answer);
        store.answer(monthOf(payload(0, 0)));
        QCOMPARE(browser.csv(),
                 QByteArray("name,exe,uid,kind,fromUtc,toUtc,rxPayloadBytes,txPayloadBytes,rxNetworkBytes,"
                            "txNetworkBytes,rxPackets,txPackets,retransmittedSegments\n"
                            "\"'=curl\",\"/usr/bin/=curl\",1000,\"program\",2026-11-23T20:37:12Z,"
                            "2026-11-23T21:27:12Z,1000,20,2000,40,2,0,0\n"));
        const QJsonObject object = QJsonDocument::fromJson(browser.json()).object();
        QCOMPARE(object.value(u"schema"_s).toString(), u"nettally.history/1"_s);
        QCOMPARE(object.value(u"fromUtcMs"_s).toInteger(), at("2026-11-23 21:37:00") * 1000);
        QCOMPARE(object.value(u"toUtcMs"_s).toInteger(), at("2026-11-23 22:37:00") * 1000);
        QCOMPARE(
            object.value(u"programs"_s).toArray().at(0).toObject().value(u"rxNetworkBytes"_s).toInteger(),
            2000);
        QCOMPARE(object.value(u"notMeasured"_s).toArray().at(0).toObject().value(u"reason"_s).toString(),
                 u"suspended"_s);
    }

    /// Programs choose their names.
    void namesAreHarmless()
    {
        HistoryRow row = program(u"<b>x</b>\n\u202Ey"_s, payload(1, 1));
        QCOMPARE(HistoryModel::nameOf(By::Program, row), u"<b>x</b>y"_s);
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        store.answer(answerOf({row}));
        store.answer(monthOf(payload(0, 0)));
        const QString toolTip = browser.model().index(0, 0).data(Qt::ToolTipRole).toString();
        QVERIFY2(toolTip.startsWith(u"Program\n<b>x</b>y\n"_s), qPrintable(toolTip));
    }

    void theTimeIsARowABucket()
    {
        Store store;
        HistoryBrowser browser(berlin);
        browser.setClock([] { return now; });
        browser.setLatest(Kind::Hour);
        browser.setBy(By::Time);
        browser.setSource(store.source());
        browser.refresh();
        store.answerBegin(at("2020-01-01 00:00:00"));
        QVERIFY(!store.question().previousFromUtcS);
        HistoryAnswer answer = answerOf({}, {at("2026-11-23 21:37:00"), at("2026-11-23 22:00:00")});
        answer.total.points = {payload(3, 0), payload(1, 0)};
        answer.total.sums = payload(4, 0);
        store.answer(answer);
        store.answer(monthOf(payload(0, 0)));
        QCOMPARE(column(browser.model(), HistoryModel::Name), (QStringList{u"21:37"_s, u"22:00"_s}));
        QCOMPARE(column(browser.model(), HistoryModel::Share), (QStringList{u"75.0 %"_s, u"25.0 %"_s}));
        QCOMPARE(browser.graph().series().size(), 1);
        QVERIFY(!browser.enter(QString::number(at("2026-11-23 21:37:00"))));
    }
};

QTEST_GUILESS_MAIN(TestHistoryBrowser)
#include "tst_historybrowser.moc"
