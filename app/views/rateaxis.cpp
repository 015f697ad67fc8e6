// SPDX-License-Identifier: MIT
#include "rateaxis.h"

#include <QLocale>

#include <array>

namespace Nettally {

double niceRateStep(double peak, UnitStyle style)
{
    static constexpr std::array decimal = {1, 2, 5, 10, 20, 50, 100, 200, 500};
    static constexpr std::array binary = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    const double factor = style.rateUnit == RateUnit::Bits ? 8 : 1;
    const bool isBinary = style.base == UnitBase::Iec;
    const double wanted = peak * factor / 4;
    for (double unit = 1;; unit *= isBinary ? 1024 : 1000) {
        for (const int figure : isBinary ? binary : decimal) {
            if (figure * unit >= wanted)
                return figure * unit / factor;
        }
        if (isBinary && 512 * unit >= wanted)
            return 512 * unit / factor;
    }
}

QString roundRateText(double bytesPerSecond, UnitStyle style)
{
    QString text = formatRate(bytesPerSecond, style);
    const QString point = QLocale().decimalPoint();
    const qsizetype end = text.indexOf(QChar::Nbsp);
    const qsizetype from = text.indexOf(point);
    if (from < 0 || from > end)
        return text;
    qsizetype kept = end;
    while (kept > from && (text[kept - 1] == u'0' || kept == from + point.size()))
        --kept;
    return text.left(kept) + text.mid(end);
}

} // namespace Nettally
