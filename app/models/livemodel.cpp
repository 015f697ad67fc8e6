// SPDX-License-Identifier: MIT
#include "livemodel.h"

#include "figure.h"

#include <QDateTime>
#include <QFileInfo>
#include <QLocale>

#include <algorithm>
#include <array>
#include <ctime>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// How long the row of an ended program stays after its end and its last byte.
constexpr quint64 endedShownNs = 30'000'000'000;

constexpr int firstFigure = LiveModel::ReceiveRate;
constexpr int lastFigure = LiveModel::Connections;
/// Named, so that a filter knows that what it filters on has not changed.
const QList<int> nameRoles = {Qt::DisplayRole, Qt::ToolTipRole, Qt::AccessibleTextRole, copyRole,
                              SearchableRows::searchRole};
const QList<int> figureRoles = {Qt::DisplayRole, LiveModel::SortRole, toneRole, Qt::AccessibleTextRole,
                                Qt::ToolTipRole};

QDateTime wallClock(quint64 bootTimeNs)
{
    timespec boot{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const qint64 nowMs = qint64(boot.tv_sec) * 1000 + boot.tv_nsec / 1'000'000;
    return QDateTime::currentDateTime().addMSecs(qint64(bootTimeNs / 1'000'000) - nowMs);
}

} // namespace

struct LiveModel::Figures {
    struct Rates {
        std::optional<double> rx; ///< bytes per second
        std::optional<double> tx;
        bool operator==(const Rates &) const = default;
    };
    TrafficCounts counts;
    qint64 openSockets = 0;
    std::array<Rates, measures.size()> rates; ///< by Measure
    bool operator==(const Figures &) const = default;

    const Rates &ratesOf(Measure measure) const { return rates[size_t(measure)]; }
};

struct LiveModel::Node {
    explicit Node(ProgramNode *parentNode)
        : parent(parentNode)
    {
    }

    ProgramNode *parent; ///< null: a program
    int row = -1; ///< among what is shown
    Figures counted; ///< as of the last reading; its rates only once published
    Figures shown;

    void beginRates(quint64 timeNs)
    {
        for (RateMeter *meter : meters())
            meter->begin(0, timeNs);
    }
    void beginSilentRates(quint64 timeNs)
    {
        for (RateMeter *meter : meters())
            meter->beginSilent(0, timeNs);
    }
    void pushRates(quint64 timeNs)
    {
        for (const Measure measure : measures) {
            rx[size_t(measure)].push(counted.counts.rxBytes(measure), timeNs);
            tx[size_t(measure)].push(counted.counts.txBytes(measure), timeNs);
        }
    }
    void skipRates(const TrafficCounts &counts)
    {
        for (const Measure measure : measures) {
            rx[size_t(measure)].skip(counts.rxBytes(measure));
            tx[size_t(measure)].skip(counts.txBytes(measure));
        }
    }
    void readRates()
    {
        for (const Measure measure : measures) {
            counted.rates[size_t(measure)] = {rx[size_t(measure)].bytesPerSecond(),
                                              tx[size_t(measure)].bytesPerSecond()};
        }
    }

private:
    std::array<RateMeter *, 2 * measures.size()> meters() { return {&rx[0], &rx[1], &tx[0], &tx[1]}; }

    std::array<RateMeter, measures.size()> rx; ///< by Measure
    std::array<RateMeter, measures.size()> tx;
};

struct LiveModel::RemoteNode : Node {
    RemoteNode(ProgramNode *parentNode, const Address &address)
        : Node(parentNode)
        , remote{address, address.isKnown() ? address.toString() : tr("Not connected"), {}}
    {
    }

    RemoteName remote;
};

struct LiveModel::ProgramNode : Node {
    explicit ProgramNode(quint32 id)
        : Node(nullptr)
    {
        program.id = id;
    }

    Program program;
    QString name;
    QString user; ///< empty where there is none to name
    quint64 lastBytesNs = 0; ///< CLOCK_BOOTTIME
    quint64 endedNs = 0; ///< CLOCK_BOOTTIME, 0 while it runs
    bool hasEndedShown = false;
    bool isGone = false; ///< to be removed with the next publish()
    std::vector<std::unique_ptr<RemoteNode>> rows; ///< as shown, in order
    std::vector<std::unique_ptr<RemoteNode>> pending;
    QHash<Address, RemoteNode *> remotes;

    /// Folded rows stand for many programs: they have no process, and the helper tells no remotes of theirs.
    bool isFolded() const
    {
        return program.kind == ProgramKind::Others || program.kind == ProgramKind::Overflow
            || program.kind == ProgramKind::Kernel;
    }
};

LiveModel::LiveModel(QObject *parent)
    : QAbstractItemModel(parent)
{
}

LiveModel::~LiveModel() = default;

void LiveModel::apply(const UsageBook &book, const UsageChange &change)
{
    if (change.isNewInstance)
        forgetInstance();
    for (const quint32 id : change.vanished) {
        if (ProgramNode *program = m_programs.take(id))
            program->isGone = true;
    }
    for (const quint32 id : change.programs) {
        if (ProgramNode *program = m_programs.value(id))
            describe(*program, book);
    }
    for (const UsageChange::Growth &growth : change.growths) {
        ProgramNode *program = liveProgram(growth, book, change);
        if (!program)
            continue;
        grow(*program, growth);
        if (!growth.isBaseline && !growth.isZero())
            program->lastBytesNs = change.endNs;
        if (program->isFolded())
            continue;
        RemoteNode *&remote = program->remotes[growth.remote];
        if (!remote) {
            program->pending.push_back(std::make_unique<RemoteNode>(program, growth.remote));
            remote = program->pending.back().get();
            remote->remote.ask(m_names, growth.programId);
            if (growth.isBaseline)
                remote->beginRates(change.endNs);
            else
                remote->beginSilentRates(change.beginNs);
        }
        grow(*remote, growth);
    }
    for (const quint32 id : change.ended) {
        if (ProgramNode *program = m_programs.value(id))
            program->endedNs = change.endNs;
    }
    advance(change.endNs);
    if (!m_isPaused)
        publish();
}

void LiveModel::setPaused(bool paused)
{
    if (paused == m_isPaused)
        return;
    m_isPaused = paused;
    if (!m_isPaused)
        publish();
}

void LiveModel::setUnitStyle(UnitStyle style)
{
    if (style == m_style)
        return;
    m_style = style;
    announceFigures();
}

void LiveModel::setMeasure(Measure measure)
{
    if (measure == m_measure)
        return;
    m_measure = measure;
    // Which rows are empty by the other measure is a matter of the last reading, and waits for the pause.
    if (!m_isPaused) {
        hideEmpty();
        insertPending();
        showFigures();
    }
    announceFigures();
    Q_EMIT headerDataChanged(Qt::Horizontal, firstFigure, lastFigure);
    sortRows();
}

void LiveModel::setNamesShown(bool shown)
{
    if (shown == m_areNamesShown)
        return;
    m_areNamesShown = shown;
    for (const auto &program : m_rows) {
        if (!program->rows.empty()) {
            const QModelIndex parent = indexOf(program.get());
            Q_EMIT dataChanged(index(0, Name, parent), index(rowCount(parent) - 1, Name, parent), nameRoles);
        }
    }
    sortRows();
}

/// Every figure is written otherwise from now on.
void LiveModel::announceFigures()
{
    const auto announce = [this](const auto &rows, const QModelIndex &parent) {
        if (!rows.empty()) {
            Q_EMIT dataChanged(index(0, firstFigure, parent),
                               index(static_cast<int>(rows.size()) - 1, lastFigure, parent), figureRoles);
        }
    };
    announce(m_rows, {});
    for (const auto &program : m_rows)
        announce(program->rows, indexOf(program.get()));
}

bool LiveModel::matches(const QModelIndex &index, const QString &text) const
{
    const Node *row = node(index);
    if (const ProgramNode *program = asProgram(row)) {
        const auto holds = [&](const QString &where) { return where.contains(text, Qt::CaseInsensitive); };
        return holds(program->name) || holds(program->program.executable) || holds(program->user)
            || (program->program.pid != 0 && QString::number(program->program.pid) == text);
    }
    return static_cast<const RemoteNode *>(row)->remote.holds(text);
}

QList<LiveModel::Talker> LiveModel::busiest(int count) const
{
    const auto rate = [this](const ProgramNode *program) {
        const Figures::Rates &rates = program->shown.ratesOf(m_measure);
        return rates.rx.value_or(0) + rates.tx.value_or(0);
    };
    std::vector<const ProgramNode *> programs;
    for (const auto &program : m_rows) {
        if (rate(program.get()) > 0)
            programs.push_back(program.get());
    }
    const auto last = programs.begin() + std::min<std::ptrdiff_t>(count, std::ssize(programs));
    std::partial_sort(programs.begin(), last, programs.end(), [&](const auto *a, const auto *b) {
        return rate(a) != rate(b) ? rate(a) > rate(b) : a->program.id < b->program.id;
    });
    QList<Talker> talkers;
    for (auto program = programs.begin(); program != last; ++program) {
        const Figures::Rates &rates = (*program)->shown.ratesOf(m_measure);
        talkers.append({(*program)->name, toolTip(**program), rates.rx.value_or(0), rates.tx.value_or(0)});
    }
    return talkers;
}

LiveModel::Node *LiveModel::node(const QModelIndex &index)
{
    return static_cast<Node *>(index.internalPointer());
}

const LiveModel::ProgramNode *LiveModel::asProgram(const Node *node)
{
    return node && !node->parent ? static_cast<const ProgramNode *>(node) : nullptr;
}

QModelIndex LiveModel::indexOf(const Node *node, int column) const
{
    return createIndex(node->row, column, const_cast<Node *>(node));
}

QModelIndex LiveModel::index(int row, int column, const QModelIndex &parent) const
{
    if (row < 0 || column < 0 || column >= ColumnCount || row >= rowCount(parent))
        return {};
    if (!parent.isValid())
        return createIndex(row, column, static_cast<Node *>(m_rows[size_t(row)].get()));
    return createIndex(row, column, static_cast<Node *>(asProgram(node(parent))->rows[size_t(row)].get()));
}

QModelIndex LiveModel::parent(const QModelIndex &index) const
{
    if (!index.isValid() || !node(index)->parent)
        return {};
    return indexOf(node(index)->parent);
}

bool LiveModel::hasChildren(const QModelIndex &parent) const
{
    return rowCount(parent) > 0;
}

int LiveModel::rowCount(const QModelIndex &parent) const
{
    if (!parent.isValid())
        return static_cast<int>(m_rows.size());
    const ProgramNode *program = parent.column() == 0 ? asProgram(node(parent)) : nullptr;
    return program ? static_cast<int>(program->rows.size()) : 0;
}

int LiveModel::columnCount(const QModelIndex &) const
{
    return ColumnCount;
}

QVariant LiveModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Node &row = *node(index);
    const ProgramNode *program = asProgram(&row);
    switch (role) {
    case Qt::DisplayRole:
        return display(row, index.column());
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter
            | (index.column() == Pid || index.column() >= firstFigure ? Qt::AlignRight : Qt::AlignLeft));
    case Qt::ToolTipRole:
        return program ? toolTip(*program) : toolTip(static_cast<const RemoteNode &>(row));
    case Qt::AccessibleTextRole: {
        const QString text = display(row, index.column()).toString();
        const bool isEndedName = index.column() == Name && program && program->hasEndedShown;
        return isEndedName ? tr("%1, ended").arg(text) : text;
    }
    case addressRole:
        return program ? QVariant() : static_cast<const RemoteNode &>(row).remote.address.toString();
    case copyRole:
        return program || index.column() != Name
            ? QVariant()
            : static_cast<const RemoteNode &>(row).remote.copyText(m_areNamesShown);
    case SortRole:
        return sortValue(row, index.column());
    case EndedRole:
        return program ? program->hasEndedShown : row.parent->hasEndedShown;
    case toneRole:
        return int(tone(row, index.column()));
    case ProgramRole:
        return program != nullptr;
    }
    return {};
}

QVariant LiveModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter | (section == Pid || section >= firstFigure ? Qt::AlignRight : Qt::AlignLeft));
    }
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case ReceiveRate:
        case SendRate:
            return tr("Averaged over the last few seconds");
        case Received:
        case Sent:
            return m_measure == Measure::Network
                ? tr("Since the helper started: IP packets, headers and retransmissions included")
                : tr("Since the helper started: what the program’s calls received and sent, without headers");
        case Connections:
            return tr("Open network sockets");
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Program");
    case Pid:
        return tr("PID");
    case User:
        return tr("User");
    case ReceiveRate:
        return tr("Receiving");
    case SendRate:
        return tr("Sending");
    case Received:
        return tr("Received");
    case Sent:
        return tr("Sent");
    case Connections:
        return tr("Connections");
    }
    return {};
}

void LiveModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= ColumnCount)
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    sortRows();
}

/// The row of the growth's program, made where it is missing. None for a program that had ended before we
/// could see it move anything, or whose row was already removed after its end.
LiveModel::ProgramNode *LiveModel::liveProgram(const UsageChange::Growth &growth, const UsageBook &book,
                                               const UsageChange &change)
{
    const quint32 id = growth.programId;
    const auto known = m_programs.constFind(id);
    if (known != m_programs.constEnd())
        return *known;
    if (book.hasEnded(id) && (growth.isBaseline || !change.ended.contains(id)))
        return nullptr;
    // The others are always told of, also when there is nothing to tell.
    if (growth.isZero() && growth.openSockets == 0 && book.program(id).kind == ProgramKind::Others)
        return nullptr;
    m_pending.push_back(std::make_unique<ProgramNode>(id));
    ProgramNode *program = m_pending.back().get();
    m_programs.insert(id, program);
    describe(*program, book);
    program->lastBytesNs = change.endNs;
    if (growth.isBaseline)
        program->beginRates(change.endNs);
    else
        program->beginSilentRates(change.beginNs);
    return program;
}

void LiveModel::describe(ProgramNode &node, const UsageBook &book)
{
    const Program program = book.program(node.program.id);
    node.program = program;
    node.user.clear();
    switch (program.kind) {
    case ProgramKind::Others:
        node.name = tr("Other users’ programs");
        return;
    case ProgramKind::Overflow:
        node.name = tr("Programs beyond the table’s capacity");
        return;
    case ProgramKind::Kernel:
        node.name = tr("The kernel itself");
        return;
    case ProgramKind::KernelThread:
        node.name = program.name.isEmpty() ? tr("Kernel") : tr("%1 (kernel)").arg(program.name);
        break;
    case ProgramKind::Program:
        node.name = program.name;
        if (node.name.isEmpty())
            node.name = QFileInfo(program.executable).fileName();
        if (node.name.isEmpty())
            node.name = tr("Unknown program");
        break;
    }
    node.user = userName(program.uid);
}

void LiveModel::grow(Node &node, const UsageChange::Growth &growth)
{
    node.counted.counts += growth;
    node.counted.openSockets += growth.openSockets;
    if (growth.isBaseline)
        node.skipRates(growth);
}

void LiveModel::forgetInstance()
{
    for (ProgramNode *program : std::as_const(m_programs))
        program->isGone = true;
    m_programs.clear();
    m_pending.clear();
    m_mustReset = true;
}

/// Every meter must see every reading, also one without bytes of its own: silence is what lets it fall.
void LiveModel::advance(quint64 timeNs)
{
    m_nowNs = timeNs;
    for (ProgramNode *program : std::as_const(m_programs)) {
        program->pushRates(timeNs);
        for (RemoteNode *remote : std::as_const(program->remotes))
            remote->pushRates(timeNs);
    }
    m_programs.removeIf([&](const std::pair<const quint32 &, ProgramNode *&> known) {
        ProgramNode *program = known.second;
        program->isGone = program->endedNs != 0
            && timeNs >= std::max(program->endedNs, program->lastBytesNs) + endedShownNs;
        return program->isGone;
    });
}

/// Brings what is shown to what is counted.
void LiveModel::publish()
{
    if (m_mustReset) {
        beginResetModel();
        m_rows.clear();
        m_mustReset = false;
        endResetModel();
    }
    removeGone();
    hideEmpty();
    insertPending();
    askForNames();
    showFigures();
    sortRows();
}

/// One ranged signal a program, as for figures.
void LiveModel::askForNames()
{
    if (!std::exchange(m_areNamesOld, false))
        return;
    for (const auto &program : m_rows) {
        int first = -1;
        int last = -1;
        for (const auto &row : program->rows) {
            if (!row->remote.ask(m_names, program->program.id))
                continue;
            first = first < 0 ? row->row : first;
            last = row->row;
        }
        const QModelIndex parent = indexOf(program.get());
        if (first >= 0)
            Q_EMIT dataChanged(index(first, Name, parent), index(last, Name, parent), nameRoles);
        for (const auto &row : program->pending)
            row->remote.ask(m_names, program->program.id);
    }
}

void LiveModel::removeGone()
{
    std::erase_if(m_pending, [](const auto &program) { return program->isGone; });
    // From the end, each run of neighbours at once.
    for (int last = static_cast<int>(m_rows.size()) - 1; last >= 0; --last) {
        if (!m_rows[size_t(last)]->isGone)
            continue;
        int first = last;
        while (first > 0 && m_rows[size_t(first - 1)]->isGone)
            --first;
        beginRemoveRows({}, first, last);
        m_rows.erase(m_rows.begin() + first, m_rows.begin() + last + 1);
        for (size_t row = size_t(first); row < m_rows.size(); ++row)
            m_rows[row]->row = static_cast<int>(row);
        endRemoveRows();
        last = first;
    }
}

/// Whether the row would hold nothing: as a socket that is not connected has no packets of its own address,
/// and the kernel itself no payload.
bool LiveModel::isEmpty(const Node &node) const
{
    const ProgramNode *program = asProgram(&node);
    return (!program || program->program.kind == ProgramKind::Kernel) && node.counted.openSockets <= 0
        && node.counted.counts.rxBytes(m_measure) == 0 && node.counted.counts.txBytes(m_measure) == 0;
}

void LiveModel::hideEmpty()
{
    const auto hide = [this](auto &rows, auto &pending, const QModelIndex &parent) {
        for (int row = static_cast<int>(rows.size()) - 1; row >= 0; --row) {
            if (!isEmpty(*rows[size_t(row)]))
                continue;
            beginRemoveRows(parent, row, row);
            pending.push_back(std::move(rows[size_t(row)]));
            rows.erase(rows.begin() + row);
            for (size_t after = size_t(row); after < rows.size(); ++after)
                rows[after]->row = static_cast<int>(after);
            endRemoveRows();
        }
    };
    for (const auto &program : m_rows)
        hide(program->rows, program->pending, indexOf(program.get()));
    hide(m_rows, m_pending, {});
}

void LiveModel::insertPending()
{
    const auto take = [this](auto &pending, auto &rows) {
        const auto shown = std::stable_partition(pending.begin(), pending.end(),
                                                 [this](const auto &row) { return isEmpty(*row); });
        for (auto row = shown; row != pending.end(); ++row) {
            (*row)->row = static_cast<int>(rows.size());
            rows.push_back(std::move(*row));
        }
        pending.erase(shown, pending.end());
    };
    const auto insert = [&](auto &pending, auto &rows, const QModelIndex &parent) {
        const auto count =
            std::count_if(pending.begin(), pending.end(), [this](const auto &row) { return !isEmpty(*row); });
        if (count == 0)
            return;
        const int first = static_cast<int>(rows.size());
        beginInsertRows(parent, first, first + static_cast<int>(count) - 1);
        take(pending, rows);
        endInsertRows();
    };
    // A program's rows come before the program is shown wherever possible: one signal less each.
    for (const auto &program : m_pending)
        take(program->pending, program->rows);
    for (const auto &program : m_rows)
        insert(program->pending, program->rows, indexOf(program.get()));
    insert(m_pending, m_rows, {});
}

void LiveModel::showFigures()
{
    const auto show = [](Node &node) {
        node.readRates();
        if (node.shown == node.counted)
            return false;
        node.shown = node.counted;
        return true;
    };
    // One ranged signal a parent: one a row costs a view with thousands of rows more than all else together.
    const auto showAll = [&](const auto &rows, const QModelIndex &parent, const auto &showRow) {
        int first = -1;
        int last = -1;
        for (const auto &row : rows) {
            if (!showRow(*row))
                continue;
            first = first < 0 ? row->row : first;
            last = row->row;
        }
        if (first >= 0)
            Q_EMIT dataChanged(index(first, firstFigure, parent), index(last, lastFigure, parent),
                               figureRoles);
    };
    int firstEnded = -1;
    int lastEnded = -1;
    for (const auto &program : m_rows) {
        const bool hasEnded = program->endedNs != 0;
        if (program->hasEndedShown == hasEnded)
            continue;
        program->hasEndedShown = hasEnded;
        firstEnded = firstEnded < 0 ? program->row : firstEnded;
        lastEnded = program->row;
    }
    if (firstEnded >= 0)
        Q_EMIT dataChanged(index(firstEnded, Name), index(lastEnded, User));
    for (const auto &program : m_rows)
        showAll(program->rows, indexOf(program.get()), show);
    showAll(m_rows, {}, show);
}

void LiveModel::sortRows()
{
    const auto isBefore = [this](const auto &a, const auto &b) { return precedes(*a, *b); };
    bool mustSortPrograms = !std::is_sorted(m_rows.begin(), m_rows.end(), isBefore);
    std::vector<ProgramNode *> unsorted;
    QList<QPersistentModelIndex> parents;
    for (const auto &program : m_rows) {
        if (!std::is_sorted(program->rows.begin(), program->rows.end(), isBefore)) {
            unsorted.push_back(program.get());
            parents.append(indexOf(program.get()));
        }
    }
    if (mustSortPrograms)
        parents.append(QPersistentModelIndex());
    if (parents.isEmpty())
        return;

    Q_EMIT layoutAboutToBeChanged(parents, VerticalSortHint);
    const auto sortAndNumber = [&](auto &rows) {
        std::sort(rows.begin(), rows.end(), isBefore);
        for (size_t row = 0; row < rows.size(); ++row)
            rows[row]->row = static_cast<int>(row);
    };
    for (ProgramNode *program : unsorted)
        sortAndNumber(program->rows);
    if (mustSortPrograms)
        sortAndNumber(m_rows);
    const QModelIndexList before = persistentIndexList();
    QModelIndexList after;
    after.reserve(before.size());
    for (const QModelIndex &index : before)
        after.append(indexOf(node(index), index.column()));
    changePersistentIndexList(before, after);
    Q_EMIT layoutChanged(parents, VerticalSortHint);
}

/// A total order, so that equal figures do not make rows jump: the busier and then the elder first.
bool LiveModel::precedes(const Node &a, const Node &b) const
{
    const auto ordered = [this](const auto &first, const auto &second) {
        return m_sortOrder == Qt::AscendingOrder ? first < second : second < first;
    };
    const Figures::Rates &ratesA = a.shown.ratesOf(m_measure);
    const Figures::Rates &ratesB = b.shown.ratesOf(m_measure);
    const auto *programA = asProgram(&a);
    const auto *programB = asProgram(&b);
    switch (m_sortColumn) {
    case Name:
        if (programA) {
            if (const int order = QString::compare(programA->name, programB->name, Qt::CaseInsensitive))
                return ordered(order, 0);
        } else {
            const std::weak_ordering order =
                RemoteName::compare(static_cast<const RemoteNode &>(a).remote,
                                    static_cast<const RemoteNode &>(b).remote, m_areNamesShown);
            if (order != 0)
                return m_sortOrder == Qt::AscendingOrder ? order < 0 : order > 0;
        }
        break;
    case Pid:
        if (programA && programA->program.pid != programB->program.pid)
            return ordered(programA->program.pid, programB->program.pid);
        break;
    case User:
        if (programA) {
            if (const int order = QString::compare(programA->user, programB->user, Qt::CaseInsensitive))
                return ordered(order, 0);
        }
        break;
    case ReceiveRate:
        if (ratesA.rx != ratesB.rx)
            return ordered(ratesA.rx, ratesB.rx);
        break;
    case SendRate:
        if (ratesA.tx != ratesB.tx)
            return ordered(ratesA.tx, ratesB.tx);
        break;
    case Received:
        if (a.shown.counts.rxBytes(m_measure) != b.shown.counts.rxBytes(m_measure))
            return ordered(a.shown.counts.rxBytes(m_measure), b.shown.counts.rxBytes(m_measure));
        break;
    case Sent:
        if (a.shown.counts.txBytes(m_measure) != b.shown.counts.txBytes(m_measure))
            return ordered(a.shown.counts.txBytes(m_measure), b.shown.counts.txBytes(m_measure));
        break;
    case Connections:
        if (a.shown.openSockets != b.shown.openSockets)
            return ordered(a.shown.openSockets, b.shown.openSockets);
        break;
    }
    const quint64 bytesA = a.shown.counts.rxBytes(m_measure) + a.shown.counts.txBytes(m_measure);
    const quint64 bytesB = b.shown.counts.rxBytes(m_measure) + b.shown.counts.txBytes(m_measure);
    if (bytesA != bytesB)
        return bytesA > bytesB;
    if (programA)
        return programA->program.id < programB->program.id;
    return static_cast<const RemoteNode &>(a).remote.address
        < static_cast<const RemoteNode &>(b).remote.address;
}

QVariant LiveModel::display(const Node &row, int column) const
{
    const ProgramNode *program = asProgram(&row);
    switch (column) {
    case Name:
        return program ? program->name : static_cast<const RemoteNode &>(row).remote.text(m_areNamesShown);
    case Pid:
        return program && program->program.pid != 0 ? QString::number(program->program.pid) : QString();
    case User:
        return program ? program->user : QString();
    case ReceiveRate:
        return formatRate(row.shown.ratesOf(m_measure).rx, m_style);
    case SendRate:
        return formatRate(row.shown.ratesOf(m_measure).tx, m_style);
    case Received:
        return formatBytes(row.shown.counts.rxBytes(m_measure), m_style.base);
    case Sent:
        return formatBytes(row.shown.counts.txBytes(m_measure), m_style.base);
    case Connections: {
        const QVariant count = sortValue(row, column);
        return count.isValid() ? QLocale().toString(count.toLongLong()) : unknownText();
    }
    }
    return {};
}

QVariant LiveModel::sortValue(const Node &row, int column) const
{
    const ProgramNode *program = asProgram(&row);
    const auto rate = [](const std::optional<double> &value) {
        return value ? QVariant(*value) : QVariant();
    };
    switch (column) {
    case Pid:
        return program && program->program.pid != 0 ? QVariant(program->program.pid) : QVariant();
    case ReceiveRate:
        return rate(row.shown.ratesOf(m_measure).rx);
    case SendRate:
        return rate(row.shown.ratesOf(m_measure).tx);
    case Received:
        return row.shown.counts.rxBytes(m_measure);
    case Sent:
        return row.shown.counts.txBytes(m_measure);
    case Connections:
        // The kernel keeps no sockets of what found its table full. Elsewhere opens and closes are counted
        // apart, so the difference may be below zero for a moment.
        return program && program->program.kind == ProgramKind::Overflow
            ? QVariant()
            : QVariant(std::max<qint64>(row.shown.openSockets, 0));
    }
    return display(row, column);
}

Tone LiveModel::tone(const Node &row, int column) const
{
    const ProgramNode *program = asProgram(&row);
    const bool isIdle = column >= firstFigure && sortValue(row, column).toDouble() == 0;
    if (isIdle || (program ? program : row.parent)->hasEndedShown)
        return Tone::Muted;
    if (column == ReceiveRate)
        return Tone::Receive;
    if (column == SendRate)
        return Tone::Send;
    return !program || column == Pid || column == User ? Tone::Muted : Tone::Plain;
}

QString LiveModel::toolTip(const ProgramNode &node) const
{
    const Program &program = node.program;
    QStringList lines;
    switch (program.kind) {
    case ProgramKind::Others:
        lines.append(tr("All programs of other users together. “Show all programs…” lists them one by one."));
        break;
    case ProgramKind::Overflow:
        lines.append(tr("Traffic that found the kernel’s table full; it is counted, but not told apart."));
        break;
    case ProgramKind::Kernel:
        lines.append(
            tr("Packets that no program sent or received: answers to pings, resets, neighbour discovery."));
        break;
    case ProgramKind::Program:
    case ProgramKind::KernelThread:
        lines.append(node.name);
        if (node.hasEndedShown)
            lines.append(tr("This program has ended."));
        lines.append(
            tr("Executable: %1").arg(program.executable.isEmpty() ? unknownText() : program.executable));
        lines.append(tr("Process: %1, user %2").arg(QString::number(program.pid), node.user));
        if (program.startNs != 0) {
            lines.append(
                tr("Started: %1").arg(QLocale().toString(wallClock(program.startNs), QLocale::ShortFormat)));
        }
        if (program.cgroupId != 0)
            lines.append(tr("Control group: %1").arg(program.cgroupId));
        break;
    }
    lines.append(figuresToolTip(node));
    return lines.join(u'\n');
}

QString LiveModel::toolTip(const RemoteNode &node) const
{
    QStringList lines = {node.remote.addressText};
    if (node.remote.hasName())
        lines.append(node.remote.explanation());
    lines.append(figuresToolTip(node));
    return lines.join(u'\n') + u"\n\n"_s + toolTip(*node.parent);
}

QString LiveModel::figuresToolTip(const Node &node) const
{
    return countsText(node.shown.counts, m_measured, m_style.base);
}

} // namespace Nettally
