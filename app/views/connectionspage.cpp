// SPDX-License-Identifier: MIT
#include "connectionspage.h"

#include "connectionsfilter.h"
#include "connectionsmodel.h"
#include "palette.h"

#include <QAction>
#include <QClipboard>
#include <QEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QSettings>
#include <QStackedLayout>
#include <QStyledItemDelegate>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <chrono>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Nettally {

namespace {

constexpr int leastNameWidth = 110;
constexpr auto headerKey = "connections/header";
constexpr auto nameWidthKey = "connections/nameWidthChosen";
constexpr int verticalMargin = 5;
constexpr int sideMargin = 10;
constexpr int rightMargin = 16; ///< the heading's arrow has its place there

/// Bytes in their hue, what is not known or over muted. Paints the text itself, as a style would ask for
/// eight roles a cell.
class ConnectionsDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        const Colours colours = coloursFor(option.palette);
        if (option.state.testFlag(QStyle::State_Selected))
            painter->fillRect(option.rect, option.palette.color(QPalette::Highlight));
        else if (option.state.testFlag(QStyle::State_MouseOver))
            painter->fillRect(option.rect, colours.hover);

        QColor colour = option.palette.color(QPalette::Text);
        if (index.data(ConnectionsModel::MutedRole).toBool())
            colour = colours.muted;
        else if (index.column() == ConnectionsModel::Received)
            colour = colours.receive.text;
        else if (index.column() == ConnectionsModel::Sent)
            colour = colours.send.text;
        painter->setPen(colour);
        painter->setFont(option.font);
        const QRect place = option.rect.adjusted(sideMargin, 0, -rightMargin, 0);
        const auto alignment = index.data(Qt::TextAlignmentRole).value<Qt::Alignment>();
        // Addresses of one network differ at their end.
        const bool isAddress =
            index.column() == ConnectionsModel::Remote || index.column() == ConnectionsModel::Local;
        const Qt::TextElideMode elide = isAddress ? Qt::ElideMiddle : Qt::ElideRight;
        painter->drawText(place, static_cast<int>(alignment) | Qt::TextSingleLine,
                          option.fontMetrics.elidedText(index.data().toString(), elide, place.width()));
        if (option.state.testFlag(QStyle::State_HasFocus)
            && option.state.testFlag(QStyle::State_KeyboardFocusChange)) {
            painter->setPen(option.palette.color(QPalette::Highlight));
            painter->drawRect(option.rect.adjusted(0, 0, -1, -1));
        }
    }

    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override
    {
        return {option.fontMetrics.horizontalAdvance(index.data().toString()) + sideMargin + rightMargin,
                option.fontMetrics.height() + 2 * verticalMargin};
    }
};

} // namespace

ConnectionsPage::ConnectionsPage(ConnectionsModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_filter(new ConnectionsFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_note(new QLabel(this))
    , m_table(new QTreeView(this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_filter->setSourceModel(&m_model);
    m_readingTimer.setInterval(1s);
    connect(&m_readingTimer, &QTimer::timeout, this, [this] {
        if (!window()->isMinimized())
            Q_EMIT readingWanted();
    });

    m_filterEdit->setPlaceholderText(tr("Filter by program, address, port or state"));
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
        m_table->setFocus();
    });
    m_filterEdit->addAction(clear);
    m_note->setWordWrap(true);
    m_note->hide();

    m_table->setModel(m_filter);
    m_table->setItemDelegate(new ConnectionsDelegate(m_table));
    m_table->setAccessibleName(tr("Connections"));
    m_table->setRootIsDecorated(false);
    m_table->setUniformRowHeights(true);
    m_table->setAllColumnsShowFocus(true);
    m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_table->setContextMenuPolicy(Qt::CustomContextMenu);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setFont(withTabularFigures(m_table->font()));
    m_table->viewport()->installEventFilter(this);
    connect(m_table, &QTreeView::customContextMenuRequested, this, &ConnectionsPage::showRowMenu);
    auto *copy = new QAction(tr("Copy"), m_table);
    copy->setShortcut(QKeySequence::Copy);
    copy->setShortcutContext(Qt::WidgetShortcut);
    connect(copy, &QAction::triggered, this, &ConnectionsPage::copySelection);
    m_table->addAction(copy);

    QHeaderView *header = m_table->header();
    header->setStretchLastSection(false);
    header->setSectionsMovable(true);
    header->setFirstSectionMovable(false);
    header->setHighlightSections(false);
    header->setMinimumSectionSize(48);
    header->setAccessibleName(tr("Columns"));
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(header, &QHeaderView::customContextMenuRequested, this, &ConnectionsPage::showHeaderMenu);
    restoreColumns();
    m_table->setSortingEnabled(true);
    connect(header, &QHeaderView::sectionResized, this, [this](int section) {
        if (m_isFitting)
            return;
        // Qt tells of its own resizing as well; only a drag is a choice.
        const bool isDragged = QGuiApplication::mouseButtons().testFlag(Qt::LeftButton);
        if (section == ConnectionsModel::ProgramName)
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
    setFocusProxy(m_table);
    m_stack->addWidget(m_table);
    m_stack->addWidget(emptyCard);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(12);
    layout->addWidget(m_filterEdit);
    layout->addWidget(m_note);
    layout->addLayout(m_stack, 1);

    for (const auto &signal : {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved})
        connect(m_filter, signal, this, &ConnectionsPage::updateEmptyState);
    connect(m_filter, &QAbstractItemModel::modelReset, this, &ConnectionsPage::updateEmptyState);
    applyPalette();
    updateEmptyState();
}

ConnectionsPage::~ConnectionsPage()
{
    QSettings settings;
    settings.setValue(QLatin1StringView(headerKey), m_table->header()->saveState());
    settings.setValue(QLatin1StringView(nameWidthKey), m_isNameWidthChosen);
}

void ConnectionsPage::focusFilter()
{
    m_filterEdit->setFocus(Qt::ShortcutFocusReason);
    m_filterEdit->selectAll();
}

void ConnectionsPage::setEmptyText(const QString &text)
{
    m_emptyText = text;
    updateEmptyState();
}

void ConnectionsPage::setNote(const QString &note)
{
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

void ConnectionsPage::restoreColumns()
{
    QHeaderView *header = m_table->header();
    const QSettings settings;
    m_isNameWidthChosen = settings.value(QLatin1StringView(nameWidthKey), false).toBool();
    if (header->restoreState(settings.value(QLatin1StringView(headerKey)).toByteArray())
        && header->count() == ConnectionsModel::ColumnCount)
        return;
    m_isNameWidthChosen = false;
    // Wide enough for the widest figure or the heading with its arrow; measuring rows would cost every tick.
    const QFontMetrics metrics(m_table->font());
    const std::pair<int, QString> samples[] = {
        {ConnectionsModel::Pid, u"419430"_s},
        {ConnectionsModel::Remote, u"198.51.100.255"_s},
        {ConnectionsModel::Port, u"65535"_s},
        {ConnectionsModel::State, tcpStateText(TcpState::Established)},
        {ConnectionsModel::RoundTrip, u"00.0 ms"_s},
        {ConnectionsModel::Retransmits, u"0,000"_s},
        {ConnectionsModel::Received, u"00.0 MiB"_s},
        {ConnectionsModel::Sent, u"00.0 MiB"_s},
        {ConnectionsModel::Age, u"00 min 00 s"_s},
        {ConnectionsModel::Local, u"198.51.100.255:65535"_s},
    };
    for (const auto &[column, sample] : samples) {
        const QString heading = m_model.headerData(column, Qt::Horizontal).toString();
        header->resizeSection(
            column,
            std::max(metrics.horizontalAdvance(sample) + 28, metrics.horizontalAdvance(heading) + 34));
    }
    for (const int column : {ConnectionsModel::Pid, ConnectionsModel::Local})
        header->setSectionHidden(column, true);
    m_table->sortByColumn(ConnectionsModel::Received, Qt::DescendingOrder);
}

/// The name takes what the figures leave, until it is given a width by hand.
void ConnectionsPage::fitNameColumn()
{
    if (m_isNameWidthChosen)
        return;
    const QHeaderView *header = m_table->header();
    int others = 0;
    for (int column = 1; column < header->count(); ++column)
        others += header->isSectionHidden(column) ? 0 : header->sectionSize(column);
    m_isFitting = true;
    m_table->setColumnWidth(ConnectionsModel::ProgramName,
                            std::max(leastNameWidth, m_table->viewport()->width() - others));
    m_isFitting = false;
}

void ConnectionsPage::copySelection() const
{
    const QHeaderView *header = m_table->header();
    QList<int> columns;
    for (int visual = 0; visual < header->count(); ++visual) {
        const int column = header->logicalIndex(visual);
        if (!header->isSectionHidden(column))
            columns.append(column);
    }
    QModelIndexList rows = m_table->selectionModel()->selectedRows();
    if (rows.isEmpty())
        return;
    std::sort(rows.begin(), rows.end());
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

void ConnectionsPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_table->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    menu.addAction(m_table->actions().constFirst());
    // The rows may change places while the menu is open: everything is taken before.
    for (const int column :
         {ConnectionsModel::ProgramName, ConnectionsModel::Remote, ConnectionsModel::State}) {
        const QString text = index.siblingAtColumn(column).data().toString();
        if (text == unknownText())
            continue;
        menu.addAction(tr("Show only “%1”").arg(QString(text).replace(u'&', u"&&"_s)), this,
                       [this, text] { m_filterEdit->setText(text); });
    }
    menu.exec(m_table->viewport()->mapToGlobal(position));
}

void ConnectionsPage::showHeaderMenu(const QPoint &position)
{
    QHeaderView *header = m_table->header();
    QMenu menu(this);
    for (int column = 0; column < header->count(); ++column) {
        QAction *action = menu.addAction(m_filter->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!header->isSectionHidden(column));
        action->setEnabled(column != ConnectionsModel::ProgramName);
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

void ConnectionsPage::updateEmptyState()
{
    const bool isEmpty = m_filter->rowCount() == 0;
    m_empty->setText(m_model.rowCount() > 0 ? tr("No connection matches “%1”.").arg(m_filter->text())
                                            : m_emptyText);
    // The layout moves the focus to what it shows; who is typing a filter keeps it.
    const bool isTyping = m_filterEdit->hasFocus();
    m_stack->setCurrentIndex(isEmpty ? 1 : 0);
    if (isTyping)
        m_filterEdit->setFocus();
}

void ConnectionsPage::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QWidget::changeEvent(event);
}

void ConnectionsPage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    m_readingTimer.start();
    Q_EMIT readingWanted();
}

void ConnectionsPage::hideEvent(QHideEvent *event)
{
    m_readingTimer.stop();
    QWidget::hideEvent(event);
}

/// The viewport's size, not ours: it also changes when the scroll bar comes.
bool ConnectionsPage::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_table->viewport() && event->type() == QEvent::Resize)
        fitNameColumn();
    return QWidget::eventFilter(watched, event);
}

void ConnectionsPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    // Translucent, so that the hues stay readable on a selected row.
    QPalette translucent = palette();
    QColor accent = translucent.color(QPalette::Highlight);
    accent.setAlphaF(isDark(translucent) ? 0.45F : 0.16F);
    translucent.setColor(QPalette::Highlight, accent);
    m_table->setPalette(translucent);
}

} // namespace Nettally
