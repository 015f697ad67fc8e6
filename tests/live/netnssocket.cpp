// SPDX-License-Identifier: MIT
#include "netnssocket.h"

#include <QFile>

#include <arpa/inet.h>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace Nettally {

bool runInNamespace(const QString &path, const std::function<void()> &work)
{
    bool isInside = false;
    std::thread([&] {
        const int fd = open(QFile::encodeName(path).constData(), O_RDONLY | O_CLOEXEC);
        isInside = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
        if (fd >= 0)
            close(fd);
        if (isInside)
            work();
    }).join();
    return isInside;
}

OwnedSocket::~OwnedSocket()
{
    if (m_fd >= 0)
        close(m_fd);
}

OwnedSocket makeSocket(const QString &path, int family, int type, int protocol)
{
    int fd = -1;
    runInNamespace(path, [&] { fd = socket(family, type | SOCK_CLOEXEC, protocol); });
    return OwnedSocket(fd);
}

sockaddr_in addressV4(const char *text, quint16 port)
{
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

sockaddr_in6 addressV6(const char *text, quint16 port, quint32 scope)
{
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_scope_id = scope;
    inet_pton(AF_INET6, text, &address.sin6_addr);
    return address;
}

quint16 internetChecksum(const void *bytes, size_t length, quint32 sum)
{
    const auto *at = static_cast<const quint8 *>(bytes);
    for (size_t i = 0; i < length; ++i)
        sum += i % 2 == 0 ? quint32(at[i]) << 8 : at[i];
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons(quint16(~sum));
}

} // namespace Nettally
