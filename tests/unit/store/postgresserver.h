// SPDX-License-Identifier: MIT
#pragma once

#include <QProcess>
#include <QTemporaryDir>

/// A PostgreSQL server of one's own, on a socket in a folder that goes with it. Run by root it becomes the
/// user "postgres", since the server refuses to be root.
class PostgresServer {
public:
    enum class Stop { Orderly, Crash };

    PostgresServer() = default;
    ~PostgresServer();
    Q_DISABLE_COPY_MOVE(PostgresServer)

    /// Makes the cluster at the first call. Why it does not run; empty when it does.
    QString start();
    bool stop(Stop how);
    /// Of the database "postgres" for a machine of that name.
    QString url(const QString &machine) const;

private:
    QString run(const QString &program, const QStringList &arguments);
    void prepare(QProcess &process) const;

    QTemporaryDir m_directory{QStringLiteral("/tmp/nettally-pg-XXXXXX")}; // a socket's path must be short
    QString m_programs;
    QProcess m_server;
};
