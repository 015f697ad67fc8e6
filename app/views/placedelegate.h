// SPDX-License-Identifier: MIT
#pragma once

#include "figuredelegate.h"

#include <QHash>

namespace Nettally {

/// Cells as FigureDelegate's, with the flag of a country before its name and a bar behind a share.
class PlaceDelegate : public FigureDelegate {
    Q_OBJECT

public:
    using FigureDelegate::FigureDelegate;

    void paint(QPainter *painter, const QStyleOptionViewItem &asked, const QModelIndex &index) const override;

    /// The two letters as a flag where @p font has one; else empty.
    static QString flagOf(const QString &countryCode, const QFont &font);

private:
    void paintBadge(QPainter *painter, const QRect &place, const QStyleOptionViewItem &option,
                    const QString &code) const;

    mutable QHash<QString, QString> m_flags; ///< by code, of the font asked last
    mutable QFont m_font;
};

} // namespace Nettally
