// SPDX-License-Identifier: MIT
#pragma once

#include "placebook.h"
#include "reach.h"
#include "remotename.h"
#include "usagetree.h"

namespace Nettally {

/// The remote addresses that traffic goes to, alone or by name, network or country, and below each its
/// programs.
class RemotesModel : public UsageTree {
    Q_OBJECT

public:
    enum Column {
        Name, ///< as known, else the address
        AddressText,
        Where, ///< country where it is known, else how far away
        Network,
        Programs,
        ReceiveRate,
        SendRate,
        Received,
        Sent,
        Connections,
        FirstSeen,
        LastSeen,
        ColumnCount
    };
    enum RemoteRole {
        CountryCodeRole =
            UsageTree::ExecutableRole + 1, ///< two capital letters, of column Where; invalid where not known
    };
    enum class Grouping { Address, Name, Network, Country };

    explicit RemotesModel(QObject *parent = nullptr);

    /// Shows what is counted now, also while paused.
    void setGrouping(Grouping grouping);
    Grouping grouping() const { return m_grouping; }
    /// Where names are from; must outlive the model's last apply().
    void setNameBook(NameBook *book) { m_names = book; }
    /// The book learnt something: names are asked for anew with the next apply().
    void renewNames() { m_areNamesOld = true; }
    void setNamesShown(bool shown);
    /// Where countries and networks are from, which are asked for anew whenever it grew; must outlive the
    /// model's last apply().
    void setPlaceBook(PlaceBook *book) { m_places = book; }

    int columnCount(const QModelIndex &parent = {}) const override;

Q_SIGNALS:
    /// Whether countries and networks are known at all may have changed.
    void placesChanged();

protected:
    LeafKey keyOf(const UsageChange::Growth &growth) const override;
    Node *parentOf(const LeafKey &key) override;
    void forget(const Node &node) override;
    void forgetAll() override;
    void renew() override;
    Figure figureOf(int column) const override;
    QString heading(int column) const override;
    QString text(const Node &node, int column) const override;
    QString explanation(const Node &node) const override;
    bool holds(const Node &node, const QString &text) const override;
    int compare(const Node &a, const Node &b, int column) const override;
    QVariant more(const Node &node, int column, int role) const override;

private:
    struct Row;
    struct Host;
    struct Group;

    static const Row &rowOf(const Node &node);
    static const Host *asHost(const Node &node);
    static QString reachText(Reach reach);
    void askForPlace(Host &host);
    QString groupKeyOf(const Host &host) const;
    Node &groupOf(const Host &host);
    void regroup(Host &host);

    QHash<Address, Host *> m_hosts;
    QHash<QString, Group *> m_groups;
    Grouping m_grouping = Grouping::Address;
    NameBook *m_names = nullptr;
    PlaceBook *m_places = nullptr;
    quint64 m_placeGeneration = 0;
    bool m_areNamesShown = true;
    bool m_areNamesOld = false;
};

} // namespace Nettally
