// SPDX-License-Identifier: MIT
//
// nettally-store-bench [--directory DIR] [sqlite|postgresql|year]...: what the history costs. Figures are for
// comparing within a run; beside the time by the clock stands that of this process's CPU, which other
// programs disturb less (a server's is not in it).
//
// --directory: the files are made there and stay; facts that are there already are not written anew, so that
// two versions can be asked about the same.
// sqlite, postgresql: 10 million facts, which are 30 days of 60 programs and 3,000 remotes a day, a few of
// each with most of the traffic, every minute around the clock, and none thinned out; then the questions and
// 10,000 records more. year: ordinary desktop use into SQLite, 60 programs and 3,000 remotes a day of which
// half were never met before, each in eight minutes of a ten-hour day, thinned out every night; then the size
// of the file.

#include "historydatabase.h"
#include "historyreader.h"
#include "historyverifier.h"
#include "postgresserver.h"

#include <QCoreApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QRandomGenerator>
#include <QTemporaryDir>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr qint64 minuteS = 60;
constexpr qint64 dayS = 86400;
constexpr qint64 beginUtcS = 1735689600; // 2025-01-01
constexpr int programs = 60;
constexpr int remotesADay = 3000;

void check(const DatabaseResult &result)
{
    if (!result) {
        std::fprintf(stderr, "nettally-store-bench: %s\n", qPrintable(result.detail));
        std::exit(1);
    }
}

/// From 0 to @p count - 1, the low ones most often.
quint32 skewed(QRandomGenerator &random, int count)
{
    return std::min(quint32(count - 1), quint32(std::pow(double(count), random.generateDouble())) - 1);
}

Address remoteOf(quint32 number)
{
    const quint32 address = 0x0b000000U + number;
    return Address::fromBytes({QByteArray(1, char(address >> 24)) + char(address >> 16 & 0xff)
                               + char(address >> 8 & 0xff) + char(address & 0xff)});
}

FlowMinute flow(QRandomGenerator &random, qint64 minuteUtcS, quint32 program, quint32 remote)
{
    FlowMinute record;
    record.minuteUtcS = minuteUtcS;
    record.flow.program.name = QStringLiteral("program-%1").arg(program);
    record.flow.program.executable = QStringLiteral("/usr/bin/program-%1").arg(program);
    record.flow.program.uid = 1000;
    record.flow.remote = remoteOf(remote);
    record.flow.protocol = remote % 8 == 0 ? 17 : 6;
    record.flow.servicePort = remote % 16 == 0 ? quint16(1024 + remote % 60000) : 443;
    record.flow.direction = Direction::Outgoing;
    record.flow.interfaceName = remote % 5 == 0 ? QStringLiteral("eth0") : QStringLiteral("wlan0");
    const quint64 rx = quint64(std::exp(random.generateDouble() * 14));
    const quint64 tx = rx / 20 + random.bounded(1000U);
    record.sums = {rx, tx, NetworkUsage{rx + rx / 25 + 60, tx + 400, rx / 1400 + 2, rx / 2800 + 2, rx % 3}};
    return record;
}

double milliseconds(const QElapsedTimer &timer)
{
    return double(timer.nsecsElapsed()) / 1e6;
}

double cpuMilliseconds()
{
    timespec time = {};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
}

/// Median and worst of several runs of @p work; @p prepare, which is not measured, makes what it gets.
template <typename Prepare, typename Work>
void measure(const char *what, double limitMs, int runs, Prepare prepare, Work work)
{
    QList<double> times;
    QList<double> cpuTimes;
    for (int i = 0; i < runs; ++i) {
        const auto input = prepare();
        QElapsedTimer timer;
        timer.start();
        const double cpuMs = cpuMilliseconds();
        work(input);
        cpuTimes.append(cpuMilliseconds() - cpuMs);
        times.append(milliseconds(timer));
    }
    std::sort(times.begin(), times.end());
    std::sort(cpuTimes.begin(), cpuTimes.end());
    const double median = times.at(times.size() / 2);
    std::printf("  %-50s %8.1f ms  worst %8.1f  cpu %8.1f  (limit %.0f: %.2f of it)\n", what, median,
                times.constLast(), cpuTimes.at(cpuTimes.size() / 2), limitMs, median / limitMs);
    std::fflush(stdout);
}

void dropCaches(const QString &path)
{
    for (const QString &suffix : {QString(), QStringLiteral("-wal")}) {
        const int file = ::open(QFile::encodeName(path + suffix).constData(), O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            ::fdatasync(file);
            ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
            ::close(file);
        }
    }
}

void tenMillion(const QString &location)
{
    constexpr int days = 30;
    constexpr int factsAMinute = 232; // 10 million in all
    constexpr int minutesABatch = 60;
    const auto opened = [&] {
        std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(location);
        database->setTimeZone(QTimeZone("Europe/Berlin"));
        check(database->openForRecording(false));
        return database;
    };
    QElapsedTimer timer;
    timer.start();
    std::unique_ptr<HistoryDatabase> database = opened();
    QSqlQuery *stored = nullptr;
    check(database->run(QStringLiteral("SELECT coalesce(max(newest_minute_utc_s), 0) FROM progress"), {},
                        stored));
    stored->next();
    const qint64 newestUtcS = stored->value(0).toLongLong();
    const bool isStored = newestUtcS > 0;
    stored->finish();
    QRandomGenerator random(1);
    const qint64 endUtcS = beginUtcS + days * dayS;
    for (qint64 time = beginUtcS; time < endUtcS && !isStored; time += minutesABatch * minuteS) {
        HistoryBatch batch;
        for (qint64 minute = time; minute < time + minutesABatch * minuteS; minute += minuteS) {
            for (int i = 0; i < factsAMinute; ++i) {
                const quint32 remote =
                    quint32((time - beginUtcS) / dayS) * remotesADay / 2 + skewed(random, remotesADay);
                batch.records.append(flow(random, minute, skewed(random, programs), remote));
            }
        }
        check(database->apply(batch));
    }
    if (!isStored) {
        check(database->vacuum());
    }
    std::printf("  %s in %.0f s\n", isStored ? "opened" : "written", milliseconds(timer) / 1000);
    for (const Level level : allLevels) {
        QSqlQuery *query = nullptr;
        check(database->run(QStringLiteral("SELECT count(*) FROM ") + HistoryDatabase::tableOf(level), {},
                            query));
        query->next();
        std::printf("  %-50s %8lld rows\n", qPrintable(HistoryDatabase::tableOf(level)),
                    query->value(0).toLongLong());
        query->finish();
    }

    HistoryQuery month;
    month.fromUtcS = endUtcS - 30 * dayS + 7 * minuteS; // begins and ends within a day, an hour
    month.toUtcS = endUtcS - 13 * minuteS;
    month.top = 20;
    HistoryQuery day;
    day.fromUtcS = endUtcS - 2 * dayS;
    day.toUtcS = endUtcS - dayS;
    day.by = HistoryQuery::By::Time;
    day.maxPoints = 300;
    const auto ask = [&](const HistoryQuery &query) {
        HistoryAnswer answer;
        check(database->beginReading());
        check(HistoryReader(*database).answer(query, answer));
        database->endReading();
        if (answer.rows.isEmpty()) {
            check({DatabaseError::Other, QStringLiteral("no rows")});
        }
    };
    const auto measureQuestion = [&](const char *what, double limitMs, int runs, const HistoryQuery &query) {
        measure(
            what, limitMs, runs, [&] { return query; }, ask);
    };
    for (const int program : {0, 10}) {
        day.program = QStringLiteral("program-%1").arg(program);
        const QByteArray what = "a day of " + day.program.toUtf8() + " in 300 points";
        measureQuestion(what.constData(), 50, 15, day);
    }
    measureQuestion("top 20 programs of 30 days", 50, 15, month);
    month.maxPoints = 300;
    measureQuestion("top 20 programs of 30 days, 300 points each", 200, 5, month);
    month.maxPoints = 0;
    month.by = HistoryQuery::By::Interface;
    measureQuestion("interfaces of 30 days", 200, 5, month);
    month.by = HistoryQuery::By::Remote;
    measureQuestion("top 20 remotes of 30 days", 500, 5, month);
    if (database->isFile()) {
        day.program = QStringLiteral("program-0");
        month.by = HistoryQuery::By::Program;
        for (const HistoryQuery &query : {month, day}) {
            measure(
                query.by == HistoryQuery::By::Program ? "top 20 programs, file not in memory"
                                                      : "the day of program-0, file not in memory",
                500, 3,
                [&] {
                    database.reset();
                    dropCaches(location);
                    return query;
                },
                [&](const HistoryQuery &cold) {
                    database = opened();
                    ask(cold);
                });
        }
    }

    qint64 time = std::max(endUtcS, newestUtcS + minuteS);
    const auto apply = [&](const HistoryBatch &batch) { check(database->apply(batch)); };
    measure(
        "10,000 records, ten minutes of 1,000 flows", 100, 15,
        [&] {
            HistoryBatch batch;
            for (int i = 0; i < 10000; ++i) {
                batch.records.append(
                    flow(random, time + i / 1000 * minuteS, quint32(i % programs), quint32(i % 1000)));
            }
            time += 10 * minuteS;
            return batch;
        },
        apply);
    measure(
        "10,000 records, one minute of 10,000 flows", 100, 15,
        [&] {
            HistoryBatch batch;
            for (int i = 0; i < 10000; ++i) {
                batch.records.append(flow(random, time, quint32(i % programs), quint32(i)));
            }
            time += minuteS;
            return batch;
        },
        apply);
}

void year(const QString &path)
{
    const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(path);
    database->setTimeZone(QTimeZone("Europe/Berlin"));
    check(database->openForRecording(false));
    QRandomGenerator random(2);
    QElapsedTimer timer;
    timer.start();
    double maintainMs = 0;
    quint64 records = 0;
    qint64 largest = 0;
    for (int day = 0; day < 365; ++day) {
        const qint64 morning = beginUtcS + day * dayS + 8 * 3600;
        HistoryBatch batch;
        for (int i = 0; i < remotesADay; ++i) {
            const quint32 remote =
                i % 2 == 0 ? skewed(random, 20000) : quint32(20000 + day * remotesADay + i);
            const quint32 program = skewed(random, programs);
            const qint64 first = morning + random.bounded(600U - 20U) * minuteS;
            for (int contact = 0; contact < 8; ++contact) {
                batch.records.append(flow(random, first + random.bounded(20U) * minuteS, program, remote));
            }
        }
        records += quint64(batch.records.size());
        check(database->apply(batch));
        QElapsedTimer night;
        night.start();
        check(database->maintain(morning + dayS));
        maintainMs += milliseconds(night);
        largest = std::max(largest, QFileInfo(path).size());
    }
    std::printf("  %llu records in %.0f s, a night's thinning out takes %.0f ms\n", records,
                milliseconds(timer) / 1000, maintainMs / 365);
    const double size = double(largest) / 1e6;
    std::printf("  %-50s %8.1f MB  (limit 150: %.2f of it)\n", "the file at its largest, never packed", size,
                size / 150);
    check(database->vacuum());
    for (const Level level : allLevels) {
        QSqlQuery *query = nullptr;
        check(database->run(QStringLiteral("SELECT count(*) FROM ") + HistoryDatabase::tableOf(level), {},
                            query));
        query->next();
        std::printf("  %-50s %8lld rows\n", qPrintable(HistoryDatabase::tableOf(level)),
                    query->value(0).toLongLong());
        query->finish();
    }
    std::printf("  %-50s %8.1f MB\n", "packed", double(QFileInfo(path).size()) / 1e6);
    HistoryVerdict verdict;
    timer.start();
    check(HistoryVerifier(*database).verify(verdict));
    std::printf("  verified in %.1f s: %llu sums compared, %llu faults\n", milliseconds(timer) / 1000,
                verdict.comparedBuckets, verdict.faultCount);
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    QStringList parts = QCoreApplication::arguments().mid(1);
    const QTemporaryDir temporary;
    QDir directory(temporary.path());
    if (parts.size() >= 2 && parts.constFirst() == QStringLiteral("--directory")) {
        directory.setPath(parts.at(1));
        parts.remove(0, 2);
    }
    if (parts.isEmpty()) {
        parts = {QStringLiteral("sqlite"), QStringLiteral("postgresql"), QStringLiteral("year")};
    }
    for (const QString &part : std::as_const(parts)) {
        std::printf("%s\n", qPrintable(part));
        if (part == QStringLiteral("sqlite")) {
            tenMillion(directory.filePath(QStringLiteral("facts.db")));
            std::printf("  %-50s %8.1f MB\n", "the file",
                        double(QFileInfo(directory.filePath(QStringLiteral("facts.db"))).size()) / 1e6);
        } else if (part == QStringLiteral("year")) {
            year(directory.filePath(QStringLiteral("year.db")));
        } else if (part == QStringLiteral("postgresql")) {
            PostgresServer server;
            const QString problem = server.start();
            if (!problem.isEmpty()) {
                std::fprintf(stderr, "nettally-store-bench: %s\n", qPrintable(problem));
                return 1;
            }
            tenMillion(server.url(QStringLiteral("bench")));
        } else {
            std::fprintf(stderr, "nettally-store-bench: there is no part %s; sqlite, postgresql or year.\n",
                         qPrintable(part));
            return 2;
        }
    }
    return 0;
}
