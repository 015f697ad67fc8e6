// SPDX-License-Identifier: MIT
#include "privatehelper.h"

#include "childprocess.h"

#include <QStandardPaths>
#include <QTemporaryFile>

namespace Nettally {

namespace {

constexpr int startLimitMs = 10000;
constexpr int stopLimitMs = 5000;

// Without rules for others the daemon admits its own user alone.
constexpr char configuration[] =
    R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=%1/bus</listen>
  <auth>EXTERNAL</auth>
  <policy user="root">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
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

PrivateHelper::PrivateHelper(const QString &networkNamespace, QObject *parent)
    : QObject(parent)
    , m_networkNamespace(networkNamespace)
{
    tieToParent(m_daemon);
    // This one outgrows the tie when it leaves root, but it does not outlive its bus.
    tieToParent(m_helper, m_networkNamespace);
    connect(&m_helper, &QProcess::finished, this,
            [this] { Q_EMIT ended(QString::fromLocal8Bit(m_helper.readAllStandardError()).simplified()); });
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
    QTemporaryFile file;
    const QByteArray text = QString::fromLatin1(configuration).arg(m_folder.path()).toUtf8();
    if (!m_folder.isValid() || !file.open() || file.write(text) != text.size() || !file.flush())
        return tr("%1 cannot be written (%2): make room there, or set TMPDIR.")
            .arg(file.fileTemplate(), file.errorString());

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
