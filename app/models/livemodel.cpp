// SPDX-License-Identifier: MIT
#include "livemodel.h"

#include "figure.h"

#include <QDateTime>
#include <QFileInfo>
#include <QLocale>
#include <QSet>

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
    explicit Node(Level nodeLevel)
        : level(nodeLevel)
    {
    }

    const Level level;
    int row = -1; ///< among what is shown
    Figures counted; ///< as of the last reading; its rates only once published
    Figures shown;
};

struct LiveModel::MeteredNode : Node {
    using Node::Node;

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

struct LiveModel::RemoteNode : MeteredNode {
    RemoteNode(ProgramNode *parent, const Address &address)
        : MeteredNode(Level::Remote)
        , program(parent)
        , remote{address, address.isKnown() ? address.toString() : tr("Not connected"), {}}
    {
    }

    ProgramNode *program;
    RemoteName remote;
};

struct LiveModel::ProgramNode : MeteredNode {
    explicit ProgramNode(quint32 id)
        : MeteredNode(Level::Process)
    {
        program.id = id;
    }

    ApplicationNode *application = nullptr;
    Program program;
    Identity identity;
    QString name;
    QString user; ///< empty where there is none to name
    quint64 lastBytesNs = 0; ///< CLOCK_BOOTTIME
    quint64 endedNs = 0; ///< CLOCK_BOOTTIME, 0 while it runs
    bool hasEndedShown = false;
    bool isGone = false; ///< to be removed with the next publish()
    bool isUntold = false; ///< gone because the helper tells of it no more: with its bytes
    bool isMoving = false; ///< to another application, with the next publish()
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

struct LiveModel::ApplicationNode : Node {
    /// What the rows below it are.
    enum class Shows : quint8 {
        Nothing, ///< for a moment, while it changes
        Remotes, ///< of its only process
        Processes,
    };

    ApplicationNode(const QString &applicationKey, quint64 place)
        : Node(Level::Application)
        , key(applicationKey)
        , order(place)
    {
    }

    const QString key;
    const quint64 order; ///< the elder the smaller
    Application application; ///< as shown
    QString name;
    QString user; ///< empty where there is none to name
    TrafficCounts departed; ///< what processes moved whose rows are gone
    int departedCount = 0;
    Shows shows = Shows::Nothing;
    bool hasEndedShown = false;
    bool isGone = false; ///< its last process is leaving
    bool mustDescribe = true; ///< what is shown of it but for figures changed
    ProgramNodes rows; ///< as shown, in order
    ProgramNodes pending;
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
        m_identities.remove(id);
        if (ProgramNode *program = m_programs.take(id))
            program->isGone = program->isUntold = true;
    }
    for (const quint32 id : change.programs) {
        if (ProgramNode *program = m_programs.value(id)) {
            describe(*program, book);
            program->application->mustDescribe = true;
        }
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
        m_identities.remove(id);
        if (ProgramNode *program = m_programs.value(id))
            program->endedNs = change.endNs;
    }
    advance(change.endNs);
    if (!m_isPaused)
        publish();
}

void LiveModel::identify(const QList<Identity> &identities)
{
    // Programs that move nothing never get a row; what is kept for them has a bound.
    constexpr qsizetype maxKept = 20'000;
    for (const Identity &identity : identities) {
        ProgramNode *program = m_programs.value(identity.programId);
        if (!program) {
            if (m_identities.size() < maxKept)
                m_identities.insert(identity.programId, identity);
            continue;
        }
        program->identity = identity;
        program->isMoving = identity.application.key != program->application->key;
        program->application->mustDescribe = true;
    }
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
    for (const auto &application : m_rows) {
        for (const auto &program : application->rows) {
            if (program->rows.empty())
                continue;
            const QModelIndex parent = remotesParent(*program);
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
    for (const auto &application : m_rows) {
        if (application->shows == ApplicationNode::Shows::Processes)
            announce(application->rows, indexOf(application.get()));
        for (const auto &program : application->rows)
            announce(program->rows, remotesParent(*program));
    }
}

bool LiveModel::matches(const QModelIndex &index, const QString &text) const
{
    const Node *row = node(index);
    if (row->level == Level::Remote)
        return static_cast<const RemoteNode *>(row)->remote.holds(text);
    const auto holds = [&](const QString &where) { return where.contains(text, Qt::CaseInsensitive); };
    if (const ApplicationNode *shown = asApplication(row)) {
        const Application &application = shown->application;
        if (holds(shown->name) || holds(shown->user) || holds(application.unit)
            || holds(application.containerName) || holds(application.containerRuntime)
            || holds(application.pod) || holds(application.script)
            || (!application.containerId.isEmpty()
                && application.containerId.startsWith(text, Qt::CaseInsensitive)))
            return true;
    }
    const ProgramNode *program = processOf(row);
    return program
        && (holds(program->name) || holds(program->program.executable) || holds(program->user)
            || (program->program.pid != 0 && QString::number(program->program.pid) == text));
}

QList<LiveModel::Talker> LiveModel::busiest(int count) const
{
    const auto rate = [this](const ApplicationNode *application) {
        const Figures::Rates &rates = application->shown.ratesOf(m_measure);
        return rates.rx.value_or(0) + rates.tx.value_or(0);
    };
    std::vector<const ApplicationNode *> busy;
    for (const auto &application : m_rows) {
        if (rate(application.get()) > 0)
            busy.push_back(application.get());
    }
    const auto last = busy.begin() + std::min<std::ptrdiff_t>(count, std::ssize(busy));
    std::partial_sort(busy.begin(), last, busy.end(), [&](const auto *a, const auto *b) {
        return rate(a) != rate(b) ? rate(a) > rate(b) : a->order < b->order;
    });
    QList<Talker> talkers;
    for (auto application = busy.begin(); application != last; ++application) {
        const Figures::Rates &rates = (*application)->shown.ratesOf(m_measure);
        talkers.append(
            {nameOf(**application), toolTip(**application), rates.rx.value_or(0), rates.tx.value_or(0)});
    }
    return talkers;
}

LiveModel::Node *LiveModel::node(const QModelIndex &index)
{
    return static_cast<Node *>(index.internalPointer());
}

const LiveModel::ApplicationNode *LiveModel::asApplication(const Node *node)
{
    return node->level == Level::Application ? static_cast<const ApplicationNode *>(node) : nullptr;
}

const LiveModel::ProgramNode *LiveModel::asProgram(const Node *node)
{
    return node->level == Level::Process ? static_cast<const ProgramNode *>(node) : nullptr;
}

const LiveModel::ProgramNode *LiveModel::processOf(const Node *node)
{
    const ApplicationNode *application = asApplication(node);
    if (!application)
        return asProgram(node);
    return application->rows.size() == 1 ? application->rows.front().get() : nullptr;
}

QModelIndex LiveModel::indexOf(const Node *node, int column) const
{
    return createIndex(node->row, column, const_cast<Node *>(node));
}

/// Whose rows the program's remotes are.
QModelIndex LiveModel::remotesParent(const ProgramNode &program) const
{
    return program.application->shows == ApplicationNode::Shows::Remotes ? indexOf(program.application)
                                                                         : indexOf(&program);
}

QModelIndex LiveModel::index(int row, int column, const QModelIndex &parent) const
{
    if (row < 0 || column < 0 || column >= ColumnCount || row >= rowCount(parent))
        return {};
    const auto at = [&](const auto &rows) {
        return createIndex(row, column, static_cast<Node *>(rows[size_t(row)].get()));
    };
    if (!parent.isValid())
        return at(m_rows);
    const ApplicationNode *application = asApplication(node(parent));
    if (!application)
        return at(asProgram(node(parent))->rows);
    return application->shows == ApplicationNode::Shows::Processes ? at(application->rows)
                                                                   : at(application->rows.front()->rows);
}

QModelIndex LiveModel::parent(const QModelIndex &index) const
{
    if (!index.isValid())
        return {};
    const Node *child = node(index);
    if (child->level == Level::Remote)
        return remotesParent(*static_cast<const RemoteNode *>(child)->program);
    const ProgramNode *program = asProgram(child);
    return program ? indexOf(program->application) : QModelIndex();
}

bool LiveModel::hasChildren(const QModelIndex &parent) const
{
    return rowCount(parent) > 0;
}

int LiveModel::rowCount(const QModelIndex &parent) const
{
    if (!parent.isValid())
        return static_cast<int>(m_rows.size());
    if (parent.column() != 0)
        return 0;
    if (const ApplicationNode *application = asApplication(node(parent))) {
        switch (application->shows) {
        case ApplicationNode::Shows::Nothing:
            return 0;
        case ApplicationNode::Shows::Remotes:
            return static_cast<int>(application->rows.front()->rows.size());
        case ApplicationNode::Shows::Processes:
            return static_cast<int>(application->rows.size());
        }
    }
    const ProgramNode *program = asProgram(node(parent));
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
    switch (role) {
    case Qt::DisplayRole:
        return display(row, index.column());
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter
            | (index.column() == Pid || index.column() >= firstFigure ? Qt::AlignRight : Qt::AlignLeft));
    case Qt::ToolTipRole:
        return toolTip(row);
    case Qt::AccessibleTextRole:
        return accessibleText(row, index.column());
    case addressRole:
        return row.level == Level::Remote
            ? QVariant(static_cast<const RemoteNode &>(row).remote.address.toString())
            : QVariant();
    case programRole: {
        const ApplicationNode *application = asApplication(&row);
        const ProgramNode *program =
            application && !application->rows.empty() ? application->rows.front().get() : asProgram(&row);
        return program && program->program.pid != 0 ? program->program.name : QString();
    }
    case copyRole:
        return row.level != Level::Remote || index.column() != Name
            ? QVariant()
            : static_cast<const RemoteNode &>(row).remote.copyText(m_areNamesShown);
    case SortRole:
        return sortValue(row, index.column());
    case EndedRole:
        if (const ApplicationNode *application = asApplication(&row))
            return application->hasEndedShown;
        return row.level == Level::Remote ? static_cast<const RemoteNode &>(row).program->hasEndedShown
                                          : asProgram(&row)->hasEndedShown;
    case toneRole:
        return int(tone(row, index.column()));
    case LevelRole:
        return int(row.level);
    case PlainNameRole:
        return nameOf(row);
    case KindRole:
        return row.level == Level::Application ? QVariant(int(asApplication(&row)->application.kind))
                                               : QVariant();
    case IconRole:
        return row.level == Level::Application ? QVariant(asApplication(&row)->application.icon) : QVariant();
    case ExecutableRole:
        return int(executableOf(row));
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
    auto added = std::make_unique<ProgramNode>(id);
    ProgramNode *program = added.get();
    m_programs.insert(id, program);
    describe(*program, book);
    program->identity = m_identities.take(id);
    if (program->identity.application.key.isEmpty())
        program->identity.application = plainApplication(program->program);
    join(std::move(added));
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
        node.name = program.name.isEmpty() ? tr("The kernel itself") : program.name;
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

void LiveModel::grow(MeteredNode &node, const UsageChange::Growth &growth)
{
    node.counted.counts += growth;
    node.counted.openSockets += growth.openSockets;
    if (growth.isBaseline)
        node.skipRates(growth);
}

/// Not yet to be seen: below its application, which may be new.
void LiveModel::join(std::unique_ptr<ProgramNode> program)
{
    program->isMoving = false;
    ApplicationNode *&application = m_applications[program->identity.application.key];
    if (!application) {
        m_pending.push_back(
            std::make_unique<ApplicationNode>(program->identity.application.key, m_orderOfNext++));
        application = m_pending.back().get();
    }
    program->application = application;
    application->pending.push_back(std::move(program));
}

void LiveModel::forgetInstance()
{
    m_programs.clear();
    m_identities.clear();
    m_applications.clear();
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
    removeLeaving();
    hideEmpty();
    insertPending();
    askForNames();
    describeApplications();
    showFigures();
    sortRows();
}

/// One ranged signal a program, as for figures.
void LiveModel::askForNames()
{
    if (!std::exchange(m_areNamesOld, false))
        return;
    for (const auto &application : m_rows) {
        for (const auto &program : application->rows) {
            int first = -1;
            int last = -1;
            for (const auto &row : program->rows) {
                if (!row->remote.ask(m_names, program->program.id))
                    continue;
                first = first < 0 ? row->row : first;
                last = row->row;
            }
            const QModelIndex parent = remotesParent(*program);
            if (first >= 0)
                Q_EMIT dataChanged(index(first, Name, parent), index(last, Name, parent), nameRoles);
            for (const auto &row : program->pending)
                row->remote.ask(m_names, program->program.id);
        }
    }
}

/// Takes out the rows of processes that are gone or move to another application, which they join at once, and
/// of applications that have none left. Neighbours go together.
void LiveModel::removeLeaving()
{
    const auto isLeaving = [](const auto &program) { return program->isGone || program->isMoving; };
    ProgramNodes moving;
    const auto take = [&](ProgramNodes &programs, size_t first, size_t last) {
        for (size_t at = first; at <= last; ++at) {
            ProgramNode &program = *programs[at];
            if (!program.isGone) {
                moving.push_back(std::move(programs[at]));
            } else if (!program.isUntold) {
                program.application->departed += program.counted.counts;
                ++program.application->departedCount;
            }
        }
        programs.erase(programs.begin() + std::ptrdiff_t(first), programs.begin() + std::ptrdiff_t(last) + 1);
        for (size_t row = first; row < programs.size(); ++row)
            programs[row]->row = static_cast<int>(row);
    };
    const auto takeAll = [&](ProgramNodes &programs) {
        for (size_t at = programs.size(); at-- > 0;) {
            if (isLeaving(programs[at]))
                take(programs, at, at);
        }
    };
    const auto forEachRun = [](const auto &rows, const auto &isIn, const auto &remove) {
        for (int last = static_cast<int>(rows.size()) - 1; last >= 0; --last) {
            if (!isIn(rows[size_t(last)]))
                continue;
            int first = last;
            while (first > 0 && isIn(rows[size_t(first - 1)]))
                --first;
            remove(first, last);
            last = first;
        }
    };

    for (const auto &application : m_pending) {
        takeAll(application->pending);
        takeAll(application->rows);
    }
    for (const auto &application : m_rows) {
        takeAll(application->pending);
        ProgramNodes &rows = application->rows;
        if (std::none_of(rows.begin(), rows.end(), isLeaving))
            continue;
        application->mustDescribe = true;
        application->isGone =
            application->pending.empty() && std::all_of(rows.begin(), rows.end(), isLeaving);
        if (application->isGone)
            continue; // its row goes with all below it
        const QModelIndex parent = indexOf(application.get());
        if (application->shows == ApplicationNode::Shows::Remotes) {
            const int shown = rowCount(parent);
            if (shown > 0)
                beginRemoveRows(parent, 0, shown - 1);
            application->shows = ApplicationNode::Shows::Nothing;
            takeAll(rows);
            if (shown > 0)
                endRemoveRows();
            continue;
        }
        forEachRun(rows, isLeaving, [&](int first, int last) {
            beginRemoveRows(parent, first, last);
            take(rows, size_t(first), size_t(last));
            endRemoveRows();
        });
        if (rows.empty())
            application->shows = ApplicationNode::Shows::Nothing;
    }
    forEachRun(
        m_rows, [](const auto &application) { return application->isGone; },
        [&](int first, int last) {
            beginRemoveRows({}, first, last);
            for (int row = first; row <= last; ++row) {
                takeAll(m_rows[size_t(row)]->rows);
                m_applications.remove(m_rows[size_t(row)]->key);
            }
            m_rows.erase(m_rows.begin() + first, m_rows.begin() + last + 1);
            for (size_t row = size_t(first); row < m_rows.size(); ++row)
                m_rows[row]->row = static_cast<int>(row);
            endRemoveRows();
        });
    for (auto &program : moving)
        join(std::move(program));
    std::erase_if(m_pending, [this](const auto &application) {
        const bool isUnused = application->pending.empty() && application->rows.empty();
        if (isUnused)
            m_applications.remove(application->key);
        return isUnused;
    });
}

/// Whether the row would hold nothing: as a socket that is not connected has no packets of its own address,
/// and the kernel itself no payload.
bool LiveModel::isEmpty(const Node &node) const
{
    if (const ApplicationNode *application = asApplication(&node)) {
        const auto isKernel = [this](const auto &program) {
            return program->program.kind == ProgramKind::Kernel && isEmpty(*program);
        };
        return std::all_of(application->rows.begin(), application->rows.end(), isKernel)
            && std::all_of(application->pending.begin(), application->pending.end(), isKernel);
    }
    return node.counted.openSockets <= 0 && node.counted.counts.rxBytes(m_measure) == 0
        && node.counted.counts.txBytes(m_measure) == 0;
}

void LiveModel::hideEmpty()
{
    const auto hide = [this](auto &rows, auto &pending, const QModelIndex &parent, bool isSeen) {
        for (int row = static_cast<int>(rows.size()) - 1; row >= 0; --row) {
            if (!isEmpty(*rows[size_t(row)]))
                continue;
            if (isSeen)
                beginRemoveRows(parent, row, row);
            pending.push_back(std::move(rows[size_t(row)]));
            rows.erase(rows.begin() + row);
            for (size_t after = size_t(row); after < rows.size(); ++after)
                rows[after]->row = static_cast<int>(after);
            if (isSeen)
                endRemoveRows();
        }
    };
    for (const auto &application : m_rows) {
        const bool isSeen = application->shows != ApplicationNode::Shows::Nothing;
        for (const auto &program : application->rows)
            hide(program->rows, program->pending, isSeen ? remotesParent(*program) : QModelIndex(), isSeen);
    }
    hide(m_rows, m_pending, {}, true);
}

void LiveModel::insertPending()
{
    for (const auto &application : m_rows)
        arrange(*application);
    const auto shown =
        std::stable_partition(m_pending.begin(), m_pending.end(),
                              [this](const auto &application) { return isEmpty(*application); });
    if (shown == m_pending.end())
        return;
    // What is below comes before the row itself is shown: one signal for all.
    for (auto application = shown; application != m_pending.end(); ++application) {
        adoptPending(**application);
        (*application)->shows = (*application)->rows.size() == 1 ? ApplicationNode::Shows::Remotes
                                                                 : ApplicationNode::Shows::Processes;
        (*application)->mustDescribe = true;
        describe(**application);
    }
    const int first = static_cast<int>(m_rows.size());
    beginInsertRows({}, first, first + static_cast<int>(m_pending.end() - shown) - 1);
    for (auto application = shown; application != m_pending.end(); ++application) {
        (*application)->row = static_cast<int>(m_rows.size());
        m_rows.push_back(std::move(*application));
    }
    m_pending.erase(shown, m_pending.end());
    endInsertRows();
}

/// While nothing of it is shown.
void LiveModel::adoptPending(ApplicationNode &application) const
{
    const auto adopt = [this](auto &pending, auto &rows) {
        for (auto &row : pending) {
            if (row->level == Level::Remote && isEmpty(*row))
                continue;
            row->row = static_cast<int>(rows.size());
            rows.push_back(std::move(row));
        }
        std::erase(pending, nullptr);
    };
    adopt(application.pending, application.rows);
    for (const auto &program : application.rows)
        adopt(program->pending, program->rows);
}

/// Shows what came below the application: by its remotes while it has one process, else by its processes.
void LiveModel::arrange(ApplicationNode &application)
{
    using Shows = ApplicationNode::Shows;
    const QModelIndex parent = indexOf(&application);
    const size_t count = application.rows.size() + application.pending.size();
    const Shows wanted = count == 1 ? Shows::Remotes : Shows::Processes;
    if (application.shows != Shows::Nothing && application.shows != wanted) {
        const int shown = rowCount(parent);
        if (shown > 0)
            beginRemoveRows(parent, 0, shown - 1);
        application.shows = Shows::Nothing;
        if (shown > 0)
            endRemoveRows();
    }
    if (application.shows == Shows::Nothing) {
        adoptPending(application);
        const size_t coming = wanted == Shows::Remotes ? application.rows.front()->rows.size() : count;
        if (coming > 0)
            beginInsertRows(parent, 0, static_cast<int>(coming) - 1);
        application.shows = wanted;
        if (coming > 0)
            endInsertRows();
        application.mustDescribe = true;
        return;
    }
    const auto insert = [this](auto &pending, auto &rows, const QModelIndex &below, const auto &mayCome) {
        const auto coming = std::count_if(pending.begin(), pending.end(), mayCome);
        if (coming == 0)
            return false;
        const int first = static_cast<int>(rows.size());
        beginInsertRows(below, first, first + static_cast<int>(coming) - 1);
        for (auto &row : pending) {
            if (!mayCome(row))
                continue;
            row->row = static_cast<int>(rows.size());
            rows.push_back(std::move(row));
        }
        std::erase(pending, nullptr);
        endInsertRows();
        return true;
    };
    if (insert(application.pending, application.rows, parent, [](const auto &) { return true; }))
        application.mustDescribe = true;
    for (const auto &program : application.rows) {
        insert(program->pending, program->rows, remotesParent(*program),
               [this](const auto &remote) { return !isEmpty(*remote); });
    }
}

/// All but the figures.
void LiveModel::describeApplications()
{
    int first = -1;
    int last = -1;
    for (const auto &application : m_rows) {
        for (const auto &program : application->rows) {
            const bool hasEnded = program->endedNs != 0;
            application->mustDescribe = application->mustDescribe || program->hasEndedShown != hasEnded;
        }
        if (!application->mustDescribe)
            continue;
        describe(*application);
        first = first < 0 ? application->row : first;
        last = application->row;
        if (application->shows == ApplicationNode::Shows::Processes) {
            const QModelIndex parent = indexOf(application.get());
            Q_EMIT dataChanged(index(0, Name, parent), index(rowCount(parent) - 1, User, parent));
        }
    }
    if (first >= 0)
        Q_EMIT dataChanged(index(first, Name), index(last, User));
}

void LiveModel::describe(ApplicationNode &application)
{
    application.mustDescribe = false;
    const ProgramNode &first = *application.rows.front();
    application.application = first.identity.application;
    application.name = application.application.name;
    if (application.name.isEmpty() || first.program.kind != ProgramKind::Program)
        application.name = first.name;
    application.user = first.user;
    QSet<QString> users;
    application.hasEndedShown = true;
    for (const auto &program : application.rows) {
        program->hasEndedShown = program->endedNs != 0;
        application.hasEndedShown = application.hasEndedShown && program->hasEndedShown;
        users.insert(program->user);
    }
    if (users.size() > 1)
        application.user = tr("%n users", nullptr, static_cast<int>(users.size()));
}

void LiveModel::showFigures()
{
    const auto show = [](Node &node) {
        if (node.shown == node.counted)
            return false;
        node.shown = node.counted;
        return true;
    };
    const auto showRead = [&](MeteredNode &node) {
        node.readRates();
        return show(node);
    };
    // An application's figures are the sums of its processes'.
    const auto showSum = [&](ApplicationNode &application) {
        Figures &sum = application.counted;
        sum = {};
        sum.counts = application.departed;
        const auto add = [](std::optional<double> &to, const std::optional<double> &value) {
            if (value)
                to = to.value_or(0) + *value;
        };
        for (const auto &program : application.rows) {
            sum.counts += program->counted.counts;
            sum.openSockets += program->counted.openSockets;
            for (size_t measure = 0; measure < measures.size(); ++measure) {
                add(sum.rates[measure].rx, program->counted.rates[measure].rx);
                add(sum.rates[measure].tx, program->counted.rates[measure].tx);
            }
        }
        return show(application);
    };
    // One ranged signal a parent: one a row costs a view with thousands of rows more than all else together.
    const auto showAll = [&](const auto &rows, const QModelIndex &parent, const auto &showRow, bool isSeen) {
        int first = -1;
        int last = -1;
        for (const auto &row : rows) {
            if (!showRow(*row))
                continue;
            first = first < 0 ? row->row : first;
            last = row->row;
        }
        if (first >= 0 && isSeen)
            Q_EMIT dataChanged(index(first, firstFigure, parent), index(last, lastFigure, parent),
                               figureRoles);
    };
    for (const auto &application : m_rows) {
        for (const auto &program : application->rows)
            showAll(program->rows, remotesParent(*program), showRead, true);
        showAll(application->rows, indexOf(application.get()), showRead,
                application->shows == ApplicationNode::Shows::Processes);
    }
    showAll(m_rows, {}, showSum, true);
}

void LiveModel::sortRows()
{
    const auto isBefore = [this](const auto &a, const auto &b) { return precedes(*a, *b); };
    const auto isSorted = [&](const auto &rows) {
        return std::is_sorted(rows.begin(), rows.end(), isBefore);
    };
    const bool mustSortApplications = !isSorted(m_rows);
    std::vector<ApplicationNode *> unsortedApplications;
    std::vector<ProgramNode *> unsortedPrograms;
    QList<QPersistentModelIndex> parents;
    for (const auto &application : m_rows) {
        if (!isSorted(application->rows)) {
            unsortedApplications.push_back(application.get());
            parents.append(indexOf(application.get()));
        }
        for (const auto &program : application->rows) {
            if (!isSorted(program->rows)) {
                unsortedPrograms.push_back(program.get());
                parents.append(remotesParent(*program));
            }
        }
    }
    if (mustSortApplications)
        parents.append(QPersistentModelIndex());
    if (parents.isEmpty())
        return;

    Q_EMIT layoutAboutToBeChanged(parents, VerticalSortHint);
    const auto sortAndNumber = [&](auto &rows) {
        std::sort(rows.begin(), rows.end(), isBefore);
        for (size_t row = 0; row < rows.size(); ++row)
            rows[row]->row = static_cast<int>(row);
    };
    for (ProgramNode *program : unsortedPrograms)
        sortAndNumber(program->rows);
    for (ApplicationNode *application : unsortedApplications)
        sortAndNumber(application->rows);
    if (mustSortApplications)
        sortAndNumber(m_rows);
    const QModelIndexList before = persistentIndexList();
    QModelIndexList after;
    after.reserve(before.size());
    for (const QModelIndex &index : before)
        after.append(indexOf(node(index), index.column()));
    changePersistentIndexList(before, after);
    Q_EMIT layoutChanged(parents, VerticalSortHint);
}

/// A total order among rows of one level, so that equal figures do not make rows jump: the busier and then
/// the elder first.
bool LiveModel::precedes(const Node &a, const Node &b) const
{
    const auto ordered = [this](const auto &first, const auto &second) {
        return m_sortOrder == Qt::AscendingOrder ? first < second : second < first;
    };
    const Figures::Rates &ratesA = a.shown.ratesOf(m_measure);
    const Figures::Rates &ratesB = b.shown.ratesOf(m_measure);
    const bool isRemote = a.level == Level::Remote;
    const ApplicationNode *applicationA = asApplication(&a);
    const ApplicationNode *applicationB = asApplication(&b);
    switch (m_sortColumn) {
    case Name:
        if (!isRemote) {
            const QString &nameA = applicationA ? applicationA->name : asProgram(&a)->name;
            const QString &nameB = applicationB ? applicationB->name : asProgram(&b)->name;
            if (const int order = QString::compare(nameA, nameB, Qt::CaseInsensitive))
                return ordered(order, 0);
        } else {
            const std::weak_ordering order =
                RemoteName::compare(static_cast<const RemoteNode &>(a).remote,
                                    static_cast<const RemoteNode &>(b).remote, m_areNamesShown);
            if (order != 0)
                return m_sortOrder == Qt::AscendingOrder ? order < 0 : order > 0;
        }
        break;
    case Pid: {
        const ProgramNode *processA = processOf(&a);
        const ProgramNode *processB = processOf(&b);
        const quint32 pidA = processA ? processA->program.pid : 0;
        const quint32 pidB = processB ? processB->program.pid : 0;
        if (pidA != pidB)
            return ordered(pidA, pidB);
        break;
    }
    case User:
        if (!isRemote) {
            const QString &userA = applicationA ? applicationA->user : asProgram(&a)->user;
            const QString &userB = applicationB ? applicationB->user : asProgram(&b)->user;
            if (const int order = QString::compare(userA, userB, Qt::CaseInsensitive))
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
    if (applicationA)
        return applicationA->order < applicationB->order;
    if (!isRemote)
        return asProgram(&a)->program.id < asProgram(&b)->program.id;
    return static_cast<const RemoteNode &>(a).remote.address
        < static_cast<const RemoteNode &>(b).remote.address;
}

QString LiveModel::nameOf(const Node &row) const
{
    if (const ApplicationNode *application = asApplication(&row))
        return application->name;
    const ProgramNode *program = asProgram(&row);
    return program ? program->name : static_cast<const RemoteNode &>(row).remote.text(m_areNamesShown);
}

QVariant LiveModel::display(const Node &row, int column) const
{
    const ApplicationNode *application = asApplication(&row);
    switch (column) {
    case Name:
        if (application && application->rows.size() > 1)
            return u"%1 (%2)"_s.arg(application->name, QLocale().toString(application->rows.size()));
        return nameOf(row);
    case Pid: {
        const QVariant pid = sortValue(row, Pid);
        return pid.isValid() ? QString::number(pid.toUInt()) : QString();
    }
    case User:
        if (application)
            return application->user;
        return row.level == Level::Process ? asProgram(&row)->user : QString();
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
    const ProgramNode *process = processOf(&row);
    const auto rate = [](const std::optional<double> &value) {
        return value ? QVariant(*value) : QVariant();
    };
    switch (column) {
    case Pid:
        return process && process->program.pid != 0 ? QVariant(process->program.pid) : QVariant();
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
        return process && process->program.kind == ProgramKind::Overflow
            ? QVariant()
            : QVariant(std::max<qint64>(row.shown.openSockets, 0));
    }
    return display(row, column);
}

Tone LiveModel::tone(const Node &row, int column) const
{
    const ApplicationNode *application = asApplication(&row);
    const ProgramNode *program =
        row.level == Level::Remote ? static_cast<const RemoteNode &>(row).program : asProgram(&row);
    const bool isIdle = column >= firstFigure && sortValue(row, column).toDouble() == 0;
    if (isIdle || (application ? application->hasEndedShown : program->hasEndedShown))
        return Tone::Muted;
    if (column == ReceiveRate)
        return Tone::Receive;
    if (column == SendRate)
        return Tone::Send;
    return row.level == Level::Remote || column == Pid || column == User ? Tone::Muted : Tone::Plain;
}

QString LiveModel::accessibleText(const Node &row, int column) const
{
    if (column != Name || row.level == Level::Remote)
        return display(row, column).toString();
    QStringList parts = {nameOf(row)};
    const ApplicationNode *application = asApplication(&row);
    if (application && application->rows.size() > 1)
        parts += tr("%n processes", nullptr, static_cast<int>(application->rows.size()));
    if (application ? application->hasEndedShown : asProgram(&row)->hasEndedShown)
        parts += tr("ended");
    if (executableOf(row) >= ExecutableState::Changed)
        parts += tr("executable changed on disk");
    return parts.join(u", "_s);
}

ExecutableState LiveModel::executableOf(const Node &row)
{
    if (const ApplicationNode *application = asApplication(&row)) {
        ExecutableState worst = ExecutableState::Unknown;
        for (const auto &program : application->rows)
            worst = std::max(worst, program->identity.executable);
        return worst;
    }
    const ProgramNode *program = asProgram(&row);
    return program ? program->identity.executable : ExecutableState::Unknown;
}

/// Names stand behind a word of ours, see Application.
QStringList LiveModel::applicationLines(const Application &application)
{
    QStringList lines;
    switch (application.kind) {
    case ApplicationKind::Program:
        lines += tr("Program: %1").arg(application.name);
        break;
    case ApplicationKind::Desktop:
        lines += tr("Application: %1").arg(application.name);
        break;
    case ApplicationKind::Flatpak:
        lines += tr("Flatpak: %1").arg(application.name);
        break;
    case ApplicationKind::Snap:
        lines += tr("Snap: %1").arg(application.name);
        break;
    case ApplicationKind::UserUnit:
        lines += tr("Service of the user: %1").arg(application.name);
        break;
    case ApplicationKind::SystemUnit:
        lines += tr("Service of the system: %1").arg(application.name);
        break;
    case ApplicationKind::Container:
        lines += tr("Container: %1 (%2)").arg(application.name, application.containerRuntime);
        break;
    case ApplicationKind::Script:
        lines += tr("Script: %1").arg(application.script);
        break;
    case ApplicationKind::Kernel:
        lines += tr("Kernel: %1").arg(application.name);
        break;
    }
    if (!application.desktopId.isEmpty())
        lines += tr("Desktop entry: %1").arg(application.desktopId);
    if (!application.script.isEmpty() && application.kind != ApplicationKind::Script)
        lines += tr("Script: %1").arg(application.script);
    if (!application.pod.isEmpty())
        lines += tr("Pod: %1").arg(application.pod);
    if (!application.containerId.isEmpty())
        lines += tr("Container’s id: %1").arg(application.containerId);
    if (!application.unit.isEmpty())
        lines += tr("Unit of systemd: %1").arg(application.unit);
    return lines;
}

QStringList LiveModel::programLines(const ProgramNode &node)
{
    const Program &program = node.program;
    QStringList lines;
    if (node.hasEndedShown)
        lines.append(tr("This program has ended."));
    lines.append(tr("Executable: %1").arg(program.executable.isEmpty() ? unknownText() : program.executable));
    if (node.identity.executable == ExecutableState::Changed)
        lines.append(tr("The file there is another, or newer, than the one that runs."));
    else if (node.identity.executable == ExecutableState::Missing)
        lines.append(tr("There is no such file any more."));
    lines.append(tr("Process: %1, user %2").arg(QString::number(program.pid), node.user));
    if (program.startNs != 0) {
        lines.append(
            tr("Started: %1").arg(QLocale().toString(wallClock(program.startNs), QLocale::ShortFormat)));
    }
    if (program.cgroupId != 0)
        lines.append(tr("Control group: %1").arg(program.cgroupId));
    return lines;
}

QString LiveModel::toolTip(const Node &row) const
{
    const QString figures = countsText(row.shown.counts, m_measured, m_style.base);
    if (row.level == Level::Remote) {
        const auto &node = static_cast<const RemoteNode &>(row);
        QStringList lines = {node.remote.addressText};
        if (node.remote.hasName())
            lines.append(node.remote.explanation());
        lines += {figures, QString(), toolTip(*node.program)};
        return lines.join(u'\n');
    }
    QStringList lines;
    const ApplicationNode *application = asApplication(&row);
    const ProgramNode *program = processOf(&row);
    switch (program ? program->program.kind : ProgramKind::Program) {
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
        lines += applicationLines(application ? application->application : program->identity.application);
        if (program)
            lines += programLines(*program);
        break;
    }
    if (application && application->rows.size() > 1)
        lines += tr("%n processes", nullptr, static_cast<int>(application->rows.size()));
    lines.append(figures);
    if (application && application->departedCount > 0) {
        const TrafficCounts &departed = application->departed;
        lines += tr("Of it by %n processes that have ended: %1 received, %2 sent", nullptr,
                    application->departedCount)
                     .arg(formatBytes(departed.rxBytes(m_measure), m_style.base),
                          formatBytes(departed.txBytes(m_measure), m_style.base));
    }
    return lines.join(u'\n');
}

} // namespace Nettally
