// SPDX-License-Identifier: MIT
#include "interfacespage.h"

#include "figuretree.h"
#include "interfacemodel.h"
#include "interfaceorder.h"

#include <QAction>
#include <QButtonGroup>
#include <QEvent>
#include <QFrame>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedLayout>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>
#include <iterator>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Nettally {

namespace {

/// So few interfaces with traffic all fit opened on a page.
constexpr int expandedAtMost = 3;
constexpr quint32 explainedSeconds = 10;

/// Of the stack, and of the choice.
enum { BooksPage, ExplainedPage, EmptyPage };

} // namespace

InterfacesPage::InterfacesPage(InterfaceModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_explained(std::make_unique<InterfaceModel>(InterfaceModel::Span::Audit))
    , m_order(new InterfaceOrder(this))
    , m_explainedOrder(new InterfaceOrder(this))
    , m_summary(new QLabel(this))
    , m_explain(new QPushButton(tr("Explain…"), this))
    , m_progress(new QProgressBar(this))
    , m_explanationProblem(new QLabel(this))
    , m_choice(new QWidget(this))
    , m_choices(new QButtonGroup(this))
    , m_tree(new FigureTree(u"interfaces"_s, this))
    , m_explainedTree(new FigureTree(u"explained"_s, this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_order->setSourceModel(&m_model);
    m_summary->setWordWrap(true);
    m_summary->setProperty("muted", true);
    m_summary->setAccessibleName(tr("Summary"));

    const QString bytes = u"00,000,000,000"_s;
    const QString share = u"< 00.00 %"_s;
    m_tree->setModel(m_order);
    m_tree->setAccessibleName(tr("Interfaces"));
    m_tree->setUpColumns({bytes, share, bytes, share, tr("ARP, and whatever else")}, -1, Qt::AscendingOrder,
                         {InterfaceModel::Explanation});
    m_explainedOrder->setSourceModel(m_explained.get());
    m_explainedTree->setModel(m_explainedOrder);
    m_explainedTree->setAccessibleName(tr("Interfaces, explained"));
    m_explainedTree->setWideColumn(InterfaceModel::Explanation);
    m_explainedTree->setUpColumns({tr("Multicast and broadcast") + u"        "_s, bytes, share, bytes, share},
                                  -1, Qt::AscendingOrder,
                                  {InterfaceModel::ReceivedShare, InterfaceModel::SentShare});
    for (FigureTree *tree : {m_tree, m_explainedTree}) {
        connect(tree, &QTreeView::customContextMenuRequested, this,
                [this, tree](const QPoint &position) { showRowMenu(tree, position); });
    }
    setFocusProxy(m_tree);

    m_explain->setToolTip(
        tr("Watch every frame at the interfaces for %n second(s) and name what the books call not seen. Each "
           "packet costs twice as much meanwhile.",
           nullptr, int(explainedSeconds)));
    connect(m_explain, &QPushButton::clicked, this, &InterfacesPage::explain);
    m_progress->setRange(0, int(explainedSeconds) * 1000);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Watching the interfaces"));
    m_progress->setFixedHeight(6);
    m_progress->hide();
    m_progressTimer.setInterval(100ms);
    connect(&m_progressTimer, &QTimer::timeout, this, &InterfacesPage::showProgress);
    m_explanationProblem->setWordWrap(true);
    m_explanationProblem->hide();

    auto *choice = new QHBoxLayout(m_choice);
    choice->setContentsMargins(0, 0, 0, 0);
    choice->setSpacing(2);
    for (const int page : {int(BooksPage), int(ExplainedPage)}) {
        auto *button = new QToolButton(m_choice);
        button->setCheckable(true);
        button->setChecked(page == BooksPage);
        m_choices->addButton(button, page);
        choice->addWidget(button);
    }
    m_choices->button(BooksPage)->setText(tr("Since the start"));
    connect(m_choices, &QButtonGroup::idToggled, this, &InterfacesPage::refresh);
    m_choice->setAccessibleName(tr("Which time is shown"));
    m_choice->hide();

    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setMargin(32);
    m_empty->setProperty("muted", true);
    auto *emptyCard = new QFrame(this);
    emptyCard->setObjectName(u"card"_s);
    auto *emptyLayout = new QVBoxLayout(emptyCard);
    emptyLayout->addWidget(m_empty);
    m_stack->addWidget(m_tree);
    m_stack->addWidget(m_explainedTree);
    m_stack->addWidget(emptyCard);

    auto *head = new QHBoxLayout;
    head->addWidget(m_summary, 1);
    head->addWidget(m_explain);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(head);
    layout->addWidget(m_choice, 0, Qt::AlignLeft);
    layout->addWidget(m_progress);
    layout->addWidget(m_explanationProblem);
    layout->addLayout(m_stack, 1);

    connect(&m_model, &InterfaceModel::changed, this, &InterfacesPage::refresh);
    m_tree->takePalette(palette());
    m_explainedTree->takePalette(palette());
    refresh();
    setCanExplain(false);
}

InterfacesPage::~InterfacesPage()
{
    m_tree->saveColumns();
    m_explainedTree->saveColumns();
}

void InterfacesPage::setEmptyText(const QString &text)
{
    m_empty->setText(text);
}

void InterfacesPage::setProblem(const QString &text)
{
    m_problem = text;
    refresh();
}

void InterfacesPage::setUnitStyle(UnitStyle style)
{
    m_explained->setUnitStyle(style);
}

void InterfacesPage::setCanExplain(bool can)
{
    m_canExplain = can;
    m_explain->setEnabled(can && !m_progressTimer.isActive());
}

void InterfacesPage::explain()
{
    m_askedAt = QTime::currentTime();
    m_explanationProblem->hide();
    m_progress->setValue(0);
    m_progress->show();
    m_progressTimer.start();
    setCanExplain(m_canExplain);
    Q_EMIT explanationWanted(explainedSeconds);
}

/// Full, it waits for the answer.
void InterfacesPage::showProgress()
{
    const int elapsedMs = m_askedAt.msecsTo(QTime::currentTime());
    constexpr int dayMs = 24 * 3600 * 1000;
    m_progress->setValue(std::min((elapsedMs + dayMs) % dayMs, m_progress->maximum()));
}

void InterfacesPage::endProgress()
{
    m_progressTimer.stop();
    m_progress->hide();
    setCanExplain(m_canExplain);
}

void InterfacesPage::setExplanation(const QList<InterfaceBalance> &interfaces)
{
    endProgress();
    QList<InterfaceBalance> busy;
    std::copy_if(interfaces.begin(), interfaces.end(), std::back_inserter(busy),
                 [](const InterfaceBalance &one) { return one.rxBytes != 0 || one.txBytes != 0; });
    m_explained->take(busy);
    m_explainedTree->expandAll();
    m_explainedFrom = m_askedAt;
    m_choices->button(ExplainedPage)
        ->setText(tr("Explained at %1").arg(m_explainedFrom.toString(u"HH:mm"_s)));
    m_choices->button(ExplainedPage)->setChecked(true);
    refresh();
}

void InterfacesPage::setExplanationProblem(const QString &problem)
{
    endProgress();
    m_explanationProblem->setText(problem);
    m_explanationProblem->show();
}

bool InterfacesPage::isExplanationShown() const
{
    return m_explainedFrom.isValid() && m_choices->checkedId() == ExplainedPage;
}

void InterfacesPage::refresh()
{
    const bool isEmpty = m_model.rowCount() == 0;
    m_stack->setCurrentIndex(isEmpty ? EmptyPage : isExplanationShown() ? ExplainedPage : BooksPage);
    m_summary->setVisible(!isEmpty);
    m_explain->setVisible(!isEmpty);
    m_choice->setVisible(!isEmpty && m_explainedFrom.isValid());
    if (isEmpty) {
        m_hasExpanded = false;
        return;
    }
    expandFirst();
    m_summary->setText(summary());
}

QString InterfacesPage::summary() const
{
    if (isExplanationShown()) {
        const QTime end = m_explainedFrom.addSecs(explainedSeconds);
        const std::optional<double> named = m_explained->namedShare();
        const QString from = m_explainedFrom.toString(u"HH:mm:ss"_s);
        const QString to = end.toString(u"HH:mm:ss"_s);
        return named ? tr("From %1 to %2: %3 of what crossed the interfaces is named.")
                           .arg(from, to, InterfaceModel::shareText(named))
                     : tr("From %1 to %2 nothing crossed an interface.").arg(from, to);
    }
    const std::optional<double> named = m_model.namedShare();
    if (!m_problem.isEmpty())
        return m_problem;
    if (!named)
        return tr("Nothing has crossed an interface since the helper started.");
    if (!m_model.isBalanced())
        return tr("The books do not balance: the lines of an interface are not its counter.");
    QString text = tr("The books balance: %1 of what crossed the interfaces is put down by name.")
                       .arg(InterfaceModel::shareText(named));
    if (const QString machine = m_model.machineText(); !machine.isEmpty())
        text += u' ' + tr("The machine and others: %1.").arg(machine);
    return text;
}

/// Once: what is closed by hand stays closed.
void InterfacesPage::expandFirst()
{
    if (m_hasExpanded)
        return;
    int busy = 0;
    for (int row = 0; row < m_order->rowCount(); ++row)
        busy += m_order->hasChildren(m_order->index(row, 0)) ? 1 : 0;
    m_hasExpanded = busy > 0;
    if (m_hasExpanded && busy <= expandedAtMost)
        m_tree->expandAll();
}

void InterfacesPage::showRowMenu(FigureTree *tree, const QPoint &position)
{
    const QModelIndex index = tree->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    tree->addRowActions(menu, index);
    menu.addAction(tr("Expand all"), tree, &QTreeView::expandAll);
    menu.addAction(tr("Collapse all"), tree, &QTreeView::collapseAll);
    menu.exec(tree->viewport()->mapToGlobal(position));
}

void InterfacesPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange) {
        m_tree->takePalette(palette());
        m_explainedTree->takePalette(palette());
    }
    QWidget::changeEvent(event);
}

} // namespace Nettally
