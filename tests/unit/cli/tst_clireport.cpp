// SPDX-License-Identifier: MIT
#include "exitcode.h"
#include "options.h"
#include "report.h"
#include "text.h"
#include "texttable.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Cli;
using namespace Qt::StringLiterals;

namespace {

Program program(quint32 id, const QString &name)
{
    Program result;
    result.id = id;
    result.pid = 1000 + id;
    result.startNs = 123456789012345678;
    result.name = name;
    result.executable = u"/usr/bin/x"_s;
    result.uid = 4000000000;
    return result;
}

Flow flow(quint32 id, quint32 programId, quint32 remoteId, quint64 rx, quint64 tx, quint8 protocol = 6)
{
    Flow result;
    result.id = id;
    result.programId = programId;
    result.remoteId = remoteId;
    result.servicePort = 443;
    result.protocol = protocol;
    result.direction = Direction::Outgoing;
    result.interfaceIndex = 2;
    result.rxPayloadBytesTotal = rx;
    result.txPayloadBytesTotal = tx;
    result.openSockets = 1;
    return result;
}

constexpr quint64 secondNs = 1000000000;
constexpr quint64 odd = (quint64(1) << 53) + 1; // a double would round it

UsageUpdate snapshot()
{
    UsageUpdate update;
    update.instance = u"one"_s;
    update.isSnapshot = true;
    update.timeNs = 10 * secondNs;
    update.programs = {program(1, u"curl"_s), program(2, u"wget"_s)};
    update.remotes = {{1, Address::fromString(u"192.0.2.1"_s)}, {2, Address::fromString(u"2001:db8::1"_s)}};
    update.flows = {flow(1, 1, 1, 100, 10), flow(2, 1, 2, 1000, 20), flow(3, 2, 1, odd, 0, 17),
                    flow(4, 1, 1, 5, 0, 17)};
    update.endedProgramIds = {2};
    return update;
}

} // namespace

class TestCliReport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void parsesCommands();
    void refusesWrongUsage_data();
    void refusesWrongUsage();
    void helpsEveryCommand();
    void readsDurations_data();
    void readsDurations();
    void dropsWhatTerminalsActOn_data();
    void dropsWhatTerminalsActOn();
    void measuresWidth();
    void laysOutTables();
    void givesExactJson();
    void breaksTotalsDown();
    void startsAnewWithAnInstance();
    void forgetsEndedPrograms();
    void measuresRates();
    void sortsRows();
    void tellsStatus();
    void mapsStatesToExitCodes();

private:
    NameBook noNames;
};

void TestCliReport::parsesCommands()
{
    const Parsed live = parseArguments({u"live"_s}, 1000);
    QVERIFY(live.options);
    QCOMPARE(live.options->command, Command::Live);
    QCOMPARE(live.options->scope, Scope::Own);
    QVERIFY(!live.options->isScopeGiven);
    QVERIFY(!live.options->interactive);
    QCOMPARE(live.options->intervalMs, 1000U);

    QCOMPARE(parseArguments({u"totals"_s}, 0).options->scope, Scope::All);
    QCOMPARE(parseArguments({u"totals"_s, u"--scope"_s, u"own"_s}, 0).options->scope, Scope::Own);

    const Parsed full =
        parseArguments({u"live"_s, u"--by=remote"_s, u"--scope"_s, u"all"_s, u"--ask"_s, u"--sort"_s,
                        u"send"_s, u"--top"_s, u"3"_s, u"--interval"_s, u"100"_s, u"--count"_s, u"5"_s},
                       1000);
    QVERIFY2(full.options, qPrintable(full.error));
    QCOMPARE(full.options->by, By::Remote);
    QCOMPARE(full.options->scope, Scope::All);
    QVERIFY(full.options->isScopeGiven);
    QVERIFY(full.options->interactive);
    QCOMPARE(full.options->sort, Sort::Send);
    QCOMPARE(full.options->top, 3);
    QCOMPARE(full.options->intervalMs, 100U);
    QCOMPARE(full.options->count, 5);

    const Parsed history =
        parseArguments({u"history"_s, u"--last"_s, u"7d"_s, u"--database"_s, u"/a b"_s, u"--json"_s}, 0);
    QVERIFY2(history.options, qPrintable(history.error));
    QCOMPARE(history.options->lastMs, 7LL * 24 * 3600 * 1000);
    QCOMPARE(history.options->database, u"/a b"_s);
    QCOMPARE(history.options->format, Format::Json);

    const Parsed bounded = parseArguments({u"history"_s, u"--from"_s, u"2026-11-01T10:00:00Z"_s, u"--to"_s,
                                           u"2026-11-02T00:00:00+02:00"_s, u"--by"_s, u"remote"_s, u"--top"_s,
                                           u"5"_s, u"--program"_s, u"curl"_s, u"--format"_s, u"csv"_s},
                                          0);
    QVERIFY2(bounded.options, qPrintable(bounded.error));
    QCOMPARE(bounded.options->action, HistoryAction::Ask);
    QCOMPARE(bounded.options->fromUtcS, 1793527200);
    QCOMPARE(bounded.options->toUtcS, 1793570400);
    QCOMPARE(bounded.options->historyBy, HistoryQuery::By::Remote);
    QCOMPARE(bounded.options->top, 5);
    QCOMPARE(bounded.options->program, u"curl"_s);
    QCOMPARE(bounded.options->format, Format::Csv);

    const Parsed import = parseArguments({u"history"_s, u"import"_s, u"a file"_s}, 0);
    QVERIFY2(import.options, qPrintable(import.error));
    QCOMPARE(import.options->action, HistoryAction::Import);
    QCOMPARE(import.options->file, u"a file"_s);
    QCOMPARE(parseArguments({u"history"_s, u"verify"_s}, 0).options->action, HistoryAction::Verify);

    QVERIFY(parseArguments({u"selftest"_s}, 0).options->scenarios.isEmpty());
    const Parsed selfTest = parseArguments({u"selftest"_s, u"--scenario"_s, u"udp"_s,
                                            u"--scenario=tcp-bulk"_s, u"--scenario"_s, u"udp"_s, u"--json"_s},
                                           0);
    QVERIFY2(selfTest.options, qPrintable(selfTest.error));
    QCOMPARE(selfTest.options->command, Command::SelfTest);
    QCOMPARE(selfTest.options->scenarios, QStringList({u"udp"_s, u"tcp-bulk"_s}));
    QVERIFY(selfTest.options->json);
}

void TestCliReport::refusesWrongUsage_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("named"); // in the sentence
    QTest::newRow("nothing") << QStringList() << u"live, totals"_s;
    QTest::newRow("unknown command") << QStringList{u"lvie"_s} << u"lvie"_s;
    QTest::newRow("unknown option") << QStringList{u"live"_s, u"--fast"_s} << u"fast"_s;
    QTest::newRow("option of another command")
        << QStringList{u"status"_s, u"--sort"_s, u"send"_s} << u"sort"_s;
    QTest::newRow("missing value") << QStringList{u"live"_s, u"--top"_s} << u"top"_s;
    QTest::newRow("extra word") << QStringList{u"totals"_s, u"curl"_s} << u"curl"_s;
    QTest::newRow("unknown sort") << QStringList{u"live"_s, u"--sort"_s, u"size"_s} << u"size"_s;
    QTest::newRow("live by protocol") << QStringList{u"live"_s, u"--by"_s, u"protocol"_s} << u"protocol"_s;
    QTest::newRow("scope") << QStringList{u"totals"_s, u"--scope"_s, u"mine"_s} << u"mine"_s;
    QTest::newRow("interval too short")
        << QStringList{u"live"_s, u"--interval"_s, u"99"_s} << u"100 to 60000"_s;
    QTest::newRow("interval too long") << QStringList{u"live"_s, u"--interval"_s, u"60001"_s} << u"60001"_s;
    QTest::newRow("no number") << QStringList{u"live"_s, u"--count"_s, u"many"_s} << u"many"_s;
    QTest::newRow("count zero") << QStringList{u"live"_s, u"--count"_s, u"0"_s} << u"count"_s;
    QTest::newRow("scenario") << QStringList{u"selftest"_s, u"--scenario"_s, u"smtp"_s} << u"smtp"_s;
    QTest::newRow("scope of the self-test")
        << QStringList{u"selftest"_s, u"--scope"_s, u"own"_s} << u"scope"_s;
    QTest::newRow("span") << QStringList{u"history"_s, u"--last"_s, u"yesterday"_s} << u"yesterday"_s;
    QTest::newRow("time") << QStringList{u"history"_s, u"--from"_s, u"monday"_s} << u"monday"_s;
    QTest::newRow("two beginnings") << QStringList{u"history"_s, u"--from"_s, u"2026-11-01"_s, u"--last"_s,
                                                   u"1d"_s}
                                    << u"leave one out"_s;
    QTest::newRow("end before the beginning")
        << QStringList{u"history"_s, u"--from"_s, u"2026-11-02"_s, u"--to"_s, u"2026-11-01"_s} << u"later"_s;
    QTest::newRow("unknown question") << QStringList{u"history"_s, u"--by"_s, u"colour"_s} << u"colour"_s;
    QTest::newRow("nothing to import") << QStringList{u"history"_s, u"import"_s} << u"file"_s;
    QTest::newRow("unknown action") << QStringList{u"history"_s, u"burn"_s} << u"burn"_s;
}

void TestCliReport::refusesWrongUsage()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, named);
    const Parsed parsed = parseArguments(arguments, 1000);
    QVERIFY(!parsed.options);
    QVERIFY(parsed.text.isEmpty());
    QVERIFY2(parsed.error.contains(named), qPrintable(parsed.error));
    QVERIFY2(parsed.error.contains(u"--help"_s) || parsed.error.contains(u"one of live"_s),
             qPrintable(parsed.error));
}

void TestCliReport::helpsEveryCommand()
{
    QVERIFY(parseArguments({u"--help"_s}, 0).text.contains(u"nettallyctl history --last 7d"_s));
    QCOMPARE(parseArguments({u"--version"_s}, 0).text, u"nettallyctl " NETTALLY_VERSION "\n"_s);
    for (const QString &command : {u"live"_s, u"totals"_s, u"status"_s, u"history"_s, u"selftest"_s}) {
        const QString text = parseArguments({command, u"--help"_s}, 0).text;
        QVERIFY(text.startsWith(u"nettallyctl "_s + command + u':'));
        QVERIFY(text.contains(u"Example"_s));
    }
}

void TestCliReport::readsDurations_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qint64>("milliseconds"); // -1: refused
    QTest::newRow("90s") << u"90s"_s << qint64(90000);
    QTest::newRow("15m") << u"15m"_s << qint64(900000);
    QTest::newRow("24h") << u"24h"_s << qint64(86400000);
    QTest::newRow("2w") << u"2w"_s << qint64(14 * 86400000LL);
    QTest::newRow("empty") << QString() << qint64(-1);
    QTest::newRow("no unit") << u"24"_s << qint64(-1);
    QTest::newRow("no number") << u"h"_s << qint64(-1);
    QTest::newRow("zero") << u"0d"_s << qint64(-1);
    QTest::newRow("negative") << u"-1d"_s << qint64(-1);
    QTest::newRow("fraction") << u"1.5h"_s << qint64(-1);
    QTest::newRow("a century") << u"36525d"_s << qint64(36525 * 86400000LL);
    QTest::newRow("too long") << u"36526d"_s << qint64(-1);
    QTest::newRow("overflow") << u"4294967295w"_s << qint64(-1);
}

void TestCliReport::readsDurations()
{
    QFETCH(QString, text);
    QFETCH(qint64, milliseconds);
    QCOMPARE(parseDuration(text).value_or(-1), milliseconds);
}

void TestCliReport::dropsWhatTerminalsActOn_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("expected");
    QTest::newRow("plain") << u"firefox-bin (x)"_s << u"firefox-bin (x)"_s;
    QTest::newRow("other scripts") << u"名字 имя 😀"_s << u"名字 имя 😀"_s;
    QTest::newRow("colour") << u"\x1b[31mred"_s << u"[31mred"_s;
    QTest::newRow("title") << u"\x1b]0;owned\x07x"_s << u"]0;ownedx"_s;
    QTest::newRow("eight-bit CSI") << u"a\u009b2Jb"_s << u"a2Jb"_s;
    QTest::newRow("line ends") << u"a\r\nb\tc\u2028d\u2029e\u0085f"_s << u"abcdef"_s;
    QTest::newRow("delete") << u"a\x7f"_s << u"a"_s;
    QTest::newRow("direction") << u"a\u202eb\u2066c\u200fd"_s << u"abcd"_s;
    QTest::newRow("half a character") << QString(QChar(0xd800)) + u'x' << u"x"_s;
}

void TestCliReport::dropsWhatTerminalsActOn()
{
    QFETCH(QString, text);
    QFETCH(QString, expected);
    QCOMPARE(printable(text).remove(QChar::ReplacementCharacter), expected);

    const QByteArray json = toJson({{u"name"_s, text}});
    for (const QChar character : QString::fromUtf8(json)) {
        QVERIFY(
            character == u'\n'
            || (character.category() != QChar::Other_Control && character.category() != QChar::Other_Format));
    }
    if (!text.contains(QChar(0xd800))) { // no JSON text can hold half a character
        QCOMPARE(QJsonDocument::fromJson(json).object().value(u"name"_s).toString(), text);
    }

    Program evil = program(1, text);
    QCOMPARE(programLabel(evil).remove(QChar::ReplacementCharacter), expected);
    evil.kind = ProgramKind::KernelThread;
    QCOMPARE(programLabel(evil).remove(QChar::ReplacementCharacter), u'[' + expected + u']');
}

void TestCliReport::measuresWidth()
{
    QCOMPARE(displayWidth(u"abc"_s), 3);
    QCOMPARE(displayWidth(u"名字"_s), 4);
    QCOMPARE(displayWidth(u"e\u0301"_s), 1); // with a combining accent
    QCOMPARE(elided(u"abcdef"_s, 6), u"abcdef"_s);
    QCOMPARE(elided(u"abcdef"_s, 4), u"abc…"_s);
    QCOMPARE(elided(u"名字名字"_s, 4), u"名…"_s);
    QCOMPARE(elided(u"abc"_s, 0), QString());
}

void TestCliReport::laysOutTables()
{
    TextTable table;
    table.columns = {{u"NAME"_s, false, true}, {u"N"_s, true}};
    table.rows = {{u"名字"_s, u"1"_s}, {u"a-rather-long-name"_s, u"12345"_s}};
    QCOMPARE(table.lines(0),
             QStringList({u"NAME                    N"_s, u"名字                    1"_s,
                          u"a-rather-long-name  12345"_s}));
    QCOMPARE(table.lines(17),
             QStringList({u"NAME            N"_s, u"名字            1"_s, u"a-rather-…  12345"_s}));
    QCOMPARE(table.widths(3), QList<int>({8, 5})); // what cannot shrink stays
}

void TestCliReport::givesExactJson()
{
    UsageTable table;
    table.apply(snapshot());
    const QByteArray text = toJson(totalsJson(table, By::Program, noNames, Scope::All, u"why"_s));
    // As text, because reading it back might round it.
    QVERIFY2(text.contains("\"rxPayloadBytes\": 9007199254740993,"), text.constData());
    QVERIFY2(text.contains("\"startNs\": 123456789012345678,"), text.constData());
    QVERIFY2(text.contains("\"uid\": 4000000000"), text.constData());

    const QJsonObject json = QJsonDocument::fromJson(text).object();
    QCOMPARE(json.keys(),
             QStringList({u"instance"_s, u"programs"_s, u"schema"_s, u"scope"_s, u"scopeNote"_s, u"timeNs"_s,
                          u"total"_s}));
    QCOMPARE(json.value(u"schema"_s).toString(), u"nettally.totals/1"_s);
    QCOMPARE(json.value(u"scope"_s).toString(), u"all"_s);
    QCOMPARE(json.value(u"scopeNote"_s).toString(), u"why"_s);
    QCOMPARE(json.value(u"total"_s).toObject().value(u"rxPayloadBytes"_s).toInteger(), qint64(odd + 1105));
    const QJsonArray programs = json.value(u"programs"_s).toArray();
    QCOMPARE(programs.size(), 2);
    const QJsonObject first = programs.at(0).toObject();
    QCOMPARE(first.keys(),
             QStringList({u"application"_s, u"applicationKind"_s, u"container"_s, u"ended"_s, u"exe"_s,
                          u"kind"_s, u"name"_s, u"openSockets"_s, u"pid"_s, u"retransmits"_s,
                          u"rxNetworkBytes"_s, u"rxPackets"_s, u"rxPayloadBytes"_s, u"startNs"_s,
                          u"txNetworkBytes"_s, u"txPackets"_s, u"txPayloadBytes"_s, u"uid"_s, u"unit"_s}));
    QCOMPARE(first.value(u"application"_s).toString(), u"wget"_s);
    QCOMPARE(first.value(u"applicationKind"_s).toString(), u"program"_s);
    QVERIFY(first.value(u"unit"_s).isNull() && first.value(u"container"_s).isNull());
    QCOMPARE(first.value(u"name"_s).toString(), u"wget"_s);
    QVERIFY(first.value(u"ended"_s).toBool());
    QCOMPARE(first.value(u"kind"_s).toString(), u"program"_s);
    const QJsonObject second = programs.at(1).toObject();
    QCOMPARE(second.value(u"rxPayloadBytes"_s).toInteger(), 1105);
    QCOMPARE(second.value(u"txPayloadBytes"_s).toInteger(), 30);
    QCOMPARE(second.value(u"openSockets"_s).toInteger(), 3);
    QVERIFY(!second.value(u"ended"_s).toBool(true));
}

void TestCliReport::breaksTotalsDown()
{
    UsageTable table;
    table.apply(snapshot());
    const auto breakdown = [&](By by, const QString &name) {
        return totalsJson(table, by, noNames, Scope::Own, QString())
            .value(u"programs"_s)
            .toArray()
            .at(1)
            .toObject()
            .value(name)
            .toArray();
    };
    const QJsonArray remotes = breakdown(By::Remote, u"remotes"_s);
    QCOMPARE(remotes.size(), 2);
    QCOMPARE(remotes.at(0).toObject().value(u"remote"_s).toString(), u"2001:db8::1"_s);
    QCOMPARE(remotes.at(1).toObject().value(u"rxPayloadBytes"_s).toInteger(), 105);

    const QJsonArray protocols = breakdown(By::Protocol, u"protocols"_s);
    QCOMPARE(protocols.size(), 2);
    QCOMPARE(protocols.at(0).toObject().value(u"protocol"_s).toInteger(), 6);
    QCOMPARE(protocols.at(0).toObject().value(u"protocolName"_s).toString(), u"TCP"_s);
    QCOMPARE(protocols.at(0).toObject().value(u"rxPayloadBytes"_s).toInteger(), 1100);

    const QJsonArray connections = breakdown(By::Connection, u"connections"_s);
    QCOMPARE(connections.size(), 3);
    const QJsonObject connection = connections.at(0).toObject();
    QCOMPARE(connection.value(u"servicePort"_s).toInteger(), 443);
    QCOMPARE(connection.value(u"direction"_s).toString(), u"outgoing"_s);
    QCOMPARE(connection.value(u"interfaceIndex"_s).toInteger(), 2);

    const TextTable text = totalsTable(table, By::Remote, noNames);
    QCOMPARE(text.rows.size(), 3);
    QCOMPARE(text.rows.at(1).at(0), u"curl"_s);
    QCOMPARE(text.rows.at(1).at(3), u"2001:db8::1"_s);
    QVERIFY(remotes.at(0).toObject().value(u"remoteName"_s).isNull());

    NameBook names;
    DnsMessage answer;
    answer.name = u"host.example\u202e"_s;
    answer.addresses = {{Address::fromString(u"2001:db8::1"_s), 60}};
    names.learn(NameBook::noProgram, answer, 1);
    QCOMPARE(totalsTable(table, By::Remote, names).rows.at(1).at(3), u"host.example"_s);
    const QJsonObject named = totalsJson(table, By::Remote, names, Scope::Own, QString())
                                  .value(u"programs"_s)
                                  .toArray()
                                  .at(1)
                                  .toObject()
                                  .value(u"remotes"_s)
                                  .toArray()
                                  .at(0)
                                  .toObject();
    QCOMPARE(named.value(u"remote"_s).toString(), u"2001:db8::1"_s);
    QCOMPARE(named.value(u"remoteName"_s).toString(), answer.name);
}

void TestCliReport::startsAnewWithAnInstance()
{
    UsageTable table;
    table.apply(snapshot());
    UsageUpdate next = snapshot();
    next.isSnapshot = false;
    next.instance = u"two"_s;
    next.flows = {flow(9, 1, 1, 1, 1)};
    next.endedProgramIds.clear();
    table.apply(next);
    QCOMPARE(table.total().rxPayloadBytesTotal, 1U);
    QCOMPARE(table.sums(By::Program).size(), 1);
    QVERIFY(!table.isEnded(2));
}

void TestCliReport::forgetsEndedPrograms()
{
    UsageTable table;
    table.apply(snapshot());
    table.forgetEnded(5 * secondNs);
    QCOMPARE(table.sums(By::Program).size(), 2);
    UsageUpdate later;
    later.instance = u"one"_s;
    later.timeNs = 16 * secondNs;
    table.apply(later);
    const UsageSums before = table.total();
    table.forgetEnded(5 * secondNs);
    QCOMPARE(table.sums(By::Program).size(), 1);
    QCOMPARE(table.total().rxPayloadBytesTotal, before.rxPayloadBytesTotal);
    // A straggler must not be counted beside what was kept of it.
    later.flows = {flow(3, 2, 1, odd, 0, 17)};
    table.apply(later);
    QCOMPARE(table.total().rxPayloadBytesTotal, before.rxPayloadBytesTotal);
}

void TestCliReport::measuresRates()
{
    UsageTable table;
    LiveRates rates;
    table.apply(snapshot());
    QList<LiveRow> rows = rates.update(table, By::Program, table.timeNs());
    QCOMPARE(rows.size(), 2);
    QVERIFY(!rows.at(0).rxBytesPerSecond); // not known yet, which is not 0
    QCOMPARE(liveTable(rows, By::Program, noNames).rows.at(0).at(3), u"–"_s);

    UsageUpdate next;
    next.instance = u"one"_s;
    next.timeNs = 12 * secondNs;
    next.programs = {program(3, u"new"_s)};
    next.flows = {flow(1, 1, 1, 2100, 10), flow(7, 3, 1, 5000, 0)};
    table.apply(next);
    rows = rates.update(table, By::Program, table.timeNs());
    sortRows(rows, Sort::Receive);
    QCOMPARE(rows.size(), 3);
    QCOMPARE(rows.at(0).program.name, u"new"_s);
    // It was silent before, and a rate rises smoothly from there.
    QVERIFY(rows.at(0).rxBytesPerSecond.value_or(-1) > 1000.0);
    QVERIFY(rows.at(0).rxBytesPerSecond.value_or(-1) < 2500.0);
    QCOMPARE(rows.at(1).program.name, u"curl"_s);
    QCOMPARE(rows.at(1).rxBytesPerSecond.value_or(-1), 1000.0);
    QCOMPARE(rows.at(2).rxBytesPerSecond.value_or(-1), 0.0);
}

void TestCliReport::sortsRows()
{
    const auto row = [](quint32 id, const QString &name, double rx, double tx, quint64 bytes) {
        LiveRow result;
        result.key.programId = id;
        result.program = program(id, name);
        result.rxBytesPerSecond = rx;
        result.txBytesPerSecond = tx;
        result.sums.rxPayloadBytesTotal = bytes;
        return result;
    };
    QList<LiveRow> rows = {row(1, u"b"_s, 1, 30, 200), row(2, u"c"_s, 3, 10, 100),
                           row(3, u"a"_s, 2, 20, 300)};
    const auto order = [&](Sort sort) {
        sortRows(rows, sort);
        QString names;
        for (const LiveRow &each : std::as_const(rows)) {
            names += each.program.name;
        }
        return names;
    };
    QCOMPARE(order(Sort::Receive), u"cab"_s);
    QCOMPARE(order(Sort::Send), u"bac"_s);
    QCOMPARE(order(Sort::Total), u"abc"_s);
    QCOMPARE(order(Sort::Name), u"abc"_s);
    rows = {row(2, u"x"_s, 1, 1, 1), row(1, u"x"_s, 1, 1, 1)};
    QCOMPARE(order(Sort::Receive), u"xx"_s);
    QCOMPARE(rows.at(0).key.programId, 1U); // alike rows do not change places
}

void TestCliReport::tellsStatus()
{
    HelperStatus status;
    status.info = {{u"btf"_s, u"yes"_s}, {u"cgroup2"_s, QString()}};
    status.probes = {{u"payload-send"_s, u"tp_btf/sock_send_length"_s, true, QString()},
                     {u"payload-receive"_s, QString(), false, u"no\x1b probe"_s}};
    status.losses = {{u"spilledRxBytes"_s, odd}};
    status.interfaces = {{2, u"eth0"_s, odd, 1, 2, 3, false, true}};
    const QByteArray json = toJson(statusJson(status));
    QVERIFY(json.contains("\"spilledRxBytes\": 9007199254740993"));
    QVERIFY(json.contains("\"rxBytes\": 9007199254740993"));
    QCOMPARE(QJsonDocument::fromJson(json).object().keys(),
             QStringList({u"info"_s, u"interfaces"_s, u"losses"_s, u"probes"_s, u"schema"_s, u"usage"_s}));
    const QString text = statusText(status);
    QVERIFY(text.contains(u"cgroup2: –"_s));
    QVERIFY(text.contains(u"payload-receive: none, not active (no probe)"_s));
}

void TestCliReport::mapsStatesToExitCodes()
{
    using State = MonitorClient::State;
    QCOMPARE(exitCodeOf(State::Live), Ok);
    QCOMPARE(exitCodeOf(State::Connecting), Ok);
    QCOMPARE(exitCodeOf(State::Incompatible), Failure);
    QCOMPARE(exitCodeOf(State::HelperMissing), HelperMissing);
    QCOMPARE(exitCodeOf(State::Denied), Denied);
    QCOMPARE(exitCodeOf(State::BusUnavailable), Unavailable);
    QCOMPARE(exitCodeOf(State::AuthorityUnavailable), Unavailable);
}

QTEST_GUILESS_MAIN(TestCliReport)
#include "tst_clireport.moc"
