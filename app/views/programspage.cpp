// SPDX-License-Identifier: MIT
#include "programspage.h"

#include "livedelegate.h"
#include "livefilter.h"
#include "livemodel.h"
#include "palette.h"

#include <QAction>
#include <QClipboard>
#include <QEvent>
#include <QFocusEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QSettings>
#include <QStackedLayout>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int leastNameWidth = 140;
constexpr auto headerKey = "programs/header";
constexpr auto nameWidthKey = "programs/nameWidthChosen";

/// A QTreeView looks up the place of every change by walking its rows, to see whether a height changed. Here
/// none ever does, and a change below a collapsed row is nothing to paint: eight times faster at 10,000 rows.
class LiveTree : public QTreeView {
public:
    using QTreeView::QTreeView;

    void dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight,
                     const QList<int> &roles) override
    {
        const QModelIndex parent = topLeft.parent();
        if (!parent.isValid() || isExpanded(parent))
            QAbstractItemView::dataChanged(topLeft, bottomRight, roles);
    }
};

} // namespace

ProgramsPage::ProgramsPage(LiveModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_filter(new LiveFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_tree(new LiveTree(this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_filter->setSourceModel(&m_model);

    m_filterEdit->setPlaceholderText(tr("Filter by program, user, process or address"));
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
    m_tree->setItemDelegate(new LiveDelegate(m_tree));
    m_tree->setAccessibleName(tr("Programs"));
    m_tree->setUniformRowHeights(true);
    m_tree->setAllColumnsShowFocus(true);
    m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_tree->setContextMenuPolicy(Qt::CustomContextMenu);
    m_tree->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_tree->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_tree->setExpandsOnDoubleClick(true);
    m_tree->setAnimated(false);
    m_tree->setIndentation(20);
    m_tree->setFont(withTabularFigures(m_tree->font()));
    m_tree->viewport()->installEventFilter(this);
    connect(m_tree, &QTreeView::customContextMenuRequested, this, &ProgramsPage::showRowMenu);

    auto *copy = new QAction(tr("Copy"), m_tree);
    copy->setShortcut(QKeySequence::Copy);
    copy->setShortcutContext(Qt::WidgetShortcut);
    connect(copy, &QAction::triggered, this, &ProgramsPage::copySelection);
    m_tree->addAction(copy);

    QHeaderView *header = m_tree->header();
    header->setStretchLastSection(false);
    header->setSectionsMovable(true);
    header->setFirstSectionMovable(false);
    header->setHighlightSections(false);
    header->setMinimumSectionSize(48);
    header->setAccessibleName(tr("Columns"));
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header, &QHeaderView::customContextMenuRequested, this, &ProgramsPage::showHeaderMenu);
    restoreColumns();
    m_tree->setSortingEnabled(true);
    connect(header, &QHeaderView::sectionResized, this, [this](int section) {
        if (m_isFitting)
            return;
        // Qt tells of its own resizing as well; only a drag is a choice.
        const bool isDragged = QGuiApplication::mouseButtons().testFlag(Qt::LeftButton);
        if (section == LiveModel::Name)
            m_isNameWidthChosen = m_isNameWidthChosen || isDragged;
        else
            fitNameColumn();
    });

    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setMargin(32);
    m_empty->setProperty("muted", true);
    auto *emptyCard = new QFrame(this);
    emptyCard->setObjectName(u"card"_s);
    auto *emptyLayout = new QVBoxLayout(emptyCard);
    emptyLayout->addWidget(m_empty);
    setFocusProxy(m_tree);
    m_stack->addWidget(m_tree);
    m_stack->addWidget(emptyCard);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(m_filterEdit);
    layout->addLayout(m_stack, 1);

    for (const auto &signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_filter, signal, this, &ProgramsPage::updateEmptyState);
    connect(m_filter, &QAbstractItemModel::modelReset, this, &ProgramsPage::updateEmptyState);
    applyPalette();
    updateEmptyState();
}

ProgramsPage::~ProgramsPage()
{
    saveColumns();
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

void ProgramsPage::restoreColumns()
{
    QHeaderView *header = m_tree->header();
    const QSettings settings;
    m_isNameWidthChosen = settings.value(QLatin1StringView(nameWidthKey), false).toBool();
    if (header->restoreState(settings.value(QLatin1StringView(headerKey)).toByteArray())
        && header->count() == LiveModel::ColumnCount)
        return;
    m_isNameWidthChosen = false;
    // Wide enough for the widest figure or the heading with its arrow; measuring rows would cost every tick.
    const QFontMetrics metrics(m_tree->font());
    const auto widthOf = [&](int column, const QString &sample) {
        const QString heading = m_model.headerData(column, Qt::Horizontal).toString();
        return std::max(metrics.horizontalAdvance(sample) + 28, metrics.horizontalAdvance(heading) + 40);
    };
    header->resizeSection(LiveModel::Pid, widthOf(LiveModel::Pid, u"419430"_s));
    header->resizeSection(LiveModel::User, widthOf(LiveModel::User, u"usernam"_s));
    for (const int column : {LiveModel::ReceiveRate, LiveModel::SendRate})
        header->resizeSection(column, widthOf(column, u"00.0 MiB/s"_s));
    for (const int column : {LiveModel::Received, LiveModel::Sent})
        header->resizeSection(column, widthOf(column, u"00.0 MiB"_s));
    header->resizeSection(LiveModel::Connections, widthOf(LiveModel::Connections, u"0000"_s));
    m_tree->sortByColumn(LiveModel::ReceiveRate, Qt::DescendingOrder);
}

void ProgramsPage::saveColumns() const
{
    QSettings settings;
    settings.setValue(QLatin1StringView(headerKey), m_tree->header()->saveState());
    settings.setValue(QLatin1StringView(nameWidthKey), m_isNameWidthChosen);
}

/// The name takes what the figures leave, until it is given a width by hand.
void ProgramsPage::fitNameColumn()
{
    if (m_isNameWidthChosen)
        return;
    const QHeaderView *header = m_tree->header();
    int others = 0;
    for (int column = 1; column < header->count(); ++column)
        others += header->isSectionHidden(column) ? 0 : header->sectionSize(column);
    m_isFitting = true;
    m_tree->setColumnWidth(LiveModel::Name, std::max(leastNameWidth, m_tree->viewport()->width() - others));
    m_isFitting = false;
}

void ProgramsPage::copySelection() const
{
    const QHeaderView *header = m_tree->header();
    QList<int> columns;
    for (int visual = 0; visual < header->count(); ++visual) {
        const int column = header->logicalIndex(visual);
        if (!header->isSectionHidden(column))
            columns.append(column);
    }
    QModelIndexList rows = m_tree->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    std::sort(rows.begin(), rows.end(), [this](const QModelIndex &a, const QModelIndex &b) {
        return m_tree->visualRect(a).top() < m_tree->visualRect(b).top();
    });
    QStringList lines;
    QStringList cells;
    for (const int column : std::as_const(columns))
        cells.append(m_filter->headerData(column, Qt::Horizontal).toString());
    lines.append(cells.join(u'\t'));
    for (const QModelIndex &row : std::as_const(rows)) {
        cells.clear();
        for (const int column : std::as_const(columns))
            cells.append(row.siblingAtColumn(column).data().toString().replace(QChar::Nbsp, u' '));
        lines.append(cells.join(u'\t'));
    }
    QGuiApplication::clipboard()->setText(lines.join(u'\n') + u'\n');
}

void ProgramsPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_tree->indexAt(position);
    if (!index.isValid())
        return;
    const QModelIndex program = index.parent().isValid() ? index.parent() : index;
    const QString name = program.siblingAtColumn(LiveModel::Name).data().toString();
    QMenu menu(this);
    menu.addAction(m_tree->actions().constFirst());
    // The rows may change places while the menu is open: everything is taken before.
    const QString menuName = QString(name).replace(u'&', u"&&"_s);
    menu.addAction(tr("Show only “%1”").arg(menuName), this, [this, name] { m_filterEdit->setText(name); });
    if (index.parent().isValid()) {
        const QString address = index.siblingAtColumn(LiveModel::Name).data().toString();
        menu.addAction(tr("Show only “%1”").arg(address), this,
                       [this, address] { m_filterEdit->setText(address); });
    }
    menu.addSeparator();
    menu.addAction(tr("Expand all"), m_tree, &QTreeView::expandAll);
    menu.addAction(tr("Collapse all"), m_tree, &QTreeView::collapseAll);
    menu.exec(m_tree->viewport()->mapToGlobal(position));
}

void ProgramsPage::showHeaderMenu(const QPoint &position)
{
    QHeaderView *header = m_tree->header();
    QMenu menu(this);
    for (int column = 0; column < header->count(); ++column) {
        QAction *action = menu.addAction(m_filter->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!header->isSectionHidden(column));
        // Without the name no row could be told from another.
        action->setEnabled(column != LiveModel::Name);
        connect(action, &QAction::toggled, this, [this, header, column](bool isShown) {
            header->setSectionHidden(column, !isShown);
            fitNameColumn();
        });
    }
    menu.addSeparator();
    menu.addAction(tr("Reset columns"), this, [this, header] {
        for (int column = 0; column < header->count(); ++column) {
            header->setSectionHidden(column, false);
            header->moveSection(header->visualIndex(column), column);
        }
        QSettings().remove(QLatin1StringView(headerKey));
        restoreColumns();
        fitNameColumn();
    });
    menu.exec(header->mapToGlobal(position));
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

/// The viewport's size, not ours: it also changes when the scroll bar comes.
bool ProgramsPage::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_tree->viewport() && event->type() == QEvent::Resize)
        fitNameColumn();
    return QWidget::eventFilter(watched, event);
}

void ProgramsPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    // Translucent, so that the hues of the rates stay readable on a selected row.
    QPalette translucent = palette();
    QColor accent = translucent.color(QPalette::Highlight);
    accent.setAlphaF(isDark(translucent) ? 0.45F : 0.16F);
    translucent.setColor(QPalette::Highlight, accent);
    m_tree->setPalette(translucent);
}

} // namespace Nettally
