// SPDX-License-Identifier: MIT
#pragma once

#include "historyrange.h"

#include <QWidget>

class QButtonGroup;
class QDateTimeEdit;
class QToolButton;

namespace Nettally {

/// Which time of the history is shown: hour, day, week, month, year or any, the one before and the next.
class HistoryRangeBar : public QWidget {
    Q_OBJECT

public:
    explicit HistoryRangeBar(QWidget *parent = nullptr);

    void setRange(const HistoryRange &range, qint64 nowUtcS);

Q_SIGNALS:
    void kindChosen(Nettally::HistoryRange::Kind kind);
    void customChosen(qint64 fromUtcS, qint64 toUtcS);
    void previousRequested();
    void nextRequested();

private:
    QToolButton *addButton(const QString &text, const QString &toolTip);
    /// The buttons as the range is, and not as somebody is about to choose.
    void showKind();
    void showCustom(bool isShown);

    HistoryRange m_range;
    QButtonGroup *m_kinds;
    QToolButton *m_previous;
    QToolButton *m_next;
    QWidget *m_custom;
    QDateTimeEdit *m_from;
    QDateTimeEdit *m_to;
};

} // namespace Nettally
