// SPDX-License-Identifier: MIT
#pragma once

#include "historygraph.h"
#include "units.h"

#include <QWidget>

namespace Nettally {

class HistoryBrowser;
struct Colours;

/**
 * The rates of the history by bucket, received above the middle line and sent below it, stacked by what is
 * listed, on one scale. Time that was not measured is hatched. The pointer or the arrow keys tell a bucket's
 * figures, a click or Enter picks what is under them.
 */
class HistoryChart : public QWidget {
    Q_OBJECT

public:
    /// Reads the browser and must not outlive it.
    explicit HistoryChart(const HistoryBrowser &browser, QWidget *parent = nullptr);

    void setUnitStyle(UnitStyle style);
    /// Takes over what was answered.
    void refresh();
    /// The graph as it is, without what the pointer tells, in a picture of that size.
    void paintPicture(QPainter &painter, const QSizeF &size) const;

    QSize sizeHint() const override { return {640, 260}; }
    QSize minimumSizeHint() const override { return {260, 150}; }

Q_SIGNALS:
    /// A row of the model was picked, by its key.
    void seriesActivated(const QString &key);

protected:
    bool event(QEvent *event) override;
    void focusOutEvent(QFocusEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void leaveEvent(QEvent *event) override;
    void mouseMoveEvent(QMouseEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void paintEvent(QPaintEvent *event) override;

private:
    /// Where the parts stand in a picture.
    struct Layout {
        QRectF plot;
        QRectF legend;
        double step = 0; ///< bytes per second between two lines of the grid
        int stepsUp = 1;
        int stepsDown = 1;

        double middle() const { return plot.top() + plot.height() * stepsUp / (stepsUp + stepsDown); }
        double heightOf(double rate) const { return rate / step * plot.height() / (stepsUp + stepsDown); }
    };
    struct LegendItem {
        QRectF place;
        qsizetype series = -1; ///< -1: "not measured"
        QString text;
    };

    Layout layoutFor(const QSizeF &size) const;
    QList<LegendItem> legendFor(double left, double width) const;
    QFont labelFont() const;
    double xOf(const Layout &layout, qint64 utcS) const;
    QColor colourOf(qsizetype series, bool isReceive) const;
    void paintAll(QPainter &painter, const Layout &layout, qsizetype highlighted) const;
    void paintGrid(QPainter &painter, const Layout &layout) const;
    void paintGaps(QPainter &painter, const Layout &layout) const;
    void paintStacks(QPainter &painter, const Layout &layout, qsizetype highlighted) const;
    void paintLabels(QPainter &painter, const Layout &layout) const;
    void paintLegend(QPainter &painter, const Layout &layout, qsizetype highlighted) const;
    void paintCursor(QPainter &painter, const Layout &layout) const;
    /// The parts of a bucket that were measured, or all of it where none was.
    QList<QPair<qint64, qint64>> measuredParts(qsizetype bucket) const;
    void setCursor(qsizetype bucket, qsizetype series);
    /// What is under a point: a series of the stack or the legend; -1: none.
    qsizetype seriesAt(const QPointF &point) const;
    QStringList cursorLines() const;

    const HistoryBrowser &m_browser;
    UnitStyle m_style;
    qsizetype m_bucket = -1; ///< of which the figures are told; -1: none
    qsizetype m_series = -1; ///< highlighted; -1: none
};

} // namespace Nettally
