// SPDX-License-Identifier: MIT
#include "livefilter.h"

#include "livemodel.h"

namespace Nettally {

LiveFilter::LiveFilter(QObject *parent)
    : QSortFilterProxyModel(parent)
{
    setRecursiveFilteringEnabled(true);
    setAutoAcceptChildRows(true);
    // A role that never changes: figures that do would have every row filtered again.
    setFilterRole(LiveModel::ProgramRole);
}

void LiveFilter::setText(const QString &text)
{
    const QString trimmed = text.trimmed();
    if (trimmed == m_text)
        return;
    m_text = trimmed;
    invalidateFilter();
}

void LiveFilter::sort(int column, Qt::SortOrder order)
{
    if (sourceModel())
        sourceModel()->sort(column, order);
}

bool LiveFilter::filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const
{
    if (m_text.isEmpty())
        return true;
    const auto *model = qobject_cast<const LiveModel *>(sourceModel());
    return !model || model->matches(model->index(sourceRow, 0, sourceParent), m_text);
}

} // namespace Nettally
