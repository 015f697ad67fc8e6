// SPDX-License-Identifier: MIT
#pragma once

#include "applicationfinder.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <ctime>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally::Test {

/// A machine's files as far as identities are found in them, in a temporary folder: /proc, control groups,
/// desktop entries and programs.
class MachineTree {
public:
    MachineTree()
    {
        for (const char *folder : {"proc/self/ns", "cgroup", "applications", "usr/bin"})
            QVERIFY(QDir(m_root).mkpath(QString::fromLatin1(folder)));
        QVERIFY(QFile::link(QStringLiteral("pid:[4026531836]"), path(QStringLiteral("proc/self/ns/pid"))));
    }

    QString path(const QString &below) const { return m_root + u'/' + below; }

    ApplicationFinder::Places places() const
    {
        ApplicationFinder::Places places;
        places.proc = path(QStringLiteral("proc"));
        places.cgroupMount = path(QStringLiteral("cgroup"));
        places.desktop.folders = {path(QStringLiteral("applications"))};
        places.desktop.programFolders = {path(QStringLiteral("usr/bin"))};
        places.desktop.languages = {QStringLiteral("de_DE"), QStringLiteral("de")};
        places.containers = {{path(QStringLiteral("podman.json"))},
                             path(QStringLiteral("docker")),
                             path(QStringLiteral("pods"))};
        return places;
    }

    void write(const QString &below, const QByteArray &bytes) const
    {
        const QString whole = path(below);
        QVERIFY(QDir().mkpath(whole.section(u'/', 0, -2)));
        QFile file(whole);
        QVERIFY2(file.open(QIODevice::WriteOnly), qPrintable(whole));
        QCOMPARE(file.write(bytes), bytes.size());
    }

    /// An executable file; its path.
    QString install(const QString &below) const
    {
        if (!QFile::exists(path(below)))
            write(below, "#!");
        QFile::setPermissions(path(below), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path(below);
    }

    /// A folder of control groups; its id.
    quint64 makeGroup(const QString &group) const
    {
        QDir().mkpath(path(QStringLiteral("cgroup")) + group);
        struct stat status { };
        stat(QFile::encodeName(path(QStringLiteral("cgroup")) + group).constData(), &status);
        return status.st_ino;
    }

    /// A program that runs since now.
    Program program(const QString &executable)
    {
        Program program;
        program.id = program.pid = ++m_lastPid;
        program.startNs = bootTimeNs();
        program.executable = executable;
        program.name = executable.section(u'/', -1);
        program.uid = 1000;
        program.pidNs = 4026531836;
        return program;
    }

    /// Its folder in /proc.
    void run(const Program &program, const QByteArrayList &arguments, const QString &group) const
    {
        const QString folder = QStringLiteral("proc/%1/").arg(program.pid);
        const auto ticks = program.startNs / (1'000'000'000 / quint64(sysconf(_SC_CLK_TCK)));
        // A name that looks like what follows it.
        write(folder + QStringLiteral("stat"),
              QByteArray::number(program.pid) + " (a) S 7 (b)) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 "
                  + QByteArray::number(ticks) + " 1 1 18446744073709551615 0 0\n");
        write(folder + QStringLiteral("cgroup"), "12:cpu:/elsewhere\n0::" + QFile::encodeName(group) + '\n');
        QByteArray line;
        for (const QByteArray &argument : arguments)
            line += argument + '\0';
        write(folder + QStringLiteral("cmdline"), line);
    }

    static quint64 bootTimeNs()
    {
        timespec now{};
        clock_gettime(CLOCK_BOOTTIME, &now);
        return quint64(now.tv_sec) * 1'000'000'000 + quint64(now.tv_nsec);
    }

private:
    QTemporaryDir m_folder;
    QString m_root = QFileInfo(m_folder.path()).canonicalFilePath();
    quint32 m_lastPid = 1000;
};

} // namespace Nettally::Test
