// SPDX-License-Identifier: MIT
#pragma once

#include "figuredelegate.h"

#include <QHash>
#include <QIcon>

namespace Nettally {

/// The first column of the programs: before the name the application's icon, or one by its kind, and behind
/// it a warning where the executable is no longer the one that runs.
class ApplicationDelegate : public FigureDelegate {
    Q_OBJECT

public:
    using FigureDelegate::FigureDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override;

    /// Icons are drawn anew, as in another theme.
    void forgetIcons() { m_icons.clear(); }

private:
    QIcon iconOf(const QModelIndex &index, const QColor &colour) const;
    QIcon symbolIn(const QString &name, const QColor &colour) const;

    mutable QHash<QString, QIcon> m_icons; ///< of names and paths; a null one: there is none
};

} // namespace Nettally
