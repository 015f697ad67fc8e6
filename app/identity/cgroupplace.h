// SPDX-License-Identifier: MIT
#pragma once

#include <QString>
#include <QStringList>

namespace Nettally {

/**
 * What the path of a control group tells by the conventions of those who make groups: systemd, desktops,
 * Flatpak, Snap, container runtimes. Names are decoded, and as untrusted as the path: below
 * "user@UID.service" the user may make any group.
 */
struct CgroupPlace {
    QString unit; ///< the deepest service or scope of systemd outside of any container; empty: none
    bool isUsers = false; ///< of a user's systemd
    /// Ids of desktop entries by which the desktop may have started it, the likeliest first.
    QStringList desktopIds;
    /// The unit's own name is one of these, so that it is that application though there be no entry.
    bool isAppUnit = false;
    QString flatpakId;
    QString snap;
    QString snapApp; ///< of the snap; empty: a hook, or not told
    QString containerRuntime; ///< of the innermost container; empty: in none
    QString containerId;
    QString containerName;
    QString podUid;
};

/// @p path is below the root of the tree, "/…".
CgroupPlace cgroupPlace(const QString &path);

/// Decodes systemd's "\x2d"; what is no such escape stays as it is.
QString unescapeUnit(const QString &name);

} // namespace Nettally
