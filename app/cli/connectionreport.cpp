// SPDX-License-Identifier: MIT
#include "connectionreport.h"

#include "text.h"
#include "units.h"

#include <QJsonArray>

#include <algorithm>
#include <tuple>

namespace Nettally::Cli {

namespace {

using Meaning = TextTable::Meaning;

/// Of a connection whose opening was seen.
std::optional<qint64> ageMs(const Connection &connection, quint64 timeNs)
{
    if (!connection.openedNs)
        return std::nullopt;
    return timeNs > *connection.openedNs ? qint64((timeNs - *connection.openedNs) / 1'000'000) : 0;
}

QString remoteText(const Connection &connection, NameBook &names)
{
    const QString name = printable(names.nameOf(connection.programId, connection.remote).text);
    return name.isEmpty() ? endpointText(connection.remote, connection.remotePort)
                          : QStringLiteral("%1:%2").arg(name).arg(connection.remotePort);
}

/// null when not known.
template <typename Number>
QJsonValue jsonOf(const std::optional<Number> &number)
{
    return number ? QJsonValue(qint64(*number)) : QJsonValue();
}

QJsonObject connectionJson(const Connection &connection, const ConnectionList &list, NameBook &names)
{
    QJsonObject object;
    object.insert(QStringLiteral("cookie"), qint64(connection.cookie));
    object.insert(QStringLiteral("state"), tcpStateName(connection.state));
    object.insert(QStringLiteral("direction"), directionName(connection.direction));
    object.insert(QStringLiteral("servicePort"), connection.servicePort);
    object.insert(QStringLiteral("local"), connection.local.toString());
    object.insert(QStringLiteral("localPort"), connection.localPort);
    object.insert(QStringLiteral("remote"), connection.remote.toString());
    object.insert(QStringLiteral("remoteName"),
                  remoteNameJson(names, connection.programId, connection.remote));
    object.insert(QStringLiteral("remotePort"), connection.remotePort);
    object.insert(QStringLiteral("ageMs"), jsonOf(ageMs(connection, list.timeNs)));

    const auto program = list.programs.constFind(connection.programId);
    const bool isKnown = program != list.programs.constEnd();
    const bool isProgram =
        isKnown && (program->kind == ProgramKind::Program || program->kind == ProgramKind::KernelThread);
    object.insert(QStringLiteral("kind"), isKnown ? QJsonValue(kindName(program->kind)) : QJsonValue());
    object.insert(QStringLiteral("pid"), isProgram ? QJsonValue(qint64(program->pid)) : QJsonValue());
    object.insert(QStringLiteral("name"), isKnown ? QJsonValue(program->name) : QJsonValue());
    object.insert(QStringLiteral("exe"), isProgram ? QJsonValue(program->executable) : QJsonValue());
    object.insert(QStringLiteral("uid"), isProgram ? QJsonValue(qint64(program->uid)) : QJsonValue());

    const std::optional<ConnectionFigures> &figures = connection.figures;
    const auto figure = [&](const char *name, auto member) {
        object.insert(QLatin1String(name), figures ? QJsonValue(qint64((*figures).*member)) : QJsonValue());
    };
    figure("rxPayloadBytes", &ConnectionFigures::rxBytes);
    figure("txPayloadBytes", &ConnectionFigures::txBytes);
    figure("retransmits", &ConnectionFigures::retransmits);
    figure("retransmittedBytes", &ConnectionFigures::retransmittedBytes);
    figure("congestionWindow", &ConnectionFigures::congestionWindow);
    const auto roundTrip = [&](const char *name, auto member) {
        object.insert(QLatin1String(name), figures ? jsonOf((*figures).*member) : QJsonValue());
    };
    roundTrip("roundTripUs", &ConnectionFigures::roundTripUs);
    roundTrip("roundTripVariationUs", &ConnectionFigures::roundTripVariationUs);
    roundTrip("leastRoundTripUs", &ConnectionFigures::leastRoundTripUs);
    return object;
}

} // namespace

QJsonObject connectionsJson(const ConnectionList &list, NameBook &names, Scope granted,
                            const QString &scopeNote)
{
    QJsonArray connections;
    for (const Connection &connection : list.connections)
        connections.append(connectionJson(connection, list, names));
    return {{QStringLiteral("schema"), QStringLiteral("nettally.connections/1")},
            {QStringLiteral("timeNs"), qint64(list.timeNs)},
            {QStringLiteral("scope"), granted == Scope::All ? QStringLiteral("all") : QStringLiteral("own")},
            {QStringLiteral("scopeNote"), scopeNote},
            {QStringLiteral("cut"), list.isCut},
            {QStringLiteral("connections"), connections}};
}

TextTable connectionsTable(const ConnectionList &list, NameBook &names)
{
    TextTable table;
    table.columns = {{Ctl::tr("Program"), false, true, Meaning::Plain},
                     {Ctl::tr("PID"), true, false, Meaning::Plain},
                     {Ctl::tr("State"), false, false, Meaning::Plain},
                     {Ctl::tr("Local"), false, false, Meaning::Plain},
                     {Ctl::tr("Remote"), false, false, Meaning::Plain},
                     {Ctl::tr("RTT"), true, false, Meaning::Plain},
                     {Ctl::tr("Resent"), true, false, Meaning::Plain},
                     {Ctl::tr("Received"), true, false, Meaning::Receive},
                     {Ctl::tr("Sent"), true, false, Meaning::Send},
                     {Ctl::tr("Age"), true, false, Meaning::Plain}};
    struct Line {
        QString label;
        const Connection *connection;
    };
    QList<Line> lines;
    for (const Connection &connection : list.connections) {
        const auto program = list.programs.constFind(connection.programId);
        lines.append({program == list.programs.constEnd() ? Ctl::tr("(not known)") : programLabel(*program),
                      &connection});
    }
    std::sort(lines.begin(), lines.end(), [](const Line &a, const Line &b) {
        return std::tuple(a.label, a.connection->remote, a.connection->cookie)
            < std::tuple(b.label, b.connection->remote, b.connection->cookie);
    });
    const QString unknown = unknownText();
    for (const Line &line : std::as_const(lines)) {
        const Connection &connection = *line.connection;
        const auto program = list.programs.constFind(connection.programId);
        const bool hasPid = program != list.programs.constEnd() && program->pid != 0;
        const std::optional<ConnectionFigures> &figures = connection.figures;
        const std::optional<qint64> age = ageMs(connection, list.timeNs);
        table.rows.append(
            {line.label, hasPid ? QString::number(program->pid) : unknown, tcpStateText(connection.state),
             endpointText(connection.local, connection.localPort),
             connection.state == TcpState::Listening ? unknown : remoteText(connection, names),
             figures && figures->roundTripUs ? roundTripText(*figures->roundTripUs) : unknown,
             figures ? QString::number(figures->retransmits) : unknown,
             figures ? formatBytes(figures->rxBytes) : unknown,
             figures ? formatBytes(figures->txBytes) : unknown, age ? formatDuration(*age) : unknown});
    }
    return table;
}

} // namespace Nettally::Cli
