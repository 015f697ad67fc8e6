// SPDX-License-Identifier: MIT
#include "rateicon.h"

#include "palette.h"

#include <QFontDatabase>
#include <QFontMetricsF>
#include <QPainter>
#include <QPixmap>

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// What panels ask for, at 1x to 3x.
constexpr std::array sizes = {16, 22, 24, 32, 44, 48, 64};

void paintBar(QPainter &painter, const QRectF &track, std::optional<int> step, const QColor &colour)
{
    QColor empty = colour;
    empty.setAlphaF(0.28F);
    if (!step) {
        // A dashed outline: nobody knows.
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(empty, std::max(1.0, track.width() / 5), Qt::DotLine));
        painter.drawRect(track.adjusted(0.5, 0.5, -0.5, -0.5));
        painter.setPen(Qt::NoPen);
        return;
    }
    painter.setBrush(empty);
    painter.drawRect(track);
    QRectF filled = track;
    filled.setTop(track.bottom() - std::round(track.height() * *step / barSteps));
    painter.setBrush(colour);
    painter.drawRect(filled);
}

void paintFigure(QPainter &painter, const QRectF &line, const QString &text, const QColor &colour)
{
    QFont font = QFontDatabase::systemFont(QFontDatabase::GeneralFont);
    font.setWeight(QFont::DemiBold);
    font.setStretch(QFont::SemiCondensed);
    font.setPixelSize(std::max(6, int(std::round(line.height() * 1.05))));
    while (font.pixelSize() > 5 && QFontMetricsF(font).horizontalAdvance(text) > line.width())
        font.setPixelSize(font.pixelSize() - 1);
    painter.setFont(font);
    painter.setPen(colour);
    painter.drawText(line, Qt::AlignCenter | Qt::TextDontClip, text);
}

QPixmap paint(const RatePicture &picture, int size)
{
    const QPalette dark = darkPalette();
    const Colours colours = coloursFor(dark);
    QPixmap pixmap(size, size);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(dark.color(QPalette::Window));
    painter.drawRoundedRect(QRectF(0, 0, size, size), size / 5.0, size / 5.0);
    if (picture.style == TrayStyle::Bars) {
        // Whole pixels, so that the edges are sharp at 16.
        painter.setRenderHint(QPainter::Antialiasing, false);
        const double margin = std::round(size * 0.19);
        const double gap = std::max(2.0, std::round(size * 0.12));
        const double width = std::floor((size - 2 * margin - gap) / 2);
        const double top = std::round(size * 0.125);
        const double left = std::floor((size - 2 * width - gap) / 2);
        const QRectF rx(left, top, width, size - 2 * top);
        paintBar(painter, rx, picture.rxStep, colours.receive.line);
        paintBar(painter, rx.translated(width + gap, 0), picture.txStep, colours.send.line);
    } else {
        const double edge = size / 16.0;
        const QRectF upper(edge, edge, size - 2 * edge, size / 2.0 - edge);
        paintFigure(painter, upper, picture.rxFigure, colours.receive.text);
        paintFigure(painter, upper.translated(0, size / 2.0 - edge), picture.txFigure, colours.send.text);
    }
    return pixmap;
}

} // namespace

std::optional<int> barStep(std::optional<double> bytesPerSecond)
{
    if (!bytesPerSecond || !std::isfinite(*bytesPerSecond))
        return std::nullopt;
    if (*bytesPerSecond < 1000)
        return 0;
    // The small addend keeps whole decades on their side of the step.
    return std::clamp(int(std::floor(2 * (std::log10(*bytesPerSecond) - 3) + 1e-9)) + 1, 1, barSteps);
}

QString shortRate(std::optional<double> bytesPerSecond, UnitStyle style)
{
    if (!bytesPerSecond || !std::isfinite(*bytesPerSecond) || *bytesPerSecond < 0)
        return unknownText();
    double value = *bytesPerSecond * (style.rateUnit == RateUnit::Bits ? 8 : 1);
    const double base = style.base == UnitBase::Iec ? 1024 : 1000;
    constexpr std::array letters = {"", "K", "M", "G", "T"};
    size_t unit = 0;
    // 999.5 would read "1000".
    while (value >= 999.5 && unit + 1 < letters.size()) {
        value /= base;
        ++unit;
    }
    const bool hasFraction = unit > 0 && value < 9.95;
    return QString::number(value, 'f', hasFraction ? 1 : 0) + QLatin1StringView(letters[unit]);
}

RatePicture ratePicture(TrayStyle style, std::optional<double> rxBytesPerSecond,
                        std::optional<double> txBytesPerSecond, UnitStyle units)
{
    RatePicture picture;
    picture.style = style;
    if (style == TrayStyle::Bars) {
        picture.rxStep = barStep(rxBytesPerSecond);
        picture.txStep = barStep(txBytesPerSecond);
    } else {
        picture.rxFigure = shortRate(rxBytesPerSecond, units);
        picture.txFigure = shortRate(txBytesPerSecond, units);
    }
    return picture;
}

QIcon rateIcon(const RatePicture &picture)
{
    QIcon icon;
    for (const int size : sizes)
        icon.addPixmap(paint(picture, size));
    return icon;
}

} // namespace Nettally
