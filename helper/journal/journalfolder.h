// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include <limits>
#include <sys/types.h>

namespace Nettally {

/**
 * The folder of a journal, held open: its files are reached by its descriptor whatever becomes of the path,
 * and of the right to walk it. Mode 0700, files 0600, all of one owner. Errors are those of errno.
 *
 * Everything but open() may be used from any thread.
 */
class JournalFolder {
public:
    JournalFolder() = default;
    ~JournalFolder();
    JournalFolder(JournalFolder &&other) noexcept;
    JournalFolder &operator=(JournalFolder &&other) noexcept;

    /// Makes the folder where there is none, for @p owner. An empty string, or in one sentence why it cannot
    /// be used.
    QString open(const QString &path, uid_t owner, gid_t group);
    bool isOpen() const { return m_fd >= 0; }
    const QString &path() const { return m_path; }

    QStringList names() const;
    /// A descriptor to be closed by the caller, or -1.
    int openFile(const QString &name, int flags) const;
    /// The file's first bytes, at most @p most; none where it cannot be read.
    QByteArray read(const QString &name, qint64 most = std::numeric_limits<qint64>::max()) const;
    /// Keeps other processes out for as long as this object lives. False and errno.
    bool lock();
    bool remove(const QString &name) const;
    bool rename(const QString &from, const QString &to) const;
    /// Of the names in it.
    bool sync() const;

private:
    int m_fd = -1;
    int m_lockFd = -1;
    QString m_path;
};

/// Writes all of @p bytes at @p offset; false and errno where it could not.
bool writeAt(int fd, const QByteArray &bytes, qint64 offset);

} // namespace Nettally
