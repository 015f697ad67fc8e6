// SPDX-License-Identifier: MIT
#include "measureswitch.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QToolButton>

namespace Nettally {

MeasureSwitch::MeasureSwitch(QWidget *parent)
    : QWidget(parent)
    , m_buttons(new QButtonGroup(this))
{
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    for (const Measure measure : {Measure::Network, Measure::Payload}) {
        auto *button = new QToolButton(this);
        button->setText(nameOf(measure));
        button->setCheckable(true);
        m_buttons->addButton(button, int(measure));
        layout->addWidget(button);
    }
    connect(m_buttons, &QButtonGroup::idClicked, this, [this](int id) { Q_EMIT measureChosen(Measure(id)); });
    setAccessibleName(tr("What is counted"));
    setReason({});
}

void MeasureSwitch::setMeasure(Measure measure)
{
    m_buttons->button(int(measure))->setChecked(true);
}

void MeasureSwitch::setReason(const QString &reason)
{
    for (const Measure measure : measures) {
        QAbstractButton *button = m_buttons->button(int(measure));
        button->setEnabled(reason.isEmpty());
        button->setToolTip(reason.isEmpty() ? explanationOf(measure) : reason);
        button->setAccessibleDescription(button->toolTip());
    }
}

QString MeasureSwitch::nameOf(Measure measure)
{
    return measure == Measure::Network ? tr("Network bytes") : tr("Payload");
}

QString MeasureSwitch::explanationOf(Measure measure)
{
    return measure == Measure::Network
        ? tr("IP packets as they cross the network, headers and retransmissions included")
        : tr("What the programs’ own calls sent and received, without headers");
}

} // namespace Nettally
