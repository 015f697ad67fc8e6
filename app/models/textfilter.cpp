// SPDX-License-Identifier: MIT
#include "textfilter.h"

namespace Nettally {

TextFilter::TextFilter(QObject *parent)
    : QSortFilterProxyModel(parent)
{
    setRecursiveFilteringEnabled(true);
    setAutoAcceptChildRows(true);
    setFilterRole(SearchableRows::searchRole);
}

void TextFilter::setSourceModel(QAbstractItemModel *model)
{
    m_rows = dynamic_cast<const SearchableRows *>(model);
    QSortFilterProxyModel::setSourceModel(model);
}

void TextFilter::setText(const QString &text)
{
    const QString trimmed = text.trimmed();
    if (trimmed == m_text)
        return;
    m_text = trimmed;
    invalidateFilter();
}

void TextFilter::sort(int column, Qt::SortOrder order)
{
    if (sourceModel())
        sourceModel()->sort(column, order);
}

bool TextFilter::filterAcceptsRow(int sourceRow, const QModelIndex &sourceParent) const
{
    return m_text.isEmpty() || !m_rows
        || m_rows->matches(sourceModel()->index(sourceRow, 0, sourceParent), m_text);
}

} // namespace Nettally
