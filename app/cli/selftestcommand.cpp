// SPDX-License-Identifier: MIT
#include "commands.h"
#include "exitcode.h"
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

#include <unistd.h>

namespace Nettally::Cli {

namespace {

/// In all, with what it takes to find a helper and to clean up.
constexpr int boundMs = 120'000;
constexpr int helperLimitMs = 35'000; ///< one may have to start and load its probes
constexpr int cleanUpMs = 10'000;

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
    std::unique_ptr<SelfTest> m_test; ///< once the helper answers
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
    const QString program = findProgram(QStringLiteral(NETTALLY_LIBEXEC_FROM_BIN "/nettally-helper"),
                                        QStringLiteral("../../helper/nettally-helper"));
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
    if (m_hasEnded || m_test) {
        return;
    }
    m_patience.stop();
    if (m_client->grantedScope() != Scope::All) {
        fail(m_client->scopeNote(), Denied);
        return;
    }
    m_test =
        std::make_unique<SelfTest>(*m_observation, m_network, m_traffic,
                                   SelfTest::Limits{.totalMs = boundMs - cleanUpMs - int(m_clock.elapsed())});
    connect(m_test.get(), &SelfTest::caseFinished, this, &SelfTestCommand::onCaseFinished);
    connect(m_test.get(), &SelfTest::finished, this, &SelfTestCommand::conclude);
    if (!m_options.json) {
        print({resultTitles()});
    }
    m_test->start(
        SelfTest::cases(m_options.scenarios.isEmpty() ? SelfTest::scenarios() : m_options.scenarios));
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
