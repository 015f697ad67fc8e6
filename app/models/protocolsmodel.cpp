// SPDX-License-Identifier: MIT
#include "protocolsmodel.h"

#include "servicename.h"

#include <netinet/in.h>

using namespace Qt::StringLiterals;

namespace Nettally {

/// A protocol, or one of its services.
struct ProtocolsModel::Row : Node {
    LeafKey key; ///< without the program
    bool isService = false;
    QString title;
};

ProtocolsModel::ProtocolsModel(QObject *parent)
    : UsageTree(ReceiveRate, 0, parent)
{
}

int ProtocolsModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() && parent.column() != 0 ? 0 : ColumnCount;
}

UsageTree::LeafKey ProtocolsModel::keyOf(const UsageChange::Growth &growth) const
{
    LeafKey key;
    key.protocol = growth.protocol;
    key.servicePort = growth.servicePort;
    key.isServed = growth.direction == Direction::Incoming;
    return key;
}

UsageTree::Node *ProtocolsModel::parentOf(const LeafKey &leaf)
{
    LeafKey key = leaf;
    key.program = 0;
    Row *&protocol = m_protocols[key.protocol];
    if (!protocol) {
        auto made = std::make_unique<Row>();
        made->key.protocol = key.protocol;
        made->title = key.protocol == 0 ? tr("Protocol not known") : protocolName(key.protocol);
        protocol = adopt(root(), std::move(made));
    }
    Row *&service = m_services[key];
    if (!service) {
        auto made = std::make_unique<Row>();
        made->key = key;
        made->isService = true;
        const QString title = serviceText(key.servicePort, key.protocol);
        if (title.isEmpty()) {
            const bool hasPorts = key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP
                || key.protocol == IPPROTO_SCTP || key.protocol == IPPROTO_UDPLITE;
            made->title = hasPorts ? tr("Port not known") : tr("Without ports");
        } else {
            made->title = key.isServed ? tr("%1, served here").arg(title) : title;
        }
        service = adopt(*protocol, std::move(made));
    }
    return service;
}

void ProtocolsModel::forget(const Node &node)
{
    const auto &row = static_cast<const Row &>(node);
    if (row.isService)
        m_services.remove(row.key);
    else
        m_protocols.remove(row.key.protocol);
}

void ProtocolsModel::forgetAll()
{
    m_protocols.clear();
    m_services.clear();
}

Figure ProtocolsModel::figureOf(int column) const
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
    case Share:
        return Figure::Share;
    case Connections:
        return Figure::Connections;
    default:
        return Figure::None;
    }
}

QString ProtocolsModel::heading(int column) const
{
    switch (column) {
    case Name:
        return tr("Protocol");
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
    case Share:
        return tr("Share");
    case Connections:
        return tr("Connections");
    }
    return {};
}

QString ProtocolsModel::text(const Node &node, int column) const
{
    const auto &row = static_cast<const Row &>(node);
    return column == Name ? row.title : column == Programs ? row.programs : QString();
}

QString ProtocolsModel::explanation(const Node &node) const
{
    const auto &row = static_cast<const Row &>(node);
    if (!row.isService)
        return row.title;
    const QString service = tr("Service: %1").arg(row.title);
    return row.key.isServed ? service + u'\n' + tr("Connections that programs of this machine accepted")
                            : service;
}

bool ProtocolsModel::holds(const Node &node, const QString &wanted) const
{
    return static_cast<const Row &>(node).title.contains(wanted, Qt::CaseInsensitive);
}

int ProtocolsModel::compare(const Node &a, const Node &b, int column) const
{
    const auto &rowA = static_cast<const Row &>(a);
    const auto &rowB = static_cast<const Row &>(b);
    if (column == Programs)
        return QString::compare(rowA.programs, rowB.programs, Qt::CaseInsensitive);
    if (!rowA.isService) {
        const int order = QString::compare(rowA.title, rowB.title, Qt::CaseInsensitive);
        return order != 0 ? order : int(rowA.key.protocol) - int(rowB.key.protocol);
    }
    if (rowA.key.servicePort != rowB.key.servicePort)
        return int(rowA.key.servicePort) - int(rowB.key.servicePort);
    return int(rowA.key.isServed) - int(rowB.key.isServed);
}

} // namespace Nettally
