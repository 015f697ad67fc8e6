// SPDX-License-Identifier: MIT
#pragma once

#include "selftestresult.h"
#include "usage.h"

#include <QElapsedTimer>
#include <QObject>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

class QTimer;

namespace Nettally {

class NetworkPlane;
class Observation;
class Plane;
class TestNetwork;
class TrafficRun;

/// A scenario over one family of addresses.
struct SelfTestCase {
    QString scenario;
    IpFamily family = IpFamily::V4;
};

/**
 * Makes known traffic and compares what every plane of the helper counted with what was moved. The observed
 * client must be live with scope all and detail connection; it and the network are used as long as this
 * runs. Lives in the client's thread and never blocks it.
 */
class SelfTest : public QObject {
    Q_OBJECT

public:
    struct Limits {
        int totalMs = 110'000; ///< what has not run by then has failed
        int caseMs = 30'000;
        int settleMs = 10'000; ///< for the helper to tell what it counted
    };

    SelfTest(const Observation &observation, const TestNetwork &network, const QString &trafficProgram,
             const Limits &limits, QObject *parent = nullptr);
    ~SelfTest() override;

    /// Every scenario there is, in the order in which they run.
    static QStringList scenarios();
    /// One sentence's worth about it.
    static QString description(const QString &scenario);
    /// Each of these, over both families.
    static QList<SelfTestCase> cases(const QStringList &scenarios);

    /// Has the network plane compared too. Before start(); it must outlive this.
    void setNetworkPlane(NetworkPlane &network);

    /// Runs them one after the other; finished() follows.
    void start(const QList<SelfTestCase> &cases);

Q_SIGNALS:
    void caseFinished(const Nettally::CaseResult &result);
    void finished();

private:
    void next();
    void begin();
    void onTrafficMade();
    void onBooksRead(const InterfaceBalance &cable);
    void onUpdate();
    void judge();
    void end(TestVerdict verdict, const QString &reason = {});

    const Observation &m_observation;
    const TestNetwork &m_network;
    QString m_trafficProgram;
    Limits m_limits;
    std::vector<std::unique_ptr<Plane>> m_planes;
    NetworkPlane *m_networkPlane = nullptr; ///< null: not compared
    std::optional<InterfaceBalance> m_books; ///< as read last
    bool m_isCounted = false; ///< of the case that runs, by the other planes
    QTimer *m_settleTimer;

    QList<SelfTestCase> m_waiting;
    QElapsedTimer m_sinceStart;
    // Of the case that runs.
    QElapsedTimer m_sinceCase;
    CaseResult m_result;
    QString m_instance;
    std::unique_ptr<TrafficRun> m_run;
};

} // namespace Nettally
