// SPDX-License-Identifier: MIT
#include "selftest.h"

#include "networkplane.h"
#include "observation.h"
#include "payloadplane.h"
#include "testnetwork.h"
#include "testplan.h"
#include "trafficrun.h"

#include <QTimer>

#include <algorithm>

namespace Nettally {

SelfTest::SelfTest(const Observation &observation, const TestNetwork &network, const QString &trafficProgram,
                   const Limits &limits, QObject *parent)
    : QObject(parent)
    , m_observation(observation)
    , m_network(network)
    , m_trafficProgram(trafficProgram)
    , m_limits(limits)
    , m_settleTimer(new QTimer(this))
{
    qRegisterMetaType<CaseResult>();
    m_planes.push_back(std::make_unique<PayloadPlane>());
    connect(&m_observation, &Observation::updated, this, &SelfTest::onUpdate);
    m_settleTimer->setSingleShot(true);
    connect(m_settleTimer, &QTimer::timeout, this, [this] {
        const QString problem = m_observation.client().problem();
        end(TestVerdict::Failed,
            problem.isEmpty() ? tr("the helper does not tell what it counted") : problem);
    });
}

SelfTest::~SelfTest() = default;

void SelfTest::setNetworkPlane(NetworkPlane &network)
{
    m_networkPlane = &network;
    connect(m_networkPlane, &NetworkPlane::booksRead, this, &SelfTest::onBooksRead);
}

QStringList SelfTest::scenarios()
{
    QStringList names;
    for (const TestPlan::Scenario &scenario : TestPlan::scenarios)
        names.append(QString::fromLatin1(scenario.name));
    return names;
}

QString SelfTest::description(const QString &scenario)
{
    for (const TestPlan::Scenario &known : TestPlan::scenarios) {
        if (scenario == QLatin1String(known.name))
            return QString::fromLatin1(known.text);
    }
    return {};
}

QList<SelfTestCase> SelfTest::cases(const QStringList &scenarios)
{
    QList<SelfTestCase> result;
    for (const QString &scenario : scenarios) {
        result.append({scenario, IpFamily::V4});
        result.append({scenario, IpFamily::V6});
    }
    return result;
}

void SelfTest::start(const QList<SelfTestCase> &cases)
{
    m_waiting = cases;
    m_sinceStart.start();
    QMetaObject::invokeMethod(this, &SelfTest::next, Qt::QueuedConnection);
}

void SelfTest::next()
{
    m_run.reset();
    if (m_waiting.isEmpty()) {
        Q_EMIT finished();
        return;
    }
    const SelfTestCase current = m_waiting.takeFirst();
    m_result = {};
    m_result.scenario = current.scenario;
    m_result.family = current.family;
    m_sinceCase.start();
    const qint64 leftMs = m_limits.totalMs - m_sinceStart.elapsed();
    if (leftMs <= 0) {
        end(TestVerdict::Failed, tr("not run: the time for all scenarios is over"));
        return;
    }
    if (current.family == IpFamily::V6 && !m_network.ipv6Problem().isEmpty()) {
        end(TestVerdict::NotSupported,
            tr("this kernel gives no IPv6 address: %1").arg(m_network.ipv6Problem()));
        return;
    }
    m_isCounted = false;
    if (m_networkPlane && !m_books) {
        // Later cases begin where the one before ended, so that no byte is between them.
        m_settleTimer->start(m_limits.settleMs);
        m_networkPlane->read(bootTimeNs());
        return;
    }
    begin();
}

void SelfTest::begin()
{
    const qint64 leftMs = std::max<qint64>(m_limits.totalMs - m_sinceStart.elapsed(), 1);
    m_instance = m_observation.instance();
    for (const std::unique_ptr<Plane> &plane : m_planes)
        plane->begin(m_observation);
    m_run = std::make_unique<TrafficRun>(m_trafficProgram);
    connect(m_run.get(), &TrafficRun::finished, this, &SelfTest::onTrafficMade);
    m_run->start(m_network, m_result.scenario, m_result.family,
                 int(std::min<qint64>(m_limits.caseMs, leftMs)));
}

void SelfTest::onTrafficMade()
{
    m_result.programs = int(m_run->traffic().truths.size());
    switch (m_run->outcome()) {
    case TrafficRun::Outcome::Made:
        // The figures of the next push but one at the latest were read after the last call.
        m_settleTimer->start(m_limits.settleMs);
        break;
    case TrafficRun::Outcome::NotSupported:
        end(TestVerdict::NotSupported, m_run->reason());
        break;
    case TrafficRun::Outcome::Failed:
        end(TestVerdict::Failed, m_run->reason());
        break;
    }
}

void SelfTest::onUpdate()
{
    if (!m_settleTimer->isActive() || !m_run || m_isCounted
        || m_observation.readNs() <= m_run->traffic().endedNs)
        return;
    if (m_observation.instance() != m_instance) {
        end(TestVerdict::Failed, tr("the helper began to count anew meanwhile"));
        return;
    }
    for (const std::unique_ptr<Plane> &plane : m_planes)
        m_result.planes.append(plane->compare(m_run->traffic(), m_observation));
    m_isCounted = true;
    if (m_networkPlane)
        m_networkPlane->read(m_run->traffic().endedNs);
    else
        judge();
}

void SelfTest::onBooksRead(const InterfaceBalance &cable)
{
    if (!m_settleTimer->isActive())
        return; // the case has failed meanwhile
    if (!m_isCounted) {
        m_settleTimer->stop();
        m_books = cable;
        begin();
        return;
    }
    m_result.planes.append(NetworkPlane::compare(*m_books, cable));
    m_books = cable;
    judge();
}

void SelfTest::judge()
{
    TestVerdict worst = TestVerdict::Exact;
    QString reason;
    for (const PlaneResult &result : std::as_const(m_result.planes)) {
        for (const TestVerdict verdict : {result.sent.verdict, result.received.verdict}) {
            if (verdict != TestVerdict::Unowned)
                worst = std::max(worst, verdict);
        }
        if (reason.isEmpty())
            reason = result.reason;
    }
    end(worst, reason);
}

void SelfTest::end(TestVerdict verdict, const QString &reason)
{
    m_settleTimer->stop();
    // What a case moved that was not compared is not the next one's.
    if (!m_isCounted || verdict == TestVerdict::Failed)
        m_books.reset();
    m_result.verdict = verdict;
    m_result.reason = reason;
    m_result.tookMs = m_sinceCase.elapsed();
    Q_EMIT caseFinished(m_result);
    // Later, because the run may be the one that calls.
    QMetaObject::invokeMethod(this, &SelfTest::next, Qt::QueuedConnection);
}

} // namespace Nettally
