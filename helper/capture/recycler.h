// SPDX-License-Identifier: MIT
#pragma once

#include "iteratorfile.h"
#include "mappedarray.h"
#include "nettally_abi.h"

#include <vector>

namespace Nettally {

/**
 * Takes back the rows of flows that are over, and the places of programs that ended, when the kernel's tables
 * fill up: the fuller they are, the sooner.
 *
 * It only asks: the kernel's side (bpf/programs/recycle.bpf.c) retires and frees, and refuses what is in use.
 * Between the two passes the time in which who found a row before may still be adding to it; the reading
 * after that brings its last bytes. Nothing is taken back before what it counted was stored for good, see
 * setKept(). Used from one thread; works without privileges once opened.
 */
class Recycler {
public:
    /// Of a flow, or since a program's end, before its place is taken back from a table that is nearly full.
    static constexpr qint64 defaultIdleMs = 10'000;

    Recycler(const MappedArray<nt_control> &control, const MappedArray<nt_row> &rows,
             const MappedArray<nt_program> &programs)
        : m_control(control)
        , m_rows(rows)
        , m_programs(programs)
    {
    }

    void setIdleMs(qint64 idleMs) { m_idleMs = idleMs; }
    /// Once the tables are mapped; @p map is that of the requests. What an earlier helper retired is taken
    /// on. False with errno set.
    bool open(int map);
    /// By which the requests are handed over, to be opened by the caller.
    IteratorFile &file() { return m_file; }

    /// What readings that began before @p timeNs (CLOCK_BOOTTIME) reported is stored for good. As long as
    /// this is not called, everything that was reported counts as stored.
    void setKept(quint64 timeNs) { m_keptMs = qint64(timeNs / 1'000'000); }

    /// A reading begins.
    void begin();
    /// A row's counters were reported in this reading.
    void rowReported(quint32 row) { m_reportedMs[row] = m_nowMs; }
    /// Whether the row is read for the last time: its generation is one more than it was in use.
    bool isRetired(quint32 row) const { return m_isRowRetired[row]; }
    /// After a reading: the rows that are free from here on.
    const std::vector<quint32> &end();

private:
    struct Retired {
        quint32 index = 0;
        quint32 generation = 0;
        qint64 sinceMs = 0;
    };

    /// How long something must have been idle to be taken back; below zero: there is room enough.
    qint64 idleFor(quint64 used, quint64 capacity) const;
    qint64 idleOfRows() const;
    qint64 idleOfPrograms() const;
    bool isIdle(quint32 row, qint64 idleMs) const;
    void ask(quint32 index, quint32 generation, nt_recycle_step step);
    void askForRows();
    void askForPrograms();
    void noteUsedPrograms();
    void handOver();

    const MappedArray<nt_control> &m_control;
    const MappedArray<nt_row> &m_rows;
    const MappedArray<nt_program> &m_programs;
    MappedArray<nt_recycle> m_requests;
    IteratorFile m_file;
    qint64 m_idleMs = defaultIdleMs;
    qint64 m_keptMs = -1; ///< CLOCK_BOOTTIME; below zero: everything is
    qint64 m_nowMs = 0; ///< CLOCK_BOOTTIME at which the reading began
    std::vector<qint64> m_reportedMs; ///< by row: of the last reading that reported it; 0: none
    std::vector<quint8> m_isRowRetired; ///< by row
    std::vector<quint8> m_isProgramRetired; ///< by program
    std::vector<quint8> m_isProgramUsed; ///< by program: some row names it
    std::vector<Retired> m_retiredRows;
    std::vector<Retired> m_retiredPrograms;
    std::vector<nt_recycle> m_asked; ///< of this reading
    std::vector<quint32> m_freedRows;
    quint32 m_nextRow = 0; ///< where the search for idle rows goes on
    quint32 m_nextProgram = 0;
};

} // namespace Nettally
