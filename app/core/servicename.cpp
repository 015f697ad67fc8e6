// SPDX-License-Identifier: MIT
#include "servicename.h"

#include <QHash>

#include <array>
#include <cstdio>
#include <memory>
#include <netinet/in.h>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

/// By port and protocol. From the file itself: getservbyport() asks what the administrator configured, which
/// may be a server.
QHash<quint32, QString> readServices()
{
    QHash<quint32, QString> services;
    const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen("/etc/services", "re"), &std::fclose);
    if (!file)
        return services;
    std::array<char, 4096> buffer{};
    while (std::fgets(buffer.data(), int(buffer.size()), file.get())) {
        const QString line = QString::fromLatin1(buffer.data()).section(u'#', 0, 0).simplified();
        const QString name = line.section(u' ', 0, 0);
        const QString where = line.section(u' ', 1, 1);
        const quint16 port = where.section(u'/', 0, 0).toUShort();
        const QString protocol = where.section(u'/', 1, 1);
        const int number = protocol == u"tcp" ? IPPROTO_TCP
            : protocol == u"udp"              ? IPPROTO_UDP
            : protocol == u"sctp"             ? IPPROTO_SCTP
                                              : 0;
        const quint32 key = quint32(port) << 8 | quint32(number);
        if (port != 0 && number != 0 && !services.contains(key))
            services.insert(key, name);
    }
    return services;
}

} // namespace

QString serviceName(quint16 port, quint8 protocol)
{
    static const QHash<quint32, QString> services = readServices();
    return services.value(quint32(port) << 8 | protocol);
}

QString serviceText(quint16 port, quint8 protocol)
{
    if (port == 0)
        return {};
    const QString name = serviceName(port, protocol);
    return name.isEmpty() ? QString::number(port) : u"%1 (%2)"_s.arg(name).arg(port);
}

} // namespace Nettally
