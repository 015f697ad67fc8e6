// SPDX-License-Identifier: MIT
#include "historyrange.h"

#include <QDateTime>
#include <QLocale>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

using Kind = HistoryRange::Kind;

const QTimeZone berlin("Europe/Berlin");
const QTimeZone kathmandu("Asia/Kathmandu");

qint64 at(const char *time, const QTimeZone &zone = berlin)
{
    QDateTime parsed = QDateTime::fromString(QLatin1StringView(time), u"yyyy-MM-dd HH:mm:ss"_s);
    parsed.setTimeZone(zone);
    return parsed.toSecsSinceEpoch();
}

QString spanOf(const HistoryRange &range)
{
    const auto text = [&](qint64 utcS) {
        return QDateTime::fromSecsSinceEpoch(utcS, range.zone()).toString(u"yyyy-MM-dd HH:mm:ss"_s);
    };
    return u"%1 / %2"_s.arg(text(range.fromUtcS()), text(range.toUtcS()));
}

} // namespace

class TestHistoryRange : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom));
        QVERIFY(berlin.isValid() && kathmandu.isValid());
    }

    void latest_data()
    {
        QTest::addColumn<Kind>("kind");
        QTest::addColumn<QString>("span");
        QTest::addColumn<QString>("before");
        QTest::newRow("hour") << Kind::Hour << u"2026-11-23 21:37:00 / 2026-11-23 22:37:00"_s
                              << u"2026-11-23 20:37:00"_s;
        QTest::newRow("day") << Kind::Day << u"2026-11-22 22:35:00 / 2026-11-23 22:37:00"_s
                             << u"2026-11-21 22:35:00"_s;
        QTest::newRow("week") << Kind::Week << u"2026-11-16 22:00:00 / 2026-11-23 22:37:00"_s
                              << u"2026-11-09 22:00:00"_s;
        QTest::newRow("month") << Kind::Month << u"2026-10-24 22:00:00 / 2026-11-23 22:37:00"_s
                               << u"2026-09-24 22:00:00"_s;
        QTest::newRow("year") << Kind::Year << u"2025-11-23 00:00:00 / 2026-11-23 22:37:00"_s
                              << u"2024-11-23 00:00:00"_s;
    }
    /// Ends with the last minute that had time to be stored, begins where a bucket does.
    void latest()
    {
        QFETCH(Kind, kind);
        const HistoryRange range = HistoryRange::latest(kind, at("2026-11-23 22:37:12"), berlin);
        QVERIFY(range.isLatest());
        QTEST(spanOf(range), "span");
        QTEST(QDateTime::fromSecsSinceEpoch(range.previousFromUtcS(), berlin)
                  .toString(u"yyyy-MM-dd HH:mm:ss"_s),
              "before");
        QCOMPARE(HistoryRange::writtenUntil(at("2026-11-23 22:37:09")), at("2026-11-23 22:36:00"));
    }

    void daysOfAClockThatIsSet_data()
    {
        QTest::addColumn<QString>("noon");
        QTest::addColumn<int>("hours");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("usual") << u"2026-03-28"_s << 24 << u"Saturday, 28 March 2026"_s;
        QTest::newRow("forward") << u"2026-03-29"_s << 23
                                 << u"Sunday, 29 March 2026 (23 hours: the clock was set)"_s;
        QTest::newRow("back") << u"2026-10-25"_s << 25
                              << u"Sunday, 25 October 2026 (25 hours: the clock was set)"_s;
    }
    void daysOfAClockThatIsSet()
    {
        QFETCH(QString, noon);
        QFETCH(int, hours);
        const HistoryRange day =
            HistoryRange::whole(Kind::Day, at((noon + u" 12:00:00"_s).toLatin1().constData()), berlin);
        QCOMPARE(day.toUtcS() - day.fromUtcS(), qint64(hours) * 3600);
        QTEST(day.sentence(), "sentence");
        // Each ends where the next begins.
        QCOMPARE(day.previous().toUtcS(), day.fromUtcS());
        QCOMPARE(day.previousFromUtcS(), day.previous().fromUtcS());
        QCOMPARE(day.next(at("2026-12-31 00:00:00")).fromUtcS(), day.toUtcS());
    }

    void weeksKeepTheHourWhereTheClockIsSet()
    {
        const HistoryRange week = HistoryRange::latest(Kind::Week, at("2026-10-28 10:30:20"), berlin);
        QCOMPARE(spanOf(week), u"2026-10-21 10:00:00 / 2026-10-28 10:30:00"_s);
        QCOMPARE(week.toUtcS() - week.fromUtcS(), qint64(7 * 24 + 1) * 3600 + 1800);
    }

    void hoursAreThoseOfTheWall()
    {
        // Five and three quarters of an hour ahead.
        const HistoryRange hour =
            HistoryRange::whole(Kind::Hour, at("2026-11-23 22:37:12", kathmandu), kathmandu);
        QCOMPARE(spanOf(hour), u"2026-11-23 22:00:00 / 2026-11-23 23:00:00"_s);
    }

    void backAndForth()
    {
        const qint64 now = at("2026-11-23 22:37:12");
        HistoryRange range = HistoryRange::latest(Kind::Day, now, berlin);
        QVERIFY(!range.hasNext(now));
        range = range.previous();
        QCOMPARE(spanOf(range), u"2026-11-22 00:00:00 / 2026-11-23 00:00:00"_s);
        QVERIFY(range.hasNext(now));
        range = range.previous();
        QCOMPARE(spanOf(range), u"2026-11-21 00:00:00 / 2026-11-22 00:00:00"_s);
        range = range.next(now).next(now);
        QVERIFY(range.isLatest());
        QCOMPARE(range, HistoryRange::latest(Kind::Day, now, berlin));

        const HistoryRange month = HistoryRange::latest(Kind::Month, now, berlin).previous();
        QCOMPARE(spanOf(month), u"2026-10-01 00:00:00 / 2026-11-01 00:00:00"_s);
        QCOMPARE(month.sentence(), u"October 2026"_s);
        const HistoryRange week = HistoryRange::latest(Kind::Week, now, berlin).previous();
        QCOMPARE(week.sentence(), u"Week from Mon 16 Nov 2026 to Sun 22 Nov 2026"_s);
        const HistoryRange year = HistoryRange::latest(Kind::Year, now, berlin).previous();
        QCOMPARE(spanOf(year), u"2025-01-01 00:00:00 / 2026-01-01 00:00:00"_s);
        QCOMPARE(year.sentence(), u"2025"_s);
    }

    void custom()
    {
        const qint64 now = at("2026-11-23 22:37:12");
        const HistoryRange range =
            HistoryRange::custom(at("2026-11-23 20:00:30"), at("2026-11-23 22:00:10"), berlin);
        QCOMPARE(spanOf(range), u"2026-11-23 20:00:00 / 2026-11-23 22:00:00"_s);
        QCOMPARE(range.sentence(), u"Mon 23 Nov 2026, 20:00 – 22:00"_s);
        QCOMPARE(
            HistoryRange::custom(at("2026-11-22 20:00:00"), at("2026-11-23 22:00:00"), berlin).sentence(),
            u"Sun 22 Nov, 20:00 – Mon 23 Nov 2026, 22:00"_s);
        QCOMPARE(spanOf(range.previous()), u"2026-11-23 18:00:00 / 2026-11-23 20:00:00"_s);
        // No further than what is stored.
        QCOMPARE(spanOf(range.next(now)), u"2026-11-23 20:37:00 / 2026-11-23 22:37:00"_s);
        QVERIFY(!range.next(now).hasNext(now));
        const HistoryRange one = HistoryRange::custom(now, now, berlin);
        QCOMPARE(one.toUtcS() - one.fromUtcS(), 60);
    }

    void timesOfBuckets()
    {
        const HistoryRange day = HistoryRange::whole(Kind::Day, at("2026-11-23 12:00:00"), berlin);
        QCOMPARE(day.timeText(at("2026-11-23 14:05:00"), 300), u"14:05"_s);
        QCOMPARE(day.spanText(at("2026-11-23 14:05:00"), at("2026-11-23 14:10:00")), u"14:05 – 14:10"_s);
        const HistoryRange week = day.previous().previous();
        QCOMPARE(HistoryRange::whole(Kind::Week, week.fromUtcS(), berlin)
                     .spanText(at("2026-11-17 14:00:00"), at("2026-11-17 15:00:00")),
                 u"Tue 17 Nov, 14:00 – 15:00"_s);
        QCOMPARE(day.timeText(at("2026-11-23 00:00:00"), 86400), u"Mon 23 Nov 2026"_s);
        QCOMPARE(day.momentText(at("2026-11-23 14:05:00")), u"14:05"_s);
        const qint64 now = at("2026-11-23 22:37:12");
        QCOMPARE(HistoryRange::latest(Kind::Week, now, berlin).momentText(at("2026-11-18 14:05:00")),
                 u"18 Nov, 14:05"_s);
        QCOMPARE(HistoryRange::latest(Kind::Year, now, berlin).momentText(at("2026-03-18 00:00:00")),
                 u"18 Mar 2026"_s);
    }

    void ticks_data()
    {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<int>("most");
        QTest::addColumn<QStringList>("texts");
        QTest::newRow("hour") << u"2026-11-23 21:37:00"_s << u"2026-11-23 22:37:00"_s << 5
                              << QStringList{u"21:45"_s, u"22:00"_s, u"22:15"_s, u"22:30"_s};
        QTest::newRow("day") << u"2026-11-22 22:35:00"_s << u"2026-11-23 22:37:00"_s << 6
                             << QStringList{u"23 Nov"_s, u"06:00"_s, u"12:00"_s, u"18:00"_s};
        QTest::newRow("23 hours") << u"2026-03-29 00:00:00"_s << u"2026-03-30 00:00:00"_s << 10
                                  << QStringList{u"29 Mar"_s, u"03:00"_s, u"06:00"_s, u"09:00"_s,
                                                 u"12:00"_s,  u"15:00"_s, u"18:00"_s, u"21:00"_s};
        QTest::newRow("week") << u"2026-11-16 22:00:00"_s << u"2026-11-23 22:37:00"_s << 8
                              << QStringList{u"17 Nov"_s, u"18 Nov"_s, u"19 Nov"_s, u"20 Nov"_s,
                                             u"21 Nov"_s, u"22 Nov"_s, u"23 Nov"_s};
        QTest::newRow("month") << u"2026-10-24 22:00:00"_s << u"2026-11-23 22:37:00"_s << 8
                               << QStringList{u"26 Oct"_s, u"2 Nov"_s, u"9 Nov"_s, u"16 Nov"_s, u"23 Nov"_s};
        QTest::newRow("year") << u"2025-11-23 00:00:00"_s << u"2026-11-23 22:37:00"_s << 8
                              << QStringList{u"2026"_s,
                                             u"Mar"_s,
                                             u"May"_s,
                                             u"Jul"_s,
                                             QLocale().toString(QDate(2026, 9, 1), u"MMM"_s),
                                             u"Nov"_s};
    }
    void ticks()
    {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(int, most);
        QStringList texts;
        const QList<TimeTick> found =
            timeTicks(at(from.toLatin1().constData()), at(to.toLatin1().constData()), berlin, most);
        for (const TimeTick &tick : found)
            texts.append(tick.text);
        QTEST(texts, "texts");
    }
};

QTEST_GUILESS_MAIN(TestHistoryRange)
#include "tst_historyrange.moc"
