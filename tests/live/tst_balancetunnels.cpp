// SPDX-License-Identifier: MIT
#include "bpfusagesource.h"
#include "linkcounters.h"
#include "netnssocket.h"
#include "tuncable.h"

#include "testnetwork.h"
#include "testplan.h"

#include <QFile>
#include <QHash>
#include <QTest>

#include <net/if.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Nettally;

namespace {

class ProgramsBySlot : public CounterSink {
public:
    void program(const ProgramRecord &record) override { pids.insert(record.slot, record.pid); }
    void flow(const FlowRecord &) override { }
    QHash<quint32, quint32> pids;
};

} // namespace

/// What a tunnel's interface is, and who carries it.
class BalanceTunnelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void programHoldingATunnelIsItsCarrier();
};

void BalanceTunnelsTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
}

void BalanceTunnelsTest::programHoldingATunnelIsItsCarrier()
{
    TestNetwork network;
    QString problem = network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const std::unique_ptr<BpfUsageSource> source = BpfUsageSource::create({}, &problem);
    QVERIFY2(source, qPrintable(problem));

    struct stat netNamespace = {};
    QCOMPARE(stat(QFile::encodeName(network.clientPath()).constData(), &netNamespace), 0);
    const auto carriersOf = [&](quint32 ifindex, ProgramsBySlot &programs) {
        QList<quint32> pids;
        for (const TunnelCarrier &carrier : source->tunnelCarriers(programs)) {
            if (carrier.netNs == netNamespace.st_ino && carrier.ifindex == ifindex)
                pids.append(programs.pids.value(carrier.programSlot));
        }
        return pids;
    };
    ProgramsBySlot programs;
    quint32 ifindex = 0;
    {
        TunCable tunnel;
        problem = tunnel.create(network);
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QHash<QString, QString> kinds;
        runInNamespace(network.clientPath(), [&] {
            ifindex = if_nametoindex(TunCable::interface);
            for (const InterfaceCounters &counters : readInterfaceCounters())
                kinds.insert(counters.name, counters.kind);
        });
        QCOMPARE(kinds.value(QLatin1String(TunCable::interface)), QStringLiteral("tun"));
        QVERIFY(isTunnel(kinds.value(QLatin1String(TunCable::interface))));
        QCOMPARE(kinds.value(QLatin1String(TestPlan::clientInterface)), QStringLiteral("veth"));
        QVERIFY(!isTunnel(kinds.value(QLatin1String(TestPlan::clientInterface))));
        QVERIFY(kinds.contains(QStringLiteral("lo")));
        QCOMPARE(kinds.value(QStringLiteral("lo")), QString());
        QCOMPARE(carriersOf(ifindex, programs), QList<quint32>{quint32(getpid())});
    }
    QCOMPARE(carriersOf(ifindex, programs), QList<quint32>());
}

QTEST_GUILESS_MAIN(BalanceTunnelsTest)
#include "tst_balancetunnels.moc"
