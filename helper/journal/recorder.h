// SPDX-License-Identifier: MIT
#pragma once

#include "cgrouppaths.h"
#include "journal.h"
#include "minutebook.h"

#include <QObject>
#include <QSocketNotifier>

#include <memory>

namespace Nettally {

/**
 * Has each minute read and sealed in the journal, whether anybody subscribes or not. It wakes at the end of
 * each minute, when the clock is set, and after suspend. To be used from one thread, the journal's.
 */
class Recorder : public QObject {
    Q_OBJECT

public:
    /// @p journal must outlive it. @p cgroupMount: see CgroupPaths.
    Recorder(Journal &journal, quint32 netNs, const QString &cgroupMount, QObject *parent = nullptr);
    ~Recorder() override;

    Journal &journal() { return m_journal; }
    MinuteBook &book() { return m_book; }

    /// As a reading reports it, and whose it is.
    void flow(const FlowRecord &record, const Process &process) { m_book.flow(record, process); }
    /// After each reading, which began after @p timeNs (CLOCK_BOOTTIME).
    void take(const QList<InterfaceCounters> &interfaces, quint64 timeNs);

    /// After the first reading: seals it, and each minute from then on. An empty string, or in one sentence
    /// why not.
    QString start();
    /// Reads and seals what there is of the open minute, and waits until it is written.
    void finish();

Q_SIGNALS:
    /// A reading is to be made now, within the call.
    void readingDue();

private:
    void onTimer();
    void arm();
    void append(Seal seal);

    Journal &m_journal;
    CgroupPaths m_cgroups;
    MinuteBook m_book;
    QList<InterfaceCounters> m_interfaces; ///< of the last reading
    quint64 m_readNs = 0; ///< CLOCK_BOOTTIME before it
    bool m_isStarted = false;
    int m_timerFd = -1;
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace Nettally
