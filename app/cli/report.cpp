// SPDX-License-Identifier: MIT
#include "report.h"

#include "historytext.h"
#include "text.h"
#include "tunneltext.h"
#include "units.h"

#include <QDateTime>
#include <QJsonArray>

#include <algorithm>
#include <array>

namespace Nettally::Cli {

namespace {

using Meaning = TextTable::Meaning;

QString scopeName(Scope scope)
{
    return scope == Scope::All ? QStringLiteral("all") : QStringLiteral("own");
}

void addSums(QJsonObject &object, const UsageSums &sums)
{
    object.insert(QStringLiteral("rxPayloadBytes"), toJsonValue(sums.rxPayloadBytesTotal));
    object.insert(QStringLiteral("txPayloadBytes"), toJsonValue(sums.txPayloadBytesTotal));
    object.insert(QStringLiteral("rxNetworkBytes"), toJsonValue(sums.rxNetworkBytesTotal));
    object.insert(QStringLiteral("txNetworkBytes"), toJsonValue(sums.txNetworkBytesTotal));
    object.insert(QStringLiteral("rxPackets"), toJsonValue(sums.rxPacketsTotal));
    object.insert(QStringLiteral("txPackets"), toJsonValue(sums.txPacketsTotal));
    object.insert(QStringLiteral("retransmits"), toJsonValue(sums.retransmitsTotal));
    object.insert(QStringLiteral("openSockets"), toJsonValue(sums.openSockets));
}

struct Line {
    RowKey key;
    UsageSums sums;
};

/// Those that moved most first.
QList<Line> sortedLines(const UsageTable &table, By by)
{
    const QHash<RowKey, UsageSums> sums = table.sums(by);
    QList<Line> lines;
    for (auto row = sums.cbegin(); row != sums.cend(); ++row) {
        lines.append({row.key(), row.value()});
    }
    std::sort(lines.begin(), lines.end(), [](const Line &a, const Line &b) {
        const quint64 bytesA = a.sums.rxPayloadBytesTotal + a.sums.txPayloadBytesTotal;
        const quint64 bytesB = b.sums.rxPayloadBytesTotal + b.sums.txPayloadBytesTotal;
        return bytesA != bytesB ? bytesA > bytesB : a.key < b.key;
    });
    return lines;
}

QJsonObject breakdownJson(const Line &line, By by, NameBook &names)
{
    QJsonObject object;
    if (by == By::Remote || by == By::Connection) {
        object.insert(QStringLiteral("remote"), line.key.remote.toString());
        object.insert(QStringLiteral("remoteName"),
                      remoteNameJson(names, line.key.programId, line.key.remote));
    }
    if (by == By::Protocol || by == By::Connection) {
        object.insert(QStringLiteral("protocol"), line.key.protocol);
        object.insert(QStringLiteral("protocolName"),
                      line.key.protocol == 0 ? QString() : protocolName(line.key.protocol));
    }
    if (by == By::Connection) {
        object.insert(QStringLiteral("servicePort"), line.key.servicePort);
        object.insert(QStringLiteral("direction"), directionName(line.key.direction));
        object.insert(QStringLiteral("interfaceIndex"), toJsonValue(line.key.interfaceIndex));
    }
    addSums(object, line.sums);
    return object;
}

QString remoteText(const Address &remote)
{
    return remote.isKnown() ? remote.toString() : unknownText();
}

QString remoteText(const RowKey &key, NameBook &names)
{
    const QString name = printable(names.nameOf(key.programId, key.remote).text);
    return name.isEmpty() ? remoteText(key.remote) : name;
}

/// Processes of the helper's two made-up programs have no pid and no user.
bool isProcess(const Program &program)
{
    return program.kind == ProgramKind::Program || program.kind == ProgramKind::KernelThread;
}

QStringList programCells(const Program &program)
{
    return {programLabel(program), isProcess(program) ? QString::number(program.pid) : unknownText(),
            isProcess(program) ? printable(userName(program.uid)) : unknownText()};
}

QList<TextTable::Column> programColumns()
{
    return {{Ctl::tr("PROGRAM"), false, true}, {Ctl::tr("PID"), true}, {Ctl::tr("USER"), false, true}};
}

/// Whether the application has a name of its own.
bool isNamedOtherwise(const Program &program, const Application &application)
{
    return isProcess(program) && !application.name.isEmpty() && application.kind != ApplicationKind::Program
        && application.kind != ApplicationKind::Kernel;
}

/// Behind the columns of programs, where an application of @p rows has a name of its own.
void addApplications(TextTable &table, const QList<std::pair<Program, Application>> &rows)
{
    const bool isWanted = std::any_of(
        rows.begin(), rows.end(), [](const auto &row) { return isNamedOtherwise(row.first, row.second); });
    if (!isWanted) {
        return;
    }
    const qsizetype column = programColumns().size();
    table.columns.insert(column, {Ctl::tr("APPLICATION"), false, true});
    for (qsizetype row = 0; row < rows.size(); ++row) {
        const auto &[program, application] = rows.at(row);
        table.rows[row].insert(
            column, isNamedOtherwise(program, application) ? printable(application.name) : unknownText());
    }
}

QJsonValue orNull(const QString &text)
{
    return text.isEmpty() ? QJsonValue() : QJsonValue(text);
}

void addApplication(QJsonObject &object, const Program &program, const Identity &identity)
{
    const Application &application = identity.application;
    object.insert(QStringLiteral("application"),
                  isProcess(program) ? orNull(application.name) : QJsonValue());
    object.insert(QStringLiteral("applicationKind"),
                  isProcess(program) ? QJsonValue(applicationKindName(application.kind)) : QJsonValue());
    object.insert(QStringLiteral("unit"), orNull(application.unit));
    QJsonValue container;
    if (!application.containerRuntime.isEmpty()) {
        container = QJsonObject{{QStringLiteral("runtime"), application.containerRuntime},
                                {QStringLiteral("id"), orNull(application.containerId)},
                                {QStringLiteral("name"), orNull(application.containerName)},
                                {QStringLiteral("pod"), orNull(application.pod)}};
    }
    object.insert(QStringLiteral("container"), container);
}

using HistoryBy = HistoryQuery::By;

struct HistoryLine {
    HistoryRow row;
    bool isRest = false;
};

QString localTimeText(qint64 utcS)
{
    return QDateTime::fromSecsSinceEpoch(utcS).toString(QStringLiteral("yyyy-MM-dd HH:mm"));
}

QStringList historyCells(HistoryBy by, const HistoryRow &row)
{
    switch (by) {
    case HistoryBy::Program: {
        Program program;
        program.name = row.program.name;
        program.kind = row.program.kind;
        return {programLabel(program),
                isProcess(program) ? printable(userName(row.program.uid)) : unknownText()};
    }
    case HistoryBy::Remote:
        return {row.isManyRemotes ? Ctl::tr("many small ones") : remoteText(row.remote)};
    case HistoryBy::Protocol:
        return {protocolName(row.protocol)};
    case HistoryBy::Interface:
    case HistoryBy::Host:
        return {row.name.isEmpty() ? unknownText() : printable(row.name)};
    case HistoryBy::Time:
        break;
    }
    return {localTimeText(row.firstUtcS)};
}

QString yesNo(bool yes)
{
    return yes ? Ctl::tr("yes") : Ctl::tr("no");
}

QString countsText(const QMap<QString, quint64> &counts)
{
    QString text;
    for (auto count = counts.cbegin(); count != counts.cend(); ++count) {
        text += QStringLiteral("  %1: %2\n").arg(printable(count.key())).arg(count.value());
    }
    return text;
}

QJsonObject countsJson(const QMap<QString, quint64> &counts)
{
    QJsonObject object;
    for (auto count = counts.cbegin(); count != counts.cend(); ++count) {
        object.insert(count.key(), toJsonValue(count.value()));
    }
    return object;
}

} // namespace

QJsonObject totalsJson(const UsageTable &table, By by, NameBook &names, Scope granted,
                       const QString &scopeNote)
{
    static const QHash<By, QString> breakdownNames = {{By::Remote, QStringLiteral("remotes")},
                                                      {By::Protocol, QStringLiteral("protocols")},
                                                      {By::Connection, QStringLiteral("connections")}};
    QHash<quint32, QJsonArray> breakdowns;
    if (by != By::Program) {
        const QList<Line> lines = sortedLines(table, by);
        for (const Line &line : lines) {
            breakdowns[line.key.programId].append(breakdownJson(line, by, names));
        }
    }
    QJsonArray programs;
    const QList<Line> lines = sortedLines(table, By::Program);
    for (const Line &line : lines) {
        const Program program = table.program(line.key.programId);
        QJsonObject object = {
            {QStringLiteral("pid"), toJsonValue(program.pid)},
            {QStringLiteral("name"), program.name},
            {QStringLiteral("exe"), program.executable},
            {QStringLiteral("uid"), toJsonValue(program.uid)},
            {QStringLiteral("startNs"), toJsonValue(program.startNs)},
            {QStringLiteral("kind"), kindName(program.kind)},
            {QStringLiteral("ended"), table.isEnded(line.key.programId)},
        };
        addApplication(object, program, table.identity(program.id));
        addSums(object, line.sums);
        if (by != By::Program) {
            object.insert(breakdownNames.value(by), breakdowns.value(line.key.programId));
        }
        programs.append(object);
    }
    QJsonObject sum;
    addSums(sum, table.total());
    return {
        {QStringLiteral("schema"), QStringLiteral("nettally.totals/1")},
        {QStringLiteral("instance"), table.instance()},
        {QStringLiteral("timeNs"), toJsonValue(table.timeNs())},
        {QStringLiteral("scope"), scopeName(granted)},
        {QStringLiteral("scopeNote"), scopeNote},
        {QStringLiteral("total"), sum},
        {QStringLiteral("programs"), programs},
    };
}

TextTable totalsTable(const UsageTable &table, By by, NameBook &names)
{
    TextTable result;
    result.columns = programColumns();
    if (by == By::Remote || by == By::Connection) {
        result.columns.append({Ctl::tr("REMOTE")});
    }
    if (by == By::Protocol || by == By::Connection) {
        result.columns.append({Ctl::tr("PROTOCOL")});
    }
    if (by == By::Connection) {
        result.columns += {{Ctl::tr("PORT"), true}, {Ctl::tr("DIRECTION")}};
    }
    result.columns += {{Ctl::tr("RECEIVED"), true, false, Meaning::Receive},
                       {Ctl::tr("SENT"), true, false, Meaning::Send},
                       {Ctl::tr("SOCKETS"), true}};
    QList<std::pair<Program, Application>> applications;
    const QList<Line> lines = sortedLines(table, by);
    for (const Line &line : lines) {
        applications.append(
            {table.program(line.key.programId), table.identity(line.key.programId).application});
        QStringList cells = programCells(table.program(line.key.programId));
        if (by == By::Remote || by == By::Connection) {
            cells.append(remoteText(line.key, names));
        }
        if (by == By::Protocol || by == By::Connection) {
            cells.append(line.key.direction == Direction::Link ? Ctl::tr("whole frames")
                                                               : protocolName(line.key.protocol));
        }
        if (by == By::Connection) {
            const bool isKnown =
                line.key.direction != Direction::Unknown && line.key.direction != Direction::Link;
            cells += {line.key.servicePort ? QString::number(line.key.servicePort) : unknownText(),
                      !isKnown                                        ? unknownText()
                          : line.key.direction == Direction::Outgoing ? Ctl::tr("outgoing")
                                                                      : Ctl::tr("incoming")};
        }
        cells += {formatBytes(line.sums.rxPayloadBytesTotal), formatBytes(line.sums.txPayloadBytesTotal),
                  QString::number(line.sums.openSockets)};
        result.rows.append(cells);
    }
    addApplications(result, applications);
    return result;
}

QJsonObject statusJson(const HelperStatus &status)
{
    QJsonObject info;
    for (auto entry = status.info.cbegin(); entry != status.info.cend(); ++entry) {
        info.insert(entry.key(), entry.value());
    }
    QJsonArray probes;
    for (const ProbeInfo &probe : status.probes) {
        probes.append(QJsonObject{{QStringLiteral("purpose"), probe.purpose},
                                  {QStringLiteral("mechanism"), probe.mechanism},
                                  {QStringLiteral("active"), probe.active},
                                  {QStringLiteral("note"), probe.note}});
    }
    QJsonArray interfaces;
    for (const InterfaceInfo &interface : status.interfaces) {
        interfaces.append(QJsonObject{{QStringLiteral("index"), toJsonValue(interface.index)},
                                      {QStringLiteral("name"), interface.name},
                                      {QStringLiteral("rxBytes"), toJsonValue(interface.rxBytesTotal)},
                                      {QStringLiteral("txBytes"), toJsonValue(interface.txBytesTotal)},
                                      {QStringLiteral("rxPackets"), toJsonValue(interface.rxPacketsTotal)},
                                      {QStringLiteral("txPackets"), toJsonValue(interface.txPacketsTotal)},
                                      {QStringLiteral("isLoopback"), interface.isLoopback},
                                      {QStringLiteral("isUp"), interface.isUp}});
    }
    return {
        {QStringLiteral("schema"), QStringLiteral("nettally.status/1")},
        {QStringLiteral("info"), info},
        {QStringLiteral("probes"), probes},
        {QStringLiteral("losses"), countsJson(status.losses)},
        {QStringLiteral("usage"), countsJson(status.usage)},
        {QStringLiteral("interfaces"), interfaces},
    };
}

QJsonObject balanceJson(const QString &schema, quint64 timeNs, const QList<InterfaceBalance> &interfaces)
{
    QJsonArray books;
    for (const InterfaceBalance &balance : interfaces) {
        QJsonArray lines;
        for (const BalanceLine &line : balance.lines) {
            lines.append(QJsonObject{{QStringLiteral("name"), line.name},
                                     {QStringLiteral("rxBytes"), line.rxBytes},
                                     {QStringLiteral("txBytes"), line.txBytes}});
        }
        QJsonArray carriers;
        for (const CarrierProgram &carrier : balance.carriers) {
            carriers.append(carrier.name.isEmpty()
                                ? QJsonValue(QJsonValue::Null)
                                : QJsonObject{{QStringLiteral("pid"), toJsonValue(carrier.pid)},
                                              {QStringLiteral("name"), carrier.name}});
        }
        books.append(QJsonObject{{QStringLiteral("index"), toJsonValue(balance.index)},
                                 {QStringLiteral("name"), balance.name},
                                 {QStringLiteral("kind"), balance.kind},
                                 {QStringLiteral("isTunnel"), balance.isTunnel},
                                 {QStringLiteral("lowerIndex"), toJsonValue(balance.lowerIndex)},
                                 {QStringLiteral("carriers"), carriers},
                                 {QStringLiteral("sinceNs"), toJsonValue(balance.sinceNs)},
                                 {QStringLiteral("rxBytes"), toJsonValue(balance.rxBytes)},
                                 {QStringLiteral("txBytes"), toJsonValue(balance.txBytes)},
                                 {QStringLiteral("rxPackets"), toJsonValue(balance.rxPackets)},
                                 {QStringLiteral("txPackets"), toJsonValue(balance.txPackets)},
                                 {QStringLiteral("lines"), lines}});
    }
    return {
        {QStringLiteral("schema"), schema},
        {QStringLiteral("timeNs"), toJsonValue(timeNs)},
        {QStringLiteral("interfaces"), books},
    };
}

TextTable balanceTable(const QList<InterfaceBalance> &interfaces, const std::optional<MachineBytes> &machine)
{
    TextTable result;
    result.columns = {{Ctl::tr("INTERFACE"), false, true},
                      {Ctl::tr("RECEIVED"), true, false, Meaning::Receive},
                      {Ctl::tr("SENT"), true, false, Meaning::Send}};
    for (const InterfaceBalance &balance : interfaces) {
        if (balance.rxBytes == 0 && balance.txBytes == 0) {
            continue;
        }
        const QString tunnel = printable(tunnelText(balance, interfaces));
        result.rows.append({printable(balance.name) + (tunnel.isEmpty() ? QString() : u' ' + tunnel),
                            QString::number(balance.rxBytes), QString::number(balance.txBytes)});
        for (const BalanceLine &line : balance.lines) {
            result.rows.append({QStringLiteral("  ") + balanceLineName(line.name),
                                QString::number(line.rxBytes), QString::number(line.txBytes)});
        }
    }
    if (machine) {
        result.rows.append({Ctl::tr("the machine and others"), QString::number(machine->rxBytes),
                            QString::number(machine->txBytes)});
    }
    return result;
}

QString statusText(const HelperStatus &status)
{
    QString text = Ctl::tr("Helper") + u'\n';
    for (auto entry = status.info.cbegin(); entry != status.info.cend(); ++entry) {
        text += QStringLiteral("  %1: %2\n")
                    .arg(printable(entry.key()), entry->isEmpty() ? unknownText() : printable(*entry));
    }
    text += u'\n' + Ctl::tr("Probes") + u'\n';
    for (const ProbeInfo &probe : status.probes) {
        const QString mechanism = probe.mechanism.isEmpty() ? Ctl::tr("none") : printable(probe.mechanism);
        text += QStringLiteral("  %1: %2, %3")
                    .arg(printable(probe.purpose), mechanism,
                         probe.active ? Ctl::tr("active") : Ctl::tr("not active"));
        text += (probe.note.isEmpty() ? QString() : u' ' + QStringLiteral("(%1)").arg(printable(probe.note)))
            + u'\n';
    }
    text += u'\n' + Ctl::tr("Losses since the counters began") + u'\n' + countsText(status.losses);
    text += u'\n' + Ctl::tr("Use of the kernel's tables") + u'\n' + countsText(status.usage);
    TextTable interfaces;
    interfaces.columns = {
        {Ctl::tr("INTERFACE")}, {Ctl::tr("UP")}, {Ctl::tr("RECEIVED"), true}, {Ctl::tr("SENT"), true}};
    for (const InterfaceInfo &interface : status.interfaces) {
        interfaces.rows.append({printable(interface.name), yesNo(interface.isUp),
                                formatBytes(interface.rxBytesTotal), formatBytes(interface.txBytesTotal)});
    }
    return text + u'\n' + interfaces.lines(0).join(u'\n') + u'\n';
}

TextTable historyTable(const HistoryQuery &query, const HistoryAnswer &answer)
{
    TextTable table;
    switch (query.by) {
    case HistoryBy::Program:
        table.columns = {{Ctl::tr("PROGRAM"), false, true}, {Ctl::tr("USER"), false, true}};
        break;
    case HistoryBy::Remote:
        table.columns = {{Ctl::tr("REMOTE")}};
        break;
    case HistoryBy::Protocol:
        table.columns = {{Ctl::tr("PROTOCOL")}};
        break;
    case HistoryBy::Interface:
        table.columns = {{Ctl::tr("INTERFACE")}};
        break;
    case HistoryBy::Host:
        table.columns = {{Ctl::tr("HOST")}};
        break;
    case HistoryBy::Time:
        table.columns = {{Ctl::tr("FROM")}};
        break;
    }
    table.columns += {{Ctl::tr("RECEIVED"), true, false, Meaning::Receive},
                      {Ctl::tr("SENT"), true, false, Meaning::Send},
                      {Ctl::tr("SHARE"), true}};
    const double all = double(answer.total.sums.rxPayloadBytes) + double(answer.total.sums.txPayloadBytes);
    QList<HistoryLine> lines;
    for (const HistoryRow &row : historyRows(query, answer)) {
        lines.append({row, false});
    }
    if (answer.rest) {
        lines.append({*answer.rest, true});
    }
    for (const HistoryLine &line : std::as_const(lines)) {
        QStringList cells;
        if (line.isRest) {
            cells = {Ctl::tr("all others")};
            cells.resize(query.by == HistoryBy::Program ? 2 : 1);
        } else {
            cells = historyCells(query.by, line.row);
        }
        const TrafficSums &sums = line.row.sums;
        const double share = double(sums.rxPayloadBytes) + double(sums.txPayloadBytes);
        cells += {formatBytes(sums.rxPayloadBytes), formatBytes(sums.txPayloadBytes),
                  all > 0 ? QStringLiteral("%1 %").arg(100 * share / all, 0, 'f', 1) : unknownText()};
        table.rows.append(cells);
    }
    return table;
}

QStringList notMeasuredLines(const QList<NotMeasured> &spans)
{
    QStringList lines;
    for (const NotMeasured &span : spans) {
        QString why;
        switch (span.reason) {
        case NotMeasuredReason::HelperOff:
            why = Ctl::tr("the helper was off");
            break;
        case NotMeasuredReason::Suspended:
            why = Ctl::tr("the machine slept");
            break;
        case NotMeasuredReason::ClockStep:
            why = Ctl::tr("the clock was set");
            break;
        }
        lines.append(Ctl::tr("Not measured from %1 to %2: %3.")
                         .arg(localTimeText(span.beginUtcS), localTimeText(span.endUtcS), why));
    }
    return lines;
}

TextTable liveTable(const QList<LiveRow> &rows, By by, NameBook &names)
{
    TextTable table;
    table.columns = programColumns();
    if (by == By::Remote) {
        table.columns.append({Ctl::tr("REMOTE")});
    }
    table.columns += {{Ctl::tr("RECEIVING"), true, false, Meaning::Receive},
                      {Ctl::tr("SENDING"), true, false, Meaning::Send},
                      {Ctl::tr("RECEIVED"), true, false, Meaning::Receive},
                      {Ctl::tr("SENT"), true, false, Meaning::Send},
                      {Ctl::tr("SOCKETS"), true}};
    QList<std::pair<Program, Application>> applications;
    for (const LiveRow &row : rows) {
        applications.append({row.program, row.application});
        QStringList cells = programCells(row.program);
        if (by == By::Remote) {
            cells.append(remoteText(row.key, names));
        }
        cells += {formatRate(row.rxBytesPerSecond), formatRate(row.txBytesPerSecond),
                  formatBytes(row.sums.rxPayloadBytesTotal), formatBytes(row.sums.txPayloadBytesTotal),
                  QString::number(row.sums.openSockets)};
        table.rows.append(cells);
    }
    addApplications(table, applications);
    return table;
}

} // namespace Nettally::Cli
