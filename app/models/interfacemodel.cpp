// SPDX-License-Identifier: MIT
#include "interfacemodel.h"

#include "tunneltext.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

struct LineText {
    const char *key; ///< as in the contract
    const char *name;
    const char *explanation;
};

/// In the order in which they stand; one that is not here stands before the last four.
constexpr std::array lineTexts = {
    LineText{"programs", QT_TRANSLATE_NOOP("InterfaceModel", "Programs"),
             QT_TRANSLATE_NOOP("InterfaceModel", "IP packets of programs’ sockets, headers included.")},
    LineText{"pending", QT_TRANSLATE_NOOP("InterfaceModel", "Accepted, not used yet"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Connections that no program has used so far.")},
    LineText{"spilled", QT_TRANSLATE_NOOP("InterfaceModel", "Beyond the kernel’s table"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Counted, but not told apart: the table was full.")},
    LineText{"frames", QT_TRANSLATE_NOOP("InterfaceModel", "Whole frames"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Sent by packet sockets, as DHCP clients do.")},
    LineText{"kernel-icmp", QT_TRANSLATE_NOOP("InterfaceModel", "Kernel: ICMP"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Answers to pings, errors, neighbour discovery.")},
    LineText{"kernel-tcp", QT_TRANSLATE_NOOP("InterfaceModel", "Kernel: TCP"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Resets, and answers to connections that are over.")},
    LineText{"kernel-multicast", QT_TRANSLATE_NOOP("InterfaceModel", "Kernel: multicast"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Group membership.")},
    LineText{"kernel-other", QT_TRANSLATE_NOOP("InterfaceModel", "Kernel: other"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Other packets that no program sent or received.")},
    LineText{"unseen-arp", QT_TRANSLATE_NOOP("InterfaceModel", "ARP"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Asks and tells which link address an IPv4 address has.")},
    LineText{"unseen-neighbour-discovery", QT_TRANSLATE_NOOP("InterfaceModel", "Neighbour discovery"),
             QT_TRANSLATE_NOOP("InterfaceModel",
                               "Finds routers and link addresses for IPv6; the kernel answers itself.")},
    LineText{
        "unseen-groups", QT_TRANSLATE_NOOP("InterfaceModel", "Group membership"),
        QT_TRANSLATE_NOOP("InterfaceModel", "Tells routers which multicast groups are listened to here.")},
    LineText{"unseen-icmp", QT_TRANSLATE_NOOP("InterfaceModel", "ICMP"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Pings and error messages that the kernel handles itself.")},
    LineText{"unseen-tcp-open", QT_TRANSLATE_NOOP("InterfaceModel", "TCP to closed ports"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Connections to ports where nobody listens.")},
    LineText{"unseen-tcp-reset", QT_TRANSLATE_NOOP("InterfaceModel", "TCP resets"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Sent by the kernel, or for connections that are no more.")},
    LineText{"unseen-tcp-close", QT_TRANSLATE_NOOP("InterfaceModel", "TCP closes"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Of connections whose socket is gone by then (TIME_WAIT).")},
    LineText{"unseen-tcp-data", QT_TRANSLATE_NOOP("InterfaceModel", "TCP data for no socket"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Forwarded, dropped, or for a program that has closed.")},
    LineText{"unseen-udp", QT_TRANSLATE_NOOP("InterfaceModel", "UDP for no socket"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Forwarded, dropped, or nobody listened.")},
    LineText{"unseen-multicast", QT_TRANSLATE_NOOP("InterfaceModel", "Multicast and broadcast"),
             QT_TRANSLATE_NOOP("InterfaceModel", "To many, and nobody here listens to it.")},
    LineText{
        "unseen-fragments", QT_TRANSLATE_NOOP("InterfaceModel", "Fragments"),
        QT_TRANSLATE_NOOP("InterfaceModel",
                          "The headers of packets cut in pieces, and what pieces carried for no socket.")},
    LineText{"unseen-other-ip", QT_TRANSLATE_NOOP("InterfaceModel", "Other IP protocols"),
             QT_TRANSLATE_NOOP("InterfaceModel", "For no socket here, such as the outside of tunnels.")},
    LineText{"unseen-forwarded", QT_TRANSLATE_NOOP("InterfaceModel", "Forwarded"),
             QT_TRANSLATE_NOOP("InterfaceModel",
                               "Sent on for others: containers, virtual machines, a shared connection.")},
    LineText{"unseen-not-ours", QT_TRANSLATE_NOOP("InterfaceModel", "For other machines"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Addressed to another machine: bridged, or overheard.")},
    LineText{"unseen-packet-sockets", QT_TRANSLATE_NOOP("InterfaceModel", "Packet sockets"),
             QT_TRANSLATE_NOOP("InterfaceModel",
                               "Frames by programs that bypass IP and are bound to no interface.")},
    LineText{"unseen-other-link", QT_TRANSLATE_NOOP("InterfaceModel", "Other frames"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Neither IP nor ARP, such as switches’ own.")},
    LineText{
        "link-headers", QT_TRANSLATE_NOOP("InterfaceModel", "Link headers"),
        QT_TRANSLATE_NOOP("InterfaceModel", "Those of the link, before the IP headers of all of the above.")},
    LineText{"segment-headers", QT_TRANSLATE_NOOP("InterfaceModel", "Segment headers"),
             QT_TRANSLATE_NOOP("InterfaceModel",
                               "Repeated in each segment of a packet, where the interface counts segments.")},
    LineText{
        "unseen", QT_TRANSLATE_NOOP("InterfaceModel", "Not seen"),
        QT_TRANSLATE_NOOP("InterfaceModel",
                          "Passed the interface but no socket: ARP, forwarded and bridged packets. Below "
                          "zero for moments, while packets are under way.")},
    LineText{"unnamed", QT_TRANSLATE_NOOP("InterfaceModel", "Under way"),
             QT_TRANSLATE_NOOP("InterfaceModel", "Packets that were half counted at the begin or the end.")},
};
/// What is not named: in everyday use, and by an audit.
constexpr auto unseenKey = "unseen"_L1;
constexpr auto unnamedKey = "unnamed"_L1;
/// The share of an interface's bytes that may go unseen in everyday use.
constexpr double unseenAllowed = 0.001;
constexpr int unknownRank = static_cast<int>(lineTexts.size()) - 5;

/// The index in lineTexts; -1: a newer helper's line.
int textOf(const QString &key)
{
    for (size_t i = 0; i < lineTexts.size(); ++i) {
        if (key == QLatin1StringView(lineTexts[i].key))
            return static_cast<int>(i);
    }
    return -1;
}

QString translated(const char *text)
{
    return QCoreApplication::translate("InterfaceModel", text);
}

} // namespace

struct InterfaceModel::Node {
    explicit Node(InterfaceNode *parentNode)
        : parent(parentNode)
    {
    }

    InterfaceNode *parent; ///< null: an interface
    int row = 0;
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
};

struct InterfaceModel::LineNode : Node {
    LineNode(InterfaceNode *parentNode, const QString &lineKey)
        : Node(parentNode)
        , key(lineKey)
        , text(textOf(lineKey))
    {
    }

    bool isSum() const { return key.isEmpty(); }
    bool isUnnamed() const { return key == unseenKey || key == unnamedKey; }
    int rank() const { return isSum() ? static_cast<int>(lineTexts.size()) : text < 0 ? unknownRank : text; }

    QString key; ///< empty: the sum
    int text; ///< index in lineTexts, or -1
};

struct InterfaceModel::InterfaceNode : Node {
    InterfaceNode()
        : Node(nullptr)
    {
    }

    quint32 index = 0;
    QString name;
    QString tunnel; ///< what it is and who carries it; empty: no tunnel
    quint64 sinceNs = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    std::vector<std::unique_ptr<LineNode>> lines; ///< in order of rank; the last is the sum

    const LineNode *unseen() const
    {
        const auto line = std::find_if(lines.begin(), lines.end(),
                                       [](const auto &candidate) { return candidate->isUnnamed(); });
        return line == lines.end() ? nullptr : line->get();
    }
    bool isBalanced() const
    {
        return lines.empty() || (lines.back()->rxBytes == rxBytes && lines.back()->txBytes == txBytes);
    }
};

InterfaceModel::InterfaceModel(Span span, QObject *parent)
    : QAbstractItemModel(parent)
    , m_span(span)
{
}

InterfaceModel::~InterfaceModel() = default;

void InterfaceModel::take(const QList<InterfaceBalance> &interfaces,
                          const std::optional<MachineBytes> &machine)
{
    if (m_isPaused)
        return;
    m_machine = machine;
    removeMissing(interfaces);
    for (const InterfaceBalance &balance : interfaces) {
        auto known = std::find_if(m_rows.begin(), m_rows.end(),
                                  [&](const auto &row) { return row->index == balance.index; });
        if (known == m_rows.end()) {
            const int row = static_cast<int>(m_rows.size());
            beginInsertRows({}, row, row);
            m_rows.push_back(std::make_unique<InterfaceNode>());
            m_rows.back()->row = row;
            m_rows.back()->index = balance.index;
            m_rows.back()->sinceNs = balance.sinceNs;
            endInsertRows();
            known = m_rows.end() - 1;
        }
        (*known)->tunnel = tunnelText(balance, interfaces);
        update(**known, balance);
    }
    Q_EMIT changed();
}

/// Also those whose counters began anew: what is under the same index now is another interface.
void InterfaceModel::removeMissing(const QList<InterfaceBalance> &interfaces)
{
    for (int row = static_cast<int>(m_rows.size()) - 1; row >= 0; --row) {
        const InterfaceNode &known = *m_rows[size_t(row)];
        const bool isThere =
            std::any_of(interfaces.begin(), interfaces.end(), [&](const InterfaceBalance &balance) {
                return balance.index == known.index && balance.sinceNs == known.sinceNs;
            });
        if (isThere)
            continue;
        beginRemoveRows({}, row, row);
        m_rows.erase(m_rows.begin() + row);
        for (size_t after = size_t(row); after < m_rows.size(); ++after)
            m_rows[after]->row = static_cast<int>(after);
        endRemoveRows();
    }
}

void InterfaceModel::update(InterfaceNode &interface, const InterfaceBalance &balance)
{
    interface.name = balance.name;
    interface.rxBytes = static_cast<qint64>(balance.rxBytes);
    interface.txBytes = static_cast<qint64>(balance.txBytes);
    interface.rxPackets = balance.rxPackets;
    interface.txPackets = balance.txPackets;
    const QModelIndex parent = indexOf(&interface);
    const auto insert = [&](const QString &key) {
        auto line = std::make_unique<LineNode>(&interface, key);
        const auto place = std::upper_bound(interface.lines.begin(), interface.lines.end(), line->rank(),
                                            [](int rank, const auto &known) { return rank < known->rank(); });
        const int row = static_cast<int>(place - interface.lines.begin());
        beginInsertRows(parent, row, row);
        interface.lines.insert(place, std::move(line));
        for (size_t after = size_t(row); after < interface.lines.size(); ++after)
            interface.lines[after]->row = static_cast<int>(after);
        endInsertRows();
    };
    if (interface.lines.empty() && !balance.lines.isEmpty())
        insert({});
    for (const auto &line : interface.lines)
        line->rxBytes = line->txBytes = 0;
    for (const BalanceLine &told : balance.lines) {
        const auto isTold = [&](const auto &line) { return !line->isSum() && line->key == told.name; };
        auto line = std::find_if(interface.lines.begin(), interface.lines.end(), isTold);
        if (line == interface.lines.end()) {
            insert(told.name);
            line = std::find_if(interface.lines.begin(), interface.lines.end(), isTold);
        }
        (*line)->rxBytes = told.rxBytes;
        (*line)->txBytes = told.txBytes;
        interface.lines.back()->rxBytes += told.rxBytes;
        interface.lines.back()->txBytes += told.txBytes;
    }
    Q_EMIT dataChanged(parent, indexOf(&interface, ColumnCount - 1));
    if (!interface.lines.empty()) {
        Q_EMIT dataChanged(indexOf(interface.lines.front().get()),
                           indexOf(interface.lines.back().get(), ColumnCount - 1));
    }
}

QString InterfaceModel::machineText() const
{
    return m_machine ? tr("%1 received, %2 sent")
                           .arg(formatBytes(m_machine->rxBytes, m_style.base),
                                formatBytes(m_machine->txBytes, m_style.base))
                     : QString();
}

void InterfaceModel::setUnitStyle(UnitStyle style)
{
    m_style = style;
}

std::optional<double> InterfaceModel::namedShare() const
{
    const quint64 bytes = bytesTotal();
    if (bytes == 0)
        return std::nullopt;
    qint64 unseen = 0;
    for (const auto &interface : m_rows) {
        // Too little and too much do not make up for each other.
        if (const LineNode *line = interface->unseen())
            unseen += std::abs(line->rxBytes) + std::abs(line->txBytes);
    }
    return std::max(0.0, 1 - static_cast<double>(unseen) / static_cast<double>(bytes));
}

bool InterfaceModel::isBalanced() const
{
    return std::all_of(m_rows.begin(), m_rows.end(),
                       [](const auto &interface) { return interface->isBalanced(); });
}

quint64 InterfaceModel::bytesTotal() const
{
    quint64 bytes = 0;
    for (const auto &interface : m_rows)
        bytes += static_cast<quint64>(interface->rxBytes) + static_cast<quint64>(interface->txBytes);
    return bytes;
}

QString InterfaceModel::shareText(std::optional<double> share)
{
    if (!share)
        return unknownText();
    constexpr double least = 0.0001;
    const QLocale locale;
    const QString unit = QChar::Nbsp + u"%"_s;
    const double size = std::abs(*share);
    if (size == 0 || size == 1)
        return locale.toString(qRound(*share * 100)) + unit;
    if (size < least)
        return u"< "_s + locale.toString(least * 100, 'f', 2) + unit;
    const double limited = size < 1 ? std::min(size, 1 - least) : size;
    return locale.toString(std::copysign(limited, *share) * 100, 'f', 2) + unit;
}

const InterfaceModel::Node *InterfaceModel::node(const QModelIndex &index)
{
    return static_cast<const Node *>(index.constInternalPointer());
}

const InterfaceModel::InterfaceNode *InterfaceModel::asInterface(const Node *node)
{
    return node && !node->parent ? static_cast<const InterfaceNode *>(node) : nullptr;
}

QModelIndex InterfaceModel::indexOf(const Node *node, int column) const
{
    return createIndex(node->row, column, node);
}

QModelIndex InterfaceModel::index(int row, int column, const QModelIndex &parent) const
{
    if (row < 0 || column < 0 || column >= ColumnCount || row >= rowCount(parent))
        return {};
    if (!parent.isValid())
        return indexOf(m_rows[size_t(row)].get(), column);
    return indexOf(asInterface(node(parent))->lines[size_t(row)].get(), column);
}

QModelIndex InterfaceModel::parent(const QModelIndex &index) const
{
    if (!index.isValid() || !node(index)->parent)
        return {};
    return indexOf(node(index)->parent);
}

int InterfaceModel::rowCount(const QModelIndex &parent) const
{
    if (!parent.isValid())
        return static_cast<int>(m_rows.size());
    const InterfaceNode *interface = parent.column() == 0 ? asInterface(node(parent)) : nullptr;
    return interface ? static_cast<int>(interface->lines.size()) : 0;
}

int InterfaceModel::columnCount(const QModelIndex &) const
{
    return ColumnCount;
}

QVariant InterfaceModel::data(const QModelIndex &index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const Node &row = *node(index);
    switch (role) {
    case Qt::DisplayRole:
        return display(row, index.column());
    case Qt::AccessibleTextRole: {
        const bool isNamedShare =
            !row.parent && (index.column() == ReceivedShare || index.column() == SentShare);
        const QString text = display(row, index.column());
        return isNamedShare ? tr("%1 named").arg(text) : text;
    }
    case Qt::ToolTipRole:
        return toolTip(row);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter
            | (index.column() == Name || index.column() == Explanation ? Qt::AlignLeft : Qt::AlignRight));
    case SortRole:
        return sortValue(row, index.column());
    case SumRole:
        return row.parent && static_cast<const LineNode &>(row).isSum();
    case toneRole:
        return int(tone(row, index.column()));
    }
    return {};
}

QVariant InterfaceModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount)
        return {};
    const bool isShare = section == ReceivedShare || section == SentShare;
    if (role == Qt::TextAlignmentRole) {
        return QVariant::fromValue<Qt::Alignment>(
            Qt::AlignVCenter | (section == Name || section == Explanation ? Qt::AlignLeft : Qt::AlignRight));
    }
    if (role == Qt::ToolTipRole && section != Name && section != Explanation) {
        if (isShare)
            return tr("Of what the interface counted; beside an interface, how much of it is named");
        return m_span == Span::SinceStart ? tr("Bytes since the helper started")
                                          : tr("Bytes while every frame was watched");
    }
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Interface");
    case Received:
        return tr("Received, bytes");
    case Sent:
        return tr("Sent, bytes");
    case Explanation:
        return tr("What it is");
    }
    return tr("Share");
}

QString InterfaceModel::name(const Node &row) const
{
    if (const InterfaceNode *interface = asInterface(&row))
        return interface->name;
    const auto &line = static_cast<const LineNode &>(row);
    if (!line.isSum())
        return line.text < 0 ? line.key : translated(lineTexts[size_t(line.text)].name);
    return row.parent->isBalanced() ? tr("✓ Sum balances") : tr("Sum differs");
}

/// Of the interface's counter; of an interface, what is named.
std::optional<double> InterfaceModel::share(const Node &row, bool isReceived)
{
    const auto bytes = [isReceived](const Node &node) { return isReceived ? node.rxBytes : node.txBytes; };
    const InterfaceNode *interface = asInterface(&row);
    const qint64 whole = bytes(interface ? row : *row.parent);
    if (whole == 0)
        return std::nullopt;
    const LineNode *unseen = interface ? interface->unseen() : nullptr;
    const qint64 part = interface ? whole - std::abs(unseen ? bytes(*unseen) : 0) : bytes(row);
    return static_cast<double>(interface ? std::max<qint64>(part, 0) : part) / static_cast<double>(whole);
}

QVariant InterfaceModel::sortValue(const Node &row, int column) const
{
    switch (column) {
    case Received:
        return row.rxBytes;
    case Sent:
        return row.txBytes;
    case ReceivedShare:
    case SentShare: {
        const std::optional<double> value = share(row, column == ReceivedShare);
        return value ? QVariant(*value) : QVariant();
    }
    case Explanation:
        return explanation(row);
    }
    return name(row);
}

QString InterfaceModel::display(const Node &row, int column) const
{
    switch (column) {
    case Received:
        return QLocale().toString(row.rxBytes);
    case Sent:
        return QLocale().toString(row.txBytes);
    case ReceivedShare:
    case SentShare:
        return shareText(share(row, column == ReceivedShare));
    case Explanation:
        return explanation(row);
    }
    const InterfaceNode *interface = asInterface(&row);
    return interface && !interface->tunnel.isEmpty() ? tr("%1: %2").arg(interface->name, interface->tunnel)
                                                     : name(row);
}

/// A sentence about a line; empty where there is nothing to say.
QString InterfaceModel::explanation(const Node &row)
{
    const auto *line = row.parent ? static_cast<const LineNode *>(&row) : nullptr;
    return line && line->text >= 0 ? translated(lineTexts[size_t(line->text)].explanation) : QString();
}

QString InterfaceModel::toolTip(const Node &row) const
{
    const auto bytes = [this](qint64 count) {
        const QString size = formatBytes(static_cast<quint64>(std::abs(count)), m_style.base);
        return count < 0 ? u"−"_s + size : size;
    };
    QStringList lines = {name(row)};
    if (const InterfaceNode *interface = asInterface(&row)) {
        if (!interface->tunnel.isEmpty())
            lines.append(interface->tunnel);
        lines.append(
            tr("Named: %1 received, %2 sent").arg(shareText(share(row, true)), shareText(share(row, false))));
        lines.append(
            tr("Packets: %1 received, %2 sent")
                .arg(QLocale().toString(interface->rxPackets), QLocale().toString(interface->txPackets)));
    } else if (const auto &line = static_cast<const LineNode &>(row); line.text >= 0) {
        lines.append(explanation(row));
    } else if (line.isSum() && !row.parent->isBalanced()) {
        lines.append(tr("The counter has %1 bytes more received and %2 more sent.")
                         .arg(QLocale().toString(row.parent->rxBytes - row.rxBytes),
                              QLocale().toString(row.parent->txBytes - row.txBytes)));
    }
    lines.append(tr("%1 received, %2 sent").arg(bytes(row.rxBytes), bytes(row.txBytes)));
    return lines.join(u'\n');
}

Tone InterfaceModel::tone(const Node &row, int column)
{
    if (!row.parent) {
        const bool isIdle = column == Received || column == ReceivedShare ? row.rxBytes == 0
            : column == Name ? row.rxBytes == 0 && row.txBytes == 0
                             : row.txBytes == 0;
        return isIdle ? Tone::Muted : Tone::Plain;
    }
    const auto &line = static_cast<const LineNode &>(row);
    if (column == Explanation)
        return Tone::Muted;
    if (line.isSum())
        return line.parent->isBalanced() ? Tone::Good : Tone::Warning;
    const qint64 bytes = column == Received || column == ReceivedShare ? row.rxBytes
        : column == Name                                               ? row.rxBytes | row.txBytes
                                                                       : row.txBytes;
    if (bytes == 0)
        return Tone::Muted;
    const double most =
        std::max(std::abs(share(row, true).value_or(0)), std::abs(share(row, false).value_or(0)));
    return line.isUnnamed() && most > unseenAllowed ? Tone::Warning : Tone::Plain;
}

} // namespace Nettally
