// SPDX-License-Identifier: MIT
#include "exitcode.h"
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "historystore.h"
#include "messagebuilder.h"
#include "monitorclient.h"
#include "monitorservice.h"
#include "privatebus.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

struct Outcome {
    int exitCode = -1;
    QByteArray output;
    QByteArray errors;
    QByteArrayList errorLines() const { return errors.trimmed().split('\n'); }
};

/// A terminal of the test's own with a program in it.
class Terminal {
public:
    Terminal()
    {
        const winsize size = {24, 100, 0, 0};
        isOpen = ::openpty(&m_master, &m_slave, nullptr, nullptr, &size) == 0
            && ::fcntl(m_master, F_SETFL, O_NONBLOCK) == 0;
    }
    ~Terminal()
    {
        if (m_process.state() != QProcess::NotRunning) {
            m_process.kill();
            m_process.waitForFinished();
        }
        ::close(m_master);
        ::close(m_slave);
    }
    Q_DISABLE_COPY_MOVE(Terminal)

    void start(const QStringList &arguments, const QProcessEnvironment &environment)
    {
        m_process.setProcessEnvironment(environment);
        m_process.setChildProcessModifier([slave = m_slave] {
            ::setsid();
            ::ioctl(slave, TIOCSCTTY, 0);
            for (const int channel : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
                ::dup2(slave, channel);
            }
        });
        m_process.start(QStringLiteral(NETTALLYCTL), arguments);
    }
    /// Everything the program has written so far.
    const QByteArray &written()
    {
        char buffer[4096];
        for (ssize_t size = 0; (size = ::read(m_master, buffer, sizeof buffer)) > 0;) {
            m_written.append(buffer, size);
        }
        return m_written;
    }
    void type(const QByteArray &keys)
    {
        QCOMPARE(::write(m_master, keys.constData(), size_t(keys.size())), keys.size());
    }
    void resize(unsigned short rows, unsigned short columns)
    {
        const winsize size = {rows, columns, 0, 0};
        QCOMPARE(::ioctl(m_master, TIOCSWINSZ, &size), 0);
    }
    tcflag_t localFlags() const
    {
        termios settings = {};
        return ::tcgetattr(m_slave, &settings) == 0 ? settings.c_lflag : 0;
    }
    QProcess &process() { return m_process; }

    bool isOpen = false;

private:
    int m_master = -1;
    int m_slave = -1;
    QByteArray m_written;
    QProcess m_process;
};

constexpr uint otherUser = 65534;
const QByteArray leaveFullScreen = "\x1b[?1049l"; // of TERM=xterm

} // namespace

class TestNettallyctl : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void saysThereIsNoBus();
    void saysThereIsNoHelper();
    void refusesWrongUsage();
    void printsTotals();
    void totalsNameOwnersOnly();
    void scopeRefused();
    void everythingRefused();
    void authorityMissing();
    void printsStatus();
    void printsConnections();
    void namesRemotesWhileSomebodyWatches();
    void printsLiveLines();
    void endsWithItsReader();
    void saysOutputIsFull();
    void livesOnATerminal();
    void restoresTheTerminal_data();
    void restoresTheTerminal();
    void printsHistory();
    void movesHistory();
    void saysThereIsNoHistory();
    void selfTestTakesRoot();
    void selfTestFindsWhatIsNotCounted();

private:
    void startHelper();
    /// Root is never refused, so what others meet is tried as nobody in particular.
    enum class As { Tester, Other };
    Outcome run(const QStringList &arguments, As as = As::Tester);
    Outcome runProgram(const QString &program, const QStringList &arguments, As as = As::Tester);

    std::unique_ptr<PrivateBus> m_bus;
    QProcessEnvironment m_environment;
    FakeUsageSource m_source;
    FakeAuthorizer m_authorizer;
    std::unique_ptr<MonitorService> m_service;
    quint32 m_flow = 0;
};

void TestNettallyctl::init()
{
    m_bus = std::make_unique<PrivateBus>();
    const QString problem = m_bus->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    m_environment = QProcessEnvironment::systemEnvironment();
    m_environment.insert(u"DBUS_SYSTEM_BUS_ADDRESS"_s, m_bus->address());
    m_environment.insert(u"LC_ALL"_s, u"C.UTF-8"_s);
    m_environment.insert(u"TERM"_s, u"xterm"_s);
    m_environment.remove(u"NO_COLOR"_s);
    std::destroy_at(&m_source);
    std::construct_at(&m_source);
    m_authorizer.setVerdict(actionOwn, Verdict::Allowed);
    m_authorizer.setVerdict(actionAll, Verdict::Allowed);
}

void TestNettallyctl::cleanup()
{
    m_service.reset();
    m_bus.reset();
}

void TestNettallyctl::startHelper()
{
    const quint32 mine = m_source.addProgram("\x1b]0;evil\x07 prog", ::getuid());
    m_flow = m_source.addFlow(mine, 1);
    m_source.addBytes(m_flow, (quint64(1) << 53) + 1, 42);
    const quint32 other = m_source.addProgram("other", 4321);
    m_source.addBytes(m_source.addFlow(other, 2), 1000, 2000);
    const quint32 theirs = m_source.addProgram("theirs", ::geteuid() == 0 ? otherUser : ::getuid());
    m_source.addBytes(m_source.addFlow(theirs, 3), 5, 0);
    m_service =
        std::make_unique<MonitorService>(m_bus->connect(), m_source, m_authorizer, MonitorService::Limits());
    const QString problem = m_service->publish();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

Outcome TestNettallyctl::run(const QStringList &arguments, As as)
{
    if (as == As::Tester) {
        return runProgram(QStringLiteral(NETTALLYCTL), arguments);
    }
    // Where the other user can reach it: a build below a home usually is closed to others.
    const QTemporaryDir directory;
    const QString program = directory.filePath(u"nettallyctl"_s);
    if (::chmod(QFile::encodeName(directory.path()).constData(), 0755) != 0
        || !QFile::copy(QStringLiteral(NETTALLYCTL), program)) {
        return {};
    }
    return runProgram(program, arguments, as);
}

Outcome TestNettallyctl::runProgram(const QString &program, const QStringList &arguments, As as)
{
    QProcess process;
    if (as == As::Other && ::geteuid() == 0) {
        process.setChildProcessModifier([] {
            if (::setgid(otherUser) != 0 || ::setuid(otherUser) != 0) {
                ::_exit(99);
            }
        });
    } else {
        killWithParent(process);
    }
    process.setProcessEnvironment(m_environment);
    process.start(program, arguments);
    // The helper lives in this process and must go on.
    if (!QTest::qWaitFor([&] { return process.state() == QProcess::NotRunning; }, 20000)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1,
            process.readAllStandardOutput(), process.readAllStandardError()};
}

void TestNettallyctl::saysThereIsNoBus()
{
    m_environment.insert(u"DBUS_SYSTEM_BUS_ADDRESS"_s, u"unix:path=/nonexistent/bus"_s);
    for (const QString &command : {u"totals"_s, u"status"_s, u"live"_s}) {
        const Outcome outcome = run({command});
        QCOMPARE(outcome.exitCode, int(Cli::Unavailable));
        QCOMPARE(outcome.output, QByteArray());
        QCOMPARE(outcome.errorLines().size(), 1);
        QVERIFY(outcome.errors.startsWith("nettallyctl: There is no system bus"));
    }
}

void TestNettallyctl::saysThereIsNoHelper()
{
    for (const QString &command : {u"totals"_s, u"status"_s, u"live"_s}) {
        const Outcome outcome = run({command});
        QCOMPARE(outcome.exitCode, int(Cli::HelperMissing));
        QCOMPARE(outcome.output, QByteArray());
        QCOMPARE(outcome.errorLines().size(), 1);
        QVERIFY(outcome.errors.contains("install nettally-helper"));
    }
}

void TestNettallyctl::refusesWrongUsage()
{
    const Outcome outcome = run({u"live"_s, u"--interval"_s, u"1"_s});
    QCOMPARE(outcome.exitCode, int(Cli::Usage));
    QCOMPARE(outcome.output, QByteArray());
    QVERIFY(outcome.errors.contains("100 to 60000"));
    const Outcome help = run({u"--help"_s});
    QCOMPARE(help.exitCode, int(Cli::Ok));
    QVERIFY(help.output.contains("Usage: nettallyctl"));
    QCOMPARE(help.errors, QByteArray());
}

void TestNettallyctl::printsTotals()
{
    startHelper();
    const Outcome json = run({u"totals"_s, u"--scope"_s, u"all"_s, u"--by"_s, u"remote"_s, u"--json"_s});
    QCOMPARE(json.exitCode, int(Cli::Ok));
    QCOMPARE(json.errors, QByteArray());
    QVERIFY2(json.output.contains("\"rxPayloadBytes\": 9007199254740993"), json.output.constData());
    QVERIFY(!json.output.contains('\x1b'));
    const QJsonObject object = QJsonDocument::fromJson(json.output).object();
    QCOMPARE(object.value(u"instance"_s).toString(), m_service->instance());
    QCOMPARE(object.value(u"scope"_s).toString(), u"all"_s);
    const QJsonArray programs = object.value(u"programs"_s).toArray();
    QCOMPARE(programs.size(), 3);
    QCOMPARE(programs.at(1).toObject().value(u"name"_s).toString(), u"other"_s);
    QCOMPARE(programs.at(1).toObject().value(u"uid"_s).toInteger(), 4321);
    QCOMPARE(programs.at(1)
                 .toObject()
                 .value(u"remotes"_s)
                 .toArray()
                 .at(0)
                 .toObject()
                 .value(u"txPayloadBytes"_s)
                 .toInteger(),
             2000);

    const Outcome text = run({u"totals"_s, u"--scope"_s, u"all"_s});
    QCOMPARE(text.exitCode, int(Cli::Ok));
    QVERIFY2(text.output.contains("]0;evil"), text.output.constData());
    QVERIFY(!text.output.contains('\x1b'));
    QVERIFY(!text.output.contains('\x07'));
    QVERIFY(text.output.contains("8.00"));
}

void TestNettallyctl::totalsNameOwnersOnly()
{
    startHelper();
    const Outcome outcome = run({u"totals"_s, u"--scope"_s, u"own"_s, u"--json"_s});
    QCOMPARE(outcome.exitCode, int(Cli::Ok));
    QVERIFY(!outcome.output.contains("\"other\""));
    const QJsonObject object = QJsonDocument::fromJson(outcome.output).object();
    QCOMPARE(object.value(u"scope"_s).toString(), u"own"_s);
    QCOMPARE(object.value(u"programs"_s).toArray().at(1).toObject().value(u"kind"_s).toString(), u"others"_s);
    QCOMPARE(object.value(u"total"_s).toObject().value(u"txPayloadBytes"_s).toInteger(), 2042);
}

void TestNettallyctl::scopeRefused()
{
    m_authorizer.setVerdict(actionAll, Verdict::Denied);
    startHelper();
    for (const QString &command : {u"totals"_s, u"live"_s}) {
        QStringList arguments = {command, u"--scope"_s, u"all"_s};
        if (command == u"live"_s) {
            arguments += {u"--count"_s, u"1"_s, u"--interval"_s, u"100"_s};
        }
        const Outcome outcome = run(arguments, As::Other);
        QCOMPARE(outcome.exitCode, int(Cli::Denied));
        QCOMPARE(outcome.errorLines().size(), 1);
        QVERIFY(outcome.errors.size() > qsizetype(qstrlen("nettallyctl: \n")));
        QVERIFY(outcome.output.contains("theirs")); // what may be seen is shown all the same
        QCOMPARE(outcome.output.contains("evil"), ::geteuid() != 0);
    }
}

void TestNettallyctl::everythingRefused()
{
    m_authorizer.setVerdict(actionOwn, Verdict::Denied);
    m_authorizer.setVerdict(actionAll, Verdict::Denied);
    startHelper();
    const Outcome outcome = run({u"totals"_s, u"--scope"_s, u"own"_s}, As::Other);
    QCOMPARE(outcome.exitCode, int(Cli::Denied));
    QCOMPARE(outcome.output, QByteArray());
    QCOMPARE(outcome.errorLines().size(), 1);
}

void TestNettallyctl::authorityMissing()
{
    m_authorizer.setVerdict(actionOwn, Verdict::Unavailable);
    m_authorizer.setVerdict(actionAll, Verdict::Unavailable);
    startHelper();
    const Outcome outcome = run({u"totals"_s, u"--scope"_s, u"own"_s}, As::Other);
    QCOMPARE(outcome.exitCode, int(Cli::Unavailable));
    QCOMPARE(outcome.output, QByteArray());
    QCOMPARE(outcome.errorLines().size(), 1);
}

void TestNettallyctl::printsStatus()
{
    startHelper();
    const Outcome json = run({u"status"_s, u"--json"_s});
    QCOMPARE(json.exitCode, int(Cli::Ok));
    const QJsonObject object = QJsonDocument::fromJson(json.output).object();
    QCOMPARE(object.value(u"schema"_s).toString(), u"nettally.status/1"_s);
    QCOMPARE(object.value(u"probes"_s).toArray().size(), m_source.probes().size());
    QCOMPARE(object.value(u"interfaces"_s).toArray().size(), m_source.interfaces().size());
    QVERIFY(object.value(u"losses"_s).toObject().contains(u"spilledRxBytes"_s));
    const Outcome text = run({u"status"_s});
    QCOMPARE(text.exitCode, int(Cli::Ok));
    QVERIFY(text.output.contains("spilledRxBytes: 0"));
}

void TestNettallyctl::printsConnections()
{
    const quint32 program = m_source.addProgram("curl", geteuid());
    m_source.addConnection(5, program, 7);
    ConnectionRecord &listener = m_source.connection(m_source.addConnection(9, program, 8));
    listener.state = 10;
    listener.direction = 2;
    listener.remote = {};
    listener.isMeasured = false;
    startHelper();

    const Outcome table = run({u"connections"_s});
    QCOMPARE(table.exitCode, int(Cli::Ok));
    QCOMPARE(table.output.count('\n'), 3);
    QVERIFY2(table.output.contains("198.18.0.7:443") && table.output.contains("Established")
                 && table.output.contains("12.3"),
             table.output.constData());

    const Outcome json = run({u"connections"_s, u"--json"_s});
    QCOMPARE(json.exitCode, int(Cli::Ok));
    const QJsonObject object = QJsonDocument::fromJson(json.output).object();
    QCOMPARE(object.value(u"schema"_s).toString(), u"nettally.connections/1"_s);
    const QJsonArray connections = object.value(u"connections"_s).toArray();
    QCOMPARE(connections.size(), 2);
    const QJsonObject first = connections[0].toObject();
    QCOMPARE(first.value(u"state"_s).toString(), u"established"_s);
    QCOMPARE(first.value(u"remote"_s).toString(), u"198.18.0.7"_s);
    QCOMPARE(first.value(u"name"_s).toString(), u"curl"_s);
    QCOMPARE(first.value(u"roundTripUs"_s).toInt(), 12345);
    QCOMPARE(first.value(u"rxPayloadBytes"_s).toInteger(), 1'000'005);
    QVERIFY(connections[1].toObject().value(u"rxPayloadBytes"_s).isNull());
    QVERIFY(connections[1].toObject().value(u"roundTripUs"_s).isNull());

    m_source.setConnectionProblem(u"This kernel is a script."_s);
    const auto refused = [this] { return run({u"connections"_s}).errors.contains("a script"); };
    QTRY_VERIFY(refused()); // the reading before is shared for a while
    m_source.setConnectionProblem({});
}

void TestNettallyctl::namesRemotesWhileSomebodyWatches()
{
    const quint32 program = m_source.addProgram("curl", geteuid());
    m_source.addConnection(5, program, 7);
    m_source.addFlow(program, 7);
    startHelper();
    MonitorClient watcher(m_bus->connect());
    QSignalSpy watched(&watcher, &MonitorClient::namesWatched);
    watcher.setNamesWanted(true);
    watcher.start({});
    QTRY_COMPARE(watched.size(), 1);
    using namespace Build;
    m_source.addAnswer(program,
                       header(1) + question(name("www.example.org"))
                           + record(pointer(questionOffset), A, 60, QByteArray("\xc6\x12\x00\x07", 4)));

    const Outcome table = run({u"connections"_s});
    QVERIFY2(table.output.contains("www.example.org:443"), table.output.constData());
    QVERIFY(!table.output.contains("198.18.0.7"));
    const Outcome numeric = run({u"connections"_s, u"--numeric"_s});
    QVERIFY2(numeric.output.contains("198.18.0.7:443") && !numeric.output.contains("www.example.org"),
             numeric.output.constData());
    const QJsonObject connections =
        QJsonDocument::fromJson(run({u"connections"_s, u"--json"_s}).output).object();
    const QJsonObject first = connections.value(u"connections"_s).toArray().at(0).toObject();
    QCOMPARE(first.value(u"remote"_s).toString(), u"198.18.0.7"_s);
    QCOMPARE(first.value(u"remoteName"_s).toString(), u"www.example.org"_s);
    QVERIFY(run({u"totals"_s, u"--by"_s, u"remote"_s}).output.contains("www.example.org"));
    QVERIFY(run({u"totals"_s, u"--by"_s, u"remote"_s, u"--numeric"_s}).output.contains("198.18.0.7"));
    QVERIFY(run({u"live"_s, u"--by"_s, u"remote"_s, u"--count"_s, u"3"_s, u"--interval"_s, u"100"_s})
                .output.contains("www.example.org"));
}

void TestNettallyctl::printsLiveLines()
{
    startHelper();
    const Outcome outcome = run({u"live"_s, u"--count"_s, u"3"_s, u"--interval"_s, u"100"_s, u"--top"_s,
                                 u"1"_s, u"--scope"_s, u"all"_s, u"--by"_s, u"remote"_s});
    QCOMPARE(outcome.exitCode, int(Cli::Ok));
    QCOMPARE(outcome.errors, QByteArray());
    QCOMPARE(outcome.output.count("PROGRAM"), 3);
    QCOMPARE(outcome.output.count("evil"), 3);
    QVERIFY(!outcome.output.contains("other "));
    QVERIFY(outcome.output.contains("198.18.0.1"));
    QVERIFY(!outcome.output.contains('\x1b'));
    const QByteArray first = outcome.output.left(outcome.output.indexOf("\n\n"));
    QVERIFY(first.contains("receiving –")); // one reading is no rate
    QVERIFY(outcome.output.mid(first.size()).contains("receiving 0"));
}

void TestNettallyctl::endsWithItsReader()
{
    startHelper();
    const Outcome outcome =
        runProgram(u"bash"_s,
                   {u"-c"_s, u"set -o pipefail; \"$0\" live --interval 100 --scope all | head -n 1"_s,
                    QStringLiteral(NETTALLYCTL)});
    QCOMPARE(outcome.exitCode, int(Cli::Ok));
    QCOMPARE(outcome.errors, QByteArray());
}

void TestNettallyctl::saysOutputIsFull()
{
    startHelper();
    const Outcome outcome = runProgram(
        u"sh"_s, {u"-c"_s, u"\"$0\" totals --scope all > /dev/full"_s, QStringLiteral(NETTALLYCTL)});
    QCOMPARE(outcome.exitCode, int(Cli::Failure));
    QVERIFY(outcome.errors.contains("cannot be written"));
}

void TestNettallyctl::livesOnATerminal()
{
    startHelper();
    Terminal terminal;
    QVERIFY(terminal.isOpen);
    const tcflag_t flags = terminal.localFlags();
    terminal.start({u"live"_s, u"--interval"_s, u"100"_s, u"--scope"_s, u"all"_s}, m_environment);
    QTRY_VERIFY(terminal.written().contains("evil"));
    QVERIFY(terminal.written().contains("\x1b[36m") && terminal.written().contains("\x1b[33m"));
    QVERIFY(terminal.localFlags() != flags);
    // ncurses writes what changed alone: a unit where no rate was known, then the digits of 1,000,042 bytes.
    QTRY_VERIFY(terminal.written().contains("B/s"));
    QVERIFY(!terminal.written().contains("977"));
    m_source.addBytes(m_flow, 0, 1000000);
    QTRY_VERIFY(terminal.written().contains("977"));
    terminal.type("p");
    QTRY_VERIFY(terminal.written().contains("PAUSED"));
    const qsizetype before = terminal.written().size();
    terminal.resize(10, 60);
    QTRY_VERIFY(terminal.written().size() > before + 60); // drawn anew
    terminal.type("p\x1b[B\x1b[Atn");
    QTRY_VERIFY(terminal.written().size() > before + 120);
    QCOMPARE(terminal.process().state(), QProcess::Running);
    terminal.type("q");
    QTRY_COMPARE(terminal.process().state(), QProcess::NotRunning);
    QCOMPARE(terminal.process().exitStatus(), QProcess::NormalExit);
    QCOMPARE(terminal.process().exitCode(), int(Cli::Ok));
    QVERIFY(terminal.written().contains(leaveFullScreen));
    QCOMPARE(terminal.localFlags(), flags);
}

void TestNettallyctl::restoresTheTerminal_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGHUP") << SIGHUP;
    QTest::newRow("the bus ends") << 0;
}

void TestNettallyctl::restoresTheTerminal()
{
    QFETCH(int, signal);
    startHelper();
    m_environment.insert(u"NO_COLOR"_s, u"1"_s);
    Terminal terminal;
    QVERIFY(terminal.isOpen);
    const tcflag_t flags = terminal.localFlags();
    terminal.start({u"live"_s, u"--interval"_s, u"100"_s, u"--scope"_s, u"all"_s}, m_environment);
    QTRY_VERIFY(terminal.written().contains("evil"));
    QVERIFY(!terminal.written().contains("\x1b[36m") && !terminal.written().contains("\x1b[33m"));
    if (signal != 0) {
        ::kill(pid_t(terminal.process().processId()), signal);
    } else {
        m_bus->stop();
    }
    QTRY_COMPARE(terminal.process().state(), QProcess::NotRunning);
    QCOMPARE(terminal.process().exitStatus(), QProcess::NormalExit);
    QCOMPARE(terminal.process().exitCode(), int(signal != 0 ? Cli::Ok : Cli::Unavailable));
    const QByteArray written = terminal.written();
    QVERIFY(written.contains(leaveFullScreen));
    QCOMPARE(written.mid(written.lastIndexOf(leaveFullScreen)).contains("no system bus"), signal == 0);
    QCOMPARE(terminal.localFlags(), flags);
}

void TestNettallyctl::printsHistory()
{
    QTemporaryDir directory;
    const QString path = directory.filePath(u"history.db"_s);
    {
        HistoryStore store(path);
        store.start();
        const qint64 minuteUtcS = QDateTime::currentSecsSinceEpoch() / 60 * 60;
        FlowMinute recent;
        recent.minuteUtcS = minuteUtcS - 600;
        recent.flow.program.name = u"re\x1b[mcent"_s;
        recent.sums.rxPayloadBytes = 3000;
        FlowMinute old = recent;
        old.minuteUtcS = minuteUtcS - 7200;
        old.flow.program.name = u"old"_s;
        store.applyBatch({{recent, old}, std::nullopt});
        store.flush();
        // While another process records, too.
        const Outcome text = run({u"history"_s, u"--last"_s, u"1h"_s, u"--database"_s, path});
        QCOMPARE(text.exitCode, int(Cli::Ok));
        QVERIFY(text.output.contains("re[mcent"));
        QVERIFY(text.output.contains("2.93"));
        QVERIFY(!text.output.contains("old"));
        QCOMPARE(store.state(), HistoryStore::State::Recording);
    }
    const Outcome json = run({u"history"_s, u"--last"_s, u"1d"_s, u"--json"_s, u"--database"_s, path});
    QCOMPARE(json.exitCode, int(Cli::Ok));
    const QJsonObject object = QJsonDocument::fromJson(json.output).object();
    QCOMPARE(object.value(u"schema"_s).toString(), u"nettally.history/1"_s);
    QCOMPARE(object.value(u"toUtcMs"_s).toInteger() - object.value(u"fromUtcMs"_s).toInteger(), 86400000);
    QCOMPARE(object.value(u"programs"_s).toArray().size(), 2);
    QCOMPARE(object.value(u"programs"_s).toArray().at(0).toObject().value(u"rxPayloadBytes"_s).toInteger(),
             3000);
}

void TestNettallyctl::movesHistory()
{
    QTemporaryDir directory;
    const QString first = directory.filePath(u"first.db"_s);
    const QString second = directory.filePath(u"second.db"_s);
    const QString file = directory.filePath(u"export.json"_s);
    const qint64 hourUtcS = QDateTime::currentSecsSinceEpoch() / 3600 * 3600 - 7200;
    {
        HistoryStore store(first);
        store.start();
        FlowMinute flow;
        flow.minuteUtcS = hourUtcS;
        flow.flow.program.name = u"curl"_s;
        flow.flow.remote = Address::fromString(u"192.0.2.1"_s);
        flow.flow.protocol = 6;
        flow.sums = {1000, 24, NetworkUsage{1100, 124, 2, 2, 0}};
        FlowMinute other = flow;
        other.flow.remote = Address::fromString(u"192.0.2.2"_s);
        other.sums.network.reset();
        store.applyBatch(
            {{flow, other, NotMeasured{hourUtcS + 60, hourUtcS + 120, NotMeasuredReason::Suspended}},
             std::nullopt});
        store.flush();
        // What changes it waits for the recorder to end.
        const Outcome refused = run({u"history"_s, u"vacuum"_s, u"--database"_s, first});
        QCOMPARE(refused.exitCode, int(Cli::Failure));
        QVERIFY(refused.errors.contains("is recording the history"));
    }
    const Outcome exported = run({u"history"_s, u"export"_s, u"--database"_s, first});
    QCOMPARE(exported.exitCode, int(Cli::Ok));
    QCOMPARE(exported.output.count('\n'), 5);
    QFile out(file);
    QVERIFY(out.open(QIODevice::WriteOnly) && out.write(exported.output) > 0);
    out.close();
    for (const QByteArray &answer : {QByteArray("3 records were added.\n"),
                                     QByteArray("This export was imported before; nothing was added.\n")}) {
        const Outcome imported = run({u"history"_s, u"import"_s, file, u"--database"_s, second});
        QCOMPARE(imported.errors, QByteArray());
        QCOMPARE(imported.output, answer);
    }
    const Outcome verified = run({u"history"_s, u"verify"_s, u"--database"_s, second});
    QCOMPARE(verified.exitCode, int(Cli::Ok));
    QCOMPARE(run({u"history"_s, u"vacuum"_s, u"--database"_s, second}).exitCode, int(Cli::Ok));

    const QString from = QDateTime::fromSecsSinceEpoch(hourUtcS).toUTC().toString(Qt::ISODate);
    const QString to = QDateTime::fromSecsSinceEpoch(hourUtcS + 180).toUTC().toString(Qt::ISODate);
    const auto ask = [&](const QStringList &more) {
        return run(QStringList{u"history"_s, u"--database"_s, second, u"--from"_s, from, u"--to"_s, to}
                   + more);
    };
    QCOMPARE(ask({u"--by"_s, u"remote"_s, u"--top"_s, u"1"_s, u"--format"_s, u"csv"_s}).output,
             "remote,manyRemotes,fromUtc,toUtc,rxPayloadBytes,txPayloadBytes,rxNetworkBytes,txNetworkBytes,"
             "rxPackets,txPackets,retransmittedSegments\n\"192.0.2.1\",false,"
                 + from.toLatin1() + ','
                 + QDateTime::fromSecsSinceEpoch(hourUtcS + 60).toUTC().toString(Qt::ISODate).toLatin1()
                 + ",1000,24,1100,124,2,2,0\n");
    const QJsonObject times =
        QJsonDocument::fromJson(ask({u"--by"_s, u"time"_s, u"--json"_s}).output).object();
    QCOMPARE(times.value(u"times"_s).toArray().size(), 3);
    QCOMPARE(times.value(u"times"_s).toArray().at(0).toObject().value(u"rxPayloadBytes"_s).toInteger(), 2000);
    QVERIFY(times.value(u"times"_s).toArray().at(0).toObject().value(u"rxNetworkBytes"_s).isNull());
    QCOMPARE(times.value(u"notMeasured"_s).toArray().size(), 1);
    const Outcome table = ask({u"--program"_s, u"curl"_s});
    QVERIFY(table.output.contains("100.0 %"));
    QVERIFY(table.output.contains("the machine slept"));
}

void TestNettallyctl::saysThereIsNoHistory()
{
    const Outcome outcome = run({u"history"_s, u"--database"_s, u"/nonexistent/history.db"_s});
    QCOMPARE(outcome.exitCode, int(Cli::Failure));
    QCOMPARE(outcome.output, QByteArray());
    QCOMPARE(outcome.errorLines().size(), 1);
    QVERIFY(outcome.errors.contains("start nettally to begin one"));
}

void TestNettallyctl::selfTestTakesRoot()
{
    startHelper();
    const Outcome outcome = run({u"selftest"_s}, As::Other);
    QCOMPARE(outcome.exitCode, int(Cli::Denied));
    QCOMPARE(outcome.output, QByteArray());
    QVERIFY2(outcome.errors.contains("sudo nettallyctl selftest"), outcome.errors.constData());
}

void TestNettallyctl::selfTestFindsWhatIsNotCounted()
{
    if (::geteuid() != 0) {
        QSKIP("The self-test makes network namespaces, which takes root.");
    }
    startHelper(); // it tells of programs, but never of those of the test
    const Outcome outcome = run({u"selftest"_s, u"--json"_s, u"--scenario"_s, u"udp"_s});
    QCOMPARE(outcome.exitCode, int(Cli::Failure));
    const QJsonObject json = QJsonDocument::fromJson(outcome.output).object();
    QVERIFY2(!json.isEmpty(), outcome.errors.constData());
    QVERIFY(!json.value(u"ownHelper"_s).toBool(true));
    QVERIFY(!json.value(u"passed"_s).toBool(true));
    QCOMPARE(json.value(u"counts"_s).toObject().value(u"off"_s).toInt(), 2);
    const QJsonObject sent = json.value(u"results"_s)
                                 .toArray()
                                 .at(0)
                                 .toObject()
                                 .value(u"planes"_s)
                                 .toArray()
                                 .at(0)
                                 .toObject()
                                 .value(u"sent"_s)
                                 .toObject();
    QCOMPARE(sent.value(u"countedBytes"_s).toInteger(), 0);
    QVERIFY(sent.value(u"expectedBytes"_s).toInteger() > 0);
    QCOMPARE(sent.value(u"offBytes"_s), sent.value(u"expectedBytes"_s));
}

QTEST_GUILESS_MAIN(TestNettallyctl)
#include "tst_nettallyctl.moc"
