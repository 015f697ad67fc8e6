// SPDX-License-Identifier: MIT
#include "pinfolder.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace Nettally {

namespace {

QString translate(const char *text)
{
    return QCoreApplication::translate("PinFolder", text);
}

QString lastError()
{
    return QString::fromLocal8Bit(std::strerror(errno));
}

bool isBpfFileSystem(const QByteArray &path)
{
    struct statfs info = {};
    return statfs(path.constData(), &info) == 0 && info.f_type == BPF_FS_MAGIC;
}

QByteArray setPath(const QByteArray &path, int set)
{
    return path + "/links" + QByteArray::number(set);
}

void removeFiles(const QByteArray &folder)
{
    const QStringList names = QDir(QFile::decodeName(folder)).entryList(QDir::Files | QDir::System);
    for (const QString &name : names)
        unlink((folder + '/' + QFile::encodeName(name)).constData());
}

} // namespace

std::unique_ptr<PinFolder> PinFolder::open(const QString &path, QString *problem)
{
    const QByteArray folder = QFile::encodeName(path);
    const QByteArray parent = QFile::encodeName(QFileInfo(path).path());
    if (!isBpfFileSystem(parent)) {
        if (mkdir(parent.constData(), 0700) != 0 && errno != EEXIST) {
            *problem = translate("The folder %1 cannot be made: %2. Name another with --pin.")
                           .arg(QFile::decodeName(parent), lastError());
            return {};
        }
        if (mount("bpf", parent.constData(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") != 0) {
            *problem = translate("No BPF file system is mounted at %1, and none can be: %2. Mount one "
                                 "(mount -t bpf bpf %1), or start without --pin.")
                           .arg(QFile::decodeName(parent), lastError());
            return {};
        }
    }
    if (mkdir(folder.constData(), 0700) != 0 && errno != EEXIST) {
        *problem =
            translate("The folder %1 cannot be made: %2. Run the helper as root.").arg(path, lastError());
        return {};
    }
    struct stat status = {};
    const int lock = ::open(folder.constData(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    // What lies there is taken for our own: then it must be root's, and nobody else's to write.
    if (lock < 0 || fstat(lock, &status) != 0 || status.st_uid != 0 || (status.st_mode & 022) != 0
        || !isBpfFileSystem(folder)) {
        *problem =
            translate("%1 is not a folder of root's alone on a BPF file system. Remove it, or name another "
                      "with --pin.")
                .arg(path);
        if (lock >= 0)
            close(lock);
        return {};
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        *problem = translate("Another helper counts under %1: there is one at a time. Stop it first "
                             "(systemctl stop nettally-helper).")
                       .arg(path);
        close(lock);
        return {};
    }
    for (const int set : {1, 2})
        mkdir(setPath(folder, set).constData(), 0700);
    return std::unique_ptr<PinFolder>(new PinFolder(folder, lock));
}

PinFolder::~PinFolder()
{
    close(m_lock);
}

int PinFolder::map(const char *name) const
{
    return bpf_obj_get((m_path + '/' + name).constData());
}

bool PinFolder::pinMap(int fd, const char *name) const
{
    return bpf_obj_pin(fd, (m_path + '/' + name).constData()) == 0;
}

void PinFolder::removeMap(const char *name) const
{
    unlink((m_path + '/' + name).constData());
}

bool PinFolder::hasLink(int set, const char *name) const
{
    return access(linkPath(set, name).constData(), F_OK) == 0;
}

bool PinFolder::pinLink(bpf_link *link, int set, const char *name) const
{
    return bpf_link__pin(link, linkPath(set, name).constData()) == 0;
}

int PinFolder::program(int set, const char *name) const
{
    const int link = bpf_obj_get(linkPath(set, name).constData());
    bpf_link_info info = {};
    __u32 size = sizeof info;
    const int program = link >= 0 && bpf_obj_get_info_by_fd(link, &info, &size) == 0
        ? bpf_prog_get_fd_by_id(info.prog_id)
        : -1;
    if (link >= 0)
        close(link);
    return program;
}

QByteArray PinFolder::linkPath(int set, const char *name) const
{
    return setPath(m_path, set) + '/' + name;
}

void PinFolder::removeSet(int set) const
{
    removeFiles(setPath(m_path, set));
}

void PinFolder::removeAll() const
{
    for (const int set : {1, 2}) {
        removeSet(set);
        rmdir(setPath(m_path, set).constData());
    }
    removeFiles(m_path);
    rmdir(m_path.constData());
}

} // namespace Nettally
