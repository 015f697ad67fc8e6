// SPDX-License-Identifier: MIT
#include "recorder.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/timerfd.h>
#include <unistd.h>

namespace Nettally {

namespace {

quint64 nanosecondsOf(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return quint64(now.tv_sec) * 1'000'000'000u + quint64(now.tv_nsec);
}

MinuteBook::Clocks readClocks()
{
    return {nanosecondsOf(CLOCK_BOOTTIME), nanosecondsOf(CLOCK_MONOTONIC),
            qint64(nanosecondsOf(CLOCK_REALTIME))};
}

} // namespace

Recorder::Recorder(Journal &journal, quint32 netNs, const QString &cgroupMount, QObject *parent)
    : QObject(parent)
    , m_journal(journal)
    , m_cgroups(cgroupMount)
    , m_book(netNs, [this](quint64 id) { return m_cgroups.path(id); })
{
    m_journal.setWholeCheckpoint([this] { return m_book.whole(); });
}

Recorder::~Recorder()
{
    m_journal.setWholeCheckpoint({});
    if (m_timerFd >= 0)
        close(m_timerFd);
}

void Recorder::take(const QList<InterfaceCounters> &interfaces, quint64 timeNs)
{
    m_interfaces = interfaces;
    m_readNs = timeNs;
    if (!m_isStarted)
        return;
    if (std::optional<Seal> seal = m_book.take(readClocks(), interfaces))
        append(*std::move(seal));
}

void Recorder::append(Seal seal)
{
    seal.readNs = m_readNs;
    m_journal.append(std::move(seal));
}

QString Recorder::start()
{
    m_timerFd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (m_timerFd < 0)
        return tr("The journal has no clock (%1).").arg(QString::fromLocal8Bit(std::strerror(errno)));
    m_notifier = std::make_unique<QSocketNotifier>(m_timerFd, QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, &Recorder::onTimer);
    m_isStarted = true;
    const MinuteBook::Clocks clocks = readClocks();
    m_book.begin(clocks, m_journal.endUtcMs());
    // At once: whoever is killed from now on left word of what it took over.
    append(m_book.seal(clocks, m_interfaces));
    arm();
    return {};
}

void Recorder::arm()
{
    itimerspec next{};
    next.it_value.tv_sec = (std::time(nullptr) / 60 + 1) * 60;
    if (timerfd_settime(m_timerFd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &next, nullptr))
        qWarning("The journal's clock cannot be set: %s.", std::strerror(errno));
}

void Recorder::onTimer()
{
    // ECANCELED where the clock was set, or stood still meanwhile; either way it is time to look.
    quint64 expirations = 0;
    if (::read(m_timerFd, &expirations, sizeof expirations) < 0 && errno == EAGAIN)
        return;
    Q_EMIT readingDue();
    arm();
}

void Recorder::finish()
{
    if (!m_isStarted)
        return;
    Q_EMIT readingDue();
    append(m_book.seal(readClocks(), m_interfaces));
    m_journal.flush();
}

} // namespace Nettally
