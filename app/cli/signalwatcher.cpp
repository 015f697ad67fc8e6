// SPDX-License-Identifier: MIT
#include "signalwatcher.h"

#include <QSocketNotifier>

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace Nettally::Cli {

namespace {

sigset_t watchedSignals()
{
    sigset_t signalSet;
    sigemptyset(&signalSet);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) {
        sigaddset(&signalSet, number);
    }
    return signalSet;
}

} // namespace

SignalWatcher::SignalWatcher(QObject *parent)
    : QObject(parent)
{
    const sigset_t signalSet = watchedSignals();
    pthread_sigmask(SIG_BLOCK, &signalSet, nullptr);
    m_fd = ::signalfd(-1, &signalSet, SFD_CLOEXEC | SFD_NONBLOCK);
    if (m_fd < 0) {
        pthread_sigmask(SIG_UNBLOCK, &signalSet, nullptr); // then they end the program at once, as usual
        return;
    }
    auto *notifier = new QSocketNotifier(m_fd, QSocketNotifier::Read, this);
    connect(notifier, &QSocketNotifier::activated, this, &SignalWatcher::read);
}

SignalWatcher::~SignalWatcher()
{
    if (m_fd >= 0) {
        ::close(m_fd);
    }
}

void SignalWatcher::read()
{
    signalfd_siginfo info = {};
    while (::read(m_fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGWINCH) {
            Q_EMIT windowResized();
        } else {
            Q_EMIT endAsked();
        }
    }
}

} // namespace Nettally::Cli
