// SPDX-License-Identifier: MIT
#include "cgrouptree.h"

#include <QFile>
#include <QList>

#include <cstring>
#include <dirent.h>
#include <sys/stat.h>

namespace Nettally {

namespace {

constexpr qint64 walkMs = 2000;
constexpr int maxDepth = 32;
constexpr int maxFolders = 20'000;

bool isFolder(const QByteArray &parent, const dirent &entry)
{
    if (std::strcmp(entry.d_name, ".") == 0 || std::strcmp(entry.d_name, "..") == 0)
        return false;
    if (entry.d_type != DT_UNKNOWN)
        return entry.d_type == DT_DIR;
    struct stat status { };
    return lstat((parent + '/' + entry.d_name).constData(), &status) == 0 && S_ISDIR(status.st_mode);
}

} // namespace

QString CgroupTree::mountOf(const QByteArray &mountinfo)
{
    const QList<QByteArray> lines = mountinfo.split('\n');
    for (const QByteArray &line : lines) {
        const qsizetype separator = line.indexOf(" - ");
        const QList<QByteArray> fields = line.split(' ');
        // One mounted from below the root would have other paths.
        if (separator > 0 && fields.size() > 4 && line.sliced(separator + 3).startsWith("cgroup2 ")
            && fields[3] == "/")
            return QFile::decodeName(fields[4]);
    }
    return {};
}

QString CgroupTree::path(quint64 id)
{
    const auto known = m_paths.constFind(id);
    if (known != m_paths.constEnd())
        return *known;
    if (id == 0 || m_mount.isEmpty() || (m_walked.isValid() && !m_walked.hasExpired(walkMs)))
        return {};
    m_visited = 0;
    walk(QFile::encodeName(m_mount), 0);
    m_walked.start(); // from its end, so that a tree that takes long is not all we do
    return m_paths.value(id);
}

void CgroupTree::learn(const QString &path)
{
    struct stat status { };
    if (!m_mount.isEmpty() && stat(QFile::encodeName(m_mount + path).constData(), &status) == 0)
        insert(status.st_ino, path);
}

void CgroupTree::insert(quint64 id, const QString &path)
{
    if (m_paths.size() >= maxFolders && !m_paths.contains(id))
        m_paths.clear();
    m_paths.insert(id, path);
}

void CgroupTree::walk(const QByteArray &folder, int depth)
{
    struct stat status { };
    if (depth > maxDepth || ++m_visited > maxFolders || lstat(folder.constData(), &status) != 0)
        return;
    const QString path = QFile::decodeName(folder).mid(m_mount.size());
    insert(status.st_ino, path.isEmpty() ? QStringLiteral("/") : path);
    DIR *open = opendir(folder.constData());
    if (!open)
        return;
    while (const dirent *entry = readdir(open)) {
        if (isFolder(folder, *entry))
            walk(folder + '/' + entry->d_name, depth + 1);
    }
    closedir(open);
}

} // namespace Nettally
