// SPDX-License-Identifier: MIT
#pragma once

#include "units.h"

#include <QChartView>

class QAreaSeries;
class QLineSeries;
class QValueAxis;

namespace Nettally {

class TrafficHistory;

/// The rates of the last five minutes, received above the middle line, sent below it, on one scale.
/// Time that was not measured is hatched. Grid and labels are our own: those of
/// the axes are cut off at the edges and lag behind a change of size.
class TrafficChart : public QChartView {
    Q_OBJECT

public:
    explicit TrafficChart(const TrafficHistory &history, QWidget *parent = nullptr);

    void setUnitStyle(UnitStyle style);
    /// Takes over the history as it is now.
    void refresh();

    QSize sizeHint() const override { return {640, 300}; }
    QSize minimumSizeHint() const override { return {260, 160}; }

protected:
    void changeEvent(QEvent *event) override;
    void drawBackground(QPainter *painter, const QRectF &rect) override;
    void drawForeground(QPainter *painter, const QRectF &rect) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    struct Side {
        QLineSeries *edge = nullptr; ///< owned by the chart
        QLineSeries *upper = nullptr;
        QLineSeries *lower = nullptr;
        QAreaSeries *area = nullptr;
    };
    struct Gap {
        double from = 0; ///< seconds before now, below zero
        double to = 0;
    };

    Side addSide(const QString &name);
    void applyPalette();
    void setScale(double rxPeak, double txPeak);
    void placePlot();
    QFont labelFont() const;
    void drawGaps(QPainter &painter, const QRectF &plot) const;
    void drawLabels(QPainter &painter, const QRectF &plot) const;

    const TrafficHistory &m_history;
    UnitStyle m_style;
    QChart *m_chart;
    QValueAxis *m_time;
    QValueAxis *m_rate;
    Side m_receive;
    Side m_send;
    QList<Gap> m_gaps;
    double m_step = 0; ///< bytes per second between two lines of the grid
    int m_stepsUp = 0;
    int m_stepsDown = 0;
};

} // namespace Nettally
