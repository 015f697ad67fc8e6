// SPDX-License-Identifier: MIT
#include "connectionspage.h"

#include "connectionsmodel.h"
#include "figuretree.h"
#include "palette.h"
#include "textfilter.h"

#include <QAction>
#include <QEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <chrono>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Nettally {

ConnectionsPage::ConnectionsPage(ConnectionsModel &model, QWidget *parent)
    : QWidget(parent)
    , m_model(model)
    , m_filter(new TextFilter(this))
    , m_filterEdit(new QLineEdit(this))
    , m_filterIcon(m_filterEdit->addAction(QIcon(), QLineEdit::LeadingPosition))
    , m_note(new QLabel(this))
    , m_table(new FigureTree(u"connections"_s, this))
    , m_empty(new QLabel(this))
    , m_stack(new QStackedLayout)
{
    m_filter->setSourceModel(&m_model);
    m_readingTimer.setInterval(1s);
    connect(&m_readingTimer, &QTimer::timeout, this, [this] {
        if (!window()->isMinimized())
            Q_EMIT readingWanted();
    });

    m_filterEdit->setPlaceholderText(tr("Filter by program, name, address, port or state"));
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
    m_table->setAccessibleName(tr("Connections"));
    m_table->setRootIsDecorated(false);
    // Addresses of one network differ at their end, and names of one domain at their begin.
    m_table->setTextElideMode(Qt::ElideMiddle);
    // Names of hosts are the longest texts.
    m_table->setWideColumn(ConnectionsModel::Remote);
    m_table->setUpColumns(
        {u"systemd-reso"_s, u"419430"_s, u"198.51.100.255"_s, u"65535"_s, tcpStateText(TcpState::Established),
         u"00.0 ms"_s, u"0,000"_s, u"00.0 MiB"_s, u"00.0 MiB"_s, u"00 min 00 s"_s, u"198.51.100.255:65535"_s},
        ConnectionsModel::Received, Qt::DescendingOrder, {ConnectionsModel::Pid, ConnectionsModel::Local});
    m_table->setRawUnits({{}, {}, {}, {}, {}, u"µs"_s, {}, u"bytes"_s, u"bytes"_s, u"ms"_s});
    connect(m_table, &QTreeView::customContextMenuRequested, this, &ConnectionsPage::showRowMenu);

    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setTextFormat(Qt::PlainText);
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
    m_table->saveColumns();
}

QString ConnectionsPage::filterText() const
{
    return m_filterEdit->text();
}

void ConnectionsPage::setFilterText(const QString &text)
{
    m_filterEdit->setText(text);
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

void ConnectionsPage::showRowMenu(const QPoint &position)
{
    const QModelIndex index = m_table->indexAt(position);
    if (!index.isValid())
        return;
    QMenu menu(this);
    m_table->addRowActions(menu, index);
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

void ConnectionsPage::applyPalette()
{
    m_filterIcon->setIcon(symbol(u"filter"_s, coloursFor(palette()).muted));
    m_table->takePalette(palette());
}

} // namespace Nettally
