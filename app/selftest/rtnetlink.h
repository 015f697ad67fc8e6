// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <array>

namespace Nettally {

/// A conversation with the kernel about the interfaces of one network namespace: the one that the
/// thread was in which opened it. The thread that uses it may be in another. Errors are the kernel's
/// words, empty on success.
class RtNetlink {
public:
    RtNetlink() = default;
    ~RtNetlink();
    Q_DISABLE_COPY_MOVE(RtNetlink)

    QString open();

    struct VethEnd {
        const char *name = nullptr;
        int index = 0;
        std::array<quint8, 6> mac{};
    };
    /// A virtual cable from this namespace to that of @p peerNamespaceFd.
    QString addVeth(const VethEnd &here, const VethEnd &peer, int peerNamespaceFd);
    QString setUp(int index);
    /// Usable at once, without detection of duplicates. @p family AF_INET or AF_INET6.
    QString addAddress(int index, int family, const char *address, quint8 prefixBits);

private:
    QString ask(const QByteArray &message);

    int m_fd = -1;
    quint32 m_sequence = 0;
};

} // namespace Nettally
