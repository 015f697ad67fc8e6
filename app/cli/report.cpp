// SPDX-License-Identifier: MIT
#include "report.h"

#include "text.h"
#include "units.h"

#include <QDateTime>
#include <QJsonArray>

#include <algorithm>
#include <array>
#include <limits>

namespace Nettally::Cli {

namespace {

using Meaning = TextTable::Meaning;

/// JSON numbers are kept exactly up to 2^63, which no counter reaches.
QJsonValue toJsonValue(quint64 count)
{
    return QJsonValue(qint64(std::min(count, quint64(std::numeric_limits<qint64>::max()))));
}

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

QJsonObject breakdownJson(const Line &line, By by)
{
    QJsonObject object;
    if (by == By::Remote || by == By::Connection) {
        object.insert(QStringLiteral("remote"), line.key.remote.toString());
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

using HistoryBy = HistoryQuery::By;

struct HistoryLine {
    HistoryRow row;
    bool isRest = false;
};

/// By time a line a point, else a row a line.
QList<HistoryLine> historyLines(const HistoryQuery &query, const HistoryAnswer &answer)
{
    QList<HistoryLine> lines;
    if (query.by != HistoryBy::Time) {
        for (const HistoryRow &row : answer.rows) {
            lines.append({row, false});
        }
        return lines;
    }
    for (qsizetype i = 0; i < answer.pointStartsUtcS.size(); ++i) {
        HistoryRow row;
        row.sums = answer.total.points.at(i);
        row.firstUtcS = answer.pointStartsUtcS.at(i);
        row.lastUtcS = answer.pointStartsUtcS.value(i + 1, query.toUtcS);
        lines.append({row, false});
    }
    return lines;
}

const QStringList &historyFields()
{
    static const QStringList names = {QStringLiteral("rxPayloadBytes"),
                                      QStringLiteral("txPayloadBytes"),
                                      QStringLiteral("rxNetworkBytes"),
                                      QStringLiteral("txNetworkBytes"),
                                      QStringLiteral("rxPackets"),
                                      QStringLiteral("txPackets"),
                                      QStringLiteral("retransmittedSegments")};
    return names;
}

/// Null: not known.
QJsonObject historySums(const TrafficSums &sums)
{
    const NetworkUsage network = sums.network.value_or(NetworkUsage());
    const std::array counts = {sums.rxPayloadBytes,
                               sums.txPayloadBytes,
                               network.rxBytes,
                               network.txBytes,
                               network.rxPackets,
                               network.txPackets,
                               network.retransmittedSegments};
    QJsonObject object;
    for (qsizetype i = 0; i < historyFields().size(); ++i) {
        object.insert(historyFields().at(i),
                      i < 2 || sums.network ? toJsonValue(counts[size_t(i)]) : QJsonValue(QJsonValue::Null));
    }
    return object;
}

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

QString reasonName(NotMeasuredReason reason)
{
    switch (reason) {
    case NotMeasuredReason::HelperOff:
        return QStringLiteral("helperOff");
    case NotMeasuredReason::Suspended:
        return QStringLiteral("suspended");
    case NotMeasuredReason::ClockStep:
        break;
    }
    return QStringLiteral("clockStep");
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

QJsonObject totalsJson(const UsageTable &table, By by, Scope granted, const QString &scopeNote)
{
    static const QHash<By, QString> breakdownNames = {{By::Remote, QStringLiteral("remotes")},
                                                      {By::Protocol, QStringLiteral("protocols")},
                                                      {By::Connection, QStringLiteral("connections")}};
    QHash<quint32, QJsonArray> breakdowns;
    if (by != By::Program) {
        const QList<Line> lines = sortedLines(table, by);
        for (const Line &line : lines) {
            breakdowns[line.key.programId].append(breakdownJson(line, by));
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

TextTable totalsTable(const UsageTable &table, By by)
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
    const QList<Line> lines = sortedLines(table, by);
    for (const Line &line : lines) {
        QStringList cells = programCells(table.program(line.key.programId));
        if (by == By::Remote || by == By::Connection) {
            cells.append(remoteText(line.key.remote));
        }
        if (by == By::Protocol || by == By::Connection) {
            cells.append(protocolName(line.key.protocol));
        }
        if (by == By::Connection) {
            cells += {line.key.servicePort ? QString::number(line.key.servicePort) : unknownText(),
                      line.key.direction == Direction::Unknown        ? unknownText()
                          : line.key.direction == Direction::Outgoing ? Ctl::tr("outgoing")
                                                                      : Ctl::tr("incoming")};
        }
        cells += {formatBytes(line.sums.rxPayloadBytesTotal), formatBytes(line.sums.txPayloadBytesTotal),
                  QString::number(line.sums.openSockets)};
        result.rows.append(cells);
    }
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
        books.append(QJsonObject{{QStringLiteral("index"), toJsonValue(balance.index)},
                                 {QStringLiteral("name"), balance.name},
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

TextTable balanceTable(const QList<InterfaceBalance> &interfaces)
{
    TextTable result;
    result.columns = {{Ctl::tr("INTERFACE"), false, true},
                      {Ctl::tr("RECEIVED"), true, false, Meaning::Receive},
                      {Ctl::tr("SENT"), true, false, Meaning::Send}};
    for (const InterfaceBalance &balance : interfaces) {
        if (balance.rxBytes == 0 && balance.txBytes == 0) {
            continue;
        }
        result.rows.append(
            {printable(balance.name), QString::number(balance.rxBytes), QString::number(balance.txBytes)});
        for (const BalanceLine &line : balance.lines) {
            result.rows.append({QStringLiteral("  ") + balanceLineName(line.name),
                                QString::number(line.rxBytes), QString::number(line.txBytes)});
        }
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

QJsonObject historyJson(const HistoryQuery &query, const HistoryAnswer &answer)
{
    QJsonArray array;
    for (const HistoryLine &line : historyLines(query, answer)) {
        QJsonObject object = historySums(line.row.sums);
        switch (query.by) {
        case HistoryBy::Program:
            object.insert(QStringLiteral("name"), line.row.program.name);
            object.insert(QStringLiteral("exe"), line.row.program.executable);
            object.insert(QStringLiteral("uid"), toJsonValue(line.row.program.uid));
            object.insert(QStringLiteral("kind"), kindName(line.row.program.kind));
            object.insert(QStringLiteral("cgroup"), line.row.program.cgroupPath);
            break;
        case HistoryBy::Remote:
            object.insert(QStringLiteral("remote"), line.row.remote.toString());
            object.insert(QStringLiteral("manyRemotes"), line.row.isManyRemotes);
            break;
        case HistoryBy::Protocol:
            object.insert(QStringLiteral("protocol"), line.row.protocol);
            object.insert(QStringLiteral("protocolName"),
                          line.row.protocol == 0 ? QString() : protocolName(line.row.protocol));
            break;
        case HistoryBy::Interface:
        case HistoryBy::Host:
            object.insert(QStringLiteral("name"), line.row.name);
            break;
        case HistoryBy::Time:
            break;
        }
        if (query.by == HistoryBy::Time) {
            object.insert(QStringLiteral("fromUtcMs"), QJsonValue(line.row.firstUtcS * 1000));
            object.insert(QStringLiteral("toUtcMs"), QJsonValue(line.row.lastUtcS * 1000));
        } else {
            object.insert(QStringLiteral("firstUtcMs"), QJsonValue(line.row.firstUtcS * 1000));
            object.insert(QStringLiteral("lastUtcMs"), QJsonValue(line.row.lastUtcS * 1000));
        }
        array.append(object);
    }
    QJsonArray spans;
    for (const NotMeasured &span : answer.notMeasured) {
        spans.append(QJsonObject{{QStringLiteral("fromUtcMs"), QJsonValue(span.beginUtcS * 1000)},
                                 {QStringLiteral("toUtcMs"), QJsonValue(span.endUtcS * 1000)},
                                 {QStringLiteral("reason"), reasonName(span.reason)}});
    }
    static const QHash<HistoryBy, QString> names = {{HistoryBy::Program, QStringLiteral("programs")},
                                                    {HistoryBy::Remote, QStringLiteral("remotes")},
                                                    {HistoryBy::Protocol, QStringLiteral("protocols")},
                                                    {HistoryBy::Interface, QStringLiteral("interfaces")},
                                                    {HistoryBy::Host, QStringLiteral("hosts")},
                                                    {HistoryBy::Time, QStringLiteral("times")}};
    return {
        {QStringLiteral("schema"), QStringLiteral("nettally.history/1")},
        {QStringLiteral("fromUtcMs"), QJsonValue(query.fromUtcS * 1000)},
        {QStringLiteral("toUtcMs"), QJsonValue(query.toUtcS * 1000)},
        {names.value(query.by), array},
        {QStringLiteral("rest"),
         answer.rest ? QJsonValue(historySums(answer.rest->sums)) : QJsonValue(QJsonValue::Null)},
        {QStringLiteral("total"), historySums(answer.total.sums)},
        {QStringLiteral("notMeasured"), spans},
    };
}

QByteArray historyCsv(const HistoryQuery &query, const HistoryAnswer &answer)
{
    const auto quoted = [](const QString &text) {
        QString cell = printable(text);
        // A spreadsheet would run what begins like this, and programs choose their names.
        if (!cell.isEmpty() && QStringLiteral("=+-@").contains(cell.front())) {
            cell.prepend(u'\'');
        }
        return u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"';
    };
    QStringList titles;
    switch (query.by) {
    case HistoryBy::Program:
        titles = {QStringLiteral("name"), QStringLiteral("exe"), QStringLiteral("uid"),
                  QStringLiteral("kind")};
        break;
    case HistoryBy::Remote:
        titles = {QStringLiteral("remote"), QStringLiteral("manyRemotes")};
        break;
    case HistoryBy::Protocol:
        titles = {QStringLiteral("protocol"), QStringLiteral("protocolName")};
        break;
    case HistoryBy::Interface:
    case HistoryBy::Host:
        titles = {QStringLiteral("name")};
        break;
    case HistoryBy::Time:
        break;
    }
    titles += {QStringLiteral("fromUtc"), QStringLiteral("toUtc")};
    titles += historyFields();
    QString text = titles.join(u',') + u'\n';
    for (const HistoryLine &line : historyLines(query, answer)) {
        const HistoryRow &row = line.row;
        QStringList cells;
        switch (query.by) {
        case HistoryBy::Program:
            cells = {quoted(row.program.name), quoted(row.program.executable),
                     QString::number(row.program.uid), quoted(kindName(row.program.kind))};
            break;
        case HistoryBy::Remote:
            cells = {quoted(row.remote.toString()),
                     row.isManyRemotes ? QStringLiteral("true") : QStringLiteral("false")};
            break;
        case HistoryBy::Protocol:
            cells = {QString::number(row.protocol),
                     quoted(row.protocol == 0 ? QString() : protocolName(row.protocol))};
            break;
        case HistoryBy::Interface:
        case HistoryBy::Host:
            cells = {quoted(row.name)};
            break;
        case HistoryBy::Time:
            break;
        }
        for (const qint64 utcS : {row.firstUtcS, row.lastUtcS}) {
            cells.append(QDateTime::fromSecsSinceEpoch(utcS, Qt::UTC).toString(Qt::ISODate));
        }
        const QJsonObject sums = historySums(row.sums);
        for (const QString &field : historyFields()) {
            const QJsonValue value = sums.value(field);
            cells.append(value.isNull() ? QString() : QString::number(value.toInteger()));
        }
        text += cells.join(u',') + u'\n';
    }
    return text.toUtf8();
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
    QList<HistoryLine> lines = historyLines(query, answer);
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

TextTable liveTable(const QList<LiveRow> &rows, By by)
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
    for (const LiveRow &row : rows) {
        QStringList cells = programCells(row.program);
        if (by == By::Remote) {
            cells.append(remoteText(row.key.remote));
        }
        cells += {formatRate(row.rxBytesPerSecond), formatRate(row.txBytesPerSecond),
                  formatBytes(row.sums.rxPayloadBytesTotal), formatBytes(row.sums.txPayloadBytesTotal),
                  QString::number(row.sums.openSockets)};
        table.rows.append(cells);
    }
    return table;
}

} // namespace Nettally::Cli
