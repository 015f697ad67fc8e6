// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <cstdint>
#include <functional>
#include <netinet/in.h>

namespace Nettally {

/// Runs @p work in a thread that is in the network namespace at @p path; sockets made there stay there. False
/// if it cannot be entered.
bool runInNamespace(const QString &path, const std::function<void()> &work);

/// A file descriptor that is closed with the object.
class OwnedSocket {
public:
    OwnedSocket() = default;
    explicit OwnedSocket(int fd)
        : m_fd(fd)
    {
    }
    OwnedSocket(OwnedSocket &&other) noexcept
        : m_fd(std::exchange(other.m_fd, -1))
    {
    }
    OwnedSocket &operator=(OwnedSocket &&other) noexcept
    {
        std::swap(m_fd, other.m_fd);
        return *this;
    }
    ~OwnedSocket();

    int fd() const { return m_fd; }

private:
    int m_fd = -1;
};

/// Of the namespace at @p path; -1 inside if it cannot be made.
OwnedSocket makeSocket(const QString &path, int family, int type, int protocol = 0);

sockaddr_in addressV4(const char *text, quint16 port = 0);
sockaddr_in6 addressV6(const char *text, quint16 port, quint32 scope);

/// The Internet checksum of @p bytes, as it stands in a header.
quint16 internetChecksum(const void *bytes, size_t length, quint32 sum = 0);

} // namespace Nettally
