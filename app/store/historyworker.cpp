// SPDX-License-Identifier: MIT
#include "historyworker.h"

#include "historyreader.h"
#include "historytransfer.h"
#include "historyverifier.h"

#include <QDateTime>
#include <QDir>
#include <QFile>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qsizetype maxPendingMinutes = 60;
constexpr qsizetype maxPendingFlows = 200000; ///< some 60 MB
constexpr std::chrono::milliseconds troubledInterval = std::chrono::seconds(5);
constexpr qint64 maintainEveryMs = 3'600'000;
constexpr qsizetype journalIdBytes = 16;

QString withStop(const QString &detail)
{
    return detail.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(detail.trimmed());
}

} // namespace

HistoryWorker::HistoryWorker(const QString &location, HistoryStore::Mode mode,
                             std::chrono::milliseconds retryInterval, Reports reports)
    : m_mode(mode)
    , m_retryInterval(retryInterval)
    , m_reports(std::move(reports))
    , m_database(HistoryDatabase::make(location))
    , m_timer(this)
{
    m_timer.setInterval(retryInterval);
    connect(&m_timer, &QTimer::timeout, this, &HistoryWorker::write);
}

void HistoryWorker::start()
{
    if (m_mode == HistoryStore::Mode::Read) {
        const QString problem = read([] { return DatabaseResult(); });
        report(problem.isEmpty() ? HistoryStore::State::Reader : HistoryStore::State::Failed, problem);
        return;
    }
    m_timer.start();
    write();
}

void HistoryWorker::applyBatch(const HistoryBatch &batch)
{
    if (m_mode == HistoryStore::Mode::Read || m_isReader) {
        return; // the recording process sees the same traffic
    }
    if (batch.cursor) {
        if (batch.cursor->journalId.size() != journalIdBytes || batch.cursor->number >> 63 != 0) {
            qWarning("A batch of records without a valid place in its journal is not stored.");
            return;
        }
        m_batches.enqueue(batch);
        write();
        return;
    }
    for (const HistoryRecord &record : batch.records) {
        const auto *flow = std::get_if<FlowMinute>(&record);
        if (flow && !m_pending.isEmpty() && flow->minuteUtcS != m_pending.openMinuteUtcS()) {
            write();
            m_timer.start(); // its next turn only comes if the record stops
        }
        m_pending.add(record);
    }
    if (m_pending.flowCount() > maxPendingFlows) {
        write();
        m_isCoarse = m_pending.fold(maxPendingMinutes, maxPendingFlows) || m_isCoarse;
    }
}

void HistoryWorker::write()
{
    if (m_mode == HistoryStore::Mode::Read) {
        return;
    }
    const DatabaseResult result = openAndWrite();
    if (result.error == DatabaseError::Taken) {
        m_isReader = true;
        m_pending.clear();
        m_batches.clear();
        m_isCoarse = false;
        m_database->close();
        m_reports.cursor(std::nullopt);
        report(
            HistoryStore::State::Reader,
            HistoryStore::tr("Another running program (%1) is recording the history; this one shows it and "
                             "takes over when that one ends.")
                .arg(result.detail));
        return;
    }
    m_timer.setInterval(result ? m_retryInterval : std::min(m_retryInterval, troubledInterval));
    m_isReader = false;
    if (result) {
        m_isCoarse = false;
        reportHealthy();
        return;
    }
    m_database->close(); // the next try begins from the file as it is then
    m_isCoarse = m_pending.fold(maxPendingMinutes, maxPendingFlows) || m_isCoarse;
    reportProblem(result);
}

DatabaseResult HistoryWorker::openAndWrite()
{
    if (m_database->isOpen() && !m_database->isInPlace()) {
        m_database->close(); // somebody moved or deleted the file: what goes there now would be lost
        m_isChecked = false;
    }
    DatabaseResult result = m_database->isOpen() ? DatabaseResult() : open();
    if (result) {
        result = writeWaiting();
        if (result.error == DatabaseError::Corrupt) {
            result = replaceDamaged(result);
            if (result) {
                result = writeWaiting();
            }
        }
    }
    return result;
}

DatabaseResult HistoryWorker::open()
{
    DatabaseResult result = m_database->openForRecording(!m_isChecked);
    if (result.error == DatabaseError::Corrupt) {
        result = replaceDamaged(result);
    }
    std::optional<HistoryCursor> cursor;
    if (result) {
        m_isChecked = true;
        m_maintained.invalidate();
        result = m_database->readCursor(cursor);
    }
    if (result) {
        m_reports.cursor(cursor);
    }
    return result;
}

DatabaseResult HistoryWorker::writeWaiting()
{
    if (!m_pending.isEmpty()) {
        DatabaseResult result = m_database->apply({m_pending.records(), std::nullopt});
        if (!result) {
            return result;
        }
        m_pending.clear();
    }
    while (!m_batches.isEmpty()) {
        HistoryCursor stored;
        DatabaseResult result = m_database->apply(m_batches.head(), &stored);
        if (!result) {
            return result;
        }
        m_batches.dequeue();
        m_reports.applied(stored);
    }
    if (!m_maintained.isValid() || m_maintained.hasExpired(maintainEveryMs)) {
        DatabaseResult result = m_database->maintain(QDateTime::currentSecsSinceEpoch());
        if (!result) {
            return result;
        }
        m_maintained.start();
    }
    return {};
}

DatabaseResult HistoryWorker::replaceDamaged(const DatabaseResult &damage)
{
    QString target;
    qint64 rows = 0;
    DatabaseResult result = m_database->replaceDamaged(target, rows);
    if (target.isEmpty()) {
        return damage;
    }
    qWarning("The history %s is damaged: %s", qUtf8Printable(m_database->displayName()),
             qUtf8Printable(damage.detail));
    target = QDir::toNativeSeparators(target);
    m_setAsideNotice = rows > 0
        ? HistoryStore::tr(
              "The history was damaged and is kept as %1; what could be read of it (%2 rows) is in "
              "the new one that has been begun.")
              .arg(target)
              .arg(rows)
        : HistoryStore::tr("The history was damaged and is kept as %1; a new one has been begun. To save "
                           "what the old one holds, run: sqlite3 %1 .recover")
              .arg(target);
    return result;
}

QString HistoryWorker::read(const std::function<DatabaseResult()> &work)
{
    const bool isOpen = m_database->isOpen();
    DatabaseResult result = isOpen ? DatabaseResult() : m_database->openForReading();
    if (result) {
        result = m_database->beginReading();
    }
    if (result) {
        result = work();
        m_database->endReading();
    }
    if (!isOpen || result.error == DatabaseError::Unreachable) {
        // So that a reader never keeps the recorder's log from being emptied.
        m_database->close();
    }
    return sentence(result);
}

HistoryAnswer HistoryWorker::answer(const HistoryQuery &query)
{
    HistoryAnswer answer;
    const QString problem = read([&] { return HistoryReader(*m_database).answer(query, answer); });
    if (!problem.isEmpty()) {
        answer = {};
        answer.problem = problem;
    }
    return answer;
}

HistoryVerdict HistoryWorker::verify()
{
    HistoryVerdict verdict;
    verdict.problem = read([&] { return HistoryVerifier(*m_database).verify(verdict); });
    return verdict;
}

QString HistoryWorker::exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS, const ExportSink &sink)
{
    return read([&] { return HistoryTransfer(*m_database).exportSpan(format, fromUtcS, toUtcS, sink); });
}

QString HistoryWorker::refusal()
{
    write();
    return m_database->isOpen() && !m_isReader ? QString() : m_problem;
}

QString HistoryWorker::vacuum()
{
    const QString problem = refusal();
    return problem.isEmpty() ? sentence(m_database->vacuum()) : problem;
}

HistoryImport HistoryWorker::import(const QString &path)
{
    HistoryImport imported;
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        imported.problem = HistoryStore::tr("The file %1 cannot be read (%2): name an export of a history.")
                               .arg(path, file.errorString());
        return imported;
    }
    imported.problem = refusal();
    if (!imported.problem.isEmpty()) {
        return imported;
    }
    const QString problem = sentence(HistoryTransfer(*m_database).import(file, imported));
    if (!problem.isEmpty()) {
        imported.problem = problem;
    } else if (!imported.problem.isEmpty()) {
        imported.problem =
            HistoryStore::tr("The file %1 cannot be imported, %2.").arg(path, imported.problem);
    }
    return imported;
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
    const QString path = m_database->displayName();
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
    case DatabaseError::TooOld:
        return HistoryStore::tr(
                   "The history %1 was written by an older version of Nettally: start nettally once "
                   "to bring it up to date.")
            .arg(path);
    case DatabaseError::Taken:
        return HistoryStore::tr(
                   "Another running program (%1) is recording into the history %2: close it first.")
            .arg(result.detail, path);
    case DatabaseError::Unreachable:
        return HistoryStore::tr(
                   "The history %1 cannot be reached%2: see that the server runs and lets you in; "
                   "until then it is kept in memory.")
            .arg(path, detail);
    case DatabaseError::BadUrl:
        return HistoryStore::tr("The address %1 of a history is not understood%2: write it as "
                                "postgresql://user@server/database.")
            .arg(path, detail);
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
    m_reports.state(state, problem);
}

} // namespace Nettally
