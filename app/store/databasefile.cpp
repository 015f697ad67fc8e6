// SPDX-License-Identifier: MIT
#include "databasefile.h"

#include "historystore.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QStorageInfo>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally {

DatabaseFile::DatabaseFile(const QString &path)
    : m_path(path)
    , m_lock(path + QStringLiteral(".lock"))
{
    // A recorder may sit for weeks: only a dead process makes its lock stale, never its age.
    m_lock.setStaleLockTime(0);
}

/// The folder is needed for the lock already, the file makes "full" and "read-only" tell themselves apart.
DatabaseResult DatabaseFile::create() const
{
    // An existing folder or file keeps its mode.
    const QString directory = QFileInfo(m_path).absolutePath();
    if (!QFileInfo::exists(directory)) {
        const QString parent = QFileInfo(directory).absolutePath();
        if (!QDir().mkpath(parent)
            || !QDir().mkdir(directory, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner)) {
            return {isDiskFull() ? DatabaseError::DiskFull : DatabaseError::ReadOnly,
                    HistoryStore::tr("the folder %1 cannot be made").arg(directory)};
        }
    }
    const int file =
        ::open(QFile::encodeName(m_path).constData(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) {
        ::close(file);
    } else if (errno == ENOSPC || errno == EDQUOT) {
        return {DatabaseError::DiskFull, qt_error_string(errno)};
    } else if (errno != EEXIST) {
        return {DatabaseError::ReadOnly, qt_error_string(errno)};
    }
    return {};
}

DatabaseResult DatabaseFile::takeLock()
{
    if (m_lock.isLocked() || m_lock.tryLock(0)) {
        return {};
    }
    if (m_lock.error() != QLockFile::LockFailedError) {
        return {isDiskFull() ? DatabaseError::DiskFull : DatabaseError::ReadOnly,
                HistoryStore::tr("no lock file can be made beside it")};
    }
    qint64 pid = 0;
    QString host;
    QString program;
    m_lock.getLockInfo(&pid, &host, &program);
    return {DatabaseError::Taken,
            HistoryStore::tr("%1, process %2")
                .arg(program.isEmpty() ? HistoryStore::tr("unknown") : program)
                .arg(pid)};
}

bool DatabaseFile::isDiskFull() const
{
    const QStorageInfo storage(QFileInfo(m_path).absolutePath());
    // SQLite's shared memory file alone grows by 32 KiB.
    return storage.isValid() && storage.bytesAvailable() < 65536;
}

bool DatabaseFile::isOnReadOnlyDisk() const
{
    return QStorageInfo(QFileInfo(m_path).absolutePath()).isReadOnly();
}

void DatabaseFile::noteOpened()
{
    struct stat status = {};
    if (::stat(QFile::encodeName(m_path).constData(), &status) == 0) {
        m_device = status.st_dev;
        m_inode = status.st_ino;
    }
}

bool DatabaseFile::isInPlace() const
{
    struct stat status = {};
    return ::stat(QFile::encodeName(m_path).constData(), &status) == 0 && status.st_dev == m_device
        && status.st_ino == m_inode;
}

QString DatabaseFile::setAside() const
{
    const QString stem = m_path + QStringLiteral(".broken-")
        + QDateTime::currentDateTimeUtc().toString(QStringLiteral("yyyyMMdd'T'HHmmss'Z'"));
    QString target = stem;
    for (int next = 2; QFileInfo::exists(target); ++next) {
        target = stem + QStringLiteral("-%1").arg(next);
    }
    // The log first: a new database must never find the old one's log beside it.
    for (const QString &suffix : {QStringLiteral("-wal"), QStringLiteral("-shm"), QString()}) {
        if (QFileInfo::exists(m_path + suffix) && !QFile::rename(m_path + suffix, target + suffix)) {
            return {};
        }
    }
    return target;
}

} // namespace Nettally
