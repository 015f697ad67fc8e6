// SPDX-License-Identifier: MIT
#include "alertevaluator.h"
#include "alertrates.h"
#include "factbook.h"

#include <QFile>
#include <QLocale>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Nettally::Test;
using namespace Qt::StringLiterals;

namespace {

const QTimeZone berlin("Europe/Berlin");
const QTimeZone newYork("America/New_York");
constexpr quint64 mega = 1'000'000;
constexpr qint64 day = 86400;

/// Of the clock on the wall, "2026-11-24 14:30".
qint64 at(const char *text, const QTimeZone &zone = berlin)
{
    QDateTime time = QDateTime::fromString(QLatin1StringView(text), u"yyyy-MM-dd HH:mm"_s);
    time.setTimeZone(zone);
    return time.toSecsSinceEpoch();
}

AlertRule rule(AlertKind kind, AlertSubject subject, const QString &name = {},
               quint64 limitBytes = 100 * mega, AlertPeriod period = AlertPeriod::Day,
               AlertDirection direction = AlertDirection::Both)
{
    AlertRule made;
    made.id = u"rule"_s;
    made.kind = kind;
    made.subject = subject;
    made.name = name;
    made.limitBytes = limitBytes;
    made.period = period;
    made.direction = direction;
    return made;
}

AlertSettings with(const QList<AlertRule> &rules)
{
    AlertSettings settings;
    settings.rules = rules;
    return settings;
}

/// What the rules find at a time, as the engine asks for it.
AlertFindings look(const AlertSettings &settings, const FactBook &facts, qint64 nowUtcS, AlertMemory &memory,
                   const QTimeZone &zone = berlin)
{
    AlertAnswers answers;
    const AlertQuestions questions = alertQuestions(settings, memory, nowUtcS, zone);
    for (auto question = questions.cbegin(); question != questions.cend(); ++question)
        answers.insert(question.key(), facts.answer(question.value()));
    return evaluateAlerts(settings, answers, nowUtcS, zone, UnitBase::Si, memory);
}

QStringList texts(const AlertFindings &findings)
{
    QStringList all;
    for (const AlertEvent &event : findings.events)
        all.append(event.text);
    return all;
}

UsageChange reading(quint64 beginS, quint64 endS, const QString &program, quint64 rx, quint64 tx,
                    quint32 interfaceIndex = 2)
{
    UsageChange change;
    change.beginNs = beginS * 1'000'000'000;
    change.endNs = endS * 1'000'000'000;
    UsageDelta delta;
    delta.program.name = program;
    delta.program.executable = u"/usr/bin/"_s + program;
    delta.rxPayloadBytes = rx;
    delta.txPayloadBytes = tx;
    delta.interfaceIndex = interfaceIndex;
    change.deltas = {delta};
    return change;
}

AlertRates rates(const QList<AlertRule> &rules)
{
    AlertRates made([](quint32 index) { return index == 1 ? u"lo"_s : u"eth0"_s; });
    made.setSettings(with(rules));
    return made;
}

} // namespace

class TestAlertRules : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedKingdom)); }

    void sentences_data()
    {
        QTest::addColumn<AlertRule>("of");
        QTest::addColumn<QString>("sentence");
        QTest::newRow("program") << rule(AlertKind::Amount, AlertSubject::Program, u"firefox"_s, 2000 * mega,
                                         AlertPeriod::Day, AlertDirection::Received)
                                 << u"When firefox receives more than 2.00 GB in a day, notify."_s;
        QTest::newRow("machine") << rule(AlertKind::Amount, AlertSubject::Machine, {}, 50 * mega,
                                         AlertPeriod::Hour, AlertDirection::Sent)
                                 << u"When this machine sends more than 50.0 MB in an hour, notify."_s;
        AlertRule fast = rule(AlertKind::Rate, AlertSubject::AnyProgram, {}, 5 * mega);
        fast.overSeconds = 30;
        fast.action.notifies = false;
        QTest::newRow("rate")
            << fast
            << u"When any program receives and sends more than 5.00 MB/s over 30 second(s), "
               "list it."_s;
        AlertRule budget = rule(AlertKind::Budget, AlertSubject::Network, u"wwan0"_s, 20'000 * mega);
        budget.billingDay = 15;
        budget.action.command = {u"/usr/local/bin/throttle"_s, u"on"_s};
        budget.action.url = u"https://hooks.example.org/services/secret"_s;
        QTest::newRow("budget")
            << budget
            << u"When wwan0 has used 80 % or all of 20.0 GB from day 15 of a month on, or is "
               "heading over it, notify, run “throttle” and post to hooks.example.org."_s;
    }
    void sentences()
    {
        QFETCH(const AlertRule, of);
        QFETCH(const QString, sentence);
        QCOMPARE(alertSentence(of, UnitBase::Si).replace(QChar::Nbsp, u' '), sentence);
    }

    void months_data()
    {
        QTest::addColumn<int>("billingDay");
        QTest::addColumn<qint64>("now");
        QTest::addColumn<QDate>("first");
        QTest::addColumn<QDate>("next");
        QTest::newRow("the first") << 1 << at("2026-11-24 12:00") << QDate(2026, 11, 1) << QDate(2026, 12, 1);
        QTest::newRow("before the day")
            << 29 << at("2026-11-28 23:59") << QDate(2026, 10, 29) << QDate(2026, 11, 29);
        QTest::newRow("on the day") << 29 << at("2026-11-29 00:00") << QDate(2026, 11, 29)
                                    << QDate(2026, 12, 29);
        QTest::newRow("30 in February")
            << 30 << at("2026-02-27 23:59") << QDate(2026, 1, 30) << QDate(2026, 2, 28);
        QTest::newRow("30 at its end")
            << 30 << at("2026-02-28 00:00") << QDate(2026, 2, 28) << QDate(2026, 3, 30);
        QTest::newRow("29 in a leap year")
            << 29 << at("2028-02-29 00:00") << QDate(2028, 2, 29) << QDate(2028, 3, 29);
        QTest::newRow("29 in another")
            << 29 << at("2027-03-01 12:00") << QDate(2027, 2, 28) << QDate(2027, 3, 29);
        QTest::newRow("31 in April") << 31 << at("2026-04-30 00:00") << QDate(2026, 4, 30)
                                     << QDate(2026, 5, 31);
        QTest::newRow("31 before its end")
            << 31 << at("2026-04-29 23:59") << QDate(2026, 3, 31) << QDate(2026, 4, 30);
        QTest::newRow("31 over the year")
            << 31 << at("2027-01-15 12:00") << QDate(2026, 12, 31) << QDate(2027, 1, 31);
    }
    void months()
    {
        QFETCH(const int, billingDay);
        QFETCH(const qint64, now);
        QFETCH(const QDate, first);
        QFETCH(const QDate, next);
        const AlertSpan span = alertSpanAt(AlertPeriod::Month, now, berlin, billingDay);
        QCOMPARE(span.fromUtcS, first.startOfDay(berlin).toSecsSinceEpoch());
        QCOMPARE(span.toUtcS, next.startOfDay(berlin).toSecsSinceEpoch());
        QCOMPARE(span.key, first.toString(Qt::ISODate));
    }

    void daysWithASetClock()
    {
        const AlertSpan autumn = alertSpanAt(AlertPeriod::Day, at("2026-10-25 12:00"), berlin);
        QCOMPARE(autumn.toUtcS - autumn.fromUtcS, 25 * 3600);
        const AlertSpan spring = alertSpanAt(AlertPeriod::Day, at("2026-03-29 12:00"), berlin);
        QCOMPARE(spring.toUtcS - spring.fromUtcS, 23 * 3600);
        // The hour that the wall shows twice is two.
        const qint64 first = QDateTime({2026, 10, 25}, {0, 30}, QTimeZone::utc()).toSecsSinceEpoch();
        const AlertSpan before = alertSpanAt(AlertPeriod::Hour, first, berlin);
        const AlertSpan after = alertSpanAt(AlertPeriod::Hour, first + 3600, berlin);
        QCOMPARE(before.toUtcS, after.fromUtcS);
        QVERIFY(before.key != after.key);
        // Where the clock is half an hour off, hours begin at the half.
        const AlertSpan india = alertSpanAt(AlertPeriod::Hour, first, QTimeZone("Asia/Kolkata"));
        QCOMPARE(india.fromUtcS, first);
    }

    void amounts_data()
    {
        QTest::addColumn<AlertRule>("of");
        QTest::addColumn<QStringList>("told");
        const auto amount = [](AlertSubject subject, const QString &name, quint64 megas, AlertPeriod period,
                               AlertDirection direction) {
            return rule(AlertKind::Amount, subject, name, megas * mega, period, direction);
        };
        using enum AlertPeriod;
        using enum AlertDirection;
        QTest::newRow("program, under")
            << amount(AlertSubject::Program, u"firefox"_s, 110, Day, Both) << QStringList();
        QTest::newRow("program, over")
            << amount(AlertSubject::Program, u"firefox"_s, 109, Day, Both)
            << QStringList{u"firefox has received and sent 110 MB today; the limit is 109 MB."_s};
        QTest::newRow("by its executable")
            << amount(AlertSubject::Program, u"/usr/bin/firefox"_s, 50, Day, Received)
            << QStringList{u"firefox has received 100 MB today; the limit is 50.0 MB."_s};
        QTest::newRow("sent") << amount(AlertSubject::Program, u"firefox"_s, 9, Day, Sent)
                              << QStringList{u"firefox has sent 10.0 MB today; the limit is 9.00 MB."_s};
        QTest::newRow("this hour alone")
            << amount(AlertSubject::Program, u"firefox"_s, 20, Hour, Both) << QStringList();
        QTest::newRow("yesterday counts for the month")
            << amount(AlertSubject::Program, u"ssh"_s, 299, Month, Both)
            << QStringList{u"ssh has received and sent 300 MB this month; the limit is 299 MB."_s};
        QTest::newRow("any program, without lo")
            << amount(AlertSubject::AnyProgram, {}, 50, Day, Both)
            << QStringList{u"firefox has received and sent 110 MB today; the limit is 50.0 MB."_s};
        QTest::newRow("machine, without lo")
            << amount(AlertSubject::Machine, {}, 110, Day, Both)
            << QStringList{u"This machine has received and sent 115 MB today; the limit is 110 MB."_s};
        QTest::newRow("network") << amount(
            AlertSubject::Network, u"wlan0"_s, 4, Day,
            Both) << QStringList{u"wlan0 has received and sent 5.00 MB today; the limit is 4.00 MB."_s};
        QTest::newRow("network of one's own")
            << amount(AlertSubject::Network, u"lo"_s, 499, Day, Received)
            << QStringList{u"lo has received 500 MB today; the limit is 499 MB."_s};
        QTest::newRow("no such network")
            << amount(AlertSubject::Network, u"ppp0"_s, 1, Month, Both) << QStringList();
    }
    void amounts()
    {
        QFETCH(const AlertRule, of);
        QFETCH(const QStringList, told);
        const qint64 now = at("2026-11-24 14:30");
        FactBook facts(berlin);
        facts.add(at("2026-11-24 13:59"), u"firefox"_s, u"eth0"_s, 90 * mega, 10 * mega);
        facts.add(at("2026-11-24 14:00"), u"firefox"_s, u"eth0"_s, 10 * mega, 0);
        facts.add(at("2026-11-24 14:01"), u"ssh"_s, u"wlan0"_s, 5 * mega, 0);
        facts.add(at("2026-11-24 14:02"), u"postgres"_s, u"lo"_s, 500 * mega, 0);
        facts.add(at("2026-11-23 23:59"), u"ssh"_s, u"eth0"_s, 295 * mega, 0);
        facts.add(at("2026-10-31 23:59"), u"ssh"_s, u"eth0"_s, 9000 * mega, 0);
        AlertMemory memory;
        QCOMPARE(plain(texts(look(with({of}), facts, now, memory))), told);
        // Once.
        QCOMPARE(texts(look(with({of}), facts, now, memory)), QStringList());
    }

    void firesOncePerPeriod_data()
    {
        QTest::addColumn<QString>("when");
        QTest::addColumn<bool>("fires");
        QTest::addColumn<bool>("isAway");
        QTest::newRow("an hour later") << u"2026-11-24 15:30"_s << false << false;
        QTest::newRow("the clock set back") << u"2026-11-24 03:00"_s << false << false;
        QTest::newRow("tomorrow, nothing yet") << u"2026-11-25 00:10"_s << false << false;
        QTest::newRow("tomorrow, too much again") << u"2026-11-25 12:10"_s << true << false;
        QTest::newRow("years ahead, where nothing is") << u"2031-01-01 00:00"_s << false << false;
        QTest::newRow("the same day in another zone") << u"2026-11-24 15:30"_s << false << true;
    }
    void firesOncePerPeriod()
    {
        QFETCH(const QString, when);
        QFETCH(const bool, fires);
        QFETCH(const bool, isAway);
        const AlertSettings settings = with({rule(AlertKind::Amount, AlertSubject::Machine)});
        FactBook facts(berlin);
        facts.add(at("2026-11-24 02:00"), u"a"_s, u"eth0"_s, 200 * mega, 0);
        facts.add(at("2026-11-24 14:00"), u"a"_s, u"eth0"_s, 200 * mega, 0);
        facts.add(at("2026-11-25 12:00"), u"a"_s, u"eth0"_s, 200 * mega, 0);
        AlertMemory memory;
        QCOMPARE(look(settings, facts, at("2026-11-24 14:30"), memory).events.size(), 1);
        const qint64 then = at(qPrintable(when));
        QCOMPARE(look(settings, facts, then, memory, isAway ? newYork : berlin).events.size(), fires ? 1 : 0);
        // After any jump the old day is still told.
        QCOMPARE(look(settings, facts, at("2026-11-24 16:00"), memory).events.size(), 0);
    }

    void aRaisedLimitFiresAgain()
    {
        AlertRule limit = rule(AlertKind::Amount, AlertSubject::Machine);
        FactBook facts(berlin);
        facts.add(at("2026-11-24 02:00"), u"a"_s, u"eth0"_s, 200 * mega, 0);
        AlertMemory memory;
        const qint64 now = at("2026-11-24 14:30");
        QCOMPARE(look(with({limit}), facts, now, memory).events.size(), 1);
        limit.limitBytes = 150 * mega;
        QCOMPARE(look(with({limit}), facts, now, memory).events.size(), 1);
        limit.limitBytes = 300 * mega;
        QCOMPARE(look(with({limit}), facts, now, memory).events.size(), 0);
    }

    void unknownFiresNothing()
    {
        const AlertSettings settings = with({rule(AlertKind::Amount, AlertSubject::Machine)});
        const qint64 now = at("2026-11-24 14:30");
        AlertMemory memory;
        FactBook facts(berlin);
        facts.add(now - 60, u"a"_s, u"eth0"_s, 200 * mega, 0);
        AlertAnswers answers;
        const AlertQuestions questions = alertQuestions(settings, memory, now, berlin);
        for (auto question = questions.cbegin(); question != questions.cend(); ++question)
            answers.insert(question.key(), facts.answer(question.value()));
        answers[u"day/network/lo"_s].problem = u"The history cannot be read."_s;
        QVERIFY(evaluateAlerts(settings, answers, now, berlin, UnitBase::Si, memory).events.isEmpty());
        answers[u"day/network/lo"_s].problem.clear();
        QCOMPARE(evaluateAlerts(settings, answers, now, berlin, UnitBase::Si, memory).events.size(), 1);
    }

    void listsOfProgramsAndNetworks()
    {
        const qint64 now = at("2026-11-24 14:30");
        FactBook facts(berlin);
        facts.add(now - 60, u"a"_s, u"eth0"_s, 200 * mega, 0);
        facts.add(now - 60, u"b"_s, u"wlan0"_s, 300 * mega, 0);
        facts.add(now - 60, u"others"_s, u"wlan0"_s, 900 * mega, 0, ProgramKind::Others);
        AlertSettings settings = with({rule(AlertKind::Amount, AlertSubject::AnyProgram)});
        const auto programs = [&] {
            AlertMemory memory;
            QStringList names;
            for (const AlertEvent &event : look(settings, facts, now, memory).events)
                names.append(event.program);
            return names;
        };
        QCOMPARE(programs(), QStringList({u"a"_s, u"b"_s}));
        settings.mutedPrograms = {u"/usr/bin/a"_s};
        QCOMPARE(programs(), QStringList{u"b"_s});
        settings.mutedPrograms = {};
        settings.onlyPrograms = {u"a"_s};
        QCOMPARE(programs(), QStringList{u"a"_s});
        settings.onlyPrograms = {};
        settings.ignoredNetworks = {u"eth0"_s};
        QCOMPARE(programs(), QStringList{u"b"_s});
        settings.onlyNetworks = {u"eth0"_s};
        QCOMPARE(programs(), QStringList{u"a"_s});
    }

    void budgets_data()
    {
        QTest::addColumn<quint64>("usedMega");
        QTest::addColumn<QStringList>("told");
        QTest::newRow("little") << quint64(79) << QStringList();
        QTest::newRow("80 %") << quint64(80) << QStringList{u"wwan0: 80 % of the budget are used"_s};
        QTest::newRow("nearly") << quint64(99) << QStringList{u"wwan0: 80 % of the budget are used"_s};
        QTest::newRow("all") << quint64(100) << QStringList{u"wwan0: the budget is used up"_s};
    }
    void budgets()
    {
        QFETCH(const quint64, usedMega);
        QFETCH(const QStringList, told);
        AlertRule budget = rule(AlertKind::Budget, AlertSubject::Network, u"wwan0"_s);
        budget.billingDay = 31;
        const qint64 now = at("2026-11-30 08:00");
        FactBook facts(berlin);
        // The month before, whose bill is another.
        facts.add(at("2026-11-29 23:59"), u"a"_s, u"wwan0"_s, 5000 * mega, 0);
        facts.add(at("2026-11-30 00:00"), u"a"_s, u"wwan0"_s, usedMega * mega, 0);
        facts.add(at("2026-11-30 00:00"), u"a"_s, u"eth0"_s, 5000 * mega, 0);
        AlertMemory memory;
        const AlertFindings findings = look(with({budget}), facts, now, memory);
        QStringList titles;
        for (const AlertEvent &event : findings.events)
            titles.append(event.title);
        QCOMPARE(plain(titles), told);
        QCOMPARE(findings.budgets.size(), 1);
        QCOMPARE(findings.budgets.constFirst().usedBytes, usedMega * mega);
        QCOMPARE(findings.budgets.constFirst().toUtcS, at("2026-12-31 00:00"));
        // One day before is too little to tell where it is heading.
        QVERIFY(!findings.budgets.constFirst().projectedBytes);
        QVERIFY(look(with({budget}), facts, now, memory).events.isEmpty());
    }

    void budgetHeadingOver_data()
    {
        QTest::addColumn<int>("days");
        QTest::addColumn<quint64>("megaADay");
        QTest::addColumn<bool>("isKnown");
        QTest::addColumn<bool>("fires");
        QTest::newRow("two days known") << 2 << quint64(100) << false << false;
        QTest::newRow("three days, far over") << 3 << quint64(100) << true << true;
        QTest::newRow("a week, just within") << 7 << quint64(30) << true << false;
        QTest::newRow("a week, just over") << 7 << quint64(38) << true << true;
    }
    void budgetHeadingOver()
    {
        QFETCH(const int, days);
        QFETCH(const quint64, megaADay);
        QFETCH(const bool, isKnown);
        QFETCH(const bool, fires);
        const AlertRule budget = rule(AlertKind::Budget, AlertSubject::Network, u"wwan0"_s, 1000 * mega);
        // Ten days of the month have passed, twenty are to come.
        const qint64 now = at("2026-11-11 00:00");
        FactBook facts(berlin);
        for (int back = 1; back <= days; ++back)
            facts.add(now - back * day + 3600, u"a"_s, u"wwan0"_s, megaADay * mega, 0);
        AlertMemory memory;
        const AlertFindings findings = look(with({budget}), facts, now, memory);
        QCOMPARE(findings.budgets.constFirst().projectedBytes.has_value(), isKnown);
        if (isKnown) {
            QCOMPARE(*findings.budgets.constFirst().projectedBytes,
                     quint64(days) * megaADay * mega + 20 * megaADay * mega);
        }
        QCOMPARE(findings.events.size(), fires ? 1 : 0);
        QVERIFY(look(with({budget}), facts, now + 3600, memory).events.isEmpty());
    }

    void firstUses()
    {
        const AlertSettings settings = with({rule(AlertKind::FirstUse, AlertSubject::AnyProgram)});
        const qint64 begin = at("2026-11-24 10:00");
        FactBook facts(berlin);
        AlertMemory memory;
        // What the history knew before is nothing new, nor what comes in the first hour.
        facts.add(begin - 90 * day, u"old"_s, u"eth0"_s, 1, 1);
        QVERIFY(look(settings, facts, begin, memory).events.isEmpty());
        facts.add(begin + 600, u"early"_s, u"eth0"_s, 1, 1);
        QVERIFY(look(settings, facts, begin + 660, memory).events.isEmpty());

        const qint64 later = begin + 7200;
        facts.add(later, u"old"_s, u"eth0"_s, 1, 1);
        facts.add(later, u"early"_s, u"eth0"_s, 1, 1);
        facts.add(later, u"local"_s, u"lo"_s, 1, 1);
        QVERIFY(look(settings, facts, later + 60, memory).events.isEmpty());
        facts.add(later + 60, u"curl"_s, u"eth0"_s, 1, 1);
        QCOMPARE(texts(look(settings, facts, later + 120, memory)),
                 QStringList{u"curl used the network for the first time."_s});
        // The next are gathered.
        for (const char *name : {"b", "a", "c"})
            facts.add(later + 180, QLatin1StringView(name), u"eth0"_s, 1, 1);
        QVERIFY(look(settings, facts, later + 240, memory).events.isEmpty());
        QCOMPARE(memory.newPrograms.size(), 3);
        QCOMPARE(texts(look(settings, facts, later + 120 + 30 * 60, memory)),
                 QStringList{u"3 program(s) used the network for the first time: a, b and c."_s});
        QVERIFY(look(settings, facts, later + 240 + 60 * 60, memory).events.isEmpty());
    }

    void firstUsesWhileTheWindowWasClosed()
    {
        const AlertSettings settings = with({rule(AlertKind::FirstUse, AlertSubject::AnyProgram)});
        const qint64 begin = at("2026-10-01 10:00");
        FactBook facts(berlin);
        facts.add(begin - 60, u"old"_s, u"eth0"_s, 1, 1);
        AlertMemory memory;
        look(settings, facts, begin, memory);
        // Weeks later the history is not yet up to date, and then it is.
        const qint64 back = at("2026-11-24 10:00");
        QVERIFY(look(settings, facts, back, memory).events.isEmpty());
        facts.add(begin + 20 * day, u"meanwhile"_s, u"eth0"_s, 1, 1);
        QCOMPARE(texts(look(settings, facts, back + 60, memory)),
                 QStringList{u"meanwhile used the network for the first time."_s});
    }

    void aClockSetBackDoesNotHoldTheDigest()
    {
        const AlertSettings settings = with({rule(AlertKind::FirstUse, AlertSubject::AnyProgram)});
        AlertMemory memory;
        memory.installedUtcS = at("2026-01-01 00:00");
        memory.digestUtcS = at("2040-01-01 00:00");
        memory.evaluatedUtcS = at("2040-01-01 00:00");
        FactBook facts(berlin);
        facts.add(at("2026-11-24 10:00"), u"curl"_s, u"eth0"_s, 1, 1);
        QCOMPARE(look(settings, facts, at("2026-11-24 10:01"), memory).events.size(), 1);
        QCOMPARE(memory.digestUtcS, at("2026-11-24 10:01"));
    }

    void unusualSending_data()
    {
        QTest::addColumn<int>("days");
        QTest::addColumn<quint64>("todayMega");
        QTest::addColumn<bool>("fires");
        QTest::newRow("too few days") << 6 << quint64(5000) << false;
        QTest::newRow("as ever") << 10 << quint64(200) << false;
        QTest::newRow("three times") << 10 << quint64(600) << false;
        QTest::newRow("more") << 10 << quint64(604) << true;
    }
    void unusualSending()
    {
        QFETCH(const int, days);
        QFETCH(const quint64, todayMega);
        QFETCH(const bool, fires);
        const qint64 now = at("2026-11-24 14:30");
        FactBook facts(berlin);
        for (int back = 1; back <= days; ++back)
            facts.add(now - back * day, u"sync"_s, u"eth0"_s, 0, (back == 3 ? 200 : 50) * mega);
        facts.add(now - 60, u"sync"_s, u"eth0"_s, 0, todayMega * mega);
        facts.add(now - 60, u"new"_s, u"eth0"_s, 0, 5000 * mega);
        const AlertRule unusual = rule(AlertKind::UnusualSending, AlertSubject::AnyProgram);
        AlertMemory memory;
        QCOMPARE(plain(texts(look(with({unusual}), facts, now, memory))),
                 fires
                     ? QStringList{u"sync has sent 604 MB today; the most on a day of the past two weeks was "
                                   "200 MB."_s}
                     : QStringList());
        QVERIFY(look(with({unusual}), facts, now, memory).events.isEmpty());
    }

    void rateOverSeconds()
    {
        AlertRule fast = rule(AlertKind::Rate, AlertSubject::Program, u"curl"_s, 1000);
        fast.overSeconds = 10;
        AlertRates watch = rates({fast});
        // 2000 bytes a second, but not yet for long enough.
        for (quint64 second = 100; second < 109; ++second)
            QVERIFY(watch.take(reading(second, second + 1, u"curl"_s, 2000, 0)).isEmpty());
        const QList<AlertRates::Passed> passed = watch.take(reading(109, 110, u"curl"_s, 2000, 0));
        QCOMPARE(passed.size(), 1);
        QCOMPARE(passed.constFirst().bytesPerSecond, 2000.0);
        // What is over leaves the average: five seconds of silence halve it, which is no longer above.
        for (quint64 second = 110; second < 114; ++second)
            QCOMPARE(watch.take(reading(second, second + 1, u"other"_s, 9000, 0)).size(), 1);
        QVERIFY(watch.take(reading(114, 115, u"other"_s, 9000, 0)).isEmpty());
        // A gap begins anew.
        QVERIFY(watch.take(reading(300, 301, u"curl"_s, 900'000, 0)).isEmpty());
    }

    void rateOfWhatIsCounted()
    {
        AlertRule machine = rule(AlertKind::Rate, AlertSubject::Machine, {}, 1000);
        machine.overSeconds = 1;
        AlertRates watch = rates({machine});
        QVERIFY(watch.take(reading(1, 2, u"a"_s, 5000, 0, 1)).isEmpty());
        QCOMPARE(watch.take(reading(2, 3, u"a"_s, 5000, 0)).size(), 1);
        AlertRule network = rule(AlertKind::Rate, AlertSubject::Network, u"lo"_s, 1000, AlertPeriod::Day,
                                 AlertDirection::Sent);
        network.overSeconds = 1;
        watch = rates({network});
        QVERIFY(watch.take(reading(1, 2, u"a"_s, 5000, 0, 1)).isEmpty());
        QCOMPARE(watch.take(reading(2, 3, u"a"_s, 0, 5000, 1)).size(), 1);
    }

    void rateIsToldOnceAnHour()
    {
        const AlertRule fast = rule(AlertKind::Rate, AlertSubject::Machine, {}, 1000);
        AlertMemory memory;
        const auto told = [&](const char *when) {
            return alertRatePassed(fast, {}, 2000, at(when), berlin, UnitBase::Si, memory).has_value();
        };
        QVERIFY(told("2026-11-24 14:00"));
        QVERIFY(!told("2026-11-24 14:59"));
        QVERIFY(told("2026-11-24 15:00"));
    }

    void quietHours_data()
    {
        QTest::addColumn<QTime>("from");
        QTest::addColumn<QTime>("to");
        QTest::addColumn<QString>("when");
        QTest::addColumn<bool>("isQuiet");
        QTest::newRow("evening") << QTime(22, 0) << QTime(7, 0) << u"2026-11-24 22:00"_s << true;
        QTest::newRow("night") << QTime(22, 0) << QTime(7, 0) << u"2026-11-24 06:59"_s << true;
        QTest::newRow("morning") << QTime(22, 0) << QTime(7, 0) << u"2026-11-24 07:00"_s << false;
        QTest::newRow("noon") << QTime(12, 0) << QTime(13, 0) << u"2026-11-24 12:30"_s << true;
        QTest::newRow("after noon") << QTime(12, 0) << QTime(13, 0) << u"2026-11-24 13:00"_s << false;
        QTest::newRow("night of a set clock") << QTime(22, 0) << QTime(7, 0) << u"2026-10-25 02:30"_s << true;
    }
    void quietHours()
    {
        QFETCH(const QTime, from);
        QFETCH(const QTime, to);
        QFETCH(const QString, when);
        QFETCH(const bool, isQuiet);
        AlertSettings settings;
        settings.quietFrom = from;
        settings.quietTo = to;
        QVERIFY(!isAlertQuiet(settings, at(qPrintable(when)), berlin));
        settings.hasQuietHours = true;
        QCOMPARE(isAlertQuiet(settings, at(qPrintable(when)), berlin), isQuiet);
    }

    void problems_data()
    {
        QTest::addColumn<AlertRule>("of");
        QTest::addColumn<bool>("isUsable");
        AlertRule good = rule(AlertKind::Amount, AlertSubject::Program, u"curl"_s);
        QTest::newRow("good") << good << true;
        AlertRule changed = good;
        changed.name.clear();
        QTest::newRow("no program") << changed << false;
        changed = good;
        changed.limitBytes = 0;
        QTest::newRow("no limit") << changed << false;
        changed = good;
        changed.action.url = u"https://example.org/x"_s;
        QTest::newRow("https") << changed << true;
        changed.action.headers = {{u"Authorization"_s, u"Bearer secret"_s}};
        QTest::newRow("header") << changed << true;
        changed.action.headers = {{u"A"_s, u"x\r\nB: y"_s}};
        QTest::newRow("two headers in one") << changed << false;
        changed = good;
        changed.action.url = u"file:///etc/passwd"_s;
        QTest::newRow("file") << changed << false;
        changed.action.url = u"ftp://example.org/x"_s;
        QTest::newRow("ftp") << changed << false;
        changed = good;
        changed.action.command = {u"notify-me"_s};
        QTest::newRow("command of no folder") << changed << false;
        changed = rule(AlertKind::Budget, AlertSubject::Network, u"wwan0"_s);
        changed.billingDay = 32;
        QTest::newRow("day 32") << changed << false;
    }
    void problems()
    {
        QFETCH(const AlertRule, of);
        QFETCH(const bool, isUsable);
        QCOMPARE(alertProblem(of).isEmpty(), isUsable);
    }

    void settingsOnDisk()
    {
        const QTemporaryDir folder;
        AlertSettings settings = AlertSettings::standard();
        AlertRule budget = rule(AlertKind::Budget, AlertSubject::Network, u"wwan0"_s, 20'000'000'001);
        budget.billingDay = 29;
        budget.action.url = u"https://example.org/x"_s;
        budget.action.headers = {{u"X-Token"_s, u"secret"_s}};
        budget.action.command = {u"/bin/true"_s, u"a b"_s};
        settings.rules.append(budget);
        settings.mutedPrograms = {u"curl"_s};
        settings.hasQuietHours = true;
        QCOMPARE(AlertSettingsFile::write(folder.path(), settings), QString());
        QString problem;
        QCOMPARE(AlertSettingsFile::read(folder.path(), problem), settings);
        QCOMPARE(problem, QString());
        QFile file(folder.filePath(u"alerts.json"_s));
        QCOMPARE(file.permissions() & ~(QFile::ReadUser | QFile::WriteUser),
                 QFile::ReadOwner | QFile::WriteOwner);

        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{ \"schema\": \"nettally.alertrules/1\", \"rules\": [{\"id\": \"x\"}]");
        file.close();
        QCOMPARE(AlertSettingsFile::read(folder.path(), problem), AlertSettings::standard());
        QVERIFY(problem.contains(u"damaged"));
        QVERIFY(!QFile::exists(folder.filePath(u"alerts.json"_s)));
    }

private:
    static QStringList plain(QStringList list)
    {
        for (QString &text : list)
            text.replace(QChar::Nbsp, u' ');
        return list;
    }
};

QTEST_GUILESS_MAIN(TestAlertRules)
#include "tst_alertrules.moc"
