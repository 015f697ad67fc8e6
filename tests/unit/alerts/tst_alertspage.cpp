// SPDX-License-Identifier: MIT
#include "alertspage.h"

#include <QAbstractItemModelTester>
#include <QAbstractSpinBox>
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRandomGenerator>
#include <QSettings>
#include <QSignalSpy>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

AlertEvent told(quint64 number, const QString &program = u"curl"_s)
{
    AlertEvent made;
    made.number = number;
    made.utcS = 1'800'000'000 + qint64(number) * 60;
    made.kind = AlertKind::Amount;
    made.text = u"%1 did it for the %2th time"_s.arg(program, QString::number(number));
    made.program = program;
    made.bytes = number * 1000;
    return made;
}

AlertRule budget()
{
    AlertRule rule;
    rule.id = u"budget"_s;
    rule.kind = AlertKind::Budget;
    rule.subject = AlertSubject::Network;
    rule.name = u"wwan0"_s;
    rule.limitBytes = 21'474'836'481; // 20 GiB and one byte
    rule.billingDay = 31;
    rule.action.url = u"https://hooks.example.org/secret-path"_s;
    rule.action.headers = {{u"Authorization"_s, u"secret-token"_s}};
    return rule;
}

template <typename Widget>
Widget *named(const QWidget &parent, const QString &name)
{
    for (Widget *each : parent.findChildren<Widget *>()) {
        if (each->accessibleName() == name)
            return each;
    }
    return nullptr;
}

QAbstractButton *button(const QWidget &parent, const QString &text)
{
    for (QAbstractButton *each : parent.findChildren<QAbstractButton *>()) {
        if (each->text() == text)
            return each;
    }
    return nullptr;
}

void choose(QComboBox &combo, const QString &text)
{
    const int index = combo.findText(text);
    QVERIFY2(index >= 0, qPrintable(text));
    combo.setCurrentIndex(index);
}

} // namespace

class TestAlertsPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        QCoreApplication::setOrganizationName(u"nettally-test-alerts"_s);
        QSettings().clear();
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom));
    }
    void cleanupTestCase() { QSettings().clear(); }

    void eventsUnderChurn()
    {
        AlertsModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QRandomGenerator random(3);
        QList<AlertEvent> events;
        quint64 last = 0;
        QPersistentModelIndex held;
        quint64 heldNumber = 0;
        for (int round = 0; round < 300; ++round) {
            for (int i = random.bounded(4); i > 0; --i)
                events.append(told(++last, u"p%1"_s.arg(random.bounded(9))));
            for (int i = random.bounded(3); i > 0 && !events.isEmpty(); --i)
                events.removeAt(random.bounded(events.size()));
            if (!events.isEmpty())
                events[random.bounded(events.size())].delivery = AlertDelivery(random.bounded(5));
            model.setEvents(events);
            if (round % 7 == 0)
                model.sort(random.bounded(int(AlertsModel::ColumnCount)),
                           random.bounded(2) ? Qt::AscendingOrder : Qt::DescendingOrder);
            QCOMPARE(model.rowCount(), int(events.size()));
            if (held.isValid())
                QCOMPARE(model.event(held).number, heldNumber);
            if (!held.isValid() && !events.isEmpty()) {
                heldNumber = events.constFirst().number;
                held = model.indexOf(heldNumber);
            }
        }
        model.sort(AlertsModel::Amount, Qt::AscendingOrder);
        for (int row = 1; row < model.rowCount(); ++row)
            QVERIFY(model.event(model.index(row - 1, 0)).bytes < model.event(model.index(row, 0)).bytes);
    }

    void rulesModel()
    {
        AlertRulesModel model;
        const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
        QList<AlertRule> rules = AlertSettings::standard().rules;
        model.setRules(rules);
        rules.append(budget());
        model.setRules(rules);
        QCOMPARE(model.rowCount(), 4);
        const QModelIndex used = model.index(3, AlertRulesModel::Used);
        QCOMPARE(used.data().toString(), unknownText());
        model.setBudgets({{u"budget"_s, u"wwan0"_s, 1ULL << 30, 20ULL << 30, std::nullopt, 0}});
        QCOMPARE(used.data().toString().replace(QChar::Nbsp, u' '), u"1.00 GiB of 20.0 GiB"_s);
        QCOMPARE(model.index(0, AlertRulesModel::Used).data().toString(), QString());
        QSignalSpy chosen(&model, &AlertRulesModel::enabledChosen);
        QVERIFY(model.setData(model.index(2, 0), Qt::Checked, Qt::CheckStateRole));
        QCOMPARE(chosen.constFirst(), QList<QVariant>({u"unusual-sending"_s, true}));
        rules.removeFirst();
        model.setRules(rules);
        QCOMPARE(model.rowCount(), 3);
    }

    void emptyStateAndList()
    {
        AlertsPage page;
        page.resize(900, 600);
        page.show();
        QVERIFY(button(page, u"Add a rule…"_s)->isVisible());
        QVERIFY(!button(page, u"Clear the list"_s)->isVisible());
        page.setEvents({told(1), told(2, u"ssh"_s)});
        QVERIFY(!button(page, u"Add a rule…"_s)->isVisible());
        auto *tree = page.findChild<QTreeView *>(u"alerts"_s);
        QCOMPARE(tree->model()->rowCount(), 2);
        // The newest first.
        QVERIFY(tree->model()->index(0, AlertsModel::What).data().toString().startsWith(u"ssh"));
        page.focusFilter();
        QTest::keyClicks(named<QLineEdit>(page, u"Filter"_s), u"curl"_s);
        QCOMPARE(tree->model()->rowCount(), 1);
        page.select(2);
        QCOMPARE(tree->model()->rowCount(), 2);
        QVERIFY(tree->currentIndex().siblingAtColumn(AlertsModel::What).data().toString().startsWith(u"ssh"));
        QSignalSpy opened(&page, &AlertsPage::historyRequested);
        Q_EMIT tree->activated(tree->currentIndex());
        QCOMPARE(opened.size(), 1);
        QCOMPARE(opened.constFirst().at(0).value<AlertEvent>().program, u"ssh"_s);
        QSignalSpy cleared(&page, &AlertsPage::clearChosen);
        button(page, u"Clear the list"_s)->click();
        QCOMPARE(cleared.size(), 1);
    }

    void listsAreChosen()
    {
        AlertsPage page;
        page.setSettings(AlertSettings::standard());
        button(page, u"Rules"_s)->click();
        QSignalSpy chosen(&page, &AlertsPage::settingsChosen);
        auto *muted = named<QLineEdit>(page, u"Muted programs"_s);
        QVERIFY(muted);
        muted->setText(u" curl, /usr/bin/ssh ,"_s);
        Q_EMIT muted->editingFinished();
        QCOMPARE(chosen.size(), 1);
        QCOMPARE(chosen.constLast().at(0).value<AlertSettings>().mutedPrograms,
                 QStringList({u"curl"_s, u"/usr/bin/ssh"_s}));
        page.findChild<QCheckBox *>()->click();
        QVERIFY(chosen.constLast().at(0).value<AlertSettings>().hasQuietHours);
        // What is set from outside is no choice.
        chosen.clear();
        AlertSettings other = AlertSettings::standard();
        other.hasQuietHours = true;
        other.digestMinutes = 5;
        page.setSettings(other);
        QCOMPARE(chosen.size(), 0);
    }

    void aRuleIsMade()
    {
        AlertRule fresh;
        fresh.id = u"new"_s;
        fresh.subject = AlertSubject::Program;
        AlertRuleDialog dialog(fresh, {{u"curl"_s, u"firefox"_s}, {}}, UnitBase::Iec);
        auto *ok = dialog.findChild<QDialogButtonBox *>()->button(QDialogButtonBox::Ok);
        auto *sentence = named<QLabel>(dialog, u"The rule in a sentence"_s);
        QVERIFY(!ok->isEnabled());
        QVERIFY(sentence->text().isEmpty());
        choose(*named<QComboBox>(dialog, u"Name"_s), u"firefox"_s);
        choose(*named<QComboBox>(dialog, u"Traffic"_s), u"Received"_s);
        choose(*named<QComboBox>(dialog, u"Unit of the limit"_s), u"GiB"_s);
        QVERIFY(!ok->isEnabled());
        named<QDoubleSpinBox>(dialog, u"Limit"_s)->setValue(2);
        QVERIFY(ok->isEnabled());
        QCOMPARE(sentence->text().replace(QChar::Nbsp, u' '),
                 u"When firefox receives more than 2.00 GiB in a day, notify."_s);
        QCOMPARE(dialog.rule().limitBytes, 2ULL << 30);
        named<QLineEdit>(dialog, u"Run"_s)->setText(u"\"/opt/my tool\" --now"_s);
        QCOMPARE(dialog.rule().action.command, QStringList({u"/opt/my tool"_s, u"--now"_s}));
        named<QLineEdit>(dialog, u"Run"_s)->setText(u"tool"_s);
        QVERIFY(!ok->isEnabled());
    }

    void aRuleStaysAsItWas()
    {
        AlertRule rule = budget();
        rule.action.command = {u"/opt/my tool"_s, u"a \"b\""_s, QString()};
        const AlertRuleDialog dialog(rule, {}, UnitBase::Si);
        QCOMPARE(dialog.rule(), rule);
    }

    void secretsAreNotShownAndStayWithTheirServer()
    {
        AlertSettings settings;
        settings.rules = {budget()};
        AlertsPage page;
        page.setSettings(settings);
        AlertRuleDialog dialog(budget(), {}, UnitBase::Iec);
        for (const QWidget *parent : std::initializer_list<QWidget *>{&page, &dialog}) {
            for (const QObject *child : parent->findChildren<QObject *>()) {
                for (const char *property :
                     {"text", "plainText", "toolTip", "placeholderText", "accessibleName"})
                    QVERIFY(!child->property(property).toString().contains(u"secret-token"));
            }
        }
        auto *rules = named<QTreeView>(page, u"Rules"_s);
        const QString sentence = rules->model()->index(0, 0).data().toString();
        QVERIFY(sentence.contains(u"hooks.example.org") && !sentence.contains(u"secret"));

        auto *url = named<QLineEdit>(dialog, u"Post to"_s);
        url->setText(u"https://hooks.example.org/other"_s);
        QCOMPARE(dialog.rule().action.headers, budget().action.headers);
        url->setText(u"https://elsewhere.example.org/other"_s);
        QVERIFY(dialog.rule().action.headers.isEmpty());
        url->setText(u"http://hooks.example.org/secret-path"_s);
        QVERIFY(dialog.rule().action.headers.isEmpty());
        named<QPlainTextEdit>(dialog, u"Headers"_s)->setPlainText(u"X-Key: a: b\nX-Other: c"_s);
        QCOMPARE(dialog.rule().action.headers,
                 (QMap<QString, QString>{{u"X-Key"_s, u"a: b"_s}, {u"X-Other"_s, u"c"_s}}));
        named<QPlainTextEdit>(dialog, u"Headers"_s)->setPlainText(u"nonsense"_s);
        QVERIFY(!dialog.findChild<QDialogButtonBox *>()->button(QDialogButtonBox::Ok)->isEnabled());
    }

    void everythingHasAName()
    {
        AlertsPage page;
        page.setSettings(AlertSettings::standard());
        AlertRuleDialog dialog(budget(), {}, UnitBase::Iec);
        for (const QWidget *parent : std::initializer_list<QWidget *>{&page, &dialog}) {
            for (const QWidget *child : parent->findChildren<QWidget *>()) {
                const bool isPart = qobject_cast<QAbstractSpinBox *>(child->parentWidget())
                    || qobject_cast<QComboBox *>(child->parentWidget());
                const bool isField = qobject_cast<const QComboBox *>(child)
                    || qobject_cast<const QAbstractSpinBox *>(child) || qobject_cast<const QLineEdit *>(child)
                    || qobject_cast<const QTreeView *>(child) || qobject_cast<const QPlainTextEdit *>(child);
                if (isField && !isPart)
                    QVERIFY2(!child->accessibleName().isEmpty(), child->metaObject()->className());
            }
        }
    }

    void ruleIsRemovedByKey()
    {
        AlertsPage page;
        page.resize(900, 600);
        page.setSettings(AlertSettings::standard());
        page.show();
        button(page, u"Rules"_s)->click();
        QSignalSpy chosen(&page, &AlertsPage::settingsChosen);
        auto *rules = named<QTreeView>(page, u"Rules"_s);
        rules->setCurrentIndex(rules->model()->index(1, 0));
        QVERIFY(button(page, u"Remove"_s)->isEnabled());
        button(page, u"Remove"_s)->click();
        QCOMPARE(chosen.size(), 1);
        const auto settings = chosen.constFirst().at(0).value<AlertSettings>();
        QCOMPARE(settings.rules.size(), 2);
        QVERIFY(!settings.rule(u"first-use"_s));
        // Space switches the current one.
        QTest::keyClick(rules, Qt::Key_Space);
        QCOMPARE(chosen.size(), 2);
        QVERIFY(!chosen.constLast().at(0).value<AlertSettings>().rule(u"first-use"_s)->isEnabled);
    }
};

QTEST_MAIN(TestAlertsPage)
#include "tst_alertspage.moc"
