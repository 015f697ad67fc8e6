// SPDX-License-Identifier: MIT
#pragma once

#include "application.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

namespace Nettally {

/// What /proc tells a user of a process that still runs.
struct ProcessFacts {
    QString cgroupPath; ///< empty: not known
    QList<QByteArray> arguments; ///< the first is its own name; empty: none, or not known; as untrusted as it
    QString workingFolder; ///< of one's own processes; empty: not known
};

/// Reads /proc, a bounded part of each file. May be used from one thread at a time.
class ProcessFolder {
public:
    /// @p path in place of /proc.
    explicit ProcessFolder(const QString &path = QStringLiteral("/proc"))
        : m_path(path)
    {
    }

    /// Nothing where the process has ended: the start tells it from a later one of the same number.
    std::optional<ProcessFacts> read(const Program &program) const;
    /// @p isForeign: the path of its executable is not ours to look at, as of one in a container.
    ExecutableState stateOf(const Program &program, bool isForeign) const;
    /// Inode number of our own namespace of process numbers; 0: not known.
    quint32 ownPidNamespace() const;

private:
    QString folderOf(const Program &program) const;
    bool isAlive(const Program &program) const;

    const QString m_path;
};

} // namespace Nettally
