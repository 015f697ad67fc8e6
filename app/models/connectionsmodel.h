// SPDX-License-Identifier: MIT
#pragma once

#include "connection.h"
#include "remotename.h"
#include "textfilter.h"
#include "tone.h"
#include "units.h"

#include <QAbstractTableModel>

#include <vector>

namespace Nettally {

/**
 * The TCP connections, a row each, known by their cookies from one reading to the next.
 *
 * Sorts itself. Rows come and go with fine-grained signals, figures change with one ranged dataChanged; only
 * where more than half of the rows are gone it is reset.
 */
class ConnectionsModel : public QAbstractTableModel, public SearchableRows {
    Q_OBJECT

public:
    enum Column {
        ProgramName,
        Pid,
        Remote,
        Port, ///< the service's: the local one of accepted connections and listeners
        State,
        RoundTrip,
        Retransmits,
        Received,
        Sent,
        Age,
        Local,
        ColumnCount
    };
    enum Role {
        SortRole =
            Qt::UserRole, ///< the raw figure: bytes, microseconds, milliseconds; invalid when not known
    };

    explicit ConnectionsModel(QObject *parent = nullptr);

    void apply(const ConnectionList &list);

    /// While paused apply() keeps the last reading, which is shown when the pause ends.
    void setPaused(bool paused);
    void setUnitBase(UnitBase base);
    /// Where the names of remotes are from; must outlive the model's last apply().
    void setNameBook(NameBook *book) { m_names = book; }
    /// Names of remotes where they are known, or addresses alone.
    void setNamesShown(bool shown);

    /// In program, executable, process id, user, name, an address, a port or the state.
    bool matches(const QModelIndex &index, const QString &text) const override;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    struct Row {
        Connection connection;
        std::optional<Program> program; ///< not set: not known
        RemoteName remote;
    };

    void removeGone(const QHash<quint64, qsizetype> &places);
    void sortRows();
    bool precedes(const Row &a, const Row &b) const;
    static QString nameOf(const Row &row);
    std::optional<qint64> ageMs(const Row &row) const;
    QString display(const Row &row, int column) const;
    QVariant sortValue(const Row &row, int column) const;
    Tone tone(const Row &row, int column) const;
    QString toolTip(const Row &row) const;

    std::vector<Row> m_rows; ///< as shown, in order
    quint64 m_timeNs = 0;
    std::optional<ConnectionList> m_held; ///< while paused
    UnitBase m_base = UnitBase::Iec;
    int m_sortColumn = Received;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
    NameBook *m_names = nullptr;
    bool m_areNamesShown = true;
    bool m_isPaused = false;
};

} // namespace Nettally
