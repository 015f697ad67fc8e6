// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QString>

#include <functional>

/// Whether the desktop starts Nettally, in the tray, at the beginning of a session.
namespace Nettally::Autostart {

/// What the next session does, by the user's own entry; below a portal what it last granted.
bool isEnabled();

/// Writes or removes "$XDG_CONFIG_HOME/autostart/org.nettally.Nettally.desktop"; in a Flatpak the portal is
/// asked. @p answer gets why it could not be, one sentence for people, empty when it is done; not at all when
/// @p context is gone.
void setEnabled(bool enabled, QObject *context, const std::function<void(const QString &problem)> &answer);

} // namespace Nettally::Autostart
