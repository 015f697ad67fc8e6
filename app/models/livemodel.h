// SPDX-License-Identifier: MIT
#pragma once

#include "applicationfinder.h"
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
 * The applications that use the network; below each its processes and, below these, the remote addresses that
 * they talk to. Of an application with one process the row stands for both: its remotes are right below it.
 *
 * Both measures of a row are kept; columns and order are of the one chosen. A remote, or the row of the
 * kernel's own packets, that has no bytes by that measure and no open sockets is not shown.
 *
 * What a process moved counts for its application also when its own row is gone, for as long as the
 * application has others.
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
        EndedRole, ///< bool: the program, or each of the application, has exited
        LevelRole, ///< int, of Level
        PlainNameRole, ///< QString: the name without the number of processes
        KindRole, ///< int, of ApplicationKind; an application's only
        IconRole, ///< QString: Application::icon; an application's only
        ExecutableRole, ///< int, of ExecutableState; of an application the worst of its processes
    };
    enum class Level : quint8 { Application, Process, Remote };

    /// An application and what it moves now, for a short list.
    struct Talker {
        QString name;
        QString toolTip;
        double rxBytesPerSecond = 0;
        double txBytesPerSecond = 0;
    };

    explicit LiveModel(QObject *parent = nullptr);
    ~LiveModel() override;

    void apply(const UsageBook &book, const UsageChange &change);
    /// Which applications programs belong to; until it is told, each executable is one. They move at once.
    void identify(const QList<Identity> &identities);

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

    /// In name, executable, process id, user, unit, container, or in name and address of a remote.
    bool matches(const QModelIndex &index, const QString &text) const override;
    /// At most @p count applications with traffic as shown, the busiest first.
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
    struct MeteredNode;
    struct RemoteNode;
    struct ProgramNode;
    struct ApplicationNode;
    using ProgramNodes = std::vector<std::unique_ptr<ProgramNode>>;

    static Node *node(const QModelIndex &index);
    static const ApplicationNode *asApplication(const Node *node);
    static const ProgramNode *asProgram(const Node *node);
    /// The process that the row stands for, alone or as its application; null: several, or a remote.
    static const ProgramNode *processOf(const Node *node);
    QModelIndex indexOf(const Node *node, int column = 0) const;
    QModelIndex remotesParent(const ProgramNode &program) const;
    ProgramNode *liveProgram(const UsageChange::Growth &growth, const UsageBook &book,
                             const UsageChange &change);
    static void describe(ProgramNode &program, const UsageBook &book);
    static void grow(MeteredNode &node, const UsageChange::Growth &growth);
    void join(std::unique_ptr<ProgramNode> program);
    void forgetInstance();
    void advance(quint64 timeNs);

    void publish();
    void removeLeaving();
    bool isEmpty(const Node &node) const;
    void hideEmpty();
    void insertPending();
    void adoptPending(ApplicationNode &application) const;
    void arrange(ApplicationNode &application);
    void describeApplications();
    static void describe(ApplicationNode &application);
    void showFigures();
    void askForNames();
    void announceFigures();
    void sortRows();
    bool precedes(const Node &a, const Node &b) const;

    QString nameOf(const Node &node) const;
    QVariant display(const Node &node, int column) const;
    QVariant sortValue(const Node &node, int column) const;
    Tone tone(const Node &node, int column) const;
    QString accessibleText(const Node &node, int column) const;
    QString toolTip(const Node &node) const;
    static QStringList applicationLines(const Application &application);
    static QStringList programLines(const ProgramNode &program);
    static ExecutableState executableOf(const Node &node);

    std::vector<std::unique_ptr<ApplicationNode>> m_rows; ///< as shown, in order
    std::vector<std::unique_ptr<ApplicationNode>> m_pending; ///< counted, not shown
    QHash<QString, ApplicationNode *> m_applications; ///< of the instance, by key; in m_rows or m_pending
    QHash<quint32, ProgramNode *> m_programs; ///< of the instance, by id
    QHash<quint32, Identity> m_identities; ///< of programs without a row so far
    quint64 m_orderOfNext = 0;
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
