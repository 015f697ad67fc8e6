// SPDX-License-Identifier: MIT
#include "commands.h"
#include "exitcode.h"
#include "networkplane.h"
#include "observation.h"
#include "output.h"
#include "privatehelper.h"
#include "selftest.h"
#include "selftestreport.h"
#include "signalwatcher.h"
#include "testnetwork.h"
#include "text.h"

#include <QElapsedTimer>
#include <QFileInfo>
#include <QSysInfo>
#include <QTimer>

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

namespace Nettally::Cli {

namespace {

/// In all, with what it takes to find a helper and to clean up.
constexpr int boundMs = 120'000;
constexpr int helperLimitMs = 35'000; ///< one may have to start and load its probes
constexpr int cleanUpMs = 10'000;
constexpr int auditMs = 20'000; ///< at most
constexpr int auditBeginMs = 500;

/// A program of ours, where it is installed or, in a build folder, built; empty if it is at neither place.
QString findProgram(const QString &installed, const QString &built)
{
    const QString folder = QCoreApplication::applicationDirPath() + u'/';
    for (const QString &path : {folder + installed, folder + built}) {
        if (QFileInfo(path).isExecutable()) {
            return QFileInfo(path).canonicalFilePath();
        }
    }
    return {};
}

QString helperProgram()
{
    return findProgram(QStringLiteral(NETTALLY_LIBEXEC_FROM_BIN "/nettally-helper"),
                       QStringLiteral("../../helper/nettally-helper"));
}

class SelfTestCommand : public QObject {
public:
    explicit SelfTestCommand(const Options &options);

    /// False when it has ended before it began, with exitCode().
    bool start();
    void interrupt();
    int exitCode() const { return m_exitCode; }

private:
    void observe(const QDBusConnection &bus);
    void onStateChanged();
    void startOwnHelper();
    void begin();
    void watchCable();
    void startTest();
    void startAudit();
    void onAudited(const QList<InterfaceBalance> &interfaces);
    void onCaseFinished(const CaseResult &result);
    void print(const QStringList &lines);
    void conclude();
    void fail(const QString &sentence, ExitCode code);

    Options m_options;
    QElapsedTimer m_clock;
    QString m_traffic;
    TestNetwork m_network;
    std::unique_ptr<PrivateHelper> m_helper; ///< where none was running
    std::unique_ptr<MonitorClient> m_client;
    std::unique_ptr<Observation> m_observation;
    // Of a helper in the client's namespace, whose interfaces are the cable's.
    std::unique_ptr<PrivateHelper> m_cableHelper;
    std::unique_ptr<MonitorClient> m_cableClient;
    std::unique_ptr<NetworkPlane> m_networkPlane;
    std::unique_ptr<SelfTest> m_test; ///< once both helpers answer
    std::unique_ptr<SelfTest> m_auditedTest;
    bool m_isAuditedTestOver = false;
    QTimer m_patience;
    SelfTestReport m_report;
    bool m_hasEnded = false;
    int m_exitCode = Ok;
};

SelfTestCommand::SelfTestCommand(const Options &options)
    : m_options(options)
{
    m_clock.start();
    m_report.kernel = QSysInfo::kernelVersion();
    m_patience.setSingleShot(true);
    connect(&m_patience, &QTimer::timeout, this, [this] {
        if (m_cableClient) {
            fail(Ctl::tr("The helper that watches the test's cable does not answer: run the test again."),
                 HelperMissing);
            return;
        }
        fail(m_client->problem().isEmpty() ? Ctl::tr("The helper does not answer: restart its service with "
                                                     "\"systemctl restart nettally-helper\".")
                                           : m_client->problem(),
             HelperMissing);
    });
}

void SelfTestCommand::fail(const QString &sentence, ExitCode code)
{
    if (std::exchange(m_hasEnded, true)) {
        return;
    }
    m_patience.stop();
    m_exitCode = code;
    writeError(sentence);
    QCoreApplication::exit(code);
}

bool SelfTestCommand::start()
{
    if (::geteuid() != 0) {
        fail(Ctl::tr("The self-test makes network namespaces, which only root may: run \"sudo nettallyctl "
                     "selftest\"."),
             Denied);
        return false;
    }
    m_traffic = findProgram(QStringLiteral(NETTALLY_LIBEXEC_FROM_BIN "/nettally-traffic"),
                            QStringLiteral("../selftest/nettally-traffic"));
    if (m_traffic.isEmpty()) {
        fail(Ctl::tr(
                 "The program that makes the traffic, nettally-traffic, is missing: install Nettally anew."),
             Failure);
        return false;
    }
    const QString problem = m_network.create();
    if (!problem.isEmpty()) {
        fail(problem, Failure);
        return false;
    }
    observe(QDBusConnection::systemBus());
    return true;
}

void SelfTestCommand::observe(const QDBusConnection &bus)
{
    m_observation.reset();
    m_client = std::make_unique<MonitorClient>(bus);
    m_observation = std::make_unique<Observation>(*m_client);
    connect(m_observation.get(), &Observation::updated, this, &SelfTestCommand::begin);
    // Queued, because the client may be replaced.
    connect(m_client.get(), &MonitorClient::stateChanged, this, &SelfTestCommand::onStateChanged,
            Qt::QueuedConnection);
    m_patience.start(helperLimitMs);
    m_client->start({.intervalMs = 100, .scope = Scope::All, .detail = Detail::Connection});
}

void SelfTestCommand::onStateChanged()
{
    if (m_hasEnded || m_test) {
        return;
    }
    const MonitorClient::State state = m_client->state();
    const bool isHelperMissing =
        state == MonitorClient::State::HelperMissing || state == MonitorClient::State::BusUnavailable;
    if (isHelperMissing && m_helper) {
        return; // it is on its way, or tells why not
    }
    if (isHelperMissing) {
        startOwnHelper();
    } else if (const ExitCode code = exitCodeOf(state); code != Ok) {
        fail(m_client->problem(), code);
    }
}

void SelfTestCommand::startOwnHelper()
{
    const QString program = helperProgram();
    if (program.isEmpty()) {
        fail(Ctl::tr("%1 There is no nettally-helper here to start for the test either: install it.")
                 .arg(m_client->problem()),
             HelperMissing);
        return;
    }
    m_helper = std::make_unique<PrivateHelper>();
    connect(m_helper.get(), &PrivateHelper::ended, this, [this](const QString &words) {
        fail(words.isEmpty() ? Ctl::tr("The helper started for the test died: see \"dmesg\" for why.")
                             : words,
             HelperMissing);
    });
    const QString problem = m_helper->start(program);
    if (!problem.isEmpty()) {
        fail(problem, HelperMissing);
        return;
    }
    m_report.hasOwnHelper = true;
    observe(QDBusConnection::connectToBus(m_helper->address(), QStringLiteral("nettally-selftest")));
}

void SelfTestCommand::begin()
{
    if (m_hasEnded || m_cableHelper) {
        return;
    }
    m_patience.stop();
    if (m_client->grantedScope() != Scope::All) {
        fail(m_client->scopeNote(), Denied);
        return;
    }
    watchCable();
}

/// A helper tells of its own namespace's interfaces alone.
void SelfTestCommand::watchCable()
{
    m_cableHelper = std::make_unique<PrivateHelper>(m_network.clientPath());
    connect(m_cableHelper.get(), &PrivateHelper::ended, this, [this](const QString &words) {
        fail(Ctl::tr("The helper that watches the test's cable died: %1").arg(words), HelperMissing);
    });
    const QString program = helperProgram();
    const QString problem = program.isEmpty() ? Ctl::tr("There is no nettally-helper here to watch the "
                                                        "test's cable with: install it.")
                                              : m_cableHelper->start(program);
    if (!problem.isEmpty()) {
        m_report.audit.problem = problem;
        startTest();
        return;
    }
    m_cableClient = std::make_unique<MonitorClient>(
        QDBusConnection::connectToBus(m_cableHelper->address(), QStringLiteral("nettally-selftest-cable")));
    m_networkPlane = std::make_unique<NetworkPlane>(*m_cableClient);
    connect(m_cableClient.get(), &MonitorClient::updateReceived, this, &SelfTestCommand::startTest);
    m_patience.start(helperLimitMs);
    m_cableClient->start({.intervalMs = 100, .scope = Scope::All, .detail = Detail::Program});
}

void SelfTestCommand::startTest()
{
    if (m_hasEnded || m_test) {
        return;
    }
    m_patience.stop();
    const int totalMs = boundMs - cleanUpMs - auditMs - int(m_clock.elapsed());
    m_test = std::make_unique<SelfTest>(*m_observation, m_network, m_traffic,
                                        SelfTest::Limits{.totalMs = totalMs});
    if (m_networkPlane) {
        m_test->setNetworkPlane(*m_networkPlane);
    }
    connect(m_test.get(), &SelfTest::caseFinished, this, &SelfTestCommand::onCaseFinished);
    connect(m_test.get(), &SelfTest::finished, this, &SelfTestCommand::startAudit);
    if (!m_options.json) {
        print({resultTitles()});
    }
    m_test->start(
        SelfTest::cases(m_options.scenarios.isEmpty() ? SelfTest::scenarios() : m_options.scenarios));
}

/// Traffic of many kinds once more, while every frame is watched.
void SelfTestCommand::startAudit()
{
    if (m_hasEnded) {
        return;
    }
    if (!m_cableClient) {
        conclude();
        return;
    }
    static const QStringList kinds = {QStringLiteral("tcp-small"),   QStringLiteral("tcp-connections"),
                                      QStringLiteral("udp-batches"), QStringLiteral("icmp-echo"),
                                      QStringLiteral("raw"),         QStringLiteral("packet")};
    const QStringList scenarios = m_options.scenarios.isEmpty() ? kinds : m_options.scenarios;
    qint64 tookMs = 0;
    for (const CaseResult &result : std::as_const(m_report.results)) {
        tookMs += scenarios.contains(result.scenario) ? result.tookMs : 0;
    }
    const int seconds = int(std::clamp<qint64>(2 * tookMs / 1000 + 2, 3, auditMs / 1000));
    m_auditedTest = std::make_unique<SelfTest>(*m_observation, m_network, m_traffic,
                                               SelfTest::Limits{.totalMs = seconds * 1000});
    connect(m_auditedTest.get(), &SelfTest::finished, this, [this] { m_isAuditedTestOver = true; });
    connect(m_cableClient.get(), &MonitorClient::auditReceived, this, &SelfTestCommand::onAudited);
    connect(m_cableClient.get(), &MonitorClient::auditFailed, this, [this](const QString &problem) {
        m_report.audit.problem = problem;
        conclude();
    });
    m_cableClient->requestAudit(quint32(seconds));
    // It begins with the books, which what moves meanwhile would not be in.
    QTimer::singleShot(auditBeginMs, m_auditedTest.get(),
                       [this, scenarios] { m_auditedTest->start(SelfTest::cases(scenarios)); });
}

void SelfTestCommand::onAudited(const QList<InterfaceBalance> &interfaces)
{
    CableAudit &audit = m_report.audit;
    for (const InterfaceBalance &interface : interfaces) {
        audit.sentBytes += interface.txBytes;
        audit.receivedBytes += interface.rxBytes;
        for (const BalanceLine &line : interface.lines) {
            const quint64 bytes = quint64(std::llabs(line.rxBytes) + std::llabs(line.txBytes));
            if (line.name == QLatin1String("unnamed")) {
                audit.unnamedBytes += bytes;
            } else if (line.name.startsWith(QLatin1String("unseen-"))) {
                audit.namedUnseenBytes += bytes;
            }
        }
    }
    if (!m_isAuditedTestOver) {
        audit.problem = Ctl::tr("this machine was too slow to finish the traffic in time: run it again");
    }
    conclude();
}

void SelfTestCommand::onCaseFinished(const CaseResult &result)
{
    m_report.results.append(result);
    if (!m_options.json && !m_hasEnded) {
        print(resultLines(result));
    }
}

void SelfTestCommand::print(const QStringList &lines)
{
    QString text;
    for (const QString &line : lines) {
        text += printable(line) + u'\n';
    }
    if (!writeOutput(text.toUtf8())) {
        m_hasEnded = true;
        m_exitCode = outputExitCode();
        QCoreApplication::exit(m_exitCode);
    }
}

void SelfTestCommand::conclude()
{
    if (std::exchange(m_hasEnded, true)) {
        return;
    }
    m_report.tookMs = m_clock.elapsed();
    const QByteArray text = m_options.json ? toJson(selfTestJson(m_report))
                                           : (u'\n' + selfTestSummary(m_report) + u'\n').toUtf8();
    m_exitCode = m_report.hasPassed() ? Ok : Failure;
    if (!writeOutput(text)) {
        m_exitCode = outputExitCode();
    }
    QCoreApplication::exit(m_exitCode);
}

void SelfTestCommand::interrupt()
{
    fail(Ctl::tr("The self-test was interrupted: it says nothing about this kernel; run it again."), Failure);
}

} // namespace

int runSelfTest(const Options &options)
{
    SignalWatcher signalWatcher;
    SelfTestCommand command(options);
    QObject::connect(&signalWatcher, &SignalWatcher::endAsked, &command, &SelfTestCommand::interrupt);
    if (command.start()) {
        QCoreApplication::exec();
    }
    return command.exitCode();
}

} // namespace Nettally::Cli
