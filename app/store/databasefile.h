// SPDX-License-Identifier: MIT
#pragma once

#include "sqlconnection.h"

#include <QLockFile>

#include <sys/types.h>

namespace Nettally {

/// The file of an SQLite database, as the file system sees it: made, locked, told from another, set aside.
class DatabaseFile {
public:
    explicit DatabaseFile(const QString &path);

    const QString &path() const { return m_path; }
    /// Makes folder and file for their owner alone; what exists keeps its mode.
    DatabaseResult create() const;
    /// Makes this process the one that writes; kept until it ends.
    DatabaseResult takeLock();
    bool isDiskFull() const;
    bool isOnReadOnlyDisk() const;

    /// Remembers which file was opened.
    void noteOpened();
    /// Whether the path still names that file.
    bool isInPlace() const;

    /// The file becomes "<path>.broken-<UTC time>", its write-ahead log goes with it; empty: it cannot.
    QString setAside() const;

private:
    const QString m_path;
    QLockFile m_lock;
    dev_t m_device = 0;
    ino_t m_inode = 0;
};

} // namespace Nettally
