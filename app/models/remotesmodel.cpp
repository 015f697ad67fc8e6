// SPDX-License-Identifier: MIT
#include "remotesmodel.h"

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// How long an address stays whose programs have all ended, after its last byte.
constexpr quint64 keptNs = 600'000'000'000;

} // namespace

/// A row that is no program.
struct RemotesModel::Row : Node {
    PlaceBook::Place place;
    Reach reach = Reach::Unknown;
};

struct RemotesModel::Host : Row {
    explicit Host(const Address &address)
        : remote{address, address.isKnown() ? address.toString() : tr("Address not known"), {}}
    {
        reach = reachOf(address);
    }

    RemoteName remote;
};

struct RemotesModel::Group : Row {
    QString key;
    QString title;
};

RemotesModel::RemotesModel(QObject *parent)
    : UsageTree(ReceiveRate, keptNs, parent)
{
}

void RemotesModel::setGrouping(Grouping grouping)
{
    if (grouping == m_grouping)
        return;
    m_grouping = grouping;
    beginResetModel();
    std::vector<std::unique_ptr<Node>> hosts;
    const auto take = [&](Node &from, const auto &again) -> void {
        for (auto *children : {&from.rows, &from.pending}) {
            for (auto &child : *children) {
                if (asHost(*child)) {
                    child->row = -1;
                    hosts.push_back(std::move(child));
                } else {
                    again(*child, again);
                }
            }
            children->clear();
        }
    };
    take(root(), take);
    m_groups.clear();
    endResetModel();
    for (auto &host : hosts) {
        Node &group = groupOf(*asHost(*host));
        keep(group, std::move(host));
    }
    publish();
}

void RemotesModel::setNamesShown(bool shown)
{
    if (shown == m_areNamesShown)
        return;
    m_areNamesShown = shown;
    announceText(root(), Name, Name);
    sortRows();
}

int RemotesModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() && parent.column() != 0 ? 0 : ColumnCount;
}

const RemotesModel::Row &RemotesModel::rowOf(const Node &node)
{
    return static_cast<const Row &>(node);
}

const RemotesModel::Host *RemotesModel::asHost(const Node &node)
{
    return dynamic_cast<const Host *>(&node);
}

UsageTree::LeafKey RemotesModel::keyOf(const UsageChange::Growth &growth) const
{
    LeafKey key;
    key.remote = growth.remote;
    return key;
}

UsageTree::Node *RemotesModel::parentOf(const LeafKey &key)
{
    Host *&known = m_hosts[key.remote];
    if (!known) {
        auto host = std::make_unique<Host>(key.remote);
        host->remote.ask(m_names, NameBook::noProgram);
        askForPlace(*host);
        Node &group = groupOf(*host);
        known = adopt(group, std::move(host));
    }
    return known;
}

void RemotesModel::forget(const Node &node)
{
    if (const Host *host = asHost(node))
        m_hosts.remove(host->remote.address);
    else
        m_groups.remove(static_cast<const Group &>(node).key);
}

void RemotesModel::forgetAll()
{
    m_hosts.clear();
    m_groups.clear();
}

void RemotesModel::askForPlace(Host &host)
{
    host.place = m_places && host.reach == Reach::Internet ? m_places->placeOf(host.remote.address)
                                                           : PlaceBook::Place();
}

void RemotesModel::renew()
{
    const bool arePlacesOld = m_places && m_places->generation() != m_placeGeneration;
    const bool areNamesOld = std::exchange(m_areNamesOld, false);
    if (!arePlacesOld && !areNamesOld)
        return;
    bool isRenamed = false;
    for (Host *host : std::as_const(m_hosts)) {
        isRenamed = (areNamesOld && host->remote.ask(m_names, NameBook::noProgram)) || isRenamed;
        if (arePlacesOld)
            askForPlace(*host);
        regroup(*host);
    }
    if (isRenamed || arePlacesOld)
        announceText(root(), Name, Network);
    if (arePlacesOld) {
        // Asking may have found a file broken.
        m_placeGeneration = m_places->generation();
        Q_EMIT placesChanged();
    }
}

/// Empty: it stands alone.
QString RemotesModel::groupKeyOf(const Host &host) const
{
    const QString byReach = QString::number(int(host.reach));
    switch (m_grouping) {
    case Grouping::Address:
        break;
    case Grouping::Name:
        return host.remote.name.text;
    case Grouping::Network:
        return host.place.networkNumber != 0 ? u"AS%1"_s.arg(host.place.networkNumber) : byReach;
    case Grouping::Country:
        return host.place.countryCode.isEmpty() ? byReach : host.place.countryCode;
    }
    return {};
}

UsageTree::Node &RemotesModel::groupOf(const Host &host)
{
    const QString key = groupKeyOf(host);
    if (key.isEmpty())
        return root();
    Group *&known = m_groups[key];
    if (!known) {
        auto group = std::make_unique<Group>();
        group->key = key;
        group->reach = host.reach;
        if (m_grouping == Grouping::Name) {
            group->title = key;
        } else if (m_grouping == Grouping::Network && host.place.networkNumber != 0) {
            group->place = host.place;
            group->place.countryCode.clear();
            group->place.country.clear();
            group->title = host.place.networkText();
        } else if (m_grouping == Grouping::Country && !host.place.countryCode.isEmpty()) {
            group->place.countryCode = host.place.countryCode;
            group->place.country = host.place.country;
            group->title = host.place.country;
        } else if (host.reach == Reach::Internet) {
            group->title =
                m_grouping == Grouping::Network ? tr("Network not known") : tr("Country not known");
        } else {
            group->title = reachText(host.reach);
        }
        known = adopt(root(), std::move(group));
    }
    return *known;
}

void RemotesModel::regroup(Host &host)
{
    Node &group = groupOf(host);
    if (host.parent != &group)
        keep(group, release(host));
}

QString RemotesModel::reachText(Reach reach)
{
    switch (reach) {
    case Reach::Unknown:
        return tr("Address not known");
    case Reach::Loopback:
        return tr("This machine");
    case Reach::Local:
        return tr("Local network");
    case Reach::Internet:
        return tr("Internet");
    }
    return {};
}

Figure RemotesModel::figureOf(int column) const
{
    switch (column) {
    case ReceiveRate:
        return Figure::ReceiveRate;
    case SendRate:
        return Figure::SendRate;
    case Received:
        return Figure::Received;
    case Sent:
        return Figure::Sent;
    case Connections:
        return Figure::Connections;
    case FirstSeen:
        return Figure::FirstSeen;
    case LastSeen:
        return Figure::LastSeen;
    default:
        return Figure::None;
    }
}

QString RemotesModel::heading(int column) const
{
    switch (column) {
    case Name:
        return tr("Remote host");
    case AddressText:
        return tr("Address");
    case Where:
        return tr("Where");
    case Network:
        return tr("Network");
    case Programs:
        return tr("Programs");
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
    case FirstSeen:
        return tr("First seen");
    case LastSeen:
        return tr("Last seen");
    }
    return {};
}

QString RemotesModel::text(const Node &node, int column) const
{
    const Row &row = rowOf(node);
    const Host *host = asHost(node);
    switch (column) {
    case Name:
        return host ? host->remote.text(m_areNamesShown) : static_cast<const Group &>(row).title;
    case AddressText:
        return host && host->remote.address.isKnown() ? host->remote.addressText : QString();
    case Where:
        if (!row.place.country.isEmpty())
            return row.place.country;
        // A network or name may be in many places.
        if (!host && m_grouping != Grouping::Country && row.reach == Reach::Internet)
            return {};
        return row.reach == Reach::Unknown ? QString() : reachText(row.reach);
    case Network:
        return row.place.networkText();
    case Programs:
        return row.programs;
    }
    return {};
}

QString RemotesModel::explanation(const Node &node) const
{
    const Row &row = rowOf(node);
    const Host *host = asHost(node);
    QStringList lines;
    if (!host) {
        lines.append(tr("Hosts: %1").arg(node.rows.size()));
        lines.append(static_cast<const Group &>(row).title);
        return lines.join(u'\n');
    }
    lines.append(host->remote.addressText);
    if (!host->remote.address.isKnown())
        lines.append(
            tr("Sockets that are not connected, and programs whose remotes the helper does not tell."));
    if (host->remote.hasName())
        lines.append(tr("Name: %1, as a program asked for it").arg(host->remote.name.text));
    if (!row.place.country.isEmpty())
        lines.append(tr("Country: %1").arg(row.place.country));
    else if (row.reach != Reach::Unknown)
        lines.append(reachText(row.reach));
    if (row.place.networkNumber != 0)
        lines.append(tr("Network: %1").arg(row.place.networkText()));
    return lines.join(u'\n');
}

bool RemotesModel::holds(const Node &node, const QString &wanted) const
{
    const Host *host = asHost(node);
    if (host && host->remote.holds(wanted))
        return true;
    for (const int column : {Name, Where, Network}) {
        if (text(node, column).contains(wanted, Qt::CaseInsensitive))
            return true;
    }
    return rowOf(node).place.countryCode.compare(wanted, Qt::CaseInsensitive) == 0;
}

int RemotesModel::compare(const Node &a, const Node &b, int column) const
{
    const Host *hostA = asHost(a);
    const Host *hostB = asHost(b);
    const auto number = [](std::weak_ordering order) { return order < 0 ? -1 : order > 0 ? 1 : 0; };
    if (column > AddressText) {
        // What is not known comes last, whoever is first among the others.
        const QString textA = text(a, column);
        const QString textB = text(b, column);
        if (textA.isEmpty() != textB.isEmpty())
            return textA.isEmpty() ? 1 : -1;
        return QString::compare(textA, textB, Qt::CaseInsensitive);
    }
    if (hostA && hostB)
        return number(
            RemoteName::compare(hostA->remote, hostB->remote, column != AddressText && m_areNamesShown));
    if (hostA || hostB)
        return hostA ? 1 : -1;
    const auto &groupA = static_cast<const Group &>(a);
    const auto &groupB = static_cast<const Group &>(b);
    const int order = QString::compare(groupA.title, groupB.title, Qt::CaseInsensitive);
    return order != 0 ? order : QString::compare(groupA.key, groupB.key);
}

QVariant RemotesModel::more(const Node &node, int column, int role) const
{
    const Host *host = asHost(node);
    switch (role) {
    case copyRole:
        return host && column == Name ? QVariant(host->remote.copyText(m_areNamesShown)) : QVariant();
    case addressRole:
        return host && host->remote.address.isKnown() ? QVariant(host->remote.addressText) : QVariant();
    case CountryCodeRole: {
        const QString &code = rowOf(node).place.countryCode;
        return column == Where && !code.isEmpty() ? QVariant(code) : QVariant();
    }
    default:
        return {};
    }
}

} // namespace Nettally
