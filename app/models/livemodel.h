// SPDX-License-Identifier: MIT
#pragma once

#include "rate.h"
#include "remotename.h"
#include "textfilter.h"
#include "tone.h"
#include "trafficcounts.h"
#include "units.h"
#include "usagebook.h"

#include <QAbstractItemModel>

#include <memory>
#include <vector>

namespace Nettally {

/**
 * The programs that use the network and, below each, the remote addresses it talks to.
 *
 * Both measures of a row are kept; columns and order are of the one chosen. A remote, or the row of the
 * kernel's own packets, that has no bytes by that measure and no open sockets is not shown.
 *
 * Sorts itself. Rows come and go with fine-grained signals, figures change with one ranged dataChanged a
 * parent; only a new instance of the helper resets it. Indexes carry pointers as internal ids, because
 * QModelIndex hashes small numbers badly.
 */
class LiveModel : public QAbstractItemModel, public SearchableRows {
    Q_OBJECT

public:
    enum Column { Name, Pid, User, ReceiveRate, SendRate, Received, Sent, Connections, ColumnCount };
    enum Role {
        SortRole = Qt::UserRole, ///< the raw figure: bytes, bytes per second, count; invalid when not known
        EndedRole, ///< bool: the program has exited
        ProgramRole, ///< bool: a program, not a remote address
    };

    /// A program and what it moves now, for a short list.
    struct Talker {
        QString name;
        QString toolTip;
        double rxBytesPerSecond = 0;
        double txBytesPerSecond = 0;
    };

    explicit LiveModel(QObject *parent = nullptr);
    ~LiveModel() override;

    void apply(const UsageBook &book, const UsageChange &change);

    /// While paused apply() counts on, but nothing of it is shown until the pause ends.
    void setPaused(bool paused);
    bool isPaused() const { return m_isPaused; }
    void setUnitStyle(UnitStyle style);
    UnitStyle unitStyle() const { return m_style; }
    /// Also while paused, of what is shown.
    void setMeasure(Measure measure);
    Measure measure() const { return m_measure; }
    void setMeasured(CountsMeasured measured) { m_measured = measured; }
    /// Where the names of remotes are from; must outlive the model's last apply().
    void setNameBook(NameBook *book) { m_names = book; }
    /// The book learnt something: names are asked for anew with the next apply().
    void renewNames() { m_areNamesOld = true; }
    /// Also while paused, of what is shown: names of remotes where they are known, or addresses alone.
    void setNamesShown(bool shown);

    /// In name, executable, process id, user, or in name and address of a remote.
    bool matches(const QModelIndex &index, const QString &text) const override;
    /// At most @p count programs with traffic as shown, the busiest first.
    QList<Talker> busiest(int count) const;

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &index) const override;
    bool hasChildren(const QModelIndex &parent = {}) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    struct Figures;
    struct Node;
    struct RemoteNode;
    struct ProgramNode;

    static Node *node(const QModelIndex &index);
    static const ProgramNode *asProgram(const Node *node);
    QModelIndex indexOf(const Node *node, int column = 0) const;
    ProgramNode *liveProgram(const UsageChange::Growth &growth, const UsageBook &book,
                             const UsageChange &change);
    static void describe(ProgramNode &program, const UsageBook &book);
    static void grow(Node &node, const UsageChange::Growth &growth);
    void forgetInstance();
    void advance(quint64 timeNs);

    void publish();
    void removeGone();
    bool isEmpty(const Node &node) const;
    void hideEmpty();
    void insertPending();
    void showFigures();
    void askForNames();
    void announceFigures();
    void sortRows();
    bool precedes(const Node &a, const Node &b) const;

    QVariant display(const Node &node, int column) const;
    QVariant sortValue(const Node &node, int column) const;
    Tone tone(const Node &node, int column) const;
    QString toolTip(const ProgramNode &program) const;
    QString toolTip(const RemoteNode &remote) const;
    QString figuresToolTip(const Node &node) const;

    std::vector<std::unique_ptr<ProgramNode>> m_rows; ///< as shown, in order
    std::vector<std::unique_ptr<ProgramNode>> m_pending; ///< counted, not shown
    QHash<quint32, ProgramNode *> m_programs; ///< of the instance, by id; in m_rows or m_pending
    quint64 m_nowNs = 0; ///< CLOCK_BOOTTIME of the last reading
    UnitStyle m_style;
    Measure m_measure = Measure::Payload;
    CountsMeasured m_measured;
    int m_sortColumn = ReceiveRate;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
    NameBook *m_names = nullptr;
    bool m_areNamesShown = true;
    bool m_areNamesOld = false;
    bool m_isPaused = false;
    bool m_mustReset = false; ///< another instance began since the last publish()
};

} // namespace Nettally
