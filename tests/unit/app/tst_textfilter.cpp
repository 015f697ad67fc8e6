// SPDX-License-Identifier: MIT
#include "livemodel.h"
#include "textfilter.h"
#include "usagescript.h"

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    LiveModel model;
    TextFilter filter;
    std::unique_ptr<QAbstractItemModelTester> tester;

    Feed()
    {
        filter.setSourceModel(&model);
        tester = std::make_unique<QAbstractItemModelTester>(
            &filter, QAbstractItemModelTester::FailureReportingMode::Fatal);
    }
    void push(quint64 timeNs) { model.apply(book, book.apply(script.push(timeNs))); }
};

QStringList names(const QAbstractItemModel &model, const QModelIndex &parent = {})
{
    QStringList names;
    for (int row = 0; row < model.rowCount(parent); ++row)
        names.append(model.index(row, 0, parent).data().toString());
    names.sort();
    return names;
}

} // namespace

class TestTextFilter : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void filters_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QStringList>("programs");
        const QStringList all = {u"curl"_s, u"ssh"_s};
        const QStringList none;
        QTest::newRow("nothing") << QString() << all;
        QTest::newRow("blanks") << u"  "_s << all;
        QTest::newRow("name") << u"CUR"_s << QStringList{u"curl"_s};
        QTest::newRow("executable") << u"/usr/bin/ssh"_s << QStringList{u"ssh"_s};
        QTest::newRow("process") << u"1002"_s << QStringList{u"ssh"_s};
        QTest::newRow("part of a process id") << u"100"_s << none;
        QTest::newRow("user") << u"root"_s << all;
        QTest::newRow("remote") << u"2001:DB8"_s << QStringList{u"ssh"_s};
        QTest::newRow("no such") << u"firefox"_s << none;
    }

    void filters()
    {
        QFETCH(QString, text);
        QFETCH(QStringList, programs);
        Feed feed;
        feed.script.program(1, u"curl"_s);
        feed.script.program(2, u"ssh"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"2001:db8::2"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.move(2, 2, 1, 1000, 10);
        feed.script.move(3, 2, 2, 1000, 10);
        feed.push(10 * second);
        feed.filter.setText(text);
        QCOMPARE(names(feed.filter), programs);
    }

    void matchingProgramKeepsItsRemotesAndMatchingRemoteItsProgram()
    {
        Feed feed;
        feed.script.program(1, u"ssh"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"198.51.100.7"_s);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.script.move(2, 1, 2, 1000, 10);
        feed.push(10 * second);
        feed.filter.setText(u"ssh"_s);
        QCOMPARE(feed.filter.rowCount(feed.filter.index(0, 0)), 2);
        feed.filter.setText(u"192.0"_s);
        QCOMPARE(names(feed.filter, feed.filter.index(0, 0)), QStringList{u"192.0.2.1"_s});
    }

    void laterRemoteBringsItsProgram()
    {
        Feed feed;
        feed.filter.setText(u"192.0.2.1"_s);
        feed.script.program(1, u"ssh"_s);
        feed.script.remote(1, u"192.0.2.1"_s);
        feed.script.remote(2, u"198.51.100.7"_s);
        feed.script.move(2, 1, 2, 1000, 10);
        feed.push(10 * second);
        QCOMPARE(feed.filter.rowCount(), 0);
        feed.script.move(1, 1, 1, 1000, 10);
        feed.push(11 * second);
        QCOMPARE(feed.filter.rowCount(), 1);
    }

    void sortsThroughTheSource()
    {
        Feed feed;
        feed.script.program(1, u"a"_s);
        feed.script.program(2, u"b"_s);
        feed.script.move(1, 1, 0, 10, 0);
        feed.script.move(2, 2, 0, 20, 0);
        feed.push(10 * second);
        feed.filter.sort(LiveModel::Received, Qt::AscendingOrder);
        QCOMPARE(feed.filter.index(0, 0).data().toString(), u"a"_s);
        feed.filter.sort(LiveModel::Received, Qt::DescendingOrder);
        QCOMPARE(feed.filter.index(0, 0).data().toString(), u"b"_s);
        feed.script.move(1, 1, 0, 100, 0);
        feed.push(11 * second);
        QCOMPARE(feed.filter.index(0, 0).data().toString(), u"a"_s);
    }

    /// The proxy against a plain walk of the source, while rows come, go and change places.
    void churn()
    {
        QRandomGenerator random(5);
        Feed feed;
        const QStringList texts = {QString(), u"program 1"_s, u"192.0.2.3"_s, u"root"_s, u"1007"_s};
        for (quint32 id = 1; id <= 6; ++id)
            feed.script.remote(id, u"192.0.2.%1"_s.arg(id));
        quint64 timeNs = second;
        quint32 programs = 0;
        bool sawSome = false;
        for (int round = 0; round < 400; ++round) {
            if (random.bounded(4) == 0) {
                ++programs;
                feed.script.program(programs, u"program %1"_s.arg(programs));
            }
            for (int moves = random.bounded(12); moves > 0 && programs > 0; --moves) {
                const quint32 program = 1 + random.bounded(programs);
                const quint32 remote = random.bounded(7U);
                if (!feed.book.hasEnded(program))
                    feed.script.move(program * 10 + remote, program, remote, random.bounded(5'000U), 1);
            }
            if (programs > 0 && random.bounded(6) == 0)
                feed.script.end(1 + random.bounded(programs));
            if (random.bounded(10) == 0)
                feed.filter.setText(texts[random.bounded(texts.size())]);
            if (random.bounded(10) == 0)
                feed.filter.sort(random.bounded(int(LiveModel::ColumnCount)),
                                 Qt::SortOrder(random.bounded(2)));
            timeNs += random.bounded(100, 4000) * 1'000'000ULL;
            feed.push(timeNs);

            QStringList expected;
            for (int row = 0; row < feed.model.rowCount(); ++row) {
                const QModelIndex program = feed.model.index(row, 0);
                bool accepts = feed.model.matches(program, feed.filter.text());
                for (int child = 0; child < feed.model.rowCount(program); ++child)
                    accepts = accepts
                        || feed.model.matches(feed.model.index(child, 0, program), feed.filter.text());
                if (accepts)
                    expected.append(program.data().toString());
            }
            QStringList shown;
            for (int row = 0; row < feed.filter.rowCount(); ++row)
                shown.append(feed.filter.index(row, 0).data().toString());
            QCOMPARE(shown, expected);
            sawSome = sawSome || (!feed.filter.text().isEmpty() && !shown.isEmpty());
        }
        QVERIFY(sawSome);
    }
};

QTEST_GUILESS_MAIN(TestTextFilter)
#include "tst_textfilter.moc"
