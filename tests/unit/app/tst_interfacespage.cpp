// SPDX-License-Identifier: MIT
#include "interfacemodel.h"
#include "interfacespage.h"

#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSettings>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

InterfaceBalance balance(quint32 index, const QString &name, quint64 sinceNs, const QList<BalanceLine> &lines)
{
    InterfaceBalance told;
    told.index = index;
    told.name = name;
    told.sinceNs = sinceNs;
    told.rxPackets = told.txPackets = 1;
    told.lines = lines;
    for (const BalanceLine &line : lines) {
        told.rxBytes += quint64(line.rxBytes);
        told.txBytes += quint64(line.txBytes);
    }
    return told;
}

} // namespace

class InterfacesPageTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, m_folder.path());
        QCoreApplication::setOrganizationName(u"nettally-test"_s);
    }
    void init()
    {
        m_model = std::make_unique<InterfaceModel>();
        m_page = std::make_unique<InterfacesPage>(*m_model);
        m_page->resize(800, 500);
        m_page->show();
        m_model->take({balance(2, u"eth0"_s, 1, {{u"programs"_s, 1000, 10}, {u"unseen"_s, 50, 0}})});
    }
    void cleanup()
    {
        m_page.reset();
        m_model.reset();
    }

    void asksOnlyWhenItCan();
    void showsWhatWasFound();
    void keepsWhatWasFoundUntilTheNext();
    void saysWhyNot();

private:
    QPushButton *explain() const { return m_page->findChild<QPushButton *>(); }
    QProgressBar *progress() const { return m_page->findChild<QProgressBar *>(); }
    QTreeView *tree() const
    {
        for (QTreeView *one : m_page->findChildren<QTreeView *>()) {
            if (one->isVisible())
                return one;
        }
        return nullptr;
    }
    QStringList lines() const
    {
        QStringList names;
        const QModelIndex first = tree()->model()->index(0, 0);
        for (int row = 0; row < tree()->model()->rowCount(first); ++row)
            names.append(tree()->model()->index(row, 0, first).data().toString());
        return names;
    }
    QToolButton *choice(const QString &begin) const
    {
        for (QToolButton *one : m_page->findChildren<QToolButton *>()) {
            if (one->text().startsWith(begin) && one->isVisible())
                return one;
        }
        return nullptr;
    }
    bool isShown(const QString &text) const
    {
        for (const QLabel *label : m_page->findChildren<QLabel *>()) {
            if (label->isVisible() && label->text().contains(text))
                return true;
        }
        return false;
    }

    QTemporaryDir m_folder;
    std::unique_ptr<InterfaceModel> m_model;
    std::unique_ptr<InterfacesPage> m_page;
};

void InterfacesPageTest::asksOnlyWhenItCan()
{
    QSignalSpy asked(m_page.get(), &InterfacesPage::explanationWanted);
    QVERIFY(!explain()->isEnabled());
    m_page->setCanExplain(true);
    QVERIFY(explain()->isEnabled() && !progress()->isVisible());
    explain()->click();
    QCOMPARE(asked.size(), 1);
    QCOMPARE(asked[0][0].toUInt(), 10u);
    QVERIFY(progress()->isVisible());
    QVERIFY(!explain()->isEnabled());
    m_page->setCanExplain(true);
    QVERIFY2(!explain()->isEnabled(), "one is under way");
    QTRY_VERIFY(progress()->value() > 0);
}

void InterfacesPageTest::showsWhatWasFound()
{
    m_page->setCanExplain(true);
    QVERIFY(!choice(u"Explained"_s));
    explain()->click();
    m_page->setExplanation({balance(1, u"lo"_s, 5, {}),
                            balance(2, u"eth0"_s, 5, {{u"programs"_s, 100, 10}, {u"unseen-arp"_s, 28, 28}})});
    QVERIFY(!progress()->isVisible());
    QVERIFY(explain()->isEnabled());
    QVERIFY(choice(u"Explained at"_s) && choice(u"Explained at"_s)->isChecked());
    QCOMPARE(tree()->model()->rowCount(), 1); // what carried nothing is left out
    QCOMPARE(lines(), QStringList({u"Programs"_s, u"ARP"_s, u"✓ Sum balances"_s}));
    QVERIFY(!tree()->isColumnHidden(InterfaceModel::Explanation));
    QVERIFY(isShown(u"is named"_s));
}

void InterfacesPageTest::keepsWhatWasFoundUntilTheNext()
{
    m_page->setCanExplain(true);
    explain()->click();
    m_page->setExplanation({balance(2, u"eth0"_s, 5, {{u"unseen-arp"_s, 28, 28}})});
    choice(u"Since"_s)->click();
    QCOMPARE(lines(), QStringList({u"Programs"_s, u"Not seen"_s, u"✓ Sum balances"_s}));
    QVERIFY(tree()->isColumnHidden(InterfaceModel::Explanation));
    m_model->take({balance(2, u"eth0"_s, 1, {{u"programs"_s, 2000, 10}, {u"unseen"_s, 50, 0}})});
    choice(u"Explained"_s)->click();
    QCOMPARE(lines(), QStringList({u"ARP"_s, u"✓ Sum balances"_s}));
    explain()->click();
    QCOMPARE(lines(), QStringList({u"ARP"_s, u"✓ Sum balances"_s}));
    m_page->setExplanation({balance(2, u"eth0"_s, 9, {{u"unseen-udp"_s, 28, 28}})});
    QCOMPARE(lines(), QStringList({u"UDP for no socket"_s, u"✓ Sum balances"_s}));
}

void InterfacesPageTest::saysWhyNot()
{
    m_page->setCanExplain(true);
    explain()->click();
    m_page->setExplanationProblem(u"An audit runs already: try again in a minute."_s);
    QVERIFY(isShown(u"An audit runs already"_s));
    QVERIFY(explain()->isEnabled() && !progress()->isVisible() && !choice(u"Explained"_s));
    explain()->click();
    QVERIFY(!isShown(u"An audit runs already"_s));
}

QTEST_MAIN(InterfacesPageTest)
#include "tst_interfacespage.moc"
