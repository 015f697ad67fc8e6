// SPDX-License-Identifier: MIT
#include "testbed.h"

#include <QCoreApplication>
#include <QTest>

#include <ctime>

namespace Nettally {

namespace {

QString ip(const QStringList &arguments)
{
    QString problem;
    runToEnd(QStringLiteral("ip"), arguments, &problem, 10000);
    return problem;
}

quint64 bootTimeNs()
{
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return quint64(now.tv_sec) * 1'000'000'000 + quint64(now.tv_nsec);
}

} // namespace

QByteArray runToEnd(const QString &program, const QStringList &arguments, QString *problem, int timeoutMs)
{
    QProcess process;
    killWithParent(process);
    process.start(program, arguments);
    problem->clear();
    if (!process.waitForFinished(timeoutMs) || process.exitStatus() != QProcess::NormalExit
        || process.exitCode() != 0) {
        *problem = QStringLiteral("%1 %2: %3 %4")
                       .arg(program, arguments.join(u' '), process.errorString(),
                            QString::fromLocal8Bit(process.readAllStandardError()));
        process.kill();
        process.waitForFinished();
    }
    return process.readAllStandardOutput();
}

QString NamespacePair::create()
{
    const QString pid = QString::number(QCoreApplication::applicationPid());
    m_server = QStringLiteral("nettally-s-") + pid;
    m_client = QStringLiteral("nettally-c-") + pid;
    const QStringList commands = {
        QStringLiteral("netns add %1").arg(m_server),
        QStringLiteral("netns add %1").arg(m_client),
        QStringLiteral("link add s0 netns %1 type veth peer name c0 netns %2").arg(m_server, m_client),
        QStringLiteral("-n %1 address add %2/24 dev s0").arg(m_server, QLatin1String(serverV4)),
        QStringLiteral("-n %1 address add %2/24 dev c0").arg(m_client, QLatin1String(clientV4)),
        // nodad: usable at once.
        QStringLiteral("-n %1 address add %2/64 dev s0 nodad").arg(m_server, QLatin1String(serverV6)),
        QStringLiteral("-n %1 address add %2/64 dev c0 nodad").arg(m_client, QLatin1String(clientV6)),
        QStringLiteral("-n %1 link set lo up").arg(m_server),
        QStringLiteral("-n %1 link set lo up").arg(m_client),
        QStringLiteral("-n %1 link set s0 up").arg(m_server),
        QStringLiteral("-n %1 link set c0 up").arg(m_client),
    };
    for (const QString &command : commands) {
        QString problem = ip(command.split(u' '));
        if (!problem.isEmpty())
            return problem;
    }
    return {};
}

NamespacePair::~NamespacePair()
{
    for (const QString &name : {m_server, m_client}) {
        if (!name.isEmpty())
            ip({QStringLiteral("netns"), QStringLiteral("delete"), name});
    }
}

LiveHelper::LiveHelper(const QStringList &helperArguments)
    : m_arguments(helperArguments)
{
}

LiveHelper::~LiveHelper()
{
    m_client.reset();
    if (m_helper.state() != QProcess::NotRunning) {
        m_helper.terminate();
        if (!m_helper.waitForFinished(10000)) {
            m_helper.kill();
            m_helper.waitForFinished();
        }
    }
    m_bus.stop();
}

QString LiveHelper::start(const QString &helperPath)
{
    QString problem = m_bus.start();
    if (!problem.isEmpty())
        return problem;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("DBUS_SYSTEM_BUS_ADDRESS"), m_bus.address());
    m_helper.setProcessEnvironment(environment);
    m_helper.setProcessChannelMode(QProcess::ForwardedChannels);
    killWithParent(m_helper);
    m_helper.start(helperPath, m_arguments);
    if (!m_helper.waitForStarted())
        return m_helper.errorString();

    m_client = std::make_unique<MonitorClient>(m_bus.connect());
    QObject::connect(m_client.get(), &MonitorClient::updateReceived, m_client.get(),
                     [this](const UsageUpdate &update) { take(update); });
    m_client->start(
        {.intervalMs = 100, .scope = Scope::All, .detail = Detail::Connection, .interactive = false});
    if (!QTest::qWaitFor([this] { return m_readNs > 0 || m_helper.state() == QProcess::NotRunning; }, 20000)
        || m_helper.state() == QProcess::NotRunning)
        return QStringLiteral("the helper does not answer: %1").arg(m_client->problem());
    return {};
}

void LiveHelper::take(const UsageUpdate &update)
{
    for (const Program &program : update.programs)
        m_programs.insert(program.id, program);
    for (const Remote &remote : update.remotes)
        m_remotes.insert(remote.id, remote);
    for (const Flow &flow : update.flows)
        m_flows.insert(flow.id, flow);
    for (const quint32 id : update.endedProgramIds)
        m_ended.insert(id);
    m_readNs = update.timeNs;
}

bool LiveHelper::settle()
{
    const quint64 now = bootTimeNs();
    return QTest::qWaitFor([&] { return m_readNs > now; }, 10000);
}

} // namespace Nettally
