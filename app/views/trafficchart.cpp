// SPDX-License-Identifier: MIT
#include "trafficchart.h"

#include "palette.h"
#include "rateaxis.h"
#include "traffichistory.h"

#include <QAreaSeries>
#include <QChart>
#include <QEvent>
#include <QGraphicsLayout>
#include <QLineSeries>
#include <QPainter>
#include <QValueAxis>

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr double span = TrafficHistory::spanSeconds;
/// So that single packets do not fill the graph; bytes per second.
constexpr double leastPeak = 4096;

} // namespace

TrafficChart::TrafficChart(const TrafficHistory &history, QWidget *parent)
    : QChartView(new QChart, parent)
    , m_history(history)
    , m_chart(chart())
    , m_time(new QValueAxis(this))
    , m_rate(new QValueAxis(this))
{
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setFocusPolicy(Qt::NoFocus);
    setAccessibleName(tr("Network traffic of the last five minutes"));

    m_chart->setBackgroundVisible(false);
    m_chart->setMargins({});
    m_chart->layout()->setContentsMargins(0, 0, 0, 0);
    m_chart->legend()->hide();
    m_chart->setAnimationOptions(QChart::NoAnimation);

    m_time->setRange(-span, 0);
    m_time->setVisible(false);
    m_rate->setVisible(false);
    m_chart->addAxis(m_time, Qt::AlignBottom);
    m_chart->addAxis(m_rate, Qt::AlignLeft);

    m_receive = addSide(tr("Receiving"));
    m_send = addSide(tr("Sending"));
    applyPalette();
    setScale(0, 0);
    viewport()->setBackgroundRole(QPalette::Base);
}

TrafficChart::Side TrafficChart::addSide(const QString &name)
{
    Side side;
    // An area does not own its bounds.
    side.upper = new QLineSeries(this);
    side.lower = new QLineSeries(this);
    side.lower->append(-span, 0);
    side.lower->append(0, 0);
    side.area = new QAreaSeries(side.upper, side.lower);
    side.area->setName(name);
    // A pen around an area costs three times the area itself; a line of its own is cheap.
    side.area->setPen(Qt::NoPen);
    side.edge = new QLineSeries;
    for (QAbstractSeries *series :
         {static_cast<QAbstractSeries *>(side.area), static_cast<QAbstractSeries *>(side.edge)}) {
        m_chart->addSeries(series);
        series->attachAxis(m_time);
        series->attachAxis(m_rate);
    }
    return side;
}

void TrafficChart::setUnitStyle(UnitStyle style)
{
    m_style = style;
    m_step = 0;
    refresh();
}

void TrafficChart::refresh()
{
    const QList<TrafficHistory::Second> seconds = m_history.seconds();
    QList<QPointF> rx;
    QList<QPointF> tx;
    rx.reserve(seconds.size() + 8);
    tx.reserve(seconds.size() + 8);
    m_gaps.clear();
    double rxPeak = 0;
    double txPeak = 0;
    bool wasMeasured = false;
    for (qsizetype i = 0; i < seconds.size(); ++i) {
        const TrafficHistory::Second &second = seconds[i];
        const double begin = static_cast<double>(i) - span;
        if (!second.isMeasured) {
            if (m_gaps.isEmpty() || wasMeasured)
                m_gaps.append({begin, begin});
            m_gaps.last().to = begin + 1;
        }
        // Straight down at the edge of a gap: a slope would claim traffic there.
        if (second.isMeasured != wasMeasured) {
            const double x = begin;
            const TrafficHistory::Second &known = second.isMeasured ? second : seconds[i - 1];
            const std::array values = second.isMeasured ? std::array{0.0, 1.0} : std::array{1.0, 0.0};
            for (const double value : values) {
                rx.append({x, known.rxBytesPerSecond * value});
                tx.append({x, -known.txBytesPerSecond * value});
            }
        }
        if (second.isMeasured) {
            rx.append({begin + 0.5, second.rxBytesPerSecond});
            tx.append({begin + 0.5, -second.txBytesPerSecond});
            rxPeak = std::max(rxPeak, second.rxBytesPerSecond);
            txPeak = std::max(txPeak, second.txBytesPerSecond);
        }
        wasMeasured = second.isMeasured;
    }
    if (wasMeasured) {
        rx.append({0, seconds.last().rxBytesPerSecond});
        tx.append({0, -seconds.last().txBytesPerSecond});
    }
    setScale(rxPeak, txPeak);
    for (const auto &[side, points] : {std::pair(&m_receive, &rx), std::pair(&m_send, &tx)}) {
        side->upper->replace(*points);
        side->edge->replace(*points);
    }
    setAccessibleDescription(
        tr("Receiving %1, at most %2; sending %3, at most %4.")
            .arg(formatRate(m_history.rxBytesPerSecond(), m_style), formatRate(rxPeak, m_style),
                 formatRate(m_history.txBytesPerSecond(), m_style), formatRate(txPeak, m_style)));
    viewport()->update();
}

/// One scale for both sides, so that equal heights are equal rates; the middle line stands where it leaves
/// each side the room it needs.
void TrafficChart::setScale(double rxPeak, double txPeak)
{
    const double step = niceRateStep(std::max({rxPeak, txPeak, leastPeak}), m_style);
    const int stepsUp = std::max(1, static_cast<int>(std::ceil(rxPeak / step)));
    const int stepsDown = std::max(1, static_cast<int>(std::ceil(txPeak / step)));
    if (step == m_step && stepsUp == m_stepsUp && stepsDown == m_stepsDown)
        return;
    m_step = step;
    m_stepsUp = stepsUp;
    m_stepsDown = stepsDown;
    m_rate->setRange(-stepsDown * step, stepsUp * step);
    placePlot();
}

/// Leaves room for the labels, as wide as they are now.
void TrafficChart::placePlot()
{
    const QFontMetrics metrics(labelFont());
    int left = 0;
    for (int i = 1; i <= std::max(m_stepsUp, m_stepsDown); ++i)
        left = std::max(left, metrics.horizontalAdvance(roundRateText(i * m_step, m_style)));
    const int top = metrics.height() / 2 + 1;
    const int bottom = metrics.height() + 8;
    m_chart->setPlotArea(QRectF(viewport()->rect()).adjusted(left + 10, top, -2, -bottom));
}

QFont TrafficChart::labelFont() const
{
    QFont small = withTabularFigures(font());
    small.setPointSizeF(small.pointSizeF() * 0.9);
    return small;
}

void TrafficChart::resizeEvent(QResizeEvent *event)
{
    QChartView::resizeEvent(event);
    placePlot();
}

void TrafficChart::changeEvent(QEvent *event)
{
    if (event->type() == QEvent::PaletteChange)
        applyPalette();
    QChartView::changeEvent(event);
}

void TrafficChart::applyPalette()
{
    const Colours colours = coloursFor(palette());
    for (const auto &[side, hue] :
         {std::pair(&m_receive, &colours.receive), std::pair(&m_send, &colours.send)}) {
        side->area->setBrush(hue->fill);
        side->edge->setPen(QPen(hue->line, 1.4));
    }
    viewport()->update();
}

void TrafficChart::drawBackground(QPainter *painter, const QRectF &rect)
{
    QChartView::drawBackground(painter, rect);
    const QRectF plot = m_chart->mapRectToScene(m_chart->plotArea());
    const QColor line = coloursFor(palette()).border;
    for (int i = 0; i <= m_stepsUp + m_stepsDown; ++i) {
        const double y = std::round(plot.top() + plot.height() * i / (m_stepsUp + m_stepsDown));
        painter->fillRect(QRectF(plot.left(), y, plot.width(), 1), line);
    }
}

void TrafficChart::drawForeground(QPainter *painter, const QRectF &)
{
    const QRectF plot = m_chart->mapRectToScene(m_chart->plotArea());
    drawGaps(*painter, plot);
    drawLabels(*painter, plot);
}

void TrafficChart::drawGaps(QPainter &painter, const QRectF &plot) const
{
    const Colours colours = coloursFor(palette());
    const auto x = [&plot](double seconds) { return plot.right() + seconds / span * plot.width(); };
    const QString text = tr("not measured");
    painter.setFont(labelFont());
    QRectF chip = QRectF(QFontMetricsF(labelFont()).boundingRect(text)).adjusted(-8, -4, 8, 4);
    for (const Gap &gap : m_gaps) {
        const QRectF area(QPointF(x(gap.from), plot.top()), QPointF(x(gap.to), plot.bottom()));
        painter.setPen(Qt::NoPen);
        // Also over the lines that run along the middle of the gap.
        painter.fillRect(area, colours.card);
        painter.setBrush(QBrush(colours.border, Qt::BDiagPattern));
        painter.drawRect(area);
        if (area.width() < chip.width() + 16)
            continue;
        chip.moveCenter({area.center().x(), plot.top() + std::min(plot.height() * 0.2, 40.0)});
        painter.setBrush(colours.card);
        painter.drawRoundedRect(chip, 6, 6);
        painter.setPen(colours.muted);
        painter.drawText(chip, Qt::AlignCenter, text);
    }
}

void TrafficChart::drawLabels(QPainter &painter, const QRectF &plot) const
{
    const Colours colours = coloursFor(palette());
    const QFontMetricsF metrics(labelFont());
    painter.setFont(labelFont());
    const double stepHeight = plot.height() / (m_stepsUp + m_stepsDown);
    const double middle = std::round(plot.top() + m_stepsUp * stepHeight);
    painter.setPen(colours.muted);
    painter.fillRect(QRectF(plot.left(), middle, plot.width(), 1), colours.muted);
    for (int i = -m_stepsDown; i <= m_stepsUp; ++i) {
        // Where the lines are close, every other label.
        if (stepHeight < metrics.height() + 2 && i % 2 != 0 && i != m_stepsUp)
            continue;
        const QString label = i == 0 ? u"0"_s : roundRateText(std::abs(i) * m_step, m_style);
        const QRectF place(0, middle - i * stepHeight - metrics.height() / 2, plot.left() - 10,
                           metrics.height());
        painter.drawText(place, Qt::AlignRight | Qt::AlignVCenter, label);
    }
    const QRectF below(plot.left(), plot.bottom() + 6, plot.width(), metrics.height());
    painter.drawText(below, Qt::AlignLeft, tr("5 min ago"));
    painter.drawText(below, Qt::AlignRight, tr("now"));
    for (int minutes = 4; minutes >= 1; --minutes) {
        const QString label = tr("%1 min").arg(minutes);
        const double centre = plot.right() - minutes * 60 / span * plot.width();
        painter.drawText(QRectF(centre - 50, below.top(), 100, below.height()), Qt::AlignHCenter, label);
    }
}

} // namespace Nettally
