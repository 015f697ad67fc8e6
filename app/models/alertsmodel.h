// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"
#include "textfilter.h"

#include <QAbstractTableModel>

namespace Nettally {

/// The alerts that were told, a row each, by their numbers; sorts itself.
class AlertsModel : public QAbstractTableModel, public SearchableRows {
    Q_OBJECT

public:
    enum Column { Time, What, Subject, Amount, State, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// @p events the oldest first.
    void setEvents(const QList<AlertEvent> &events);
    void setUnitBase(UnitBase base);
    const AlertEvent &event(const QModelIndex &index) const;
    /// Of the event of that number; not valid if it is gone.
    QModelIndex indexOf(quint64 number) const;

    /// In what is told, program, executable or network.
    bool matches(const QModelIndex &index, const QString &text) const override;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    void sortRows();
    bool precedes(const AlertEvent &a, const AlertEvent &b) const;
    QString display(const AlertEvent &event, int column) const;

    QList<AlertEvent> m_rows; ///< as shown, in order
    UnitBase m_base = UnitBase::Iec;
    int m_sortColumn = Time;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
};

} // namespace Nettally
