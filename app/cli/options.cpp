// SPDX-License-Identifier: MIT
#include "options.h"

#include "selftest.h"
#include "text.h"

#include <QCommandLineParser>
#include <QDateTime>

namespace Nettally::Cli {

namespace {

constexpr int maxCount = 1000000000;

QString generalHelp()
{
    return Ctl::tr(R"(nettallyctl: which program moves how many bytes over this machine's network

Usage: nettallyctl <command> [options]

Commands
  live       what moves right now, refreshed every second
  totals     what moved since the helper started, to the byte
  status     how the measuring goes: probes in use, losses, interfaces
  interfaces the interfaces' own counters, and what they are made of, to the byte
  audit      watches every frame for a while and names what no socket sent or received
  connections the TCP connections: state, round trip time, what was sent again, age
  history    what moved in the past, as recorded by nettally
  alerts     what the rules of the window told, and the rules themselves
  selftest   whether every byte is counted on this kernel: known traffic, compared

Examples
  nettallyctl live                          your own programs; q quits
  sudo nettallyctl live --sort send         every program, the busiest senders first
  nettallyctl live --count 5 --top 3        five refreshes as plain lines, three rows each
  nettallyctl totals --by remote            who your programs talked to
  nettallyctl totals --json | jq '.programs[] | {name, rxPayloadBytes}'
  nettallyctl history --last 7d             the last week
  sudo nettallyctl selftest                 a minute that tells how far the numbers can be trusted
  nettallyctl history --last 30d --by remote --top 10

"nettallyctl <command> --help" tells more. A user sees their own programs; "--scope all" shows every
program and takes an administrator ("--ask" lets polkit ask for a password). Bytes are payload: what the
programs' send and receive calls moved.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 helper missing, 4 denied, 5 no system bus or no polkit.
)");
}

QString scenarioHelp()
{
    QString text;
    const QStringList names = SelfTest::scenarios();
    for (const QString &name : names) {
        text += QStringLiteral("  %1 %2\n").arg(name, -20).arg(SelfTest::description(name));
    }
    return text;
}

QString commandHelp(Command command)
{
    const QString scope = Ctl::tr(R"(  --scope own|all     whose programs; all for root unless told, else own
  --ask               polkit may ask for a password
)");
    switch (command) {
    case Command::Live:
        return Ctl::tr(R"(nettallyctl live: what moves right now

Fills the terminal and refreshes. Where input or output is no terminal, or with --count, it prints plain
lines instead.

Options
  --by program|remote a row a program (the default), or a row a program and remote address
  --sort ORDER        receive (the default), send, total or name
  --top N             at most N rows
  --interval MS       between refreshes, 100 to 60000; 1000 unless told
  --count N           prints N refreshes as plain lines and ends
  --tunnels WHERE     what crosses a tunnel counts inside (the default), or at its carrier
  --numeric           addresses, even where the names that programs asked for are known
)") + scope + Ctl::tr(R"(
Keys
  q  quit      r s t n  sort by receive, send, total, name      p  pause      arrows, page keys  scroll

Examples
  nettallyctl live --by remote --sort total
  nettallyctl live --count 1 --interval 100
NO_COLOR in the environment switches colours off.
)");
    case Command::Totals:
        return Ctl::tr(R"(nettallyctl totals: what moved since the helper started, to the byte

Options
  --by WHAT           program (the default), remote, protocol or connection
  --tunnels WHERE     what crosses a tunnel counts inside (the default), or at its carrier
  --numeric           addresses, even where the names that programs asked for are known
  --json              for programs; the fields are documented and stable
)") + scope + Ctl::tr(R"(
Examples
  nettallyctl totals --by protocol
  sudo nettallyctl totals --by connection --json
)");
    case Command::Status:
        return Ctl::tr(R"(nettallyctl status: how the measuring goes

Options
  --json              for programs; the fields are documented and stable

Example
  nettallyctl status --json | jq '.probes[] | select(.active | not)'
)");
    case Command::Interfaces:
        return Ctl::tr(R"(nettallyctl interfaces: the interfaces' own counters, and what they are made of

Since the helper started, or the interface came. The lines under each interface add up to its counters.

Options
  --json              for programs; the fields are documented and stable
)");
    case Command::Audit:
        return Ctl::tr(R"(nettallyctl audit: names what no socket sent or received

Watches every frame at the interfaces for a while. The lines under each interface add up to what its
counters grew by.

Options
  --seconds N         how long, 1 to 60; 10 unless told
  --json              for programs; the fields are documented and stable
)");
    case Command::Connections:
        return Ctl::tr(R"(nettallyctl connections: the TCP connections as they are now

Of the helper's network namespace. Bytes are payload since the connection was opened, also before the
helper started. A dash is a figure that is not known: a listener has no round trip time. Names are those that
programs asked for while Nettally, or "nettallyctl live", was running.

Options
  --numeric           addresses, even where the names that programs asked for are known
  --json              for programs; the fields are documented and stable
)") + scope + Ctl::tr(R"(
Example
  sudo nettallyctl connections --json | jq '.connections[] | select(.retransmits > 0)'
)");
    case Command::History:
        return Ctl::tr(R"(nettallyctl history: what moved in the past

Usage: nettallyctl history [options]              asks
       nettallyctl history export [options]       writes all of it to standard output
       nettallyctl history import FILE            adds what was exported as JSON, once
       nettallyctl history verify                 checks that all sums equal their parts
       nettallyctl history vacuum                 gives back the space of what was deleted

Options
  --last SPAN         e.g. 90s, 15m, 24h (the default), 7d, 2w, before --to
  --from, --to TIME   e.g. 2026-11-23 or 2026-11-23T14:30, local time, with a Z behind in UTC
  --by WHAT           program (the default), remote, protocol, network (or interface), host, time
  --top N             at most N rows
  --program NAME      only this program, by its name or executable
  --format FORMAT     table (the default), csv or json; the fields are documented and stable
  --json              as --format json
  --database WHERE    another history than your own: a file, or postgresql://user@server/database

Examples
  nettallyctl history --last 30d
  nettallyctl history --from 2026-11-01 --by remote --top 20 --program firefox
  nettallyctl history --database /srv/backup/history.db --by time --format csv
  nettallyctl history export > history.json
)");
    case Command::Alerts:
        return Ctl::tr(R"(nettallyctl alerts: what the rules of the window told

Usage: nettallyctl alerts [options]               what was told, the oldest first
       nettallyctl alerts rules [options]         the rules, a sentence each

Options
  --last SPAN         e.g. 24h, 7d; everything that is kept unless told
  --json              for programs; the fields are documented and stable

Example
  nettallyctl alerts --last 7d --json | jq -r '.alerts[].text'
)");
    case Command::SelfTest:
        return Ctl::tr(R"(nettallyctl selftest: whether every byte is counted on this kernel

Makes known traffic in two network namespaces of its own, and cleans up; two minutes at most. Takes root.
Uses the running helper, or starts one for the test where none runs, and another one that watches the cable
between the two.

What each program's calls moved is compared with what was counted for it (payload), and what crossed the
client's end of the cable with what the helper has a line for (network). What is missing there passed no
socket: the kernel's own mostly; an audit at the end looks at every frame and names it. It ends with 0 only
if not one byte is off or without a name.

A scenario that this kernel cannot do is "not supported", one that none of the probes can see is "not
seen"; both are named with the reason and are no failures.

Options
  --scenario NAME     only this one; may be given several times
  --json              for programs; the fields are documented and stable

Examples
  sudo nettallyctl selftest
  sudo nettallyctl selftest --scenario tcp-bulk --scenario udp
  sudo nettallyctl selftest --json | jq '.results[] | select(.verdict != "exact")'

Scenarios
)") + scenarioHelp();
    }
    return QString();
}

const QList<std::pair<QString, Command>> &commands()
{
    static const QList<std::pair<QString, Command>> all = {
        {QStringLiteral("live"), Command::Live},
        {QStringLiteral("totals"), Command::Totals},
        {QStringLiteral("status"), Command::Status},
        {QStringLiteral("interfaces"), Command::Interfaces},
        {QStringLiteral("audit"), Command::Audit},
        {QStringLiteral("history"), Command::History},
        {QStringLiteral("alerts"), Command::Alerts},
        {QStringLiteral("selftest"), Command::SelfTest},
        {QStringLiteral("connections"), Command::Connections},
    };
    return all;
}

std::optional<Command> commandOf(const QString &name)
{
    for (const auto &[known, command] : commands()) {
        if (known == name) {
            return command;
        }
    }
    return std::nullopt;
}

QString commandNames()
{
    QStringList names;
    for (const auto &entry : commands()) {
        names.append(entry.first);
    }
    return names.join(QStringLiteral(", "));
}

QCommandLineOption flag(const QString &name)
{
    return QCommandLineOption(name);
}

QCommandLineOption valued(const QString &name)
{
    return QCommandLineOption(name, QString(), QStringLiteral("value"));
}

bool hasScope(Command command)
{
    return command == Command::Live || command == Command::Totals || command == Command::Connections;
}

void addOptions(QCommandLineParser &parser, Command command)
{
    parser.addOption(QCommandLineOption(QStringList{QStringLiteral("h"), QStringLiteral("help")}));
    if (command == Command::Live || command == Command::Totals) {
        parser.addOptions({valued(QStringLiteral("by")), valued(QStringLiteral("tunnels"))});
    }
    if (hasScope(command)) {
        parser.addOptions(
            {valued(QStringLiteral("scope")), flag(QStringLiteral("ask")), flag(QStringLiteral("numeric"))});
    }
    if (command == Command::Live) {
        parser.addOptions({valued(QStringLiteral("sort")), valued(QStringLiteral("top")),
                           valued(QStringLiteral("interval")), valued(QStringLiteral("count"))});
    } else {
        parser.addOption(flag(QStringLiteral("json")));
    }
    if (command == Command::Audit) {
        parser.addOption(valued(QStringLiteral("seconds")));
    }
    if (command == Command::Alerts) {
        parser.addOption(valued(QStringLiteral("last")));
    }
    if (command == Command::SelfTest) {
        parser.addOption(valued(QStringLiteral("scenario")));
    }
    if (command == Command::History) {
        parser.addOptions({valued(QStringLiteral("last")), valued(QStringLiteral("from")),
                           valued(QStringLiteral("to")), valued(QStringLiteral("by")),
                           valued(QStringLiteral("top")), valued(QStringLiteral("program")),
                           valued(QStringLiteral("format")), valued(QStringLiteral("database"))});
    }
}

/// The choice named by the option's value, or an error. An option not given leaves @p choice.
template <typename Choice>
QString choose(const QCommandLineParser &parser, const QString &option,
               const QList<std::pair<QString, Choice>> &choices, Choice &choice)
{
    if (!parser.isSet(option)) {
        return QString();
    }
    QStringList names;
    for (const auto &[name, value] : choices) {
        if (parser.value(option) == name) {
            choice = value;
            return QString();
        }
        names.append(name);
    }
    return Ctl::tr("--%1 takes one of %2, not \"%3\".")
        .arg(option, names.join(QStringLiteral(", ")), parser.value(option));
}

template <typename Number>
QString readNumber(const QCommandLineParser &parser, const QString &option, int least, int most,
                   Number &number)
{
    if (!parser.isSet(option)) {
        return QString();
    }
    bool ok = false;
    const int value = parser.value(option).toInt(&ok);
    if (!ok || value < least || value > most) {
        return Ctl::tr("--%1 takes a whole number from %2 to %3, not \"%4\".")
            .arg(option)
            .arg(least)
            .arg(most)
            .arg(parser.value(option));
    }
    number = Number(value);
    return QString();
}

QString readTime(const QCommandLineParser &parser, const QString &option, std::optional<qint64> &utcS)
{
    if (!parser.isSet(option)) {
        return QString();
    }
    utcS = parseTime(parser.value(option));
    return utcS ? QString()
                : Ctl::tr("--%1 takes a time such as 2026-11-23 or 2026-11-23T14:30, not \"%2\".")
                      .arg(option, parser.value(option));
}

QString readLast(const QCommandLineParser &parser, Options &options)
{
    options.isLastGiven = parser.isSet(QStringLiteral("last"));
    if (!options.isLastGiven) {
        return QString();
    }
    const std::optional<qint64> span = parseDuration(parser.value(QStringLiteral("last")));
    if (!span) {
        return Ctl::tr("--last takes a span such as 90s, 15m, 24h, 7d or 2w, not \"%1\".")
            .arg(parser.value(QStringLiteral("last")));
    }
    options.lastMs = *span;
    return QString();
}

QString readHistoryOptions(const QCommandLineParser &parser, Options &options)
{
    using By = HistoryQuery::By;
    options.database = parser.value(QStringLiteral("database"));
    options.program = parser.value(QStringLiteral("program"));
    options.format = options.json ? Format::Json : Format::Table;
    QString error = choose(parser, QStringLiteral("by"),
                           {{QStringLiteral("program"), By::Program},
                            {QStringLiteral("remote"), By::Remote},
                            {QStringLiteral("protocol"), By::Protocol},
                            {QStringLiteral("network"), By::Interface},
                            {QStringLiteral("interface"), By::Interface},
                            {QStringLiteral("host"), By::Host},
                            {QStringLiteral("time"), By::Time}},
                           options.historyBy);
    if (error.isEmpty()) {
        error = choose(parser, QStringLiteral("format"),
                       {{QStringLiteral("table"), Format::Table},
                        {QStringLiteral("csv"), Format::Csv},
                        {QStringLiteral("json"), Format::Json}},
                       options.format);
    }
    if (error.isEmpty()) {
        error = readNumber(parser, QStringLiteral("top"), 1, maxCount, options.top);
    }
    if (error.isEmpty()) {
        error = readTime(parser, QStringLiteral("from"), options.fromUtcS);
    }
    if (error.isEmpty()) {
        error = readTime(parser, QStringLiteral("to"), options.toUtcS);
    }
    if (error.isEmpty()) {
        error = readLast(parser, options);
    }
    if (error.isEmpty() && options.fromUtcS && options.isLastGiven) {
        error = Ctl::tr("--from and --last both tell where to begin: leave one out.");
    }
    if (error.isEmpty() && options.fromUtcS && options.toUtcS && *options.fromUtcS >= *options.toUtcS) {
        error = Ctl::tr("--to must be later than --from.");
    }
    return error;
}

/// What is to be done with the history, and takes it off @p words.
QString readAction(QStringList &words, Options &options)
{
    static const QHash<QString, HistoryAction> actions = {{QStringLiteral("export"), HistoryAction::Export},
                                                          {QStringLiteral("import"), HistoryAction::Import},
                                                          {QStringLiteral("vacuum"), HistoryAction::Vacuum},
                                                          {QStringLiteral("verify"), HistoryAction::Verify}};
    if (words.isEmpty()) {
        return QString();
    }
    const auto action = actions.constFind(words.constFirst());
    if (action == actions.cend()) {
        return QString(); // one word too many
    }
    options.action = *action;
    words.removeFirst();
    if (options.action != HistoryAction::Import) {
        return QString();
    }
    if (words.isEmpty()) {
        return Ctl::tr("Name the file to import.");
    }
    options.file = words.takeFirst();
    return QString();
}

QString readOptions(const QCommandLineParser &parser, Options &options)
{
    const QList<std::pair<QString, By>> liveBy = {{QStringLiteral("program"), By::Program},
                                                  {QStringLiteral("remote"), By::Remote}};
    const QList<std::pair<QString, By>> totalsBy = liveBy
        + QList<std::pair<QString, By>>{{QStringLiteral("protocol"), By::Protocol},
                                        {QStringLiteral("connection"), By::Connection}};
    QString error;
    if (options.command == Command::Live || options.command == Command::Totals) {
        error = choose(parser, QStringLiteral("by"), options.command == Command::Live ? liveBy : totalsBy,
                       options.by);
        if (error.isEmpty()) {
            error = choose(parser, QStringLiteral("tunnels"),
                           {{QStringLiteral("inside"), TunnelSide::Carrier},
                            {QStringLiteral("carrier"), TunnelSide::Inside}},
                           options.leftOut);
        }
    }
    if (hasScope(options.command)) {
        if (error.isEmpty()) {
            error = choose(parser, QStringLiteral("scope"),
                           {{QStringLiteral("own"), Scope::Own}, {QStringLiteral("all"), Scope::All}},
                           options.scope);
        }
        options.isScopeGiven = parser.isSet(QStringLiteral("scope"));
        options.interactive = parser.isSet(QStringLiteral("ask"));
    }
    if (options.command == Command::Live) {
        if (error.isEmpty()) {
            error = choose(parser, QStringLiteral("sort"),
                           {{QStringLiteral("receive"), Sort::Receive},
                            {QStringLiteral("send"), Sort::Send},
                            {QStringLiteral("total"), Sort::Total},
                            {QStringLiteral("name"), Sort::Name}},
                           options.sort);
        }
        if (error.isEmpty()) {
            error = readNumber(parser, QStringLiteral("top"), 1, maxCount, options.top);
        }
        if (error.isEmpty()) {
            error = readNumber(parser, QStringLiteral("interval"), 100, 60000, options.intervalMs);
        }
        if (error.isEmpty()) {
            error = readNumber(parser, QStringLiteral("count"), 1, maxCount, options.count);
        }
    } else {
        options.json = parser.isSet(QStringLiteral("json"));
    }
    options.numeric = hasScope(options.command) && parser.isSet(QStringLiteral("numeric"));
    if (options.command == Command::Audit) {
        error = readNumber(parser, QStringLiteral("seconds"), 1, 60, options.seconds);
    }
    if (options.command == Command::SelfTest) {
        const QStringList known = SelfTest::scenarios();
        options.scenarios = parser.values(QStringLiteral("scenario"));
        options.scenarios.removeDuplicates();
        for (const QString &scenario : std::as_const(options.scenarios)) {
            if (!known.contains(scenario)) {
                return Ctl::tr("There is no scenario \"%1\".").arg(scenario);
            }
        }
    }
    if (options.command == Command::Alerts) {
        return readLast(parser, options);
    }
    if (options.command == Command::History) {
        return readHistoryOptions(parser, options);
    }
    return error;
}

} // namespace

Parsed parseArguments(const QStringList &arguments, uint uid)
{
    const QString first = arguments.value(0);
    if (first == QStringLiteral("--help") || first == QStringLiteral("-h")
        || first == QStringLiteral("help")) {
        return {std::nullopt, generalHelp(), QString()};
    }
    if (first == QStringLiteral("--version") || first == QStringLiteral("-v")) {
        return {std::nullopt, QStringLiteral("nettallyctl " NETTALLY_VERSION "\n"), QString()};
    }
    const std::optional<Command> command = commandOf(first);
    if (!command) {
        const QString error = first.isEmpty()
            ? Ctl::tr("Name a command: %1; \"nettallyctl --help\" tells more.").arg(commandNames())
            : Ctl::tr("There is no command \"%1\": it is one of %2.").arg(first, commandNames());
        return {std::nullopt, QString(), error};
    }

    Options options;
    options.command = *command;
    options.scope = uid == 0 ? Scope::All : Scope::Own;
    QCommandLineParser parser;
    addOptions(parser, *command);
    // The parser takes the first argument for the program's name.
    const bool ok = parser.parse(arguments);
    if (parser.isSet(QStringLiteral("help"))) {
        return {std::nullopt, commandHelp(*command), QString()};
    }
    QString error;
    QStringList words = parser.positionalArguments();
    if (!ok) {
        error = parser.errorText();
    } else if (*command == Command::History) {
        error = readAction(words, options);
    } else if (*command == Command::Alerts && words.value(0) == QStringLiteral("rules")) {
        options.alertRules = true;
        words.removeFirst();
    }
    if (error.isEmpty() && !words.isEmpty()) {
        error = Ctl::tr("\"%1\" is one word too many.").arg(words.constFirst());
    }
    if (error.isEmpty()) {
        error = readOptions(parser, options);
    }
    if (!error.isEmpty()) {
        return {std::nullopt, QString(),
                Ctl::tr("%1 \"nettallyctl %2 --help\" tells more.").arg(error, first)};
    }
    return {options, QString(), QString()};
}

std::optional<qint64> parseDuration(const QString &text)
{
    constexpr qint64 secondMs = 1000;
    constexpr qint64 dayMs = 86400 * secondMs;
    static const QHash<QChar, qint64> units = {
        {u's', secondMs}, {u'm', 60 * secondMs}, {u'h', 3600 * secondMs}, {u'd', dayMs}, {u'w', 7 * dayMs}};
    if (text.size() < 2 || !units.contains(text.back())) {
        return std::nullopt;
    }
    bool ok = false;
    const qint64 number = text.chopped(1).toUInt(&ok);
    const qint64 unit = units.value(text.back());
    if (!ok || number < 1 || number > 36525 * dayMs / unit) {
        return std::nullopt;
    }
    return number * unit;
}

std::optional<qint64> parseTime(const QString &text)
{
    const QDateTime time = QDateTime::fromString(text, Qt::ISODate);
    const bool isIso = text.size() >= 10 && text.at(4) == u'-' && text.at(7) == u'-';
    return isIso && time.isValid() ? std::optional(time.toSecsSinceEpoch()) : std::nullopt;
}

} // namespace Nettally::Cli
