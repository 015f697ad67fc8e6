// SPDX-License-Identifier: MIT
#include "texttable.h"

#include "text.h"

#include <algorithm>
#include <numeric>

namespace Nettally::Cli {

namespace {

constexpr int minShrunkWidth = 8;

} // namespace

QList<int> TextTable::widths(int maxWidth) const
{
    QList<int> result;
    for (qsizetype column = 0; column < columns.size(); ++column) {
        int width = displayWidth(columns.at(column).title);
        for (const QStringList &row : rows) {
            width = std::max(width, displayWidth(row.at(column)));
        }
        result.append(width);
    }
    if (maxWidth <= 0) {
        return result;
    }
    int excess = std::accumulate(result.cbegin(), result.cend(), gap * (int(columns.size()) - 1)) - maxWidth;
    while (excess > 0) {
        // The widest gives way, column by column, so that none is cut while another is still roomy.
        qsizetype widest = -1;
        for (qsizetype column = 0; column < columns.size(); ++column) {
            if (columns.at(column).mayShrink && result.at(column) > minShrunkWidth
                && (widest < 0 || result.at(column) > result.at(widest))) {
                widest = column;
            }
        }
        if (widest < 0) {
            break;
        }
        --result[widest];
        --excess;
    }
    return result;
}

QString TextTable::cell(const QString &text, int width, bool isNumber)
{
    const QString cut = elided(text, width);
    const QString padding(std::max(0, width - displayWidth(cut)), u' ');
    return isNumber ? padding + cut : cut + padding;
}

QStringList TextTable::lines(int maxWidth) const
{
    const QList<int> columnWidths = widths(maxWidth);
    const auto line = [&](const auto &textOf) {
        QString result;
        for (qsizetype column = 0; column < columns.size(); ++column) {
            if (column > 0) {
                result += QString(gap, u' ');
            }
            result += cell(textOf(column), columnWidths.at(column), columns.at(column).isNumber);
        }
        while (result.endsWith(u' ')) {
            result.chop(1);
        }
        return result;
    };
    QStringList result = {line([this](qsizetype column) { return columns.at(column).title; })};
    for (const QStringList &row : rows) {
        result.append(line([&row](qsizetype column) { return row.at(column); }));
    }
    return result;
}

} // namespace Nettally::Cli
