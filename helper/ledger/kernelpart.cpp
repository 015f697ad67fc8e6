// SPDX-License-Identifier: MIT
#include "kernelpart.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>

#include <netinet/in.h>

namespace Nettally {

namespace {

QString translate(const char *text)
{
    return QCoreApplication::translate("KernelPart", text);
}

constexpr quint8 outgoing = 1; // NT_DIRECTION_OUTGOING

struct Service {
    quint16 port;
    quint8 protocol; ///< 0: any
    const char *client; ///< null: the kernel only serves it
    const char *server; ///< null: the kernel is only its client
};

/// What has threads that send and receive in the kernel itself.
constexpr std::array services{
    Service{2049, 0, QT_TRANSLATE_NOOP("KernelPart", "NFS client"),
            QT_TRANSLATE_NOOP("KernelPart", "NFS server")},
    Service{111, 0, QT_TRANSLATE_NOOP("KernelPart", "RPC client"), nullptr},
    Service{445, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "SMB client"),
            QT_TRANSLATE_NOOP("KernelPart", "SMB server")},
    Service{139, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "SMB client"),
            QT_TRANSLATE_NOOP("KernelPart", "SMB server")},
    Service{3300, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "Ceph client"), nullptr},
    Service{6789, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "Ceph client"), nullptr},
    Service{3260, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "iSCSI initiator"),
            QT_TRANSLATE_NOOP("KernelPart", "iSCSI target")},
    Service{4420, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "NVMe over TCP"),
            QT_TRANSLATE_NOOP("KernelPart", "NVMe over TCP, target")},
    Service{10809, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "Network block device"), nullptr},
    Service{988, IPPROTO_TCP, QT_TRANSLATE_NOOP("KernelPart", "Lustre"),
            QT_TRANSLATE_NOOP("KernelPart", "Lustre")},
    Service{7001, IPPROTO_UDP, QT_TRANSLATE_NOOP("KernelPart", "AFS client"),
            QT_TRANSLATE_NOOP("KernelPart", "AFS client")},
};

/// Ceph's daemons listen where they like in here.
constexpr quint16 cephFirst = 6800;
constexpr quint16 cephLast = 7300;

/// ICMP's types as in the row: see NT_MESSAGE.
constexpr quint16 messageBase = 256;

const char *icmpName(quint16 message)
{
    switch (message - messageBase) {
    case 0:
    case 8:
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP echo");
    case 3:
    case 4:
    case 5:
    case 11:
    case 12:
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP errors and redirects");
    }
    return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP");
}

const char *icmp6Name(quint16 message)
{
    const int type = message - messageBase;
    if (type == 128 || type == 129)
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP echo");
    if (type >= 133 && type <= 137)
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: neighbour discovery");
    if ((type >= 130 && type <= 132) || type == 143)
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: group membership");
    if (type >= 1 && type <= 4)
        return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP errors and redirects");
    return QT_TRANSLATE_NOOP("KernelPart", "Kernel: ICMP");
}

} // namespace

QString kernelPartName(const FlowRecord &record)
{
    switch (record.protocol) {
    case IPPROTO_ICMP:
        return translate(icmpName(record.servicePort));
    case IPPROTO_ICMPV6:
        return translate(icmp6Name(record.servicePort));
    case IPPROTO_IGMP:
    case IPPROTO_HOPOPTS: // listener reports carry the router alert before ICMPv6
        return translate("Kernel: group membership");
    case IPPROTO_TCP:
        return translate("Kernel: TCP resets, and sockets of no program");
    case IPPROTO_UDP:
        return translate("Kernel: UDP sockets of no program");
    }
    return translate("Kernel: IP protocol %1").arg(record.protocol);
}

QString kernelServiceName(const FlowRecord &record)
{
    const bool isClient = record.direction == outgoing;
    if (isClient && record.protocol == IPPROTO_TCP && record.servicePort >= cephFirst
        && record.servicePort <= cephLast)
        return translate("Ceph client");
    const auto service = std::find_if(services.begin(), services.end(), [&](const Service &one) {
        return one.port == record.servicePort && (one.protocol == 0 || one.protocol == record.protocol)
            && (isClient ? one.client : one.server);
    });
    if (service == services.end())
        return {};
    return translate(isClient ? service->client : service->server);
}

} // namespace Nettally
