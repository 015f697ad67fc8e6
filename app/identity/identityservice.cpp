// SPDX-License-Identifier: MIT
#include "identityservice.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <utility>

using namespace std::chrono_literals;

namespace Nettally {

namespace {

constexpr auto lookAgainEvery = 60s;
/// Answers are told in pieces, so that the first come soon.
constexpr qsizetype pieceSize = 500;

} // namespace

/// Lives on the service's thread; what it is asked comes through its event queue.
class IdentityWorker : public QObject {
    Q_OBJECT

public:
    explicit IdentityWorker(const ApplicationFinder::Places &places)
        : m_places(places)
    {
    }

    void find(quint64 generation, const QList<Program> &programs)
    {
        // Made here: it reads files.
        if (!m_finder)
            m_finder = std::make_unique<ApplicationFinder>(m_places);
        QList<Identity> identities;
        for (const Program &program : programs) {
            if (QThread::currentThread()->isInterruptionRequested())
                return;
            identities.append(m_finder->find(program));
            if (identities.size() == pieceSize)
                Q_EMIT found(generation, std::exchange(identities, {}));
        }
        Q_EMIT found(generation, identities);
    }

    void lookAgain(quint64 generation, const QList<std::pair<Program, Identity>> &known)
    {
        QList<Identity> changed;
        for (const auto &[program, identity] : known) {
            if (QThread::currentThread()->isInterruptionRequested())
                return;
            Identity now = identity;
            now.executable = m_finder->stateOf(program, identity.isForeign);
            // It ended meanwhile: what was seen last stays.
            if (now.executable != identity.executable && now.executable != ExecutableState::Unknown)
                changed.append(now);
        }
        Q_EMIT looked(generation, changed);
    }

Q_SIGNALS:
    void found(quint64 generation, const QList<Nettally::Identity> &identities);
    void looked(quint64 generation, const QList<Nettally::Identity> &identities);

private:
    const ApplicationFinder::Places m_places;
    std::unique_ptr<ApplicationFinder> m_finder;
};

IdentityService::IdentityService(const ApplicationFinder::Places &places, QObject *parent)
    : QObject(parent)
    , m_thread(std::make_unique<QThread>())
    , m_worker(new IdentityWorker(places))
{
    m_thread->setObjectName(QStringLiteral("identity"));
    m_worker->moveToThread(m_thread.get());
    connect(m_thread.get(), &QThread::finished, m_worker, &QObject::deleteLater);
    connect(m_worker, &IdentityWorker::found, this, &IdentityService::take);
    connect(m_worker, &IdentityWorker::looked, this,
            [this](quint64 generation, const QList<Identity> &changed) {
                m_isLooking = false;
                take(generation, changed);
            });
    m_lookTimer.setInterval(lookAgainEvery);
    connect(&m_lookTimer, &QTimer::timeout, this, &IdentityService::lookAgain);
    m_lookTimer.start();
    m_thread->start(QThread::LowPriority);
}

IdentityService::~IdentityService()
{
    m_worker->disconnect(this);
    m_thread->requestInterruption();
    m_thread->quit();
    // A running thread's object must not be destroyed; the process is about to end.
    if (!m_thread->wait(2s))
        static_cast<void>(m_thread.release());
}

void IdentityService::find(const Program &program)
{
    if (m_wanted.isEmpty())
        QMetaObject::invokeMethod(this, &IdentityService::flush, Qt::QueuedConnection);
    m_wanted.append(program);
    m_asked.insert(program.id, program);
}

void IdentityService::flush()
{
    const QList<Program> wanted = std::exchange(m_wanted, {});
    if (!wanted.isEmpty())
        QMetaObject::invokeMethod(m_worker, [worker = m_worker, generation = m_generation, wanted] {
            worker->find(generation, wanted);
        });
}

void IdentityService::forget(quint32 programId)
{
    m_known.remove(programId);
    m_asked.remove(programId);
}

void IdentityService::forgetInstance()
{
    ++m_generation;
    m_wanted.clear();
    m_asked.clear();
    m_known.clear();
}

/// One look at a time: a slow file system must not pile them up.
void IdentityService::lookAgain()
{
    if (m_isLooking || m_known.isEmpty())
        return;
    QList<std::pair<Program, Identity>> known;
    known.reserve(m_known.size());
    for (const Known &each : std::as_const(m_known))
        known.append({each.program, each.identity});
    m_isLooking = true;
    QMetaObject::invokeMethod(m_worker, [worker = m_worker, generation = m_generation, known] {
        worker->lookAgain(generation, known);
    });
}

void IdentityService::take(quint64 generation, const QList<Identity> &identities)
{
    if (generation != m_generation)
        return;
    for (const Identity &identity : identities) {
        if (const auto asked = m_asked.constFind(identity.programId); asked != m_asked.constEnd()) {
            // What cannot be told once is not asked again.
            if (identity.executable != ExecutableState::Unknown)
                m_known.insert(identity.programId, {*asked, identity});
            m_asked.erase(asked);
        } else if (const auto known = m_known.find(identity.programId); known != m_known.end()) {
            known->identity = identity;
        }
    }
    if (!identities.isEmpty())
        Q_EMIT found(identities);
}

} // namespace Nettally

#include "identityservice.moc"
