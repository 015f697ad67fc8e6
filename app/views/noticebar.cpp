// SPDX-License-Identifier: MIT
#include "noticebar.h"

#include "palette.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>

using namespace Qt::StringLiterals;

namespace Nettally {

NoticeBar::NoticeBar(QWidget *parent)
    : QFrame(parent)
    , m_icon(new QLabel(this))
    , m_text(new QLabel(this))
    , m_action(new QPushButton(this))
    , m_dismiss(new QToolButton(this))
{
    setObjectName(u"notice"_s);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setAccessibleName(tr("Notice"));
    m_dismiss->setText(tr("Dismiss"));
    m_dismiss->setToolTip(tr("Dismiss"));
    m_dismiss->setToolButtonStyle(Qt::ToolButtonIconOnly);
    m_dismiss->hide();

    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 8, 8, 8);
    layout->setSpacing(10);
    layout->addWidget(m_icon, 0, Qt::AlignTop);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_action, 0, Qt::AlignVCenter);
    layout->addWidget(m_dismiss, 0, Qt::AlignVCenter);

    connect(m_action, &QPushButton::clicked, this, &NoticeBar::actionRequested);
    connect(m_dismiss, &QToolButton::clicked, this, [this] {
        m_dismissed = m_text->text();
        hide();
    });
    applyPalette();
    hide();
}

void NoticeBar::setNotice(const QString &text, const QString &action)
{
    m_text->setText(text);
    m_action->setText(action);
    m_action->setVisible(!action.isEmpty());
    if (text.isEmpty())
        m_dismissed.clear();
    setVisible(!text.isEmpty() && text != m_dismissed);
}

void NoticeBar::setDismissible(bool dismissible)
{
    m_dismiss->setVisible(dismissible);
}

void NoticeBar::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QFrame::changeEvent(event);
}

void NoticeBar::applyPalette()
{
    m_icon->setPixmap(
        symbol(u"warning"_s, coloursFor(palette()).warning).pixmap(QSize(18, 18), devicePixelRatioF()));
    m_dismiss->setIcon(symbol(u"close"_s, palette().color(QPalette::WindowText)));
}

} // namespace Nettally
