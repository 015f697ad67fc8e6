// SPDX-License-Identifier: MIT
#pragma once

#include <QTreeView>

namespace Nettally {

/**
 * A tree of names and figures, as every page of ours shows it: rows of one height, a first column that takes
 * the room the others leave, columns that are remembered and can be hidden, copying as text with tabs.
 */
class FigureTree : public QTreeView {
    Q_OBJECT

public:
    /// @p settings is the group of QSettings in which the columns are kept.
    explicit FigureTree(const QString &settings, QWidget *parent = nullptr);

    /// Once, after setModel(): the widest usual text of each column but the first, and the first order;
    /// column -1 is the model's own.
    void setUpColumns(const QStringList &samples, int sortColumn, Qt::SortOrder order);
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
    void fitNameColumn();
    void copySelection() const;
    void showHeaderMenu(const QPoint &position);

    QString m_headerKey;
    QString m_nameWidthKey;
    QStringList m_samples;
    int m_sortColumn = -1;
    Qt::SortOrder m_sortOrder = Qt::AscendingOrder;
    QAction *m_copy;
    bool m_isSetUp = false;
    bool m_isNameWidthChosen = false; ///< by hand: it no longer follows the window
    bool m_isFitting = false;
};

} // namespace Nettally
