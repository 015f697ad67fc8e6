// SPDX-License-Identifier: MIT
#include "testbed.h"

#include "trafficrun.h"

#include <QTest>

namespace Nettally {

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

LiveHelper::LiveHelper(const QStringList &helperArguments)
    : m_arguments(helperArguments)
{
}

LiveHelper::~LiveHelper()
{
    m_observation.reset();
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

QString LiveHelper::run()
{
    if (m_networkNamespace.isEmpty()) {
        m_helper.start(m_helperPath, m_arguments);
    } else {
        m_helper.start(QStringLiteral("nsenter"),
                       QStringList{QStringLiteral("--net=") + m_networkNamespace, m_helperPath}
                           + m_arguments);
    }
    return m_helper.waitForStarted() ? QString() : m_helper.errorString();
}

QString LiveHelper::killAndStartAgain(const QString &helperPath)
{
    if (!helperPath.isEmpty())
        m_helperPath = helperPath;
    m_helper.kill();
    if (!m_helper.waitForFinished(10000))
        return QStringLiteral("the helper does not die");
    return run();
}

QString LiveHelper::start(const QString &helperPath, const QString &networkNamespace)
{
    QString problem = m_bus.start();
    if (!problem.isEmpty())
        return problem;
    m_helperPath = helperPath;
    m_networkNamespace = networkNamespace;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("DBUS_SYSTEM_BUS_ADDRESS"), m_bus.address());
    m_helper.setProcessEnvironment(environment);
    m_helper.setProcessChannelMode(QProcess::ForwardedChannels);
    killWithParent(m_helper);
    problem = run();
    if (!problem.isEmpty())
        return problem;

    m_client = std::make_unique<MonitorClient>(m_bus.connect());
    m_observation = std::make_unique<Observation>(*m_client);
    m_client->start(
        {.intervalMs = 100, .scope = Scope::All, .detail = Detail::Connection, .interactive = false});
    if (!QTest::qWaitFor(
            [this] { return m_observation->readNs() > 0 || m_helper.state() == QProcess::NotRunning; }, 60000)
        || m_helper.state() == QProcess::NotRunning)
        return QStringLiteral("the helper does not answer: %1").arg(m_client->problem());
    return {};
}

bool LiveHelper::settle()
{
    const quint64 now = bootTimeNs();
    return QTest::qWaitFor([&] { return m_observation->readNs() > now; }, 10000);
}

} // namespace Nettally
