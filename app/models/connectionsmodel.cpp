// SPDX-License-Identifier: MIT
#include "connectionsmodel.h"

#include "figure.h"

#include <QLocale>

#include <algorithm>
#include <numeric>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// All that a new reading may change; not searchRole, for which each row is filtered anew.
const QList<int> figureRoles = {Qt::DisplayRole, Qt::ToolTipRole, copyRole, toneRole,
                                ConnectionsModel::SortRole};

bool isOver(TcpState state)
{
    return state == TcpState::TimeWait || state == TcpState::Closed;
}

} // namespace

ConnectionsModel::ConnectionsModel(QObject *parent)
    : QAbstractTableModel(parent)
{
}

void ConnectionsModel::apply(const ConnectionList &list)
{
    if (m_isPaused) {
        m_held = list;
        return;
    }
    QHash<quint64, qsizetype> places;
    places.reserve(list.connections.size());
    for (qsizetype i = 0; i < list.connections.size(); ++i)
        places.insert(list.connections[i].cookie, i);
    removeGone(places);

    m_timeNs = list.timeNs;
    const auto programOf = [&list](const Connection &connection) -> std::optional<Program> {
        const auto program = list.programs.constFind(connection.programId);
        return program == list.programs.constEnd() ? std::nullopt : std::optional(*program);
    };
    std::vector<int> filteredAnew;
    for (size_t i = 0; i < m_rows.size(); ++i) {
        Row &row = m_rows[i];
        const Connection &now = list.connections[places.take(row.connection.cookie)];
        const bool isNamedAnew = row.remote.ask(m_names, now.programId);
        if (isNamedAnew || now.state != row.connection.state || now.programId != row.connection.programId)
            filteredAnew.push_back(int(i));
        row.connection = now;
        row.program = programOf(now);
    }
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1), figureRoles);
    for (const int row : filteredAnew)
        Q_EMIT dataChanged(index(row, State), index(row, State), {searchRole});

    if (!places.isEmpty()) {
        beginInsertRows({}, rowCount(), rowCount() + int(places.size()) - 1);
        for (const Connection &connection : list.connections) {
            if (!places.contains(connection.cookie))
                continue;
            const Address &remote = connection.remote;
            m_rows.push_back({connection,
                              programOf(connection),
                              {remote, remote.isKnown() ? remote.toString() : unknownText(), {}}});
            m_rows.back().remote.ask(m_names, connection.programId);
        }
        endInsertRows();
    }
    sortRows();
}

void ConnectionsModel::removeGone(const QHash<quint64, qsizetype> &places)
{
    const auto isGone = [&places](const Row &row) { return !places.contains(row.connection.cookie); };
    const auto gone = std::count_if(m_rows.begin(), m_rows.end(), isGone);
    // Each range that goes costs the views as much as they have rows.
    if (size_t(gone) > m_rows.size() / 2) {
        beginResetModel();
        std::erase_if(m_rows, isGone);
        endResetModel();
        return;
    }
    for (int last = rowCount() - 1; last >= 0; --last) {
        if (!isGone(m_rows[size_t(last)]))
            continue;
        int first = last;
        while (first > 0 && isGone(m_rows[size_t(first) - 1]))
            --first;
        beginRemoveRows({}, first, last);
        m_rows.erase(m_rows.begin() + first, m_rows.begin() + last + 1);
        endRemoveRows();
        last = first;
    }
}

void ConnectionsModel::setPaused(bool paused)
{
    m_isPaused = paused;
    if (!paused && m_held)
        apply(*std::exchange(m_held, std::nullopt));
}

void ConnectionsModel::setUnitBase(UnitBase base)
{
    m_base = base;
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1),
                           {Qt::DisplayRole, Qt::ToolTipRole});
}

void ConnectionsModel::setNamesShown(bool shown)
{
    if (shown == m_areNamesShown)
        return;
    m_areNamesShown = shown;
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0, Remote), index(rowCount() - 1, Remote), figureRoles);
    sortRows();
}

bool ConnectionsModel::matches(const QModelIndex &index, const QString &text) const
{
    const Row &of = m_rows[size_t(index.row())];
    const auto holds = [&text](const QString &value) { return value.contains(text, Qt::CaseInsensitive); };
    if (of.program
        && (holds(of.program->executable) || holds(QString::number(of.program->pid))
            || (of.program->kind == ProgramKind::Program && holds(userName(of.program->uid)))))
        return true;
    if (of.remote.holds(text))
        return true;
    for (const int column : {ProgramName, State, Local}) {
        if (holds(display(of, column)))
            return true;
    }
    return holds(QString::number(of.connection.servicePort));
}

int ConnectionsModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int ConnectionsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ConnectionsModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Row &row = m_rows[size_t(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        return display(row, index.column());
    case Qt::ToolTipRole:
        return toolTip(row);
    case Qt::TextAlignmentRole:
        return headerData(index.column(), Qt::Horizontal, role);
    case SortRole:
        return sortValue(row, index.column());
    case addressRole:
        return row.remote.address.isKnown() ? QVariant(row.remote.addressText) : QVariant();
    case copyRole:
        return index.column() == Remote ? row.remote.copyText(m_areNamesShown) : QVariant();
    case toneRole:
        return int(tone(row, index.column()));
    default:
        return {};
    }
}

QVariant ConnectionsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    if (role == Qt::TextAlignmentRole) {
        switch (section) {
        case ProgramName:
        case Remote:
        case State:
        case Local:
            return QVariant::fromValue(Qt::Alignment(Qt::AlignLeft | Qt::AlignVCenter));
        default:
            return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
        }
    }
    if (role == Qt::ToolTipRole) {
        switch (section) {
        case Port:
            return tr("The port of the service: the remote one, or the local one of what is served here");
        case RoundTrip:
            return tr("Round trip time: until the other side’s answer comes, smoothed");
        case Retransmits:
            return tr("Segments that had to be sent again");
        case Received:
        case Sent:
            return tr("Payload since the connection was opened");
        default:
            return {};
        }
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case ProgramName:
        return tr("Program");
    case Pid:
        return tr("PID");
    case Remote:
        return tr("Remote");
    case Port:
        return tr("Port");
    case State:
        return tr("State");
    case RoundTrip:
        return tr("RTT");
    case Retransmits:
        return tr("Resent");
    case Received:
        return tr("Received");
    case Sent:
        return tr("Sent");
    case Age:
        return tr("Age");
    default:
        return tr("Local end");
    }
}

void ConnectionsModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= ColumnCount)
        return;
    m_sortColumn = column;
    m_sortOrder = order;
    sortRows();
}

void ConnectionsModel::sortRows()
{
    const auto before = [this](const Row &a, const Row &b) { return precedes(a, b); };
    if (std::is_sorted(m_rows.begin(), m_rows.end(), before))
        return;
    Q_EMIT layoutAboutToBeChanged({}, VerticalSortHint);
    std::vector<size_t> order(m_rows.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(),
              [this](size_t a, size_t b) { return precedes(m_rows[a], m_rows[b]); });
    std::vector<Row> sorted;
    sorted.reserve(m_rows.size());
    std::vector<int> newPlaces(m_rows.size());
    for (size_t i = 0; i < order.size(); ++i) {
        newPlaces[order[i]] = int(i);
        sorted.push_back(std::move(m_rows[order[i]]));
    }
    m_rows = std::move(sorted);
    const QModelIndexList from = persistentIndexList();
    QModelIndexList to;
    to.reserve(from.size());
    for (const QModelIndex &index : from)
        to.append(this->index(newPlaces[size_t(index.row())], index.column()));
    changePersistentIndexList(from, to);
    Q_EMIT layoutChanged({}, VerticalSortHint);
}

/// By the column in its order, what is not known last in both; then by cookie, so that equal rows stand
/// still.
bool ConnectionsModel::precedes(const Row &a, const Row &b) const
{
    const auto compare = [this](const auto &x, const auto &y) {
        return m_sortOrder == Qt::AscendingOrder ? x < y : y < x;
    };
    const quint64 first = a.connection.cookie;
    const quint64 second = b.connection.cookie;
    if (m_sortColumn == Remote) {
        const std::weak_ordering order = RemoteName::compare(a.remote, b.remote, m_areNamesShown);
        if (order != 0)
            return m_sortOrder == Qt::AscendingOrder ? order < 0 : order > 0;
        return first < second;
    }
    const QVariant x = sortValue(a, m_sortColumn);
    const QVariant y = sortValue(b, m_sortColumn);
    if (x.isValid() != y.isValid())
        return x.isValid();
    if (x == y)
        return first < second;
    if (x.typeId() == QMetaType::QString) {
        const int order = QString::localeAwareCompare(x.toString(), y.toString());
        return order != 0 ? compare(order, 0) : first < second;
    }
    return compare(x.toLongLong(), y.toLongLong());
}

QString ConnectionsModel::nameOf(const Row &row)
{
    if (!row.program)
        return tr("Not known");
    switch (row.program->kind) {
    case ProgramKind::KernelThread:
        return tr("%1 (kernel)").arg(row.program->name);
    case ProgramKind::Overflow:
        return tr("More programs than the kernel’s table holds");
    default:
        return row.program->name;
    }
}

std::optional<qint64> ConnectionsModel::ageMs(const Row &row) const
{
    const std::optional<quint64> &opened = row.connection.openedNs;
    if (!opened)
        return std::nullopt;
    return m_timeNs > *opened ? qint64((m_timeNs - *opened) / 1'000'000) : 0;
}

QString ConnectionsModel::display(const Row &row, int column) const
{
    const Connection &connection = row.connection;
    const std::optional<ConnectionFigures> &figures = connection.figures;
    switch (column) {
    case ProgramName:
        return nameOf(row);
    case Remote:
        return row.remote.text(m_areNamesShown);
    case State:
        return tcpStateText(connection.state);
    case Local:
        return endpointText(connection.local, connection.localPort);
    case Port:
        return QString::number(connection.servicePort);
    default:
        break;
    }
    const QVariant value = sortValue(row, column);
    if (!value.isValid())
        return unknownText();
    switch (column) {
    case Pid:
        return value.toString();
    case RoundTrip:
        return roundTripText(value.toUInt());
    case Retransmits:
        return QLocale().toString(value.toLongLong());
    case Received:
        return formatBytes(figures->rxBytes, m_base);
    case Sent:
        return formatBytes(figures->txBytes, m_base);
    default:
        return formatDuration(value.toLongLong());
    }
}

QVariant ConnectionsModel::sortValue(const Row &row, int column) const
{
    const Connection &connection = row.connection;
    const std::optional<ConnectionFigures> &figures = connection.figures;
    const auto number = [](const auto &value) { return QVariant(qint64(value)); };
    switch (column) {
    case ProgramName:
        return nameOf(row);
    case Pid:
        return row.program && row.program->pid != 0 ? number(row.program->pid) : QVariant();
    case Remote:
        return connection.remote.isKnown() ? QVariant(row.remote.text(m_areNamesShown)) : QVariant();
    case Port:
        return number(connection.servicePort);
    case State:
        return tcpStateText(connection.state);
    case RoundTrip:
        return figures && figures->roundTripUs ? number(*figures->roundTripUs) : QVariant();
    case Retransmits:
        return figures ? number(figures->retransmits) : QVariant();
    case Received:
        return figures ? number(figures->rxBytes) : QVariant();
    case Sent:
        return figures ? number(figures->txBytes) : QVariant();
    case Age: {
        const std::optional<qint64> age = ageMs(row);
        return age ? number(*age) : QVariant();
    }
    default:
        return endpointText(connection.local, connection.localPort);
    }
}

Tone ConnectionsModel::tone(const Row &row, int column) const
{
    if (isOver(row.connection.state) || (column == ProgramName && !row.program))
        return Tone::Muted;
    const QVariant value = sortValue(row, column);
    if (!value.isValid() || (column != Age && value == 0))
        return Tone::Muted;
    if (column == Received)
        return Tone::Receive;
    return column == Sent ? Tone::Send : Tone::Plain;
}

QString ConnectionsModel::toolTip(const Row &row) const
{
    const Connection &connection = row.connection;
    QStringList lines;
    lines.append(connection.state == TcpState::Listening
                     ? endpointText(connection.local, connection.localPort)
                     : tr("%1 to %2")
                           .arg(endpointText(connection.local, connection.localPort),
                                endpointText(connection.remote, connection.remotePort)));
    if (row.remote.hasName())
        lines.append(row.remote.explanation());
    if (row.program && !row.program->executable.isEmpty())
        lines.append(row.program->executable);
    if (connection.figures) {
        const ConnectionFigures &figures = *connection.figures;
        if (figures.roundTripUs) {
            const QString least =
                figures.leastRoundTripUs ? roundTripText(*figures.leastRoundTripUs) : unknownText();
            lines.append(tr("Round trip %1, varying by %2, least %3")
                             .arg(roundTripText(*figures.roundTripUs),
                                  roundTripText(figures.roundTripVariationUs.value_or(0)), least));
        }
        lines.append(tr("Sent again: %1 in %n segment(s)", nullptr, int(figures.retransmits))
                         .arg(formatBytes(figures.retransmittedBytes, m_base)));
        lines.append(tr("Congestion window: %n segment(s)", nullptr, int(figures.congestionWindow)));
    }
    if (!connection.openedNs && connection.figures)
        lines.append(tr("Opened before the helper measured: the age is not known"));
    return lines.join(u'\n');
}

} // namespace Nettally
