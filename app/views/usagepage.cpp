// SPDX-License-Identifier: MIT
#include "usagepage.h"

#include "figuretree.h"
#include "measureswitch.h"
#include "palette.h"
#include "textfilter.h"
#include "usagetree.h"

#include <QAction>
#include <QEvent>
#include <QFrame>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QStackedLayout>
#include <QVBoxLayout>

using namespace Qt::StringLiterals;

namespace Nettally {

UsagePage::UsagePage(UsageTree &model, const QString &settings, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_filter(new TextFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_measure(new MeasureSwitch(this))
    , m_choices(new QHBoxLayout)
    , m_note(new QLabel(this))
    , m_tree(new FigureTree(settings, this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_model.setSeen(false);
    m_filter->setSourceModel(&m_model);
    m_tree->setModel(m_filter);
    connect(m_tree, &QTreeView::customContextMenuRequested, this, &UsagePage::showRowMenu);

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

    m_note->setWordWrap(true);
    m_note->setTextFormat(Qt::PlainText);
    m_note->hide();
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

    m_choices->setSpacing(2);
    auto *head = new QHBoxLayout;
    head->addWidget(m_filterEdit, 3);
    head->addLayout(m_choices);
    head->addStretch(1);
    head->addWidget(m_measure);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addLayout(head);
    layout->addWidget(m_note);
    layout->addLayout(m_stack, 1);

    for (const auto &signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_filter, signal, this, &UsagePage::updateEmptyState);
    connect(m_filter, &QAbstractItemModel::modelReset, this, &UsagePage::updateEmptyState);
    applyPalette();
    updateEmptyState();
}

UsagePage::~UsagePage()
{
    m_tree->saveColumns();
}

QString UsagePage::filterText() const
{
    return m_filterEdit->text();
}

void UsagePage::setFilterText(const QString &text)
{
    m_filterEdit->setText(text);
}

void UsagePage::focusFilter()
{
    m_filterEdit->setFocus(Qt::ShortcutFocusReason);
    m_filterEdit->selectAll();
}

void UsagePage::setEmptyText(const QString &text)
{
    m_emptyText = text;
    updateEmptyState();
}

void UsagePage::setNote(const QString &note)
{
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

void UsagePage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_tree->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    m_tree->addRowActions(menu, index);
    // The rows may change places while the menu is open: everything is taken before.
    const QString name = index.siblingAtColumn(0).data().toString();
    menu.addAction(tr("Show only “%1”").arg(QString(name).replace(u'&', u"&&"_s)), this,
                   [this, name] { m_filterEdit->setText(name); });
    menu.addSeparator();
    menu.addAction(tr("Expand all"), m_tree, &QTreeView::expandAll);
    menu.addAction(tr("Collapse all"), m_tree, &QTreeView::collapseAll);
    menu.exec(m_tree->viewport()->mapToGlobal(position));
}

void UsagePage::updateEmptyState()
{
    const bool isEmpty = m_filter->rowCount() == 0;
    m_empty->setText(m_model.rowCount() > 0 ? m_noMatchText.arg(m_filter->text()) : m_emptyText);
    // The layout moves the focus to what it shows; who is typing a filter keeps it.
    const bool isTyping = m_filterEdit->hasFocus();
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    if (isTyping)
        m_filterEdit->setFocus();
}

void UsagePage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void UsagePage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_model.setSeen(true);
}

void UsagePage::hideEvent(QHideEvent *event)
{
    m_model.setSeen(false);
    QWidget::hideEvent(event);
}

void UsagePage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    m_tree->takePalette(palette());
}

} // namespace Nettally
