// SPDX-License-Identifier: MIT
#include "trafficrun.h"

#include "childprocess.h"
#include "testnetwork.h"
#include "testplan.h"

#include <QTimer>

#include <ctime>

namespace Nettally {

quint64 bootTimeNs()
{
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return quint64(now.tv_sec) * 1'000'000'000 + quint64(now.tv_nsec);
}

TrafficRun::TrafficRun(const QString &program, QObject *parent)
    : QObject(parent)
    , m_program(program)
{
    tieToParent(m_process);
    connect(&m_process, &QProcess::finished, this, [this](int code, QProcess::ExitStatus status) {
        m_traffic.endedNs = bootTimeNs();
        take(m_process.readAllStandardOutput());
        const QString words = QString::fromLocal8Bit(m_process.readAllStandardError()).simplified();
        if (status == QProcess::NormalExit && code == TestPlan::unsupportedExitCode)
            end(Outcome::NotSupported, m_reason);
        else if (status != QProcess::NormalExit || code != 0)
            end(Outcome::Failed, words.isEmpty() ? tr("the traffic program died") : words);
        else if (m_traffic.truths.isEmpty())
            end(Outcome::Failed, tr("the traffic program told nothing"));
        else
            end(Outcome::Made);
    });
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            end(Outcome::Failed, m_program + QStringLiteral(": ") + m_process.errorString());
    });
}

TrafficRun::~TrafficRun()
{
    m_process.disconnect(this);
    if (m_process.state() != QProcess::NotRunning) {
        m_process.kill();
        m_process.waitForFinished();
    }
}

void TrafficRun::start(const TestNetwork &network, const QString &scenario, IpFamily family, int limitMs)
{
    m_isRunning = true;
    m_traffic.beganNs = bootTimeNs();
    QTimer::singleShot(limitMs, &m_process, [this, limitMs] {
        end(Outcome::Failed, tr("it took longer than %1 s").arg(limitMs / 1000));
        m_process.kill();
    });
    const char *address = family == IpFamily::V6 ? TestPlan::serverV6 : TestPlan::serverV4;
    m_process.start(m_program,
                    {scenario, network.serverPath(), network.clientPath(), QString::fromLatin1(address),
                     QString::number(TestPlan::port)});
}

void TrafficRun::take(const QByteArray &output)
{
    const QList<QByteArray> lines = output.split('\n');
    const auto wordsOf = [](const QByteArray &line, const char *kind, qsizetype atLeast) {
        const QList<QByteArray> words = line.split(' ');
        return words.size() >= atLeast && words.at(0) == kind ? words : QList<QByteArray>();
    };
    for (const QByteArray &line : lines) {
        if (const QList<QByteArray> words = wordsOf(line, "program", 5); !words.isEmpty()) {
            Truth truth;
            truth.role = QString::fromLatin1(words.at(1));
            truth.pid = words.at(2).toUInt();
            truth.sentBytes = words.at(3).toULongLong();
            truth.receivedBytes = words.at(4).toULongLong();
            m_traffic.truths.append(truth);
        } else if (const QList<QByteArray> reason = wordsOf(line, "unsupported", 2); !reason.isEmpty()) {
            m_reason = QString::fromUtf8(reason.mid(1).join(' '));
        }
    }
    // Said before or after the program's own line.
    for (const QByteArray &line : lines) {
        const QList<QByteArray> words = wordsOf(line, "unseen", 5);
        if (words.isEmpty())
            continue;
        for (Truth &truth : m_traffic.truths) {
            if (truth.pid != words.at(1).toUInt())
                continue;
            truth.sentUnseenBytes = words.at(2).toULongLong();
            truth.receivedUnseenBytes = words.at(3).toULongLong();
            truth.unseenReason = QString::fromUtf8(words.mid(4).join(' '));
        }
    }
}

void TrafficRun::end(Outcome outcome, const QString &reason)
{
    if (!std::exchange(m_isRunning, false))
        return;
    m_outcome = outcome;
    m_reason = reason;
    Q_EMIT finished();
}

} // namespace Nettally
