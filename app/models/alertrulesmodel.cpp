// SPDX-License-Identifier: MIT
#include "alertrulesmodel.h"

#include "tone.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>

namespace Nettally {

void AlertRulesModel::setRules(const QList<AlertRule> &rules)
{
    const bool isSameList = std::equal(rules.cbegin(), rules.cend(), m_rules.cbegin(), m_rules.cend(),
                                       [](const AlertRule &a, const AlertRule &b) { return a.id == b.id; });
    if (isSameList) {
        m_rules = rules;
        redraw();
        return;
    }
    beginResetModel();
    m_rules = rules;
    endResetModel();
}

void AlertRulesModel::setBudgets(const QList<AlertBudget> &budgets)
{
    m_budgets = budgets;
    redraw();
}

void AlertRulesModel::setUnitBase(UnitBase base)
{
    m_base = base;
    redraw();
}

void AlertRulesModel::redraw()
{
    if (!m_rules.isEmpty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

const AlertRule &AlertRulesModel::rule(const QModelIndex &index) const
{
    return m_rules.at(index.row());
}

int AlertRulesModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rules.size());
}

int AlertRulesModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

const AlertBudget *AlertRulesModel::budgetOf(const AlertRule &rule) const
{
    const auto found = std::find_if(m_budgets.cbegin(), m_budgets.cend(),
                                    [&rule](const AlertBudget &budget) { return budget.ruleId == rule.id; });
    return found == m_budgets.cend() ? nullptr : &*found;
}

QVariant AlertRulesModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const AlertRule &rule = m_rules.at(index.row());
    const AlertBudget *budget = rule.isEnabled ? budgetOf(rule) : nullptr;
    const bool isSentence = index.column() == Sentence;
    switch (role) {
    case Qt::DisplayRole:
        if (isSentence)
            return alertSentence(rule, m_base);
        if (rule.kind != AlertKind::Budget)
            return QString();
        return budget
            ? tr("%1 of %2")
                  .arg(formatBytes(budget->usedBytes, m_base), formatBytes(budget->limitBytes, m_base))
            : unknownText();
    case Qt::ToolTipRole:
        if (isSentence)
            return alertSentence(rule, m_base).toHtmlEscaped();
        if (!budget)
            return {};
        return budget->projectedBytes
            ? tr("At the pace of the past days %1 by %2.")
                  .arg(formatBytes(*budget->projectedBytes, m_base),
                       QLocale().toString(QDateTime::fromSecsSinceEpoch(budget->toUtcS - 1).date(),
                                          QLocale::ShortFormat))
            : tr("Where it is heading is told after three days of traffic.");
    case Qt::CheckStateRole:
        return isSentence ? QVariant(rule.isEnabled ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::TextAlignmentRole:
        return headerData(index.column(), Qt::Horizontal, role);
    case toneRole:
        return int(!rule.isEnabled                                                        ? Tone::Muted
                       : !isSentence && budget && budget->usedBytes >= budget->limitBytes ? Tone::Warning
                                                                                          : Tone::Plain);
    default:
        return {};
    }
}

QVariant AlertRulesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(Qt::Alignment(section == Used ? Qt::AlignRight | Qt::AlignVCenter
                                                                 : Qt::AlignLeft | Qt::AlignVCenter));
    if (role != Qt::DisplayRole)
        return {};
    return section == Sentence ? tr("Rule") : tr("Used");
}

Qt::ItemFlags AlertRulesModel::flags(const QModelIndex &index) const
{
    const Qt::ItemFlags flags = QAbstractTableModel::flags(index);
    return index.isValid() && index.column() == Sentence ? flags | Qt::ItemIsUserCheckable : flags;
}

bool AlertRulesModel::setData(const QModelIndex &index, const QVariant &value, int role)
{
    if (!index.isValid() || index.column() != Sentence || role != Qt::CheckStateRole)
        return false;
    Q_EMIT enabledChosen(m_rules.at(index.row()).id, value.toInt() == Qt::Checked);
    return true;
}

} // namespace Nettally
