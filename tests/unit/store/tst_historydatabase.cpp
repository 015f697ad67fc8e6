// SPDX-License-Identifier: MIT
#include "historytest.h"

#include <QRandomGenerator>
#include <QSysInfo>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <map>

using namespace Nettally;
using namespace Nettally::HistoryTest;

class TestHistoryDatabase : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_directory->isValid());
        m_path = m_directory->filePath(QStringLiteral("history.db"));
    }
    void cleanup() { m_directory.reset(); }

    void rollUpsEqualTheirParts_data();
    void rollUpsEqualTheirParts();
    void appliesOnce();
    void newZoneLeavesOldDays();
    void keepsUnknownUnknown();
    void foldsTheTail();
    void sweepsRemotes();
    void answersEveryQuestion();
    void comparesWithBefore();
    void balancesBooks();
    void findsFaults();
    void namesGroupsOnce();

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    QString m_path;
};

void TestHistoryDatabase::rollUpsEqualTheirParts_data()
{
    QTest::addColumn<QByteArray>("zone");
    QTest::addColumn<qint64>("begin");
    QTest::newRow("into summer time") << QByteArray("Europe/Berlin") << utc("2025-03-20T00:00:00Z");
    QTest::newRow("out of summer time") << QByteArray("America/New_York") << utc("2025-10-28T00:00:00Z");
    QTest::newRow("half an hour") << QByteArray("Australia/Lord_Howe") << utc("2025-03-30T00:00:00Z");
    QTest::newRow("a quarter off") << QByteArray("Asia/Kathmandu") << utc("2025-06-01T00:00:00Z");
}

/// Random batches over four months, with retention at random times: nothing is lost, nothing is told twice.
void TestHistoryDatabase::rollUpsEqualTheirParts()
{
    QFETCH(QByteArray, zone);
    QFETCH(qint64, begin);
    const std::unique_ptr<HistoryDatabase> database = opened(m_path, zone);
    QVERIFY(database);
    QRandomGenerator random(42);
    std::map<qint64, std::map<QString, quint64>> truth; // received, by minute and program
    quint64 total = 0;
    qint64 now = begin;
    quint64 number = 0;
    for (int round = 0; round < 120; ++round) {
        HistoryBatch batch;
        for (int i = 0; i < 40; ++i) {
            // Some come late, by minutes or by weeks.
            const quint32 lateS = random.bounded(10) == 0 ? random.bounded(40 * 86400) : random.bounded(7200);
            FlowMinute record = flow(now - lateS, QStringLiteral("p%1").arg(random.bounded(4)),
                                     QStringLiteral("192.0.2.%1").arg(random.bounded(60)),
                                     random.bounded(100000), random.bounded(100));
            record.flow.servicePort = quint16(random.bounded(3));
            if (random.bounded(20) == 0) {
                record.sums.network.reset();
            }
            truth[record.minuteUtcS][record.flow.program.name] += record.sums.rxPayloadBytes;
            total += record.sums.rxPayloadBytes;
            batch.records.append(record);
        }
        batch.cursor = HistoryCursor{journal, ++number};
        QVERIFY(database->apply(batch));
        if (random.bounded(3) == 0) {
            QVERIFY(database->apply(batch)); // once more, to no effect
        }
        if (random.bounded(4) == 0) {
            QVERIFY(database->maintain(now));
        }
        now += 30 * hourS + random.bounded(3600) * 60 / 60 * 60 % 7200;

        if (round % 20 != 19) {
            continue;
        }
        const HistoryVerdict verdict = verdictOf(*database);
        QCOMPARE(verdict.problem, QString());
        QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
        QVERIFY(verdict.comparedBuckets > 100);
        HistoryQuery whole = spanOf(begin - 100 * dayS, now);
        QCOMPARE(answerOf(*database, whole).total.sums.rxPayloadBytes, total);
        whole.by = HistoryQuery::By::Remote;
        QCOMPARE(answerOf(*database, whole).total.sums.rxPayloadBytes, total);
        // Any span of the last days is exact to the minute, as points too.
        QList<HistoryHost> hosts;
        QVERIFY(database->readHosts(hosts));
        for (int i = 0; i < 20; ++i) {
            const qint64 oldest = std::max(hosts.constFirst().minuteFloorUtcS, begin - 50 * dayS);
            const qint64 from = oldest + random.bounded(quint32(now - oldest));
            HistoryQuery query = spanOf(from, from + 60 + random.bounded(quint32(3 * dayS)));
            query.maxPoints = i % 2 == 0 ? 300 : 0;
            std::map<QString, quint64> expected;
            for (auto minute = truth.lower_bound(query.fromUtcS);
                 minute != truth.end() && minute->first < query.toUtcS; ++minute) {
                for (const auto &[program, bytes] : minute->second) {
                    expected[program] += bytes;
                }
            }
            const HistoryAnswer answer = answerOf(*database, query);
            std::map<QString, quint64> found;
            quint64 points = 0;
            for (const HistoryRow &row : answer.rows) {
                found[row.program.name] = row.sums.rxPayloadBytes;
                for (const TrafficSums &point : row.points) {
                    points += point.rxPayloadBytes;
                }
            }
            QCOMPARE(found, expected);
            // What is asked of remotes is added up from other rows.
            query.by = HistoryQuery::By::Remote;
            QCOMPARE(answerOf(*database, query).total.sums, answer.total.sums);
            QCOMPARE(points, query.maxPoints > 0 ? answer.total.sums.rxPayloadBytes : 0);
        }
    }
    QVERIFY(database->maintain(now));
    QList<HistoryHost> hosts;
    QVERIFY(database->readHosts(hosts));
    QVERIFY(hosts.constFirst().minuteFloorUtcS > now - 10 * dayS);
    QVERIFY(hosts.constFirst().hourFloorUtcS > now - 93 * dayS);
    QVERIFY(verdictOf(*database).faults.isEmpty());
}

void TestHistoryDatabase::appliesOnce()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    QVERIFY(database);
    std::optional<HistoryCursor> cursor;
    QVERIFY(database->readCursor(cursor));
    QVERIFY(!cursor);
    for (const quint64 number : {1, 2, 2, 1, 3, 2, 3}) {
        QVERIFY(database->apply(numberedBatch(number)));
    }
    QVERIFY(database->readCursor(cursor));
    QCOMPARE(cursor, (HistoryCursor{journal, 3}));
    QVERIFY(sumOf(*database, Level::Minute).startsWith(QStringLiteral("150|%1|").arg(numberedSum(3))));

    // What was stored in part is not stored again; the reader goes on from there.
    HistoryBatch overlapping = numberedBatch(5);
    overlapping.afterNumber = 2;
    HistoryCursor stored;
    QVERIFY(database->apply(overlapping, &stored));
    QCOMPARE(stored, (HistoryCursor{journal, 3}));
    overlapping.cursor->number = 2;
    QVERIFY(database->apply(overlapping, &stored));
    QCOMPARE(stored, (HistoryCursor{journal, 3}));
    QVERIFY(sumOf(*database, Level::Minute).startsWith(QStringLiteral("150|%1|").arg(numberedSum(3))));

    // Another journal counts for itself, and is the one to go on with.
    HistoryBatch other = numberedBatch(1);
    other.cursor->journalId = QByteArray(16, 'k');
    QVERIFY(database->apply(other));
    QVERIFY(database->readCursor(cursor));
    QCOMPARE(cursor, other.cursor);
    QVERIFY(database->apply(numberedBatch(2)));
    QVERIFY(sumOf(*database, Level::Month).contains(QStringLiteral("|%1|").arg(numberedSum(3) + 50)));
}

void TestHistoryDatabase::newZoneLeavesOldDays()
{
    const qint64 time = utc("2025-06-10T21:30:00Z");
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path, "Europe/Berlin");
        QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 1, 0)}, std::nullopt}));
    }
    const std::unique_ptr<HistoryDatabase> database = opened(m_path, "Asia/Tokyo");
    QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 10, 0),
                              flow(time + 300, QStringLiteral("a"), QString(), 100, 0)},
                             std::nullopt}));
    QList<HistoryHost> hosts;
    QVERIFY(database->readHosts(hosts));
    QCOMPARE(hosts.constFirst().calendar.changes().size(), 2);
    QVERIFY(verdictOf(*database).faults.isEmpty());
    // The day that was told in Berlin holds what came late for it.
    const qint64 midnight = utc("2025-06-09T22:00:00Z");
    QCOMPARE(answerOf(*database, spanOf(midnight, time + 60)).total.sums.rxPayloadBytes, 11U);
    QCOMPARE(answerOf(*database, spanOf(midnight, time + dayS)).total.sums.rxPayloadBytes, 111U);
    QCOMPARE(sumOf(*database, Level::Day), QStringLiteral("2|111|0|231"));
}

void TestHistoryDatabase::keepsUnknownUnknown()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T21:30:00Z");
    FlowMinute unknown = flow(time, QStringLiteral("a"), QString(), 5, 5);
    unknown.sums.network.reset();
    QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 1, 0), unknown,
                              flow(time + 60, QStringLiteral("a"), QString(), 1, 0),
                              flow(time, QStringLiteral("b"), QString(), 1, 0)},
                             std::nullopt}));
    QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 1, 0)}, std::nullopt}));
    const HistoryAnswer answer = answerOf(*database, spanOf(time, time + 120));
    QCOMPARE(answer.rows.at(0).sums, (TrafficSums{8, 5, std::nullopt}));
    QCOMPARE(answer.rows.at(1).sums, (TrafficSums{1, 0, NetworkUsage{41, 40, 1, 1, 0}}));
    QVERIFY(!answer.total.sums.network);
    QVERIFY(answerOf(*database, spanOf(time + 60, time + 120)).total.sums.network.has_value());
}

void TestHistoryDatabase::foldsTheTail()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T12:00:00Z");
    HistoryBatch batch;
    for (quint32 i = 0; i < 200; ++i) {
        FlowMinute record = flow(time, QStringLiteral("a"), QStringLiteral("192.0.2.%1").arg(i), 1000 + i, i);
        record.flow.servicePort = quint16(40000 + i);
        batch.records.append(record);
    }
    batch.records.append(
        flow(time, QStringLiteral("a"), QString(), 1, 0)); // of no known remote: not one of many
    QVERIFY(database->apply(batch));
    const QString whole = sumOf(*database, Level::Day);
    QCOMPARE(whole, QStringLiteral("201|219901|19900|227941"));
    const auto ageBy = [&](qint64 days) {
        const qint64 later = time + days * dayS;
        return database->apply({{flow(later, QStringLiteral("z"), QString(), 0, 0)}, std::nullopt})
            && database->maintain(later);
    };
    HistoryQuery byRemote = spanOf(time - dayS, time + dayS);
    byRemote.by = HistoryQuery::By::Remote;

    QVERIFY(ageBy(10)); // minutes are gone, hours keep ten
    QVERIFY(sumOf(*database, Level::Minute).startsWith(u"1|0|"));
    QCOMPARE(sumOf(*database, Level::Hour), QStringLiteral("13|219901|19900|227981"));
    QCOMPARE(sumOf(*database, Level::Day), QStringLiteral("202|219901|19900|227981"));
    QCOMPARE(answerOf(*database, byRemote).rows.size(), 201); // the day knows them all

    QVERIFY(ageBy(200)); // hours are gone, the day keeps twenty, the month a hundred
    QVERIFY(sumOf(*database, Level::Hour).startsWith(u"1|0|"));
    QCOMPARE(sumOf(*database, Level::Day), QStringLiteral("24|219901|19900|228021"));
    QCOMPARE(sumOf(*database, HistoryDatabase::tableOf(Level::Month)),
             QStringLiteral("103|219901|19900|227981")); // of months that are over
    const HistoryAnswer answer = answerOf(*database, byRemote);
    QCOMPARE(answer.rows.size(), 22);
    QVERIFY(answer.rows.at(0).isManyRemotes);
    QCOMPARE(answer.rows.at(1).remote.toString(), QStringLiteral("192.0.2.199"));
    QCOMPARE(answer.total.sums.rxPayloadBytes, 219901U);
    QVERIFY(verdictOf(*database).faults.isEmpty());

    // What comes late joins the fold at the next turn.
    QVERIFY(database->apply(
        {{flow(time, QStringLiteral("a"), QStringLiteral("198.51.100.1"), 1, 0)}, std::nullopt}));
    QVERIFY(database->maintain(time + 200 * dayS));
    QCOMPARE(sumOf(*database, Level::Day), QStringLiteral("24|219902|19900|228062"));
}

void TestHistoryDatabase::sweepsRemotes()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T12:00:00Z");
    HistoryBatch batch;
    for (quint32 i = 0; i < 200; ++i) {
        batch.records.append(
            flow(time, QStringLiteral("a"), QStringLiteral("192.0.2.%1").arg(i), 1000 + i, i));
    }
    QVERIFY(database->apply(batch));
    QVERIFY(database->apply({{flow(time + 200 * dayS, QStringLiteral("z"), QString(), 0, 0)}, std::nullopt}));
    QVERIFY(database->maintain(time + 200 * dayS));
    QSqlQuery *query = nullptr;
    QVERIFY(database->run(QStringLiteral("SELECT count(*) FROM remote"), {}, query));
    QVERIFY(query->next());
    QCOMPARE(query->value(0).toInt(), 102); // the month's hundred, the many, the unknown
    query->finish();
    // Their ids are not remembered.
    QVERIFY(database->apply(batch));
    HistoryVerdict verdict = verdictOf(*database);
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    QVERIFY(database->run(QStringLiteral("SELECT count(*) FROM usage_month WHERE remote_id NOT IN "
                                         "(SELECT remote_id FROM remote)"),
                          {}, query));
    QVERIFY(query->next());
    QCOMPARE(query->value(0).toInt(), 0);
    query->finish();
    QVERIFY(database->vacuum());
}

void TestHistoryDatabase::answersEveryQuestion()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T12:00:00Z");
    FlowMinute wlan = flow(time + 60, QStringLiteral("curl"), QStringLiteral("192.0.2.2"), 10, 1);
    wlan.flow.interfaceName = QStringLiteral("wlan0");
    FlowMinute udp = flow(time + 120, QStringLiteral("dns"), QStringLiteral("192.0.2.3"), 3, 3);
    udp.flow.protocol = 17;
    FlowMinute grouped = flow(time, QStringLiteral("curl"), QStringLiteral("192.0.2.1"), 5, 0);
    grouped.flow.program.cgroupPath = QStringLiteral("/user.slice/session-3.scope");
    QVERIFY(database->apply({{flow(time, QStringLiteral("curl"), QStringLiteral("192.0.2.1"), 100, 7), wlan,
                              udp, grouped, NotMeasured{time + 180, time + 300, NotMeasuredReason::Suspended},
                              NotMeasured{time + 900, time + 960, NotMeasuredReason::HelperOff}},
                             std::nullopt}));
    using By = HistoryQuery::By;
    HistoryQuery query = spanOf(time, time + 600);
    const auto lineOf = [&](By by) {
        query.by = by;
        QStringList parts;
        const HistoryAnswer answer = answerOf(*database, query);
        for (const HistoryRow &row : answer.rows) {
            parts.append(QStringLiteral("%1%2%3%4:%5/%6")
                             .arg(row.program.name, row.remote.toString(), row.name)
                             .arg(row.protocol ? QString::number(row.protocol) : QString())
                             .arg(row.sums.rxPayloadBytes)
                             .arg(row.sums.txPayloadBytes));
        }
        if (answer.rest) {
            parts.append(QStringLiteral("rest:%1").arg(answer.rest->sums.rxPayloadBytes));
        }
        return parts.join(u' ');
    };
    QCOMPARE(lineOf(By::Program), QStringLiteral("curl:115/8 dns:3/3"));
    QCOMPARE(lineOf(By::Remote), QStringLiteral("192.0.2.1:105/7 192.0.2.2:10/1 192.0.2.3:3/3"));
    QCOMPARE(lineOf(By::Protocol), QStringLiteral("6:115/8 17:3/3"));
    QCOMPARE(lineOf(By::Interface), QStringLiteral("eth0:108/10 wlan0:10/1"));
    QCOMPARE(lineOf(By::Host), QSysInfo::machineHostName() + QStringLiteral(":118/11"));
    QCOMPARE(lineOf(By::Time), QStringLiteral(":118/11"));
    query.top = 1;
    QCOMPARE(lineOf(By::Remote), QStringLiteral("192.0.2.1:105/7 rest:13"));
    query.top = 0;
    query.program = QStringLiteral("/usr/bin/curl");
    QCOMPARE(lineOf(By::Remote), QStringLiteral("192.0.2.1:105/7 192.0.2.2:10/1"));
    query.protocol = 17;
    QCOMPARE(lineOf(By::Remote), QString());
    query.protocol.reset();
    query.remote = Address::fromString(QStringLiteral("192.0.2.2"));
    QCOMPARE(lineOf(By::Program), QStringLiteral("curl:10/1"));

    query = spanOf(time, time + 600);
    query.by = By::Time;
    query.maxPoints = 10;
    HistoryAnswer answer = answerOf(*database, query);
    QCOMPARE(answer.pointStartsUtcS.size(), 10);
    QCOMPARE(answer.total.points.at(0).rxPayloadBytes, 105U);
    QCOMPARE(answer.total.points.at(2), (TrafficSums{3, 3, NetworkUsage{43, 43, 1, 1, 0}}));
    QCOMPARE(answer.total.points.at(3), TrafficSums::zero());
    QCOMPARE(answer.notMeasured,
             QList<NotMeasured>({{time + 180, time + 300, NotMeasuredReason::Suspended}}));
    QCOMPARE(answer.total.firstUtcS, time);
    QCOMPARE(answer.total.lastUtcS, time + 180);

    query = spanOf(time, time + 60);
    answer = answerOf(*database, query);
    QCOMPARE(answer.rows.size(), 1); // curl, from two control groups
    QCOMPARE(answer.rows.at(0).program.cgroupPath, QString());
    QVERIFY(answerOf(*database, spanOf(time + 600, time + 700)).rows.isEmpty());
}

void TestHistoryDatabase::comparesWithBefore()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T12:00:00Z");
    QVERIFY(database->apply({{flow(time - 120, QStringLiteral("gone"), QString(), 50, 0),
                              flow(time - 120, QStringLiteral("curl"), QString(), 7, 0),
                              flow(time, QStringLiteral("curl"), QString(), 1, 0)},
                             std::nullopt}));
    HistoryQuery query = spanOf(time, time + 600);
    query.previousFromUtcS = time - 600;
    const HistoryAnswer answer = answerOf(*database, query);
    QCOMPARE(answer.total.sums.rxPayloadBytes, 1U);
    QCOMPARE(answer.total.previous.rxPayloadBytes, 57U);
    QCOMPARE(answer.rows.size(), 2);
    QCOMPARE(answer.rows.at(0).program.name, QStringLiteral("curl"));
    QCOMPARE(answer.rows.at(0).previous.rxPayloadBytes, 7U);
    QCOMPARE(answer.rows.at(1).sums.rxPayloadBytes, 0U);
}

void TestHistoryDatabase::balancesBooks()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    const qint64 time = utc("2025-06-10T12:00:00Z");
    FlowMinute unknown = flow(time + 60, QStringLiteral("b"), QString(), 1, 1);
    unknown.sums.network.reset();
    const InterfaceMinute right{time, QStringLiteral("eth0"), 1060, 900, 20, 820};
    InterfaceMinute unknowable = right;
    unknowable.minuteUtcS = time + 60;
    QVERIFY(database->apply({{flow(time, QStringLiteral("a"), QString(), 500, 0),
                              flow(time, QStringLiteral("b"), QString(), 460, 0), unknown, right, unknowable},
                             std::nullopt}));
    HistoryVerdict verdict = verdictOf(*database);
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    QCOMPARE(verdict.balancedMinutes, 1U);
    QCOMPARE(verdict.unknownMinutes, 1U);

    InterfaceMinute wrong = right;
    wrong.minuteUtcS = time + 120;
    QVERIFY(
        database->apply({{flow(time + 120, QStringLiteral("a"), QString(), 999, 40), wrong}, std::nullopt}));
    verdict = verdictOf(*database);
    QCOMPARE(verdict.faultCount, 1U);
    QVERIFY2(verdict.faults.at(0).contains(QStringLiteral("1060")), qPrintable(verdict.faults.at(0)));
    QVERIFY(verdict.faults.at(0).contains(QStringLiteral("1059")));
}

void TestHistoryDatabase::findsFaults()
{
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    QVERIFY(database->apply(numberedBatch(1)));
    QVERIFY(database->apply(
        {{flow(utc("2025-05-10T12:00:00Z"), QStringLiteral("p0"), QStringLiteral("192.0.2.251"), 1, 1)},
         std::nullopt}));
    QVERIFY(database->maintain(1750000060)); // adds up May
    QVERIFY(verdictOf(*database).faults.isEmpty());
    QSqlQuery *query = nullptr;
    const QString ofMay = QStringLiteral(" WHERE program_id = 1 AND start_utc_s < 1748736000");
    const QString one = QStringLiteral(" WHERE (program_id, remote_id) = (SELECT min(program_id), "
                                       "min(remote_id) FROM usage_hour WHERE program_id = 1)");
    for (const QString &statement :
         {QStringLiteral("UPDATE usage_hour SET rx_payload_bytes = 1 + rx_payload_bytes"),
          QStringLiteral("DELETE FROM usage_minute"), QStringLiteral("UPDATE usage_day SET tx_packets = 7"),
          QStringLiteral("DELETE FROM usage_month"),
          QStringLiteral("UPDATE total_minute SET rx_network_bytes = NULL"),
          QStringLiteral("UPDATE total_hour SET rx_payload_bytes = 1 + rx_payload_bytes"),
          QStringLiteral("DELETE FROM total_day"),
          QStringLiteral("UPDATE total_month SET retransmitted_segments = 1")}) {
        QVERIFY(database->begin());
        const bool isOfMay = statement.contains(QStringLiteral("total_"))
            ? !statement.contains(QStringLiteral("minute"))
            : statement.contains(QStringLiteral("month"));
        const bool isTotal = statement.contains(QStringLiteral("total_minute"));
        QVERIFY(database->run(statement
                                  + (isOfMay       ? ofMay
                                         : isTotal ? QStringLiteral(" WHERE program_id = 1")
                                                   : one),
                              {}, query));
        QCOMPARE(query->numRowsAffected(), 1);
        QVERIFY2(!verdictOf(*database).faults.isEmpty(), qPrintable(statement));
        database->finish({DatabaseError::Other, QString()}); // rolls back
        QVERIFY(verdictOf(*database).faults.isEmpty());
    }
}

void TestHistoryDatabase::namesGroupsOnce()
{
    const QList<std::pair<QString, QString>> cases = {
        {QStringLiteral("/user.slice/user-1000.slice/session-3.scope"),
         QStringLiteral("/user.slice/user-1000.slice/session-*.scope")},
        {QStringLiteral(
             "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-5213.scope"),
         QStringLiteral("/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-*.scope")},
        {QStringLiteral("/a/app-org.kde.konsole@0123456789abcdef0123456789abcdef.service"),
         QStringLiteral("/a/app-org.kde.konsole@*.service")},
        {QStringLiteral("/system.slice/run-r0f64f3a2.scope"), QStringLiteral("/system.slice/run-*.scope")},
        {QStringLiteral("/system.slice/docker-0123456789abcdef0123456789abcdef.scope"), QString()},
        {QStringLiteral("/system.slice/ssh.service"), QString()},
        {QString(), QString()},
    };
    for (const auto &[path, stable] : cases) {
        QCOMPARE(Dictionaries::stableCgroupPath(path), stable.isEmpty() ? path : stable);
    }
}

QTEST_GUILESS_MAIN(TestHistoryDatabase)
#include "tst_historydatabase.moc"
