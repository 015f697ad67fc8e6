// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"

#include <QAbstractTableModel>

namespace Nettally {

/// The rules, a sentence each, to be switched on and off by their boxes.
class AlertRulesModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Sentence, Used, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    void setRules(const QList<AlertRule> &rules);
    void setBudgets(const QList<AlertBudget> &budgets);
    void setUnitBase(UnitBase base);
    const AlertRule &rule(const QModelIndex &index) const;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    Qt::ItemFlags flags(const QModelIndex &index) const override;
    /// Changes nothing itself: enabledChosen() asks for it.
    bool setData(const QModelIndex &index, const QVariant &value, int role) override;

Q_SIGNALS:
    void enabledChosen(const QString &ruleId, bool isEnabled);

private:
    const AlertBudget *budgetOf(const AlertRule &rule) const;
    void redraw();

    QList<AlertRule> m_rules;
    QList<AlertBudget> m_budgets;
    UnitBase m_base = UnitBase::Iec;
};

} // namespace Nettally
