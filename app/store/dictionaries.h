// SPDX-License-Identifier: MIT
#pragma once

#include "historyrecord.h"
#include "sqlconnection.h"

#include <functional>

namespace Nettally {

/// As the column remote.address has it.
QByteArray storedAddress(const Address &address);

/// The ids that programs, remotes, interfaces and channels have in the database, given to new ones and
/// remembered.
class Dictionaries {
public:
    /// Puts the ids of all of them, ascending and not empty, into @p ids.
    using InsertRemotes =
        std::function<DatabaseResult(const QList<Address> &remotes, QHash<Address, qint64> &ids)>;

    struct ChannelIds {
        qint64 id = 0;
        qint64 totalId = 0; ///< the same without port
    };

    Dictionaries(SqlConnection &connection, InsertRemotes insertRemotes)
        : m_connection(connection)
        , m_insertRemotes(std::move(insertRemotes))
    {
    }

    /// All that the flows need, remotes together.
    DatabaseResult resolve(const QList<const FlowIdentity *> &flows);
    DatabaseResult programId(const ProgramIdentity &program, qint64 &id);
    DatabaseResult interfaceId(const QString &name, qint64 &id);
    DatabaseResult channelIds(const FlowIdentity &flow, ChannelIds &ids);
    DatabaseResult remoteId(const Address &remote, qint64 &id);

    /// What was remembered of rows that were rolled back or dropped.
    void forget();
    void forgetRemotes() { m_remoteIds.clear(); }

    /// The name of a program's control group without what differs from launch to launch.
    static QString stableCgroupPath(const QString &path);

private:
    struct ChannelKey {
        quint8 protocol = 0;
        quint16 servicePort = 0;
        quint8 direction = 0;
        qint64 interfaceId = 0;
        bool operator==(const ChannelKey &) const = default;
        friend size_t qHash(const ChannelKey &key, size_t seed = 0) noexcept
        {
            return qHashMulti(seed, key.protocol, key.servicePort, key.direction, key.interfaceId);
        }
    };

    DatabaseResult channelId(const ChannelKey &key, qint64 &id);
    DatabaseResult insertId(const QString &table, const QString &columns, const QVariantList &values,
                            qint64 &id);

    SqlConnection &m_connection;
    const InsertRemotes m_insertRemotes;
    // Of rows committed or in the open transaction.
    QHash<Address, qint64> m_remoteIds;
    QHash<ProgramIdentity, qint64> m_programIds;
    QHash<QString, qint64> m_interfaceIds;
    QHash<ChannelKey, ChannelIds> m_channelIds;
};

} // namespace Nettally
