// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>
#include <QStringList>

namespace Nettally::Cli {

/// Columns of text for a terminal. Cells must be printable.
struct TextTable {
    enum class Meaning { Plain, Receive, Send };

    struct Column {
        QString title;
        bool isNumber = false; ///< stands to the right
        bool mayShrink = false; ///< gives way when the terminal is narrow
        Meaning meaning = Meaning::Plain;
    };

    QList<Column> columns;
    QList<QStringList> rows; ///< as many cells as columns

    static constexpr int gap = 2; ///< between columns

    /// Of each column, for @p maxWidth in all; 0: as wide as it takes. Columns that may shrink keep at
    /// least 8.
    QList<int> widths(int maxWidth) const;
    /// The text cut and padded to the column's width.
    static QString cell(const QString &text, int width, bool isNumber);
    /// The titles, then the rows.
    QStringList lines(int maxWidth) const;
};

} // namespace Nettally::Cli
