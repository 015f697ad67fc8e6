// SPDX-License-Identifier: MIT
#include "applicationfinder.h"

#include "boundedfile.h"
#include "scriptname.h"

#include <QDir>
#include <QFileInfo>
#include <QLocale>
#include <QRegularExpression>
#include <QStandardPaths>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qsizetype shortIdLength = 12; ///< as runtimes show them

/// Services that start what others ask for: that a program runs there does not make it theirs.
bool isStarter(const QString &unit)
{
    static const std::array names = {"cron",
                                     "crond",
                                     "cronie",
                                     "anacron",
                                     "atd",
                                     "dbus",
                                     "dbus-broker",
                                     "xdg-desktop-portal",
                                     "gnome-session-manager"};
    const QString name = unit.section(u'.', 0, -2).section(u'@', 0, 0);
    // systemd-run makes up a name.
    return name.startsWith("run-"_L1) || std::any_of(names.begin(), names.end(), [&](const char *known) {
               return name == QLatin1StringView(known);
           });
}

QString ofUser(const Program &program)
{
    return u':' + QString::number(program.uid) + u':';
}

} // namespace

ApplicationFinder::Places ApplicationFinder::Places::ofThisMachine()
{
    Places places;
    places.proc = u"/proc"_s;
    places.cgroupMount =
        CgroupTree::mountOf(readBounded(u"/proc/self/mountinfo"_s, 1'048'576).value_or(QByteArray()));

    const QString home = QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation);
    QStringList dataFolders = QStandardPaths::standardLocations(QStandardPaths::GenericDataLocation);
    dataFolders += {home + u"/flatpak/exports/share"_s, u"/var/lib/flatpak/exports/share"_s,
                    u"/var/lib/snapd/desktop"_s};
    dataFolders.removeDuplicates();
    for (const QString &folder : std::as_const(dataFolders))
        places.desktop.folders.append(folder + u"/applications"_s);
    places.desktop.programFolders = qEnvironmentVariable("PATH").split(u':', Qt::SkipEmptyParts);
    places.desktop.programFolders += {u"/usr/local/bin"_s, u"/usr/bin"_s, u"/bin"_s, u"/usr/games"_s};
    places.desktop.programFolders.removeDuplicates();
    const QStringList languages = QLocale::system().uiLanguages();
    for (QString language : languages)
        places.desktop.languages.append(language.replace(u'-', u'_'));

    for (const QString &storage : {home + u"/containers/storage"_s, u"/var/lib/containers/storage"_s}) {
        for (const QString &driver : {u"overlay"_s, u"vfs"_s, u"btrfs"_s})
            places.containers.podmanFiles.append(storage + u'/' + driver + u"-containers/containers.json"_s);
    }
    places.containers.dockerFolder = u"/var/lib/docker/containers"_s;
    places.containers.kubernetesFolder = u"/var/log/containers"_s;
    return places;
}

ApplicationFinder::ApplicationFinder(const Places &places)
    : m_processes(places.proc)
    , m_groups(places.cgroupMount)
    , m_entries(places.desktop)
    , m_containers(places.containers)
    , m_pidNamespace(m_processes.ownPidNamespace())
{
}

Identity ApplicationFinder::find(const Program &program)
{
    Identity identity;
    identity.programId = program.id;
    identity.application = plainApplication(program);
    if (program.kind != ProgramKind::Program)
        return identity;

    const std::optional<ProcessFacts> facts = m_processes.read(program);
    QString path = facts ? facts->cgroupPath : QString();
    if (path.isEmpty())
        path = m_groups.path(program.cgroupId);
    else
        m_groups.learn(path);
    const CgroupPlace place = cgroupPlace(path);
    const bool isContained = !place.containerRuntime.isEmpty();
    const bool isSandboxed = isContained || !place.flatpakId.isEmpty() || !place.snap.isEmpty();
    // The paths of a program that was given process numbers of its own are most likely its own, too.
    identity.isForeign =
        isSandboxed || (program.pidNs != 0 && m_pidNamespace != 0 && program.pidNs != m_pidNamespace);
    identity.executable = stateOf(program, identity.isForeign);

    Application &application = identity.application;
    if (isContained) {
        application = containerOf(program, place);
    } else if (isSandboxed) {
        application = packageOf(program, place);
    } else if (const auto app = appUnitOf(program, place, identity.isForeign)) {
        application = *app;
    } else if (place.unit.endsWith(".service"_L1) && !isStarter(place.unit)) {
        application = unitOf(program, place);
    } else if (const auto script = facts ? scriptOf(program, *facts, identity.isForeign) : std::nullopt) {
        application = *script;
    } else if (!identity.isForeign && !isInterpreter(program.executable)) {
        if (const auto entry = m_entries.byExecutable(program.executable))
            application = withEntry(program, *entry);
    }
    application.unit = oneLine(place.unit);
    return identity;
}

ExecutableState ApplicationFinder::stateOf(const Program &program, bool isForeign) const
{
    return program.kind == ProgramKind::Program ? m_processes.stateOf(program, isForeign)
                                                : ExecutableState::Unknown;
}

Application ApplicationFinder::containerOf(const Program &program, const CgroupPlace &place)
{
    const ContainerNames::Name known = m_containers.find(place.containerRuntime, place.containerId);
    Application application;
    application.kind = ApplicationKind::Container;
    application.containerRuntime = place.containerRuntime;
    application.containerId = place.containerId;
    application.containerName = known.container.isEmpty() ? oneLine(place.containerName) : known.container;
    application.pod = known.pod.isEmpty() ? place.podUid : known.pod;
    application.name = application.containerName.isEmpty() ? place.containerId.left(shortIdLength)
                                                           : application.containerName;
    // Below a user's systemd anyone may make a group with a known container's id.
    application.key = u"container:"_s + place.containerRuntime + (place.isUsers ? ofUser(program) : u":"_s)
        + (place.containerId.isEmpty() ? place.containerName : place.containerId);
    return application;
}

Application ApplicationFinder::packageOf(const Program &program, const CgroupPlace &place)
{
    const bool isFlatpak = !place.flatpakId.isEmpty();
    const QString id = isFlatpak ? place.flatpakId : place.snap;
    Application application;
    application.kind = isFlatpak ? ApplicationKind::Flatpak : ApplicationKind::Snap;
    application.name = oneLine(id);
    application.key = (isFlatpak ? u"flatpak"_s : u"snap"_s) + ofUser(program) + id;
    const auto entry = isFlatpak ? m_entries.byId(id) : m_entries.bySnap(place.snap, place.snapApp);
    if (entry) {
        application.name = entry->name;
        application.icon = entry->icon;
        application.desktopId = entry->id;
    }
    return application;
}

/// What the desktop put into a unit of its own. A terminal's unit holds whatever runs in it: that is the
/// terminal only where the executable is its own.
std::optional<Application> ApplicationFinder::appUnitOf(const Program &program, const CgroupPlace &place,
                                                        bool isForeign)
{
    for (const QString &id : place.desktopIds) {
        const auto entry = m_entries.byId(id);
        if (!entry)
            continue;
        if (entry->isTerminal && place.unit.endsWith(".scope"_L1)) {
            const auto own = isForeign ? std::nullopt : m_entries.byExecutable(program.executable);
            if (!own || own->id != entry->id)
                return std::nullopt;
        }
        return withEntry(program, *entry);
    }
    if (!place.isAppUnit)
        return std::nullopt;
    Application application;
    application.kind = ApplicationKind::Desktop;
    application.name = oneLine(place.desktopIds.first());
    application.key = u"desktop"_s + ofUser(program) + place.desktopIds.first();
    return application;
}

Application ApplicationFinder::unitOf(const Program &program, const CgroupPlace &place)
{
    Application application;
    application.kind = place.isUsers ? ApplicationKind::UserUnit : ApplicationKind::SystemUnit;
    application.name = oneLine(place.unit.section(u'.', 0, -2));
    application.key = u"unit"_s + (place.isUsers ? ofUser(program) : u":"_s) + place.unit;
    return application;
}

std::optional<Application> ApplicationFinder::scriptOf(const Program &program, const ProcessFacts &facts,
                                                       bool isForeign)
{
    const auto given = Nettally::scriptOf(program.executable, facts.arguments);
    if (!given)
        return std::nullopt;
    QString path = *given;
    if (!path.startsWith(u'/') && !facts.workingFolder.isEmpty())
        path = QDir::cleanPath(facts.workingFolder + u'/' + path);
    if (path.startsWith(u'/') && !isForeign) {
        if (const auto entry = m_entries.byScript(QFileInfo(path).canonicalFilePath())) {
            Application application = withEntry(program, *entry);
            application.script = oneLine(*given);
            return application;
        }
    }
    Application application;
    application.kind = ApplicationKind::Script;
    application.name = oneLine(given->section(u'/', -1));
    if (application.name.isEmpty())
        return std::nullopt;
    application.script = oneLine(*given);
    application.key = u"script"_s + ofUser(program) + program.executable + u':' + path.left(4096);
    return application;
}

Application ApplicationFinder::withEntry(const Program &program, const DesktopEntry &entry)
{
    Application application;
    application.kind = ApplicationKind::Desktop;
    application.name = entry.name;
    application.icon = entry.icon;
    application.desktopId = entry.id;
    application.key = u"desktop"_s + ofUser(program) + entry.id;
    return application;
}

} // namespace Nettally
