// SPDX-License-Identifier: MIT
#include "journal.h"

#include <QDeadlineTimer>
#include <QRandomGenerator>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace Nettally {

using namespace JournalFormat;

namespace {

constexpr int retryMs = 10000;
/// Numbers follow the clock where they can, in this many steps a second: a journal that was put back to an
/// earlier state goes on with numbers that were never told.
constexpr int numbersPerSecondShift = 24;
constexpr char suffix[] = ".journal";

QString nameOf(quint64 firstNumber)
{
    return QStringLiteral("%1%2").arg(firstNumber, 16, 16, QLatin1Char('0')).arg(QLatin1String(suffix));
}

/// All minutes become the oldest of them, so that the books of its interfaces still balance.
void fold(std::vector<JournalRecord> &records)
{
    qint64 oldest = std::numeric_limits<qint64>::max();
    for (const JournalRecord &record : records) {
        if (const auto *flow = std::get_if<JournalFlow>(&record))
            oldest = std::min(oldest, flow->minuteUtcS);
        else if (const auto *counters = std::get_if<JournalInterface>(&record))
            oldest = std::min(oldest, counters->minuteUtcS);
    }
    QHash<QByteArray, size_t> places;
    std::vector<JournalRecord> folded;
    for (JournalRecord &record : records) {
        auto *flow = std::get_if<JournalFlow>(&record);
        auto *counters = std::get_if<JournalInterface>(&record);
        if (!flow && !counters) {
            folded.push_back(std::move(record));
            continue;
        }
        (flow ? flow->minuteUtcS : counters->minuteUtcS) = oldest;
        QByteArray key = (flow ? flow->interfaceName : counters->interfaceName).toUtf8();
        if (flow) {
            key += '\0' + flow->program.name.toUtf8() + '\0' + flow->program.executable.toUtf8() + '\0'
                + flow->program.cgroupPath.toUtf8() + '\0' + QByteArray::number(flow->program.uid) + '\0'
                + QByteArray::number(int(flow->program.kind)) + '\0' + QByteArray::number(flow->protocol)
                + '\0' + QByteArray::number(flow->servicePort) + '\0' + QByteArray::number(flow->direction)
                + '\0'
                + QByteArray(reinterpret_cast<const char *>(flow->remote.data()),
                             qsizetype(flow->remote.size()));
        }
        const auto place = places.constFind(key);
        if (place == places.constEnd()) {
            places.insert(key, folded.size());
            folded.push_back(std::move(record));
        } else if (flow) {
            std::get<JournalFlow>(folded[*place]).sums += flow->sums;
        } else {
            auto &sum = std::get<JournalInterface>(folded[*place]);
            sum.rxCounterBytes += counters->rxCounterBytes;
            sum.txCounterBytes += counters->txCounterBytes;
            sum.rxRemainderBytes += counters->rxRemainderBytes;
            sum.txRemainderBytes += counters->txRemainderBytes;
        }
    }
    records = std::move(folded);
}

/// Adds @p later to @p seal, as if they had been one.
void merge(Seal &seal, Seal later)
{
    seal.records.insert(seal.records.end(), std::make_move_iterator(later.records.begin()),
                        std::make_move_iterator(later.records.end()));
    // Of two states of a row the later counts when they are read.
    seal.changed.rows.insert(seal.changed.rows.end(), later.changed.rows.begin(), later.changed.rows.end());
    seal.changed.interfaces = std::move(later.changed.interfaces);
    seal.endUtcMs = later.endUtcMs;
    seal.readNs = later.readNs;
}

/// As many rows as there are, once the same come again and again.
void keepLatestRows(std::vector<Checkpoint::Row> &rows)
{
    QHash<quint32, Checkpoint::Row> latest;
    for (const Checkpoint::Row &row : rows)
        latest.insert(row.slot, row);
    rows.assign(latest.cbegin(), latest.cend());
}

} // namespace

/// What the writing thread does for one seal; the members below the line are its answer.
struct Journal::Job {
    const JournalFolder *folder = nullptr;
    CheckpointFile *checkpoints = nullptr;
    QStringList oldNames; ///< of segments that go
    Segment segment; ///< as it was before
    bool isNewSegment = false;
    QByteArray bytes; ///< with the header of a new segment
    Checkpoint changed;
    std::optional<Checkpoint> whole;
    Encoder encoder; ///< after the seal
    quint64 lastNumber = 0; ///< of the seal

    int error = 0; ///< errno; 0: all is on the disk
    bool isAtDisk = false; ///< it failed while the disk was waited for
    QSemaphore done;

    void run()
    {
        for (const QString &name : oldNames)
            folder->remove(name);
        if (checkpoints && !checkpoints->append(changed, lastNumber)) {
            error = errno;
            return;
        }
        error = writeSegment();
        if (!checkpoints)
            return;
        if (error != 0) {
            checkpoints->takeBack();
            return;
        }
        checkpoints->commit();
        if (whole && !checkpoints->replace(*whole, lastNumber))
            qWarning("The checkpoints of the journal cannot be made shorter: %s.", std::strerror(errno));
    }

    int writeSegment()
    {
        const int fd = folder->openFile(segment.name, O_WRONLY | (isNewSegment ? O_CREAT | O_TRUNC : 0));
        if (fd < 0)
            return errno;
        int failure = writeAt(fd, bytes, segment.bytes) ? 0 : errno;
        if (failure == 0 && fdatasync(fd)) {
            failure = errno;
            isAtDisk = true;
        }
        if (failure == 0 && isNewSegment && !folder->sync()) {
            failure = errno;
            isAtDisk = true;
        }
        // So that a later start does not find a whole seal that is written once more.
        if (failure != 0 && isNewSegment)
            folder->remove(segment.name);
        else if (failure != 0 && ftruncate(fd, segment.bytes))
            qWarning("The journal's segment cannot be cut: %s.", std::strerror(errno));
        close(fd);
        return failure;
    }
};

Journal::Journal(JournalFolder folder, const Options &options, QObject *parent)
    : QObject(parent)
    , m_options(options)
    , m_segmentBytes(std::clamp<qint64>(options.maxBytes / 64, 4096, 1 << 20))
    , m_folder(std::move(folder))
{
    m_retryTimer.setSingleShot(true);
    m_retryTimer.setInterval(retryMs);
    connect(&m_retryTimer, &QTimer::timeout, this, &Journal::writePending);
}

Journal::~Journal()
{
    flush();
    if (m_writer) {
        m_thread.quit();
        m_thread.wait();
        delete m_writer;
    }
}

// --- Opening.

QString Journal::open(const Place &place)
{
    if (!m_folder.lock()) {
        return errno == EWOULDBLOCK
            ? tr("Another helper writes the journal in %1: end it, or name another folder with --journal.")
                  .arg(m_folder.path())
            : tr("The folder %1 of the journal cannot be read: %2. See to its owner and mode.")
                  .arg(m_folder.path(), QString::fromLocal8Bit(std::strerror(errno)));
    }
    m_bootId = place.bootId;
    m_header = {{}, place.machine, place.bootId, place.bootNs, 0};
    findSegments();
    while (!m_segments.empty() && !continueSegment(m_segments.back())) {
        // Only begun when the power failed; its first record is to come again.
        m_folder.remove(m_segments.back().name);
        m_segments.pop_back();
    }
    if (m_id.isEmpty()) {
        m_id.resize(idBytes);
        QRandomGenerator::system()->fillRange(reinterpret_cast<quint32 *>(m_id.data()),
                                              idBytes / qsizetype(sizeof(quint32)));
        m_header.journalId = m_id;
    }
    if (!m_segments.empty())
        return {};
    // At once, so that a later start knows what was counted since there is a journal.
    m_header.firstNumber =
        std::max<quint64>(quint64(std::max<qint64>(place.utcS, 0)) << numbersPerSecondShift, 1);
    m_lastNumber = m_header.firstNumber - 1;
    const QString name = nameOf(m_header.firstNumber);
    const QByteArray header = encode(m_header);
    const int fd = m_folder.openFile(name, O_WRONLY | O_CREAT | O_TRUNC);
    const bool isMade = fd >= 0 && writeAt(fd, header, 0) && fdatasync(fd) == 0 && m_folder.sync();
    if (isMade) {
        m_segments.push_back({name, m_header.firstNumber, header.size()});
    } else {
        m_problem = tr("The journal in %1 cannot be made: %2. It is tried again.")
                        .arg(m_folder.path(), QString::fromLocal8Bit(std::strerror(errno)));
        m_folder.remove(name);
    }
    if (fd >= 0)
        close(fd);
    return {};
}

/// The newest segment of this machine says which journal it is; what is of none is put aside.
void Journal::findSegments()
{
    struct Found {
        QString name;
        Header header;
    };
    QList<Found> found;
    for (const QString &name : m_folder.names()) {
        if (!name.endsWith(QLatin1String(suffix)))
            continue;
        const QByteArray bytes = m_folder.read(name, headerBytes);
        const std::optional<Header> header = decodeHeader(bytes);
        if (header && header->machine == m_header.machine) {
            found.append({name, *header});
        } else if (bytes.size() < headerBytes) {
            m_folder.remove(name); // only begun
        } else {
            m_folder.rename(name, name + QLatin1String(".aside"));
            addNotice(header ? tr("%1 is of another machine and was put aside.").arg(name)
                             : tr("%1 is no journal that can be read and was put aside.").arg(name));
        }
    }
    // Names sort by number.
    for (const Found &one : found) {
        if (one.header.journalId != found.constLast().header.journalId) {
            m_folder.rename(one.name, one.name + QLatin1String(".aside"));
            addNotice(tr("%1 is of an older journal and was put aside.").arg(one.name));
            continue;
        }
        m_segments.push_back({one.name, one.header.firstNumber, 0});
        m_header = one.header;
        m_id = one.header.journalId;
    }
    for (Segment &segment : m_segments) {
        const int fd = m_folder.openFile(segment.name, O_RDONLY);
        segment.bytes = fd >= 0 ? lseek(fd, 0, SEEK_END) : 0;
        if (fd >= 0)
            close(fd);
    }
}

/// Cuts what follows its last seal. False where it has none and there are others.
bool Journal::continueSegment(const Segment &segment)
{
    const QByteArray bytes = m_folder.read(segment.name);
    FrameReader reader(QByteArrayView(bytes).sliced(std::min(headerBytes, bytes.size())));
    Decoder decoder;
    m_lastNumber = segment.firstNumber - 1;
    qsizetype end = 0;
    qsizetype damaged = 0;
    while (const std::optional<Frame> frame = reader.next()) {
        decoder.take(*frame);
        const std::optional<qint64> sealed = sealEndUtcMs(*frame);
        if (!sealed)
            continue;
        m_lastNumber = frame->number;
        m_endUtcMs = *sealed;
        end = frame->end;
        damaged = reader.damagedBytes();
    }
    const bool isFirst = m_segments.size() == 1;
    if (end == 0 && !isFirst)
        return false;
    const qsizetype tail = bytes.size() - headerBytes - end;
    if (tail > 0) {
        const int fd = m_folder.openFile(segment.name, O_WRONLY);
        if (fd < 0 || ftruncate(fd, headerBytes + end))
            m_isNewSegmentWanted = true; // what is in the way stays, without a seal
        if (fd >= 0)
            close(fd);
        addNotice(
            tr("The journal's last %1 bytes had not been written wholly and were cut: the helper or the "
               "machine stopped meanwhile.")
                .arg(tail));
    }
    if (damaged > 0)
        addNotice(tr("%1 bytes of the journal are damaged and were left out; see to the disk of %2.")
                      .arg(damaged)
                      .arg(m_folder.path()));
    m_segments.back().bytes = headerBytes + end;
    for (auto it = decoder.programs().cbegin(); it != decoder.programs().cend(); ++it)
        m_encoder.know(*it, it.key());
    for (auto it = decoder.interfaces().cbegin(); it != decoder.interfaces().cend(); ++it)
        m_encoder.know(*it, it.key());
    // What was named and is lost would be named again under a number that is taken.
    if (damaged > 0)
        m_isNewSegmentWanted = true;
    return true;
}

void Journal::addNotice(const QString &sentence)
{
    qWarning("%s", qUtf8Printable(sentence));
    m_notice = m_notice.isEmpty() ? sentence : m_notice + QLatin1Char(' ') + sentence;
}

void Journal::start()
{
    m_writer = new QObject;
    m_writer->moveToThread(&m_thread);
    m_thread.start();
}

std::optional<Checkpoint> Journal::baseline(quint64 sinceNs)
{
    m_checkpoints = std::make_unique<CheckpointFile>(m_folder);
    std::optional<Checkpoint> found;
    if (!m_checkpoints->open(m_id, m_bootId, sinceNs, m_lastNumber, &found)) {
        m_checkpointProblem =
            tr("The checkpoints of the journal in %1 cannot be kept (%2): should the helper be killed, "
               "its last minutes may be counted twice. Free some space and restart it.")
                .arg(m_folder.path(), QString::fromLocal8Bit(std::strerror(errno)));
        qWarning("%s", qUtf8Printable(m_checkpointProblem));
        m_problem = m_checkpointProblem;
        m_checkpoints.reset();
    }
    if (found)
        return found;
    const bool isOlder = m_header.bootId == m_bootId && sinceNs < m_header.madeNs;
    return isOlder ? std::nullopt : std::optional(Checkpoint());
}

// --- Writing.

qint64 Journal::bytes() const
{
    qint64 sum = 0;
    for (const Segment &segment : m_segments)
        sum += segment.bytes;
    return sum;
}

void Journal::append(Seal seal)
{
    merge(m_pending, std::move(seal));
    if (m_pending.records.size() > maxPendingRecords) {
        fold(m_pending.records);
        keepLatestRows(m_pending.changed.rows);
    }
    writePending();
}

bool Journal::isNewSegmentDue(qint64 nowUtcS) const
{
    if (m_segments.empty() || m_isNewSegmentWanted)
        return true;
    const Segment &newest = m_segments.back();
    // Of what is older than this a part would be kept too long.
    const qint64 oldS = m_options.maxAgeS / 35;
    const auto beginS = qint64(newest.firstNumber >> numbersPerSecondShift);
    return newest.bytes >= m_segmentBytes || (newest.bytes > headerBytes && nowUtcS - beginS > oldS);
}

QStringList Journal::dropOldSegments(qint64 bytesMore, qint64 nowUtcS)
{
    QStringList names;
    qint64 sum = bytes() + bytesMore;
    // The records of a segment are older than the number of the next.
    const auto isTooOld = [&] {
        return nowUtcS - qint64(m_segments[1].firstNumber >> numbersPerSecondShift) > m_options.maxAgeS;
    };
    while (m_segments.size() > 1 && (sum > m_options.maxBytes || isTooOld())) {
        sum -= m_segments.front().bytes;
        names.append(m_segments.front().name);
        m_segments.erase(m_segments.begin());
    }
    return names;
}

void Journal::writePending()
{
    if (m_job
        || (m_pending.records.empty() && m_pending.changed.rows.empty()
            && m_pending.changed.interfaces.empty() && m_pending.endUtcMs == 0))
        return;
    m_retryTimer.stop();
    m_job = std::make_shared<Job>();
    Job &job = *m_job;
    m_writing = std::exchange(m_pending, Seal());
    const qint64 nowUtcS = std::max<qint64>(m_writing.endUtcMs / 1000, 0);
    const quint64 first = std::max(m_lastNumber + 1, quint64(nowUtcS) << numbersPerSecondShift);

    job.folder = &m_folder;
    job.isNewSegment = isNewSegmentDue(nowUtcS);
    if (job.isNewSegment) {
        m_header.firstNumber = first;
        job.bytes = encode(m_header);
        job.segment = {nameOf(first), first, 0};
    } else {
        job.encoder = m_encoder;
        job.segment = m_segments.back();
    }
    job.lastNumber = job.encoder.append(job.bytes, m_writing.records, m_writing.endUtcMs, first);
    job.oldNames = dropOldSegments(job.bytes.size(), nowUtcS);
    job.checkpoints = m_checkpoints.get();
    if (m_checkpoints) {
        job.changed = m_writing.changed;
        if (m_wholeCheckpoint && m_checkpoints->isLong())
            job.whole = m_wholeCheckpoint();
    }
    if (!m_writer) {
        job.run();
        job.done.release();
        takeResult(std::shared_ptr<Job>(m_job));
        return;
    }
    QMetaObject::invokeMethod(m_writer, [this, running = m_job] {
        running->run();
        running->done.release();
        QMetaObject::invokeMethod(this, [this, running] { takeResult(running); });
    });
}

void Journal::takeResult(const std::shared_ptr<Job> &job)
{
    if (m_job != job)
        return; // flush() was there first
    m_job.reset();
    if (job->error != 0) {
        Seal later = std::exchange(m_pending, std::exchange(m_writing, Seal()));
        if (later.endUtcMs != 0)
            merge(m_pending, std::move(later));
        // What the disk did not take may be gone from memory and still not be on it.
        m_isNewSegmentWanted = m_isNewSegmentWanted || job->isAtDisk;
        const bool isFull = job->error == ENOSPC || job->error == EDQUOT;
        const QString problem = isFull
            ? tr("There is no room for the journal in %1: what is measured stays in the helper's memory; "
                 "free "
                 "some space.")
                  .arg(m_folder.path())
            : tr("The journal in %1 cannot be written (%2): what is measured stays in the helper's memory; "
                 "see "
                 "to the disk.")
                  .arg(m_folder.path(), QString::fromLocal8Bit(std::strerror(job->error)));
        if (m_problem != problem)
            qWarning("%s", qUtf8Printable(problem));
        m_problem = problem;
        m_retryTimer.start();
        return;
    }
    m_problem = m_checkpointProblem;
    if (job->isNewSegment)
        m_segments.push_back(job->segment);
    m_segments.back().bytes += job->bytes.size();
    m_isNewSegmentWanted = false;
    m_encoder = std::move(job->encoder);
    m_lastNumber = job->lastNumber;
    m_endUtcMs = m_writing.endUtcMs;
    const quint64 readNs = std::exchange(m_writing, Seal()).readNs;
    writePending();
    Q_EMIT written(readNs);
}

void Journal::flush()
{
    if (!m_job)
        writePending();
    while (const std::shared_ptr<Job> job = m_job) {
        job->done.acquire();
        takeResult(job);
    }
}

// --- Reading.

Journal::Slice Journal::read(const QByteArray &journalId, quint64 after, size_t limit, int maxMs) const
{
    const QDeadlineTimer deadline(maxMs);
    Slice slice;
    slice.isRestarted = journalId != m_id || after > m_lastNumber;
    slice.last = slice.isRestarted ? 0 : after;
    const quint64 begin = slice.last;

    auto segment =
        std::upper_bound(m_segments.begin(), m_segments.end(), slice.last,
                         [](quint64 number, const Segment &one) { return number + 1 < one.firstNumber; });
    if (segment != m_segments.begin())
        --segment;
    for (; segment != m_segments.end(); ++segment) {
        const QByteArray bytes = m_folder.read(segment->name, segment->bytes);
        FrameReader reader(QByteArrayView(bytes).sliced(std::min(headerBytes, bytes.size())));
        Decoder decoder;
        while (const std::optional<Frame> frame = reader.next()) {
            std::optional<JournalRecord> record = decoder.take(*frame);
            if (frame->number <= slice.last)
                continue;
            slice.last = frame->number;
            if (record) {
                slice.records.push_back(*std::move(record));
                slice.numbers.push_back(frame->number);
            }
            if (slice.records.size() >= limit) {
                slice.more = slice.last < m_lastNumber;
                return slice;
            }
        }
        // Never without a step forward: it may have been the segment that ends where the reader is.
        if (slice.last != begin && deadline.hasExpired())
            break;
    }
    slice.more = segment != m_segments.end() && slice.last < m_lastNumber;
    if (!slice.more)
        slice.last = std::max(slice.last, m_lastNumber);
    return slice;
}

} // namespace Nettally
