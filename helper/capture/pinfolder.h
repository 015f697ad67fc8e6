// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <memory>

struct bpf_link;

namespace Nettally {

/**
 * A folder of the BPF file system in which maps and attached programs outlive the helper.
 *
 * Holds a lock on it: there are never two helpers at once on one folder, and so on one set of counters.
 * The programs are kept in numbered sets, 1 and 2, so that an upgrade can attach the new beside the old.
 * Needs root; used once, at start.
 */
class PinFolder {
public:
    /// Makes the folder @p path where it is missing, and mounts a BPF file system there where none is. Null
    /// on failure, and in @p problem one sentence with cause and next step.
    static std::unique_ptr<PinFolder> open(const QString &path, QString *problem);
    ~PinFolder();

    /// A new file descriptor of the map pinned under @p name; -1 if there is none.
    int map(const char *name) const;
    bool pinMap(int fd, const char *name) const;
    void removeMap(const char *name) const;
    bool hasLink(int set, const char *name) const;
    bool pinLink(bpf_link *link, int set, const char *name) const;
    /// A new file descriptor of the program of a pinned link; -1 if there is none.
    int program(int set, const char *name) const;
    QByteArray linkPath(int set, const char *name) const;
    /// Detaches the programs of a set; those of the other stay.
    void removeSet(int set) const;
    /// Detaches everything and forgets the counters.
    void removeAll() const;

private:
    explicit PinFolder(const QByteArray &path, int lock)
        : m_path(path)
        , m_lock(lock)
    {
    }

    QByteArray m_path;
    int m_lock;
};

} // namespace Nettally
