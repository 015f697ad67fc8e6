// SPDX-License-Identifier: MIT
#include "figuredelegate.h"

#include "palette.h"
#include "tone.h"

#include <QPainter>
#include <QStyle>
#include <QTreeView>

namespace Nettally {

namespace {

constexpr int verticalMargin = 5;
constexpr int leftMargin = 10;
constexpr int rightMargin = 16; ///< the heading's arrow has its place there

QColor colourOf(Tone tone, const Colours &colours, const QPalette &palette)
{
    switch (tone) {
    case Tone::Plain:
        break;
    case Tone::Muted:
        return colours.muted;
    case Tone::Receive:
        return colours.receive.text;
    case Tone::Send:
        return colours.send.text;
    case Tone::Good:
        return colours.good;
    case Tone::Warning:
        return colours.warning;
    }
    return palette.color(QPalette::Text);
}

} // namespace

/// Paints the text itself: a style would ask for eight roles a cell, and a busy table is painted every
/// second.
void FigureDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
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

    painter->setPen(colourOf(Tone(index.data(toneRole).toInt()), colours, option.palette));
    painter->setFont(option.font);
    // Branches and their arrows stand before the first column, in a tree.
    const auto *tree = index.column() == 0 ? qobject_cast<const QTreeView *>(option.widget) : nullptr;
    const int left = tree && tree->rootIsDecorated() ? 2 : leftMargin;
    const QRect place = option.rect.adjusted(left, 0, -rightMargin, 0);
    const Qt::Alignment alignment =
        QStyle::visualAlignment(option.direction, index.data(Qt::TextAlignmentRole).value<Qt::Alignment>());
    // Each cell by its own letters: addresses and figures stay whole where people read from right to left.
    painter->setLayoutDirection(Qt::LayoutDirectionAuto);
    const QString text = index.data().toString();
    painter->drawText(place, static_cast<int>(alignment | Qt::AlignAbsolute) | Qt::TextSingleLine,
                      option.fontMetrics.elidedText(text, option.textElideMode, place.width()));
    if (option.state.testFlag(QStyle::State_HasFocus)
        && option.state.testFlag(QStyle::State_KeyboardFocusChange)) {
        painter->setPen(option.palette.color(QPalette::Highlight));
        painter->drawRect(option.rect.adjusted(0, 0, -1, -1));
    }
}

QSize FigureDelegate::sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    const QString text = index.data().toString();
    return {option.fontMetrics.horizontalAdvance(text) + leftMargin + rightMargin,
            option.fontMetrics.height() + 2 * verticalMargin};
}

} // namespace Nettally
