// SPDX-License-Identifier: MIT
#pragma once

#include <QStyledItemDelegate>

namespace Nettally {

/// Rows of a LiveModel: rates in their hue, idle figures and ended programs muted, room to breathe.
class LiveDelegate : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;
    QSize sizeHint(const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

} // namespace Nettally
