// SPDX-License-Identifier: MIT
#include "historychart.h"

#include "historybrowser.h"
#include "palette.h"
#include "rateaxis.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr double hatchDistance = 7;
constexpr double labelGap = 8;
constexpr double legendGap = 16;
constexpr double swatch = 10;
constexpr double longestName = 180;
/// From this width on bars stand apart.
constexpr double apartFrom = 4;
constexpr double boxMargin = 8;

/// Lines from bottom left to top right, cut at the edges: a picture as vectors knows no patterns.
void paintHatch(QPainter &painter, const QRectF &area, const QColor &colour)
{
    painter.setPen(QPen(colour, 1));
    const auto first = qint64(std::floor((area.left() - area.height()) / hatchDistance));
    const auto end = qint64(std::ceil(area.right() / hatchDistance));
    for (qint64 line = first; line < end; ++line) {
        const double x = double(line) * hatchDistance;
        const double from = std::max(x, area.left());
        const double to = std::min(x + area.height(), area.right());
        if (from < to)
            painter.drawLine(QPointF(from, area.bottom() - (from - x)),
                             QPointF(to, area.bottom() - (to - x)));
    }
}

} // namespace

HistoryChart::HistoryChart(const HistoryBrowser &browser, QWidget *parent)
    : QWidget(parent)
    , m_browser(browser)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Graph of the history"));
}

void HistoryChart::setUnitStyle(UnitStyle style)
{
    m_style = style;
    refresh();
}

void HistoryChart::refresh()
{
    const HistoryGraph &graph = m_browser.graph();
    if (m_bucket >= graph.buckets().size())
        m_bucket = -1;
    if (m_series >= graph.series().size())
        m_series = -1;
    const HistoryGraph::Rates peak = graph.peak(m_browser.measure());
    setAccessibleDescription(
        tr("%1. Receiving at most %2, sending at most %3. The arrow keys tell the figures of a time.")
            .arg(m_browser.shownRange().sentence(), formatRate(peak.rx, m_style),
                 formatRate(peak.tx, m_style)));
    update();
}

QFont HistoryChart::labelFont() const
{
    QFont small = withTabularFigures(font());
    small.setPointSizeF(small.pointSizeF() * 0.9);
    return small;
}

HistoryChart::Layout HistoryChart::layoutFor(const QSizeF &size) const
{
    Layout layout;
    const HistoryGraph::Rates peak = m_browser.graph().peak(m_browser.measure());
    layout.step = niceRateStep(std::max({peak.rx, peak.tx, 4.0}), m_style);
    layout.stepsUp = std::max(1, static_cast<int>(std::ceil(peak.rx / layout.step)));
    layout.stepsDown = std::max(1, static_cast<int>(std::ceil(peak.tx / layout.step)));

    const QFontMetricsF metrics(labelFont());
    double left = 0;
    for (int i = 1; i <= std::max(layout.stepsUp, layout.stepsDown); ++i)
        left = std::max(left, metrics.horizontalAdvance(roundRateText(i * layout.step, m_style)));
    left += labelGap;
    const QList<LegendItem> items = legendFor(0, size.width());
    const double legendHeight = items.isEmpty() ? 0 : items.constLast().place.bottom();
    const double top = metrics.height() / 2 + 1;
    const double below = metrics.height() + 6;
    layout.plot = QRectF(left, top, std::max(10.0, size.width() - left - 1),
                         std::max(10.0, size.height() - top - below - legendHeight - 4));
    layout.legend = QRectF(0, size.height() - legendHeight, size.width(), legendHeight);
    return layout;
}

/// Line by line; places relative to the legend's own.
QList<HistoryChart::LegendItem> HistoryChart::legendFor(double left, double width) const
{
    const QFontMetricsF metrics(labelFont());
    const HistoryGraph &graph = m_browser.graph();
    QList<LegendItem> items;
    for (qsizetype i = 0; i < graph.series().size(); ++i)
        items.append({{}, i, metrics.elidedText(graph.series().at(i).name, Qt::ElideMiddle, longestName)});
    if (!graph.gaps().isEmpty())
        items.append({{}, -1, tr("not measured")});
    double x = left;
    double y = 0;
    const double height = metrics.height() + 4;
    for (LegendItem &item : items) {
        const double needed = 2 * swatch + 6 + metrics.horizontalAdvance(item.text);
        if (x > left && x + needed > left + width) {
            x = left;
            y += height;
        }
        item.place = QRectF(x, y, needed, height);
        x += needed + legendGap;
    }
    return items;
}

double HistoryChart::xOf(const Layout &layout, qint64 utcS) const
{
    const HistoryGraph &graph = m_browser.graph();
    const double whole = static_cast<double>(std::max<qint64>(graph.toUtcS() - graph.fromUtcS(), 1));
    return layout.plot.left() + static_cast<double>(utcS - graph.fromUtcS()) / whole * layout.plot.width();
}

QColor HistoryChart::colourOf(qsizetype series, bool isReceive) const
{
    const QList<StackColours> colours = stackColoursFor(palette());
    const QList<HistoryGraph::Series> &all = m_browser.graph().series();
    // What is not told apart has the plain hue where it is alone, else the last, dull one.
    const bool isRest = all.at(series).key.isEmpty() && all.size() > 1;
    const StackColours &own =
        isRest ? colours.constLast() : colours.at(std::min(series, qsizetype(colours.size() - 2)));
    return isReceive ? own.receive : own.send;
}

void HistoryChart::paintEvent(QPaintEvent *)
{
    if (!m_browser.hasAnswer())
        return;
    QPainter painter(this);
    // As time does, whichever way people read.
    painter.setLayoutDirection(Qt::LeftToRight);
    const Layout layout = layoutFor(size());
    paintAll(painter, layout, m_series);
    if (m_bucket >= 0)
        paintCursor(painter, layout);
    if (hasFocus() && window()->testAttribute(Qt::WA_KeyboardFocusChange)) {
        painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(layout.plot);
    }
}

void HistoryChart::paintPicture(QPainter &painter, const QSizeF &size) const
{
    constexpr double margin = 16;
    painter.setLayoutDirection(Qt::LeftToRight);
    painter.fillRect(QRectF({}, size), coloursFor(palette()).card);
    QFont title = font();
    title.setBold(true);
    painter.setFont(title);
    painter.setPen(palette().color(QPalette::WindowText));
    const double height = QFontMetricsF(title).height();
    painter.drawText(QRectF(margin, margin, size.width() - 2 * margin, height), Qt::AlignLeft,
                     m_browser.shownRange().sentence());
    painter.translate(margin, 2 * margin + height);
    paintAll(painter, layoutFor({size.width() - 2 * margin, size.height() - 3 * margin - height}), -1);
}

void HistoryChart::paintAll(QPainter &painter, const Layout &layout, qsizetype highlighted) const
{
    paintGaps(painter, layout);
    paintGrid(painter, layout);
    paintStacks(painter, layout, highlighted);
    paintLabels(painter, layout);
    paintLegend(painter, layout, highlighted);
}

void HistoryChart::paintGaps(QPainter &painter, const Layout &layout) const
{
    QColor hatch = coloursFor(palette()).muted;
    hatch.setAlphaF(0.4F);
    for (const HistoryGraph::Gap &gap : m_browser.graph().gaps()) {
        const double left = std::round(xOf(layout, gap.beginUtcS));
        // A gap is never so short that it cannot be seen.
        const double right = std::max(left + 1, std::round(xOf(layout, gap.endUtcS)));
        paintHatch(painter, {left, layout.plot.top(), right - left, layout.plot.height()}, hatch);
    }
}

void HistoryChart::paintGrid(QPainter &painter, const Layout &layout) const
{
    const QColor line = coloursFor(palette()).border;
    const int steps = layout.stepsUp + layout.stepsDown;
    for (int i = 0; i <= steps; ++i) {
        const double y = std::round(layout.plot.top() + layout.plot.height() * i / steps);
        painter.fillRect(QRectF(layout.plot.left(), y, layout.plot.width(), 1), line);
    }
}

QList<QPair<qint64, qint64>> HistoryChart::measuredParts(qsizetype bucket) const
{
    const HistoryGraph &graph = m_browser.graph();
    const HistoryGraph::Bucket &of = graph.buckets().at(bucket);
    QList<QPair<qint64, qint64>> parts;
    qint64 fromUtcS = of.beginUtcS;
    auto gap =
        std::upper_bound(graph.gaps().cbegin(), graph.gaps().cend(), fromUtcS,
                         [](qint64 time, const HistoryGraph::Gap &each) { return time < each.endUtcS; });
    for (; gap != graph.gaps().cend() && gap->beginUtcS < of.endUtcS; ++gap) {
        if (gap->beginUtcS > fromUtcS)
            parts.append({fromUtcS, gap->beginUtcS});
        fromUtcS = gap->endUtcS;
    }
    if (fromUtcS < of.endUtcS)
        parts.append({fromUtcS, of.endUtcS});
    if (parts.isEmpty())
        parts.append({of.beginUtcS, of.endUtcS});
    return parts;
}

void HistoryChart::paintStacks(QPainter &painter, const Layout &layout, qsizetype highlighted) const
{
    const HistoryGraph &graph = m_browser.graph();
    const Measure measure = m_browser.measure();
    const double middle = std::round(layout.middle());
    std::vector<QPainterPath> receive(static_cast<size_t>(graph.series().size()));
    std::vector<QPainterPath> send(receive.size());
    for (qsizetype bucket = 0; bucket < graph.buckets().size(); ++bucket) {
        const QList<QPair<qint64, qint64>> parts = measuredParts(bucket);
        double up = 0;
        double down = 0;
        for (qsizetype i = 0; i < graph.series().size(); ++i) {
            const std::optional<HistoryGraph::Rates> rates =
                graph.rates(graph.series().at(i).points.at(bucket), bucket, measure);
            if (!rates || (rates->rx <= 0 && rates->tx <= 0))
                continue;
            for (const auto &[beginUtcS, endUtcS] : parts) {
                const double left = std::round(xOf(layout, beginUtcS));
                const double whole = std::round(xOf(layout, endUtcS)) - left;
                const double width = std::max(1.0, whole >= apartFrom ? whole - 1 : whole);
                const auto add = [&](QPainterPath &path, double from, double to) {
                    path.addRect(QRectF(left, std::min(from, to), width, std::abs(to - from)));
                };
                if (rates->rx > 0)
                    add(receive[size_t(i)], middle - layout.heightOf(up),
                        middle - layout.heightOf(up + rates->rx));
                if (rates->tx > 0)
                    add(send[size_t(i)], middle + 1 + layout.heightOf(down),
                        middle + 1 + layout.heightOf(down + rates->tx));
            }
            up += rates->rx;
            down += rates->tx;
        }
    }
    for (qsizetype i = 0; i < graph.series().size(); ++i) {
        painter.setOpacity(highlighted < 0 || highlighted == i ? 1 : 0.25);
        painter.fillPath(receive[size_t(i)], colourOf(i, true));
        painter.fillPath(send[size_t(i)], colourOf(i, false));
    }
    painter.setOpacity(1);
}

void HistoryChart::paintLabels(QPainter &painter, const Layout &layout) const
{
    const Colours colours = coloursFor(palette());
    const HistoryGraph &graph = m_browser.graph();
    const QFontMetricsF metrics(labelFont());
    painter.setFont(labelFont());
    const double middle = std::round(layout.middle());
    const double stepHeight = layout.plot.height() / (layout.stepsUp + layout.stepsDown);
    painter.fillRect(QRectF(layout.plot.left(), middle, layout.plot.width(), 1), colours.muted);
    painter.setPen(colours.muted);
    for (int i = -layout.stepsDown; i <= layout.stepsUp; ++i) {
        // Where the lines are close, every other label.
        if (stepHeight < metrics.height() + 2 && i % 2 != 0 && i != layout.stepsUp)
            continue;
        const QString label = i == 0 ? u"0"_s : roundRateText(std::abs(i) * layout.step, m_style);
        painter.drawText(QRectF(0, middle - i * stepHeight - metrics.height() / 2,
                                layout.plot.left() - labelGap, metrics.height()),
                         Qt::AlignRight | Qt::AlignVCenter, label);
    }

    const double room = metrics.horizontalAdvance(u"00 Mmm "_s) + 12;
    const QList<TimeTick> ticks = timeTicks(graph.fromUtcS(), graph.toUtcS(), m_browser.shownRange().zone(),
                                            std::max(2, static_cast<int>(layout.plot.width() / room)));
    double free = layout.plot.left() - labelGap; // where the label before ends
    for (const TimeTick &tick : ticks) {
        const double x = std::round(xOf(layout, tick.utcS));
        painter.fillRect(QRectF(x, layout.plot.bottom(), 1, 4), colours.muted);
        const double width = metrics.horizontalAdvance(tick.text);
        const double left = std::min(x - width / 2, layout.plot.right() - width);
        if (left < free)
            continue;
        painter.setPen(tick.isDay ? palette().color(QPalette::WindowText) : colours.muted);
        painter.drawText(QRectF(left, layout.plot.bottom() + 5, width + 1, metrics.height()), Qt::AlignLeft,
                         tick.text);
        free = left + width + 8;
    }
}

void HistoryChart::paintLegend(QPainter &painter, const Layout &layout, qsizetype highlighted) const
{
    const Colours colours = coloursFor(palette());
    painter.setFont(labelFont());
    for (const LegendItem &item : legendFor(0, layout.legend.width())) {
        const QRectF place = item.place.translated(layout.legend.topLeft());
        const QRectF left(place.left(), std::round(place.center().y() - swatch / 2), swatch, swatch);
        const QRectF right = left.translated(swatch, 0);
        if (item.series < 0) {
            const QRectF both = left.united(right);
            paintHatch(painter, both, colours.muted);
        } else {
            painter.fillRect(left, colourOf(item.series, true));
            painter.fillRect(right, colourOf(item.series, false));
        }
        painter.setPen(item.series >= 0 && item.series == highlighted ? palette().color(QPalette::WindowText)
                                                                      : colours.muted);
        painter.drawText(place.adjusted(2 * swatch + 6, 0, 1, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         item.text);
    }
}

/// Time and figures, line by line: what, received, sent, parted by tabs.
QStringList HistoryChart::cursorLines() const
{
    const HistoryGraph &graph = m_browser.graph();
    const HistoryGraph::Bucket &bucket = graph.buckets().at(m_bucket);
    const HistoryRange &range = m_browser.shownRange();
    const Measure measure = m_browser.measure();
    const qint64 lengthS = bucket.endUtcS - bucket.beginUtcS;
    QStringList lines = {range.spanText(bucket.beginUtcS, bucket.endUtcS)};
    const auto figures = [&](const QString &name, const TrafficSums &sums) {
        const std::optional<HistoryGraph::Rates> rates = graph.rates(sums, m_bucket, measure);
        const auto text = [&](double HistoryGraph::Rates::*side) {
            return formatRate(rates ? std::optional((*rates).*side) : std::nullopt, m_style);
        };
        return u"%1\t↓ %2\t↑ %3"_s.arg(name, text(&HistoryGraph::Rates::rx), text(&HistoryGraph::Rates::tx));
    };
    const TrafficSums &total = graph.total().at(m_bucket);
    if (bucket.measuredS < lengthS) {
        const auto gap =
            std::upper_bound(graph.gaps().cbegin(), graph.gaps().cend(), bucket.beginUtcS,
                             [](qint64 time, const HistoryGraph::Gap &each) { return time < each.endUtcS; });
        if (bucket.measuredS <= 0)
            lines.append(gapText(*gap));
        else
            lines.append(tr("Measured: %1 of %2")
                             .arg(formatDuration(bucket.measuredS * 1000), formatDuration(lengthS * 1000)));
    }
    if (!graph.rates(total, m_bucket, measure))
        return lines;
    const std::optional<MeasuredBytes> bytes = bytesOf(total, measure);
    lines.append(u"%1\t↓ %2\t↑ %3"_s.arg(tr("Moved"),
                                         bytes ? formatBytes(bytes->rx, m_style.base) : unknownText(),
                                         bytes ? formatBytes(bytes->tx, m_style.base) : unknownText()));
    lines.append(figures(tr("Rate"), total));
    for (qsizetype i = 0; i < graph.series().size() && graph.series().size() > 1; ++i) {
        const HistoryGraph::Series &series = graph.series().at(i);
        if (weightOf(series.points.at(m_bucket), measure) > 0)
            lines.append(figures(series.name, series.points.at(m_bucket)));
    }
    return lines;
}

void HistoryChart::paintCursor(QPainter &painter, const Layout &layout) const
{
    const Colours colours = coloursFor(palette());
    const HistoryGraph::Bucket &bucket = m_browser.graph().buckets().at(m_bucket);
    const double left = std::round(xOf(layout, bucket.beginUtcS));
    const double right = std::max(left + 1, std::round(xOf(layout, bucket.endUtcS)));
    QColor shade = palette().color(QPalette::WindowText);
    shade.setAlphaF(0.12F);
    painter.fillRect(QRectF(left, layout.plot.top(), right - left, layout.plot.height()), shade);

    const QFont small = labelFont();
    QFont bold = small;
    bold.setBold(true);
    const QFontMetricsF metrics(small);
    const QStringList lines = cursorLines();
    std::array<double, 3> widths = {0, 0, 0};
    double widest = QFontMetricsF(bold).horizontalAdvance(lines.constFirst());
    for (const QString &line : lines) {
        const QStringList cells = line.split(u'\t');
        if (cells.size() < 3) {
            widest = std::max(widest, metrics.horizontalAdvance(line));
            continue;
        }
        widths[0] = std::max(widths[0], std::min(longestName, metrics.horizontalAdvance(cells[0])));
        widths[1] = std::max(widths[1], metrics.horizontalAdvance(cells[1]));
        widths[2] = std::max(widths[2], metrics.horizontalAdvance(cells[2]));
    }
    constexpr double columnGap = 12;
    const double width = std::max(widest, widths[0] + widths[1] + widths[2] + 2 * columnGap) + 2 * boxMargin;
    const double lineHeight = metrics.height() + 3;
    const double height = lineHeight * static_cast<double>(lines.size()) + 2 * boxMargin;
    QRectF box(right + 8, layout.plot.top() + 4, width, height);
    if (box.right() > layout.plot.right())
        box.moveRight(left - 8);
    if (box.left() < 0)
        box.moveLeft(std::max(0.0, std::min(layout.plot.right() - width, right + 8)));
    box.moveTop(std::max(0.0, std::min(box.top(), this->height() - height)));
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(colours.border);
    painter.setBrush(palette().color(QPalette::ToolTipBase));
    painter.drawRoundedRect(box, 6, 6);
    painter.setRenderHint(QPainter::Antialiasing, false);

    double y = box.top() + boxMargin;
    for (qsizetype i = 0; i < lines.size(); ++i) {
        const QStringList cells = lines[i].split(u'\t');
        const auto draw = [&](double x, double cellWidth, const QString &text, const QColor &colour,
                              int where) {
            painter.setPen(colour);
            painter.drawText(QRectF(x, y, cellWidth, lineHeight), where | Qt::AlignVCenter, text);
        };
        const double x = box.left() + boxMargin;
        const QColor text = palette().color(QPalette::WindowText);
        painter.setFont(i == 0 ? bold : small);
        if (cells.size() < 3) {
            draw(x, width - 2 * boxMargin, lines[i], i == 0 ? text : colours.muted, Qt::AlignLeft);
        } else {
            const bool isHighlighted =
                m_series >= 0 && m_browser.graph().series().at(m_series).name == cells[0];
            draw(x, widths[0], metrics.elidedText(cells[0], Qt::ElideMiddle, widths[0]),
                 isHighlighted ? text : colours.muted, Qt::AlignLeft);
            draw(box.right() - boxMargin - widths[2] - columnGap - widths[1], widths[1], cells[1],
                 colours.receive.text, Qt::AlignRight);
            draw(box.right() - boxMargin - widths[2], widths[2], cells[2], colours.send.text, Qt::AlignRight);
        }
        y += lineHeight;
    }
}

qsizetype HistoryChart::seriesAt(const QPointF &point) const
{
    const HistoryGraph &graph = m_browser.graph();
    const Layout layout = layoutFor(size());
    for (const LegendItem &item : legendFor(0, layout.legend.width())) {
        if (item.place.translated(layout.legend.topLeft()).contains(point))
            return item.series;
    }
    if (!layout.plot.contains(point) || graph.buckets().isEmpty())
        return -1;
    const double share = (point.x() - layout.plot.left()) / layout.plot.width();
    const auto spanS = static_cast<double>(graph.toUtcS() - graph.fromUtcS());
    const qsizetype bucket = graph.bucketAt(graph.fromUtcS() + static_cast<qint64>(share * spanS));
    if (bucket < 0)
        return -1;
    const double middle = layout.middle();
    const bool isReceive = point.y() < middle;
    double reach = 0;
    for (qsizetype i = 0; i < graph.series().size(); ++i) {
        const HistoryGraph::Rates rates =
            graph.rates(graph.series().at(i).points.at(bucket), bucket, m_browser.measure())
                .value_or(HistoryGraph::Rates());
        reach += layout.heightOf(isReceive ? rates.rx : rates.tx);
        if (std::abs(point.y() - middle) <= reach)
            return i;
    }
    return -1;
}

void HistoryChart::setCursor(qsizetype bucket, qsizetype series)
{
    if (bucket == m_bucket && series == m_series)
        return;
    m_bucket = bucket;
    m_series = series;
    update();
}

void HistoryChart::mouseMoveEvent(QMouseEvent *event)
{
    const HistoryGraph &graph = m_browser.graph();
    const Layout layout = layoutFor(size());
    qsizetype bucket = -1;
    if (layout.plot.contains(event->position())) {
        const double share = (event->position().x() - layout.plot.left()) / layout.plot.width();
        const auto spanS = static_cast<double>(graph.toUtcS() - graph.fromUtcS());
        bucket = graph.bucketAt(graph.fromUtcS() + static_cast<qint64>(share * spanS));
    }
    const qsizetype series = seriesAt(event->position());
    setCursor(bucket, series);
    const bool isLink = series >= 0 && !graph.series().at(series).key.isEmpty();
    QWidget::setCursor(isLink ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void HistoryChart::mousePressEvent(QMouseEvent *event)
{
    if (event->button() != Qt::LeftButton)
        return;
    const qsizetype series = seriesAt(event->position());
    if (series >= 0 && !m_browser.graph().series().at(series).key.isEmpty())
        Q_EMIT seriesActivated(m_browser.graph().series().at(series).key);
}

void HistoryChart::leaveEvent(QEvent *)
{
    setCursor(-1, -1);
}

void HistoryChart::focusOutEvent(QFocusEvent *event)
{
    setCursor(-1, -1);
    QWidget::focusOutEvent(event);
}

void HistoryChart::keyPressEvent(QKeyEvent *event)
{
    const HistoryGraph &graph = m_browser.graph();
    const qsizetype last = graph.buckets().size() - 1;
    const qsizetype series = graph.series().size();
    if (last < 0) {
        QWidget::keyPressEvent(event);
        return;
    }
    const qsizetype bucket = m_bucket < 0 ? last + 1 : m_bucket;
    switch (event->key()) {
    case Qt::Key_Left:
        setCursor(std::max<qsizetype>(bucket - 1, 0), m_series);
        break;
    case Qt::Key_Right:
        setCursor(std::min(bucket + 1, last), m_series);
        break;
    case Qt::Key_Home:
        setCursor(0, m_series);
        break;
    case Qt::Key_End:
        setCursor(last, m_series);
        break;
    case Qt::Key_Up:
        setCursor(m_bucket, std::min(m_series + 1, series - 1));
        break;
    case Qt::Key_Down:
        setCursor(m_bucket, std::max<qsizetype>(m_series - 1, -1));
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (m_series >= 0 && !graph.series().at(m_series).key.isEmpty())
            Q_EMIT seriesActivated(graph.series().at(m_series).key);
        return;
    case Qt::Key_Escape:
        setCursor(-1, -1);
        break;
    default:
        QWidget::keyPressEvent(event);
        return;
    }
    if (m_bucket >= 0)
        setAccessibleDescription(cursorLines().join(u", "_s).replace(u'\t', u' '));
}

bool HistoryChart::event(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        update();
    return QWidget::event(event);
}

} // namespace Nettally
