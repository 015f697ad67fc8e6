// SPDX-License-Identifier: MIT
#pragma once

#include <QTreeView>

namespace Nettally {

/**
 * A tree of names and figures, as every page of ours shows it: rows of one height, a column, else the first,
 * that takes the room the others leave, columns that are remembered and can be hidden, copying as text with
 * tabs.
 */
class FigureTree : public QTreeView {
    Q_OBJECT

public:
    /// @p settings is the group of QSettings in which the columns are kept.
    explicit FigureTree(const QString &settings, QWidget *parent = nullptr);

    /// Once, after setModel(): the widest usual text of each column, but of the first where that is the wide
    /// one, and the first order; column -1 is the model's own. @p hidden are shown only when asked for.
    void setUpColumns(const QStringList &samples, int sortColumn, Qt::SortOrder order,
                      const QList<int> &hidden = {});
    /// Which column takes the room the others leave; before setUpColumns().
    void setWideColumn(int column) { m_wideColumn = column; }
    /// While the model is there; the page's destructor is the last chance.
    void saveColumns() const;
    QAction *copyAction() const { return m_copy; }
    /// The colours of the page around it.
    void takePalette(const QPalette &page);

    void dataChanged(const QModelIndex &topLeft, const QModelIndex &bottomRight,
                     const QList<int> &roles) override;

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    void restoreColumns();
    void fitWideColumn();
    void copySelection() const;
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
    bool m_isSetUp = false;
    bool m_isWideWidthChosen = false; ///< by hand: it no longer follows the window
    bool m_isFitting = false;
};

} // namespace Nettally
