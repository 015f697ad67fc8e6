// SPDX-License-Identifier: MIT
#include "cgrouppaths.h"

#include <QFile>

#include <cstring>
#include <dirent.h>
#include <sys/stat.h>

namespace Nettally {

namespace {

constexpr qint64 walkMs = 1000;
constexpr int maxDepth = 32;
/// Groups come and go for as long as the helper runs.
constexpr qsizetype maxKnown = 20000;

} // namespace

QString CgroupPaths::path(quint64 id)
{
    const auto known = m_paths.constFind(id);
    if (known != m_paths.constEnd())
        return *known;
    if (m_mount.isEmpty() || (m_walked.isValid() && !m_walked.hasExpired(walkMs)))
        return {};
    m_walked.start();
    if (m_paths.size() > maxKnown)
        m_paths.clear();
    walk(QFile::encodeName(m_mount), 0);
    return *m_paths.insert(id, m_paths.value(id));
}

void CgroupPaths::walk(const QByteArray &folder, int depth)
{
    struct stat status { };
    if (depth > maxDepth || stat(folder.constData(), &status))
        return;
    const QString path = QFile::decodeName(folder).mid(m_mount.size());
    m_paths.insert(status.st_ino, path.isEmpty() ? QStringLiteral("/") : path);
    DIR *open = opendir(folder.constData());
    if (!open)
        return;
    while (const dirent *entry = readdir(open)) {
        if (entry->d_type == DT_DIR && std::strcmp(entry->d_name, ".") != 0
            && std::strcmp(entry->d_name, "..") != 0)
            walk(folder + '/' + entry->d_name, depth + 1);
    }
    closedir(open);
}

} // namespace Nettally
