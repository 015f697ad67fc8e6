// SPDX-License-Identifier: MIT
#include "selftest.h"

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
    m_instance = m_observation.instance();
    for (const std::unique_ptr<Plane> &plane : m_planes)
        plane->begin(m_observation);
    m_run = std::make_unique<TrafficRun>(m_trafficProgram);
    connect(m_run.get(), &TrafficRun::finished, this, &SelfTest::onTrafficMade);
    m_run->start(m_network, current.scenario, current.family, int(std::min<qint64>(m_limits.caseMs, leftMs)));
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
    if (!m_settleTimer->isActive() || m_observation.readNs() <= m_run->traffic().endedNs)
        return;
    if (m_observation.instance() != m_instance) {
        end(TestVerdict::Failed, tr("the helper began to count anew meanwhile"));
        return;
    }
    TestVerdict worst = TestVerdict::Exact;
    QString reason;
    for (const std::unique_ptr<Plane> &plane : m_planes) {
        const PlaneResult result = plane->compare(m_run->traffic(), m_observation);
        worst = std::max({worst, result.sent.verdict, result.received.verdict});
        if (reason.isEmpty())
            reason = result.reason;
        m_result.planes.append(result);
    }
    end(worst, reason);
}

void SelfTest::end(TestVerdict verdict, const QString &reason)
{
    m_settleTimer->stop();
    m_result.verdict = verdict;
    m_result.reason = reason;
    m_result.tookMs = m_sinceCase.elapsed();
    Q_EMIT caseFinished(m_result);
    // Later, because the run may be the one that calls.
    QMetaObject::invokeMethod(this, &SelfTest::next, Qt::QueuedConnection);
}

} // namespace Nettally
