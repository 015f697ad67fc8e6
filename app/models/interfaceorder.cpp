// SPDX-License-Identifier: MIT
#include "interfaceorder.h"

#include "interfacemodel.h"

namespace Nettally {

InterfaceOrder::InterfaceOrder(QObject *parent)
    : QSortFilterProxyModel(parent)
{
    setSortRole(InterfaceModel::SortRole);
    setSortCaseSensitivity(Qt::CaseInsensitive);
}

bool InterfaceOrder::lessThan(const QModelIndex &left, const QModelIndex &right) const
{
    const bool isLeftSum = left.data(InterfaceModel::SumRole).toBool();
    const bool isRightSum = right.data(InterfaceModel::SumRole).toBool();
    if (isLeftSum != isRightSum)
        return sortOrder() == Qt::AscendingOrder ? isRightSum : isLeftSum;
    return QSortFilterProxyModel::lessThan(left, right);
}

} // namespace Nettally
