// SPDX-License-Identifier: MIT
#include "recycler.h"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <unistd.h>

namespace Nettally {

namespace {

/// Far longer than a program runs in the kernel, which nothing sleeps in.
constexpr qint64 graceMs = 2000;

qint64 bootTimeMs()
{
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return qint64(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

} // namespace

bool Recycler::open(int map)
{
    if (!m_requests.map(map, NT_RECYCLE_BATCH, PROT_READ | PROT_WRITE))
        return false;
    for (quint32 i = 0; i < m_requests.size(); ++i)
        m_requests[i] = {};
    m_reportedMs.resize(m_rows.size());
    m_isRowRetired.resize(m_rows.size());
    m_isProgramRetired.resize(m_programs.size());
    m_isProgramUsed.resize(m_programs.size());
    const qint64 nowMs = bootTimeMs();
    const quint32 rows = qMin(loadOnce(m_control[0].nextRow), m_rows.size());
    for (quint32 row = NT_OVERFLOW_INDEX + 1; row < rows; ++row) {
        const quint32 generation = loadOnce(m_rows[row].generation);
        if (generation != 0 && generation % 2 == 0 && m_rows[row].key.program != NT_FREE_PROGRAM) {
            m_retiredRows.push_back({row, generation, nowMs});
            m_isRowRetired[row] = 1;
        }
    }
    return true;
}

void Recycler::begin()
{
    m_nowMs = bootTimeMs();
}

qint64 Recycler::idleFor(quint64 used, quint64 capacity) const
{
    if (used * 2 < capacity)
        return -1;
    if (used * 4 < capacity * 3)
        return m_idleMs * 60;
    if (used * 10 < capacity * 9)
        return m_idleMs * 6;
    return m_idleMs;
}

qint64 Recycler::idleOfRows() const
{
    const nt_control &control = m_control[0];
    const quint64 rows = qMin(loadOnce(control.nextRow), m_rows.size());
    const quint64 free = loadOnce(control.freedRows) - loadOnce(control.reusedRows) + m_retiredRows.size();
    return idleFor(rows - qMin(free, rows), m_rows.size() - NT_SPILL_ROWS);
}

qint64 Recycler::idleOfPrograms() const
{
    const nt_control &control = m_control[0];
    const quint64 programs = qMin(loadOnce(control.nextProgram), m_programs.size());
    const quint64 free =
        loadOnce(control.freedPrograms) - loadOnce(control.reusedPrograms) + m_retiredPrograms.size();
    return idleFor(programs - qMin(free, programs), m_programs.size());
}

bool Recycler::isIdle(quint32 row, qint64 idleMs) const
{
    const nt_row &entry = m_rows[row];
    const qint64 reportedMs = m_reportedMs[row];
    if (reportedMs == 0 || m_nowMs - reportedMs < idleMs || (m_keptMs >= 0 && reportedMs >= m_keptMs))
        return false;
    // Gauges, and what is spilled, have rows that stay.
    const quint32 program = entry.key.program;
    if (program == NT_PENDING_PROGRAM || (program == NT_OVERFLOW_INDEX && entry.key.protocol == 0))
        return false;
    return loadOnce(entry.generation) % 2 == 1 && loadOnce(entry.openSockets) <= 0;
}

void Recycler::ask(quint32 index, quint32 generation, nt_recycle_step step)
{
    m_asked.push_back({index, generation, step, 0});
}

void Recycler::askForRows()
{
    for (const Retired &row : m_retiredRows) {
        // Read at its end: this reading began after it.
        const bool isKept = m_keptMs < 0 || m_reportedMs[row.index] < m_keptMs;
        if (m_nowMs - row.sinceMs >= graceMs && isKept && m_asked.size() < NT_RECYCLE_BATCH)
            ask(row.index, row.generation, NT_RECYCLE_FREE_ROW);
    }
    const qint64 idleMs = idleOfRows();
    const qint64 programIdleMs = idleOfPrograms();
    if (idleMs < 0 && programIdleMs < 0)
        return;
    const quint32 rows = qMin(loadOnce(m_control[0].nextRow), m_rows.size());
    for (quint32 i = 1; i < rows && m_asked.size() < NT_RECYCLE_BATCH; ++i) {
        if (++m_nextRow >= rows)
            m_nextRow = NT_OVERFLOW_INDEX + 1;
        // A program that ended has its place as long as a row names it.
        const quint32 program = m_rows[m_nextRow].key.program;
        const bool hasEnded = program < m_programs.size() && loadOnce(m_programs[program].endedNs) != 0;
        if ((idleMs >= 0 && isIdle(m_nextRow, idleMs))
            || (programIdleMs >= 0 && hasEnded && isIdle(m_nextRow, programIdleMs)))
            ask(m_nextRow, loadOnce(m_rows[m_nextRow].generation), NT_RECYCLE_RETIRE_ROW);
    }
}

void Recycler::noteUsedPrograms()
{
    std::fill(m_isProgramUsed.begin(), m_isProgramUsed.end(), quint8(0));
    const quint32 rows = qMin(loadOnce(m_control[0].nextRow), m_rows.size());
    for (quint32 row = 0; row < rows; ++row) {
        const quint32 program = m_rows[row].key.program; // a free row names none
        if (program < m_isProgramUsed.size())
            m_isProgramUsed[program] = 1;
    }
}

void Recycler::askForPrograms()
{
    const quint32 programs = qMin(loadOnce(m_control[0].nextProgram), m_programs.size());
    const qint64 idleMs = idleOfPrograms();
    if (idleMs < 0 && m_retiredPrograms.empty())
        return;
    noteUsedPrograms();
    for (const Retired &program : m_retiredPrograms) {
        // A row that was being made as it was retired names it until that row is taken back.
        if (m_nowMs - program.sinceMs >= graceMs && !m_isProgramUsed[program.index]
            && m_asked.size() < NT_RECYCLE_BATCH)
            ask(program.index, program.generation, NT_RECYCLE_FREE_PROGRAM);
    }
    for (quint32 i = 1; idleMs >= 0 && i < programs && m_asked.size() < NT_RECYCLE_BATCH; ++i) {
        if (++m_nextProgram >= programs)
            m_nextProgram = NT_OVERFLOW_INDEX + 1;
        const nt_program &program = m_programs[m_nextProgram];
        const auto endedMs = qint64(loadOnce(program.endedNs) / 1'000'000);
        if (endedMs != 0 && m_nowMs - endedMs >= idleMs && loadOnce(program.ready)
            && !m_isProgramUsed[m_nextProgram] && !m_isProgramRetired[m_nextProgram])
            ask(m_nextProgram, loadOnce(program.generation), NT_RECYCLE_RETIRE_PROGRAM);
    }
}

void Recycler::handOver()
{
    for (size_t i = 0; i < m_asked.size(); ++i)
        m_requests[quint32(i)] = m_asked[i];
    const int file = m_file.read();
    if (file >= 0) {
        char nothing[64]; // it writes none; reading runs it
        ssize_t length = 0;
        do
            length = ::read(file, nothing, sizeof nothing);
        while (length > 0 || (length < 0 && (errno == EINTR || errno == EAGAIN)));
        close(file);
    }
    for (size_t i = 0; i < m_asked.size(); ++i) {
        const nt_recycle asked = m_asked[i];
        const bool isDone = loadOnce(m_requests[quint32(i)].step) == NT_RECYCLE_DONE;
        m_requests[quint32(i)] = {};
        if (!isDone)
            continue;
        switch (asked.step) {
        case NT_RECYCLE_RETIRE_ROW:
            m_retiredRows.push_back({asked.index, asked.generation + 1, bootTimeMs()});
            m_isRowRetired[asked.index] = 1;
            break;
        case NT_RECYCLE_FREE_ROW:
            m_isRowRetired[asked.index] = 0;
            m_reportedMs[asked.index] = 0;
            m_freedRows.push_back(asked.index);
            break;
        case NT_RECYCLE_RETIRE_PROGRAM:
            m_retiredPrograms.push_back({asked.index, asked.generation + 1, bootTimeMs()});
            m_isProgramRetired[asked.index] = 1;
            break;
        case NT_RECYCLE_FREE_PROGRAM:
            m_isProgramRetired[asked.index] = 0;
            break;
        }
    }
    std::erase_if(m_retiredRows, [this](const Retired &row) { return !m_isRowRetired[row.index]; });
    std::erase_if(m_retiredPrograms,
                  [this](const Retired &program) { return !m_isProgramRetired[program.index]; });
}

const std::vector<quint32> &Recycler::end()
{
    m_freedRows.clear();
    m_asked.clear();
    if (!m_file.isOpen())
        return m_freedRows;
    askForRows();
    askForPrograms();
    if (!m_asked.empty())
        handOver();
    return m_freedRows;
}

} // namespace Nettally
