// SPDX-License-Identifier: MIT
#pragma once

#include "trafficcounts.h"

#include <QWidget>

class QButtonGroup;

namespace Nettally {

/// Two buttons of which one is down: whether figures are network bytes or payload.
class MeasureSwitch : public QWidget {
    Q_OBJECT

public:
    explicit MeasureSwitch(QWidget *parent = nullptr);

    void setMeasure(Measure measure);
    /// Why there is no choice, as a tooltip; empty where there is one.
    void setReason(const QString &reason);

    static QString nameOf(Measure measure);
    static QString explanationOf(Measure measure);

Q_SIGNALS:
    /// By the user.
    void measureChosen(Nettally::Measure measure);

private:
    QButtonGroup *m_buttons;
};

} // namespace Nettally
