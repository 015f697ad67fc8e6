// SPDX-License-Identifier: MIT
#pragma once

#include "trafficcounts.h"
#include "units.h"

#include <QElapsedTimer>
#include <QWidget>

#include <vector>

class QBoxLayout;
class QFrame;
class QLabel;

namespace Nettally {

class ElidedLabel;
class InterfaceModel;
class LiveModel;
class TrafficChart;
class TrafficHistory;

/// The traffic of now and the last five minutes, the totals, and who is busiest.
class OverviewPage : public QWidget {
    Q_OBJECT

public:
    /// Reads all, and must not outlive them.
    OverviewPage(const TrafficHistory &history, const LiveModel &model, const InterfaceModel &interfaces,
                 QWidget *parent = nullptr);

    void setUnitStyle(UnitStyle style);
    /// While paused the page stays as it is.
    void setPaused(bool paused);
    /// What to say where nothing was measured yet.
    void setEmptyText(const QString &text);
    /// How long the helper has been counting; below zero: not known.
    void setCountingMs(qint64 milliseconds);
    void setMeasured(CountsMeasured measured);
    /// Why there are no books to balance; empty when there are.
    void setBooksProblem(const QString &problem);
    void refresh();

Q_SIGNALS:
    /// The reader wants to see the books.
    void interfacesRequested();

protected:
    void changeEvent(QEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void showEvent(QShowEvent *event) override;

private:
    struct Figure {
        QLabel *icon = nullptr;
        QLabel *caption = nullptr;
        QLabel *rate = nullptr;
        QLabel *total = nullptr;
    };
    struct Busy {
        QWidget *row = nullptr;
        ElidedLabel *name = nullptr;
        QLabel *rx = nullptr;
        QLabel *tx = nullptr;
        QWidget *bar = nullptr;
    };

    QFrame *makeFigure(Figure &figure, const QString &caption);
    QFrame *makeBusiest();
    void fitToSize();
    void showBooks();
    void applyPalette();

    const TrafficHistory &m_history;
    const LiveModel &m_model;
    const InterfaceModel &m_interfaces;
    UnitStyle m_style;
    bool m_isPaused = false;
    qint64 m_countingMs = -1; ///< as told when m_countingTold was started
    QElapsedTimer m_countingTold;
    QString m_emptyText;
    Figure m_receive;
    Figure m_send;
    TrafficChart *m_chart;
    QLabel *m_quiet = nullptr;
    std::vector<Busy> m_busiest;
    QFrame *m_busiestCard;
    int m_busiestCount = 5; ///< rows that have their place
    QBoxLayout *m_body;
    QLabel *m_books;
    QString m_booksProblem;
    CountsMeasured m_measured;
};

} // namespace Nettally
