// SPDX-License-Identifier: MIT
#pragma once

#include "usagetree.h"

namespace Nettally {

/// What traffic is made of: protocols, below each its services by their port, and below those the programs.
class ProtocolsModel : public UsageTree {
    Q_OBJECT

public:
    enum Column { Name, Programs, ReceiveRate, SendRate, Received, Sent, Share, Connections, ColumnCount };

    explicit ProtocolsModel(QObject *parent = nullptr);

    int columnCount(const QModelIndex &parent = {}) const override;

protected:
    LeafKey keyOf(const UsageChange::Growth &growth) const override;
    Node *parentOf(const LeafKey &key) override;
    void forget(const Node &node) override;
    void forgetAll() override;
    Figure figureOf(int column) const override;
    QString heading(int column) const override;
    QString text(const Node &node, int column) const override;
    QString explanation(const Node &node) const override;
    bool holds(const Node &node, const QString &text) const override;
    int compare(const Node &a, const Node &b, int column) const override;

private:
    struct Row;

    QHash<quint8, Row *> m_protocols;
    QHash<LeafKey, Row *> m_services;
};

} // namespace Nettally
