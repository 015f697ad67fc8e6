// SPDX-License-Identifier: MIT
#include "commandpalette.h"

#include "figuredelegate.h"
#include "tone.h"

#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <utility>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr int widest = 560;
constexpr int listHeight = 320;

} // namespace

CommandPalette::CommandPalette(const Source &source, QWidget *parent)
    : QDialog(parent, Qt::Popup)
    , m_source(source)
    , m_edit(new QLineEdit(this))
    , m_list(new QTreeWidget(this))
{
    setObjectName(u"commandPalette"_s);
    setWindowTitle(tr("Search"));
    setAccessibleName(tr("Search"));
    m_edit->setPlaceholderText(tr("Search programs, hosts, pages and commands"));
    m_edit->setAccessibleName(tr("Search"));
    m_edit->setObjectName(u"searchLine"_s);
    m_edit->installEventFilter(this);
    m_list->setAccessibleName(tr("Found"));
    m_list->setItemDelegate(new FigureDelegate(this));
    m_list->setHeaderHidden(true);
    m_list->setRootIsDecorated(false);
    m_list->setUniformRowHeights(true);
    m_list->setColumnCount(2);
    m_list->setTextElideMode(Qt::ElideMiddle);
    m_list->header()->setStretchLastSection(false);
    m_list->header()->setSectionResizeMode(0, QHeaderView::Stretch);
    m_list->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
    // The keys stay with the line above.
    m_list->setFocusPolicy(Qt::NoFocus);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 10, 10, 10);
    layout->addWidget(m_edit);
    layout->addWidget(m_list);
    connect(m_edit, &QLineEdit::textChanged, this, &CommandPalette::find);
    connect(m_edit, &QLineEdit::returnPressed, this, &CommandPalette::runCurrent);
    connect(m_list, &QTreeWidget::itemClicked, this, &CommandPalette::runCurrent);
}

void CommandPalette::open()
{
    m_edit->clear();
    find();
    const QRect over = parentWidget()->rect();
    const QSize size(std::min(widest, over.width() - 40), std::min(listHeight, over.height() - 80));
    resize(size);
    move(parentWidget()->mapToGlobal(QPoint(over.center().x() - size.width() / 2, 48)));
    show();
    m_edit->setFocus();
}

bool CommandPalette::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_edit && event->type() == QEvent::KeyPress) {
        switch (static_cast<QKeyEvent *>(event)->key()) {
        case Qt::Key_Up:
        case Qt::Key_Down:
        case Qt::Key_PageUp:
        case Qt::Key_PageDown:
            QApplication::sendEvent(m_list, event);
            return true;
        default:
            break;
        }
    }
    return QDialog::eventFilter(watched, event);
}

void CommandPalette::find()
{
    m_found = m_source(m_edit->text().trimmed());
    m_list->clear();
    for (const Entry &entry : std::as_const(m_found)) {
        auto *item = new QTreeWidgetItem(m_list, {entry.text, entry.kind});
        item->setData(1, toneRole, int(Tone::Muted));
    }
    if (m_found.isEmpty()) {
        auto *nothing = new QTreeWidgetItem(m_list, {tr("Nothing is known by this name.")});
        nothing->setFlags(Qt::NoItemFlags);
    } else {
        m_list->setCurrentItem(m_list->topLevelItem(0));
    }
}

void CommandPalette::runCurrent()
{
    const int row = m_list->indexOfTopLevelItem(m_list->currentItem());
    if (row < 0 || row >= m_found.size())
        return;
    // What is opened may end this.
    const std::function<void()> run = m_found.at(row).run;
    hide();
    run();
}

} // namespace Nettally
