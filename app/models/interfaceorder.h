// SPDX-License-Identifier: MIT
#pragma once

#include <QSortFilterProxyModel>

namespace Nettally {

/// The rows of an InterfaceModel by any column; the sum of an interface always comes last. Without a column
/// the order is that of the books.
class InterfaceOrder : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit InterfaceOrder(QObject *parent = nullptr);

protected:
    bool lessThan(const QModelIndex &left, const QModelIndex &right) const override;
};

} // namespace Nettally
