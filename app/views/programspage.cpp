// SPDX-License-Identifier: MIT
#include "programspage.h"

#include "applicationdelegate.h"
#include "figuretree.h"
#include "livemodel.h"
#include "measureswitch.h"
#include "palette.h"
#include "textfilter.h"

#include <QAction>
#include <QEvent>
#include <QFrame>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <utility>

using namespace Qt::StringLiterals;

namespace Nettally {

ProgramsPage::ProgramsPage(LiveModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_filter(new TextFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_measure(new MeasureSwitch(this))
    , m_tree(new FigureTree(u"programs"_s, this))
    , m_delegate(new ApplicationDelegate(this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_filter->setSourceModel(&m_model);

    m_filterEdit->setPlaceholderText(tr("Filter by program, user, unit, container, name or address"));
    m_filterEdit->setAccessibleName(tr("Filter"));
    m_filterEdit->setClearButtonEnabled(true);
    m_filterEdit->setMaximumWidth(420);
    connect(m_filterEdit, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_filter->setText(text);
        updateEmptyState();
    });
    auto *clear = new QAction(this);
    clear->setShortcut(Qt::Key_Escape);
    clear->setShortcutContext(Qt::WidgetWithChildrenShortcut);
    connect(clear, &QAction::triggered, this, [this] {
        m_filterEdit->clear();
        m_tree->setFocus();
    });
    m_filterEdit->addAction(clear);

    m_tree->setModel(m_filter);
    m_tree->setItemDelegateForColumn(LiveModel::Name, m_delegate);
    m_tree->setAccessibleName(tr("Programs"));
    m_tree->setUpColumns({u"419430"_s, u"usernam"_s, u"00.0 MiB/s"_s, u"00.0 MiB/s"_s, u"00.0 MiB"_s,
                          u"00.0 MiB"_s, u"0000"_s},
                         LiveModel::ReceiveRate, Qt::DescendingOrder);
    m_tree->setRawUnits({{}, {}, {}, u"bytes/s"_s, u"bytes/s"_s, u"bytes"_s, u"bytes"_s});
    connect(m_tree, &QTreeView::customContextMenuRequested, this, &ProgramsPage::showRowMenu);

    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setTextFormat(Qt::PlainText);
    m_empty->setMargin(32);
    m_empty->setProperty("muted", true);
    auto *emptyCard = new QFrame(this);
    emptyCard->setObjectName(u"card"_s);
    auto *emptyLayout = new QVBoxLayout(emptyCard);
    emptyLayout->addWidget(m_empty);
    setFocusProxy(m_tree);
    m_stack->addWidget(m_tree);
    m_stack->addWidget(emptyCard);

    // From the filter to what it found.
    setTabOrder(m_filterEdit, m_tree);
    setTabOrder(m_tree, m_measure);

    auto *head = new QHBoxLayout;
    head->addWidget(m_filterEdit, 3);
    head->addStretch(1);
    head->addWidget(m_measure);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(head);
    layout->addLayout(m_stack, 1);

    for (const auto &signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_filter, signal, this, &ProgramsPage::updateEmptyState);
    connect(m_filter, &QAbstractItemModel::modelReset, this, &ProgramsPage::updateEmptyState);
    applyPalette();
    updateEmptyState();
}

ProgramsPage::~ProgramsPage()
{
    m_tree->saveColumns();
}

QString ProgramsPage::filterText() const
{
    return m_filterEdit->text();
}

void ProgramsPage::setFilterText(const QString &text)
{
    m_filterEdit->setText(text);
}

void ProgramsPage::focusFilter()
{
    m_filterEdit->setFocus(Qt::ShortcutFocusReason);
    m_filterEdit->selectAll();
}

void ProgramsPage::setEmptyText(const QString &text)
{
    m_emptyText = text;
    updateEmptyState();
}

void ProgramsPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_tree->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    m_tree->addRowActions(menu, index);
    // The rows may change places while the menu is open: everything is taken before.
    QStringList names;
    for (QModelIndex row = index; row.isValid(); row = row.parent())
        names.prepend(row.siblingAtColumn(LiveModel::Name).data(LiveModel::PlainNameRole).toString());
    names.removeDuplicates();
    for (const QString &name : std::as_const(names)) {
        menu.addAction(tr("Show only “%1”").arg(QString(name).replace(u'&', u"&&"_s)), this,
                       [this, name] { m_filterEdit->setText(name); });
    }
    menu.addSeparator();
    menu.addAction(tr("Expand all"), m_tree, &QTreeView::expandAll);
    menu.addAction(tr("Collapse all"), m_tree, &QTreeView::collapseAll);
    menu.exec(m_tree->viewport()->mapToGlobal(position));
}

void ProgramsPage::updateEmptyState()
{
    const bool isEmpty = m_filter->rowCount() == 0;
    m_empty->setText(m_model.rowCount() > 0 ? tr("No program matches “%1”.").arg(m_filter->text())
                                            : m_emptyText);
    // The layout moves the focus to what it shows; who is typing a filter keeps it.
    const bool isTyping = m_filterEdit->hasFocus();
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    if (isTyping)
        m_filterEdit->setFocus();
}

void ProgramsPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void ProgramsPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    m_tree->takePalette(palette());
    m_delegate->forgetIcons();
}

} // namespace Nettally
