// SPDX-License-Identifier: MIT
#include "placedelegate.h"

#include "figure.h"
#include "palette.h"
#include "remotesmodel.h"

#include <QGlyphRun>
#include <QPainter>
#include <QTextLayout>

namespace Nettally {

namespace {

constexpr int flagWidth = 24;
constexpr int flagGap = 4;
constexpr int leftMargin = 10;
constexpr int rightMargin = 16;
constexpr int barWidth = 64;

} // namespace

void PlaceDelegate::paint(QPainter *painter, const QStyleOptionViewItem &asked,
                          const QModelIndex &index) const
{
    QStyleOptionViewItem option = asked;
    // Only of addresses and names is the end worth as much as the beginning.
    if (index.column() != 0)
        option.textElideMode = Qt::ElideRight;
    const QString code = index.data(RemotesModel::CountryCodeRole).toString();
    const bool isRightToLeft = option.direction == Qt::RightToLeft;
    if (code.isEmpty()) {
        FigureDelegate::paint(painter, option, index);
        if (Figure(index.data(figureRole).toInt()) != Figure::Share)
            return;
        const double share = index.data(UsageTree::ShareRole).toDouble();
        const int width = std::min(barWidth, option.rect.width() / 2);
        const int left =
            isRightToLeft ? option.rect.right() - leftMargin - width : option.rect.left() + leftMargin;
        const QRectF groove(left, option.rect.center().y() - 2, width, 5);
        const Colours colours = coloursFor(option.palette);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        painter->setBrush(colours.border);
        painter->drawRoundedRect(groove, 2.5, 2.5);
        if (share > 0) {
            QRectF bar = groove;
            bar.setWidth(std::max(2.0, groove.width() * share));
            if (isRightToLeft)
                bar.moveRight(groove.right());
            painter->setBrush(
                option.palette.color(QPalette::Highlight).lighter(isDark(option.palette) ? 140 : 100));
            QColor solid = painter->brush().color();
            solid.setAlpha(255);
            painter->setBrush(solid);
            painter->drawRoundedRect(bar, 2.5, 2.5);
        }
        painter->restore();
        return;
    }
    if (option.font != m_font) {
        m_font = option.font;
        m_flags.clear();
    }
    auto flag = m_flags.constFind(code);
    if (flag == m_flags.constEnd())
        flag = m_flags.insert(code, flagOf(code, option.font));
    QStyleOptionViewItem rest = option;
    const int taken = flagWidth + flagGap;
    QRect place(option.rect.left() + leftMargin, option.rect.top(), flagWidth, option.rect.height());
    QRect head(option.rect.left(), option.rect.top(), taken, option.rect.height());
    if (isRightToLeft) {
        place.moveRight(option.rect.right() - rightMargin);
        head.moveRight(option.rect.right());
        rest.rect.adjust(0, 0, -taken, 0);
    } else {
        rest.rect.adjust(taken, 0, 0, 0);
    }
    if (option.state.testFlag(QStyle::State_Selected))
        painter->fillRect(head, option.palette.color(QPalette::Highlight));
    else if (option.state.testFlag(QStyle::State_MouseOver))
        painter->fillRect(head, coloursFor(option.palette).hover);
    FigureDelegate::paint(painter, rest, index);
    if (flag->isEmpty()) {
        paintBadge(painter, place, option, code);
        return;
    }
    painter->setFont(option.font);
    painter->drawText(place, Qt::AlignCenter, *flag);
}

void PlaceDelegate::paintBadge(QPainter *painter, const QRect &place, const QStyleOptionViewItem &option,
                               const QString &code) const
{
    const Colours colours = coloursFor(option.palette);
    QFont font = option.font;
    if (font.pointSizeF() > 0)
        font.setPointSizeF(font.pointSizeF() * 0.78);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    const int height = QFontMetrics(font).height() + 1;
    const QRectF badge(place.left() + 0.5, place.center().y() - height / 2 + 0.5, place.width() - 1, height);
    painter->setPen(colours.border);
    painter->setBrush(colours.hover);
    painter->drawRoundedRect(badge, 3, 3);
    painter->setFont(font);
    painter->setPen(colours.muted);
    painter->drawText(badge, Qt::AlignCenter, code);
    painter->restore();
}

QString PlaceDelegate::flagOf(const QString &countryCode, const QFont &font)
{
    constexpr char32_t regionalA = 0x1F1E6;
    QString flag;
    for (const QChar letter : countryCode) {
        const char32_t indicator = regionalA + letter.unicode() - u'A';
        flag += QStringView(QChar::fromUcs4(indicator)).toString();
    }
    // A font with flags makes one glyph of the two letters; others have a box for each, or none.
    QTextLayout layout(flag, font);
    layout.beginLayout();
    layout.createLine();
    layout.endLayout();
    QList<quint32> glyphs;
    for (const QGlyphRun &run : layout.glyphRuns())
        glyphs += run.glyphIndexes();
    return glyphs.size() == 1 && glyphs.constFirst() != 0 ? flag : QString();
}

} // namespace Nettally
