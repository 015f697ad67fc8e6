// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QMetaType>
#include <QString>

namespace Nettally {

enum class ApplicationKind : quint8 {
    Program, ///< an executable, and nothing more is known of it
    Desktop, ///< with a desktop entry, or put into a scope of its own by the desktop
    Flatpak,
    Snap,
    UserUnit, ///< a service of the user's systemd
    SystemUnit,
    Container,
    Script, ///< known by the file that an interpreter runs
    Kernel,
};

/// What people know a program by. All texts are printable, but chosen by strangers: one that it stands in
/// must not begin with it, else it could pass for rich text.
struct Application {
    QString key; ///< the same for all processes of one application, also in another instance and after a boot
    ApplicationKind kind = ApplicationKind::Program;
    QString name; ///< empty where there is nothing to call it by
    QString icon; ///< name in the icon theme, or absolute path; empty: none of its own
    QString desktopId; ///< of the entry that name and icon are from, else empty
    QString unit; ///< of systemd; empty: none, or not known
    QString containerRuntime; ///< "Docker", "Podman", "Kubernetes", "LXC", "systemd-nspawn", "containerd", …
    QString containerId; ///< whole, as the runtime knows it; empty where it has a name alone
    QString containerName; ///< empty: not known without asking the runtime
    QString pod; ///< of Kubernetes: its name where that is known, else its UID
    QString script; ///< the interpreter's file or module, as it was given
    bool operator==(const Application &) const = default;
};

/// Of the file that a program runs, as of the last look.
enum class ExecutableState : quint8 {
    Unknown, ///< it cannot be told, as for a file of another user's container
    Unchanged,
    Changed, ///< another file, or a newer one, is in its place
    Missing, ///< nothing is in its place
};

/// The stable names of JSON.
QString applicationKindName(ApplicationKind kind);

/// What the helper's own words tell: the program by itself.
Application plainApplication(const Program &program);

/// One printable line of at most @p maxLength characters.
QString oneLine(const QString &text, int maxLength = 200);

} // namespace Nettally
