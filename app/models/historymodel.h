// SPDX-License-Identifier: MIT
#pragma once

#include "historygraph.h"
#include "historyrange.h"

#include <QAbstractTableModel>

namespace Nettally {

/// One restriction of what is asked: to a program, a remote address, a protocol or an interface.
struct HistoryStep {
    HistoryQuery::By by = HistoryQuery::By::Program;
    QString name; ///< for people
    QString program; ///< executable, or name where that is not known
    Address remote;
    quint8 protocol = 0;
    QString interfaceName;
    bool operator==(const HistoryStep &) const = default;
};

/// The rows of an answer of the history. Rows that stay keep their place and their indexes; order is up to a
/// sorting proxy, by SortRole.
class HistoryModel : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column { Name, Received, Sent, Share, Change, First, Last, Course, ColumnCount };
    enum Role {
        SortRole = Qt::UserRole + 1,
        FilterRole, ///< what a search looks in
        KeyRole, ///< which row it is, whatever its figures; empty: all others
        CourseRole, ///< QList<double>: bytes one after the other in time; empty: not known
    };

    using QAbstractTableModel::QAbstractTableModel;

    /// @p isCompared: the rows know the period before.
    void setRows(const HistoryQuery &query, const HistoryAnswer &answer, const HistoryRange &range,
                 bool isCompared);
    void setMeasure(Measure measure);
    void setUnitStyle(UnitStyle style);

    /// The step to what is behind the row; none: it cannot be told apart further.
    std::optional<HistoryStep> stepOf(const QString &key) const;
    /// "+12 %", "new"; @p now and @p before are bytes.
    static QString changeText(std::optional<double> change);
    /// None: not known; infinite: there was nothing before.
    static std::optional<double> changeOf(const TrafficSums &now, const TrafficSums &before, Measure measure);
    static QString nameOf(HistoryQuery::By by, const HistoryRow &row);
    static QString keyOf(HistoryQuery::By by, const HistoryRow &row);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row {
        QString key;
        QString name;
        HistoryRow figures;
        bool isRest = false;
    };

    QString text(const Row &row, int column) const;
    QVariant sortValue(const Row &row, int column) const;
    QString toolTip(const Row &row) const;
    std::optional<double> shareOf(const Row &row) const;
    std::optional<double> changeOf(const Row &row) const;
    QList<double> courseOf(const Row &row) const;
    void redraw();

    QList<Row> m_rows;
    HistoryQuery::By m_by = HistoryQuery::By::Program;
    HistoryRow m_total;
    HistoryRange m_range;
    bool m_isCompared = false;
    Measure m_measure = Measure::Payload;
    UnitStyle m_style;
};

} // namespace Nettally
