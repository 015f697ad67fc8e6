// SPDX-License-Identifier: MIT
#include "journalfolder.h"

#include <QCoreApplication>
#include <QFile>

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace Nettally {

namespace {

QString sentence(const char *text, const QString &path)
{
    return QCoreApplication::translate("JournalFolder", text)
        .arg(path, QString::fromLocal8Bit(std::strerror(errno)));
}

} // namespace

JournalFolder::~JournalFolder()
{
    for (const int fd : {m_fd, m_lockFd}) {
        if (fd >= 0)
            close(fd);
    }
}

JournalFolder::JournalFolder(JournalFolder &&other) noexcept
    : m_fd(std::exchange(other.m_fd, -1))
    , m_lockFd(std::exchange(other.m_lockFd, -1))
    , m_path(std::move(other.m_path))
{
}

JournalFolder &JournalFolder::operator=(JournalFolder &&other) noexcept
{
    std::swap(m_fd, other.m_fd);
    std::swap(m_lockFd, other.m_lockFd);
    std::swap(m_path, other.m_path);
    return *this;
}

QString JournalFolder::open(const QString &path, uid_t owner, gid_t group)
{
    m_path = path;
    const QByteArray name = QFile::encodeName(path);
    const bool isNew = mkdir(name.constData(), 0700) == 0;
    if (!isNew && errno != EEXIST)
        return sentence("The folder %1 of the journal cannot be made: %2. Make it, or name another with "
                        "--journal.",
                        path);
    // O_PATH takes no right to read it, which root without its capabilities may not have.
    m_fd = ::open(name.constData(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status { };
    if (m_fd < 0 || fstat(m_fd, &status))
        return sentence("The folder %1 of the journal cannot be opened: %2. Name another with --journal.",
                        path);
    if (isNew && status.st_uid != owner) {
        if (fchownat(m_fd, "", owner, group, AT_EMPTY_PATH)) {
            const int error = errno;
            rmdir(name.constData());
            errno = error;
            return sentence(
                "The folder %1 of the journal cannot be given to the helper's account: %2. Make it "
                "beforehand, mode 0700, owned by that account.",
                path);
        }
    } else if (status.st_uid != owner || (status.st_mode & 077) != 0) {
        return QCoreApplication::translate(
                   "JournalFolder",
                   "The folder %1 of the journal is not the helper's account's alone: "
                   "make that account (uid %2) its owner and its mode 0700.")
            .arg(path)
            .arg(owner);
    }
    return {};
}

QStringList JournalFolder::names() const
{
    QStringList names;
    const int fd = openat(m_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : nullptr;
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return names;
    }
    while (const dirent *entry = readdir(folder))
        names.append(QFile::decodeName(entry->d_name));
    closedir(folder);
    names.sort();
    return names;
}

int JournalFolder::openFile(const QString &name, int flags) const
{
    return openat(m_fd, QFile::encodeName(name).constData(), flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

bool JournalFolder::lock()
{
    m_lockFd = openat(m_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return m_lockFd >= 0 && flock(m_lockFd, LOCK_EX | LOCK_NB) == 0;
}

QByteArray JournalFolder::read(const QString &name, qint64 most) const
{
    const int fd = openFile(name, O_RDONLY);
    if (fd < 0)
        return {};
    struct stat status { };
    QByteArray bytes;
    if (fstat(fd, &status) == 0)
        bytes.resize(std::min<qint64>(status.st_size, most));
    qsizetype length = 0;
    while (length < bytes.size()) {
        const ssize_t part = pread(fd, bytes.data() + length, size_t(bytes.size() - length), length);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            break;
        length += part;
    }
    close(fd);
    bytes.truncate(length);
    return bytes;
}

bool JournalFolder::remove(const QString &name) const
{
    return unlinkat(m_fd, QFile::encodeName(name).constData(), 0) == 0;
}

bool JournalFolder::rename(const QString &from, const QString &to) const
{
    return renameat(m_fd, QFile::encodeName(from).constData(), m_fd, QFile::encodeName(to).constData()) == 0;
}

bool JournalFolder::sync() const
{
    const int fd = openat(m_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool isSynced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return isSynced;
}

bool writeAt(int fd, const QByteArray &bytes, qint64 offset)
{
    qsizetype written = 0;
    while (written < bytes.size()) {
        const ssize_t part =
            pwrite(fd, bytes.constData() + written, size_t(bytes.size() - written), offset + written);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0) {
            if (part == 0)
                errno = ENOSPC;
            return false;
        }
        written += part;
    }
    return true;
}

} // namespace Nettally
