// SPDX-License-Identifier: MIT
#include "ledger.h"

#include <QRandomGenerator>
#include <QTest>

#include <map>
#include <set>

using namespace Nettally;

namespace {

constexpr quint32 alice = 1000;
constexpr quint32 bob = 1001;
constexpr quint32 nobodyYet = 4242;

const LedgerDetail details[] = {LedgerDetail::Program, LedgerDetail::Remote, LedgerDetail::Connection};

ProgramRecord programRecord(quint32 slot, quint32 uid)
{
    ProgramRecord record;
    record.slot = slot;
    record.pid = 100 + slot;
    record.startNs = slot;
    record.uid = uid;
    record.comm = "p" + QByteArray::number(slot);
    return record;
}

RemoteBytes v4(quint8 last)
{
    return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, last};
}

FlowRecord flowRecord(quint32 slot, quint32 programSlot, quint8 remote, quint64 rx, quint64 tx)
{
    FlowRecord record;
    record.slot = slot;
    record.generation = 1;
    record.programSlot = programSlot;
    record.remote = v4(remote);
    record.servicePort = 443;
    record.protocol = 6;
    record.direction = 1;
    record.ifindex = 2;
    record.rxPayloadBytes = rx;
    record.txPayloadBytes = tx;
    record.openSockets = 1;
    return record;
}

Ledger::Bytes sumOf(const LedgerChanges &changes)
{
    Ledger::Bytes sum;
    for (const LedgerRow &row : changes.rows) {
        sum.rx += row.totals.rxPayloadBytes;
        sum.tx += row.totals.txPayloadBytes;
    }
    return sum;
}

/// What a subscriber knows after applying all it was sent.
struct Subscriber {
    LedgerView view;
    bool wasToldTwice = false;
    quint64 version = 0;
    std::map<quint32, LedgerRow> rows{};
    std::set<quint32> programs{};
    std::set<quint32> remotes{};
    std::set<quint32> ended{};

    LedgerChanges update(const Ledger &ledger)
    {
        LedgerChanges changes = ledger.changesSince(version, view);
        version = ledger.version();
        for (const Process *process : changes.programs)
            wasToldTwice |= !programs.insert(process->id).second;
        for (const LedgerRemote &remote : changes.remotes)
            wasToldTwice |= !remotes.insert(remote.id).second;
        for (quint32 id : changes.endedProgramIds)
            wasToldTwice |= !ended.insert(id).second;
        for (const LedgerRow &row : changes.rows)
            rows[row.id] = row;
        return changes;
    }

    bool knowsAllNames() const
    {
        return std::all_of(rows.begin(), rows.end(), [this](const auto &entry) {
            const LedgerRow &row = entry.second;
            return programs.count(row.programId) && (row.remoteId == 0 || remotes.count(row.remoteId));
        });
    }
};

bool isSame(const LedgerRow &a, const LedgerRow &b)
{
    return a.id == b.id && a.programId == b.programId && a.remoteId == b.remoteId && a.ifindex == b.ifindex
        && a.servicePort == b.servicePort && a.protocol == b.protocol && a.direction == b.direction
        && a.totals.rxPayloadBytes == b.totals.rxPayloadBytes
        && a.totals.txPayloadBytes == b.totals.txPayloadBytes && a.openSockets == b.openSockets;
}

} // namespace

class LedgerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void sumsUpByLevel();
    void countsRestartedRowOnce();
    void countsReusedSlotOnce();
    void mergesSlotsOfOneIdentity();
    void keepsProgramsOfOnePidApart();
    void movesFlowWhenItsProgramBecomesKnown();
    void foldsOthersSoThatSumsAreTheWhole();
    void tellsTunnelsApart();
    void namesWhatTheKernelMoves();
    void tellsOnlyWhatChanged();
    void tellsNamesOnce();
    void hidesRemotesOfOthers();
    void tellsOfEndedPrograms();
    void reportsNoNegativeSockets();
    void putsSpillDownToOverflow();
    void isBounded();
    void agreesWithPlainSums();
    void changedRowsOfManyAreCheap();
};

void LedgerTest::sumsUpByLevel()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.flow(flowRecord(1, 1, 1, 10, 1));
    FlowRecord otherPort = flowRecord(2, 1, 1, 20, 2);
    otherPort.servicePort = 80;
    ledger.flow(otherPort);
    ledger.flow(flowRecord(3, 1, 2, 30, 3));

    const auto connections = ledger.changesSince(0, {LedgerDetail::Connection, {}}).rows;
    QCOMPARE(connections.size(), size_t(3));
    const auto remotes = ledger.changesSince(0, {LedgerDetail::Remote, {}}).rows;
    QCOMPARE(remotes.size(), size_t(2));
    const auto programs = ledger.changesSince(0, {LedgerDetail::Program, {}}).rows;
    QCOMPARE(programs.size(), size_t(1));
    QCOMPARE(programs[0].totals.rxPayloadBytes, quint64(60));
    QCOMPARE(programs[0].totals.txPayloadBytes, quint64(6));
    QCOMPARE(programs[0].openSockets, qint64(3));
    QCOMPARE(programs[0].remoteId, quint32(0));
    const auto toFirst = std::find_if(remotes.begin(), remotes.end(), [](const LedgerRow &row) {
        return row.totals.rxPayloadBytes == 30 && row.openSockets == 2;
    });
    QVERIFY(toFirst != remotes.end());
    QCOMPARE(toFirst->servicePort, quint16(0));
}

void LedgerTest::countsRestartedRowOnce()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.flow(flowRecord(1, 1, 1, 1000, 500));
    ledger.beginReading();
    // tx has passed its old value again: it began anew with rx all the same.
    ledger.flow(flowRecord(1, 1, 1, 10, 600));
    ledger.beginReading();
    ledger.flow(flowRecord(1, 1, 1, 15, 600));
    for (LedgerDetail detail : details) {
        const auto rows = ledger.changesSince(0, {detail, {}}).rows;
        QCOMPARE(rows.size(), size_t(1));
        QCOMPARE(rows[0].totals.rxPayloadBytes, quint64(1015));
        QCOMPARE(rows[0].totals.txPayloadBytes, quint64(1100));
        QCOMPARE(rows[0].openSockets, qint64(1));
    }
}

void LedgerTest::countsReusedSlotOnce()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.program(programRecord(2, alice));
    ledger.flow(flowRecord(1, 1, 1, 1000, 0));
    ledger.beginReading();
    FlowRecord recycled = flowRecord(1, 2, 9, 1500, 7);
    recycled.generation = 2;
    ledger.flow(recycled);

    const auto rows = ledger.changesSince(0, {LedgerDetail::Program, {}}).rows;
    QCOMPARE(rows.size(), size_t(2));
    for (const LedgerRow &row : rows) {
        const bool isFirst = row.totals.rxPayloadBytes == 1000;
        QCOMPARE(row.totals.rxPayloadBytes, isFirst ? quint64(1000) : quint64(1500));
        QCOMPARE(row.openSockets, isFirst ? qint64(0) : qint64(1));
    }
    QCOMPARE(sumOf(ledger.changesSince(0, {LedgerDetail::Connection, {}})).rx, quint64(2500));

    // The same flow again in the next generation of its slot: one row, both lives in it.
    ledger.beginReading();
    recycled.generation = 3;
    recycled.rxPayloadBytes = 1;
    recycled.txPayloadBytes = 0;
    ledger.flow(recycled);
    const auto again = ledger.changesSince(ledger.version() - 1, {LedgerDetail::Connection, {}}).rows;
    QCOMPARE(again.size(), size_t(1));
    QCOMPARE(again[0].totals.rxPayloadBytes, quint64(1501));
    QCOMPARE(again[0].openSockets, qint64(1));
}

void LedgerTest::mergesSlotsOfOneIdentity()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.flow(flowRecord(1, 1, 1, 100, 0));
    ledger.flow(flowRecord(2, 1, 1, 11, 0));
    ledger.beginReading();
    ledger.flow(flowRecord(2, 1, 1, 12, 0));
    const auto rows = ledger.changesSince(0, {LedgerDetail::Connection, {}}).rows;
    QCOMPARE(rows.size(), size_t(1));
    QCOMPARE(rows[0].totals.rxPayloadBytes, quint64(112));
    QCOMPARE(rows[0].openSockets, qint64(2));
}

void LedgerTest::keepsProgramsOfOnePidApart()
{
    Ledger ledger;
    ledger.beginReading();
    ProgramRecord program = programRecord(1, alice);
    ledger.program(program);
    ledger.flow(flowRecord(1, 1, 1, 100, 0));
    ledger.beginReading();
    program.slot = 2;
    program.execId = 1; // execve()
    ledger.program(program);
    ledger.flow(flowRecord(2, 2, 1, 20, 0));
    ledger.beginReading();
    program.slot = 3;
    program.startNs = 999; // the pid given again
    program.execId = 0;
    ledger.program(program);
    ledger.flow(flowRecord(3, 3, 1, 3, 0));

    const LedgerChanges changes = ledger.changesSince(0, {LedgerDetail::Program, {}});
    std::multiset<quint64> totals;
    for (const LedgerRow &row : changes.rows)
        totals.insert(row.totals.rxPayloadBytes);
    QCOMPARE(totals, (std::multiset<quint64>{3, 20, 100}));
    QCOMPARE(changes.programs.size(), size_t(3));
    QCOMPARE(changes.endedProgramIds.size(), size_t(2));
}

void LedgerTest::movesFlowWhenItsProgramBecomesKnown()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.flow(flowRecord(1, 1, 1, 100, 0));
    QCOMPARE(ledger.spilled().rx, quint64(100)); // nothing is lost meanwhile
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.flow(flowRecord(1, 1, 1, 130, 0));
    QCOMPARE(ledger.spilled().rx, quint64(100));
    const auto own = ledger.changesSince(0, {LedgerDetail::Program, alice}).rows;
    QCOMPARE(own.size(), size_t(2));
    QCOMPARE(own[0].totals.rxPayloadBytes, quint64(30));
    QCOMPARE(own[0].openSockets, qint64(1));
    QCOMPARE(own[1].openSockets, qint64(0));
}

void LedgerTest::foldsOthersSoThatSumsAreTheWhole()
{
    Ledger ledger;
    ledger.beginReading();
    ProgramRecord kernel = programRecord(3, alice);
    kernel.isKernel = true;
    ledger.program(programRecord(1, alice));
    ledger.program(programRecord(2, bob));
    ledger.program(kernel);
    ledger.flow(flowRecord(1, 1, 1, 1, 10));
    ledger.flow(flowRecord(2, 2, 1, 2, 20));
    ledger.flow(flowRecord(3, 3, 1, 4, 40));
    ledger.flow(flowRecord(0, 0, 0, 8, 80));

    for (LedgerDetail detail : details) {
        for (quint32 uid : {alice, bob, nobodyYet}) {
            const LedgerChanges changes = ledger.changesSince(0, {detail, uid});
            QCOMPARE(sumOf(changes).rx, quint64(15));
            QCOMPARE(sumOf(changes).tx, quint64(150));
            const LedgerRow others = changes.rows.back();
            QCOMPARE(others.id, Ledger::othersRowId);
            QCOMPARE(others.programId, ProcessTable::othersId);
            QCOMPARE(others.remoteId, quint32(0));
            QCOMPARE(others.totals.rxPayloadBytes, uid == alice ? 14u : uid == bob ? 13u : quint64(15));
            QCOMPARE(others.openSockets, qint64(uid == nobodyYet ? 4 : 3));
            for (const Process *process : changes.programs)
                QVERIFY(process->kind == ProcessKind::Others
                        || (process->kind == ProcessKind::Program && process->uid == uid));
        }
        QCOMPARE(sumOf(ledger.changesSince(0, {detail, {}})).rx, quint64(15));
    }
}

void LedgerTest::tellsTunnelsApart()
{
    constexpr quint32 ownNs = 7;
    constexpr quint32 tunnel = 9;
    const auto flow = [](quint32 slot, quint32 programSlot, quint32 ifindex, quint64 rx) {
        FlowRecord record = flowRecord(slot, programSlot, 1, rx, 0);
        record.netNs = ownNs;
        record.ifindex = ifindex;
        return record;
    };
    const auto received = [](const LedgerChanges &changes) {
        std::map<std::pair<quint32, TunnelPart>, quint64> bytes; // by program and part
        for (const LedgerRow &row : changes.rows)
            bytes[{row.programId, row.tunnelPart}] += row.totals.rxPayloadBytes;
        return bytes;
    };
    Ledger ledger;
    ledger.setNetNs(ownNs);
    ledger.beginReading();
    ledger.program(programRecord(1, alice)); // uses the tunnel
    ledger.program(programRecord(2, bob)); // carries it
    ledger.flow(flow(1, 1, tunnel, 5));
    ledger.flow(flow(2, 2, 2, 6));
    const quint32 inner = ledger.processOfSlot(1).id;
    const quint32 carrier = ledger.processOfSlot(2).id;
    QVERIFY(ledger.carriersOf(tunnel).isEmpty());

    ledger.setTunnels({{tunnel, ownNs, 2}});
    QCOMPARE(ledger.carriersOf(tunnel), QList<const Process *>{&ledger.processOfSlot(2)});
    ledger.beginReading();
    ledger.flow(flow(1, 1, tunnel, 5 + 100));
    ledger.flow(flow(2, 2, 2, 6 + 130));
    ledger.flow(flow(3, 1, 2, 1000)); // not through the tunnel
    ledger.flow(flow(4, 2, 1, 2000)); // of the carrier, but within the machine
    for (LedgerDetail detail : details) {
        const auto all = received(ledger.changesSince(0, {detail, {}}));
        QCOMPARE(all.at({inner, TunnelPart::None}), 5u + 1000u); // from before anybody carried it
        QCOMPARE(all.at({inner, TunnelPart::Inside}), 100u);
        QCOMPARE(all.at({carrier, TunnelPart::None}), 6u + 2000u);
        QCOMPARE(all.at({carrier, TunnelPart::Carrier}), 130u);
        // Each user's view has both sides, so that each byte can count once.
        const auto own = received(ledger.changesSince(0, {detail, alice}));
        QCOMPARE(own.at({inner, TunnelPart::Inside}), 100u);
        QCOMPARE(own.at({ProcessTable::othersId, TunnelPart::Carrier}), 130u);
        QCOMPARE(own.at({ProcessTable::othersId, TunnelPart::None}), 6u + 2000u);
        const auto foreign = received(ledger.changesSince(0, {detail, bob}));
        QCOMPARE(foreign.at({carrier, TunnelPart::Carrier}), 130u);
        QCOMPARE(foreign.at({ProcessTable::othersId, TunnelPart::Inside}), 100u);
    }
    // Named once, whatever it has of each.
    QCOMPARE(ledger.changesSince(0, {LedgerDetail::Program, {}}).programs.size(), size_t(2));

    ledger.setTunnels({});
    ledger.beginReading();
    ledger.flow(flow(2, 2, 2, 6 + 130 + 9));
    QCOMPARE(received(ledger.changesSince(0, {LedgerDetail::Program, {}})).at({carrier, TunnelPart::None}),
             6u + 2000u + 9u);
}

void LedgerTest::namesWhatTheKernelMoves()
{
    Ledger ledger;
    ledger.beginReading();
    ProgramRecord thread = programRecord(1, 0);
    thread.isKernel = true;
    thread.comm = "kworker/u8:1";
    ledger.program(thread);
    ledger.program(programRecord(2, alice));
    const auto nameOf = [&](quint32 programSlot, quint8 protocol, quint16 port, quint8 direction = 1) {
        FlowRecord record = flowRecord(1, programSlot, 1, 1, 1);
        record.protocol = protocol;
        record.servicePort = port;
        record.direction = direction;
        return ledger.processOf(record).name;
    };
    const quint32 unowned = ProgramSlot::unowned;
    QCOMPARE(nameOf(unowned, 1, 256), QStringLiteral("Kernel: ICMP echo"));
    QCOMPARE(nameOf(unowned, 1, 256 + 3), QStringLiteral("Kernel: ICMP errors and redirects"));
    QCOMPARE(nameOf(unowned, 58, 256 + 129), QStringLiteral("Kernel: ICMP echo"));
    QCOMPARE(nameOf(unowned, 58, 256 + 135), QStringLiteral("Kernel: neighbour discovery"));
    QCOMPARE(nameOf(unowned, 58, 256 + 143), QStringLiteral("Kernel: group membership"));
    QCOMPARE(nameOf(unowned, 0, 0), QStringLiteral("Kernel: group membership"));
    QCOMPARE(nameOf(unowned, 2, 0), QStringLiteral("Kernel: group membership"));
    QCOMPARE(nameOf(unowned, 6, 0), QStringLiteral("Kernel: TCP resets, and sockets of no program"));
    QCOMPARE(nameOf(unowned, 47, 0), QStringLiteral("Kernel: IP protocol 47"));
    QCOMPARE(nameOf(1, 6, 2049), QStringLiteral("NFS client"));
    QCOMPARE(nameOf(1, 6, 2049, 2), QStringLiteral("NFS server"));
    QCOMPARE(nameOf(1, 6, 6801), QStringLiteral("Ceph client"));
    QCOMPARE(nameOf(1, 17, 445), QStringLiteral("kworker/u8:1"));
    QCOMPARE(nameOf(1, 6, 8080), QStringLiteral("kworker/u8:1"));
    QCOMPARE(nameOf(2, 6, 2049), QStringLiteral("p2")); // a program may talk to an NFS server as well

    // Of two threads it is one program, and ICMP has no port.
    thread.slot = 3;
    thread.pid = 77;
    ledger.program(thread);
    FlowRecord nfs = flowRecord(1, 1, 1, 10, 0);
    nfs.servicePort = 2049;
    FlowRecord more = flowRecord(2, 3, 1, 5, 0);
    more.servicePort = 2049;
    FlowRecord echo = flowRecord(3, unowned, 1, 0, 0);
    echo.protocol = 1;
    echo.servicePort = 256 + 8;
    echo.packets.txIpBytes = 84;
    for (const FlowRecord &record : {nfs, more, echo})
        ledger.flow(record);
    const LedgerChanges changes = ledger.changesSince(0, {LedgerDetail::Connection, {}});
    QCOMPARE(changes.rows.size(), size_t(2));
    for (const LedgerRow &row : changes.rows) {
        QCOMPARE(row.totals.rxPayloadBytes, row.protocol == 1 ? quint64(0) : quint64(15));
        QCOMPARE(row.servicePort, quint16(row.protocol == 1 ? 0 : 2049));
    }
    for (const Process *process : changes.programs) {
        QCOMPARE(process->pid, 0u);
        QCOMPARE(process->kind,
                 process->name == QLatin1String("NFS client") ? ProcessKind::KernelThread
                                                              : ProcessKind::Kernel);
    }
}

void LedgerTest::tellsOnlyWhatChanged()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.program(programRecord(2, bob));
    for (quint32 slot = 1; slot <= 20; ++slot)
        ledger.flow(flowRecord(slot, 1 + slot % 2, quint8(slot), 1, 1));
    const quint64 before = ledger.version();

    ledger.beginReading();
    QVERIFY(ledger.changesSince(before, {LedgerDetail::Connection, {}}).rows.empty());
    ledger.flow(flowRecord(4, 1, 4, 1, 1)); // the source may repeat itself
    QVERIFY(ledger.changesSince(before, {LedgerDetail::Connection, {}}).rows.empty());

    ledger.flow(flowRecord(4, 1, 4, 2, 1)); // alice's
    for (LedgerDetail detail : details) {
        const LedgerChanges all = ledger.changesSince(before, {detail, {}});
        QCOMPARE(all.rows.size(), size_t(1));
        QVERIFY(all.programs.empty());
        QVERIFY(all.remotes.empty());
        const LedgerChanges own = ledger.changesSince(before, {detail, alice});
        QCOMPARE(own.rows.size(), size_t(1));
        QCOMPARE(own.rows[0].programId, all.rows[0].programId);
        const LedgerChanges foreign = ledger.changesSince(before, {detail, bob});
        QCOMPARE(foreign.rows.size(), size_t(1));
        QCOMPARE(foreign.rows[0].id, Ledger::othersRowId);
    }
}

void LedgerTest::tellsNamesOnce()
{
    Ledger ledger;
    Subscriber all{{LedgerDetail::Connection, {}}};
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.program(programRecord(2, alice));
    QVERIFY(all.update(ledger).programs.empty()); // no rows yet, so nothing to name

    ledger.beginReading();
    ledger.flow(flowRecord(1, 1, 1, 1, 1));
    LedgerChanges changes = all.update(ledger);
    QCOMPARE(changes.programs.size(), size_t(1));
    QCOMPARE(changes.programs[0]->name, QStringLiteral("p1"));
    QCOMPARE(changes.remotes.size(), size_t(1));
    QCOMPARE(changes.remotes[0].address, QByteArray::fromHex("c0000201"));

    ledger.beginReading();
    ledger.flow(flowRecord(2, 2, 1, 1, 1)); // another program, the same remote
    FlowRecord v6 = flowRecord(3, 2, 0, 1, 1);
    v6.remote = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    ledger.flow(v6);
    FlowRecord unknown = flowRecord(4, 2, 0, 1, 1);
    unknown.remote = {};
    ledger.flow(unknown);
    changes = all.update(ledger);
    QCOMPARE(changes.programs.size(), size_t(1));
    std::set<QByteArray> addresses;
    for (const LedgerRemote &remote : changes.remotes)
        addresses.insert(remote.address);
    QCOMPARE(addresses, (std::set<QByteArray>{{}, QByteArray::fromHex("20010db8000000000000000000000001")}));

    // A subscription by program has no use for addresses.
    QVERIFY(ledger.changesSince(0, {LedgerDetail::Program, {}}).remotes.empty());
}

void LedgerTest::hidesRemotesOfOthers()
{
    Ledger ledger;
    Subscriber own{{LedgerDetail::Remote, alice}};
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    ledger.program(programRecord(2, bob));
    ledger.flow(flowRecord(1, 2, 7, 1, 1));
    QVERIFY(own.update(ledger).remotes.empty());
    ledger.beginReading();
    ledger.flow(flowRecord(2, 1, 7, 1, 1)); // long known to the ledger, new to alice
    const LedgerChanges known = own.update(ledger);
    QCOMPARE(known.remotes.size(), size_t(1));
    QVERIFY(own.knowsAllNames());

    // Nor do ids tell: those of one new to the ledger and of one that bob talked to before count on.
    ledger.beginReading();
    ledger.flow(flowRecord(3, 2, 8, 1, 1));
    ledger.beginReading();
    ledger.flow(flowRecord(4, 1, 9, 1, 1));
    const LedgerChanges fresh = own.update(ledger);
    ledger.beginReading();
    ledger.flow(flowRecord(5, 1, 8, 1, 1));
    const LedgerChanges again = own.update(ledger);
    QCOMPARE(fresh.remotes.at(0).id, known.remotes.at(0).id + 1);
    QCOMPARE(again.remotes.at(0).id, fresh.remotes.at(0).id + 1);
    QVERIFY(own.knowsAllNames());
}

void LedgerTest::tellsOfEndedPrograms()
{
    Ledger ledger;
    ledger.beginReading();
    ProgramRecord first = programRecord(1, alice);
    ProgramRecord second = programRecord(2, bob);
    first.endedNs = second.endedNs = 5; // a program of 5 ms: over when it is first seen
    ledger.program(first);
    ledger.flow(flowRecord(1, 1, 1, 1, 1));
    ledger.program(second);
    QCOMPARE(ledger.changesSince(0, {LedgerDetail::Program, {}}).endedProgramIds.size(), size_t(1));
    QCOMPARE(ledger.changesSince(0, {LedgerDetail::Program, bob}).endedProgramIds.size(), size_t(0));
    const quint64 before = ledger.version();
    ledger.beginReading();
    ledger.flow(flowRecord(2, 2, 1, 1, 1));
    QCOMPARE(ledger.changesSince(before, {LedgerDetail::Program, {}}).endedProgramIds.size(), size_t(1));
    QCOMPARE(ledger.changesSince(before, {LedgerDetail::Program, alice}).endedProgramIds.size(), size_t(0));
}

void LedgerTest::reportsNoNegativeSockets()
{
    Ledger ledger;
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    FlowRecord closing = flowRecord(1, 1, 1, 1, 1);
    closing.openSockets = -1;
    ledger.flow(closing);
    for (LedgerDetail detail : details) {
        QCOMPARE(ledger.changesSince(0, {detail, {}}).rows[0].openSockets, qint64(0));
        QCOMPARE(ledger.changesSince(0, {detail, bob}).rows[0].openSockets, qint64(0));
    }
    closing.openSockets = 1;
    ledger.beginReading();
    ledger.flow(closing);
    QCOMPARE(ledger.changesSince(0, {LedgerDetail::Program, {}}).rows[0].openSockets, qint64(1));
}

void LedgerTest::putsSpillDownToOverflow()
{
    Ledger ledger;
    QCOMPARE(ledger.spilled().rx, quint64(0));
    ledger.beginReading();
    ledger.flow(flowRecord(0, 0, 0, 5, 6));
    QCOMPARE(ledger.spilled().rx, quint64(5));
    QCOMPARE(ledger.spilled().tx, quint64(6));
    const LedgerChanges changes = ledger.changesSince(0, {LedgerDetail::Program, {}});
    QCOMPARE(changes.programs.size(), size_t(1));
    QCOMPARE(changes.programs[0]->kind, ProcessKind::Overflow);
    QVERIFY(!changes.programs[0]->name.isEmpty());
}

void LedgerTest::isBounded()
{
    Ledger ledger(Ledger::Limits{.maxPrograms = 100, .maxRows = 10});
    ledger.beginReading();
    ledger.program(programRecord(1, alice));
    for (quint64 bytes : {1, 3}) {
        ledger.beginReading();
        for (quint32 slot = 1; slot <= 100; ++slot)
            ledger.flow(flowRecord(slot, 1, quint8(slot), bytes, 0));
    }
    const LedgerChanges changes = ledger.changesSince(0, {LedgerDetail::Connection, {}});
    QCOMPARE(changes.rows.size(), size_t(11));
    QCOMPARE(sumOf(changes).rx, quint64(300));
    QCOMPARE(ledger.spilled().rx, quint64(270));
}

void LedgerTest::agreesWithPlainSums()
{
    // Any history of growth, restarts, recycled slots and spills, against sums kept the plain way;
    // subscribers that come and ask now and then must know the same as one that asks for everything.
    QRandomGenerator random(20240229);
    Ledger ledger;
    Subscriber subscribers[] = {{{LedgerDetail::Program, {}}},          {{LedgerDetail::Remote, {}}},
                                {{LedgerDetail::Connection, {}}},       {{LedgerDetail::Program, alice}},
                                {{LedgerDetail::Remote, bob}},          {{LedgerDetail::Connection, alice}},
                                {{LedgerDetail::Connection, nobodyYet}}};
    constexpr quint32 programs = 12;
    constexpr quint32 flowSlots = 60;
    std::vector<FlowRecord> flows(flowSlots);
    std::map<quint32, Ledger::Bytes> sumsOfPrograms; // by program slot

    for (int reading = 0; reading < 400; ++reading) {
        ledger.beginReading();
        if (reading == 0) {
            for (quint32 slot = 1; slot <= programs; ++slot)
                ledger.program(programRecord(slot, slot % 3 == 0 ? alice : slot % 3 == 1 ? bob : 0));
        }
        for (int change = random.bounded(10); change > 0; --change) {
            const quint32 slot = random.bounded(flowSlots);
            FlowRecord &flow = flows[slot];
            const bool isNew = flow.generation == 0 || random.bounded(20) == 0;
            const bool isRestart = !isNew && random.bounded(20) == 0;
            if (isNew) {
                const quint32 generation = flow.generation + 1;
                flow = flowRecord(slot, slot == 0 ? 0 : 1 + random.bounded(programs),
                                  quint8(random.bounded(5)), 0, 0);
                flow.generation = generation;
                flow.servicePort = quint16(random.bounded(3));
            }
            const Ledger::Bytes had{isNew || isRestart ? 0 : flow.rxPayloadBytes,
                                    isNew || isRestart ? 0 : flow.txPayloadBytes};
            // A restarted row is seen as such because it shows less than before.
            if (isRestart && flow.rxPayloadBytes > 0)
                flow.rxPayloadBytes -= 1 + random.bounded(quint32(flow.rxPayloadBytes));
            else if (isRestart)
                continue;
            else
                flow.rxPayloadBytes += random.bounded(1000u);
            flow.txPayloadBytes += random.bounded(1000u);
            flow.openSockets = random.bounded(-1, 4);
            ledger.flow(flow);
            sumsOfPrograms[flow.programSlot].rx += flow.rxPayloadBytes - had.rx;
            sumsOfPrograms[flow.programSlot].tx += flow.txPayloadBytes - had.tx;
        }

        for (Subscriber &subscriber : subscribers) {
            if (random.bounded(3) != 0)
                continue;
            subscriber.update(ledger);
            QVERIFY(!subscriber.wasToldTwice);
            QVERIFY(subscriber.knowsAllNames());
            const LedgerChanges whole = ledger.changesSince(0, subscriber.view);
            QCOMPARE(whole.rows.size(), subscriber.rows.size());
            for (const LedgerRow &row : whole.rows)
                QVERIFY(isSame(row, subscriber.rows[row.id]));
            Ledger::Bytes sum;
            for (const auto &[slot, bytes] : sumsOfPrograms) {
                sum.rx += bytes.rx;
                sum.tx += bytes.tx;
            }
            QCOMPARE(sumOf(whole).rx, sum.rx);
            QCOMPARE(sumOf(whole).tx, sum.tx);
        }
    }
    std::multiset<quint64> expected;
    for (const auto &[slot, bytes] : sumsOfPrograms)
        expected.insert(bytes.rx);
    std::multiset<quint64> actual;
    for (const LedgerRow &row : ledger.changesSince(0, {LedgerDetail::Program, {}}).rows)
        actual.insert(row.totals.rxPayloadBytes);
    QCOMPARE(actual, expected);
}

void LedgerTest::changedRowsOfManyAreCheap()
{
    Ledger ledger;
    ledger.beginReading();
    std::vector<FlowRecord> flows;
    for (quint32 slot = 1; slot <= 1000; ++slot)
        ledger.program(programRecord(slot, alice));
    for (quint32 slot = 1; slot <= 100000; ++slot) {
        FlowRecord flow = flowRecord(slot, 1 + slot % 1000, quint8(slot), 1, 1);
        flow.remote[13] = quint8(slot >> 8);
        flow.remote[14] = quint8(slot >> 16);
        flows.push_back(flow);
        ledger.flow(flow);
    }
    size_t rows = 0;
    QBENCHMARK
    {
        const quint64 before = ledger.version();
        ledger.beginReading();
        for (size_t i = 0; i < flows.size(); i += 10) {
            ++flows[i].rxPayloadBytes;
            ledger.flow(flows[i]);
        }
        rows = ledger.changesSince(before, {LedgerDetail::Connection, {}}).rows.size();
    }
    QCOMPARE(rows, size_t(10000));
}

QTEST_APPLESS_MAIN(LedgerTest)
#include "tst_ledger.moc"
