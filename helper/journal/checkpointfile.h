// SPDX-License-Identifier: MIT
#pragma once

#include "journalfolder.h"
#include "journalrecord.h"

namespace Nettally {

/**
 * How far each row of the kernel's table is in the journal, for a helper that dies and leaves the kernel
 * counting. Written before the seal it belongs to: one whose seal is not in the journal does not count, and
 * neither does one of another boot. So it need not survive a power loss, and is never synchronised.
 *
 * One that exists is used from one thread at a time.
 */
class CheckpointFile {
public:
    explicit CheckpointFile(const JournalFolder &folder)
        : m_folder(folder)
    {
    }
    ~CheckpointFile();
    Q_DISABLE_COPY_MOVE(CheckpointFile)

    /// What the seals up to @p lastSeal left of the counting that began at @p sinceNs in that boot; none
    /// where there is no checkpoint of it, which a new file then takes. False and errno where it cannot be
    /// used.
    bool open(const QByteArray &journalId, const QByteArray &bootId, quint64 sinceNs, quint64 lastSeal,
              std::optional<Checkpoint> *found);

    /// What changed with the seal @p seal, which is not written yet. False and errno.
    bool append(const Checkpoint &changed, quint64 seal);
    /// The seal of the last append() is not in the journal.
    void takeBack();
    /// The seal is in the journal.
    void commit();
    /// Whether it grew so much that replace() is due.
    bool isLong() const;
    /// Begins anew with everything, as it was at the seal last committed. False and errno: the old one stays.
    bool replace(const Checkpoint &all, quint64 seal);

private:
    bool create(const QByteArray &bytes);

    const JournalFolder &m_folder;
    int m_fd = -1;
    QByteArray m_instance; ///< its first frame
    qint64 m_bytes = 0; ///< up to the last commit()
    qint64 m_appendedBytes = 0; ///< after that
    qint64 m_replacedBytes = 0; ///< of the file as it began
    quint64 m_number = 2; ///< of the next frame
};

} // namespace Nettally
