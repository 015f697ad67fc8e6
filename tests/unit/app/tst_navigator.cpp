// SPDX-License-Identifier: MIT
#include "connectionsmodel.h"
#include "figureexplainer.h"
#include "figuretree.h"
#include "historypage.h"
#include "interfacemodel.h"
#include "livemodel.h"
#include "mainwindow.h"
#include "placebook.h"
#include "placedelegate.h"
#include "protocolsmodel.h"
#include "remotesmodel.h"
#include "traffichistory.h"
#include "usagescript.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QLineEdit>
#include <QMenu>
#include <QSettings>
#include <QStandardItemModel>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeWidget>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

struct Feed {
    UsageScript script{u"a"_s};
    UsageBook book;
    LiveModel programs;
    TrafficHistory traffic;
    PlaceBook places{QStringList()};
    RemotesModel remotes;
    ProtocolsModel protocols;
    ConnectionsModel connections;
    InterfaceModel interfaces;
    MainWindow window{{programs, traffic, remotes, places, protocols, connections, interfaces}};

    Feed()
    {
        script.program(1, u"curl"_s);
        script.program(2, u"=ssh, \"x\""_s);
        script.remote(1, u"192.0.2.1"_s);
        script.remote(2, u"192.0.2.2"_s);
        script.move(1, 1, 1, 2048, 10);
        script.move(2, 2, 2, 1000, 5);
        const UsageChange change = book.apply(script.push(10 * second));
        programs.apply(book, change);
        remotes.apply(book, change);
        protocols.apply(book, change);
    }

    FigureTree *table(const QString &name) { return window.findChild<FigureTree *>(name); }
    /// Of the page that is seen.
    QString filter()
    {
        for (const QLineEdit *edit : window.findChildren<QLineEdit *>()) {
            if (edit->isVisible())
                return edit->text();
        }
        return {};
    }
};

QModelIndex rowOf(const FigureTree *tree, const QString &name)
{
    for (int row = 0; row < tree->model()->rowCount(); ++row) {
        const QModelIndex index = tree->model()->index(row, 0);
        if (index.data().toString() == name)
            return index;
    }
    return {};
}

QAction *wayOf(FigureTree *tree, QMenu &menu, const QModelIndex &index, const QString &text)
{
    tree->addRowActions(menu, index);
    for (QAction *action : menu.actions()) {
        if (action->text().contains(text))
            return action;
    }
    return nullptr;
}

} // namespace

class TestNavigator : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QLocale::setDefault(QLocale::c());
        QCoreApplication::setOrganizationName(u"nettally-test"_s);
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_settings.path());
    }
    void init() { QSettings().clear(); }

    /// Program, its hosts, the programs of one of them, and all the way back.
    void thereAndBack()
    {
        Feed feed;
        feed.window.show();
        QVERIFY(QTest::qWaitForWindowActive(&feed.window));
        feed.window.setPage(MainWindow::Page::Programs);
        FigureTree *programs = feed.table(u"programs"_s);
        programs->setFocus();
        programs->setCurrentIndex(rowOf(programs, u"curl"_s));
        QTest::keyClick(programs, Qt::Key_Return);
        QCOMPARE(feed.window.page(), MainWindow::Page::Remotes);
        QCOMPARE(feed.filter(), u"curl"_s);
        FigureTree *remotes = feed.table(u"remotes"_s);
        QCOMPARE(remotes->model()->rowCount(), 1);
        remotes->setCurrentIndex(rowOf(remotes, u"192.0.2.1"_s));
        QTest::keyClick(remotes, Qt::Key_Return);
        QCOMPARE(feed.window.page(), MainWindow::Page::Programs);
        QCOMPARE(feed.filter(), u"192.0.2.1"_s);
        QCOMPARE(programs->model()->rowCount(), 1);

        QTest::keyClick(&feed.window, Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(feed.window.page(), MainWindow::Page::Remotes);
        QCOMPARE(feed.filter(), u"curl"_s);
        QTest::keyClick(&feed.window, Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(feed.window.page(), MainWindow::Page::Programs);
        QCOMPARE(feed.filter(), QString());
        QTest::keyClick(&feed.window, Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(feed.window.page(), MainWindow::Page::Programs);
    }

    void historyOfARow()
    {
        Feed feed;
        feed.window.show();
        QVERIFY(QTest::qWaitForWindowActive(&feed.window));
        feed.window.setPage(MainWindow::Page::Remotes);
        FigureTree *remotes = feed.table(u"remotes"_s);
        QMenu menu;
        QAction *way = wayOf(remotes, menu, rowOf(remotes, u"192.0.2.2"_s), u"History"_s);
        QVERIFY(way);
        way->trigger();
        QCOMPARE(feed.window.page(), MainWindow::Page::History);
        const HistoryBrowser &browser = feed.window.findChild<HistoryPage *>()->browser();
        QCOMPARE(browser.path().size(), 1);
        QCOMPARE(browser.path().constFirst().remote, Address::fromString(u"192.0.2.2"_s));
        QTest::keyClick(&feed.window, Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(feed.window.page(), MainWindow::Page::Remotes);
    }

    void searchFindsAndOpens()
    {
        Feed feed;
        feed.window.show();
        QVERIFY(QTest::qWaitForWindowActive(&feed.window));
        QTest::keyClick(&feed.window, Qt::Key_K, Qt::ControlModifier);
        auto *palette = feed.window.findChild<QWidget *>(u"commandPalette"_s);
        QVERIFY(palette->isVisible());
        auto *line = palette->findChild<QLineEdit *>();
        auto *list = palette->findChild<QTreeWidget *>();
        QTest::keyClicks(line, u"192.0.2.2"_s);
        QTest::keyClick(line, Qt::Key_Down);
        QVERIFY(list->topLevelItemCount() >= 1);
        int wanted = -1;
        for (int row = 0; row < list->topLevelItemCount(); ++row) {
            if (list->topLevelItem(row)->text(0) == u"192.0.2.2")
                wanted = row;
        }
        QVERIFY(wanted >= 0);
        list->setCurrentItem(list->topLevelItem(wanted));
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(!palette->isVisible());
        QCOMPARE(feed.window.page(), MainWindow::Page::Remotes);
        QCOMPARE(feed.table(u"remotes"_s)->currentIndex().siblingAtColumn(0).data().toString(),
                 u"192.0.2.2"_s);

        QTest::keyClick(&feed.window, Qt::Key_K, Qt::ControlModifier);
        QTest::keyClicks(line, u"proto"_s);
        QTest::keyClick(line, Qt::Key_Return);
        QCOMPARE(feed.window.page(), MainWindow::Page::Protocols);
        QTest::keyClick(&feed.window, Qt::Key_K, Qt::ControlModifier);
        QTest::keyClicks(line, u"no such thing"_s);
        QTest::keyClick(line, Qt::Key_Return);
        QVERIFY(palette->isVisible());
        QCOMPARE(feed.window.page(), MainWindow::Page::Protocols);
    }

    void copiesAsCsv()
    {
        Feed feed;
        feed.window.show();
        QVERIFY(QTest::qWaitForWindowActive(&feed.window));
        feed.window.setPage(MainWindow::Page::Protocols);
        FigureTree *tree = feed.table(u"protocols"_s);
        tree->setFocus();
        tree->expandAll();
        tree->selectAll();
        QTest::keyClick(tree, Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
        const QString csv = QGuiApplication::clipboard()->text();
        const QStringList lines = csv.split(u"\r\n"_s);
        QCOMPARE(lines.value(0),
                 u"Protocol,Programs,Receiving (bytes/s),Sending (bytes/s),Received (bytes),Sent (bytes),"
                 u"Share (0 to 1)"_s);
        // Figures as numbers, those not known empty; no name becomes a formula.
        QCOMPARE(lines.value(1), u"TCP,\"'=ssh, \"\"x\"\", curl\",,,3048,15,1"_s);
        QVERIFY(lines.contains(u"\"'=ssh, \"\"x\"\"\",,,,1000,5,0.328109696376"_s));
        QCOMPARE(lines.size(), 6);
        QCOMPARE(lines.constLast(), QString());
    }

    void explainsFigures()
    {
        Feed feed;
        HelperStatus status;
        status.probes = {{u"payload-receive"_s, u"tp_btf/sock_recv_length"_s, true, {}},
                         {u"packets-received"_s, u"cgroup_skb/ingress"_s, false, u"no <cgroup>"_s}};
        status.usage = {{u"uptimeMs"_s, 60'000}};
        feed.remotes.refresh();
        const QModelIndex host = feed.remotes.index(0, 0);
        const auto explained = [&](int column, Measure measure) {
            return figureExplanation(host.siblingAtColumn(column), measure, status);
        };
        const QString payload = explained(RemotesModel::Received, Measure::Payload);
        QVERIFY(payload.contains(u"Payload"_s));
        QVERIFY(payload.contains(u"tp_btf/sock_recv_length"_s));
        QVERIFY(payload.contains(u"since the helper started on"_s));
        const QString network = explained(RemotesModel::ReceiveRate, Measure::Network);
        QVERIFY(network.contains(u"Network bytes"_s));
        QVERIFY(network.contains(u"not available on this kernel"_s));
        QVERIFY(network.contains(u"no &lt;cgroup&gt;"_s));
        QVERIFY(explained(RemotesModel::Name, Measure::Payload).contains(u"no figure"_s));
        QVERIFY(!explained(RemotesModel::Connections, Measure::Payload).contains(u"no figure"_s));
        // Other tables have theirs.
        QVERIFY(figureExplanation(feed.programs.index(0, LiveModel::Sent), Measure::Payload, {})
                    .contains(u"has not told yet"_s));
    }

    void absentColumnsAreNotOffered()
    {
        FigureTree tree(u"test"_s);
        QStandardItemModel model(1, 4);
        tree.setModel(&model);
        tree.setUpColumns({{}, {}, {}}, -1, Qt::AscendingOrder, {3});
        tree.setAbsentColumns({1, 3});
        QVERIFY(tree.isColumnHidden(1));
        tree.setAbsentColumns({});
        QVERIFY(!tree.isColumnHidden(1));
        QVERIFY(tree.isColumnHidden(3));
    }

    /// Without a font of flags two letters are no flag.
    void flagsNeedAFont()
    {
        const QString flag = PlaceDelegate::flagOf(u"DE"_s, QFont(u"DejaVu Sans"_s));
        QVERIFY(flag.isEmpty() || flag.size() == 4);
    }

private:
    QTemporaryDir m_settings;
};

QTEST_MAIN(TestNavigator)
#include "tst_navigator.moc"
