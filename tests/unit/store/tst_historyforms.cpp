// SPDX-License-Identifier: MIT
#include "historytest.h"
#include "historytransfer.h"

#include <QBuffer>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <limits>

using namespace Nettally;
using namespace Nettally::HistoryTest;

class TestHistoryForms : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_directory->isValid());
        m_path = m_directory->filePath(QStringLiteral("history.db"));
    }
    void cleanup() { m_directory.reset(); }

    void movesTheFirstForm();
    void makesTotalsOfTheSecondForm();
    void salvagesEverySum_data();
    void salvagesEverySum();
    void exportsAndImports();
    void refusesHostileImports();

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    QString m_path;
};

void TestHistoryForms::movesTheFirstForm()
{
    QVERIFY(QFile::copy(QStringLiteral(NETTALLY_TEST_DATA "/history-1.db"), m_path));
    {
        const std::unique_ptr<HistoryDatabase> reader = HistoryDatabase::make(m_path);
        QCOMPARE(reader->openForReading().error, DatabaseError::TooOld);
    }
    for (int time = 0; time < 2; ++time) {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path, "Europe/Berlin");
        QVERIFY(database);
        QCOMPARE(sumOf(*database, Level::Minute), QStringLiteral("1560|87143880|129960|"));
        for (const Level level : {Level::Hour, Level::Day, Level::Month}) {
            QVERIFY(sumOf(*database, level).endsWith(QStringLiteral("|87143880|129960|")));
        }
        const HistoryVerdict verdict = verdictOf(*database);
        QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
        QVERIFY(verdict.comparedBuckets > 0);
        const HistoryAnswer answer = answerOf(*database, spanOf(0, utc("2026-01-01T00:00:00Z")));
        QCOMPARE(answer.rows.size(), 5);
        QStringList programs;
        for (const HistoryRow &row : answer.rows) {
            programs.append(row.program.name);
            QVERIFY(!row.sums.network);
        }
        QVERIFY(programs.contains(QStringLiteral("名字")));
        QCOMPARE(answer.rows.constLast().program.kind, ProgramKind::Others);
        QCOMPARE(answer.rows.constLast().sums.rxPayloadBytes, 840U);
    }
}

/// Made by the program of schema 2: 130 days over the change to summer time, thinned out and folded.
void TestHistoryForms::makesTotalsOfTheSecondForm()
{
    QVERIFY(QFile::copy(QStringLiteral(NETTALLY_TEST_DATA "/history-2.db"), m_path));
    {
        const std::unique_ptr<HistoryDatabase> reader = HistoryDatabase::make(m_path);
        QCOMPARE(reader->openForReading().error, DatabaseError::TooOld);
    }
    for (int time = 0; time < 2; ++time) {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path, "Europe/Berlin");
        QVERIFY(database);
        QCOMPARE(sumOf(*database, Level::Minute), QStringLiteral("24|14750597|55180|13027126"));
        QCOMPARE(sumOf(*database, Level::Hour), QStringLiteral("404|226800135|1009876|222795377"));
        QCOMPARE(sumOf(*database, Level::Day), QStringLiteral("631|361568253|1653147|356276308"));
        QVERIFY(sumOf(*database, Level::Month).contains(QStringLiteral("|361568253|1653147|")));
        const HistoryVerdict verdict = verdictOf(*database);
        QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
        QVERIFY(verdict.comparedBuckets > 348); // as many as without totals
        std::optional<HistoryCursor> cursor;
        QVERIFY(database->readCursor(cursor));
        QCOMPARE(cursor, (HistoryCursor{journal, 130}));
        const HistoryAnswer answer = answerOf(*database, spanOf(0, utc("2026-01-01T00:00:00Z")));
        QStringList programs;
        for (const HistoryRow &row : answer.rows) {
            programs.append(QStringLiteral("%1:%2/%3")
                                .arg(row.program.name)
                                .arg(row.sums.rxPayloadBytes)
                                .arg(row.sums.txPayloadBytes));
        }
        QCOMPARE(
            programs,
            QStringList({QStringLiteral("program-1:110758105/475003"),
                         QStringLiteral("program-0:109462687/511303"),
                         QStringLiteral("program-2:83764836/401205"), QStringLiteral("名字:37134446/179762"),
                         QStringLiteral("program-2:20448179/85874")}));
        QCOMPARE(answer.notMeasured.size(), 4);
    }
}

void TestHistoryForms::salvagesEverySum_data()
{
    QTest::addColumn<bool>("isSecondForm");
    QTest::newRow("schema 2") << true;
    QTest::newRow("schema 3") << false;
}

/// Of a file set aside that turns out to be whole nothing is missing, months that are not over included.
void TestHistoryForms::salvagesEverySum()
{
    QFETCH(bool, isSecondForm);
    QVERIFY(QFile::copy(QStringLiteral(NETTALLY_TEST_DATA "/history-2.db"), m_path));
    const auto sums = [](HistoryDatabase &database) {
        QStringList found;
        HistoryQuery query = spanOf(0, utc("2026-01-01T00:00:00Z"));
        for (const auto by : {HistoryQuery::By::Remote, HistoryQuery::By::Program}) {
            query.by = by;
            found.append(QString::number(answerOf(database, query).total.sums.rxPayloadBytes));
        }
        for (const Level level : allLevels) {
            found.append(sumOf(database, HistoryDatabase::tableOf(level)));
            found.append(sumOf(database, HistoryDatabase::totalsOf(level)));
        }
        return found;
    };
    // What it is when it is only brought up to date.
    const QString other = m_directory->filePath(QStringLiteral("other.db"));
    QVERIFY(QFile::copy(m_path, other));
    const QStringList expected = sums(*opened(other, "Europe/Berlin"));
    QVERIFY(expected.at(0) == QStringLiteral("361568253") && expected.at(1) == expected.at(0));
    if (!isSecondForm) {
        QVERIFY(opened(m_path, "Europe/Berlin"));
    }

    const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(m_path);
    database->setTimeZone(QTimeZone("Europe/Berlin"));
    QString target;
    qint64 rows = 0;
    const DatabaseResult result = database->replaceDamaged(target, rows);
    QVERIFY2(result, qPrintable(result.detail));
    QVERIFY(rows > 1000);
    QCOMPARE(sums(*database), expected);
    // July ends.
    const qint64 august = utc("2025-08-02T00:00:00Z");
    QVERIFY(database->apply({{flow(august, QStringLiteral("z"), QString(), 0, 0)}, std::nullopt}));
    QVERIFY(database->maintain(august));
    QCOMPARE(sums(*database).mid(0, 2), expected.mid(0, 2));
    QVERIFY(sumOf(*database, HistoryDatabase::tableOf(Level::Month))
                .contains(QStringLiteral("|361568253|1653147|")));
}

void TestHistoryForms::exportsAndImports()
{
    const qint64 begin = utc("2025-01-10T12:00:00Z");
    QByteArray exported;
    const ExportSink sink = [&](const QByteArray &text) {
        exported += text;
        return true;
    };
    QStringList sums;
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path, "Europe/Berlin");
        for (int day = 0; day < 150; ++day) {
            HistoryBatch batch;
            for (quint32 i = 0; i < 30; ++i) {
                batch.records.append(flow(begin + day * dayS + i * 60,
                                          QStringLiteral("=cmd|'\",%1").arg(i % 3),
                                          QStringLiteral("192.0.2.%1").arg(i), i + 1, 7));
            }
            batch.records.append(
                NotMeasured{begin + day * dayS - 600, begin + day * dayS, NotMeasuredReason(day % 3)});
            batch.records.append(InterfaceMinute{begin + day * dayS, QStringLiteral("eth0"), 41, 47, 0, 0});
            QVERIFY(database->apply(batch));
        }
        QVERIFY(database->maintain(begin + 150 * dayS));
        sums = {sumOf(*database, Level::Minute), sumOf(*database, Level::Hour).section(u'|', 1),
                sumOf(*database, Level::Day).section(u'|', 1),
                sumOf(*database, Level::Month).section(u'|', 1)};
        QVERIFY(HistoryTransfer(*database).exportSpan(ExportFormat::Json, std::numeric_limits<qint64>::min(),
                                                      std::numeric_limits<qint64>::max(), sink));
        QCOMPARE(verdictOf(*database).balancedMinutes, 8U);
    }
    const std::unique_ptr<HistoryDatabase> database =
        opened(m_directory->filePath(QStringLiteral("other.db")), "Europe/Berlin");
    for (int time = 0; time < 2; ++time) {
        QBuffer file(&exported);
        QVERIFY(file.open(QIODevice::ReadOnly));
        HistoryImport imported;
        QVERIFY(HistoryTransfer(*database).import(file, imported));
        QCOMPARE(imported.problem, QString());
        QCOMPARE(imported.isKnown, time == 1);
        QCOMPARE(QStringList({sumOf(*database, Level::Minute), sumOf(*database, Level::Hour).section(u'|', 1),
                              sumOf(*database, Level::Day).section(u'|', 1),
                              sumOf(*database, Level::Month).section(u'|', 1)}),
                 sums);
    }
    const HistoryVerdict verdict = verdictOf(*database);
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    QCOMPARE(verdict.balancedMinutes, 8U);
    QCOMPARE(answerOf(*database, spanOf(begin - dayS, begin + 200 * dayS)).notMeasured.size(), 150);

    // Cut anywhere, nothing of it is taken.
    const std::unique_ptr<HistoryDatabase> third =
        opened(m_directory->filePath(QStringLiteral("third.db")), "Europe/Berlin");
    for (const qsizetype size : {exported.size() / 2, exported.size() - 2, qsizetype(100), qsizetype(0),
                                 exported.lastIndexOf('\n', exported.size() - 2) + 1}) {
        QByteArray part = exported.left(size);
        QBuffer file(&part);
        QVERIFY(file.open(QIODevice::ReadOnly));
        HistoryImport imported;
        QVERIFY(HistoryTransfer(*third).import(file, imported));
        QVERIFY(!imported.problem.isEmpty());
        QCOMPARE(sumOf(*third, Level::Month), QStringLiteral("0|||"));
    }

    exported.clear();
    QVERIFY(HistoryTransfer(*database).exportSpan(ExportFormat::Csv, begin, begin + dayS, sink));
    QCOMPARE(exported.count('\n'), 31);
    QVERIFY(exported.contains("\n\"day\",")); // the program's name is no formula
    QVERIFY(exported.contains(",\"'=cmd|'\"\",0\","));
}

void TestHistoryForms::refusesHostileImports()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const QByteArray header =
        R"({"schema":"nettally.history-export/1","exportId":"00112233-4455-6677-8899-aabbccddeeff"})"
        "\n";
    const QByteArray good =
        R"({"resolution":"hour","startUtcS":1750000000,"name":"a","exe":"","uid":0,"cgroup":"","kind":"program",)"
        R"("remote":"","manyRemotes":true,"protocol":6,"servicePort":0,"direction":"unknown","interface":"",)"
        R"("rxPayloadBytes":1,"txPayloadBytes":2,"rxNetworkBytes":null})"
        "\n";
    const auto import = [&](const QByteArray &text) {
        QByteArray copy = text;
        QBuffer file(&copy);
        file.open(QIODevice::ReadOnly);
        HistoryImport imported;
        const DatabaseResult result = HistoryTransfer(*database).import(file, imported);
        return result ? imported.problem : QStringLiteral("database: ") + result.detail;
    };
    const auto changed = [&](const char *from, const char *to) {
        QByteArray line = good;
        return header + line.replace(from, to) + "{\"lines\":1}\n";
    };
    for (const QByteArray &text :
         {QByteArray("x\n"), header + "{}\n", header + "{\"lines\":7}\n", header + QByteArray(200000, '['),
          changed("\"hour\"", "\"eon\""), changed("1750000000", "1e300"), changed("1750000000", "-9e18"),
          changed("Bytes\":1", "Bytes\":-1"), changed("Bytes\":1", "Bytes\":9e18"),
          changed("\"uid\":0", "\"uid\":-1"), changed("\"remote\":\"\"", "\"remote\":\"nowhere\""),
          changed("\"protocol\":6", "\"protocol\":256"), changed("\"name\":\"a\"", "\"name\":7")}) {
        const QString problem = import(text);
        QVERIFY2(!problem.isEmpty() && !problem.startsWith(u"database"), text.left(200).constData());
        QCOMPARE(sumOf(*database, Level::Month), QStringLiteral("0|||"));
    }
    QCOMPARE(import(header + good + "{\"lines\":1}\n"), QString());
    QCOMPARE(sumOf(*database, Level::Month), QStringLiteral("1|1|2|"));
}

QTEST_GUILESS_MAIN(TestHistoryForms)
#include "tst_historyforms.moc"
