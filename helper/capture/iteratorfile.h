// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

struct bpf_link;

namespace Nettally {

/**
 * A BPF iterator that can be read any number of times, also by a process without privileges.
 *
 * bpf_iter_create() alone does not do: below 6.5 it takes CAP_BPF wherever unprivileged BPF is off. Opening a
 * pinned iterator takes no more than the permission to read the file, which is kept by a descriptor that can
 * do nothing but be opened again.
 */
class IteratorFile {
public:
    IteratorFile() = default;
    ~IteratorFile();
    IteratorFile(const IteratorFile &) = delete;
    IteratorFile &operator=(const IteratorFile &) = delete;

    // Once, as root. Empty, or why it cannot be opened.
    /// The iterator pinned at @p path, below a folder that is closed to others.
    QString open(const QByteArray &path);
    /// Pins the iterator where no name leads to it; nothing is left of it when the process ends.
    QString openUnnamed(const bpf_link *iterator);

    bool isOpen() const { return m_file >= 0; }
    /// A descriptor from which one reading can be taken, to be closed by the caller; -1 with errno set.
    int read() const;

private:
    QString makeReadable() const;

    int m_file = -1; ///< O_PATH
};

} // namespace Nettally
