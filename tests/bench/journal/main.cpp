// SPDX-License-Identifier: MIT
//
// nettally-journal-bench [FOLDER]: what the journal costs, one figure a line; FOLDER (made, default below the
// temporary folder) says which disk. Processor time is of all threads.
#include "journal.h"
#include "minutebook.h"

#include <QCoreApplication>
#include <QTemporaryDir>

#include <cstdio>
#include <ctime>
#include <unistd.h>

using namespace Nettally;

namespace {

double processorMs()
{
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1000 + double(now.tv_nsec) / 1e6;
}

double wallMs()
{
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return double(now.tv_sec) * 1000 + double(now.tv_nsec) / 1e6;
}

} // namespace

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv); // the journal's thread has events
    const QTemporaryDir temporary;
    const QString path = argc > 1 ? QString::fromLocal8Bit(argv[1]) : temporary.path();
    JournalFolder folder;
    QString problem = folder.open(path, geteuid(), getegid());
    Journal journal(std::move(folder), Journal::Options());
    constexpr qint64 beginUtcS = 1'800'000'000;
    if (problem.isEmpty())
        problem = journal.open({QByteArray(16, 'm'), QByteArray(16, 'b'), 1, beginUtcS});
    if (!problem.isEmpty()) {
        std::fprintf(stderr, "%s\n", qUtf8Printable(problem));
        return EXIT_FAILURE;
    }
    MinuteBook book(7, [](quint64) { return QStringLiteral("/user.slice/user-1000.slice/app.scope"); });
    book.setBaseline(journal.baseline(2));
    journal.setWholeCheckpoint([&book] { return book.whole(); });
    journal.start();

    constexpr quint32 flows = 1000;
    constexpr quint32 programs = 100;
    constexpr int minutes = 600;
    std::vector<FlowRecord> rows(flows);
    std::vector<Process> processes(programs);
    for (quint32 i = 0; i < programs; ++i) {
        processes[i].id = 4 + i;
        processes[i].cgroupId = 1;
        processes[i].name = QStringLiteral("program%1").arg(i);
        processes[i].executable = QStringLiteral("/usr/bin/program%1").arg(i);
    }
    for (quint32 i = 0; i < flows; ++i) {
        rows[i].slot = i + 1;
        rows[i].generation = 1;
        rows[i].remote[10] = rows[i].remote[11] = 0xff;
        rows[i].remote[14] = quint8(i >> 8);
        rows[i].remote[15] = quint8(i);
        rows[i].ifindex = 2;
        rows[i].netNs = 7;
        rows[i].protocol = 6;
        rows[i].servicePort = 443;
        rows[i].direction = 1;
    }
    InterfaceCounters interface;
    interface.index = 2;
    interface.name = QStringLiteral("eth0");
    const double beginProcessorMs = processorMs();
    const double beginWallMs = wallMs();
    for (int minute = 0; minute < minutes; ++minute) {
        const quint64 elapsedNs = 60'000'000'000u * quint64(minute);
        const MinuteBook::Clocks clocks{elapsedNs, elapsedNs, beginUtcS * 1'000'000'000 + qint64(elapsedNs)};
        if (minute == 0)
            book.begin(clocks, std::nullopt);
        for (quint32 i = 0; i < flows; ++i) {
            rows[i].rxPayloadBytes += 12345;
            rows[i].txPayloadBytes += 1234;
            rows[i].packets.rxIpBytes += 13000;
            rows[i].packets.txIpBytes += 1500;
            rows[i].packets.rxPackets += 10;
            rows[i].packets.txPackets += 7;
            book.flow(rows[i], processes[i % programs]);
        }
        interface.rxBytes += 13'100'000;
        journal.append(book.seal(clocks, {interface}));
        journal.flush();
    }
    const double processor = (processorMs() - beginProcessorMs) / minutes;
    std::printf("sealing %u flows that changed, a minute: %.2f ms of processor (%.3f %% of a core), "
                "%.1f ms until it is on the disk, %.0f bytes a flow\n",
                flows, processor, processor / 600, (wallMs() - beginWallMs) / minutes,
                double(journal.bytes()) / minutes / flows);

    const double readBeginMs = wallMs();
    Journal::Slice slice;
    size_t records = 0;
    double longestMs = 0;
    do {
        const double partMs = wallMs();
        slice = journal.read(journal.id(), slice.last, 4000, 20);
        longestMs = std::max(longestMs, wallMs() - partMs);
        records += slice.records.size();
    } while (slice.more);
    std::printf("reading %zu records: %.0f ms, %.1f ms the longest part\n", records, wallMs() - readBeginMs,
                longestMs);
    return EXIT_SUCCESS;
}
