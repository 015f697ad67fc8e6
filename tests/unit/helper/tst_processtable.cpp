// SPDX-License-Identifier: MIT
#include "processtable.h"

#include <QTest>

using namespace Nettally;

class ProcessTableTest : public QObject {
    Q_OBJECT

private:
    static ProgramRecord record(quint32 slot, quint32 pid, quint64 startNs, quint64 execId)
    {
        ProgramRecord record;
        record.slot = slot;
        record.pid = pid;
        record.startNs = startNs;
        record.execId = execId;
        record.uid = 1000;
        record.comm = "curl";
        record.path = "/usr/bin/curl";
        return record;
    }

private Q_SLOTS:
    void namesProgram_data();
    void namesProgram();
    void givesAnotherIdToAnotherProgram_data();
    void givesAnotherIdToAnotherProgram();
    void keepsIdOfSameProgram();
    void endsWhatRecordSaysEnded();
    void knowsKernelThreads();
    void putsUnknownSlotsDownToOverflow();
    void isBounded();
};

void ProcessTableTest::namesProgram_data()
{
    QTest::addColumn<QByteArray>("comm");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<bool>("isKernel");
    QTest::addColumn<QString>("name");

    const QString bad{QChar(QChar::ReplacementCharacter)};
    QTest::newRow("comm is the whole base name")
        << QByteArray("curl") << QByteArray("/usr/bin/curl") << false << QStringLiteral("curl");
    QTest::newRow("comm cut at 15 bytes")
        << QByteArray("gnome-terminal-") << QByteArray("/usr/libexec/gnome-terminal-server") << false
        << QStringLiteral("gnome-terminal-server");
    QTest::newRow("interpreter's script keeps its own name")
        << QByteArray("myscript.py") << QByteArray("/usr/bin/python3.11") << false
        << QStringLiteral("myscript.py");
    QTest::newRow("comm unknown") << QByteArray() << QByteArray("/opt/a/b") << false << QStringLiteral("b");
    QTest::newRow("path unknown") << QByteArray("curl") << QByteArray() << false << QStringLiteral("curl");
    QTest::newRow("path ends in a slash")
        << QByteArray("curl") << QByteArray("/usr/bin/") << false << QStringLiteral("curl");
    QTest::newRow("kernel thread") << QByteArray("kworker/0:1") << QByteArray() << true
                                   << QStringLiteral("kworker/0:1");
    QTest::newRow("not UTF-8") << QByteArray("a\xff"
                                             "b")
                               << QByteArray() << false << QStringLiteral("a") + bad + QStringLiteral("b");
    QTest::newRow("control characters")
        << QByteArray("a\x1b[31m\nb") << QByteArray() << false
        << QStringLiteral("a") + bad + QStringLiteral("[31m") + bad + QStringLiteral("b");
    QTest::newRow("writing direction turned")
        << QByteArray("a\xe2\x80\xae"
                      "b")
        << QByteArray() << false << QStringLiteral("a") + bad + QStringLiteral("b");
    QTest::newRow("letters of any script")
        << QByteArray("прог") << QByteArray("/bin/прог") << false << QString::fromUtf8("прог");
}

void ProcessTableTest::namesProgram()
{
    QFETCH(QByteArray, comm);
    QFETCH(QByteArray, path);
    QFETCH(bool, isKernel);
    ProgramRecord program;
    program.comm = comm;
    program.path = path;
    program.isKernel = isKernel;
    QTEST(ProcessTable::displayName(program), "name");
}

void ProcessTableTest::givesAnotherIdToAnotherProgram_data()
{
    QTest::addColumn<quint64>("startNs");
    QTest::addColumn<quint64>("execId");
    QTest::addColumn<bool>("firstIsOver");
    QTest::newRow("pid reused") << quint64(200) << quint64(1) << true;
    QTest::newRow("execve") << quint64(100) << quint64(2) << true;
    QTest::newRow("the older image is reported last") << quint64(100) << quint64(0) << false;
}

void ProcessTableTest::givesAnotherIdToAnotherProgram()
{
    QFETCH(quint64, startNs);
    QFETCH(quint64, execId);
    QFETCH(bool, firstIsOver);
    ProcessTable table;
    std::vector<quint32> ended;
    table.record(record(1, 42, 100, 1), ended);
    const quint32 first = table.idOfSlot(1);
    QVERIFY(ended.empty());
    table.record(record(2, 42, startNs, execId), ended);
    const quint32 second = table.idOfSlot(2);
    QVERIFY(first != second);
    QCOMPARE(table.idOfSlot(1), first);
    QCOMPARE(ended, std::vector<quint32>{firstIsOver ? first : second});
    QCOMPARE(table.process(first).ended, firstIsOver);
    QCOMPARE(table.process(second).ended, !firstIsOver);
}

void ProcessTableTest::keepsIdOfSameProgram()
{
    ProcessTable table;
    std::vector<quint32> ended;
    table.record(record(1, 42, 100, 1), ended);
    table.record(record(7, 42, 100, 1), ended);
    QCOMPARE(table.idOfSlot(7), table.idOfSlot(1));
    QVERIFY(table.idOfSlot(1) > ProcessTable::overflowId);
    QVERIFY(ended.empty());

    // The source gave the slot to another program.
    table.record(record(1, 43, 100, 1), ended);
    QVERIFY(table.idOfSlot(1) != table.idOfSlot(7));
}

void ProcessTableTest::endsWhatRecordSaysEnded()
{
    ProcessTable table;
    std::vector<quint32> ended;
    ProgramRecord program = record(1, 42, 100, 1);
    table.record(program, ended);
    program.endedNs = 500;
    table.record(program, ended);
    table.record(program, ended);
    QCOMPARE(ended, std::vector<quint32>{table.idOfSlot(1)}); // told once
}

void ProcessTableTest::knowsKernelThreads()
{
    ProcessTable table;
    std::vector<quint32> ended;
    ProgramRecord program = record(1, 2, 100, 0);
    program.isKernel = true;
    program.comm = "kthreadd";
    program.path.clear();
    table.record(program, ended);
    QCOMPARE(table.process(table.idOfSlot(1)).kind, ProcessKind::KernelThread);
    QCOMPARE(table.process(table.idOfSlot(1)).name, QStringLiteral("kthreadd"));
}

void ProcessTableTest::putsUnknownSlotsDownToOverflow()
{
    ProcessTable table;
    std::vector<quint32> ended;
    QCOMPARE(table.idOfSlot(0), ProcessTable::overflowId);
    QCOMPARE(table.idOfSlot(12345), ProcessTable::overflowId);
    table.record(record(0, 42, 100, 1), ended);
    QCOMPARE(table.idOfSlot(0), ProcessTable::overflowId);
    QCOMPARE(table.process(ProcessTable::overflowId).kind, ProcessKind::Overflow);
    QCOMPARE(table.process(ProcessTable::othersId).kind, ProcessKind::Others);
}

void ProcessTableTest::isBounded()
{
    ProcessTable table(5); // three of them reserved
    std::vector<quint32> ended;
    for (quint32 slot = 1; slot <= 5; ++slot)
        table.record(record(slot, slot, 100, 1), ended);
    QVERIFY(table.idOfSlot(2) > ProcessTable::overflowId);
    for (quint32 slot = 3; slot <= 5; ++slot)
        QCOMPARE(table.idOfSlot(slot), ProcessTable::overflowId);
}

QTEST_APPLESS_MAIN(ProcessTableTest)
#include "tst_processtable.moc"
