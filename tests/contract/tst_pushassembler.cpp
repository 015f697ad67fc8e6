// SPDX-License-Identifier: MIT
#include "pushassembler.h"

#include <QTest>

using namespace Nettally;

Q_DECLARE_METATYPE(Nettally::PushPart)

namespace {

PushPart part(quint64 sequence, quint32 index, bool isLast)
{
    PushPart part;
    part.sequence = sequence;
    part.timeNs = 1000 * sequence;
    part.part = index;
    part.isLast = isLast;
    return part;
}

PushPart snapshot()
{
    PushPart first = part(7, 0, true);
    Wire::Program program;
    program.id = 3;
    program.name = QStringLiteral("curl");
    first.programs = {program};
    first.remotes = {{1, QByteArray::fromHex("c0000201")}, {2, {}}};
    Wire::Row row;
    row.row = 2;
    row.program = 3;
    row.remote = 1;
    row.direction = 1;
    row.rxPayloadBytes = 10;
    first.rows = {row};
    return first;
}

template <typename Change>
PushPart changed(PushPart part, Change change)
{
    change(part);
    return part;
}

} // namespace

class PushAssemblerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesWholePushes();
    void putsPartsTogether();
    void refusesFaultyPart_data();
    void refusesFaultyPart();
};

void PushAssemblerTest::givesWholePushes()
{
    PushAssembler assembler;
    const auto first = assembler.take(snapshot());
    QVERIFY(first);
    QVERIFY(first->isSnapshot);
    QCOMPARE(first->timeNs, quint64(7000));
    QCOMPARE(first->programs[0].name, QStringLiteral("curl"));
    QCOMPARE(first->remotes[0].address.toString(), QStringLiteral("192.0.2.1"));
    QVERIFY(!first->remotes[1].address.isKnown());
    QCOMPARE(first->flows[0].rxPayloadBytesTotal, quint64(10));
    QCOMPARE(first->flows[0].direction, Direction::Outgoing);

    const auto second = assembler.take(part(1u << 30, 0, true)); // a gap is nothing special
    QVERIFY(second);
    QVERIFY(!second->isSnapshot);
    QVERIFY(second->flows.isEmpty());
}

void PushAssemblerTest::putsPartsTogether()
{
    PushAssembler assembler;
    const PushPart names = snapshot();
    // Rows may travel before the names they use.
    QVERIFY(!assembler.take(changed(names, [](PushPart &p) {
        p.isLast = false;
        p.programs.clear();
        p.remotes.clear();
    })));
    const auto update = assembler.take(changed(names, [](PushPart &p) {
        p.part = 1;
        p.rows[0].row = 3;
        p.endedProgramIds = {3};
    }));
    QVERIFY2(update, qPrintable(assembler.fault()));
    QCOMPARE(update->flows.size(), 2);
    QCOMPARE(update->programs.size(), 1);
    QCOMPARE(update->endedProgramIds, QList<quint32>{3});
}

void PushAssemblerTest::refusesFaultyPart_data()
{
    QTest::addColumn<QList<PushPart>>("parts");
    const PushPart whole = snapshot();
    const PushPart open = changed(whole, [](PushPart &p) { p.isLast = false; });

    QTest::newRow("push twice") << QList<PushPart>{whole, whole};
    QTest::newRow("push goes back") << QList<PushPart>{
        whole, changed(part(6, 0, true), [](PushPart &p) { p.timeNs = 7000; })};
    QTest::newRow("push 0") << QList<PushPart>{part(0, 0, true)};
    QTest::newRow("first part missing") << QList<PushPart>{part(7, 1, true)};
    QTest::newRow("part missing") << QList<PushPart>{open, part(7, 2, true)};
    QTest::newRow("part twice") << QList<PushPart>{open, open};
    QTest::newRow("next push before the end") << QList<PushPart>{open, part(8, 0, true)};
    QTest::newRow("part of another push")
        << QList<PushPart>{open, changed(part(8, 1, true), [](PushPart &p) { p.timeNs = 7000; })};
    QTest::newRow("time goes back") << QList<PushPart>{
        whole, changed(part(8, 0, true), [](PushPart &p) { p.timeNs = 1; })};
    QTest::newRow("time differs within a push")
        << QList<PushPart>{open, changed(part(7, 1, true), [](PushPart &p) { p.timeNs = 7001; })};
    QTest::newRow("program without id")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.programs[0].id = 0; })};
    QTest::newRow("program of unknown kind")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.programs[0].kind = 5; })};
    QTest::newRow("address of 5 bytes")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.remotes[0].address = "12345"; })};
    QTest::newRow("row without id") << QList<PushPart>{
        changed(whole, [](PushPart &p) { p.rows[0].row = 0; })};
    QTest::newRow("unknown direction")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.rows[0].direction = 4; })};
    QTest::newRow("row of a program never sent")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.rows[0].program = 4; })};
    QTest::newRow("row of a remote never sent")
        << QList<PushPart>{changed(whole, [](PushPart &p) { p.rows[0].remote = 9; })};
    QTest::newRow("too big") << QList<PushPart>{
        changed(whole, [](PushPart &p) { p.endedProgramIds.resize(PushAssembler::maxItemsPerPush); })};
}

void PushAssemblerTest::refusesFaultyPart()
{
    QFETCH(QList<PushPart>, parts);
    PushAssembler assembler;
    for (const PushPart &part : parts) {
        QVERIFY(assembler.fault().isEmpty());
        const bool isWhole = assembler.take(part).has_value();
        QVERIFY(!isWhole || assembler.fault().isEmpty());
    }
    QVERIFY(!assembler.fault().isEmpty());
    QVERIFY(!assembler.take(part(9, 0, true))); // of no more use
}

QTEST_APPLESS_MAIN(PushAssemblerTest)
#include "tst_pushassembler.moc"
