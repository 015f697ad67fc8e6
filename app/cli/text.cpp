// SPDX-License-Identifier: MIT
#include "text.h"

#include <QJsonValue>

#include <algorithm>

#include <wchar.h>

namespace Nettally::Cli {

namespace {

int widthOf(char32_t character)
{
    return std::max(0, ::wcwidth(wchar_t(character)));
}

} // namespace

int displayWidth(const QString &text)
{
    int width = 0;
    const QList<uint> characters = text.toUcs4();
    for (const uint character : characters) {
        width += widthOf(character);
    }
    return width;
}

QString elided(const QString &text, int width)
{
    if (displayWidth(text) <= width) {
        return text;
    }
    QString result;
    int used = 1; // the ellipsis
    const QList<uint> characters = text.toUcs4();
    for (const char32_t character : characters) {
        used += widthOf(character);
        if (used > width) {
            break;
        }
        result += QString::fromUcs4(&character, 1);
    }
    return width > 0 ? result + u'…' : QString();
}

QString programLabel(const Program &program)
{
    switch (program.kind) {
    case ProgramKind::Others:
        return Ctl::tr("(programs of other users)");
    case ProgramKind::Overflow:
        return Ctl::tr("(more than the kernel's table holds)");
    case ProgramKind::Kernel:
        return program.name.isEmpty() ? Ctl::tr("(the kernel itself)")
                                      : QStringLiteral("(%1)").arg(printable(program.name));
    case ProgramKind::KernelThread:
        return QStringLiteral("[%1]").arg(printable(program.name));
    case ProgramKind::Program:
        break;
    }
    const QString name = printable(program.name);
    return name.isEmpty() ? Ctl::tr("(no name)") : name;
}

QString directionName(Direction direction)
{
    switch (direction) {
    case Direction::Outgoing:
        return QStringLiteral("outgoing");
    case Direction::Incoming:
        return QStringLiteral("incoming");
    case Direction::Link:
        return QStringLiteral("link");
    case Direction::Unknown:
        break;
    }
    return QStringLiteral("unknown");
}

QString balanceLineName(const QString &name)
{
    static const QHash<QString, QString> names = {
        {QStringLiteral("programs"), Ctl::tr("programs")},
        {QStringLiteral("pending"), Ctl::tr("accepted, not used yet")},
        {QStringLiteral("spilled"), Ctl::tr("beyond the kernel's table")},
        {QStringLiteral("frames"), Ctl::tr("whole frames, by packet sockets")},
        {QStringLiteral("kernel-icmp"), Ctl::tr("kernel: ICMP, neighbour discovery")},
        {QStringLiteral("kernel-tcp"), Ctl::tr("kernel: TCP resets and closes")},
        {QStringLiteral("kernel-multicast"), Ctl::tr("kernel: group membership")},
        {QStringLiteral("kernel-other"), Ctl::tr("kernel: other")},
        {QStringLiteral("link-headers"), Ctl::tr("link headers")},
        {QStringLiteral("segment-headers"), Ctl::tr("headers of segments")},
        {QStringLiteral("unseen-arp"), Ctl::tr("ARP")},
        {QStringLiteral("unseen-neighbour-discovery"), Ctl::tr("IPv6 neighbour discovery")},
        {QStringLiteral("unseen-groups"), Ctl::tr("group membership")},
        {QStringLiteral("unseen-icmp"), Ctl::tr("ICMP, handled by the kernel")},
        {QStringLiteral("unseen-tcp-open"), Ctl::tr("TCP to closed ports")},
        {QStringLiteral("unseen-tcp-reset"), Ctl::tr("TCP resets")},
        {QStringLiteral("unseen-tcp-close"), Ctl::tr("TCP closes without a socket (TIME_WAIT)")},
        {QStringLiteral("unseen-tcp-data"), Ctl::tr("TCP data for no socket here")},
        {QStringLiteral("unseen-udp"), Ctl::tr("UDP for no socket here")},
        {QStringLiteral("unseen-multicast"), Ctl::tr("multicast and broadcast nobody listens to")},
        {QStringLiteral("unseen-other-ip"), Ctl::tr("other IP protocols")},
        {QStringLiteral("unseen-fragments"), Ctl::tr("fragments: their headers, and data for no socket")},
        {QStringLiteral("unseen-forwarded"), Ctl::tr("forwarded for others")},
        {QStringLiteral("unseen-not-ours"), Ctl::tr("addressed to other machines")},
        {QStringLiteral("unseen-packet-sockets"), Ctl::tr("frames of unbound packet sockets")},
        {QStringLiteral("unseen-other-link"), Ctl::tr("neither IP nor ARP")},
        {QStringLiteral("unnamed"), Ctl::tr("under way at begin or end")},
        {QStringLiteral("unseen"), Ctl::tr("not seen (\"nettallyctl audit\" names it)")},
    };
    // A newer helper may name more.
    return names.value(name, printable(name));
}

QJsonValue remoteNameJson(NameBook &names, quint32 programId, const Address &remote)
{
    const QString name = names.nameOf(programId, remote).text;
    return name.isEmpty() ? QJsonValue() : QJsonValue(name);
}

} // namespace Nettally::Cli
