// SPDX-License-Identifier: MIT
#include "tuncable.h"

#include "netnssocket.h"
#include "rtnetlink.h"
#include "testplan.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" unsigned if_nametoindex(const char *name); // <net/if.h> contradicts <linux/if.h>

namespace Nettally {

namespace {

constexpr quint8 prefixBitsV4 = 24;
constexpr quint8 prefixBitsV6 = 64;
constexpr size_t longestPacket = 65536;
/// By::Udp: with the headers of IP and UDP before it, a packet fits the cable.
constexpr int tunnelMtu = 1400;
/// What is sent while the carrier waits for the processor: a device that drops it had it, but did not count
/// it.
constexpr int queuedPackets = 20000;

QString failure(const char *what)
{
    return QStringLiteral("%1: %2").arg(QLatin1String(what), QString::fromLocal8Bit(std::strerror(errno)));
}

} // namespace

TunCable::~TunCable()
{
    if (m_carrier.joinable()) {
        eventfd_write(m_end, 1);
        m_carrier.join();
    }
    for (const int fd : {m_devices[0], m_devices[1], m_sockets[0], m_sockets[1], m_end}) {
        if (fd >= 0)
            close(fd);
    }
}

QString TunCable::makeEnd(const QString &networkNamespace, int *device, const char *v4, const char *v6)
{
    QString problem = QStringLiteral("the namespace cannot be entered");
    runInNamespace(networkNamespace, [&] {
        *device = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
        ifreq request = {};
        std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
        request.ifr_flags = IFF_TUN | IFF_NO_PI;
        if (*device < 0 || ioctl(*device, TUNSETIFF, &request) != 0) {
            problem = failure("/dev/net/tun");
            return;
        }
        ifreq queue = {};
        std::strncpy(queue.ifr_name, interface, IFNAMSIZ - 1);
        queue.ifr_qlen = queuedPackets;
        const OwnedSocket any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (ioctl(any.fd(), SIOCSIFTXQLEN, &queue) != 0) {
            problem = failure("SIOCSIFTXQLEN");
            return;
        }
        ifreq mtu = {};
        std::strncpy(mtu.ifr_name, interface, IFNAMSIZ - 1);
        mtu.ifr_mtu = tunnelMtu;
        if (m_sockets[0] >= 0 && ioctl(any.fd(), SIOCSIFMTU, &mtu) != 0) {
            problem = failure("SIOCSIFMTU");
            return;
        }
        const int index = int(if_nametoindex(interface));
        RtNetlink netlink;
        problem = netlink.open();
        if (problem.isEmpty())
            problem = netlink.addAddress(index, AF_INET, v4, prefixBitsV4);
        if (problem.isEmpty())
            problem = netlink.addAddress(index, AF_INET6, v6, prefixBitsV6);
        if (problem.isEmpty())
            problem = netlink.setUp(index);
    });
    return problem;
}

QString TunCable::openSockets(const TestNetwork &network)
{
    const std::array<sockaddr_in, 2> ends = {addressV4(TestPlan::serverV4, udpPort),
                                             addressV4(TestPlan::clientV4, udpPort)};
    for (const size_t end : {0u, 1u}) {
        int &fd = m_sockets[end];
        runInNamespace(end == 0 ? network.serverPath() : network.clientPath(),
                       [&fd] { fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); });
        if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr *>(&ends[end]), sizeof ends[end]) != 0
            || connect(fd, reinterpret_cast<const sockaddr *>(&ends[1 - end]), sizeof ends[end]) != 0)
            return failure("the tunnel's socket");
    }
    return {};
}

QString TunCable::create(const TestNetwork &network, By by)
{
    QString problem;
    if (by == By::Udp)
        problem = openSockets(network);
    if (problem.isEmpty())
        problem = makeEnd(network.serverPath(), &m_devices[0], serverV4, serverV6);
    if (problem.isEmpty())
        problem = makeEnd(network.clientPath(), &m_devices[1], clientV4, clientV6);
    if (!problem.isEmpty())
        return problem;
    m_end = eventfd(0, EFD_CLOEXEC);
    m_carrier = std::thread([this] { carry(); });
    return {};
}

void TunCable::carry() const
{
    const bool isByUdp = m_sockets[0] >= 0;
    std::array<pollfd, 5> waits{{{m_end, POLLIN, 0},
                                 {m_devices[0], POLLIN, 0},
                                 {m_devices[1], POLLIN, 0},
                                 {m_sockets[0], POLLIN, 0},
                                 {m_sockets[1], POLLIN, 0}}};
    std::array<char, longestPacket> packet;
    const auto carryAll = [&packet](int from, int to) {
        ssize_t length = 0;
        while ((length = read(from, packet.data(), packet.size())) > 0) {
            // Refused when the other's queue is full: a lost packet, as on any cable.
            if (write(to, packet.data(), size_t(length)) < 0 && errno != ENOBUFS && errno != EAGAIN)
                return false;
        }
        return true;
    };
    while (poll(waits.data(), waits.size(), -1) >= 0 && !waits[0].revents) {
        for (const size_t end : {0u, 1u}) {
            if (!carryAll(m_devices[end], isByUdp ? m_sockets[end] : m_devices[1 - end]))
                return;
            if (isByUdp && !carryAll(m_sockets[end], m_devices[end]))
                return;
        }
    }
}

} // namespace Nettally
