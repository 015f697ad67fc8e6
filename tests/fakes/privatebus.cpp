// SPDX-License-Identifier: MIT
#include "privatebus.h"

#include <QFile>
#include <QRegularExpression>

#include <csignal>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally {

namespace {

constexpr char header[] = R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:tmpdir=%1</listen>
  <auth>EXTERNAL</auth>
  <!-- So that a flood of calls meets the helper's limits, not the daemon's. -->
  <limit name="max_replies_per_connection">100000</limit>
)";

constexpr char openPolicy[] = R"(  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
)";

// What dbus-daemon's own system.conf says.
constexpr char systemPolicy[] = R"(  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
)";

bool write(const QString &path, const QByteArray &content)
{
    QFile file(path);
    return file.open(QFile::WriteOnly) && file.write(content) == content.size();
}

} // namespace

void killWithParent(QProcess &process)
{
    process.setChildProcessModifier([] { prctl(PR_SET_PDEATHSIG, SIGKILL); });
}

qint64 residentKiB(qint64 pid)
{
    QFile status(QStringLiteral("/proc/%1/status").arg(pid));
    if (!status.open(QFile::ReadOnly))
        return -1;
    static const QRegularExpression line(QStringLiteral("^VmRSS:\\s+(\\d+) kB"),
                                         QRegularExpression::MultilineOption);
    const auto match = line.match(QString::fromLatin1(status.readAll()));
    return match.hasMatch() ? match.captured(1).toLongLong() : -1;
}

PrivateBus::PrivateBus(Policy policy)
    : m_policy(policy)
{
    killWithParent(m_daemon);
}

PrivateBus::~PrivateBus()
{
    stop();
}

QString PrivateBus::start()
{
    // Other users connect too; the address is only known to the test.
    ::chmod(QFile::encodeName(m_dir.path()).constData(), 0711);
    const QString config = m_dir.filePath(QStringLiteral("bus.conf"));
    QString text = QString::fromLatin1(header).arg(m_dir.path());
    switch (m_policy) {
    case Policy::Open:
        text += QLatin1String(openPolicy);
        break;
    case Policy::NoCalls:
        text += QLatin1String(systemPolicy)
            + QStringLiteral("<policy context=\"default\"><allow own=\"org.nettally.Monitor\"/></policy>");
        break;
    case Policy::Shipped: {
        QFile shipped(QStringLiteral(NETTALLY_BUS_POLICY));
        if (!shipped.open(QFile::ReadOnly))
            return shipped.errorString();
        QByteArray policy = shipped.readAll();
        if (geteuid() != 0)
            policy.replace("user=\"root\"", "user=\"" + QByteArray::number(geteuid()) + '"');
        const QString policyPath = m_dir.filePath(QStringLiteral("policy.conf"));
        if (!write(policyPath, policy))
            return QStringLiteral("cannot write %1").arg(policyPath);
        text += QLatin1String(systemPolicy) + QStringLiteral("<include>%1</include>").arg(policyPath);
        break;
    }
    }
    text += QStringLiteral("</busconfig>");
    if (!write(config, text.toUtf8()))
        return QStringLiteral("cannot write %1").arg(config);

    m_daemon.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    m_daemon.start(QStringLiteral("dbus-daemon"),
                   {QStringLiteral("--nofork"), QStringLiteral("--print-address"),
                    QStringLiteral("--config-file=") + config});
    while (!m_daemon.canReadLine()) {
        if (!m_daemon.waitForReadyRead(10000))
            return QStringLiteral("dbus-daemon: %1").arg(m_daemon.errorString());
    }
    m_address = QString::fromUtf8(m_daemon.readLine()).trimmed();
    return {};
}

void PrivateBus::stop()
{
    if (m_daemon.state() == QProcess::NotRunning)
        return;
    m_daemon.kill();
    m_daemon.waitForFinished();
}

QDBusConnection PrivateBus::connect()
{
    return connect(geteuid());
}

QDBusConnection PrivateBus::connect(uint uid)
{
    static int count = 0;
    const QString name = QStringLiteral("private-%1").arg(++count);
    const uint self = geteuid();
    // The daemon takes the user from the socket's peer credentials, which connect() fixes.
    if (uid != self && seteuid(uid) != 0)
        qFatal("cannot connect as user %u", uid);
    QDBusConnection connection = QDBusConnection::connectToBus(m_address, name);
    if (uid != self && seteuid(self) != 0)
        qFatal("cannot be user %u again", self);
    return connection;
}

} // namespace Nettally
