// SPDX-License-Identifier: MIT
#pragma once

#include <QElapsedTimer>
#include <QHash>
#include <QString>

namespace Nettally {

/// The paths of control groups by their ids, which are the inode numbers of their folders. Needs no
/// privilege. Not thread-safe.
class CgroupPaths {
public:
    /// @p mount: where the second version's tree is; empty: nothing is known.
    explicit CgroupPaths(const QString &mount)
        : m_mount(mount)
    {
    }

    /// Below the root, "/…"; empty where it is not known. An id that is new has the tree walked, once a
    /// second at most.
    QString path(quint64 id);

private:
    void walk(const QByteArray &folder, int depth);

    const QString m_mount;
    QHash<quint64, QString> m_paths; ///< empty: not in the tree
    QElapsedTimer m_walked;
};

} // namespace Nettally
