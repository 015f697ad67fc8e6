// SPDX-License-Identifier: MIT
#include "historychart.h"
#include "historypage.h"
#include "historyscript.h"
#include "measureswitch.h"

#include <QAbstractButton>
#include <QDateTimeEdit>
#include <QFile>
#include <QHeaderView>
#include <QImage>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QSettings>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>
#include <QTreeView>

#include <memory>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

const QTimeZone berlin("Europe/Berlin");

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("unreadable");
}

QStringList columnOf(const QTreeView &tree, int column)
{
    QStringList texts;
    for (int row = 0; row < tree.model()->rowCount(); ++row)
        texts.append(tree.model()->index(row, column).data().toString().replace(QChar::Nbsp, u' '));
    return texts;
}

} // namespace

/// The page on a real store, as the window has it.
class TestHistoryPage : public QObject {
    Q_OBJECT

private:
    void show(const QString &path)
    {
        m_store = std::make_unique<HistoryStore>(path);
        m_store->start();
        m_page = std::make_unique<HistoryPage>(berlin);
        m_page->resize(900, 700);
        m_page->browser().setClock([] { return now; });
        m_tree = m_page->findChild<QTreeView *>(u"history"_s);
        m_chart = m_page->findChild<HistoryChart *>();
        QVERIFY(m_tree && m_chart);
    }

    /// Until the newest question is answered.
    void ask()
    {
        if (!m_page->isVisible())
            m_page->show();
        m_page->browser().setSource(
            [this](const HistoryQuery &query, const HistoryBrowser::Answered &answered) {
                m_store->query(query, answered);
            });
        m_page->refresh();
        waitForAnswer();
    }
    void waitForAnswer() { QTRY_VERIFY_WITH_TIMEOUT(!m_page->browser().isWaiting(), 20'000); }

    /// A day of two programs, with a gap; one address each.
    void fill()
    {
        HistoryScript script(*m_store);
        for (qint64 utcS = now - 20 * 3600; utcS < now - 600; utcS += 600)
            script.flow(utcS, u"curl"_s, u"192.0.2.7"_s, 60'000, 600);
        script.flow(now - 3600, u"ssh"_s, u"2001:db8::7"_s, 10, 20, 6, u"wlan0"_s);
        script.flow(now - 3600, u"ssh"_s, u"192.0.2.8"_s, 1, 2, 17, u"wlan0"_s);
        script.notMeasured(now - 10 * 3600, now - 8 * 3600, NotMeasuredReason::Suspended);
        QVERIFY(script.store());
    }

    QAbstractButton *button(const QString &text) const
    {
        for (QAbstractButton *each : m_page->findChildren<QAbstractButton *>()) {
            if (each->text() == text)
                return each;
        }
        return nullptr;
    }

    static inline qint64 now = 0;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<HistoryStore> m_store;
    std::unique_ptr<HistoryPage> m_page;
    QTreeView *m_tree = nullptr;
    HistoryChart *m_chart = nullptr;

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QCoreApplication::setOrganizationName(u"nettally-test"_s);
        QSettings().clear();
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom));
    }

    void init()
    {
        // Not long ago, so that its minutes are kept.
        now = QDateTime::currentSecsSinceEpoch() / 60 * 60 + 15;
        m_folder = std::make_unique<QTemporaryDir>();
        show(m_folder->filePath(u"history.db"_s));
    }

    void cleanup()
    {
        m_page.reset();
        m_store.reset();
        m_folder.reset();
    }

    void showsAndDrillsDown()
    {
        fill();
        ask();
        QVERIFY2(m_page->browser().emptyText().isEmpty(), qPrintable(m_page->browser().emptyText()));
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"curl"_s, u"ssh"_s}));
        QCOMPARE(columnOf(*m_tree, HistoryModel::Sent), (QStringList{u"69.7 KiB"_s, u"22 B"_s}));
        QCOMPARE(m_page->browser().graph().series().size(), 2);
        QCOMPARE(m_page->browser().graph().gaps().size(), 2); // before it began, and suspended

        m_tree->setFocus();
        m_tree->setCurrentIndex(m_tree->model()->index(1, 0));
        QTest::keyClick(m_tree, Qt::Key_Return);
        waitForAnswer();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"2001:db8::7"_s, u"192.0.2.8"_s}));
        QVERIFY(button(u"Everything"_s));
        m_tree->setCurrentIndex(m_tree->model()->index(0, 0));
        QTest::keyClick(m_tree, Qt::Key_Return);
        waitForAnswer();
        QCOMPARE(m_page->browser().by(), HistoryQuery::By::Time);
        QCOMPARE(m_page->browser().total()->tx, 20U);
        // The newest first; everything else by its share.
        QCOMPARE(m_tree->header()->sortIndicatorSection(), int(HistoryModel::Name));
        QTest::keyClick(m_tree, Qt::Key_Backspace);
        waitForAnswer();
        QCOMPARE(m_page->browser().path().size(), 1);
        QCOMPARE(m_tree->header()->sortIndicatorSection(), int(HistoryModel::Share));
        QVERIFY(button(u"Everything"_s));
        button(u"Everything"_s)->click();
        waitForAnswer();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"curl"_s, u"ssh"_s}));
    }

    void groupsByProtocolAndNetwork()
    {
        fill();
        ask();
        button(u"Protocols"_s)->click();
        waitForAnswer();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"TCP"_s, u"UDP"_s}));
        button(u"Networks"_s)->click();
        waitForAnswer();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"enp0s31f6"_s, u"wlan0"_s}));
        // What a network carried is behind it.
        QVERIFY(m_page->browser().enter(m_tree->model()->index(1, 0).data(HistoryModel::KeyRole).toString()));
        waitForAnswer();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), QStringList{u"ssh"_s});
        QCOMPARE(m_page->browser().total()->tx, 22U);
    }

    void picksWhatIsClickedInTheGraph()
    {
        fill();
        ask();
        QSignalSpy picked(m_chart, &HistoryChart::seriesActivated);
        // The receive side of the last bucket but some, just above the middle.
        m_chart->setFocus();
        QTest::keyClick(m_chart, Qt::Key_End);
        QTest::keyClick(m_chart, Qt::Key_Left);
        QVERIFY2(m_chart->accessibleDescription().contains(u":"_s),
                 qPrintable(m_chart->accessibleDescription()));
        QTest::keyClick(m_chart, Qt::Key_Up);
        QTest::keyClick(m_chart, Qt::Key_Return);
        QCOMPARE(picked.size(), 1);
        waitForAnswer();
        QCOMPARE(m_page->browser().path().size(), 1);
        QCOMPARE(m_page->browser().path().constFirst().name, u"curl"_s);
    }

    void switchesTheMeasure()
    {
        fill();
        m_page->setMeasure(Measure::Payload);
        ask();
        const quint64 payload = m_page->browser().total()->rx;
        m_page->setMeasure(Measure::Network);
        QCOMPARE(m_page->browser().total()->rx, (60'000U + 3'000U) * (payload / 60'000U) + 10 + 1);
        QSignalSpy chosen(&m_page->measureSwitch(), &MeasureSwitch::measureChosen);
        button(u"Payload"_s)->click();
        QCOMPARE(chosen.size(), 1);
    }

    void saves()
    {
        fill();
        ask();
        const QString base = m_folder->filePath(u"out."_s);
        QCOMPARE(m_page->saveTable(base + u"csv"_s, HistoryPage::Table::Csv), QString());
        QCOMPARE(contentOf(base + u"csv"_s), m_page->browser().csv());
        QVERIFY(contentOf(base + u"csv"_s).contains("\"curl\",\"/usr/bin/curl\",1000,\"program\","));
        QCOMPARE(m_page->saveTable(base + u"json"_s, HistoryPage::Table::Json), QString());
        QCOMPARE(contentOf(base + u"json"_s), m_page->browser().json());
        QCOMPARE(m_page->savePicture(base + u"png"_s, HistoryPage::Picture::Png), QString());
        const QImage picture(base + u"png"_s);
        QCOMPARE(picture.size(), m_chart->size().expandedTo(QSize(960, 480)) * 2);
        QCOMPARE(m_page->savePicture(base + u"svg"_s, HistoryPage::Picture::Svg), QString());
        const QByteArray drawing = contentOf(base + u"svg"_s);
        QVERIFY(QSvgRenderer(drawing).isValid());
        QVERIFY(drawing.contains(">curl<"));
        for (const QString &problem :
             {m_page->saveTable(u"/proc/nowhere/x.csv"_s, HistoryPage::Table::Csv),
              m_page->savePicture(u"/proc/nowhere/x.png"_s, HistoryPage::Picture::Png)}) {
            QVERIFY2(problem.contains(u"/proc/nowhere/x"_s) && problem.endsWith(u"choose another folder."_s),
                     qPrintable(problem));
        }
    }

    void emptyHistory()
    {
        ask();
        QVERIFY2(m_page->browser().emptyText().startsWith(u"Nothing is recorded yet."_s),
                 qPrintable(m_page->browser().emptyText()));
        QCOMPARE(m_tree->model()->rowCount(), 0);
    }

    void firstRun()
    {
        HistoryScript script(*m_store);
        script.flow(now - 75, u"curl"_s, u"192.0.2.7"_s, 1000, 10);
        QVERIFY(script.store());
        ask();
        QVERIFY(m_page->browser().emptyText().isEmpty());
        QVERIFY2(m_page->browser().note().startsWith(u"Recording began "_s),
                 qPrintable(m_page->browser().note()));
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), QStringList{u"curl"_s});
    }

    void failedDatabase()
    {
        m_page.reset();
        QFile file(m_folder->filePath(u"text.db"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        // A folder stands where the file should.
        m_store.reset();
        show(m_folder->path());
        ask();
        QVERIFY2(m_page->browser().emptyText().contains(m_folder->path()),
                 qPrintable(m_page->browser().emptyText()));
        QVERIFY(!m_page->browser().total());
    }

    /// A reader shows what another records.
    void reader()
    {
        fill();
        m_page.reset();
        const std::unique_ptr<HistoryStore> recorder = std::move(m_store);
        show(m_folder->filePath(u"history.db"_s));
        QTRY_COMPARE(m_store->state(), HistoryStore::State::Reader);
        ask();
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), (QStringList{u"curl"_s, u"ssh"_s}));
    }

    void whatIsTypedStays()
    {
        fill();
        ask();
        button(u"From – to"_s)->click();
        auto edits = m_page->findChildren<QDateTimeEdit *>();
        QCOMPARE(edits.size(), 2);
        const QDateTime typed = edits[0]->dateTime().addSecs(3600);
        edits[0]->setDateTime(typed);
        m_page->browser().refresh();
        waitForAnswer();
        QCOMPARE(edits[0]->dateTime(), typed);
        QVERIFY(edits[0]->isVisible());
        button(u"Show"_s)->click();
        waitForAnswer();
        QCOMPARE(m_page->browser().shownRange().kind(), HistoryRange::Kind::Custom);
        QCOMPARE(m_page->browser().shownRange().fromUtcS(), typed.toSecsSinceEpoch() / 60 * 60);
    }

    void filters()
    {
        fill();
        ask();
        m_page->focusFilter();
        QTest::keyClicks(m_page->focusWidget(), u"SS"_s);
        QCOMPARE(columnOf(*m_tree, HistoryModel::Name), QStringList{u"ssh"_s});
        QTest::keyClick(m_page->focusWidget(), Qt::Key_Escape);
        QCOMPARE(m_tree->model()->rowCount(), 2);
    }

    void everythingHasAName()
    {
        fill();
        ask();
        for (QAbstractButton *each : m_page->findChildren<QAbstractButton *>()) {
            if (each->isVisible() && each->focusPolicy() != Qt::NoFocus)
                QVERIFY2(!each->text().isEmpty() || !each->accessibleName().isEmpty(),
                         qPrintable(each->objectName()));
        }
        for (QWidget *each : {static_cast<QWidget *>(m_tree), static_cast<QWidget *>(m_chart)})
            QVERIFY(!each->accessibleName().isEmpty());
    }
};

QTEST_MAIN(TestHistoryPage)
#include "tst_historypage.moc"
