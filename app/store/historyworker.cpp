// SPDX-License-Identifier: MIT
#include "historyworker.h"

#include <QDir>
#include <QFileInfo>

namespace Nettally {

namespace {

constexpr qint64 minuteMs = 60000;
constexpr qsizetype maxPendingMinutes = 60;
constexpr qsizetype maxPendingFacts = 200000; ///< some 40 MB

qint64 minuteOf(qint64 utcMs)
{
    return utcMs >= 0 ? utcMs / minuteMs : (utcMs - minuteMs + 1) / minuteMs;
}

QString withStop(const QString &detail)
{
    return detail.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(detail.trimmed());
}

} // namespace

HistoryWorker::HistoryWorker(const QString &path, HistoryStore::Mode mode,
                             std::chrono::milliseconds retryInterval, Report report)
    : m_path(path)
    , m_mode(mode)
    , m_report(std::move(report))
    , m_timer(this)
    , m_lock(path + QStringLiteral(".lock"))
{
    // A recorder may sit for weeks: only a dead process makes its lock stale, never its age.
    m_lock.setStaleLockTime(0);
    m_timer.setInterval(retryInterval);
    connect(&m_timer, &QTimer::timeout, this, &HistoryWorker::write);
}

void HistoryWorker::start()
{
    if (m_mode == HistoryStore::Mode::Read) {
        if (QFileInfo::exists(m_path)) {
            report(HistoryStore::State::Reader, QString());
        } else {
            reportProblem({DatabaseError::Missing, QString()});
        }
        return;
    }
    m_timer.start();
    write();
}

void HistoryWorker::record(qint64 utcMs, const QList<UsageDelta> &deltas)
{
    if (m_mode == HistoryStore::Mode::Read || m_isReader) {
        return; // the recording process sees the same traffic
    }
    const qint64 minute = minuteOf(utcMs);
    if (minute != m_openMinute && !m_pending.isEmpty()) {
        write();
        m_timer.start(); // its next turn only comes if the record stops
    }
    m_openMinute = minute;
    for (const UsageDelta &delta : deltas) {
        m_pending.add(minute, delta);
    }
    if (m_pending.factCount() > maxPendingFacts) {
        write();
        m_isCoarse = m_pending.fold(maxPendingMinutes, maxPendingFacts) || m_isCoarse;
    }
}

void HistoryWorker::write()
{
    if (m_mode == HistoryStore::Mode::Read) {
        return;
    }
    const DatabaseResult result = openAndWrite();
    if (m_isReader) {
        return;
    }
    if (result) {
        m_isCoarse = false;
        reportHealthy();
        return;
    }
    m_database.close(); // the next try begins from the file as it is then
    m_isCoarse = m_pending.fold(maxPendingMinutes, maxPendingFacts) || m_isCoarse;
    reportProblem(result);
}

HistoryWorker::Lock HistoryWorker::takeLock()
{
    if (m_lock.isLocked() || m_lock.tryLock(0)) {
        return Lock::Held;
    }
    return m_lock.error() == QLockFile::LockFailedError ? Lock::OtherProcess : Lock::Refused;
}

DatabaseResult HistoryWorker::openAndWrite()
{
    if (m_database.isOpen() && !m_database.isInPlace()) {
        m_database.close(); // somebody moved or deleted the file: what goes there now would be lost
        m_isChecked = false;
    }
    if (!m_database.isOpen()) {
        // The folder is needed for the lock already, the file makes "full" and "read-only" tell themselves
        // apart.
        DatabaseResult result = HistoryDatabase::createFile(m_path);
        if (!result) {
            return result;
        }
        const Lock lock = takeLock();
        m_isReader = lock == Lock::OtherProcess;
        if (m_isReader) {
            m_pending.clear();
            m_isCoarse = false;
            qint64 pid = 0;
            QString host;
            QString program;
            m_lock.getLockInfo(&pid, &host, &program);
            report(HistoryStore::State::Reader,
                   HistoryStore::tr(
                       "Another running program (%1, process %2) is recording the history; this one "
                       "shows it and takes over when that one ends.")
                       .arg(program.isEmpty() ? HistoryStore::tr("unknown") : program)
                       .arg(pid));
            return {};
        }
        if (lock == Lock::Refused) {
            return {HistoryDatabase::isDiskFull(m_path) ? DatabaseError::DiskFull : DatabaseError::ReadOnly,
                    HistoryStore::tr("no lock file can be made beside it")};
        }
        result = m_database.openForRecording(m_path, !m_isChecked);
        if (result.error == DatabaseError::Corrupt && setAside(result)) {
            result = beginAnew();
        }
        if (!result) {
            return result;
        }
        m_isChecked = true;
    }
    if (m_pending.isEmpty()) {
        return {};
    }
    DatabaseResult result = m_database.write(m_pending);
    if (result.error == DatabaseError::Corrupt && setAside(result)) {
        result = beginAnew();
        if (result) {
            result = m_database.write(m_pending);
        }
    }
    if (result) {
        m_pending.clear();
    }
    return result;
}

bool HistoryWorker::setAside(const DatabaseResult &damage)
{
    m_database.close();
    const QString target = HistoryDatabase::setAside(m_path);
    if (target.isEmpty()) {
        return false;
    }
    qWarning("The history %s is damaged: %s", qUtf8Printable(m_path), qUtf8Printable(damage.detail));
    m_setAsideNotice =
        HistoryStore::tr("The history was damaged and is kept as %1; a new one has been begun. To save "
                         "what the old one holds, run: sqlite3 %1 .recover")
            .arg(QDir::toNativeSeparators(target));
    return true;
}

DatabaseResult HistoryWorker::beginAnew()
{
    const DatabaseResult result = HistoryDatabase::createFile(m_path);
    return result ? m_database.openForRecording(m_path, false) : result;
}

ProgramUsageResult HistoryWorker::programUsage(qint64 fromUtcMs, qint64 toUtcMs)
{
    ProgramUsageResult answer;
    const bool isOpen = m_database.isOpen();
    DatabaseResult result = isOpen ? DatabaseResult() : m_database.openForReading(m_path);
    if (result) {
        // Whole minutes that begin within the span: up from both ends.
        result = m_database.programUsage(minuteOf(fromUtcMs + minuteMs - 1), minuteOf(toUtcMs + minuteMs - 1),
                                         answer.programs);
    }
    if (!isOpen) {
        m_database.close(); // so that a reader never keeps the recorder's log from being emptied
    }
    if (!result) {
        answer.programs.clear();
        answer.problem = sentence(result);
    }
    return answer;
}

void HistoryWorker::reportHealthy()
{
    if (m_setAsideNotice.isEmpty()) {
        report(HistoryStore::State::Recording, QString());
    } else {
        report(HistoryStore::State::Broken, m_setAsideNotice);
    }
}

void HistoryWorker::reportProblem(const DatabaseResult &result)
{
    QString problem = sentence(result);
    if (m_isCoarse) {
        problem +=
            u' '
            + HistoryStore::tr(
                "What waits longest to be written is kept as sums only, without every minute or address.");
    }
    switch (result.error) {
    case DatabaseError::ReadOnly:
        report(HistoryStore::State::ReadOnly, problem);
        return;
    case DatabaseError::DiskFull:
        report(HistoryStore::State::DiskFull, problem);
        return;
    default:
        report(HistoryStore::State::Failed, problem);
    }
}

QString HistoryWorker::sentence(const DatabaseResult &result) const
{
    const QString path = QDir::toNativeSeparators(m_path);
    const QString detail = withStop(result.detail);
    switch (result.error) {
    case DatabaseError::None:
        return QString();
    case DatabaseError::Missing:
        return HistoryStore::tr(
                   "There is no history at %1 yet: start nettally to begin one, or name another file.")
            .arg(path);
    case DatabaseError::ReadOnly:
        return HistoryStore::tr(
                   "The history %1 cannot be written%2: make the file and its folder writable; until then "
                   "it is kept in memory.")
            .arg(path, detail);
    case DatabaseError::DiskFull:
        return HistoryStore::tr(
                   "The disk that holds the history %1 is full: free some space; until then it is kept "
                   "in memory.")
            .arg(path);
    case DatabaseError::Locked:
        return HistoryStore::tr(
                   "Another program keeps the history %1 locked%2: close it; until then it is kept in "
                   "memory.")
            .arg(path, detail);
    case DatabaseError::Corrupt:
        return HistoryStore::tr(
                   "The history %1 is damaged%2 and could not be renamed: move it away to begin a new one.")
            .arg(path, detail);
    case DatabaseError::TooNew:
        return HistoryStore::tr(
                   "The history %1 was written by a newer version of Nettally and is left as it is: "
                   "install that version, or move the file away to begin a new one.")
            .arg(path);
    case DatabaseError::Foreign:
        return HistoryStore::tr(
                   "The file %1 is a database of another program and is left as it is: move it away, or "
                   "name another file.")
            .arg(path);
    case DatabaseError::Other:
        break;
    }
    return HistoryStore::tr(
               "The history %1 cannot be used%2: see that the file and its folder can be read and "
               "written.")
        .arg(path, detail);
}

void HistoryWorker::report(HistoryStore::State state, const QString &problem)
{
    if (state == m_state && problem == m_problem) {
        return;
    }
    m_state = state;
    m_problem = problem;
    m_report(state, problem);
}

} // namespace Nettally
