// SPDX-License-Identifier: MIT
#include "historytest.h"

#include <QRandomGenerator>
#include <QTest>

using namespace Nettally;
using namespace Nettally::HistoryTest;

class TestBucketCalendar : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bucketsPartitionTime_data();
    void bucketsPartitionTime();
    void daysHaveTheirHours();
    void zoneChangeEndsBuckets();
    void seriesHasTrueBoundaries();
};

void TestBucketCalendar::bucketsPartitionTime_data()
{
    QTest::addColumn<QByteArray>("zone");
    for (const char *zone :
         {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana",
          "Asia/Beirut", "Pacific/Apia", "America/Santiago"}) {
        QTest::newRow(zone) << QByteArray(zone);
    }
}

void TestBucketCalendar::bucketsPartitionTime()
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

void TestBucketCalendar::daysHaveTheirHours()
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

void TestBucketCalendar::zoneChangeEndsBuckets()
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

void TestBucketCalendar::seriesHasTrueBoundaries()
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

QTEST_GUILESS_MAIN(TestBucketCalendar)
#include "tst_bucketcalendar.moc"
