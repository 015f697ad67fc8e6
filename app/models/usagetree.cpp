// SPDX-License-Identifier: MIT
#include "usagetree.h"

#include "boottime.h"
#include "remotename.h"

#include <QFileInfo>
#include <QLocale>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// How long what an ended program had open, and may still report, is its own.
constexpr quint64 endedShownNs = 30'000'000'000;
constexpr qsizetype namedPrograms = 3;

/// Without SearchableRows::searchRole, so that a filter knows that what it filters on has not changed.
const QList<int> changingRoles = {Qt::DisplayRole, Qt::ToolTipRole,     Qt::AccessibleTextRole,
                                  toneRole,        UsageTree::SortRole, UsageTree::ShareRole};
const QList<int> textRoles = {Qt::DisplayRole, Qt::ToolTipRole,     Qt::AccessibleTextRole,
                              copyRole,        UsageTree::SortRole, SearchableRows::searchRole};

QString timeText(quint64 bootTimeNs)
{
    if (bootTimeNs == 0)
        return unknownText();
    const QDateTime time = wallClock(bootTimeNs);
    return time.date() == QDate::currentDate() ? QLocale().toString(time.time(), QLocale::ShortFormat)
                                               : QLocale().toString(time, QLocale::ShortFormat);
}

} // namespace

void UsageTree::Figures::add(const Figures &more)
{
    counts += more.counts;
    openSockets += more.openSockets;
    for (size_t i = 0; i < rates.size(); ++i) {
        if (more.rates[i].rx)
            rates[i].rx = rates[i].rx.value_or(0) + *more.rates[i].rx;
        if (more.rates[i].tx)
            rates[i].tx = rates[i].tx.value_or(0) + *more.rates[i].tx;
    }
    firstSeenNs = std::min(firstSeenNs, more.firstSeenNs);
    lastSeenNs = std::max(lastSeenNs, more.lastSeenNs);
}

UsageTree::UsageTree(int sortColumn, quint64 keptNs, QObject *parent)
    : QAbstractItemModel(parent)
    , m_keptNs(keptNs)
    , m_sortColumn(sortColumn)
{
}

UsageTree::~UsageTree() = default;

void UsageTree::apply(const UsageBook &book, const UsageChange &change)
{
    if (change.isNewInstance)
        forgetInstance();
    if (!change.vanished.isEmpty())
        forgetVanished(change.vanished);
    for (const quint32 id : change.programs)
        m_labelIndexes.remove(id);
    for (const UsageChange::Growth &growth : change.growths)
        grow(growth, book, change);
    for (const quint32 id : change.ended)
        m_ended.insert(id, change.endNs);
    forgetEnded(change.endNs);
    advance(change.endNs);
    if (m_isSeen)
        refresh();
}

void UsageTree::setPaused(bool paused)
{
    if (paused == m_isPaused)
        return;
    m_isPaused = paused;
    refresh();
}

void UsageTree::setSeen(bool seen)
{
    if (seen && !m_isSeen)
        refresh();
    m_isSeen = seen;
}

void UsageTree::refresh()
{
    if (!m_isPaused)
        publish();
}

void UsageTree::setUnitStyle(UnitStyle style)
{
    if (style == m_style)
        return;
    m_style = style;
    announceFigures(m_stale ? *m_stale : *m_root);
}

void UsageTree::setMeasure(Measure measure)
{
    if (measure == m_measure)
        return;
    m_measure = measure;
    // Which rows are empty by the other measure is a matter of the last reading, and waits for the pause.
    if (!m_isPaused) {
        settle(*m_root, true);
        showFigures(*m_root, figureColumns());
    }
    announceFigures(m_stale ? *m_stale : *m_root);
    const auto [first, last] = figureColumns();
    Q_EMIT headerDataChanged(Qt::Horizontal, first, last);
    sortRows();
}

bool UsageTree::matches(const QModelIndex &index, const QString &text) const
{
    const Node &of = *node(index);
    if (!of.isLeaf())
        return holds(of, text);
    const Label &label = labelOf(static_cast<const Leaf &>(of));
    return label.name.contains(text, Qt::CaseInsensitive)
        || label.executable.contains(text, Qt::CaseInsensitive);
}

QModelIndex UsageTree::indexOf(const Node *node, int column) const
{
    return node->parent ? createIndex(node->row, column, const_cast<Node *>(node)) : QModelIndex();
}

QModelIndex UsageTree::index(int row, int column, const QModelIndex &parent) const
{
    if (!hasIndex(row, column, parent))
        return {};
    const Node *above = parent.isValid() ? node(parent) : (m_stale ? m_stale : m_root).get();
    return createIndex(row, column, above->rows[size_t(row)].get());
}

QModelIndex UsageTree::parent(const QModelIndex &index) const
{
    return index.isValid() ? indexOf(node(index)->parent) : QModelIndex();
}

bool UsageTree::hasChildren(const QModelIndex &parent) const
{
    return rowCount(parent) > 0;
}

int UsageTree::rowCount(const QModelIndex &parent) const
{
    if (parent.isValid() && parent.column() != 0)
        return 0;
    const Node *above = parent.isValid() ? node(parent) : (m_stale ? m_stale : m_root).get();
    return int(above->rows.size());
}

QVariant UsageTree::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Node &of = *node(index);
    const int column = index.column();
    const auto *leaf = of.isLeaf() ? static_cast<const Leaf *>(&of) : nullptr;
    switch (role) {
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return display(of, column);
    case Qt::TextAlignmentRole:
        return headerData(column, Qt::Horizontal, role);
    case Qt::ToolTipRole:
        return toolTip(of);
    case SortRole:
        return sortValue(of, column);
    case ShareRole: {
        const std::optional<double> share = shareOf(of);
        return share ? QVariant(*share) : QVariant();
    }
    case ProgramRole:
        return leaf ? QVariant(labelOf(*leaf).name) : QVariant();
    case ExecutableRole:
        return leaf ? QVariant(labelOf(*leaf).executable) : QVariant();
    case toneRole:
        return int(tone(of, column));
    case figureRole:
        return int(figureOf(column));
    default:
        return leaf ? QVariant() : more(of, column, role);
    }
}

QVariant UsageTree::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const Figure figure = figureOf(section);
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter | (figure == Figure::None ? Qt::AlignLeft : Qt::AlignRight));
    }
    if (role == Qt::DisplayRole)
        return heading(section);
    if (role != Qt::ToolTipRole)
        return {};
    switch (figure) {
    case Figure::ReceiveRate:
    case Figure::SendRate:
        return tr("Averaged over the last few seconds");
    case Figure::Received:
    case Figure::Sent:
        return m_measure == Measure::Network
            ? tr("Since the helper started: IP packets, headers and retransmissions included")
            : tr("Since the helper started: what the programs’ calls received and sent, without headers");
    case Figure::Connections:
        return tr("Open network sockets");
    case Figure::Share:
        return tr("Of all that was received and sent since the helper started");
    case Figure::FirstSeen:
        return tr("When its first bytes were seen; a dash: before this window was opened");
    case Figure::LastSeen:
        return tr("When its last bytes were seen; a dash: before this window was opened");
    case Figure::None:
        break;
    }
    return {};
}

void UsageTree::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= columnCount())
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    sortRows();
}

QVariant UsageTree::more(const Node &, int, int) const
{
    return {};
}

Tone UsageTree::textTone(const Node &, int column) const
{
    return column == 0 ? Tone::Plain : Tone::Muted;
}

void UsageTree::grow(const UsageChange::Growth &growth, const UsageBook &book, const UsageChange &change)
{
    ShareKey key{growth.programId, keyOf(growth)};
    key.leaf.program = labelIndexOf(growth.programId, book);
    auto share = m_shares.find(key);
    if (share == m_shares.end()) {
        if (growth.isZero() && growth.openSockets == 0)
            return;
        Leaf *&leaf = m_leaves[key.leaf];
        if (!leaf) {
            auto made = std::make_unique<Leaf>();
            made->key = key.leaf;
            for (RateMeter *meter : {&made->rx[0], &made->rx[1], &made->tx[0], &made->tx[1]}) {
                if (growth.isBaseline)
                    meter->begin(0, change.endNs);
                else
                    meter->beginSilent(0, change.beginNs);
            }
            made->counted.firstSeenNs = growth.isBaseline ? 0 : change.endNs;
            leaf = adopt(*parentOf(key.leaf), std::move(made));
        }
        ++leaf->contributors;
        share = m_shares.insert(key, {leaf, {}, 0});
        // Its end was told before what it moved, or with the snapshot.
        if (book.hasEnded(growth.programId) && !m_ended.contains(growth.programId))
            m_ended.insert(growth.programId, change.endNs);
    }
    share->counts += growth;
    share->openSockets += growth.openSockets;
    Leaf &leaf = *share->leaf;
    leaf.isGone = false;
    leaf.touchedNs = change.endNs;
    leaf.counted.counts += growth;
    leaf.counted.openSockets += growth.openSockets;
    if (growth.isBaseline) {
        for (const Measure measure : measures) {
            leaf.rx[size_t(measure)].skip(growth.rxBytes(measure));
            leaf.tx[size_t(measure)].skip(growth.txBytes(measure));
        }
    } else if (!growth.isZero()) {
        leaf.counted.lastSeenNs = change.endNs;
    }
}

quint32 UsageTree::labelIndexOf(quint32 programId, const UsageBook &book)
{
    const auto known = m_labelIndexes.constFind(programId);
    if (known != m_labelIndexes.constEnd())
        return *known;
    const Program program = book.program(programId);
    Label label{program.name, program.executable, program.kind};
    switch (program.kind) {
    case ProgramKind::Others:
        label.name = tr("Other users’ programs");
        break;
    case ProgramKind::Overflow:
        label.name = tr("Programs beyond the table’s capacity");
        break;
    case ProgramKind::Kernel:
        label.name = tr("The kernel itself");
        break;
    case ProgramKind::KernelThread:
        label.name = program.name.isEmpty() ? tr("Kernel") : tr("%1 (kernel)").arg(program.name);
        break;
    case ProgramKind::Program:
        if (label.name.isEmpty())
            label.name = QFileInfo(program.executable).fileName();
        if (label.name.isEmpty())
            label.name = tr("Unknown program");
        break;
    }
    auto index = m_knownLabels.constFind(label);
    if (index == m_knownLabels.constEnd()) {
        index = m_knownLabels.insert(label, quint32(m_labels.size()));
        m_labels.append(label);
    }
    m_labelIndexes.insert(programId, *index);
    return *index;
}

void UsageTree::forgetInstance()
{
    // What was never shown need not be kept for the eye.
    if (!m_stale)
        m_stale = std::move(m_root);
    m_root = std::make_unique<Node>();
    m_leaves.clear();
    m_shares.clear();
    m_labelIndexes.clear();
    m_ended.clear();
    forgetAll();
}

/// Leaves fall back to what the programs known to the helper have in them: what ended ones left may be in
/// what it now tells as one.
void UsageTree::forgetVanished(const QList<quint32> &programIds)
{
    const QSet<quint32> vanished(programIds.begin(), programIds.end());
    m_shares.removeIf([&](const std::pair<const ShareKey &, Share &> share) {
        return vanished.contains(share.first.programId);
    });
    struct Sum {
        TrafficCounts counts;
        qint64 openSockets = 0;
        quint32 contributors = 0;
    };
    QHash<const Leaf *, Sum> sums;
    for (const Share &share : std::as_const(m_shares)) {
        Sum &sum = sums[share.leaf];
        sum.counts += share.counts;
        sum.openSockets += share.openSockets;
        ++sum.contributors;
    }
    for (Leaf *leaf : std::as_const(m_leaves)) {
        const Sum sum = sums.value(leaf);
        for (const Measure measure : measures) {
            // Unsigned: also back.
            leaf->rx[size_t(measure)].skip(sum.counts.rxBytes(measure)
                                           - leaf->counted.counts.rxBytes(measure));
            leaf->tx[size_t(measure)].skip(sum.counts.txBytes(measure)
                                           - leaf->counted.counts.txBytes(measure));
        }
        leaf->counted.counts = sum.counts;
        leaf->counted.openSockets = sum.openSockets;
        leaf->contributors = sum.contributors;
        leaf->isGone = sum.contributors == 0;
    }
    for (const quint32 id : programIds) {
        m_labelIndexes.remove(id);
        m_ended.remove(id);
    }
}

void UsageTree::forgetEnded(quint64 timeNs)
{
    QSet<quint32> over;
    m_ended.removeIf([&](const std::pair<const quint32 &, quint64 &> ended) {
        if (timeNs < ended.second + endedShownNs)
            return false;
        over.insert(ended.first);
        return true;
    });
    if (over.isEmpty())
        return;
    m_shares.removeIf([&](const std::pair<const ShareKey &, Share &> share) {
        if (!over.contains(share.first.programId))
            return false;
        --share.second.leaf->contributors;
        share.second.leaf->counted.openSockets -= share.second.openSockets;
        return true;
    });
    for (const quint32 id : std::as_const(over))
        m_labelIndexes.remove(id);
}

/// Every meter must see every reading, also one without bytes of its own: silence is what lets it fall.
void UsageTree::advance(quint64 timeNs)
{
    m_nowNs = timeNs;
    for (Leaf *leaf : std::as_const(m_leaves)) {
        for (const Measure measure : measures) {
            leaf->rx[size_t(measure)].push(leaf->counted.counts.rxBytes(measure), timeNs);
            leaf->tx[size_t(measure)].push(leaf->counted.counts.txBytes(measure), timeNs);
        }
        if (leaf->contributors == 0 && m_keptNs != 0 && timeNs >= leaf->touchedNs + m_keptNs)
            leaf->isGone = true;
    }
}

/// Brings what is shown to what is counted.
void UsageTree::publish()
{
    if (m_stale) {
        beginResetModel();
        m_stale.reset();
        endResetModel();
    }
    renew();
    addUp(*m_root);
    settle(*m_root, true);
    nameProgramsOf(*m_root);
    const std::pair columns = figureColumns();
    const quint64 bytesBefore = m_root->shown.bytes(m_measure);
    showFigures(*m_root, columns);
    // Whoever moved, the shares of all others are others too.
    if (m_root->shown.bytes(m_measure) != bytesBefore && hasShares())
        announceFigures(*m_root);
    sortRows();
}

/// A child that came or went: the names of programs above it are others.
void UsageTree::announceNames(Node &node)
{
    for (Node *above = &node; above && !above->mustName; above = above->parent)
        above->mustName = true;
}

void UsageTree::keep(Node &parent, std::unique_ptr<Node> child)
{
    child->parent = &parent;
    child->row = -1;
    parent.pending.push_back(std::move(child));
    announceNames(parent);
}

std::unique_ptr<UsageTree::Node> UsageTree::release(Node &node)
{
    Node &parent = *node.parent;
    announceNames(parent);
    std::unique_ptr<Node> released;
    if (node.row < 0) {
        const auto place = std::find_if(parent.pending.begin(), parent.pending.end(),
                                        [&](const auto &child) { return child.get() == &node; });
        released = std::move(*place);
        parent.pending.erase(place);
    } else {
        const bool isShown = isInModel(parent);
        const int row = node.row;
        if (isShown)
            beginRemoveRows(indexOf(&parent), row, row);
        released = std::move(parent.rows[size_t(row)]);
        parent.rows.erase(parent.rows.begin() + row);
        for (size_t after = size_t(row); after < parent.rows.size(); ++after)
            parent.rows[after]->row = int(after);
        if (isShown)
            endRemoveRows();
    }
    released->row = -1;
    released->parent = nullptr;
    return released;
}

void UsageTree::drop(std::unique_ptr<Node> node)
{
    for (auto *children : {&node->rows, &node->pending}) {
        for (auto &child : *children)
            drop(std::move(child));
    }
    if (node->isLeaf())
        m_leaves.remove(static_cast<const Leaf &>(*node).key);
    else
        forget(*node);
}

void UsageTree::addUp(Node &node)
{
    if (node.isLeaf()) {
        auto &leaf = static_cast<Leaf &>(node);
        for (const Measure measure : measures) {
            leaf.counted.rates[size_t(measure)] = {leaf.rx[size_t(measure)].bytesPerSecond(),
                                                   leaf.tx[size_t(measure)].bytesPerSecond()};
        }
        return;
    }
    node.counted = {};
    node.counted.firstSeenNs = ~quint64(0);
    node.isGone = true;
    forEachChild(node, [&](Node &child) {
        addUp(child);
        node.counted.add(child.counted);
        node.isGone = node.isGone && child.isGone;
    });
}

bool UsageTree::isEmpty(const Node &node) const
{
    return node.counted.openSockets <= 0 && node.counted.bytes(m_measure) == 0;
}

bool UsageTree::isInModel(const Node &node) const
{
    const Node *above = &node;
    for (; above->parent; above = above->parent) {
        if (above->row < 0)
            return false;
    }
    return above == m_root.get() && !m_stale;
}

/// Takes out what is gone or empty, and puts in what waits and is not.
void UsageTree::settle(Node &node, bool isShown)
{
    const auto isLeaving = [this](const auto &child) { return child->isGone || isEmpty(*child); };
    std::vector<std::unique_ptr<Node>> gone;
    const auto waiting = std::partition(node.pending.begin(), node.pending.end(),
                                        [](const auto &child) { return !child->isGone; });
    std::move(waiting, node.pending.end(), std::back_inserter(gone));
    node.pending.erase(waiting, node.pending.end());
    // From the end, each run of neighbours at once.
    for (int last = int(node.rows.size()) - 1; last >= 0; --last) {
        if (!isLeaving(node.rows[size_t(last)]))
            continue;
        int first = last;
        while (first > 0 && isLeaving(node.rows[size_t(first) - 1]))
            --first;
        if (isShown)
            beginRemoveRows(indexOf(&node), first, last);
        for (int row = first; row <= last; ++row) {
            std::unique_ptr<Node> &child = node.rows[size_t(row)];
            child->row = -1;
            (child->isGone ? gone : node.pending).push_back(std::move(child));
        }
        node.rows.erase(node.rows.begin() + first, node.rows.begin() + last + 1);
        for (size_t row = size_t(first); row < node.rows.size(); ++row)
            node.rows[row]->row = int(row);
        if (isShown)
            endRemoveRows();
        last = first;
    }
    if (!gone.empty())
        announceNames(node);
    for (std::unique_ptr<Node> &child : gone)
        drop(std::move(child));

    for (const auto &child : node.rows)
        settle(*child, isShown);
    const auto coming = std::stable_partition(node.pending.begin(), node.pending.end(),
                                              [this](const auto &child) { return isEmpty(*child); });
    if (coming == node.pending.end())
        return;
    // What is below comes before its parent is shown: one signal less each.
    for (auto child = coming; child != node.pending.end(); ++child)
        settle(**child, false);
    const int first = int(node.rows.size());
    if (isShown)
        beginInsertRows(indexOf(&node), first, first + int(node.pending.end() - coming) - 1);
    for (auto child = coming; child != node.pending.end(); ++child) {
        (*child)->row = int(node.rows.size());
        node.rows.push_back(std::move(*child));
    }
    node.pending.erase(coming, node.pending.end());
    if (isShown)
        endInsertRows();
}

void UsageTree::nameProgramsOf(Node &node)
{
    if (!std::exchange(node.mustName, false) || node.isLeaf())
        return;
    QStringList names;
    const auto gather = [&](const Node &of, const auto &again) -> void {
        if (of.isLeaf())
            names.append(labelOf(static_cast<const Leaf &>(of)).name);
        forEachChild(of, [&](const Node &child) { again(child, again); });
    };
    if (node.parent)
        gather(node, gather);
    names.sort(Qt::CaseInsensitive);
    names.removeDuplicates();
    const QString before = std::exchange(
        node.programs,
        names.size() <= namedPrograms
            ? names.join(u", "_s)
            : tr("%1, %2 and %3 more").arg(names[0], names[1], QLocale().toString(names.size() - 2)));
    if (node.programs != before && node.parent && isInModel(node)) {
        const QModelIndex place = indexOf(&node);
        Q_EMIT dataChanged(place, place.siblingAtColumn(columnCount() - 1), textRoles);
    }
    forEachChild(node, [this](Node &child) { nameProgramsOf(child); });
}

std::pair<int, int> UsageTree::figureColumns() const
{
    int first = columnCount();
    int last = 0;
    for (int column = 0; column < columnCount(); ++column) {
        if (figureOf(column) != Figure::None) {
            first = std::min(first, column);
            last = column;
        }
    }
    return {first, last};
}

/// Whether what is shown of the row itself changed.
bool UsageTree::showFigures(Node &node, std::pair<int, int> columns)
{
    const bool isChanged = node.shown != node.counted;
    node.shown = node.counted;
    // One ranged signal a parent: one a row costs a view with thousands of rows more than all else together.
    int first = -1;
    int last = -1;
    for (const auto &child : node.rows) {
        if (!showFigures(*child, columns))
            continue;
        first = first < 0 ? child->row : first;
        last = child->row;
    }
    if (first >= 0) {
        const QModelIndex parent = indexOf(&node);
        Q_EMIT dataChanged(index(first, columns.first, parent), index(last, columns.second, parent),
                           changingRoles);
    }
    return isChanged;
}

/// Every figure is written otherwise from now on.
void UsageTree::announceFigures(const Node &node)
{
    if (node.rows.empty())
        return;
    const auto [first, last] = figureColumns();
    const QModelIndex parent = indexOf(&node);
    Q_EMIT dataChanged(index(0, first, parent), index(int(node.rows.size()) - 1, last, parent),
                       changingRoles);
    for (const auto &child : node.rows)
        announceFigures(*child);
}

bool UsageTree::hasShares() const
{
    for (int column = 0; column < columnCount(); ++column) {
        if (figureOf(column) == Figure::Share)
            return true;
    }
    return false;
}

void UsageTree::announceText(const Node &parent, int firstColumn, int lastColumn)
{
    if (parent.rows.empty())
        return;
    const QModelIndex above = indexOf(&parent);
    Q_EMIT dataChanged(index(0, firstColumn, above), index(int(parent.rows.size()) - 1, lastColumn, above),
                       textRoles);
    for (const auto &child : parent.rows)
        announceText(*child, firstColumn, lastColumn);
}

void UsageTree::gatherUnsorted(Node &node, std::vector<Node *> &unsorted) const
{
    if (!std::is_sorted(node.rows.begin(), node.rows.end(),
                        [this](const auto &a, const auto &b) { return precedes(*a, *b); }))
        unsorted.push_back(&node);
    for (const auto &child : node.rows)
        gatherUnsorted(*child, unsorted);
}

void UsageTree::sortRows()
{
    std::vector<Node *> unsorted;
    gatherUnsorted(m_stale ? *m_stale : *m_root, unsorted);
    if (unsorted.empty())
        return;
    QList<QPersistentModelIndex> parents;
    for (const Node *node : unsorted)
        parents.append(indexOf(node));
    Q_EMIT layoutAboutToBeChanged(parents, VerticalSortHint);
    for (Node *parent : unsorted) {
        std::sort(parent->rows.begin(), parent->rows.end(),
                  [this](const auto &a, const auto &b) { return precedes(*a, *b); });
        for (size_t row = 0; row < parent->rows.size(); ++row)
            parent->rows[row]->row = int(row);
    }
    const QModelIndexList before = persistentIndexList();
    QModelIndexList after;
    after.reserve(before.size());
    for (const QModelIndex &index : before)
        after.append(indexOf(node(index), index.column()));
    changePersistentIndexList(before, after);
    Q_EMIT layoutChanged(parents, VerticalSortHint);
}

/// A total order, so that equal figures do not make rows jump: the busier first, then by name.
bool UsageTree::precedes(const Node &a, const Node &b) const
{
    const auto ordered = [this](const auto &first, const auto &second) {
        return m_sortOrder == Qt::AscendingOrder ? first < second : second < first;
    };
    const Figures::Rates &ratesA = a.shown.ratesOf(m_measure);
    const Figures::Rates &ratesB = b.shown.ratesOf(m_measure);
    const TrafficCounts &countsA = a.shown.counts;
    const TrafficCounts &countsB = b.shown.counts;
    const auto byName = [&](int column) {
        if (a.isLeaf() && b.isLeaf()) {
            const Label &labelA = labelOf(static_cast<const Leaf &>(a));
            const Label &labelB = labelOf(static_cast<const Leaf &>(b));
            return column > 0 ? 0 : QString::compare(labelA.name, labelB.name, Qt::CaseInsensitive);
        }
        return compare(a, b, column);
    };
    switch (figureOf(m_sortColumn)) {
    case Figure::None:
        if (const int order = byName(m_sortColumn))
            return ordered(order, 0);
        break;
    case Figure::ReceiveRate:
        if (ratesA.rx != ratesB.rx)
            return ordered(ratesA.rx, ratesB.rx);
        break;
    case Figure::SendRate:
        if (ratesA.tx != ratesB.tx)
            return ordered(ratesA.tx, ratesB.tx);
        break;
    case Figure::Received:
        if (countsA.rxBytes(m_measure) != countsB.rxBytes(m_measure))
            return ordered(countsA.rxBytes(m_measure), countsB.rxBytes(m_measure));
        break;
    case Figure::Sent:
        if (countsA.txBytes(m_measure) != countsB.txBytes(m_measure))
            return ordered(countsA.txBytes(m_measure), countsB.txBytes(m_measure));
        break;
    case Figure::Share:
        if (a.shown.bytes(m_measure) != b.shown.bytes(m_measure))
            return ordered(a.shown.bytes(m_measure), b.shown.bytes(m_measure));
        break;
    case Figure::Connections:
        if (a.shown.openSockets != b.shown.openSockets)
            return ordered(a.shown.openSockets, b.shown.openSockets);
        break;
    case Figure::FirstSeen:
        if (a.shown.firstSeenNs != b.shown.firstSeenNs)
            return ordered(a.shown.firstSeenNs, b.shown.firstSeenNs);
        break;
    case Figure::LastSeen:
        if (a.shown.lastSeenNs != b.shown.lastSeenNs)
            return ordered(a.shown.lastSeenNs, b.shown.lastSeenNs);
        break;
    }
    if (a.shown.bytes(m_measure) != b.shown.bytes(m_measure))
        return a.shown.bytes(m_measure) > b.shown.bytes(m_measure);
    if (const int order = byName(-1))
        return order < 0;
    return a.isLeaf() && b.isLeaf()
        && static_cast<const Leaf &>(a).key.program < static_cast<const Leaf &>(b).key.program;
}

QString UsageTree::display(const Node &of, int column) const
{
    const Figures &shown = of.shown;
    switch (figureOf(column)) {
    case Figure::None:
        if (!of.isLeaf())
            return text(of, column);
        return column == 0 ? labelOf(static_cast<const Leaf &>(of)).name : QString();
    case Figure::ReceiveRate:
        return formatRate(shown.ratesOf(m_measure).rx, m_style);
    case Figure::SendRate:
        return formatRate(shown.ratesOf(m_measure).tx, m_style);
    case Figure::Received:
        return formatBytes(shown.counts.rxBytes(m_measure), m_style.base);
    case Figure::Sent:
        return formatBytes(shown.counts.txBytes(m_measure), m_style.base);
    case Figure::Connections: {
        const QVariant count = sortValue(of, column);
        return count.isValid() ? QLocale().toString(count.toLongLong()) : unknownText();
    }
    case Figure::Share: {
        const std::optional<double> share = shareOf(of);
        return share ? tr("%1 %").arg(QLocale().toString(*share * 100, 'f', 1)) : unknownText();
    }
    case Figure::FirstSeen:
        return timeText(shown.firstSeenNs);
    case Figure::LastSeen:
        return timeText(shown.lastSeenNs);
    }
    return {};
}

QVariant UsageTree::sortValue(const Node &of, int column) const
{
    const Figures &shown = of.shown;
    const auto known = [](const auto &value) { return value ? QVariant(*value) : QVariant(); };
    const auto seen = [](quint64 timeNs) { return timeNs != 0 ? QVariant(timeNs) : QVariant(); };
    switch (figureOf(column)) {
    case Figure::None:
        return display(of, column);
    case Figure::ReceiveRate:
        return known(shown.ratesOf(m_measure).rx);
    case Figure::SendRate:
        return known(shown.ratesOf(m_measure).tx);
    case Figure::Received:
        return shown.counts.rxBytes(m_measure);
    case Figure::Sent:
        return shown.counts.txBytes(m_measure);
    case Figure::Connections:
        // The kernel keeps no sockets of what found its table full. Elsewhere opens and closes are counted
        // apart, so the difference may be below zero for a moment.
        return of.isLeaf() && labelOf(static_cast<const Leaf &>(of)).kind == ProgramKind::Overflow
            ? QVariant()
            : QVariant(std::max<qint64>(shown.openSockets, 0));
    case Figure::Share:
        return known(shareOf(of));
    case Figure::FirstSeen:
        return seen(shown.firstSeenNs);
    case Figure::LastSeen:
        return seen(shown.lastSeenNs);
    }
    return {};
}

std::optional<double> UsageTree::shareOf(const Node &node) const
{
    const quint64 all = (m_stale ? m_stale : m_root)->shown.bytes(m_measure);
    return all != 0 ? std::optional(double(node.shown.bytes(m_measure)) / double(all)) : std::nullopt;
}

Tone UsageTree::tone(const Node &of, int column) const
{
    const bool hasEnded = of.isLeaf() && static_cast<const Leaf &>(of).contributors == 0;
    switch (figureOf(column)) {
    case Figure::None:
        return hasEnded || of.isLeaf() ? Tone::Muted : textTone(of, column);
    case Figure::FirstSeen:
    case Figure::LastSeen:
        return Tone::Muted;
    case Figure::ReceiveRate:
        return hasEnded || sortValue(of, column).toDouble() == 0 ? Tone::Muted : Tone::Receive;
    case Figure::SendRate:
        return hasEnded || sortValue(of, column).toDouble() == 0 ? Tone::Muted : Tone::Send;
    default:
        return hasEnded || of.isLeaf() || sortValue(of, column).toDouble() == 0 ? Tone::Muted : Tone::Plain;
    }
}

QString UsageTree::toolTip(const Node &of) const
{
    QStringList lines;
    if (of.isLeaf()) {
        const auto &leaf = static_cast<const Leaf &>(of);
        const Label &label = labelOf(leaf);
        if (label.kind == ProgramKind::Program || label.kind == ProgramKind::KernelThread) {
            // Names are untrusted: one on the first line could pass for rich text.
            lines.append(
                tr("Executable: %1").arg(label.executable.isEmpty() ? unknownText() : label.executable));
            lines.append(tr("Program: %1, all its processes together").arg(label.name));
        } else {
            lines.append(label.name);
        }
        if (leaf.contributors == 0)
            lines.append(tr("Its processes have ended."));
    } else {
        lines.append(explanation(of));
        if (!of.programs.isEmpty())
            lines.append(tr("Programs: %1").arg(of.programs));
    }
    lines.append(countsText(of.shown.counts, m_measured, m_style.base));
    return lines.join(u'\n');
}

} // namespace Nettally
