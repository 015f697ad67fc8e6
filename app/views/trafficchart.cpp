// SPDX-License-Identifier: MIT
#include "trafficchart.h"

#include "palette.h"
#include "traffichistory.h"

#include <QAreaSeries>
#include <QCategoryAxis>
#include <QChart>
#include <QEvent>
#include <QGraphicsLayout>
#include <QLineSeries>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr double span = TrafficHistory::spanSeconds;

/// The smallest round step that shows @p peak bytes per second in at most four: 1, 2 or 5 and its tens and
/// hundreds of the shown unit, so that the labels are round in it.
double niceStep(double peak, UnitStyle style)
{
    const double factor = style.rateUnit == RateUnit::Bits ? 8 : 1;
    const double thousand = style.base == UnitBase::Iec ? 1024 : 1000;
    const double wanted = peak * factor / 4;
    for (double unit = thousand;; unit *= thousand) {
        for (const double figure : {1, 2, 5, 10, 20, 50, 100, 200, 500}) {
            if (figure * unit >= wanted)
                return figure * unit / factor;
        }
    }
}

} // namespace

TrafficChart::TrafficChart(const TrafficHistory &history, QWidget *parent)
    : QChartView(parent)
    , m_history(history)
    , m_chart(new QChart)
    , m_timeLabels(new QCategoryAxis(this))
    , m_rate(new QCategoryAxis(this))
{
    setChart(m_chart);
    setFrameShape(QFrame::NoFrame);
    setRenderHint(QPainter::Antialiasing);
    setBackgroundBrush(Qt::NoBrush);
    setFocusPolicy(Qt::NoFocus);
    setAccessibleName(tr("Network traffic of the last five minutes"));

    m_chart->setBackgroundVisible(false);
    m_chart->setMargins({});
    m_chart->layout()->setContentsMargins(0, 0, 0, 0);
    m_chart->legend()->hide();
    m_chart->setAnimationOptions(QChart::NoAnimation);

    m_timeLabels->setStartValue(-span);
    m_timeLabels->setRange(-span, 0);
    m_timeLabels->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    m_timeLabels->append(tr("5 min ago"), -span);
    for (int minutes = 4; minutes >= 1; --minutes)
        m_timeLabels->append(tr("%1 min").arg(minutes), -60.0 * minutes);
    m_timeLabels->append(tr("now"), 0);
    m_rate->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    m_chart->addAxis(m_timeLabels, Qt::AlignBottom);
    m_chart->addAxis(m_rate, Qt::AlignLeft);

    m_receive = addSide(tr("Receiving"));
    m_send = addSide(tr("Sending"));
    applyPalette();
    setScale(0, 0);
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
    for (QAbstractSeries *series : {static_cast<QAbstractSeries *>(side.area), static_cast<QAbstractSeries *>(side.edge)}) {
        m_chart->addSeries(series);
        series->attachAxis(m_timeLabels);
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
            const std::array values = second.isMeasured ? std::array {0.0, 1.0} : std::array {1.0, 0.0};
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
    setAccessibleDescription(tr("Receiving %1, at most %2; sending %3, at most %4.")
                                 .arg(formatRate(m_history.rxBytesPerSecond(), m_style), formatRate(rxPeak, m_style),
                                      formatRate(m_history.txBytesPerSecond(), m_style), formatRate(txPeak, m_style)));
    viewport()->update();
}

/// One scale for both sides, so that equal heights are equal rates; the middle line stands where it leaves
/// each side the room it needs.
void TrafficChart::setScale(double rxPeak, double txPeak)
{
    const double step = niceStep(std::max({rxPeak, txPeak, 1.0}), m_style);
    const int stepsUp = std::max(1, static_cast<int>(std::ceil(rxPeak / step)));
    const int stepsDown = std::max(1, static_cast<int>(std::ceil(txPeak / step)));
    if (step == m_step && stepsUp == m_stepsUp && stepsDown == m_stepsDown)
        return;
    m_step = step;
    m_stepsUp = stepsUp;
    m_stepsDown = stepsDown;
    for (const QString &label : m_rate->categoriesLabels())
        m_rate->remove(label);
    m_rate->setRange(-stepsDown * step, stepsUp * step);
    m_rate->setStartValue(-stepsDown * step);
    for (int i = -stepsDown; i <= stepsUp; ++i) {
        QString label = i == 0 ? u"0"_s : formatRate(std::abs(i) * step, m_style);
        // Categories go by their label, and each rate is there twice: the lower ones carry a mark nobody sees.
        if (i < 0)
            label.append(QChar(0x200B));
        m_rate->append(label, i * step);
    }
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
    QFont small = font();
    small.setPointSizeF(small.pointSizeF() * 0.9);
    for (QAbstractAxis *axis : {static_cast<QAbstractAxis *>(m_timeLabels), static_cast<QAbstractAxis *>(m_rate)}) {
        axis->setLabelsColor(colours.muted);
        axis->setLabelsFont(small);
        axis->setGridLinePen(QPen(colours.border, 1));
        axis->setLinePen(Qt::NoPen);
    }
    m_timeLabels->setGridLineVisible(false);
    for (const auto &[side, hue] : {std::pair(&m_receive, &colours.receive), std::pair(&m_send, &colours.send)}) {
        side->area->setBrush(hue->fill);
        side->edge->setPen(QPen(hue->line, 1.4));
    }
    viewport()->update();
}

void TrafficChart::drawForeground(QPainter *painter, const QRectF &)
{
    const Colours colours = coloursFor(palette());
    const QRectF plot = m_chart->mapRectToScene(m_chart->plotArea());
    const auto x = [&plot](double secondsAgo) { return plot.right() + secondsAgo / span * plot.width(); };
    const double middle = m_chart->mapToScene(m_chart->mapToPosition({0, 0}, m_receive.edge)).y();

    painter->setPen(Qt::NoPen);
    for (const Gap &gap : std::as_const(m_gaps)) {
        const QRectF area(QPointF(x(gap.from), plot.top()), QPointF(x(gap.to), plot.bottom()));
        painter->setBrush(QBrush(colours.border, Qt::BDiagPattern));
        painter->drawRect(area);
        const QString text = tr("not measured");
        painter->setPen(colours.muted);
        if (area.width() > QFontMetricsF(font()).horizontalAdvance(text) + 24) {
            const QRectF words = QRectF(QFontMetricsF(font()).boundingRect(text)).adjusted(-8, -3, 8, 3);
            QRectF chip(QPointF(), words.size());
            chip.moveCenter({area.center().x(), plot.top() + plot.height() * 0.14});
            painter->setBrush(colours.card);
            painter->setPen(Qt::NoPen);
            painter->drawRoundedRect(chip, 6, 6);
            painter->setPen(colours.muted);
            painter->drawText(chip, Qt::AlignCenter, text);
        }
        painter->setPen(Qt::NoPen);
    }

    painter->setPen(QPen(colours.muted, 1));
    painter->drawLine(QPointF(plot.left(), middle), QPointF(plot.right(), middle));
}

} // namespace Nettally
