// SPDX-License-Identifier: MIT
#include "privatehelper.h"

#include <QFile>
#include <QStandardPaths>

#include <csignal>
#include <sys/prctl.h>

namespace Nettally {

namespace {

constexpr int startLimitMs = 10000;
constexpr int stopLimitMs = 5000;

// Who gets into the folder of the socket is root.
constexpr char configuration[] =
    R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=%1/bus</listen>
  <auth>EXTERNAL</auth>
  <policy user="root">
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow send_type="signal"/>
  </policy>
</busconfig>
)";

void stop(QProcess &process)
{
    if (process.state() == QProcess::NotRunning)
        return;
    process.terminate();
    if (!process.waitForFinished(stopLimitMs)) {
        process.kill();
        process.waitForFinished();
    }
}

} // namespace

PrivateHelper::PrivateHelper(QObject *parent)
    : QObject(parent)
{
    // Not to be left behind should this process be killed.
    for (QProcess *process : {&m_daemon, &m_helper})
        process->setChildProcessModifier([] { prctl(PR_SET_PDEATHSIG, SIGTERM); });
    const auto tell = [this] {
        Q_EMIT ended(QString::fromLocal8Bit(m_helper.readAllStandardError()).simplified());
    };
    connect(&m_helper, &QProcess::finished, this, tell);
}

PrivateHelper::~PrivateHelper()
{
    m_helper.disconnect(this);
    stop(m_helper);
    stop(m_daemon);
}

QString PrivateHelper::start(const QString &helperProgram)
{
    const QString daemon = QStandardPaths::findExecutable(QStringLiteral("dbus-daemon"));
    if (daemon.isEmpty())
        return tr(
            "There is no system bus with a helper, and no dbus-daemon to start one: install dbus-daemon, "
            "or start the helper's service.");
    QFile file(m_dir.filePath(QStringLiteral("bus.conf")));
    const QByteArray text = QString::fromLatin1(configuration).arg(m_dir.path()).toUtf8();
    if (!m_dir.isValid() || !file.open(QFile::WriteOnly) || file.write(text) != text.size() || !file.flush())
        return tr("%1 cannot be written (%2): make room there, or set TMPDIR.")
            .arg(file.fileName(), file.errorString());

    m_daemon.start(daemon,
                   {QStringLiteral("--nofork"), QStringLiteral("--nopidfile"),
                    QStringLiteral("--print-address"), QStringLiteral("--config-file=") + file.fileName()});
    while (!m_daemon.canReadLine()) {
        if (!m_daemon.waitForReadyRead(startLimitMs))
            return tr("dbus-daemon did not start (%1): start the system bus and the helper's service "
                      "instead.")
                .arg(QString::fromLocal8Bit(m_daemon.readAllStandardError()).simplified());
    }
    m_address = QString::fromUtf8(m_daemon.readLine()).trimmed();

    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("DBUS_SYSTEM_BUS_ADDRESS"), m_address);
    m_helper.setProcessEnvironment(environment);
    m_helper.start(helperProgram, QStringList());
    if (!m_helper.waitForStarted())
        return tr("%1 cannot be started (%2): install Nettally's helper.")
            .arg(helperProgram, m_helper.errorString());
    return {};
}

} // namespace Nettally
