// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <array>
#include <functional>

struct nlmsghdr;

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

    /// Cumulative, as the interface counts: with link headers, and one packet for what is sent in one piece.
    struct Counters {
        quint64 rxBytesTotal = 0;
        quint64 txBytesTotal = 0;
        quint64 rxPacketsTotal = 0;
        quint64 txPacketsTotal = 0;
    };
    QString readCounters(int index, Counters *counters);

private:
    /// Sends, and hands each part of the answer to @p take until that returns true or the kernel its verdict.
    QString ask(const QByteArray &message, const std::function<bool(const nlmsghdr &)> &take = {});

    int m_fd = -1;
    quint32 m_sequence = 0;
};

} // namespace Nettally
