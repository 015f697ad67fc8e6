// SPDX-License-Identifier: MIT
#pragma once

#include "selftestresult.h"

#include <QObject>
#include <QProcess>

namespace Nettally {

class TestNetwork;

/// What one program moved, by the return values of its own calls.
struct Truth {
    QString role;
    quint32 pid = 0;
    quint64 sentBytes = 0;
    quint64 receivedBytes = 0;
    // Of these, what passed no hook that Nettally has, and why; 0 where all did.
    quint64 sentUnseenBytes = 0;
    quint64 receivedUnseenBytes = 0;
    QString unseenReason;
};

/// What a scenario moved.
struct Traffic {
    /// In the order of the reports; a process that called execve() is in it once for each of its programs.
    QList<Truth> truths;
    // CLOCK_BOOTTIME nanoseconds before the first of its processes began and after the last ended.
    quint64 beganNs = 0;
    quint64 endedNs = 0;
};

/// One run of the traffic program, which ends with this object at the latest, as do all it started.
class TrafficRun : public QObject {
    Q_OBJECT

public:
    enum class Outcome { Made, NotSupported, Failed };

    explicit TrafficRun(const QString &program, QObject *parent = nullptr);
    ~TrafficRun() override;

    /// finished() follows. @p limitMs: the run has failed when it takes longer.
    void start(const TestNetwork &network, const QString &scenario, IpFamily family, int limitMs);

    Outcome outcome() const { return m_outcome; }
    /// Of any outcome but Made, one clause.
    QString reason() const { return m_reason; }
    const Traffic &traffic() const { return m_traffic; }

Q_SIGNALS:
    void finished();

private:
    void take(const QByteArray &output);
    void end(Outcome outcome, const QString &reason = {});

    QProcess m_process;
    QString m_program;
    bool m_isRunning = false;
    Outcome m_outcome = Outcome::Failed;
    QString m_reason;
    Traffic m_traffic;
};

/// CLOCK_BOOTTIME, nanoseconds.
quint64 bootTimeNs();

} // namespace Nettally
