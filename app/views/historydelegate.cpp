// SPDX-License-Identifier: MIT
#include "historydelegate.h"

#include "historymodel.h"
#include "palette.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace Nettally {

namespace {

constexpr int sideMargin = 10;
constexpr int verticalMargin = 5;

} // namespace

void HistoryDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option,
                            const QModelIndex &index) const
{
    FigureDelegate::paint(painter, option, index);
    if (index.column() != HistoryModel::Course)
        return;
    const auto course = index.data(HistoryModel::CourseRole).value<QList<double>>();
    const double most = course.isEmpty() ? 0 : *std::max_element(course.cbegin(), course.cend());
    if (most <= 0)
        return;
    const QRectF place =
        QRectF(option.rect).adjusted(sideMargin, verticalMargin, -sideMargin, -verticalMargin);
    const double width = place.width() / static_cast<double>(course.size());
    const QColor colour = coloursFor(option.palette).muted;
    for (qsizetype i = 0; i < course.size(); ++i) {
        if (course[i] <= 0)
            continue;
        // Whatever moved is to be seen.
        const double height = std::max(1.0, course[i] / most * place.height());
        const double left = std::round(place.left() + width * static_cast<double>(i));
        const double right =
            std::max(left + 1, std::round(place.left() + width * static_cast<double>(i + 1)));
        painter->fillRect(QRectF(left, place.bottom() - height, right - left, height), colour);
    }
}

} // namespace Nettally
