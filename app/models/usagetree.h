// SPDX-License-Identifier: MIT
#pragma once

#include "figure.h"
#include "rate.h"
#include "textfilter.h"
#include "tone.h"
#include "trafficcounts.h"
#include "units.h"
#include "usagebook.h"

#include <QAbstractItemModel>
#include <QSet>

#include <array>
#include <memory>
#include <vector>

namespace Nettally {

/**
 * What moves now as a tree whose leaves are programs; what is above them is up to who derives from it.
 *
 * Programs of one name and executable are one leaf. The figures of a row are the sums of its children's; only
 * leaves are counted. What ended programs moved stays in their leaf, until the helper tells other programs
 * than before: then only what it told of is kept. Both measures are kept; a row without bytes by the measure
 * chosen and without open sockets is not shown.
 *
 * Sorts itself. Rows come and go with fine-grained signals, figures change with one ranged dataChanged a
 * parent; a new instance of the helper resets it. Indexes carry pointers as internal ids.
 */
class UsageTree : public QAbstractItemModel, public SearchableRows {
    Q_OBJECT

public:
    enum Role {
        SortRole = Qt::UserRole, ///< the raw figure: bytes, bytes per second, count; invalid when not known
        ShareRole, ///< double, 0 to 1: of all bytes in the tree; invalid where there are none
        ProgramRole, ///< the name of a program's row; invalid for others
        ExecutableRole, ///< its executable, empty where that is not known; invalid for other rows
    };

    ~UsageTree() override;

    void apply(const UsageBook &book, const UsageChange &change);

    /// While paused apply() counts on, but nothing of it is shown until the pause ends.
    void setPaused(bool paused);
    bool isPaused() const { return m_isPaused; }
    /// While nobody sees it apply() counts on and shows nothing.
    void setSeen(bool seen);
    /// Shows what is counted, unless paused.
    void refresh();
    void setUnitStyle(UnitStyle style);
    /// Also while paused, of what is shown.
    void setMeasure(Measure measure);
    Measure measure() const { return m_measure; }
    void setMeasured(CountsMeasured measured) { m_measured = measured; }

    bool matches(const QModelIndex &index, const QString &text) const override;

    QModelIndex index(int row, int column, const QModelIndex &parent = {}) const override;
    QModelIndex parent(const QModelIndex &index) const override;
    bool hasChildren(const QModelIndex &parent = {}) const override;
    int rowCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

protected:
    /// What is counted apart; what the tree does not tell apart is left at its default.
    struct LeafKey {
        Address remote;
        quint32 program = 0; ///< of m_labels
        quint16 servicePort = 0;
        quint8 protocol = 0;
        bool isServed = false; ///< by this machine
        bool operator==(const LeafKey &) const = default;
        friend size_t qHash(const LeafKey &key, size_t seed = 0) noexcept
        {
            return qHashMulti(seed, key.remote, key.program, key.servicePort, key.protocol, key.isServed);
        }
    };

    struct Figures {
        struct Rates {
            std::optional<double> rx; ///< bytes per second
            std::optional<double> tx;
            bool operator==(const Rates &) const = default;
        };
        TrafficCounts counts;
        qint64 openSockets = 0;
        std::array<Rates, measures.size()> rates; ///< by Measure
        quint64 firstSeenNs = 0; ///< CLOCK_BOOTTIME; 0: before we looked
        quint64 lastSeenNs = 0; ///< of bytes, likewise
        bool operator==(const Figures &) const = default;

        void add(const Figures &more);
        const Rates &ratesOf(Measure measure) const { return rates[size_t(measure)]; }
        quint64 bytes(Measure measure) const { return counts.rxBytes(measure) + counts.txBytes(measure); }
    };

    struct Node {
        Node() = default;
        virtual ~Node() = default;
        Q_DISABLE_COPY_MOVE(Node)
        virtual bool isLeaf() const { return false; }

        Node *parent = nullptr; ///< null: the root
        int row = -1; ///< among what is shown; below zero: pending
        std::vector<std::unique_ptr<Node>> rows; ///< as shown, in order
        std::vector<std::unique_ptr<Node>> pending; ///< counted, not shown
        Figures counted; ///< as of the last reading; rates and sums only once published
        Figures shown;
        QString programs; ///< the names below, for people
        bool isGone = false; ///< to be removed with the next publish()
        bool mustName = true; ///< what is below is not in programs yet
    };

    /// A program's name, for as many processes as bear it.
    struct Label {
        QString name;
        QString executable;
        ProgramKind kind = ProgramKind::Program;
        bool operator==(const Label &) const = default;
        friend size_t qHash(const Label &label, size_t seed = 0) noexcept
        {
            return qHashMulti(seed, label.name, label.executable, quint8(label.kind));
        }
    };

    struct Leaf : Node {
        bool isLeaf() const override { return true; }

        LeafKey key;
        std::array<RateMeter, measures.size()> rx; ///< by Measure
        std::array<RateMeter, measures.size()> tx;
        quint64 touchedNs = 0; ///< CLOCK_BOOTTIME of the last growth
        quint32 contributors = 0; ///< programs that have not ended long since
    };

    /// @p keptNs: how long a leaf is kept after its last byte once its programs have ended; 0: for ever.
    UsageTree(int sortColumn, quint64 keptNs, QObject *parent);

    /// The key of what grew; its program is set by the caller.
    virtual LeafKey keyOf(const UsageChange::Growth &growth) const = 0;
    /// Where the leaf belongs; what is missing above it is made, with adopt().
    virtual Node *parentOf(const LeafKey &key) = 0;
    /// @p node, no leaf, is about to be destroyed.
    virtual void forget(const Node &node) = 0;
    /// Everything is destroyed.
    virtual void forgetAll() = 0;
    /// Before what was counted is shown: names may be others, and rows belong elsewhere.
    virtual void renew() { }
    virtual Figure figureOf(int column) const = 0;
    virtual QString heading(int column) const = 0;
    /// Of what is neither a figure nor a leaf's name.
    virtual QString text(const Node &node, int column) const = 0;
    virtual Tone textTone(const Node &node, int column) const;
    /// Of a row that is no leaf, without its figures.
    virtual QString explanation(const Node &node) const = 0;
    /// Whether a row that is no leaf holds it.
    virtual bool holds(const Node &node, const QString &text) const = 0;
    /// By a column of text, else column -1: a total order of what is below one parent, leaves left out.
    virtual int compare(const Node &a, const Node &b, int column) const = 0;
    virtual QVariant more(const Node &node, int column, int role) const;

    Node &root() { return *m_root; }
    /// Puts a row below @p parent, to be shown with the next publish().
    template <typename Kind>
    Kind *adopt(Node &parent, std::unique_ptr<Kind> child)
    {
        Kind *kept = child.get();
        keep(parent, std::move(child));
        return kept;
    }
    /// Takes a row with all below it out of the tree; views are told.
    std::unique_ptr<Node> release(Node &node);
    void keep(Node &parent, std::unique_ptr<Node> child);
    const Label &labelOf(const Leaf &leaf) const { return m_labels.at(leaf.key.program); }
    /// Of the rows shown and those that wait.
    template <typename Action>
    static void forEachChild(const Node &node, const Action &action)
    {
        for (const auto *children : {&node.rows, &node.pending}) {
            for (const auto &child : *children)
                action(*child);
        }
    }
    static Node *node(const QModelIndex &index) { return static_cast<Node *>(index.internalPointer()); }
    QModelIndex indexOf(const Node *node, int column = 0) const;
    /// The text of these columns is another, for the row and all below.
    void announceText(const Node &parent, int firstColumn, int lastColumn);
    void sortRows();
    void publish();
    UnitStyle unitStyle() const { return m_style; }

private:
    struct ShareKey {
        quint32 programId = 0;
        LeafKey leaf;
        bool operator==(const ShareKey &) const = default;
        friend size_t qHash(const ShareKey &key, size_t seed = 0) noexcept
        {
            return qHashMulti(seed, key.programId, key.leaf);
        }
    };
    /// What one program has in a leaf.
    struct Share {
        Leaf *leaf = nullptr;
        TrafficCounts counts;
        qint64 openSockets = 0;
    };

    void grow(const UsageChange::Growth &growth, const UsageBook &book, const UsageChange &change);
    quint32 labelIndexOf(quint32 programId, const UsageBook &book);
    void forgetInstance();
    void forgetVanished(const QList<quint32> &programIds);
    void forgetEnded(quint64 timeNs);
    void advance(quint64 timeNs);
    void addUp(Node &node);
    bool isEmpty(const Node &node) const;
    bool isInModel(const Node &node) const;
    void settle(Node &node, bool isShown);
    void drop(std::unique_ptr<Node> node);
    void nameProgramsOf(Node &node);
    void announceNames(Node &node);
    bool showFigures(Node &node, std::pair<int, int> columns);
    bool hasShares() const;
    void announceFigures(const Node &node);
    void gatherUnsorted(Node &node, std::vector<Node *> &unsorted) const;
    bool precedes(const Node &a, const Node &b) const;
    std::pair<int, int> figureColumns() const;

    QString display(const Node &node, int column) const;
    QVariant sortValue(const Node &node, int column) const;
    std::optional<double> shareOf(const Node &node) const;
    Tone tone(const Node &node, int column) const;
    QString toolTip(const Node &node) const;

    std::unique_ptr<Node> m_root = std::make_unique<Node>();
    std::unique_ptr<Node> m_stale; ///< what is shown of another instance, while paused
    QHash<LeafKey, Leaf *> m_leaves;
    QHash<ShareKey, Share> m_shares;
    QHash<quint32, quint32> m_labelIndexes; ///< by program id
    QHash<Label, quint32> m_knownLabels;
    QList<Label> m_labels;
    QHash<quint32, quint64> m_ended; ///< program id to CLOCK_BOOTTIME
    const quint64 m_keptNs;
    quint64 m_nowNs = 0; ///< CLOCK_BOOTTIME of the last reading
    UnitStyle m_style;
    Measure m_measure = Measure::Payload;
    CountsMeasured m_measured;
    int m_sortColumn;
    Qt::SortOrder m_sortOrder = Qt::DescendingOrder;
    bool m_isPaused = false;
    bool m_isSeen = true;
};

} // namespace Nettally
