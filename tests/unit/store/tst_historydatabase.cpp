// SPDX-License-Identifier: MIT
#include "historyreader.h"
#include "historystore.h"
#include "historytransfer.h"
#include "historyverifier.h"

#include <QBuffer>
#include <QFile>
#include <QProcess>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <map>
#include <memory>

using namespace Nettally;

namespace {

constexpr qint64 hourS = 3600;
constexpr qint64 dayS = 86400;
const QByteArray journal(16, 'j');

qint64 utc(const char *text)
{
    return QDateTime::fromString(QString::fromLatin1(text), Qt::ISODate).toSecsSinceEpoch();
}

FlowMinute flow(qint64 utcS, const QString &program, const QString &remote, quint64 rx, quint64 tx)
{
    FlowMinute result;
    result.minuteUtcS = utcS - ((utcS % 60) + 60) % 60;
    result.flow.program.name = program;
    result.flow.program.executable = QStringLiteral("/usr/bin/") + program;
    result.flow.remote = Address::fromString(remote);
    result.flow.protocol = 6;
    result.flow.servicePort = 443;
    result.flow.direction = Direction::Outgoing;
    result.flow.interfaceName = QStringLiteral("eth0");
    result.sums = {rx, tx, NetworkUsage{rx + 40, tx + 40, 1, 1, 0}};
    return result;
}

std::unique_ptr<HistoryDatabase> opened(const QString &path, const QByteArray &zone = "UTC")
{
    std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(path);
    database->setTimeZone(QTimeZone(zone));
    const DatabaseResult result = database->openForRecording(true);
    if (!result) {
        qWarning("%s", qUtf8Printable(result.detail));
        return nullptr;
    }
    return database;
}

HistoryVerdict verdictOf(HistoryDatabase &database)
{
    HistoryVerdict verdict;
    const DatabaseResult result = HistoryVerifier(database).verify(verdict);
    verdict.problem = result ? QString() : result.detail + u'?';
    return verdict;
}

HistoryAnswer answerOf(HistoryDatabase &database, const HistoryQuery &query)
{
    HistoryAnswer answer;
    const DatabaseResult result = HistoryReader(database).answer(query, answer);
    answer.problem = result ? QString() : result.detail + u'?';
    return answer;
}

HistoryQuery spanOf(qint64 fromUtcS, qint64 toUtcS)
{
    HistoryQuery query;
    query.fromUtcS = fromUtcS;
    query.toUtcS = toUtcS;
    return query;
}

/// What the rows of a table add up to, and how many there are.
QString sumOf(HistoryDatabase &database, const QString &table)
{
    QSqlQuery *query = nullptr;
    const DatabaseResult result = database.run(
        QStringLiteral("SELECT count(*), sum(rx_payload_bytes), sum(tx_payload_bytes), sum(rx_network_bytes) "
                       "FROM ")
            + table,
        {}, query);
    if (!result || !query->next()) {
        return result.detail;
    }
    QStringList cells;
    for (int column = 0; column < 4; ++column) {
        cells.append(query->value(column).toString());
    }
    query->finish();
    return cells.join(u'|');
}

/// Of usage; of a month, whose usage is added up later, the totals.
QString sumOf(HistoryDatabase &database, Level level)
{
    return sumOf(database,
                 level == Level::Month ? HistoryDatabase::totalsOf(level) : HistoryDatabase::tableOf(level));
}

/// Of the journal that the killed and the cut recorders apply: any batch can be made anew by its number.
HistoryBatch numberedBatch(quint64 number)
{
    HistoryBatch batch;
    for (quint64 i = 0; i < 50; ++i) {
        batch.records.append(flow(1750000000 + qint64(number) * 60, QStringLiteral("p%1").arg(i % 5),
                                  QStringLiteral("192.0.2.%1").arg((number + i) % 250), number, i));
    }
    batch.cursor = HistoryCursor{journal, number};
    return batch;
}

/// What the first @p number of them add up to.
quint64 numberedSum(quint64 number)
{
    return 50 * number * (number + 1) / 2;
}

} // namespace

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

    void bucketsPartitionTime_data();
    void bucketsPartitionTime();
    void daysHaveTheirHours();
    void zoneChangeEndsBuckets();
    void seriesHasTrueBoundaries();
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
    void movesTheFirstForm();
    void makesTotalsOfTheSecondForm();
    void salvagesEverySum_data();
    void salvagesEverySum();
    void exportsAndImports();
    void refusesHostileImports();
    void namesGroupsOnce();
    void survivesCutsOfTheLog();
    void survivesKills();

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    QString m_path;
};

void TestHistoryDatabase::bucketsPartitionTime_data()
{
    QTest::addColumn<QByteArray>("zone");
    for (const char *zone :
         {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana",
          "Asia/Beirut", "Pacific/Apia", "America/Santiago"}) {
        QTest::newRow(zone) << QByteArray(zone);
    }
}

void TestHistoryDatabase::bucketsPartitionTime()
{
    QFETCH(QByteArray, zone);
    const BucketCalendar calendar({{ZoneChange::always, QTimeZone(zone)}});
    QRandomGenerator random(7);
    for (int i = 0; i < 3000; ++i) {
        const qint64 time = utc("2025-01-01T00:00:00Z") + random.bounded(quint32(2 * 366 * dayS));
        const BucketCalendar::Starts starts = calendar.starts(time);
        for (const Level level : allLevels) {
            const qint64 start = starts[size_t(level)];
            const qint64 next = calendar.nextStart(level, time);
            QVERIFY2(start <= time && time < next, qPrintable(QString::number(time)));
            QCOMPARE(calendar.start(level, start), start);
            QCOMPARE(calendar.start(level, next - 60), start);
            QCOMPARE(calendar.start(level, next), next);
            if (level != Level::Minute) {
                // The finer bucket lies within.
                QVERIFY(starts[size_t(level) - 1] >= start);
                QVERIFY(calendar.nextStart(Level(int(level) - 1), time) <= next);
            }
        }
        QCOMPARE(calendar.localTime(starts[size_t(Level::Day)]).minute(), 0);
    }
}

void TestHistoryDatabase::daysHaveTheirHours()
{
    const BucketCalendar berlin({{ZoneChange::always, QTimeZone("Europe/Berlin")}});
    const auto hoursOf = [&](const char *noon) {
        const qint64 start = berlin.start(Level::Day, utc(noon));
        return (berlin.nextStart(Level::Day, start) - start) / hourS;
    };
    QCOMPARE(hoursOf("2025-03-30T12:00:00Z"), 23);
    QCOMPARE(hoursOf("2025-10-26T12:00:00Z"), 25);
    QCOMPARE(hoursOf("2025-10-27T12:00:00Z"), 24);
    QCOMPARE(berlin.start(Level::Month, utc("2025-03-31T22:00:00Z")), utc("2025-03-31T22:00:00Z"));

    // The clock goes back by half an hour at 02:00: the hour before is one and a half long, as two buckets.
    const BucketCalendar island({{ZoneChange::always, QTimeZone("Australia/Lord_Howe")}});
    QCOMPARE(island.start(Level::Hour, utc("2025-04-05T14:45:00Z")), utc("2025-04-05T14:00:00Z"));
    QCOMPARE(island.start(Level::Hour, utc("2025-04-05T15:10:00Z")), utc("2025-04-05T15:00:00Z"));
    QCOMPARE(island.nextStart(Level::Hour, utc("2025-04-05T15:10:00Z")), utc("2025-04-05T15:30:00Z"));
}

void TestHistoryDatabase::zoneChangeEndsBuckets()
{
    const qint64 since = utc("2025-06-10T15:20:00Z");
    const BucketCalendar calendar(
        {{ZoneChange::always, QTimeZone("Europe/Berlin")}, {since, QTimeZone("America/New_York")}});
    QCOMPARE(calendar.start(Level::Month, since - 60), utc("2025-05-31T22:00:00Z"));
    for (const Level level : {Level::Hour, Level::Day, Level::Month}) {
        QCOMPARE(calendar.nextStart(level, since - 60), since);
        QCOMPARE(calendar.start(level, since), since);
    }
    QCOMPARE(calendar.nextStart(Level::Hour, since), utc("2025-06-10T16:00:00Z"));
    QCOMPARE(calendar.nextStart(Level::Day, since), utc("2025-06-11T04:00:00Z"));
}

void TestHistoryDatabase::seriesHasTrueBoundaries()
{
    HistoryHost host;
    host.calendar = BucketCalendar({{ZoneChange::always, QTimeZone("Europe/Berlin")}});
    Level level = Level::Minute;
    const qint64 day = utc("2025-10-25T22:00:00Z"); // of 25 hours
    QCOMPARE(HistoryReader::pointStarts(host, day, day + 25 * hourS, 300, level).size(), 300);
    QCOMPARE(level, Level::Minute);
    QCOMPARE(HistoryReader::pointStarts(host, day, day + 25 * hourS, 299, level).size(), 150);
    QCOMPARE(HistoryReader::pointStarts(host, day - 30 * dayS, day + 25 * hourS, 40, level).size(), 31);
    QCOMPARE(level, Level::Day);
    const QList<qint64> weeks = HistoryReader::pointStarts(host, day - 365 * dayS, day, 300, level);
    QCOMPARE(level, Level::Day);
    QCOMPARE(host.calendar.localDate(weeks.at(1)).dayOfWeek(), int(Qt::Monday));
    QCOMPARE(host.calendar.localTime(weeks.at(1)), QTime(0, 0));
    // What is gone is not asked for.
    host.minuteFloorUtcS = day + 60;
    QCOMPARE(HistoryReader::pointStarts(host, day, day + 25 * hourS, 300, level).size(), 25);
    QCOMPARE(level, Level::Hour);
}

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

void TestHistoryDatabase::movesTheFirstForm()
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
void TestHistoryDatabase::makesTotalsOfTheSecondForm()
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

void TestHistoryDatabase::salvagesEverySum_data()
{
    QTest::addColumn<bool>("isSecondForm");
    QTest::newRow("schema 2") << true;
    QTest::newRow("schema 3") << false;
}

/// Of a file set aside that turns out to be whole nothing is missing, months that are not over included.
void TestHistoryDatabase::salvagesEverySum()
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

void TestHistoryDatabase::exportsAndImports()
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

void TestHistoryDatabase::refusesHostileImports()
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

/// As power loss leaves it: the log ends anywhere in the last two transactions.
void TestHistoryDatabase::survivesCutsOfTheLog()
{
    {
        // Small pages, so that every byte can be tried.
        QSqlDatabase raw = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("raw"));
        raw.setDatabaseName(m_path);
        QVERIFY(raw.open());
        QSqlQuery query(raw);
        QVERIFY(query.exec(QStringLiteral("PRAGMA page_size = 512")));
        QVERIFY(query.exec(QStringLiteral("VACUUM")));
    }
    QSqlDatabase::removeDatabase(QStringLiteral("raw"));
    const auto small = [](quint64 number) {
        HistoryBatch batch = numberedBatch(number);
        batch.records.resize(2);
        return batch;
    };
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path);
        QVERIFY(database);
        QVERIFY(database->apply(small(1)));
        QVERIFY(database->vacuum()); // empties the log
    }
    const QByteArray base = [&] {
        QFile file(m_path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }();
    QByteArray log;
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path);
        QVERIFY(database);
        QVERIFY(database->apply(small(2)));
        QVERIFY(database->apply(small(3)));
        QFile file(m_path + QStringLiteral("-wal"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        log = file.readAll();
    }
    QVERIFY(log.size() > 2000 && log.size() < 60000);
    // In memory where it can be: thousands of files are written.
    const QTemporaryDir memory(QStringLiteral("/dev/shm/nettally-XXXXXX"));
    const QString path = (memory.isValid() ? memory.path() : m_directory->path()) + QStringLiteral("/cut.db");
    const auto put = [](const QString &name, const QByteArray &content) {
        QFile file(name);
        return file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(content) == content.size();
    };
    QSet<quint64> seen;
    for (qsizetype size = 0; size <= log.size(); ++size) {
        QFile::remove(path + QStringLiteral("-shm"));
        QVERIFY(put(path, base));
        QVERIFY(put(path + QStringLiteral("-wal"), log.left(size)));
        const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(path);
        QVERIFY(database->openForReading());
        std::optional<HistoryCursor> cursor;
        QVERIFY(database->readCursor(cursor));
        QVERIFY(cursor);
        // The cursor and what it stands for are stored together or not at all.
        const QString expected = QStringLiteral("|%1|").arg(cursor->number * (cursor->number + 1));
        for (const Level level : allLevels) {
            QVERIFY2(sumOf(*database, level).contains(expected), qPrintable(QString::number(size)));
        }
        if (!seen.contains(cursor->number) || size % 512 == 0) {
            QVERIFY(verdictOf(*database).faults.isEmpty());
        }
        seen.insert(cursor->number);
    }
    QCOMPARE(seen, QSet<quint64>({1, 2, 3}));
}

/// A hundred recorders die at random moments; whoever comes next goes on where the database says.
void TestHistoryDatabase::survivesKills()
{
    QRandomGenerator random(11);
    quint64 last = 0;
    int advanced = 0;
    // As long as a few batches take; a slow machine, or one under sanitizers, takes longer.
    int longestMs = 60;
    for (int round = 0; round < 100 || advanced <= 50; ++round) {
        QVERIFY(round < 1000);
        QProcess recorder;
        recorder.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--journal"), m_path});
        QVERIFY(recorder.waitForReadyRead(10000));
        QTest::qWait(int(random.bounded(longestMs)));
        recorder.kill();
        QVERIFY(recorder.waitForFinished());

        const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(m_path);
        QVERIFY(database->openForReading());
        std::optional<HistoryCursor> cursor;
        QVERIFY(database->readCursor(cursor));
        const quint64 number = cursor ? cursor->number : 0;
        QVERIFY(number >= last);
        if (number > last)
            ++advanced;
        else
            longestMs = std::min(longestMs + longestMs / 4, 2000);
        last = number;
        if (number > 0) {
            for (const Level level : allLevels) {
                QVERIFY2(sumOf(*database, level).contains(QStringLiteral("|%1|").arg(numberedSum(number))),
                         qPrintable(QStringLiteral("%1: %2").arg(number).arg(sumOf(*database, level))));
            }
        }
    }
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    QVERIFY(database);
    const HistoryVerdict verdict = verdictOf(*database);
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    qInfo("100 recorders killed, %d of them after they stored something; %llu batches, each once", advanced,
          last);
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (argc == 3 && qstrcmp(argv[1], "--journal") == 0) {
        // Hands in the batches of a journal that never ends, as the app does.
        HistoryStore store(QFile::decodeName(argv[2]));
        const auto next = [&store] {
            const std::optional<HistoryCursor> cursor = store.cursor();
            store.applyBatch(numberedBatch(cursor ? cursor->number + 1 : 1));
        };
        bool isBegun = false;
        QObject::connect(&store, &HistoryStore::stateChanged, &store, [&] {
            if (!isBegun && store.state() == HistoryStore::State::Recording) {
                isBegun = true;
                QTextStream(stdout) << "recording" << Qt::endl;
                next();
            }
        });
        QObject::connect(&store, &HistoryStore::batchApplied, &store, next);
        store.start();
        return QCoreApplication::exec();
    }
    TestHistoryDatabase test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_historydatabase.moc"
