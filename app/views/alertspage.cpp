// SPDX-License-Identifier: MIT
#include "alertspage.h"

#include "figuretree.h"
#include "noticebar.h"
#include "palette.h"
#include "textfilter.h"

#include <QAction>
#include <QButtonGroup>
#include <QCheckBox>
#include <QDateTime>
#include <QEvent>
#include <QFormLayout>
#include <QFrame>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QSpinBox>
#include <QStackedLayout>
#include <QStyledItemDelegate>
#include <QTimeEdit>
#include <QToolButton>
#include <QTreeView>
#include <QUuid>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

enum { EventsView, RulesView };

/// Whole sentences in rows as high as they need.
class WrappingDelegate : public QStyledItemDelegate {
public:
    explicit WrappingDelegate(QTreeView *view)
        : QStyledItemDelegate(view)
        , m_view(*view)
    {
    }

    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        constexpr int room = 44; // for the box and the margins
        constexpr int margin = 12;
        QSize size = QStyledItemDelegate::sizeHint(option, index);
        if (index.column() == AlertRulesModel::Sentence) {
            const QRect place(0, 0, std::max(80, m_view.columnWidth(index.column()) - room), 10'000);
            size.setWidth(80);
            size.setHeight(
                option.fontMetrics.boundingRect(place, Qt::TextWordWrap, index.data().toString()).height());
        }
        return {size.width() + margin, size.height() + margin};
    }

private:
    const QTreeView &m_view;
};

QStringList listOf(const QLineEdit &line)
{
    QStringList list;
    for (const QString &part : line.text().split(u',', Qt::SkipEmptyParts)) {
        if (!part.trimmed().isEmpty())
            list.append(part.trimmed());
    }
    return list;
}

} // namespace

AlertsPage::AlertsPage(QWidget *parent)
    : QWidget(parent)
    , m_problem(new NoticeBar(this))
    , m_snoozed(new NoticeBar(this))
    , m_choice(new QButtonGroup(this))
    , m_filter(new TextFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_stack(new QStackedLayout)
{
    auto *bar = new QHBoxLayout;
    bar->setSpacing(2);
    for (const int view : {int(EventsView), int(RulesView)}) {
        auto *button = new QToolButton(this);
        button->setText(view == EventsView ? tr("Told") : tr("Rules"));
        button->setCheckable(true);
        button->setChecked(view == EventsView);
        m_choice->addButton(button, view);
        bar->addWidget(button);
    }
    connect(m_choice, &QButtonGroup::idToggled, this, [this](int view, bool isOn) {
        if (isOn) {
            m_stack->setCurrentIndex(view);
            m_filterEdit->setVisible(view == EventsView);
        }
    });
    m_filterEdit->setPlaceholderText(tr("Filter by text, program or network"));
    m_filterEdit->setAccessibleName(tr("Filter"));
    m_filterEdit->setClearButtonEnabled(true);
    m_filterEdit->setMaximumWidth(420);
    connect(m_filterEdit, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_filter->setText(text);
        updateEmptyState();
    });
    bar->addSpacing(10);
    bar->addWidget(m_filterEdit, 1);
    bar->addStretch(1);
    connect(m_snoozed, &NoticeBar::actionRequested, this, &AlertsPage::wakeChosen);

    m_stack->addWidget(makeEvents());
    m_stack->addWidget(makeRules());
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(m_problem);
    layout->addWidget(m_snoozed);
    layout->addLayout(bar);
    layout->addLayout(m_stack, 1);
    setFocusProxy(m_table);
    applyPalette();
    updateEmptyState();
    updateRuleButtons();
}

AlertsPage::~AlertsPage()
{
    m_table->saveColumns();
}

QWidget *AlertsPage::makeEvents()
{
    auto *view = new QWidget(this);
    m_filter->setSourceModel(&m_events);
    m_table = new FigureTree(u"alerts"_s, view);
    m_table->setModel(m_filter);
    m_table->setAccessibleName(tr("Alerts that were told"));
    m_table->setRootIsDecorated(false);
    m_table->setWideColumn(AlertsModel::What);
    const QDateTime wide({2028, 12, 28}, {20, 58});
    m_table->setUpColumns({QLocale().toString(wide, QLocale::ShortFormat), QString(), u"syncthing"_s,
                           u"00.0 MiB"_s, alertDeliveryText(AlertDelivery::QuietHours)},
                          AlertsModel::Time, Qt::DescendingOrder);
    connect(m_table, &QTreeView::activated, this, &AlertsPage::openHistory);
    connect(m_table, &QTreeView::customContextMenuRequested, this, &AlertsPage::showRowMenu);
    for (const auto &signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_filter, signal, this, &AlertsPage::updateEmptyState);

    auto *card = new QFrame(view);
    card->setObjectName(u"card"_s);
    m_empty = new QLabel(card);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setTextFormat(Qt::PlainText);
    m_empty->setProperty("muted", true);
    auto *add = new QPushButton(tr("Add a rule…"), card);
    connect(add, &QPushButton::clicked, this, &AlertsPage::addRule);
    auto *cardLayout = new QVBoxLayout(card);
    cardLayout->setContentsMargins(32, 32, 32, 32);
    cardLayout->addStretch(1);
    cardLayout->addWidget(m_empty);
    cardLayout->addWidget(add, 0, Qt::AlignHCenter);
    cardLayout->addStretch(1);
    m_eventStack = new QStackedLayout;
    m_eventStack->addWidget(m_table);
    m_eventStack->addWidget(card);

    m_clear = new QPushButton(tr("Clear the list"), view);
    m_clear->setToolTip(tr("What was told is forgotten; the rules stay, and tell nothing twice."));
    connect(m_clear, &QPushButton::clicked, this, &AlertsPage::clearChosen);
    auto *layout = new QVBoxLayout(view);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(10);
    layout->addLayout(m_eventStack, 1);
    layout->addWidget(m_clear, 0, Qt::AlignLeft);
    return view;
}

QWidget *AlertsPage::makeRules()
{
    auto *view = new QWidget(this);
    m_ruleView = new QTreeView(view);
    m_ruleView->setModel(&m_rules);
    m_ruleView->setAccessibleName(tr("Rules"));
    m_ruleView->setRootIsDecorated(false);
    m_ruleView->setWordWrap(true);
    m_ruleView->setItemDelegate(new WrappingDelegate(m_ruleView));
    m_ruleView->setAllColumnsShowFocus(true);
    m_ruleView->header()->setStretchLastSection(false);
    m_ruleView->header()->setSectionResizeMode(AlertRulesModel::Sentence, QHeaderView::Stretch);
    m_ruleView->header()->setSectionResizeMode(AlertRulesModel::Used, QHeaderView::ResizeToContents);
    // The heights follow the width; a scroll bar that comes and goes with them would change it again.
    m_ruleView->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    connect(
        m_ruleView->header(), &QHeaderView::sectionResized, m_ruleView,
        [this] { m_ruleView->doItemsLayout(); }, Qt::QueuedConnection);
    connect(m_ruleView->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &AlertsPage::updateRuleButtons);
    connect(&m_rules, &QAbstractItemModel::modelReset, this, &AlertsPage::updateRuleButtons);
    connect(m_ruleView, &QTreeView::doubleClicked, this, &AlertsPage::editCurrent);
    connect(&m_rules, &AlertRulesModel::enabledChosen, this, [this](const QString &id, bool isEnabled) {
        AlertSettings settings = m_settings;
        for (AlertRule &rule : settings.rules) {
            if (rule.id == id)
                rule.isEnabled = isEnabled;
        }
        Q_EMIT settingsChosen(settings);
    });

    auto *add = new QPushButton(tr("Add…"), view);
    m_edit = new QPushButton(tr("Change…"), view);
    m_remove = new QPushButton(tr("Remove"), view);
    connect(add, &QPushButton::clicked, this, &AlertsPage::addRule);
    connect(m_edit, &QPushButton::clicked, this, &AlertsPage::editCurrent);
    connect(m_remove, &QPushButton::clicked, this, &AlertsPage::removeCurrent);
    auto *remove = new QAction(m_ruleView);
    remove->setShortcut(QKeySequence::Delete);
    remove->setShortcutContext(Qt::WidgetShortcut);
    connect(remove, &QAction::triggered, this, &AlertsPage::removeCurrent);
    m_ruleView->addAction(remove);
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(m_edit);
    buttons->addWidget(m_remove);
    buttons->addStretch(1);
    auto *layout = new QVBoxLayout(view);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(10);
    layout->addWidget(m_ruleView, 1);
    layout->addLayout(buttons);
    layout->addWidget(makeChoices());
    return view;
}

QWidget *AlertsPage::makeChoices()
{
    auto *card = new QFrame(this);
    card->setObjectName(u"card"_s);
    m_quiet = new QCheckBox(tr("&Quiet from"), card);
    m_quietFrom = new QTimeEdit(card);
    m_quietTo = new QTimeEdit(card);
    m_quietFrom->setAccessibleName(tr("Quiet from"));
    m_quietTo->setAccessibleName(tr("Quiet until"));
    for (QTimeEdit *time : {m_quietFrom, m_quietTo})
        time->setDisplayFormat(QLocale().timeFormat(QLocale::ShortFormat));
    m_digest = new QSpinBox(card);
    m_digest->setRange(1, 1440);
    m_digest->setSuffix(tr(" min"));
    m_muted = new QLineEdit(card);
    m_onlyPrograms = new QLineEdit(card);
    m_ignored = new QLineEdit(card);
    m_onlyNetworks = new QLineEdit(card);
    m_muted->setPlaceholderText(tr("Names or executables, with commas between"));
    m_onlyPrograms->setPlaceholderText(tr("All"));
    m_ignored->setPlaceholderText(tr("Interfaces, with commas between"));
    m_onlyNetworks->setPlaceholderText(tr("All"));
    auto *times = new QHBoxLayout;
    times->addWidget(m_quiet);
    times->addWidget(m_quietFrom);
    auto *until = new QLabel(tr("until"), card);
    times->addWidget(until);
    times->addWidget(m_quietTo);
    times->addStretch(1);
    auto *form = new QFormLayout(card);
    form->setContentsMargins(14, 12, 14, 12);
    form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    form->addRow(tr("Notifications"), times);
    form->addRow(tr("First uses at most every"), m_digest);
    form->addRow(tr("Muted programs"), m_muted);
    form->addRow(tr("Only these programs"), m_onlyPrograms);
    form->addRow(tr("Networks that do not count"), m_ignored);
    form->addRow(tr("Only these networks count"), m_onlyNetworks);
    for (QWidget *field :
         std::initializer_list<QWidget *>{m_digest, m_muted, m_onlyPrograms, m_ignored, m_onlyNetworks})
        field->setAccessibleName(static_cast<QLabel *>(form->labelForField(field))->text());
    connect(m_quiet, &QCheckBox::toggled, this, &AlertsPage::chooseLists);
    for (QTimeEdit *time : {m_quietFrom, m_quietTo})
        connect(time, &QTimeEdit::editingFinished, this, &AlertsPage::chooseLists);
    connect(m_digest, &QSpinBox::editingFinished, this, &AlertsPage::chooseLists);
    for (QLineEdit *line : {m_muted, m_onlyPrograms, m_ignored, m_onlyNetworks})
        connect(line, &QLineEdit::editingFinished, this, &AlertsPage::chooseLists);
    return card;
}

void AlertsPage::setEvents(const QList<AlertEvent> &events)
{
    m_events.setEvents(events);
    updateEmptyState();
}

void AlertsPage::setSettings(const AlertSettings &settings)
{
    m_settings = settings;
    m_rules.setRules(settings.rules);
    m_isShowing = true;
    m_quiet->setChecked(settings.hasQuietHours);
    m_quietFrom->setTime(settings.quietFrom);
    m_quietTo->setTime(settings.quietTo);
    m_digest->setValue(settings.digestMinutes);
    m_muted->setText(settings.mutedPrograms.join(u", "_s));
    m_onlyPrograms->setText(settings.onlyPrograms.join(u", "_s));
    m_ignored->setText(settings.ignoredNetworks.join(u", "_s));
    m_onlyNetworks->setText(settings.onlyNetworks.join(u", "_s));
    m_isShowing = false;
    updateRuleButtons();
}

void AlertsPage::setBudgets(const QList<AlertBudget> &budgets)
{
    m_rules.setBudgets(budgets);
}

void AlertsPage::setUnitStyle(UnitStyle style)
{
    m_style = style;
    m_events.setUnitBase(style.base);
    m_rules.setUnitBase(style.base);
}

void AlertsPage::setProblem(const QString &problem)
{
    m_problem->setNotice(problem);
}

void AlertsPage::setSnoozed(const QString &until)
{
    m_snoozed->setNotice(until.isEmpty() ? QString()
                                         : tr("Nothing is shown until %1, only listed here.").arg(until),
                         tr("Show again"));
}

void AlertsPage::select(quint64 number)
{
    m_choice->button(EventsView)->setChecked(true);
    m_filterEdit->clear();
    const QModelIndex index = m_filter->mapFromSource(m_events.indexOf(number));
    if (!index.isValid())
        return;
    m_table->setCurrentIndex(index);
    m_table->scrollTo(index);
}

void AlertsPage::focusFilter()
{
    m_choice->button(EventsView)->setChecked(true);
    m_filterEdit->setFocus(Qt::ShortcutFocusReason);
    m_filterEdit->selectAll();
}

void AlertsPage::editRule(const AlertRule &rule)
{
    AlertRuleDialog dialog(rule, m_choices, m_style.base, this);
    if (dialog.exec() != QDialog::Accepted)
        return;
    const AlertRule made = dialog.rule();
    AlertSettings settings = m_settings;
    bool isKnown = false;
    for (AlertRule &each : settings.rules) {
        if (each.id == made.id) {
            each = made;
            isKnown = true;
        }
    }
    if (!isKnown)
        settings.rules.append(made);
    m_choice->button(RulesView)->setChecked(true);
    Q_EMIT settingsChosen(settings);
}

void AlertsPage::addRule()
{
    AlertRule rule;
    rule.id = QUuid::createUuid().toString(QUuid::WithoutBraces);
    rule.subject = AlertSubject::Program;
    editRule(rule);
}

void AlertsPage::editCurrent()
{
    const QModelIndex index = m_ruleView->currentIndex();
    if (index.isValid())
        editRule(m_rules.rule(index));
}

void AlertsPage::removeCurrent()
{
    const QModelIndex index = m_ruleView->currentIndex();
    if (!index.isValid())
        return;
    AlertSettings settings = m_settings;
    settings.rules.removeAt(index.row());
    Q_EMIT settingsChosen(settings);
}

void AlertsPage::openHistory(const QModelIndex &index)
{
    const AlertEvent &event = m_events.event(m_filter->mapToSource(index));
    if (event.kind != AlertKind::NotMeasuring)
        Q_EMIT historyRequested(event);
}

void AlertsPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_table->indexAt(position);
    if (!index.isValid())
        return;
    const AlertEvent event = m_events.event(m_filter->mapToSource(index));
    QMenu menu(this);
    m_table->addRowActions(menu, index);
    if (event.kind != AlertKind::NotMeasuring)
        menu.addAction(tr("Open in the history"), this, [this, event] { Q_EMIT historyRequested(event); });
    if (!event.program.isEmpty()) {
        menu.addAction(tr("Mute %1").arg(QString(event.program).replace(u'&', u"&&"_s)), this, [this, event] {
            AlertSettings settings = m_settings;
            settings.mutedPrograms.append(event.executable.isEmpty() ? event.program : event.executable);
            settings.mutedPrograms.removeDuplicates();
            Q_EMIT settingsChosen(settings);
        });
    }
    menu.exec(m_table->viewport()->mapToGlobal(position));
}

void AlertsPage::updateEmptyState()
{
    const bool isEmpty = m_filter->rowCount() == 0;
    m_empty->setText(
        m_events.rowCount() > 0
            ? tr("No alert matches “%1”.").arg(m_filter->text())
            : tr("Nothing was told yet. Nettally tells when measuring stops and when programs use the "
                 "network for the first time; rules tell more."));
    const bool isTyping = m_filterEdit->hasFocus();
    m_eventStack->setCurrentIndex(isEmpty ? 1 : 0);
    m_clear->setVisible(m_events.rowCount() > 0);
    if (isTyping)
        m_filterEdit->setFocus();
}

void AlertsPage::updateRuleButtons()
{
    const bool isChosen = m_ruleView->currentIndex().isValid();
    m_edit->setEnabled(isChosen);
    m_remove->setEnabled(isChosen);
}

void AlertsPage::chooseLists()
{
    if (m_isShowing)
        return;
    AlertSettings settings = m_settings;
    settings.hasQuietHours = m_quiet->isChecked();
    settings.quietFrom = m_quietFrom->time();
    settings.quietTo = m_quietTo->time();
    settings.digestMinutes = m_digest->value();
    settings.mutedPrograms = listOf(*m_muted);
    settings.onlyPrograms = listOf(*m_onlyPrograms);
    settings.ignoredNetworks = listOf(*m_ignored);
    settings.onlyNetworks = listOf(*m_onlyNetworks);
    if (settings != m_settings)
        Q_EMIT settingsChosen(settings);
}

void AlertsPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void AlertsPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    m_table->takePalette(palette());
}

} // namespace Nettally
