// SPDX-License-Identifier: MIT
#pragma once

#include "checkpointfile.h"
#include "journalfolder.h"
#include "journalformat.h"

#include <QObject>
#include <QSemaphore>
#include <QThread>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace Nettally {

/**
 * What was measured, minute by minute, in numbered records in the segments of a folder; see journalformat.h.
 *
 * Written by the seal: after a crash or a power loss all records of a seal are there or none is. What is
 * there stays until it is too old or too much, then the oldest segment goes. Of what cannot be written
 * (disk full, read-only) nothing is lost while this object lives: it is tried again, and when it becomes
 * more than maxPendingRecords, the minutes of each flow are folded into the oldest.
 *
 * To be used from the thread that made it; files are written in another once start() was called.
 */
class Journal : public QObject {
    Q_OBJECT

public:
    struct Options {
        qint64 maxBytes = 64 << 20;
        qint64 maxAgeS = 35 * 86400;
    };
    /// Where and when it runs; what a new journal is marked with.
    struct Place {
        QByteArray machine; ///< 16 bytes, of this machine alone
        QByteArray bootId; ///< 16 bytes
        quint64 bootNs = 0; ///< CLOCK_BOOTTIME
        qint64 utcS = 0;
    };
    struct Slice {
        std::vector<JournalRecord> records;
        std::vector<quint64> numbers; ///< of each
        quint64 last = 0; ///< number to ask on from
        bool more = false;
        bool isRestarted = false; ///< the records are the oldest kept, not those asked for
    };

    static constexpr size_t maxPendingRecords = 50000;

    Journal(JournalFolder folder, const Options &options, QObject *parent = nullptr);
    /// As flush(), then waits for the thread.
    ~Journal() override;

    /// Finds what is there; a tail that was not written wholly is cut. An empty string, or in one sentence
    /// why it cannot be used at all: that it cannot be written now is no such reason.
    QString open(const Place &place);
    /// From now on a thread writes. It inherits the caller's privileges.
    void start();

    /// How far the counting that began at @p sinceNs in this boot is in the journal. Of one that began before
    /// the journal was made, and was never in it, none: it counts from now on.
    std::optional<Checkpoint> baseline(quint64 sinceNs);
    /// How to have everything that append() was told of rows and interfaces, at the last call of it.
    void setWholeCheckpoint(std::function<Checkpoint()> whole) { m_wholeCheckpoint = std::move(whole); }

    /// Takes what is to be written, and writes it when what came before is.
    void append(Seal seal);
    /// Writes what is pending, and waits for it.
    void flush();

    /// Records after number @p after of the journal @p journalId, at most @p limit, for at most @p maxMs.
    Slice read(const QByteArray &journalId, quint64 after, size_t limit, int maxMs) const;

    const QByteArray &id() const { return m_id; }
    quint64 lastNumber() const { return m_lastNumber; }
    /// Up to when it tells; milliseconds since 1970 UTC.
    std::optional<qint64> endUtcMs() const { return m_endUtcMs; }
    qint64 bytes() const;
    size_t pendingRecords() const { return m_pending.records.size() + m_writing.records.size(); }
    /// Why it cannot be written now, a sentence; empty when it can.
    const QString &problem() const { return m_problem; }
    /// What was found wrong and put right, a sentence; empty when nothing was.
    const QString &notice() const { return m_notice; }

Q_SIGNALS:
    /// What readings before @p readNs (CLOCK_BOOTTIME) reported is on the disk.
    void written(quint64 readNs);

private:
    struct Segment {
        QString name;
        quint64 firstNumber = 0;
        qint64 bytes = 0; ///< up to its last seal
    };
    struct Job;

    bool continueSegment(const Segment &segment);
    void findSegments();
    void addNotice(const QString &sentence);
    bool isNewSegmentDue(qint64 nowUtcS) const;
    /// Those that go to make room for @p bytes.
    QStringList dropOldSegments(qint64 bytes, qint64 nowUtcS);
    void writePending();
    void takeResult(const std::shared_ptr<Job> &job);

    const Options m_options;
    const qint64 m_segmentBytes;
    JournalFolder m_folder;
    JournalFormat::Header m_header; ///< of the next segment
    std::unique_ptr<CheckpointFile> m_checkpoints; ///< used by the job while there is one
    std::function<Checkpoint()> m_wholeCheckpoint;

    QByteArray m_id;
    QByteArray m_bootId;
    std::vector<Segment> m_segments; ///< oldest first; the last is written to
    JournalFormat::Encoder m_encoder; ///< of the last segment
    bool m_isNewSegmentWanted = false;
    quint64 m_lastNumber = 0;
    std::optional<qint64> m_endUtcMs;

    Seal m_pending;
    Seal m_writing; ///< while there is a job
    std::shared_ptr<Job> m_job;
    QThread m_thread;
    QObject *m_writer = nullptr; ///< lives in m_thread; null before start()
    QTimer m_retryTimer;
    QString m_problem;
    QString m_checkpointProblem; ///< for good
    QString m_notice;
};

} // namespace Nettally
