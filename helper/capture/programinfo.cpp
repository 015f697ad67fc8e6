// SPDX-License-Identifier: MIT
#include "programinfo.h"

#include <QByteArray>

#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace Nettally::ProgramInfo {

quint64 skippedRuns(int fd)
{
    if (fd < 0)
        return 0;
    // Read from the process's own files: bpf() refuses to tell an ordinary account before Linux 5.19.
    const QByteArray path = "/proc/self/fdinfo/" + QByteArray::number(fd);
    const int file = open(path.constData(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    char text[1024];
    const ssize_t length = ::read(file, text, sizeof text - 1);
    close(file);
    text[qMax<ssize_t>(length, 0)] = 0;
    constexpr char name[] = "recursion_misses:";
    const char *line = std::strstr(text, name);
    return line ? std::strtoull(line + sizeof name - 1, nullptr, 10) : 0;
}

} // namespace Nettally::ProgramInfo
