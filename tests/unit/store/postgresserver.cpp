// SPDX-License-Identifier: MIT
#include "postgresserver.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFile>
#include <QTest>

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

namespace {

constexpr int startTimeoutMs = 60000; // thirty times what initdb takes on an idle machine

} // namespace

PostgresServer::~PostgresServer()
{
    stop(Stop::Crash);
}

void PostgresServer::prepare(QProcess &process) const
{
    if (::geteuid() != 0) {
        return;
    }
    const passwd *const account = ::getpwnam("postgres");
    if (!account) {
        return;
    }
    process.setChildProcessModifier([uid = account->pw_uid, gid = account->pw_gid] {
        if (::setgid(gid) != 0 || ::setuid(uid) != 0) {
            ::_exit(127);
        }
    });
}

QString PostgresServer::run(const QString &program, const QStringList &arguments)
{
    QProcess process;
    prepare(process);
    process.setProcessChannelMode(QProcess::MergedChannels);
    process.setWorkingDirectory(m_directory.path());
    process.start(m_programs + program, arguments);
    if (!process.waitForFinished(startTimeoutMs) || process.exitCode() != 0) {
        return program + QStringLiteral(": ") + process.errorString()
            + QString::fromLocal8Bit(process.readAll());
    }
    return QString();
}

QString PostgresServer::start()
{
    if (m_programs.isEmpty()) {
        const QDir versions(QStringLiteral("/usr/lib/postgresql"));
        const QStringList names =
            versions.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name | QDir::Reversed);
        if (names.isEmpty()) {
            return QStringLiteral("PostgreSQL is missing: packaging/install-dependencies test");
        }
        m_programs = versions.filePath(names.constFirst()) + QStringLiteral("/bin/");
        const passwd *const account = ::getpwnam("postgres");
        if (::geteuid() == 0
            && (!account
                || ::chown(QFile::encodeName(m_directory.path()).constData(), account->pw_uid,
                           account->pw_gid)
                    != 0)) {
            return QStringLiteral("the user \"postgres\" is missing");
        }
        const QString problem = run(QStringLiteral("initdb"),
                                    {QStringLiteral("--pgdata"), m_directory.filePath(QStringLiteral("data")),
                                     QStringLiteral("--username=nettally"), QStringLiteral("--auth=trust"),
                                     QStringLiteral("--no-sync"), QStringLiteral("--encoding=UTF8"),
                                     QStringLiteral("--locale=C")});
        if (!problem.isEmpty()) {
            return problem;
        }
    }
    prepare(m_server);
    m_server.setProcessChannelMode(QProcess::MergedChannels);
    m_server.setStandardOutputFile(m_directory.filePath(QStringLiteral("log")));
    m_server.setWorkingDirectory(m_directory.path());
    m_server.start(m_programs + QStringLiteral("postgres"),
                   {QStringLiteral("-D"), m_directory.filePath(QStringLiteral("data")), QStringLiteral("-k"),
                    m_directory.path(), QStringLiteral("-c"), QStringLiteral("listen_addresses=")});
    if (!m_server.waitForStarted()) {
        return m_server.errorString();
    }
    QDeadlineTimer deadline(startTimeoutMs);
    QString problem;
    do {
        problem = run(QStringLiteral("pg_isready"), {QStringLiteral("-h"), m_directory.path()});
        if (problem.isEmpty()) {
            return QString();
        }
        QTest::qWait(20);
    } while (!deadline.hasExpired() && m_server.state() == QProcess::Running);
    return problem;
}

bool PostgresServer::stop(Stop how)
{
    if (m_server.state() == QProcess::NotRunning) {
        return true;
    }
    // Both end every connection; a crash leaves recovery to the next start.
    ::kill(pid_t(m_server.processId()), how == Stop::Crash ? SIGQUIT : SIGINT);
    return m_server.waitForFinished(startTimeoutMs);
}

QString PostgresServer::url(const QString &machine) const
{
    return QStringLiteral("postgresql://nettally:secret@/postgres?host=%1&machine=%2")
        .arg(m_directory.path(), machine);
}
