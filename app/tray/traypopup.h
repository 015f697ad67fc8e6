// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"
#include "historyrecord.h"

#include <QFrame>

#include <optional>
#include <vector>

class QLabel;
class QProgressBar;

namespace Nettally {

class ElidedLabel;
class LiveModel;
class TrafficHistory;

/// What a history holds of today and of this month; none where it is not known.
struct TraySums {
    QString until; ///< the time of day of the last full minute
    std::optional<TrafficSums> today;
    std::optional<TrafficSums> month;
};

/// A small window at the tray: rates, the programs that move most now, today and this month. Goes away when
/// another window is used.
class TrayPopup : public QFrame {
    Q_OBJECT

public:
    /// Must not outlive the models.
    TrayPopup(LiveModel &model, TrafficHistory &history, QWidget *parent = nullptr);

    void setSums(const TraySums &sums);
    /// The one that is used up most is shown; none: there is no budget.
    void setBudgets(const QList<AlertBudget> &budgets);
    /// What is wrong with the helper; empty when nothing is.
    void setProblem(const QString &problem);
    /// Shows it beside @p corner, where the pointer is, and whole on that screen.
    void showAt(const QPoint &corner);

Q_SIGNALS:
    void windowRequested();

protected:
    bool event(QEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    struct Line {
        QLabel *name;
        QLabel *rx;
        QLabel *tx;
    };
    Line addLine(int row);
    void refresh();
    void showSums();
    void showBudget();
    void applyPalette();

    LiveModel &m_model;
    TrafficHistory &m_history;
    TraySums m_sums;
    Line m_now;
    std::vector<Line> m_talkers;
    QLabel *m_quiet;
    Line m_today;
    Line m_month;
    std::optional<AlertBudget> m_budget;
    ElidedLabel *m_budgetName;
    QLabel *m_budgetUsed;
    QProgressBar *m_budgetBar;
    QLabel *m_problem;
};

} // namespace Nettally
