// SPDX-License-Identifier: MIT
#pragma once

#include <QElapsedTimer>
#include <QHash>
#include <QString>

namespace Nettally {

/**
 * The paths of control groups by their ids, which are the inode numbers of their folders. Needs no privilege.
 *
 * An id that is not known has the tree walked, at most every two seconds and over 20,000 folders; what was
 * known once stays known when its folder goes, up to 20,000 groups. Not thread-safe.
 */
class CgroupTree {
public:
    /// @p mount: where the second version's tree is; empty: nothing is known.
    explicit CgroupTree(const QString &mount)
        : m_mount(mount)
    {
    }

    /// Where the kernel has it mounted by @p mountinfo, a text like /proc/self/mountinfo; empty: nowhere
    /// whole.
    static QString mountOf(const QByteArray &mountinfo);

    /// Below the root, "/…"; empty where it is not known.
    QString path(quint64 id);
    /// The group of @p path, which a process told, for when the process is gone.
    void learn(const QString &path);

private:
    void insert(quint64 id, const QString &path);
    void walk(const QByteArray &folder, int depth);

    const QString m_mount;
    QHash<quint64, QString> m_paths;
    QElapsedTimer m_walked;
    int m_visited = 0;
};

} // namespace Nettally
