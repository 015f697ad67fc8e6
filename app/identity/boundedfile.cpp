// SPDX-License-Identifier: MIT
#include "boundedfile.h"

#include <QFile>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally {

std::optional<QByteArray> readBounded(const QString &path, qsizetype maxBytes)
{
    const int file = open(QFile::encodeName(path).constData(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return std::nullopt;
    struct stat status { };
    QByteArray bytes;
    bool isRead = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
    while (isRead && bytes.size() < maxBytes) {
        // Files of /proc have no size to go by.
        const qsizetype before = bytes.size();
        const qsizetype piece = qMin<qsizetype>(maxBytes - before, 16384);
        bytes.resize(before + piece);
        const ssize_t got = read(file, bytes.data() + before, size_t(piece));
        bytes.resize(before + qMax<qsizetype>(got, 0));
        if (got < 0 && errno == EINTR)
            continue;
        isRead = got >= 0;
        if (got <= 0)
            break;
    }
    close(file);
    return isRead ? std::optional(bytes) : std::nullopt;
}

} // namespace Nettally
