// SPDX-License-Identifier: MIT
#pragma once

#include <QStyledItemDelegate>

namespace Nettally {

/// Cells in the colour of their tone, with room to breathe.
class FigureDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace Nettally
