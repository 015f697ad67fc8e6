// SPDX-License-Identifier: MIT
#include "cgroupplace.h"

#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr auto scopeEnd = ".scope"_L1;
constexpr auto serviceEnd = ".service"_L1;
constexpr auto sliceEnd = ".slice"_L1;

bool isContainerId(const QString &text)
{
    static const QRegularExpression id(u"^[0-9a-f]{64}$"_s);
    return id.match(text).hasMatch();
}

/// "docker-ID.scope" and its like.
void takeContainer(const QString &part, const QString &parent, CgroupPlace &place)
{
    static const QRegularExpression scope(
        u"^(docker|libpod|libpod-payload|crio|cri-containerd|containerd|nerdctl|cri-o)-([0-9a-f]{64})(?:\\.scope)?$"_s);
    static const QRegularExpression lxc(u"^lxc\\.payload[.](.+)$"_s);
    static const QRegularExpression nspawn(u"^systemd-nspawn@(.+)\\.service$"_s);
    static const QRegularExpression machine(u"^machine-(.+)\\.scope$"_s);
    const auto take = [&place](const QString &runtime, const QString &id, const QString &name) {
        place.containerRuntime = runtime;
        place.containerId = id;
        place.containerName = name;
    };
    const QString kubernetes = u"Kubernetes"_s;
    if (const auto match = scope.match(part); match.hasMatch()) {
        const QString maker = match.captured(1);
        const QString runtime = !place.podUid.isEmpty()                  ? kubernetes
            : maker == "docker"_L1                                       ? u"Docker"_s
            : maker.startsWith("libpod"_L1)                              ? u"Podman"_s
            : maker.startsWith("cri"_L1) && maker != "cri-containerd"_L1 ? u"CRI-O"_s
                                                                         : u"containerd"_s;
        take(runtime, match.captured(2), {});
    } else if (isContainerId(part)) {
        if (!place.podUid.isEmpty())
            take(kubernetes, part, {});
        else if (parent == "docker"_L1)
            take(u"Docker"_s, part, {});
    } else if (const auto lxcMatch = lxc.match(part); lxcMatch.hasMatch()) {
        take(u"LXC"_s, {}, lxcMatch.captured(1));
    } else if (parent == "lxc"_L1) {
        take(u"LXC"_s, {}, part);
    } else if (const auto nspawnMatch = nspawn.match(part); nspawnMatch.hasMatch()) {
        take(u"systemd-nspawn"_s, {}, unescapeUnit(nspawnMatch.captured(1)));
    } else if (const auto machineMatch = machine.match(part);
               machineMatch.hasMatch() && parent == "machine.slice"_L1) {
        // Machines are virtual ones as well: libvirt's are not containers.
        const QString name = unescapeUnit(machineMatch.captured(1));
        if (!name.startsWith("qemu-"_L1))
            take(u"systemd-machined"_s, {}, name);
    }
}

/// A pod's folder: its UID has dashes, which systemd's names cannot have.
void takePod(const QString &part, CgroupPlace &place)
{
    static const QRegularExpression pod(
        u"^(?:.*-)?pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\\.slice)?$"_s);
    if (const auto match = pod.match(part); match.hasMatch())
        place.podUid = match.captured(1).replace(u'_', u'-');
}

/// "app[-LAUNCHER]-ID-RANDOM.scope", "app[-LAUNCHER]-ID[@RANDOM].service", as systemd asks desktops to name
/// them: dashes within a part are escaped, but some desktops forget.
void takeAppUnit(const QString &unit, CgroupPlace &place)
{
    if (!unit.startsWith("app-"_L1))
        return;
    const bool isScope = unit.endsWith(scopeEnd);
    QString name = unit.chopped(isScope ? scopeEnd.size() : serviceEnd.size()).mid(4);
    if (!isScope)
        name = name.section(u'@', 0, 0);
    QStringList parts = name.split(u'-');
    if (isScope && parts.size() > 1)
        parts.removeLast();
    if (parts.join(QString()).isEmpty())
        return;
    if (parts.first() == "flatpak"_L1 && parts.size() == 2) {
        place.flatpakId = unescapeUnit(parts.last());
        return;
    }
    const QString whole = unescapeUnit(parts.join(u'-'));
    if (parts.size() > 1)
        place.desktopIds.append(unescapeUnit(parts.mid(1).join(u'-')));
    place.desktopIds.append(whole);
    place.isAppUnit = true;
}

/// "snap.NAME.APP.UUID.scope", "snap.NAME.APP-UUID.scope", "snap.NAME.APP.service", "snap.NAME.hook.NAME.…".
void takeSnap(const QString &unit, CgroupPlace &place)
{
    static const QRegularExpression snap(
        u"^snap\\.([a-z0-9][a-z0-9_-]*)\\.([A-Za-z0-9-]+?)(?:[.-][0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?\\.(?:scope|service)$"_s);
    static const QRegularExpression hook(u"^snap\\.([a-z0-9][a-z0-9_-]*)\\.hook\\."_s);
    if (const auto match = hook.match(unit); match.hasMatch()) {
        place.snap = match.captured(1);
    } else if (const auto snapMatch = snap.match(unit); snapMatch.hasMatch()) {
        place.snap = snapMatch.captured(1);
        place.snapApp = snapMatch.captured(2);
    }
}

void takeUnit(const QString &unit, const QString &parent, CgroupPlace &place)
{
    static const QRegularExpression user(u"^user@[0-9]+\\.service$"_s);
    static const QRegularExpression busName(u"^dbus-:[0-9.]+-(.+)@[0-9]+\\.service$"_s);
    static const QRegularExpression oldFlatpak(u"^flatpak-(.+)-[0-9]+\\.scope$"_s);
    place.unit = unescapeUnit(unit);
    place.desktopIds.clear();
    place.isAppUnit = false;
    place.flatpakId.clear();
    place.snap.clear();
    place.snapApp.clear();
    if (user.match(unit).hasMatch()) {
        place.isUsers = true;
        return;
    }
    takeSnap(unit, place);
    if (!place.isUsers)
        return;
    takeAppUnit(unit, place);
    if (const auto match = busName.match(unit); match.hasMatch())
        place.desktopIds.append(unescapeUnit(match.captured(1)));
    else if (const auto flatpak = oldFlatpak.match(unit); flatpak.hasMatch())
        place.flatpakId = unescapeUnit(flatpak.captured(1));
    else if (!place.isAppUnit && unit.endsWith(serviceEnd))
        place.desktopIds.append(place.unit.chopped(serviceEnd.size()).section(u'@', 0, 0));
    // GNOME's terminal puts its service, and a scope for each shell, into the slice of the application.
    if (unit.endsWith(serviceEnd) && parent.startsWith("app-"_L1) && parent.endsWith(sliceEnd))
        place.desktopIds.append(unescapeUnit(parent.chopped(sliceEnd.size()).mid(4)));
}

} // namespace

CgroupPlace cgroupPlace(const QString &path)
{
    CgroupPlace place;
    QString parent;
    const QStringList parts = path.split(u'/', Qt::SkipEmptyParts);
    for (const QString &part : parts) {
        // Units within a container are its own matter.
        if (place.containerRuntime.isEmpty() && (part.endsWith(serviceEnd) || part.endsWith(scopeEnd)))
            takeUnit(part, parent, place);
        takePod(part, place);
        takeContainer(part, parent, place);
        parent = part;
    }
    return place;
}

QString unescapeUnit(const QString &name)
{
    static const QRegularExpression escape(u"^\\\\x([0-9a-f]{2})$"_s);
    if (!name.contains(u'\\'))
        return name;
    // Escapes are of bytes, of which several may be one character.
    QByteArray bytes;
    for (qsizetype i = 0; i < name.size();) {
        const auto match = escape.match(name.mid(i, 4));
        if (match.hasMatch()) {
            bytes.append(char(match.captured(1).toInt(nullptr, 16)));
            i += 4;
        } else {
            const qsizetype length = name.at(i).isHighSurrogate() ? 2 : 1;
            bytes.append(name.mid(i, length).toUtf8());
            i += length;
        }
    }
    return QString::fromUtf8(bytes);
}

} // namespace Nettally
