// SPDX-License-Identifier: MIT
#include "historyrangebar.h"

#include <QBoxLayout>
#include <QButtonGroup>
#include <QDateTimeEdit>
#include <QKeySequence>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QToolButton>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

HistoryRangeBar::HistoryRangeBar(QWidget *parent)
    : QWidget(parent)
    , m_kinds(new QButtonGroup(this))
    , m_previous(addButton({}, tr("The time before")))
    , m_next(addButton({}, tr("The time after")))
    , m_custom(new QWidget(this))
    , m_from(new QDateTimeEdit(m_custom))
    , m_to(new QDateTimeEdit(m_custom))
{
    using Kind = HistoryRange::Kind;
    auto *line = new QHBoxLayout;
    line->setSpacing(2);
    const std::initializer_list<std::tuple<Kind, QString, QString>> kinds = {
        {Kind::Hour, tr("Hour"), tr("The last hour")},
        {Kind::Day, tr("Day"), tr("The last 24 hours")},
        {Kind::Week, tr("Week"), tr("The last 7 days")},
        {Kind::Month, tr("Month"), tr("The last 30 days")},
        {Kind::Year, tr("Year"), tr("The last 12 months")},
        {Kind::Custom, tr("From – to"), tr("Any time")}};
    for (const auto &[kind, name, toolTip] : kinds) {
        QToolButton *button = addButton(name, toolTip);
        button->setCheckable(true);
        m_kinds->addButton(button, int(kind));
        line->addWidget(button);
    }
    connect(m_kinds, &QButtonGroup::idClicked, this, [this](int id) {
        showCustom(Kind(id) == Kind::Custom);
        if (Kind(id) == Kind::Custom)
            m_from->setFocus();
        else
            Q_EMIT kindChosen(Kind(id));
    });
    for (const auto &[button, key] :
         {std::pair(m_previous, Qt::Key_Left), std::pair(m_next, Qt::Key_Right)}) {
        const QKeySequence shortcut(Qt::CTRL | key);
        button->setShortcut(shortcut);
        button->setAccessibleName(button->toolTip());
        button->setToolTip(u"%1 (%2)"_s.arg(button->toolTip(), shortcut.toString(QKeySequence::NativeText)));
    }
    // Time runs from left to right, as in the graph, whichever way people read.
    m_previous->setArrowType(Qt::LeftArrow);
    m_next->setArrowType(Qt::RightArrow);
    connect(m_previous, &QToolButton::clicked, this, [this] {
        showKind();
        Q_EMIT previousRequested();
    });
    connect(m_next, &QToolButton::clicked, this, [this] {
        showKind();
        Q_EMIT nextRequested();
    });
    setTabOrder(m_kinds->button(int(Kind::Custom)), m_previous);
    setTabOrder(m_previous, m_next);
    line->addSpacing(8);
    line->addWidget(m_previous);
    line->addWidget(m_next);
    line->addStretch(1);

    auto *custom = new QHBoxLayout(m_custom);
    custom->setContentsMargins(0, 0, 0, 0);
    for (const auto &[edit, name] : {std::pair(m_from, tr("&From")), std::pair(m_to, tr("&to"))}) {
        auto *label = new QLabel(name, m_custom);
        label->setBuddy(edit);
        edit->setCalendarPopup(true);
        edit->setDisplayFormat(QLocale().dateTimeFormat(QLocale::ShortFormat).remove(u":ss"_s));
        edit->setAccessibleName(QString(name).remove(u'&'));
        custom->addWidget(label);
        custom->addWidget(edit);
    }
    auto *show = new QPushButton(tr("Show"), m_custom);
    connect(show, &QPushButton::clicked, this, [this] {
        // Whichever is the earlier: who mixes them up means the time between.
        const auto [from, to] =
            std::minmax({m_from->dateTime().toSecsSinceEpoch(), m_to->dateTime().toSecsSinceEpoch()});
        Q_EMIT customChosen(from, to);
    });
    custom->addWidget(show);
    custom->addStretch(1);
    m_custom->hide();

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    layout->addLayout(line);
    layout->addWidget(m_custom);
    setAccessibleName(tr("Time that is shown"));
}

QToolButton *HistoryRangeBar::addButton(const QString &text, const QString &toolTip)
{
    auto *button = new QToolButton(this);
    button->setText(text);
    button->setToolTip(toolTip);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

void HistoryRangeBar::setRange(const HistoryRange &range, qint64 nowUtcS)
{
    m_next->setEnabled(range.hasNext(nowUtcS));
    // As time goes on the range follows it: what is being typed meanwhile stays.
    const bool isSame =
        range == m_range || (range.isLatest() && m_range.isLatest() && range.kind() == m_range.kind());
    m_range = range;
    if (!isSame)
        showKind();
}

void HistoryRangeBar::showKind()
{
    m_kinds->button(int(m_range.kind()))->setChecked(true);
    showCustom(m_range.kind() == HistoryRange::Kind::Custom);
}

void HistoryRangeBar::showCustom(bool isShown)
{
    m_custom->setVisible(isShown);
    m_from->setDateTime(QDateTime::fromSecsSinceEpoch(m_range.fromUtcS()));
    m_to->setDateTime(QDateTime::fromSecsSinceEpoch(m_range.toUtcS()));
}

} // namespace Nettally
