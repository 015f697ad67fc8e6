// SPDX-License-Identifier: MIT
#include "iteratorfile.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace Nettally {

namespace {

/// By which a descriptor is named where only a path is taken.
QByteArray pathOf(int descriptor)
{
    return "/proc/self/fd/" + QByteArray::number(descriptor);
}

/// A BPF file system of our own that is mounted nowhere, else the machine's; -1 with errno set. A service
/// manager may refuse us the former, but then it has mounted the latter.
int openBpfFileSystem()
{
    // By number: glibc has these functions since 2.36.
    int directory = -1;
    const int context = int(syscall(SYS_fsopen, "bpf", FSOPEN_CLOEXEC));
    if (context >= 0) {
        if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0)
            directory = int(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0));
        close(context);
    }
    return directory >= 0 ? directory : open("/sys/fs/bpf", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

QString failure(const char *what)
{
    return QStringLiteral("%1: %2").arg(QLatin1String(what), QString::fromLocal8Bit(std::strerror(errno)));
}

} // namespace

IteratorFile::~IteratorFile()
{
    if (m_file >= 0)
        close(m_file);
}

QString IteratorFile::open(const QByteArray &path)
{
    m_file = ::open(path.constData(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return m_file >= 0 ? makeReadable() : failure("open");
}

QString IteratorFile::makeReadable() const
{
    // The account the helper becomes is another's than the file's.
    return chmod(pathOf(m_file).constData(), S_IRUSR | S_IRGRP | S_IROTH) == 0 ? QString() : failure("chmod");
}

QString IteratorFile::openUnnamed(const bpf_link *iterator)
{
    const int directory = openBpfFileSystem();
    if (directory < 0)
        return failure("bpffs");
    const QByteArray path = pathOf(directory) + "/nettally-" + QByteArray::number(getpid());
    QString problem;
    if (bpf_obj_pin(bpf_link__fd(iterator), path.constData()) != 0) {
        problem = failure("BPF_OBJ_PIN");
    } else {
        m_file = ::open(path.constData(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (m_file < 0)
            problem = failure("open");
        unlink(path.constData());
        // Only now that nobody else can find it: it tells of everybody's connections.
        if (m_file >= 0)
            problem = makeReadable();
    }
    close(directory);
    return problem;
}

int IteratorFile::read() const
{
    if (m_file < 0) {
        errno = ENOTSUP;
        return -1;
    }
    return ::open(pathOf(m_file).constData(), O_RDONLY | O_CLOEXEC);
}

} // namespace Nettally
