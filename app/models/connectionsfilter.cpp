// SPDX-License-Identifier: MIT
#include "connectionsfilter.h"

#include "connectionsmodel.h"

namespace Nettally {

ConnectionsFilter::ConnectionsFilter(QObject *parent)
    : QSortFilterProxyModel(parent)
{
    // Figures that change do not have every row filtered again.
    setFilterRole(ConnectionsModel::FilterRole);
}

void ConnectionsFilter::setText(const QString &text)
{
    const QString trimmed = text.trimmed();
    if (trimmed == m_text)
        return;
    m_text = trimmed;
    invalidateFilter();
}

void ConnectionsFilter::sort(int column, Qt::SortOrder order)
{
    if (sourceModel())
        sourceModel()->sort(column, order);
}

bool ConnectionsFilter::filterAcceptsRow(int sourceRow, const QModelIndex &) const
{
    const auto *model = qobject_cast<const ConnectionsModel *>(sourceModel());
    return m_text.isEmpty() || !model || model->matches(sourceRow, m_text);
}

} // namespace Nettally
