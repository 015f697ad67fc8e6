// SPDX-License-Identifier: MIT
#include "minutebook.h"

#include <QRandomGenerator>
#include <QTest>

using namespace Nettally;

namespace {

constexpr quint32 ownNetNs = 7;
constexpr qint64 beginUtcS = 1'800'000'000; // a whole minute
constexpr qint64 secondNs = 1'000'000'000;
constexpr quint64 bootedNs = 5000 * quint64(secondNs);

/// The clocks of a machine that is up 5000 s at beginUtcS.
struct Time {
    qint64 elapsedNs = 0;
    qint64 suspendedNs = 0;
    qint64 setNs = 0;

    MinuteBook::Clocks clocks() const
    {
        return {bootedNs + quint64(elapsedNs), bootedNs + quint64(elapsedNs - suspendedNs),
                beginUtcS * secondNs + elapsedNs + setNs};
    }
    void pass(double seconds) { elapsedNs += qint64(seconds * double(secondNs)); }
    void sleep(qint64 seconds)
    {
        elapsedNs += seconds * secondNs;
        suspendedNs += seconds * secondNs;
    }
};

Process program(quint32 id, const char *name)
{
    Process process;
    process.id = id;
    process.pid = 100 + id;
    process.name = QLatin1String(name);
    process.executable = QStringLiteral("/usr/bin/") + process.name;
    process.uid = 1000;
    process.cgroupId = 42;
    return process;
}

FlowRecord row(quint32 slot, quint64 rx, quint64 ip = 0, quint32 generation = 1)
{
    FlowRecord record;
    record.slot = slot;
    record.generation = generation;
    record.remote[15] = quint8(slot);
    record.ifindex = 2;
    record.netNs = ownNetNs;
    record.protocol = 6;
    record.servicePort = 443;
    record.direction = 1;
    record.rxPayloadBytes = rx;
    record.packets.rxIpBytes = ip;
    record.packets.rxPackets = ip / 100;
    return record;
}

QList<InterfaceCounters> eth0(quint64 rx)
{
    InterfaceCounters counters;
    counters.index = 2;
    counters.name = QStringLiteral("eth0");
    counters.rxBytes = rx;
    return {counters};
}

QList<JournalFlow> flowsOf(const Seal &seal)
{
    QList<JournalFlow> flows;
    for (const JournalRecord &record : seal.records) {
        if (const auto *flow = std::get_if<JournalFlow>(&record))
            flows.append(*flow);
    }
    return flows;
}

QList<JournalGap> gapsOf(const Seal &seal)
{
    QList<JournalGap> gaps;
    for (const JournalRecord &record : seal.records) {
        if (const auto *gap = std::get_if<JournalGap>(&record))
            gaps.append(*gap);
    }
    return gaps;
}

QList<JournalInterface> interfacesOf(const Seal &seal)
{
    QList<JournalInterface> interfaces;
    for (const JournalRecord &record : seal.records) {
        if (const auto *counters = std::get_if<JournalInterface>(&record))
            interfaces.append(*counters);
    }
    return interfaces;
}

QString cgroup(quint64 id)
{
    return QStringLiteral("/group%1").arg(id);
}

} // namespace

class MinuteBookTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void growthIsOfItsMinute();
    void sameProgramsAddUp();
    void lateReadingIsOfTheOpenMinute();
    void interfaceIsItsFlowsAndARemainder();
    void nameGivenToAnotherInterfaceIsThatOnes();
    void packetsThatAreNotCountedAreNotKnown();
    void suspendIsNotMeasured();
    void clockSetForwardIsNotMeasured();
    void clockSetBackRepeatsMinutes();
    void clockKeptRightIsNoStep();
    void helperOffIsNotMeasured();
    void pendingIsNobodys();
    void otherGenerationIsAnotherRow();
    void resetCounterBeganAtZero();
    void whatWasBeforeTheJournalDoesNotCount();
    void killsCountOnce();

private:
    Seal next(const QList<InterfaceCounters> &interfaces = eth0(0));

    Time m_time;
    std::unique_ptr<MinuteBook> m_book;
};

void MinuteBookTest::init()
{
    m_time = {};
    m_book = std::make_unique<MinuteBook>(ownNetNs, cgroup);
    m_book->setBaseline(Checkpoint());
    m_book->begin(m_time.clocks(), std::nullopt);
}

/// The seal at the end of the minute.
Seal MinuteBookTest::next(const QList<InterfaceCounters> &interfaces)
{
    const qint64 minuteNs = 60 * secondNs;
    m_time.elapsedNs += minuteNs - (m_time.elapsedNs + m_time.setNs) % minuteNs;
    std::optional<Seal> seal = m_book->take(m_time.clocks(), interfaces);
    if (!seal)
        QTest::qFail("no seal at the end of a minute", __FILE__, __LINE__);
    return seal.value_or(Seal());
}

void MinuteBookTest::growthIsOfItsMinute()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    m_time.pass(30);
    QVERIFY(!m_book->take(m_time.clocks(), eth0(0)));
    m_book->flow(row(1, 250), program(4, "curl"));
    Seal seal = next();
    QList<JournalFlow> flows = flowsOf(seal);
    QCOMPARE(flows.size(), 1);
    QCOMPARE(flows[0].minuteUtcS, beginUtcS);
    QCOMPARE(flows[0].sums.rxPayloadBytes, 250u);
    QCOMPARE(flows[0].program.name, QStringLiteral("curl"));
    QCOMPARE(flows[0].program.executable, QStringLiteral("/usr/bin/curl"));
    QCOMPARE(flows[0].program.cgroupPath, QStringLiteral("/group42"));
    QCOMPARE(flows[0].program.uid, 1000u);
    QCOMPARE(flows[0].interfaceName, QStringLiteral("eth0"));
    QCOMPARE(flows[0].servicePort, quint16(443));
    QCOMPARE(seal.endUtcMs, (beginUtcS + 60) * 1000);
    QVERIFY(seal.changed.rows.size() == 1 && seal.changed.rows[0].totals.rxPayloadBytes == 250);

    QVERIFY(flowsOf(next()).isEmpty());
    m_book->flow(row(1, 251), program(4, "curl"));
    flows = flowsOf(next());
    QCOMPARE(flows.size(), 1);
    QCOMPARE(flows[0].minuteUtcS, beginUtcS + 120);
    QCOMPARE(flows[0].sums.rxPayloadBytes, 1u);
}

void MinuteBookTest::sameProgramsAddUp()
{
    FlowRecord other = row(2, 50);
    other.remote[15] = 1;
    m_book->flow(row(1, 100), program(4, "curl"));
    m_book->flow(other, program(5, "curl")); // another process
    const QList<JournalFlow> flows = flowsOf(next());
    QCOMPARE(flows.size(), 1);
    QCOMPARE(flows[0].sums.rxPayloadBytes, 150u);
}

void MinuteBookTest::lateReadingIsOfTheOpenMinute()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    m_time.pass(200);
    const std::optional<Seal> seal = m_book->take(m_time.clocks(), eth0(0));
    QVERIFY(seal);
    QCOMPARE(flowsOf(*seal)[0].minuteUtcS, beginUtcS);
    m_book->flow(row(1, 101), program(4, "curl"));
    QCOMPARE(flowsOf(next())[0].minuteUtcS, beginUtcS + 180);
}

void MinuteBookTest::interfaceIsItsFlowsAndARemainder()
{
    next(eth0(5000)); // what was there before is nobody's
    m_book->flow(row(1, 900, 1000), program(4, "curl"));
    m_book->flow(row(2, 900, 500), program(5, "wget"));
    FlowRecord elsewhere = row(3, 900, 70000);
    elsewhere.netNs = ownNetNs + 1;
    m_book->flow(elsewhere, program(6, "contained"));
    Seal seal = next(eth0(7000));
    QList<JournalInterface> interfaces = interfacesOf(seal);
    QCOMPARE(interfaces.size(), 1);
    QCOMPARE(interfaces[0].interfaceName, QStringLiteral("eth0"));
    QCOMPARE(interfaces[0].minuteUtcS, beginUtcS + 60);
    QCOMPARE(interfaces[0].rxCounterBytes, 2000u);
    QCOMPARE(interfaces[0].rxRemainderBytes, 500);
    const QList<JournalFlow> flows = flowsOf(seal);
    QCOMPARE(flows.size(), 3);
    for (const JournalFlow &flow : flows)
        QCOMPARE(flow.interfaceName, flow.sums.rxNetworkBytes == 70000 ? QString() : QStringLiteral("eth0"));
    // One that comes later counted from zero, one that was reset too; one that could not be read waits.
    QList<InterfaceCounters> two = eth0(100);
    two.append(eth0(40)[0]);
    two[1].index = 3;
    two[1].name = QStringLiteral("wlan0");
    interfaces = interfacesOf(next(two));
    QCOMPARE(interfaces.size(), 2);
    QCOMPARE(interfaces[0].rxCounterBytes, 100u);
    QCOMPARE(interfaces[1].rxCounterBytes, 40u);
    QVERIFY(interfacesOf(next({})).isEmpty());
    two[0].rxBytes = 107;
    interfaces = interfacesOf(next(two));
    QCOMPARE(interfaces.size(), 1);
    QCOMPARE(interfaces[0].rxCounterBytes, 7u);
}

void MinuteBookTest::nameGivenToAnotherInterfaceIsThatOnes()
{
    next(eth0(5000));
    m_book->flow(row(1, 900, 1000), program(4, "curl"));
    QList<InterfaceCounters> other = eth0(70);
    other[0].index = 9;
    Seal seal = next(other);
    QCOMPARE(flowsOf(seal)[0].interfaceName, QString());
    QCOMPARE(interfacesOf(seal)[0].rxRemainderBytes, 70);
    // One that is merely gone keeps its name for what it had.
    FlowRecord record = row(2, 900, 1000);
    record.ifindex = 9;
    m_book->flow(record, program(4, "curl"));
    other[0].name = QStringLiteral("wlan0");
    other[0].index = 10;
    seal = next(other);
    QCOMPARE(flowsOf(seal)[0].interfaceName, QStringLiteral("eth0"));
}

void MinuteBookTest::packetsThatAreNotCountedAreNotKnown()
{
    m_book->setCountsPackets(false);
    next(eth0(5000));
    m_book->flow(row(1, 900), program(4, "curl"));
    const Seal seal = next(eth0(7000));
    QVERIFY(!flowsOf(seal)[0].sums.hasNetwork);
    QVERIFY(interfacesOf(seal).isEmpty());
}

void MinuteBookTest::suspendIsNotMeasured()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    m_time.pass(10);
    m_book->take(m_time.clocks(), eth0(0));
    m_time.pass(5);
    m_time.sleep(8 * 3600);
    m_time.pass(0.5);
    m_book->flow(row(1, 120), program(4, "curl"));
    const std::optional<Seal> seal = m_book->take(m_time.clocks(), eth0(0));
    QVERIFY(seal);
    const QList<JournalGap> gaps = gapsOf(*seal);
    QCOMPARE(gaps.size(), 1);
    QCOMPARE(gaps[0].reason, JournalGapReason::Suspended);
    // To the second: it is not known when in the half second after it the reading was.
    QCOMPARE(gaps[0].beginUtcS, beginUtcS + 16);
    QCOMPARE(gaps[0].endUtcS, beginUtcS + 15 + 8 * 3600);
    QCOMPARE(flowsOf(*seal)[0].minuteUtcS, beginUtcS);
    m_book->flow(row(1, 121), program(4, "curl"));
    QCOMPARE(flowsOf(next())[0].minuteUtcS, beginUtcS + 8 * 3600);
}

void MinuteBookTest::clockSetForwardIsNotMeasured()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    m_time.pass(10);
    m_time.setNs = 3600 * secondNs;
    const std::optional<Seal> seal = m_book->take(m_time.clocks(), eth0(0));
    QVERIFY(seal);
    const QList<JournalGap> gaps = gapsOf(*seal);
    QCOMPARE(gaps.size(), 1);
    QVERIFY(gaps[0] == (JournalGap{beginUtcS + 10, beginUtcS + 3610, JournalGapReason::ClockStep}));
    QCOMPARE(flowsOf(*seal)[0].minuteUtcS, beginUtcS);
    m_book->flow(row(1, 101), program(4, "curl"));
    QCOMPARE(flowsOf(next())[0].minuteUtcS, beginUtcS + 3600);
}

void MinuteBookTest::clockSetBackRepeatsMinutes()
{
    next();
    m_book->flow(row(1, 100), program(4, "curl"));
    m_time.pass(10);
    m_time.setNs = -60 * secondNs;
    const std::optional<Seal> seal = m_book->take(m_time.clocks(), eth0(0));
    QVERIFY(seal);
    QVERIFY(gapsOf(*seal).isEmpty());
    QCOMPARE(flowsOf(*seal)[0].minuteUtcS, beginUtcS + 60);
    m_book->flow(row(1, 101), program(4, "curl"));
    QCOMPARE(flowsOf(next())[0].minuteUtcS, beginUtcS);
}

void MinuteBookTest::clockKeptRightIsNoStep()
{
    for (int minute = 0; minute < 100; ++minute) {
        m_time.setNs += 19 * secondNs / 10;
        QVERIFY(gapsOf(next()).isEmpty());
    }
}

void MinuteBookTest::helperOffIsNotMeasured()
{
    const auto gapsAfter = [this](qint64 endUtcMs) {
        MinuteBook book(ownNetNs, cgroup);
        book.setBaseline(Checkpoint());
        book.begin(m_time.clocks(), endUtcMs);
        return gapsOf(book.seal(m_time.clocks(), eth0(0)));
    };
    m_time.pass(100);
    const QList<JournalGap> gaps = gapsAfter((beginUtcS - 3600) * 1000 + 1);
    QCOMPARE(gaps.size(), 1);
    QVERIFY(gaps[0] == (JournalGap{beginUtcS - 3599, beginUtcS + 100, JournalGapReason::HelperOff}));
    QVERIFY(gapsAfter((beginUtcS + 99) * 1000 + 500).isEmpty()); // not a whole second
    QVERIFY(gapsAfter((beginUtcS + 5000) * 1000).isEmpty()); // the clock was set back
}

void MinuteBookTest::pendingIsNobodys()
{
    FlowRecord gauge = row(1, 0, 1000);
    gauge.programSlot = ProgramSlot::pending;
    m_book->flow(gauge, program(2, "spilled"));
    QVERIFY(flowsOf(next()).isEmpty());
}

void MinuteBookTest::otherGenerationIsAnotherRow()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    FlowRecord other = row(1, 30, 0, 3);
    other.remote[15] = 99;
    m_book->flow(other, program(5, "wget"));
    const Seal seal = next();
    QList<JournalFlow> flows = flowsOf(seal);
    std::sort(flows.begin(), flows.end(),
              [](const auto &a, const auto &b) { return a.program.name < b.program.name; });
    QCOMPARE(flows.size(), 2);
    QCOMPARE(flows[0].sums.rxPayloadBytes, 100u);
    QCOMPARE(flows[1].sums.rxPayloadBytes, 30u);
    QCOMPARE(seal.changed.rows.size(), size_t(1));
    QCOMPARE(seal.changed.rows[0].generation, 3u);
}

void MinuteBookTest::resetCounterBeganAtZero()
{
    m_book->flow(row(1, 100), program(4, "curl"));
    m_book->flow(row(1, 20), program(4, "curl"));
    QCOMPARE(flowsOf(next())[0].sums.rxPayloadBytes, 120u);
}

void MinuteBookTest::whatWasBeforeTheJournalDoesNotCount()
{
    MinuteBook book(ownNetNs, cgroup);
    book.setBaseline(std::nullopt);
    book.flow(row(1, 100), program(4, "curl"));
    book.begin(m_time.clocks(), std::nullopt);
    const Seal first = book.seal(m_time.clocks(), eth0(0));
    QVERIFY(flowsOf(first).isEmpty());
    QCOMPARE(first.changed.rows.size(), size_t(1));
    book.flow(row(1, 103), program(4, "curl"));
    book.flow(row(2, 5), program(4, "curl"));
    quint64 sum = 0;
    for (const JournalFlow &flow : flowsOf(book.seal(m_time.clocks(), eth0(0))))
        sum += flow.sums.rxPayloadBytes;
    QCOMPARE(sum, 8u);
}

/// A kernel that counts on, and helpers that die after any reading, before or after their seal is kept.
void MinuteBookTest::killsCountOnce()
{
    auto *random = QRandomGenerator::global();
    const quint32 seed = random->generate();
    QRandomGenerator dice(seed);
    constexpr quint32 rows = 50;
    std::vector<FlowRecord> kernel;
    for (quint32 slot = 0; slot <= rows; ++slot)
        kernel.push_back(row(slot, 0));
    QHash<quint32, Checkpoint::Row> kept;
    std::vector<Checkpoint::Interface> keptInterfaces;
    quint64 counted = 0;
    quint64 truth = 0;
    quint64 interfaceBytes = 777;
    quint64 interfaceCounted = 0;
    const auto keep = [&](const Seal &seal) {
        for (const JournalFlow &flow : flowsOf(seal))
            counted += flow.sums.rxPayloadBytes;
        for (const JournalInterface &interface : interfacesOf(seal))
            interfaceCounted += interface.rxCounterBytes;
        for (const Checkpoint::Row &one : seal.changed.rows)
            kept.insert(one.slot, one);
        keptInterfaces = seal.changed.interfaces;
    };
    bool isEverKept = false;
    for (int life = 0; life < 200; ++life) {
        MinuteBook book(ownNetNs, cgroup);
        Checkpoint baseline;
        baseline.rows.assign(kept.cbegin(), kept.cend());
        baseline.interfaces = keptInterfaces;
        book.setBaseline(baseline);
        const auto readAll = [&](bool isFirst) {
            for (quint32 slot = 1; slot <= rows; ++slot) {
                const quint64 grown = dice.bounded(3) == 0 ? dice.bounded(1000u) : 0;
                kernel[slot].rxPayloadBytes += grown;
                truth += grown;
                interfaceBytes += isEverKept ? grown : 0;
                if (grown != 0 || (isFirst && kernel[slot].rxPayloadBytes != 0))
                    book.flow(kernel[slot], program(4, "curl"));
            }
        };
        readAll(true);
        book.begin(m_time.clocks(), std::nullopt);
        const int readings = int(dice.bounded(5));
        for (int i = 0; i <= readings; ++i) {
            m_time.pass(20);
            const Seal seal = book.seal(m_time.clocks(), eth0(interfaceBytes));
            if (i == readings && dice.bounded(2) == 0)
                break; // killed before it was written
            isEverKept = true;
            keep(seal);
            readAll(false);
        }
    }
    MinuteBook book(ownNetNs, cgroup);
    Checkpoint baseline;
    baseline.rows.assign(kept.cbegin(), kept.cend());
    baseline.interfaces = keptInterfaces;
    book.setBaseline(baseline);
    for (quint32 slot = 1; slot <= rows; ++slot)
        book.flow(kernel[slot], program(4, "curl"));
    book.begin(m_time.clocks(), std::nullopt);
    keep(book.seal(m_time.clocks(), eth0(interfaceBytes)));
    QVERIFY2(counted == truth, qPrintable(QStringLiteral("seed %1").arg(seed)));
    QCOMPARE(interfaceCounted, interfaceBytes - 777);
    QVERIFY(truth > 0);
}

QTEST_GUILESS_MAIN(MinuteBookTest)
#include "tst_minutebook.moc"
