// SPDX-License-Identifier: MIT
#include "historystore.h"
#include "historytest.h"
#include "historytransfer.h"
#include "postgresdatabase.h"
#include "postgresserver.h"

#include <QBuffer>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace Nettally;
using namespace Nettally::HistoryTest;

namespace {

QString scalar(HistoryDatabase &database, const QString &sql)
{
    QSqlQuery *query = nullptr;
    const DatabaseResult result = database.run(sql, {}, query);
    if (!result || !query->next()) {
        return result.detail;
    }
    const QString value = query->value(0).toString();
    query->finish();
    return value;
}

/// Statements that cannot be prepared.
class StatementRunner : public PostgresDatabase {
public:
    using PostgresDatabase::execute;
    using PostgresDatabase::PostgresDatabase;
};

} // namespace

/// The same history on a real server.
class TestHistoryPostgres : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        const QString problem = m_server.start();
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
    }
    void holdsManyMachines(); // before others leave theirs
    void rollUpsEqualTheirParts();
    void makesTotalsOfTheSecondForm();
    void dropsOldPartitions();
    void oneRecorderAMachine();
    void survivesTheServersRestart_data();
    void survivesTheServersRestart();
    void goesOnElsewhere();
    void saysWhatIsWrong();

private:
    std::unique_ptr<HistoryDatabase> opened(const QString &machine, const QByteArray &zone = "UTC")
    {
        std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(m_server.url(machine));
        database->setTimeZone(QTimeZone(zone));
        const DatabaseResult result = database->openForRecording(true);
        if (!result) {
            qWarning("%s", qUtf8Printable(result.detail));
            return nullptr;
        }
        return database;
    }

    PostgresServer m_server;
};

void TestHistoryPostgres::rollUpsEqualTheirParts()
{
    const std::unique_ptr<HistoryDatabase> database = opened(QStringLiteral("random"), "Europe/Berlin");
    QVERIFY(database);
    QRandomGenerator random(42);
    const qint64 begin = 1742428800; // ten days before summer time
    qint64 now = begin;
    quint64 total = 0;
    for (quint64 round = 1; round <= 60; ++round) {
        HistoryBatch batch;
        for (int i = 0; i < 60; ++i) {
            const quint32 lateS = random.bounded(10) == 0 ? random.bounded(40 * 86400) : random.bounded(7200);
            FlowMinute record = flow(now - lateS, QStringLiteral("p%1").arg(random.bounded(4)),
                                     QStringLiteral("192.0.2.%1").arg(random.bounded(60)),
                                     random.bounded(100000), random.bounded(100));
            if (random.bounded(20) == 0) {
                record.sums.network.reset();
            }
            total += record.sums.rxPayloadBytes;
            batch.records.append(record);
        }
        for (int i = 0; round == 1 && i < 50; ++i) {
            batch.records.append(
                flow(now, QStringLiteral("p0"), QStringLiteral("198.51.100.%1").arg(i), 1000, 0));
            total += 1000;
        }
        batch.cursor = HistoryCursor{journal, round};
        for (int time = 0; time < 2; ++time) {
            const DatabaseResult result = database->apply(batch);
            QVERIFY2(result, qPrintable(result.detail));
        }
        if (random.bounded(4) == 0) {
            const DatabaseResult result = database->maintain(now);
            QVERIFY2(result, qPrintable(result.detail));
        }
        now += 2 * dayS;
        if (round % 20 == 0) {
            const HistoryVerdict verdict = verdictOf(*database);
            QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
            QVERIFY(verdict.comparedBuckets > 100);
            HistoryQuery query;
            query.fromUtcS = begin - 50 * dayS;
            query.toUtcS = now;
            query.host = QStringLiteral("random");
            query.maxPoints = 300;
            HistoryAnswer answer;
            const DatabaseResult result = HistoryReader(*database).answer(query, answer);
            QVERIFY2(result, qPrintable(result.detail));
            QCOMPARE(answer.total.sums.rxPayloadBytes, total);
            QCOMPARE(answer.rows.size(), 4);
        }
    }
    // The small ones of the first day, but for twenty.
    const QString folded =
        scalar(*database, QStringLiteral("SELECT sum(rx_payload_bytes) FROM usage_day WHERE remote_id = 0"));
    QVERIFY2(folded.toLongLong() >= 30000, qPrintable(folded));
    QVERIFY(database->vacuum());
}

void TestHistoryPostgres::holdsManyMachines()
{
    const std::unique_ptr<HistoryDatabase> alpha = opened(QStringLiteral("alpha"), "Asia/Tokyo");
    const std::unique_ptr<HistoryDatabase> beta = opened(QStringLiteral("beta"), "Europe/Berlin");
    QVERIFY(alpha && beta);
    for (quint64 number = 1; number <= 20; ++number) {
        QVERIFY(alpha->apply(numberedBatch(number)));
        QVERIFY(beta->apply(numberedBatch(number * 2)));
    }
    std::optional<HistoryCursor> cursor;
    QVERIFY(alpha->readCursor(cursor));
    QCOMPARE(cursor->number, 20U);
    QVERIFY(beta->readCursor(cursor));
    QCOMPARE(cursor->number, 40U);

    HistoryQuery query;
    query.fromUtcS = 1750000000 - dayS;
    query.toUtcS = 1750000000 + dayS;
    query.by = HistoryQuery::By::Host;
    HistoryAnswer answer;
    QVERIFY(HistoryReader(*beta).answer(query, answer));
    QStringList found;
    for (const HistoryRow &row : answer.rows) {
        found.append(QStringLiteral("%1:%2").arg(row.name).arg(row.sums.rxPayloadBytes));
    }
    QCOMPARE(found,
             QStringList({QStringLiteral("beta:%1").arg(2 * numberedSum(20)),
                          QStringLiteral("alpha:%1").arg(numberedSum(20))}));
    query.by = HistoryQuery::By::Program;
    answer = {};
    QVERIFY(HistoryReader(*beta).answer(query, answer));
    QCOMPARE(answer.rows.size(), 5); // the programs of both, as one
    QCOMPARE(answer.total.sums.rxPayloadBytes, 3 * numberedSum(20));
    query.host = QStringLiteral("alpha");
    answer = {};
    QVERIFY(HistoryReader(*beta).answer(query, answer));
    QCOMPARE(answer.total.sums.rxPayloadBytes, numberedSum(20));
    QVERIFY(verdictOf(*alpha).faults.isEmpty());
}

/// One machine records on with the earlier version while another has brought the schema up to date.
void TestHistoryPostgres::makesTotalsOfTheSecondForm()
{
    PostgresServer server;
    const QString problem = server.start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const auto opened = [&](const QString &machine) {
        std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(server.url(machine));
        database->setTimeZone(QTimeZone::utc());
        return database->openForRecording(true) ? std::move(database) : nullptr;
    };
    const QString totals = QStringLiteral("SELECT count(*) FROM total_day");
    {
        const std::unique_ptr<HistoryDatabase> alpha = opened(QStringLiteral("alpha"));
        const std::unique_ptr<HistoryDatabase> beta = opened(QStringLiteral("beta"));
        QVERIFY(alpha && beta);
        QVERIFY(alpha->apply(numberedBatch(1)));
        QVERIFY(beta->apply(numberedBatch(2)));
        QCOMPARE(scalar(*alpha, totals), QStringLiteral("10"));
    }
    { // back to what schema 2 was
        StatementRunner runner(server.url(QStringLiteral("alpha")));
        QVERIFY(runner.openForReading());
        for (const QString &statement :
             {QStringLiteral("DROP TABLE total_minute, total_hour, total_day, total_month"),
              // All is of one day in June.
              QStringLiteral("INSERT INTO usage_month SELECT host_id, program_id, 1748736000, remote_id, "
                             "channel_id, rx_payload_bytes, tx_payload_bytes, rx_network_bytes, "
                             "tx_network_bytes, rx_packets, tx_packets, retransmitted_segments "
                             "FROM usage_day"),
              QStringLiteral("ALTER TABLE host DROP COLUMN has_totals"),
              QStringLiteral("ALTER TABLE progress DROP COLUMN month_ceiling_utc_s"),
              QStringLiteral("DELETE FROM migration WHERE version = 3")}) {
            const DatabaseResult result = runner.execute(statement);
            QVERIFY2(result, qPrintable(result.detail));
        }
    }
    QCOMPARE(HistoryDatabase::make(server.url(QStringLiteral("alpha")))->openForReading().error,
             DatabaseError::TooOld);
    const std::unique_ptr<HistoryDatabase> alpha = opened(QStringLiteral("alpha"));
    QVERIFY(alpha);
    const auto isRight = [&] {
        HistoryQuery query;
        query.fromUtcS = 1750000000 - dayS;
        query.toUtcS = 1750000000 + dayS;
        HistoryAnswer answer;
        return HistoryReader(*alpha).answer(query, answer)
            && answer.total.sums.rxPayloadBytes == numberedSum(2) && verdictOf(*alpha).faults.isEmpty();
    };
    QCOMPARE(scalar(*alpha, totals), QStringLiteral("5")); // its own
    QVERIFY(isRight());
    const std::unique_ptr<HistoryDatabase> beta = opened(QStringLiteral("beta"));
    QVERIFY(beta);
    QCOMPARE(scalar(*alpha, totals), QStringLiteral("10"));
    QVERIFY(isRight());
}

void TestHistoryPostgres::dropsOldPartitions()
{
    // On a server of its own: a partition stays as long as any machine needs it.
    PostgresServer server;
    const QString problem = server.start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const std::unique_ptr<HistoryDatabase> database =
        HistoryDatabase::make(server.url(QStringLiteral("one")));
    database->setTimeZone(QTimeZone::utc());
    QVERIFY(database->openForRecording(true));
    const QString minutes =
        QStringLiteral("SELECT count(*) FROM pg_inherits WHERE inhparent = 'usage_minute'::regclass");
    const qint64 begin = 1736510400; // 2025-01-10T12:00Z
    for (int month = 0; month < 6; ++month) {
        const qint64 time = begin + month * 30 * dayS;
        QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 1, 0)}, std::nullopt}));
    }
    QCOMPARE(scalar(*database, minutes), QStringLiteral("6"));
    const DatabaseResult result = database->maintain(begin + 150 * dayS);
    QVERIFY2(result, qPrintable(result.detail));
    QCOMPARE(scalar(*database, minutes), QStringLiteral("1"));
    QCOMPARE(scalar(*database, QStringLiteral("SELECT sum(rx_payload_bytes) FROM usage_day")),
             QStringLiteral("6"));
    // What comes for a month that is gone is kept by the day.
    QVERIFY(database->apply({{flow(begin, QStringLiteral("a"), QString(), 1, 0)}, std::nullopt}));
    QCOMPARE(scalar(*database, QStringLiteral("SELECT sum(rx_payload_bytes) FROM total_month")),
             QStringLiteral("7"));
    QVERIFY(verdictOf(*database).faults.isEmpty());
}

void TestHistoryPostgres::oneRecorderAMachine()
{
    auto first = std::make_unique<HistoryStore>(m_server.url(QStringLiteral("shared")));
    first->start();
    QTRY_COMPARE_WITH_TIMEOUT(first->state(), HistoryStore::State::Recording, 20000);
    HistoryStore second(m_server.url(QStringLiteral("shared")));
    second.setRetryInterval(std::chrono::milliseconds(100));
    second.start();
    QTRY_COMPARE_WITH_TIMEOUT(second.state(), HistoryStore::State::Reader, 20000);
    HistoryStore other(m_server.url(QStringLiteral("unshared")));
    other.start();
    QTRY_COMPARE_WITH_TIMEOUT(other.state(), HistoryStore::State::Recording, 20000);
    first.reset();
    QTRY_COMPARE_WITH_TIMEOUT(second.state(), HistoryStore::State::Recording, 20000);
}

void TestHistoryPostgres::survivesTheServersRestart_data()
{
    QTest::addColumn<bool>("isCrash");
    QTest::newRow("in order") << false;
    QTest::newRow("crash") << true;
}

/// The batches of a journal go on while the server stops and comes back five times.
void TestHistoryPostgres::survivesTheServersRestart()
{
    QFETCH(bool, isCrash);
    const QString machine = isCrash ? QStringLiteral("crash") : QStringLiteral("restart");
    HistoryStore store(m_server.url(machine));
    store.setRetryInterval(std::chrono::milliseconds(50));
    quint64 applied = 0;
    quint64 handedIn = 0;
    bool isEnough = false;
    const auto next = [&] {
        if (!isEnough) {
            store.applyBatch(numberedBatch(++handedIn));
        }
    };
    connect(&store, &HistoryStore::batchApplied, &store, [&](const HistoryCursor &cursor) {
        applied = cursor.number;
        next();
    });
    store.start();
    QTRY_COMPARE_WITH_TIMEOUT(store.state(), HistoryStore::State::Recording, 20000);
    next();
    for (int round = 0; round < 5; ++round) {
        const quint64 before = applied;
        QTRY_VERIFY_WITH_TIMEOUT(applied > before + 3, 20000);
        QVERIFY(m_server.stop(isCrash ? PostgresServer::Stop::Crash : PostgresServer::Stop::Orderly));
        QTRY_COMPARE_WITH_TIMEOUT(store.state(), HistoryStore::State::Failed, 20000);
        QVERIFY2(store.problem().contains(QStringLiteral("cannot be reached")), qPrintable(store.problem()));
        QVERIFY(!store.problem().contains(QStringLiteral("secret")));
        const QString problem = m_server.start();
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QTRY_COMPARE_WITH_TIMEOUT(store.state(), HistoryStore::State::Recording, 20000);
    }
    isEnough = true;
    QTRY_COMPARE_WITH_TIMEOUT(applied, handedIn, 20000);
    QCOMPARE(store.cursor()->number, handedIn);

    const std::unique_ptr<HistoryDatabase> reader = HistoryDatabase::make(m_server.url(machine));
    QVERIFY(reader->openForReading());
    for (const Level level : allLevels) {
        for (const auto tableOf : {&HistoryDatabase::tableOf, &HistoryDatabase::totalsOf}) {
            // Usage is added up by month when it is over.
            const bool isOpen = level == Level::Month && tableOf == &HistoryDatabase::tableOf;
            QCOMPARE(scalar(*reader,
                            QStringLiteral("SELECT sum(rx_payload_bytes) FROM %1 JOIN host USING (host_id) "
                                           "WHERE name = '%2'")
                                .arg(tableOf(level), machine)),
                     isOpen ? QStringLiteral("0") : QString::number(numberedSum(handedIn)));
        }
    }
    qInfo("%llu batches over five restarts, each once", handedIn);
}

/// From a file to the server and back.
void TestHistoryPostgres::goesOnElsewhere()
{
    const QTemporaryDir directory;
    QByteArray text;
    const ExportSink sink = [&](const QByteArray &line) {
        text += line;
        return true;
    };
    const auto exported = [&](HistoryDatabase &database) {
        text.clear();
        return HistoryTransfer(database).exportSpan(ExportFormat::Json, std::numeric_limits<qint64>::min(),
                                                    std::numeric_limits<qint64>::max(), sink);
    };
    const auto imported = [&](HistoryDatabase &database) {
        QBuffer file(&text);
        HistoryImport result;
        const bool isOpen = file.open(QIODevice::ReadOnly);
        const DatabaseResult outcome = HistoryTransfer(database).import(file, result);
        return isOpen && outcome ? result.problem : QStringLiteral("failed: ") + outcome.detail;
    };
    const std::unique_ptr<HistoryDatabase> file =
        HistoryDatabase::make(directory.filePath(QStringLiteral("a.db")));
    QVERIFY(file->openForRecording(true));
    for (quint64 number = 1; number <= 10; ++number) {
        QVERIFY(file->apply(numberedBatch(number)));
    }
    QVERIFY(exported(*file));
    const std::unique_ptr<HistoryDatabase> server = opened(QStringLiteral("mover"));
    QVERIFY(server);
    QCOMPARE(imported(*server), QString());
    QVERIFY(verdictOf(*server).faults.isEmpty());
    QVERIFY(exported(*server));
    const std::unique_ptr<HistoryDatabase> back =
        HistoryDatabase::make(directory.filePath(QStringLiteral("b.db")));
    QVERIFY(back->openForRecording(true));
    QCOMPARE(imported(*back), QString());
    QCOMPARE(scalar(*back, QStringLiteral("SELECT sum(rx_payload_bytes) FROM total_month")),
             QString::number(numberedSum(10)));
    QVERIFY(verdictOf(*back).faults.isEmpty());
}

void TestHistoryPostgres::saysWhatIsWrong()
{
    const QList<std::pair<QString, DatabaseError>> cases = {
        {QStringLiteral("mysql://server/database"), DatabaseError::BadUrl},
        {QStringLiteral("postgresql://server"), DatabaseError::BadUrl},
        {QStringLiteral("postgresql://server/database?options=-c%20role%3Dother"), DatabaseError::BadUrl},
        {QStringLiteral("postgresql:///database?host=/nonexistent"), DatabaseError::Unreachable},
        {m_server.url(QStringLiteral("a"))
             .replace(QStringLiteral("/postgres?"), QStringLiteral("/template1?")),
         DatabaseError::Missing},
    };
    for (const auto &[url, error] : cases) {
        const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(url);
        const DatabaseResult result = database->openForReading();
        QVERIFY2(result.error == error, qPrintable(url + u' ' + result.detail));
        QVERIFY(!database->displayName().contains(QStringLiteral("secret")));
    }
}

QTEST_GUILESS_MAIN(TestHistoryPostgres)
#include "tst_historypostgres.moc"
