// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>
#include <QElapsedTimer>
#include <QHash>
#include <QString>
#include <QStringList>

#include <optional>

namespace Nettally {

struct DesktopEntry {
    QString id; ///< the file's name without ".desktop", "/" as "-"
    QString name; ///< as the user's language has it
    QString icon; ///< name in the icon theme, or absolute path
    QString snap; ///< of the snap it belongs to
    bool isTerminal = false; ///< an emulator, in which programs of all kinds run
};

/**
 * The desktop entries of this machine: which applications have a name and an icon for people.
 *
 * Reads files of a size and number that are bounded, follows no links between folders, and looks again when a
 * folder changed, every ten seconds at most. May block on a slow file system. Not thread-safe.
 */
class DesktopEntries {
public:
    struct Places {
        QStringList folders; ///< "…/applications", the most important first
        QStringList programFolders; ///< where Exec finds a program by its name, as PATH
        QStringList languages; ///< "de_DE", "de": of names, the best first
    };

    explicit DesktopEntries(const Places &places)
        : m_places(places)
    {
    }

    std::optional<DesktopEntry> byId(const QString &id);
    /// The entry that starts the executable at @p path, links resolved; none where several might.
    std::optional<DesktopEntry> byExecutable(const QString &path);
    /// The entry whose program is the script at @p path.
    std::optional<DesktopEntry> byScript(const QString &path);
    /// The entry of the snap's only application, or of the one called like it.
    std::optional<DesktopEntry> bySnap(const QString &snap, const QString &app);

private:
    /// How well an entry stands for its program: several may start the same, as one for each of its pages.
    struct Claim {
        QString id;
        int rank = 0; ///< the lower the better
        bool isTied = false;
    };
    using Claims = QHash<QString, Claim>;

    void refresh();
    void readFolder(const QString &folder, const QString &prefix, int depth);
    void readEntry(const QString &path, const QString &id);
    void claim(Claims &claims, const QString &path, const QString &id, int rank);
    std::optional<DesktopEntry> claimed(const Claims &claims, const QString &path);
    QString findProgram(const QString &program) const;

    const Places m_places;
    QElapsedTimer m_looked;
    QHash<QString, QDateTime> m_folders; ///< when they were changed as we read them
    int m_fileCount = 0;
    QHash<QString, DesktopEntry> m_entries;
    QHash<QString, bool> m_hidden; ///< ids that a more important folder takes away
    Claims m_byExecutable;
    Claims m_byScript;
};

} // namespace Nettally
