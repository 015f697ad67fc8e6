// SPDX-License-Identifier: MIT
#include "tuncable.h"

#include "netnssocket.h"
#include "rtnetlink.h"

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
    for (const int fd : {m_devices[0], m_devices[1], m_end}) {
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

QString TunCable::create(const TestNetwork &network)
{
    QString problem = makeEnd(network.serverPath(), &m_devices[0], serverV4, serverV6);
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
    std::array<pollfd, 3> waits{{{m_devices[0], POLLIN, 0}, {m_devices[1], POLLIN, 0}, {m_end, POLLIN, 0}}};
    std::array<char, longestPacket> packet;
    while (poll(waits.data(), waits.size(), -1) >= 0 && !waits[2].revents) {
        for (const size_t from : {0u, 1u}) {
            ssize_t length = 0;
            while ((length = read(m_devices[from], packet.data(), packet.size())) > 0) {
                // Refused when the other's queue is full: a lost packet, as on any cable.
                if (write(m_devices[1 - from], packet.data(), size_t(length)) < 0 && errno != ENOBUFS)
                    return;
            }
        }
    }
}

} // namespace Nettally
