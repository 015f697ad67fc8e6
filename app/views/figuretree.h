// SPDX-License-Identifier: MIT
#pragma once

#include <QTreeView>

#include <functional>

class QMenu;

namespace Nettally {

/**
 * A tree of names and figures, as every page of ours shows it: rows of one height, a column, else the first,
 * that takes the room the others leave, columns that are remembered and can be hidden, copying as text with
 * tabs and as comma-separated values, ways from a row to what other pages know of it.
 */
class FigureTree : public QTreeView {
    Q_OBJECT

public:
    /// A way from a row to another page.
    struct Way {
        QString text; ///< for a menu
        std::function<void()> go;
    };
    using Ways = std::function<QList<Way>(const QModelIndex &)>;

    /// @p settings is the group of QSettings in which the columns are kept.
    explicit FigureTree(const QString &settings, QWidget *parent = nullptr);

    /// Once, after setModel(): the widest usual text of each column, but of the first where that is the wide
    /// one, and the first order; column -1 is the model's own. @p hidden are shown only when asked for.
    void setUpColumns(const QStringList &samples, int sortColumn, Qt::SortOrder order,
                      const QList<int> &hidden = {});
    /// Which column takes the room the others leave; before setUpColumns().
    void setWideColumn(int column) { m_wideColumn = column; }
    /// Columns that this table has nothing for now: neither shown nor offered. After setUpColumns().
    void setAbsentColumns(const QList<int> &columns);
    /// By column, the unit of its figures under @p role, in which they are copied as comma-separated values;
    /// where it is empty the text is.
    void setRawUnits(const QStringList &units, int role = Qt::UserRole);
    /// Enter and a double click take the first way; without one they open or close the row.
    void setWays(const Ways &ways);
    /// What can be done with any row: copying, the ways, explaining the figure of @p index.
    void addRowActions(QMenu &menu, const QModelIndex &index);
    /// Selects the row of this or a proxied model, whose parents are opened; false where it is not shown.
    bool showRow(const QModelIndex &index);
    /// While the model is there; the page's destructor is the last chance.
    void saveColumns() const;
    /// The colours of the page around it.
    void takePalette(const QPalette &page);

    void dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight,
                     const QList<int> &roles) override;

Q_SIGNALS:
    /// The user wants to know what this figure is.
    void explanationWanted(const QModelIndex &index);

protected:
    void resizeEvent(QResizeEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;

private:
    void restoreColumns();
    void fitWideColumn();
    QList<int> shownColumns() const;
    QModelIndexList selectedInOrder() const;
    void copySelection() const;
    void copySelectionAsCsv() const;
    void enter(const QModelIndex &index);
    void showHeaderMenu(const QPoint &position);

    QString m_headerKey;
    QString m_columnsKey;
    QString m_wideWidthKey;
    QStringList m_samples;
    QList<int> m_hiddenColumns;
    int m_wideColumn = 0;
    int m_sortColumn = -1;
    Qt::SortOrder m_sortOrder = Qt::AscendingOrder;
    QAction *m_copy;
    QAction *m_copyCsv;
    QAction *m_explain;
    QList<int> m_absentColumns;
    QStringList m_rawUnits;
    int m_rawRole = Qt::UserRole;
    Ways m_ways;
    bool m_isSetUp = false;
    bool m_isWideWidthChosen = false; ///< by hand: it no longer follows the window
    bool m_isFitting = false;
};

} // namespace Nettally
