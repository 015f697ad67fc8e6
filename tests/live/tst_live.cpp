// SPDX-License-Identifier: MIT
#include "testbed.h"

#include <QFile>
#include <QTest>
#include <QTextStream>

#include <unistd.h>

using namespace Nettally;

namespace {

constexpr char port[] = "5000";

/// What one process of the traffic program says it moved.
struct Truth {
    QString role;
    quint32 pid = 0;
    quint64 sent = 0;
    quint64 received = 0;
};

struct Counted {
    quint64 sent = 0;
    quint64 received = 0;
};

} // namespace

/// Bytes per program through the whole road, kernel to client, against what the programs' own calls returned.
class LiveTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void exactToTheByte_data();
    void exactToTheByte();
    void shortLivedProgramsAreNamed();
    void anotherProgramAfterExec();
    void remoteServicePortAndDirection();
    void openSocketsReturnToZero();
    void fullTableSpillsIntoTheOverflowRow();
    void unprivilegedAfterStart();
    void cleanupTestCase();

private:
    QList<Truth> makeTraffic(const QString &scenario, const QString &serverAddress);
    /// Sums over the flows of the programs with this pid, started as the @p nth image of that process.
    Counted countedOf(const LiveHelper &helper, quint32 pid) const;
    QList<quint32> programsOf(quint32 pid) const;

    NamespacePair m_namespaces;
    LiveHelper m_helper;
    QStringList m_table;
};

void LiveTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
    const QString problem = m_namespaces.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const QString helperProblem = m_helper.start(QStringLiteral(NETTALLY_HELPER));
    QVERIFY2(helperProblem.isEmpty(), qPrintable(helperProblem));
}

QList<Truth> LiveTest::makeTraffic(const QString &scenario, const QString &serverAddress)
{
    QString problem;
    const QByteArray output = runToEnd(
        QStringLiteral(NETTALLY_TRAFFIC),
        {scenario, m_namespaces.serverPath(), m_namespaces.clientPath(), serverAddress, QLatin1String(port)},
        &problem);
    if (!problem.isEmpty()) {
        QTest::qFail(qPrintable(problem), __FILE__, __LINE__);
        return {};
    }
    QList<Truth> truths;
    for (const QByteArray &line : output.split('\n')) {
        const QList<QByteArray> fields = line.split(' ');
        if (fields.size() == 4)
            truths.append({QString::fromLatin1(fields.at(0)), fields.at(1).toUInt(),
                           fields.at(2).toULongLong(), fields.at(3).toULongLong()});
    }
    return truths;
}

Counted LiveTest::countedOf(const LiveHelper &helper, quint32 pid) const
{
    Counted counted;
    for (const Flow &flow : helper.flows()) {
        if (helper.programs().value(flow.programId).pid == pid) {
            counted.sent += flow.txPayloadBytesTotal;
            counted.received += flow.rxPayloadBytesTotal;
        }
    }
    return counted;
}

QList<quint32> LiveTest::programsOf(quint32 pid) const
{
    QList<quint32> ids;
    for (const Program &program : m_helper.programs()) {
        if (program.pid == pid)
            ids.append(program.id);
    }
    return ids;
}

void LiveTest::exactToTheByte_data()
{
    QTest::addColumn<QString>("scenario");
    QTest::addColumn<QString>("address");
    QString problem;
    const QByteArray names = runToEnd(QStringLiteral(NETTALLY_TRAFFIC), {QStringLiteral("list")}, &problem);
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    for (const QByteArray &name : names.simplified().split(' ')) {
        QTest::newRow((name + " IPv4").constData())
            << QString::fromLatin1(name) << QString::fromLatin1(NamespacePair::serverV4);
        QTest::newRow((name + " IPv6").constData())
            << QString::fromLatin1(name) << QString::fromLatin1(NamespacePair::serverV6);
    }
}

void LiveTest::exactToTheByte()
{
    QFETCH(QString, scenario);
    QFETCH(QString, address);

    const QList<Truth> truths = makeTraffic(scenario, address);
    QVERIFY(!truths.isEmpty());
    QVERIFY(m_helper.settle());

    // A process is one line in the table; one that called execve() reported twice under one pid.
    QMap<quint32, Truth> byPid;
    for (const Truth &truth : truths) {
        Truth &sum = byPid[truth.pid];
        sum.role = truth.role;
        sum.sent += truth.sent;
        sum.received += truth.received;
    }
    Counted wanted;
    Counted counted;
    for (auto it = byPid.cbegin(); it != byPid.cend(); ++it) {
        const Counted own = countedOf(m_helper, it.key());
        QVERIFY2(own.sent == it->sent && own.received == it->received,
                 qPrintable(QStringLiteral("%1 (pid %2): sent %3, counted %4; received %5, counted %6")
                                .arg(it->role)
                                .arg(it.key())
                                .arg(it->sent)
                                .arg(own.sent)
                                .arg(it->received)
                                .arg(own.received)));
        wanted.sent += it->sent;
        wanted.received += it->received;
        counted.sent += own.sent;
        counted.received += own.received;
    }
    QVERIFY(wanted.sent > 0 && wanted.received > 0);
    m_table.append(QStringLiteral("%1 %2 %3 %4 %5 %6")
                       .arg(QString::fromLatin1(QTest::currentDataTag()), -22)
                       .arg(byPid.size(), 9)
                       .arg(wanted.sent, 10)
                       .arg(counted.sent, 10)
                       .arg(wanted.received, 10)
                       .arg(counted.received, 10));
}

void LiveTest::shortLivedProgramsAreNamed()
{
    const QList<Truth> truths =
        makeTraffic(QStringLiteral("short-lived"), QString::fromLatin1(NamespacePair::serverV4));
    QVERIFY(m_helper.settle());
    int clients = 0;
    for (const Truth &truth : truths) {
        if (truth.role != QLatin1String("client"))
            continue;
        ++clients;
        const QList<quint32> ids = programsOf(truth.pid);
        QCOMPARE(ids.size(), 1);
        const Program program = m_helper.programs().value(ids.constFirst());
        // In a chroot the kernel's path begins before ours.
        QVERIFY2(program.executable.endsWith(QStringLiteral(NETTALLY_TRAFFIC)),
                 qPrintable(program.executable));
        QCOMPARE(program.name, QStringLiteral("nettally-traffic"));
        QCOMPARE(program.uid, 0u);
        QVERIFY(program.startNs > 0);
        QVERIFY(m_helper.hasEnded(program.id));
    }
    QCOMPARE(clients, 50);
}

void LiveTest::anotherProgramAfterExec()
{
    const QList<Truth> truths =
        makeTraffic(QStringLiteral("exec"), QString::fromLatin1(NamespacePair::serverV4));
    QVERIFY(m_helper.settle());
    for (const Truth &truth : truths) {
        if (truth.role == QLatin1String("server"))
            continue;
        // The two images of the process, told apart by what each sent.
        const QList<quint32> ids = programsOf(truth.pid);
        QCOMPARE(ids.size(), 2);
        QList<quint64> sent;
        for (const Flow &flow : m_helper.flows()) {
            if (ids.contains(flow.programId))
                sent.append(flow.txPayloadBytesTotal);
        }
        QVERIFY(sent.contains(truth.sent));
    }
}

void LiveTest::remoteServicePortAndDirection()
{
    for (const bool v6 : {false, true}) {
        const QString server = QString::fromLatin1(v6 ? NamespacePair::serverV6 : NamespacePair::serverV4);
        const QString client = QString::fromLatin1(v6 ? NamespacePair::clientV6 : NamespacePair::clientV4);
        const QList<Truth> truths = makeTraffic(QStringLiteral("tcp-small"), server);
        QVERIFY(m_helper.settle());
        int checked = 0;
        for (const Truth &truth : truths) {
            for (const Flow &flow : m_helper.flows()) {
                if (m_helper.programs().value(flow.programId).pid != truth.pid)
                    continue;
                const bool isServer = truth.role == QLatin1String("server");
                QCOMPARE(m_helper.remotes().value(flow.remoteId).address.toString(),
                         isServer ? client : server);
                QCOMPARE(flow.direction, isServer ? Direction::Incoming : Direction::Outgoing);
                QCOMPARE(flow.servicePort, quint16(QByteArray(port).toUShort()));
                QCOMPARE(flow.protocol, quint8(6));
                QCOMPARE(flow.interfaceIndex, 0u); // of another namespace than the helper's
                ++checked;
            }
        }
        QCOMPARE(checked, 2);
    }
}

void LiveTest::openSocketsReturnToZero()
{
    const QList<Truth> truths =
        makeTraffic(QStringLiteral("threads"), QString::fromLatin1(NamespacePair::serverV6))
        + makeTraffic(QStringLiteral("udp"), QString::fromLatin1(NamespacePair::serverV6));
    QVERIFY(m_helper.settle());
    QSet<quint32> pids;
    for (const Truth &truth : truths)
        pids.insert(truth.pid);
    int flows = 0;
    for (const Flow &flow : m_helper.flows()) {
        if (pids.contains(m_helper.programs().value(flow.programId).pid)) {
            QCOMPARE(flow.openSockets, 0u);
            flows += flow.rxPayloadBytesTotal || flow.txPayloadBytesTotal;
        }
    }
    QCOMPARE(flows, 4);
}

void LiveTest::fullTableSpillsIntoTheOverflowRow()
{
    LiveHelper tiny({QStringLiteral("--max-flows"), QStringLiteral("16")});
    const QString problem = tiny.start(QStringLiteral(NETTALLY_HELPER));
    QVERIFY2(problem.isEmpty(), qPrintable(problem));

    // In the overflow row the bytes of other programs of this machine cannot be told from ours, so a round
    // in which the other helper saw any counts for nothing.
    const auto others = [this](const QSet<quint32> &ours) {
        quint64 bytes = 0;
        for (const Flow &flow : m_helper.flows()) {
            if (!ours.contains(m_helper.programs().value(flow.programId).pid))
                bytes += flow.rxPayloadBytesTotal + flow.txPayloadBytesTotal;
        }
        return bytes;
    };
    const auto total = [&tiny] {
        Counted sum;
        for (const Flow &flow : tiny.flows()) {
            sum.sent += flow.txPayloadBytesTotal;
            sum.received += flow.rxPayloadBytesTotal;
        }
        return sum;
    };
    for (int round = 0; round < 10; ++round) {
        QVERIFY(tiny.settle() && m_helper.settle());
        const Counted before = total();
        const quint64 othersBefore = others({});
        const QList<Truth> truths =
            makeTraffic(QStringLiteral("short-lived"), QString::fromLatin1(NamespacePair::serverV4));
        QVERIFY(tiny.settle() && m_helper.settle());
        Counted wanted;
        QSet<quint32> ours;
        for (const Truth &truth : truths) {
            wanted.sent += truth.sent;
            wanted.received += truth.received;
            ours.insert(truth.pid);
        }
        if (others(ours) != othersBefore)
            continue;
        const Counted after = total();
        QCOMPARE(after.sent - before.sent, wanted.sent);
        QCOMPARE(after.received - before.received, wanted.received);

        bool hasOverflow = false;
        for (const Program &program : tiny.programs())
            hasOverflow = hasOverflow || program.kind == ProgramKind::Overflow;
        QVERIFY(hasOverflow);
        return;
    }
    QFAIL("Other programs moved bytes in each of ten rounds.");
}

void LiveTest::unprivilegedAfterStart()
{
    QFile status(QStringLiteral("/proc/%1/status").arg(m_helper.pid()));
    QVERIFY(status.open(QIODevice::ReadOnly));
    const QString text = QString::fromLatin1(status.readAll());
    for (const QString &set : {QStringLiteral("CapInh"), QStringLiteral("CapPrm"), QStringLiteral("CapEff"),
                               QStringLiteral("CapBnd"), QStringLiteral("CapAmb")})
        QVERIFY2(text.contains(set + QStringLiteral(":\t0000000000000000\n")), qPrintable(text));
    QVERIFY(text.contains(QStringLiteral("NoNewPrivs:\t1\n")));
    QVERIFY(!text.contains(QStringLiteral("\nUid:\t0")));
}

void LiveTest::cleanupTestCase()
{
    QTextStream out(stdout);
    out << QStringLiteral("%1 %2 %3 %4 %5 %6\n")
               .arg(QStringLiteral("scenario"), -22)
               .arg(QStringLiteral("processes"), 9)
               .arg(QStringLiteral("sent"), 10)
               .arg(QStringLiteral("counted"), 10)
               .arg(QStringLiteral("received"), 10)
               .arg(QStringLiteral("counted"), 10);
    for (const QString &line : std::as_const(m_table))
        out << line << '\n';
}

QTEST_GUILESS_MAIN(LiveTest)
#include "tst_live.moc"
