// SPDX-License-Identifier: MIT
#include "linkcounters.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace Nettally {

namespace {

// The kernel fills dump messages up to 32 KiB when the receive buffer is that large (af_netlink.c).
constexpr size_t bufferSize = 32768;

QString parseKind(const rtattr *linkInfo)
{
    auto length = static_cast<int>(RTA_PAYLOAD(linkInfo));
    for (const auto *attribute = static_cast<const rtattr *>(RTA_DATA(linkInfo)); RTA_OK(attribute, length);
         attribute = RTA_NEXT(attribute, length)) {
        if (attribute->rta_type == IFLA_INFO_KIND) {
            const auto *kind = static_cast<const char *>(RTA_DATA(attribute));
            return QString::fromLatin1(kind, qsizetype(strnlen(kind, RTA_PAYLOAD(attribute))));
        }
    }
    return {};
}

InterfaceCounters parseLink(const nlmsghdr *header)
{
    InterfaceCounters counters;
    const auto *link = static_cast<const ifinfomsg *>(NLMSG_DATA(header));
    counters.index = static_cast<quint32>(link->ifi_index);
    counters.isLoopback = link->ifi_flags & IFF_LOOPBACK;
    counters.isUp = link->ifi_flags & IFF_UP;
    // The loopback device counts from the IP header on, ethernet devices from their own.
    counters.linkHeaderBytes = link->ifi_type == ARPHRD_ETHER ? ETHER_HDR_LEN : 0;

    bool isLowerElsewhere = false;
    const auto indexIn = [](const rtattr *attribute) {
        quint32 index = 0;
        std::memcpy(&index, RTA_DATA(attribute), qMin<size_t>(RTA_PAYLOAD(attribute), sizeof index));
        return index;
    };
    auto length = static_cast<int>(IFLA_PAYLOAD(header));
    for (const rtattr *attribute = IFLA_RTA(link); RTA_OK(attribute, length);
         attribute = RTA_NEXT(attribute, length)) {
        const size_t size = RTA_PAYLOAD(attribute);
        if (attribute->rta_type == IFLA_IFNAME) {
            const auto *name = static_cast<const char *>(RTA_DATA(attribute));
            counters.name = QString::fromUtf8(name, qsizetype(strnlen(name, size)));
        } else if (attribute->rta_type == IFLA_LINKINFO) {
            counters.kind = parseKind(attribute);
        } else if (attribute->rta_type == IFLA_LINK) {
            counters.lowerIndex = indexIn(attribute);
        } else if (attribute->rta_type == IFLA_LINK_NETNSID) {
            isLowerElsewhere = true;
        } else if (attribute->rta_type == IFLA_MASTER) {
            counters.masterIndex = indexIn(attribute);
        } else if (attribute->rta_type == IFLA_STATS64) {
            // Not aligned for 64 bits in the message, and longer or shorter on other kernels.
            rtnl_link_stats64 statistics = {};
            std::memcpy(&statistics, RTA_DATA(attribute), qMin(size, sizeof statistics));
            counters.rxBytes = statistics.rx_bytes;
            counters.txBytes = statistics.tx_bytes;
            counters.rxPackets = statistics.rx_packets;
            counters.txPackets = statistics.tx_packets;
        }
    }
    // An interface of a kind by itself names itself.
    if (isLowerElsewhere || counters.lowerIndex == counters.index)
        counters.lowerIndex = 0;
    return counters;
}

} // namespace

namespace {

/// Empty when the dump failed, or what it is of changed meanwhile.
QList<InterfaceCounters> dumpInterfaces()
{
    QList<InterfaceCounters> found;
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd < 0)
        return found;
    // The kernel answers from memory at once; the limit is for the case that it does not answer.
    const timeval limit = {.tv_sec = 1, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

    struct {
        nlmsghdr header;
        ifinfomsg link;
    } request = {};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request.header.nlmsg_seq = 1;
    request.link.ifi_family = AF_UNSPEC;

    bool more = send(fd, &request, sizeof request, 0) == ssize_t(sizeof request);
    bool isWhole = false;
    bool isConsistent = true;
    alignas(nlmsghdr) std::array<char, bufferSize> buffer;
    while (more) {
        const ssize_t received = recv(fd, buffer.data(), buffer.size(), 0);
        if (received < 0 && errno == EINTR)
            continue;
        if (received <= 0)
            break;
        auto length = static_cast<int>(received);
        for (const auto *header = reinterpret_cast<const nlmsghdr *>(buffer.data()); NLMSG_OK(header, length);
             header = NLMSG_NEXT(header, length)) {
            isConsistent = isConsistent && !(header->nlmsg_flags & NLM_F_DUMP_INTR);
            if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) {
                isWhole = header->nlmsg_type == NLMSG_DONE;
                more = false;
                break;
            }
            if (header->nlmsg_type == RTM_NEWLINK && header->nlmsg_len >= NLMSG_LENGTH(sizeof(ifinfomsg)))
                found.append(parseLink(header));
        }
    }
    close(fd);
    // Part of the interfaces would read as if the others had gone.
    return isWhole && isConsistent ? found : QList<InterfaceCounters>();
}

} // namespace

QList<InterfaceCounters> readInterfaceCounters()
{
    QList<InterfaceCounters> found;
    // Interfaces may come and go while they are told: then the kernel may have left one out.
    for (int attempt = 0; attempt < 3 && found.isEmpty(); ++attempt)
        found = dumpInterfaces();
    return found;
}

} // namespace Nettally
