// SPDX-License-Identifier: MIT
#include "dictionaries.h"

#include "historystore.h"

#include <QRegularExpression>
#include <QSet>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qsizetype maxCachedIds = 100000;

/// A null QString would be stored as NULL.
QString stored(const QString &text)
{
    return text.isNull() ? QStringLiteral("") : text;
}

} // namespace

QByteArray storedAddress(const Address &address)
{
    QByteArray bytes = address.toBytes();
    if (bytes.size() == 4) {
        bytes.prepend(QByteArray::fromHex("00000000000000000000ffff"));
    }
    return bytes.isNull() ? QByteArray("") : bytes;
}

QString Dictionaries::stableCgroupPath(const QString &path)
{
    // The names systemd and desktops give to what they launch; a container's id stays.
    static const QRegularExpression launch(
        QStringLiteral("(?<=/)(app-[^/]*|run|session|vte-spawn)-"
                       "(?:[0-9]+|[pru][0-9a-f]+(?:-i[0-9]+)?|[0-9a-f]{16,}|[0-9a-f-]{36})"
                       "\\.(scope|service)(?=/|$)"));
    static const QRegularExpression instance(
        QStringLiteral("(?<=/)(app-[^/@]*)@[0-9a-f]{16,}\\.service(?=/|$)"));
    QString stable = path;
    stable.replace(launch, QStringLiteral("\\1-*.\\2"));
    stable.replace(instance, QStringLiteral("\\1@*.service"));
    return stable;
}

DatabaseResult Dictionaries::resolve(const QList<const FlowIdentity *> &flows)
{
    if (m_programIds.size() > maxCachedIds) {
        m_programIds.clear();
    }
    if (m_remoteIds.size() > maxCachedIds) {
        m_remoteIds.clear();
    }
    if (m_channelIds.size() > maxCachedIds) {
        m_channelIds.clear();
    }
    QSet<Address> remotes;
    DatabaseResult result;
    for (const FlowIdentity *flow : flows) {
        if (!m_remoteIds.contains(flow->remote)) {
            remotes.insert(flow->remote);
        }
        qint64 id = 0;
        ChannelIds channel;
        result = programId(flow->program, id);
        if (result) {
            result = channelIds(*flow, channel);
        }
        if (!result) {
            return result;
        }
    }
    if (remotes.isEmpty()) {
        return result;
    }
    QList<Address> inOrder(remotes.cbegin(), remotes.cend());
    std::sort(inOrder.begin(), inOrder.end());
    return m_insertRemotes(inOrder, m_remoteIds);
}

DatabaseResult Dictionaries::insertId(const QString &table, const QString &columns,
                                      const QVariantList &values, qint64 &id)
{
    const QString idColumn = table + QStringLiteral("_id");
    QString condition = columns;
    condition.replace(QStringLiteral(","), QStringLiteral(" = ? AND"));
    const QString select = QStringLiteral("SELECT %1 FROM %2 WHERE %3 = ?").arg(idColumn, table, condition);
    QStringList places(values.size(), QStringLiteral("?"));
    const QString insert = QStringLiteral("INSERT INTO %1 (%2) VALUES (%3) ON CONFLICT DO NOTHING")
                               .arg(table, columns, places.join(QStringLiteral(", ")));
    for (const bool mayInsert : {true, false}) {
        QSqlQuery *query = nullptr;
        DatabaseResult result = m_connection.run(select, values, query);
        if (!result) {
            return result;
        }
        const bool isKnown = query->next();
        if (isKnown) {
            id = query->value(0).toLongLong();
        }
        query->finish();
        if (isKnown) {
            return {};
        }
        if (mayInsert) {
            result = m_connection.run(insert, values, query);
            if (!result) {
                return result;
            }
        }
    }
    return {DatabaseError::Other,
            HistoryStore::tr("a new row of the table %1 cannot be found again").arg(table)};
}

DatabaseResult Dictionaries::programId(const ProgramIdentity &program, qint64 &id)
{
    const auto known = m_programIds.constFind(program);
    if (known != m_programIds.cend()) {
        id = *known;
        return {};
    }
    DatabaseResult result =
        insertId(QStringLiteral("program"), QStringLiteral("name, executable, uid, cgroup_path, kind"),
                 {stored(program.name), stored(program.executable), qlonglong(program.uid),
                  stored(stableCgroupPath(program.cgroupPath)), int(program.kind)},
                 id);
    if (result) {
        m_programIds.insert(program, id);
    }
    return result;
}

DatabaseResult Dictionaries::interfaceId(const QString &name, qint64 &id)
{
    const auto known = m_interfaceIds.constFind(name);
    if (known != m_interfaceIds.cend()) {
        id = *known;
        return {};
    }
    DatabaseResult result = insertId(QStringLiteral("interface"), QStringLiteral("name"), {stored(name)}, id);
    if (result) {
        m_interfaceIds.insert(name, id);
    }
    return result;
}

DatabaseResult Dictionaries::channelIds(const FlowIdentity &flow, ChannelIds &ids)
{
    ChannelKey key{flow.protocol, flow.servicePort, quint8(flow.direction), 0};
    DatabaseResult result = interfaceId(flow.interfaceName, key.interfaceId);
    if (!result) {
        return result;
    }
    const auto known = m_channelIds.constFind(key);
    if (known != m_channelIds.cend()) {
        ids = *known;
        return {};
    }
    result = channelId(key, ids.id);
    if (result) {
        result = channelId({key.protocol, 0, key.direction, key.interfaceId}, ids.totalId);
    }
    if (result) {
        m_channelIds.insert(key, ids);
    }
    return result;
}

DatabaseResult Dictionaries::channelId(const ChannelKey &key, qint64 &id)
{
    return insertId(QStringLiteral("channel"),
                    QStringLiteral("protocol, service_port, direction, interface_id"),
                    {int(key.protocol), int(key.servicePort), int(key.direction), key.interfaceId}, id);
}

void Dictionaries::forget()
{
    m_programIds.clear();
    m_remoteIds.clear();
    m_interfaceIds.clear();
    m_channelIds.clear();
}

DatabaseResult Dictionaries::remoteId(const Address &remote, qint64 &id)
{
    DatabaseResult result =
        m_remoteIds.contains(remote) ? DatabaseResult() : m_insertRemotes({remote}, m_remoteIds);
    id = m_remoteIds.value(remote);
    return result;
}

} // namespace Nettally
