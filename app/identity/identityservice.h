// SPDX-License-Identifier: MIT
#pragma once

#include "applicationfinder.h"

#include <QHash>
#include <QObject>
#include <QThread>
#include <QTimer>

#include <memory>

namespace Nettally {

class IdentityWorker;

/**
 * Finds the applications of programs on a thread of its own, so that a slow file system holds up nobody.
 *
 * Answers come in the order of the questions, many at once, on the thread that asked. While a program runs
 * its executable is looked at again each minute. Belongs to one thread.
 */
class IdentityService : public QObject {
    Q_OBJECT

public:
    explicit IdentityService(const ApplicationFinder::Places &places, QObject *parent = nullptr);
    /// Waits for two seconds at most: what hangs on a file system that is gone is left behind.
    ~IdentityService() override;

    /// A program that was asked for before is looked at anew.
    void find(const Program &program);
    /// It has ended, or is told of no more: its executable is looked at no longer.
    void forget(quint32 programId);
    /// Ids have changed their meaning; what is under way is not answered.
    void forgetInstance();

Q_SIGNALS:
    void found(const QList<Nettally::Identity> &identities);

private:
    void flush();
    void lookAgain();
    void take(quint64 generation, const QList<Identity> &identities);

    struct Known {
        Program program;
        Identity identity;
    };

    std::unique_ptr<QThread> m_thread;
    IdentityWorker *m_worker;
    QList<Program> m_wanted; ///< of this turn of the event loop
    QHash<quint32, Program> m_asked;
    QHash<quint32, Known> m_known;
    QTimer m_lookTimer;
    quint64 m_generation = 0;
    bool m_isLooking = false;
};

} // namespace Nettally
