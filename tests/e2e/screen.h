// SPDX-License-Identifier: MIT
#pragma once

#include <QDBusConnection>
#include <QList>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

namespace Nettally {

/**
 * A display (Xvfb) and a session bus of the test's own, with what a screen reader uses on it.
 * Everything it starts ends with it.
 */
class Screen {
public:
    ~Screen();

    /// Empty when display and buses are up, else what failed.
    QString start(const QString &size = QStringLiteral("1280x800"));

    /// For programs that are to appear here: display, session bus, a home of their own, accessibility on.
    QProcessEnvironment environment() const;
    QString dataHome() const { return m_dir.filePath(QStringLiteral("data")); }

    /// What the program named @p application shows, depth first: every accessible name that can be seen.
    QStringList names(const QString &application) const;

    /// Presses keys in turn, in xdotool's notation ("ctrl+f", "Down"), in the window with this title.
    QString press(const QString &windowTitle, const QStringList &keys) const;
    QString type(const QString &windowTitle, const QString &text) const;

    /// Saves the whole screen as a PNG.
    QString save(const QString &path) const;

private:
    QString xdotool(const QString &windowTitle, const QStringList &action) const;

    QTemporaryDir m_dir;
    QProcess m_display;
    QProcess m_bus;
    QString m_displayName;
    QString m_busAddress;
    QString m_accessibilityConnection;
};

} // namespace Nettally
