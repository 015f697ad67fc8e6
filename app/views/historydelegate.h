// SPDX-License-Identifier: MIT
#pragma once

#include "figuredelegate.h"

namespace Nettally {

/// Cells of the history's table: in the column of the course a small graph of it.
class HistoryDelegate : public FigureDelegate {
    Q_OBJECT

public:
    using FigureDelegate::FigureDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
};

} // namespace Nettally
