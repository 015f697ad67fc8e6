// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QHash>
#include <QString>

#include <deque>
#include <vector>

namespace Nettally {

/// Numbered as on the bus.
enum class ProcessKind : quint8 { Program = 0, KernelThread = 1, Others = 2, Overflow = 3, Kernel = 4 };

/// A program as people see it: a process image, its strings safe to show and to send.
struct Process {
    quint32 id = 0;
    quint32 pid = 0; ///< in the initial pid namespace
    quint64 startNs = 0; ///< CLOCK_BOOTTIME nanoseconds
    quint64 execId = 0;
    QString name;
    QString executable; ///< empty if not known
    quint32 uid = 0;
    quint64 cgroupId = 0;
    quint32 pidNs = 0;
    quint32 netNs = 0;
    ProcessKind kind = ProcessKind::Program;
    bool ended = false;
};

/**
 * The programs of a source's program table, each under an id that is never given twice.
 *
 * A program is (pid, startNs, execId): a reused pid and an execve() are other programs. Ids are dense
 * from 1; othersId, overflowId and kernelId are reserved. Not thread-safe.
 */
class ProcessTable {
public:
    static constexpr quint32 othersId = 1; ///< all programs a user may not see, as one
    static constexpr quint32 overflowId = 2; ///< what found no place in the source's tables
    static constexpr quint32 kernelId = 3; ///< packets no program's socket sent or received

    /// Programs beyond @p maxPrograms are put down to the overflow program, so that a machine that
    /// runs for years cannot make the table grow without end.
    explicit ProcessTable(quint32 maxPrograms = 200000);

    /// Takes a program's record; appends to @p ended the ids of programs it shows to be over.
    void record(const ProgramRecord &record, std::vector<quint32> &ended);

    /// The program now in the source's slot; overflowId for slot 0 and for slots never recorded,
    /// kernelId for what is unowned.
    quint32 idOfSlot(quint32 slot) const
    {
        if (slot == ProgramSlot::unowned)
            return kernelId;
        return slot < m_idOfSlot.size() && m_idOfSlot[slot] != 0 ? m_idOfSlot[slot] : overflowId;
    }

    /// What the kernel moves by itself under a name, as a program without a pid.
    quint32 idOfKernelPart(const QString &name, ProcessKind kind);

    /// @p id must be one this table gave. The reference stays valid as long as the table.
    const Process &process(quint32 id) const { return m_processes[id - 1]; }

    /// Name of what othersId stands for.
    static QString othersName();
    /// Name by which people know the program: the executable's base name where comm is empty or the
    /// cut-off beginning of it, else comm (a name the program gave itself, or a script's).
    static QString displayName(const ProgramRecord &record);

private:
    struct Key {
        quint64 startNs = 0;
        quint64 execId = 0;
        quint64 pid = 0; ///< widened, so that the key has no padding and hashes as bytes
        bool operator==(const Key &) const = default;
        friend size_t qHash(const Key &key, size_t seed) noexcept
        {
            return qHashBits(&key, sizeof key, seed);
        }
    };

    void end(quint32 id, std::vector<quint32> &ended);

    quint32 m_maxPrograms;
    std::deque<Process> m_processes; ///< by id - 1
    std::vector<quint32> m_idOfSlot;
    QHash<Key, quint32> m_idOfKey;
    QHash<quint32, quint32> m_latestOfPid;
    QHash<QString, quint32> m_kernelParts; ///< as many as there are names for
};

} // namespace Nettally
