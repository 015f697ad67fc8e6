// SPDX-License-Identifier: MIT
#include "livedelegate.h"

#include "livemodel.h"
#include "palette.h"

#include <QPainter>

namespace Nettally {

namespace {

constexpr int verticalMargin = 5;
constexpr int leftMargin = 10;
constexpr int rightMargin = 16; ///< the heading's arrow has its place there

} // namespace

/// Paints the text itself: a style would ask for eight roles a cell, and a busy table is painted every
/// second.
void LiveDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                         const QModelIndex &index) const
{
    const bool isSelected = option.state.testFlag(QStyle::State_Selected);
    const bool isHovered = option.state.testFlag(QStyle::State_MouseOver);
    const Colours colours = coloursFor(option.palette);
    if (isSelected) {
        painter->fillRect(option.rect, option.palette.color(QPalette::Highlight));
    } else if (isHovered) {
        painter->fillRect(option.rect, colours.hover);
    }

    QColor colour = option.palette.color(QPalette::Text);
    const bool isProgram = index.data(LiveModel::ProgramRole).toBool();
    if (index.data(LiveModel::EndedRole).toBool() || index.data(LiveModel::IdleRole).toBool())
        colour = colours.muted;
    else if (index.column() == LiveModel::ReceiveRate)
        colour = colours.receive.text;
    else if (index.column() == LiveModel::SendRate)
        colour = colours.send.text;
    else if (!isProgram || index.column() == LiveModel::Pid || index.column() == LiveModel::User)
        colour = colours.muted;
    painter->setPen(colour);
    painter->setFont(option.font);
    const int left = index.column() == LiveModel::Name ? 2 : leftMargin;
    const QRect place = option.rect.adjusted(left, 0, -rightMargin, 0);
    const auto alignment = index.data(Qt::TextAlignmentRole).value<Qt::Alignment>();
    const QString text = index.data().toString();
    painter->drawText(place, static_cast<int>(alignment) | Qt::TextSingleLine,
                      option.fontMetrics.elidedText(text, Qt::ElideRight, place.width()));
    if (option.state.testFlag(QStyle::State_HasFocus)
        && option.state.testFlag(QStyle::State_KeyboardFocusChange)) {
        painter->setPen(option.palette.color(QPalette::Highlight));
        painter->drawRect(option.rect.adjusted(0, 0, -1, -1));
    }
}

QSize LiveDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const QString text = index.data().toString();
    return {option.fontMetrics.horizontalAdvance(text) + leftMargin + rightMargin,
            option.fontMetrics.height() + 2 * verticalMargin};
}

} // namespace Nettally
