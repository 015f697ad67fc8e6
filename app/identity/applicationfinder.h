// SPDX-License-Identifier: MIT
#pragma once

#include "application.h"
#include "cgroupplace.h"
#include "cgrouptree.h"
#include "containernames.h"
#include "desktopentries.h"
#include "processfolder.h"

namespace Nettally {

/// An application and what was seen of one program of it.
struct Identity {
    quint32 programId = 0;
    Application application;
    ExecutableState executable = ExecutableState::Unknown;
    bool isForeign = false; ///< its executable's path is of another tree of files
    bool operator==(const Identity &) const = default;
};

/**
 * Finds the application that a program belongs to, from what the helper tells and what any user may read:
 * control groups, /proc, desktop entries, names of containers. What it cannot tell stays the program by
 * itself. In this order: container, Flatpak, Snap, the desktop's scope or service, service of systemd,
 * script, desktop entry of the executable.
 *
 * Reads files, and may block on a slow one. Not thread-safe.
 */
class ApplicationFinder {
public:
    struct Places {
        QString proc;
        QString cgroupMount;
        DesktopEntries::Places desktop;
        ContainerNames::Places containers;

        static Places ofThisMachine();
    };

    explicit ApplicationFinder(const Places &places = Places::ofThisMachine());

    Identity find(const Program &program);
    ExecutableState stateOf(const Program &program, bool isForeign) const;

private:
    Application containerOf(const Program &program, const CgroupPlace &place);
    Application packageOf(const Program &program, const CgroupPlace &place);
    std::optional<Application> appUnitOf(const Program &program, const CgroupPlace &place, bool isForeign);
    static Application unitOf(const Program &program, const CgroupPlace &place);
    std::optional<Application> scriptOf(const Program &program, const ProcessFacts &facts, bool isForeign);
    static Application withEntry(const Program &program, const DesktopEntry &entry);

    ProcessFolder m_processes;
    CgroupTree m_groups;
    DesktopEntries m_entries;
    ContainerNames m_containers;
    quint32 m_pidNamespace;
};

} // namespace Nettally
