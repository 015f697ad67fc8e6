// SPDX-License-Identifier: MIT
#include "interfacespage.h"

#include "figuretree.h"
#include "interfacemodel.h"
#include "interfaceorder.h"

#include <QAction>
#include <QEvent>
#include <QFrame>
#include <QLabel>
#include <QMenu>
#include <QStackedLayout>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// So few interfaces with traffic all fit opened on a page.
constexpr int expandedAtMost = 3;

} // namespace

InterfacesPage::InterfacesPage(InterfaceModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_order(new InterfaceOrder(this))
    , m_summary(new QLabel(this))
    , m_tree(new FigureTree(u"interfaces"_s, this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_order->setSourceModel(&m_model);
    m_summary->setWordWrap(true);
    m_summary->setProperty("muted", true);
    m_summary->setAccessibleName(tr("Summary"));

    m_tree->setModel(m_order);
    m_tree->setAccessibleName(tr("Interfaces"));
    m_tree->setUpColumns({u"00,000,000,000"_s, u"< 00.00 %"_s, u"00,000,000,000"_s, u"< 00.00 %"_s}, -1,
                         Qt::AscendingOrder);
    connect(m_tree, &QTreeView::customContextMenuRequested, this, &InterfacesPage::showRowMenu);
    setFocusProxy(m_tree);

    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setMargin(32);
    m_empty->setProperty("muted", true);
    auto *emptyCard = new QFrame(this);
    emptyCard->setObjectName(u"card"_s);
    auto *emptyLayout = new QVBoxLayout(emptyCard);
    emptyLayout->addWidget(m_empty);
    m_stack->addWidget(m_tree);
    m_stack->addWidget(emptyCard);

    auto *head = new QHBoxLayout;
    head->addWidget(m_summary, 1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(head);
    layout->addLayout(m_stack, 1);

    connect(&m_model, &InterfaceModel::changed, this, &InterfacesPage::refresh);
    m_tree->takePalette(palette());
    refresh();
}

InterfacesPage::~InterfacesPage()
{
    m_tree->saveColumns();
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

void InterfacesPage::refresh()
{
    const bool isEmpty = m_model.rowCount() == 0;
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    m_summary->setVisible(!isEmpty);
    if (isEmpty) {
        m_hasExpanded = false;
        return;
    }
    expandFirst();
    const std::optional<double> named = m_model.namedShare();
    if (!m_problem.isEmpty())
        m_summary->setText(m_problem);
    else if (!named)
        m_summary->setText(tr("Nothing has crossed an interface since the helper started."));
    else if (!m_model.isBalanced())
        m_summary->setText(tr("The books do not balance: the lines of an interface are not its counter."));
    else {
        m_summary->setText(tr("The books balance: %1 of what crossed the interfaces is put down by name.")
                               .arg(InterfaceModel::shareText(named)));
    }
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

void InterfacesPage::showRowMenu(const QPoint &position)
{
    if (!m_tree->indexAt(position).isValid())
        return;
    QMenu menu(this);
    menu.addAction(m_tree->copyAction());
    menu.addSeparator();
    menu.addAction(tr("Expand all"), m_tree, &QTreeView::expandAll);
    menu.addAction(tr("Collapse all"), m_tree, &QTreeView::collapseAll);
    menu.exec(m_tree->viewport()->mapToGlobal(position));
}

void InterfacesPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        m_tree->takePalette(palette());
    QWidget::changeEvent(event);
}

} // namespace Nettally
