// SPDX-License-Identifier: MIT
#include "figuretree.h"

#include "figuredelegate.h"
#include "palette.h"
#include "remotename.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHeaderView>
#include <QMenu>
#include <QSettings>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int leastWideWidth = 110;

} // namespace

FigureTree::FigureTree(const QString &settings, QWidget *parent)
    : QTreeView(parent)
    , m_headerKey(settings + u"/header"_s)
    , m_columnsKey(settings + u"/columns"_s)
    , m_wideWidthKey(settings + u"/nameWidthChosen"_s)
    , m_copy(new QAction(tr("Copy"), this))
{
    setObjectName(settings);
    setItemDelegate(new FigureDelegate(this));
    setUniformRowHeights(true);
    setAllColumnsShowFocus(true);
    setSelectionMode(QAbstractItemView::ExtendedSelection);
    setContextMenuPolicy(Qt::CustomContextMenu);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setExpandsOnDoubleClick(true);
    setAnimated(false);
    setIndentation(20);
    setFont(withTabularFigures(font()));

    m_copy->setShortcut(QKeySequence::Copy);
    m_copy->setShortcutContext(Qt::WidgetShortcut);
    connect(m_copy, &QAction::triggered, this, &FigureTree::copySelection);
    addAction(m_copy);

    header()->setStretchLastSection(false);
    header()->setSectionsMovable(true);
    header()->setFirstSectionMovable(false);
    header()->setHighlightSections(false);
    header()->setMinimumSectionSize(48);
    header()->setAccessibleName(tr("Columns"));
    header()->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header(), &QHeaderView::customContextMenuRequested, this, &FigureTree::showHeaderMenu);
    connect(header(), &QHeaderView::sectionResized, this, [this](int section) {
        if (m_isFitting || !m_isSetUp)
            return;
        // Qt tells of its own resizing as well; only a drag is a choice.
        const bool isDragged = QGuiApplication::mouseButtons().testFlag(Qt::LeftButton);
        if (section == m_wideColumn)
            m_isWideWidthChosen = m_isWideWidthChosen || isDragged;
        else
            fitWideColumn();
    });
}

void FigureTree::setUpColumns(const QStringList &samples, int sortColumn, Qt::SortOrder order,
                              const QList<int> &hidden)
{
    m_hiddenColumns = hidden;
    m_samples = samples;
    m_sortColumn = sortColumn;
    m_sortOrder = order;
    header()->setSortIndicatorClearable(sortColumn < 0);
    restoreColumns();
    setSortingEnabled(true);
    m_isSetUp = true;
    fitWideColumn();
}

void FigureTree::takePalette(const QPalette &page)
{
    // Translucent, so that the hues of the figures stay readable on a selected row.
    QPalette translucent = page;
    QColor accent = translucent.color(QPalette::Highlight);
    accent.setAlphaF(isDark(translucent) ? 0.45F : 0.16F);
    translucent.setColor(QPalette::Highlight, accent);
    setPalette(translucent);
}

/// A QTreeView looks up the place of every change by walking its rows, to see whether a height changed. Here
/// none ever does, and a change below a collapsed row is nothing to paint: eight times faster at 10,000 rows.
void FigureTree::dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight,
                             const QList<int> &roles)
{
    const QModelIndex parent = topLeft.parent();
    if (!parent.isValid() || isExpanded(parent))
        QAbstractItemView::dataChanged(topLeft, bottomRight, roles); // NOLINT(bugprone-parent-virtual-call)
}

/// The viewport's size, which also changes when the scroll bar comes.
void FigureTree::resizeEvent(QResizeEvent *event)
{
    QTreeView::resizeEvent(event);
    fitWideColumn();
}

void FigureTree::restoreColumns()
{
    const QSettings settings;
    m_isWideWidthChosen = settings.value(m_wideWidthKey, false).toBool();
    const int columns = model()->columnCount();
    // A header takes over what was saved of more or fewer columns, and shows those it knows nothing of.
    if (settings.value(m_columnsKey).toInt() == columns
        && header()->restoreState(settings.value(m_headerKey).toByteArray()))
        return;
    m_isWideWidthChosen = false;
    // Wide enough for the widest figure or the heading with its arrow; measuring rows would cost every tick.
    const QFontMetrics metrics(font());
    for (int column = 0; column < columns; ++column) {
        header()->setSectionHidden(column, m_hiddenColumns.contains(column));
        if (column == 0 && m_wideColumn == 0)
            continue;
        const QString heading = model()->headerData(column, Qt::Horizontal).toString();
        header()->resizeSection(
            column,
            std::max(metrics.horizontalAdvance(m_samples.value(m_wideColumn == 0 ? column - 1 : column)) + 28,
                     metrics.horizontalAdvance(heading) + 34));
    }
    sortByColumn(m_sortColumn, m_sortOrder);
}

void FigureTree::saveColumns() const
{
    QSettings settings;
    settings.setValue(m_headerKey, header()->saveState());
    settings.setValue(m_columnsKey, header()->count());
    settings.setValue(m_wideWidthKey, m_isWideWidthChosen);
}

/// One column takes what the others leave, until it is given a width by hand.
void FigureTree::fitWideColumn()
{
    if (m_isWideWidthChosen || !m_isSetUp)
        return;
    int others = 0;
    for (int column = 0; column < header()->count(); ++column) {
        if (column != m_wideColumn && !header()->isSectionHidden(column))
            others += header()->sectionSize(column);
    }
    m_isFitting = true;
    setColumnWidth(m_wideColumn, std::max(leastWideWidth, viewport()->width() - others));
    m_isFitting = false;
}

void FigureTree::copySelection() const
{
    QList<int> columns;
    for (int visual = 0; visual < header()->count(); ++visual) {
        const int column = header()->logicalIndex(visual);
        if (!header()->isSectionHidden(column))
            columns.append(column);
    }
    QModelIndexList rows = selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    std::sort(rows.begin(), rows.end(), [this](const QModelIndex &a, const QModelIndex &b) {
        return visualRect(a).top() < visualRect(b).top();
    });
    QStringList lines;
    QStringList cells;
    for (const int column : std::as_const(columns))
        cells.append(model()->headerData(column, Qt::Horizontal).toString());
    lines.append(cells.join(u'\t'));
    for (const QModelIndex &row : std::as_const(rows)) {
        cells.clear();
        for (const int column : std::as_const(columns)) {
            const QModelIndex cell = row.siblingAtColumn(column);
            const QVariant more = cell.data(copyRole);
            cells.append((more.isValid() ? more : cell.data()).toString().replace(QChar::Nbsp, u' '));
        }
        lines.append(cells.join(u'\t'));
    }
    QGuiApplication::clipboard()->setText(lines.join(u'\n') + u'\n');
}

void FigureTree::showHeaderMenu(const QPoint &position)
{
    QMenu menu(this);
    for (int column = 0; column < header()->count(); ++column) {
        QAction *action = menu.addAction(model()->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!header()->isSectionHidden(column));
        // Without the name no row could be told from another.
        action->setEnabled(column != 0);
        connect(action, &QAction::toggled, this, [this, column](bool isShown) {
            header()->setSectionHidden(column, !isShown);
            fitWideColumn();
        });
    }
    menu.addSeparator();
    menu.addAction(tr("Reset columns"), this, [this] {
        for (int column = 0; column < header()->count(); ++column) {
            header()->setSectionHidden(column, false);
            header()->moveSection(header()->visualIndex(column), column);
        }
        QSettings().remove(m_headerKey);
        restoreColumns();
        fitWideColumn();
    });
    menu.exec(header()->mapToGlobal(position));
}

} // namespace Nettally
