// SPDX-License-Identifier: MIT
#include "rtnetlink.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace Nettally {

namespace {

constexpr int replyBytes = 8192;

QString errorText(int number)
{
    return QString::fromLocal8Bit(std::strerror(number));
}

/// A netlink message under construction.
class Message {
public:
    template <typename Header>
    Message(quint16 type, quint16 flags, const Header &header)
    {
        nlmsghdr head = {};
        head.nlmsg_type = type;
        head.nlmsg_flags = quint16(NLM_F_REQUEST | flags);
        append(head);
        append(header);
    }

    template <typename Value>
    void append(const Value &value)
    {
        m_bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
        pad();
    }

    void attribute(quint16 type, const void *value, size_t size)
    {
        const qsizetype start = beginNested(type);
        m_bytes.append(static_cast<const char *>(value), qsizetype(size));
        end(start);
    }
    void attribute(quint16 type, const char *text) { attribute(type, text, std::strlen(text) + 1); }

    /// What follows is within the attribute until end().
    qsizetype beginNested(quint16 type)
    {
        const qsizetype start = m_bytes.size();
        const rtattr header = {.rta_len = 0, .rta_type = type};
        append(header);
        return start;
    }
    void end(qsizetype start)
    {
        const auto length = quint16(m_bytes.size() - start);
        std::memcpy(m_bytes.data() + start + offsetof(rtattr, rta_len), &length, sizeof length);
        pad();
    }

    QByteArray bytes() const { return m_bytes; }

private:
    void pad() { m_bytes.append(QByteArray(qsizetype(NLMSG_ALIGN(m_bytes.size())) - m_bytes.size(), '\0')); }

    QByteArray m_bytes;
};

ifinfomsg linkHeader(int index)
{
    ifinfomsg header = {};
    header.ifi_family = AF_UNSPEC;
    header.ifi_index = index;
    return header;
}

} // namespace

RtNetlink::~RtNetlink()
{
    if (m_fd >= 0)
        ::close(m_fd);
}

QString RtNetlink::open()
{
    m_fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    return m_fd < 0 ? errorText(errno) : QString();
}

QString RtNetlink::ask(const QByteArray &message, const std::function<bool(const nlmsghdr &)> &take)
{
    QByteArray request = message;
    auto *head = reinterpret_cast<nlmsghdr *>(request.data());
    head->nlmsg_len = quint32(request.size());
    head->nlmsg_seq = ++m_sequence;
    if (::send(m_fd, request.constData(), size_t(request.size()), 0) < 0)
        return errorText(errno);
    alignas(nlmsghdr) char reply[replyBytes];
    for (;;) {
        const ssize_t size = ::recv(m_fd, reply, sizeof reply, 0);
        if (size < 0)
            return errorText(errno);
        auto left = quint32(size);
        for (auto *part = reinterpret_cast<nlmsghdr *>(reply); NLMSG_OK(part, left);
             part = NLMSG_NEXT(part, left)) {
            if (part->nlmsg_seq != m_sequence)
                continue;
            if (take && take(*part))
                return {};
            if (part->nlmsg_type != NLMSG_ERROR)
                continue;
            const int result = static_cast<nlmsgerr *>(NLMSG_DATA(part))->error;
            return result == 0 ? QString() : errorText(-result);
        }
    }
}

QString RtNetlink::addVeth(const VethEnd &here, const VethEnd &peer, int peerNamespaceFd)
{
    Message message(RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, linkHeader(here.index));
    message.attribute(IFLA_IFNAME, here.name);
    message.attribute(IFLA_ADDRESS, here.mac.data(), here.mac.size());
    const qsizetype info = message.beginNested(IFLA_LINKINFO);
    message.attribute(IFLA_INFO_KIND, "veth");
    const qsizetype data = message.beginNested(IFLA_INFO_DATA);
    const qsizetype other = message.beginNested(VETH_INFO_PEER);
    message.append(linkHeader(peer.index));
    message.attribute(IFLA_IFNAME, peer.name);
    message.attribute(IFLA_ADDRESS, peer.mac.data(), peer.mac.size());
    message.attribute(IFLA_NET_NS_FD, &peerNamespaceFd, sizeof peerNamespaceFd);
    message.end(other);
    message.end(data);
    message.end(info);
    return ask(message.bytes());
}

QString RtNetlink::setUp(int index)
{
    ifinfomsg header = linkHeader(index);
    header.ifi_flags = IFF_UP;
    header.ifi_change = IFF_UP;
    return ask(Message(RTM_NEWLINK, NLM_F_ACK, header).bytes());
}

QString RtNetlink::addAddress(int index, int family, const char *address, quint8 prefixBits)
{
    in6_addr bytes = {};
    if (::inet_pton(family, address, &bytes) != 1)
        return errorText(EINVAL);
    const size_t size = family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
    ifaddrmsg header = {};
    header.ifa_family = quint8(family);
    header.ifa_prefixlen = prefixBits;
    header.ifa_flags = IFA_F_NODAD;
    header.ifa_index = quint32(index);
    Message message(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header);
    message.attribute(IFA_LOCAL, &bytes, size);
    message.attribute(IFA_ADDRESS, &bytes, size);
    return ask(message.bytes());
}

QString RtNetlink::readCounters(int index, Counters *counters)
{
    return ask(Message(RTM_GETLINK, 0, linkHeader(index)).bytes(), [counters](const nlmsghdr &part) {
        if (part.nlmsg_type != RTM_NEWLINK)
            return false;
        const auto *link = static_cast<const ifinfomsg *>(NLMSG_DATA(&part));
        auto left = int(IFLA_PAYLOAD(&part));
        for (const rtattr *attribute = IFLA_RTA(link); RTA_OK(attribute, left);
             attribute = RTA_NEXT(attribute, left)) {
            if (attribute->rta_type != IFLA_STATS64)
                continue;
            rtnl_link_stats64 statistics = {};
            std::memcpy(&statistics, RTA_DATA(attribute),
                        std::min(sizeof statistics, RTA_PAYLOAD(attribute)));
            *counters = {statistics.rx_bytes, statistics.tx_bytes, statistics.rx_packets,
                         statistics.tx_packets};
        }
        return true;
    });
}

} // namespace Nettally
