// SPDX-License-Identifier: MIT
#include "bpfusagesource.h"
#include "kernelsupport.h"
#include "netnssocket.h"
#include "testbed.h"

#include "testnetwork.h"
#include "testplan.h"

#include <empty.skel.h>

#include <bpf/bpf.h>

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QStandardPaths>
#include <QTest>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>

using namespace Nettally;

namespace {

/// Odd, so that there is one in the middle.
constexpr int rounds = 5;

double medianOf(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

/// The empty programs, attached while this lives.
class EmptyPrograms {
public:
    EmptyPrograms()
        : m_skeleton(empty_bpf__open_and_load())
    {
        if (!m_skeleton)
            return;
        m_group = open(QFile::encodeName(KernelSupport::cgroup2Mount()).constData(), O_RDONLY | O_DIRECTORY);
        m_links = {bpf_program__attach_cgroup(m_skeleton->progs.emptySent, m_group),
                   bpf_program__attach_cgroup(m_skeleton->progs.emptyReceived, m_group),
                   bpf_program__attach(m_skeleton->progs.emptySend),
                   bpf_program__attach(m_skeleton->progs.emptyReceive)};
    }
    ~EmptyPrograms()
    {
        for (bpf_link *link : m_links)
            bpf_link__destroy(link);
        empty_bpf__destroy(m_skeleton);
        close(m_group);
    }
    Q_DISABLE_COPY_MOVE(EmptyPrograms)

    bool isAttached() const
    {
        return m_skeleton && std::all_of(m_links.begin(), m_links.end(), [](bpf_link *link) { return link; });
    }

private:
    empty_bpf *m_skeleton;
    int m_group = -1;
    std::array<bpf_link *, 4> m_links{};
};

struct Runs {
    quint64 events = 0;
    quint64 ns = 0;
};

/// What the kernel counted of every loaded program, by name; sums where several have one.
QMap<QByteArray, Runs> programRuns()
{
    QMap<QByteArray, Runs> found;
    for (quint32 id = 0; bpf_prog_get_next_id(id, &id) == 0;) {
        const int fd = bpf_prog_get_fd_by_id(id);
        bpf_prog_info info = {};
        quint32 size = sizeof info;
        if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0) {
            Runs &runs = found[QByteArray(info.name)];
            runs.events += info.run_cnt;
            runs.ns += info.run_time_ns;
        }
        if (fd >= 0)
            close(fd);
    }
    return found;
}

QString makeTraffic(const TestNetwork &network, const char *scenario)
{
    QString problem;
    runToEnd(QStringLiteral(NETTALLY_TRAFFIC),
             {QLatin1String(scenario), network.serverPath(), network.clientPath(),
              QLatin1String(TestPlan::serverV4), QString::number(TestPlan::port)},
             &problem, 120'000);
    return problem;
}

/// Other helpers on the machine have programs of these names: run alone.
QString printCostOfEvents(const TestNetwork &network)
{
    LiveHelper helper;
    const QString problem = helper.start(QStringLiteral(NETTALLY_HELPER), network.clientPath());
    if (!problem.isEmpty())
        return problem;
    const EmptyPrograms empty;
    if (!empty.isAttached())
        return QStringLiteral("the empty programs cannot be attached");
    const int counting = bpf_enable_stats(BPF_STATS_RUN_TIME);
    if (counting < 0)
        return QStringLiteral("the kernel does not count the programs' time");
    struct Pair {
        const char *what;
        const char *own;
        const char *emptyOne;
    };
    // Names are cut at 15 bytes.
    static constexpr std::array pairs{
        Pair{"send call", "sendTracepoint", "emptySend"},
        Pair{"receive call", "receiveTracepoint", "emptyReceive"},
        Pair{"packet out", "packetSent", "emptySent"},
        Pair{"packet in", "packetReceived", "emptyReceived"},
    };
    std::printf("\nNanoseconds per event; the empty program ran on the same events\n");
    for (const char *scenario : {"bench-steady", "tcp-bulk", "tcp-connections"}) {
        const QMap<QByteArray, Runs> before = programRuns();
        const QString failure = makeTraffic(network, scenario);
        if (!failure.isEmpty())
            return failure;
        const QMap<QByteArray, Runs> after = programRuns();
        const auto costOf = [&](const char *name, quint64 *events) {
            const QByteArray cut = QByteArray(name).left(15);
            const Runs grown{after.value(cut).events - before.value(cut).events,
                             after.value(cut).ns - before.value(cut).ns};
            *events = grown.events;
            return grown.events ? double(grown.ns) / double(grown.events) : 0;
        };
        for (const Pair &pair : pairs) {
            quint64 events = 0;
            quint64 emptyEvents = 0;
            const double own = costOf(pair.own, &events);
            const double none = costOf(pair.emptyOne, &emptyEvents);
            std::printf("%-16s %-13s %8llu events  %6.0f ns  empty %4.0f ns  more %4.0f ns\n", scenario,
                        pair.what, static_cast<unsigned long long>(events), own, none, own - none);
        }
    }
    close(counting);
    return {};
}

/// Takes what is read, as a ledger would, but does nothing with it.
class NullSink : public CounterSink {
public:
    void program(const ProgramRecord &) override { }
    void flow(const FlowRecord &) override { ++flows; }
    quint64 flows = 0;
};

QString printCostOfReading(const TestNetwork &network)
{
    QString problem;
    BpfUsageSource::Options options;
    options.rowCapacity = 131'072;
    const std::unique_ptr<BpfUsageSource> source = BpfUsageSource::create(options, &problem);
    if (!source)
        return problem;
    std::printf("\nReading the table (median of 11, CPU time of this process)\n");
    quint32 made = 0;
    for (const quint32 flows : {10'000u, 100'000u}) {
        const quint32 more = flows - made;
        runInNamespace(network.clientPath(), [&] {
            for (quint32 i = 0; i < more; ++i) {
                const OwnedSocket one(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
                sockaddr_in to = addressV4("127.0.0.2", 7000);
                to.sin_addr.s_addr = htonl(ntohl(to.sin_addr.s_addr) + made + i);
                ::connect(one.fd(), reinterpret_cast<const sockaddr *>(&to), sizeof to);
                ::send(one.fd(), "x", 1, 0);
            }
        });
        made += more;
        NullSink sink;
        source->read(sink);
        std::vector<double> times;
        for (int i = 0; i < 11; ++i) {
            timespec begin = {};
            timespec end = {};
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
            source->read(sink);
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
            times.push_back(double(end.tv_sec - begin.tv_sec) * 1e3
                            + double(end.tv_nsec - begin.tv_nsec) / 1e6);
        }
        std::printf("%7llu rows in use: %6.3f ms\n",
                    static_cast<unsigned long long>(source->usage().value(QStringLiteral("rowsUsed"))),
                    medianOf(times));
    }
    return {};
}

/// utime and stime of a process, in seconds.
double cpuSecondsOf(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid));
    if (!file.open(QIODevice::ReadOnly))
        return 0;
    const QByteArray text = file.readAll();
    const QList<QByteArray> fields = text.mid(text.lastIndexOf(')') + 2).split(' ');
    return fields.size() < 13 ? 0 : double(fields.at(11).toLongLong() + fields.at(12).toLongLong()) / 100;
}

QString printCostOfRequests(const TestNetwork &network)
{
    const QString netHogs = QStandardPaths::findExecutable(
        QStringLiteral("nethogs"), {QStringLiteral("/usr/sbin"), QStringLiteral("/usr/bin")});
    enum Mode { Nothing, Empty, Nettally, NetHogs, modeCount };
    static constexpr std::array names{"nothing", "empty programs", "Nettally", "NetHogs"};
    std::array<std::vector<double>, modeCount> times;
    std::array<std::vector<double>, modeCount> processor;
    for (int round = 0; round < rounds; ++round) {
        for (int mode = Nothing; mode < modeCount; ++mode) {
            if (mode == NetHogs && netHogs.isEmpty())
                continue;
            std::unique_ptr<EmptyPrograms> empty;
            std::unique_ptr<LiveHelper> helper;
            QProcess hogs;
            qint64 pid = 0;
            if (mode == Empty)
                empty = std::make_unique<EmptyPrograms>();
            if (mode == Nettally) {
                helper = std::make_unique<LiveHelper>();
                const QString problem = helper->start(QStringLiteral(NETTALLY_HELPER), network.clientPath());
                if (!problem.isEmpty())
                    return problem;
                pid = helper->pid();
            }
            if (mode == NetHogs) {
                hogs.setStandardOutputFile(QProcess::nullDevice());
                hogs.start(QStringLiteral("nsenter"),
                           {QStringLiteral("--net=") + network.clientPath(), netHogs, QStringLiteral("-t"),
                            QStringLiteral("-d"), QStringLiteral("1"),
                            QLatin1String(TestPlan::clientInterface)});
                if (!hogs.waitForStarted())
                    return hogs.errorString();
                QTest::qWait(1500); // it looks at all processes first
                pid = hogs.processId();
            }
            const double before = cpuSecondsOf(pid);
            QElapsedTimer timer;
            timer.start();
            const QString problem = makeTraffic(network, "bench-steady");
            times[size_t(mode)].push_back(double(timer.nsecsElapsed()) / 1e9);
            processor[size_t(mode)].push_back(cpuSecondsOf(pid) - before);
            if (!problem.isEmpty())
                return problem;
            if (mode == NetHogs) {
                if (hogs.state() != QProcess::Running)
                    return QStringLiteral("NetHogs ended: ")
                        + QString::fromLocal8Bit(hogs.readAllStandardError());
                hogs.terminate();
                hogs.waitForFinished();
            }
        }
    }
    std::printf("\n100,000 UDP requests and answers, one after the other (median of %d, modes in turn)\n",
                rounds);
    const double none = medianOf(times[Nothing]);
    for (int mode = Nothing; mode < modeCount; ++mode) {
        const std::vector<double> &own = times[size_t(mode)];
        if (own.empty())
            continue;
        std::printf(
            "%-15s %6.3f s  %+6.1f %%  spread %4.1f %%  processor time of its process %5.2f s\n",
            names[size_t(mode)], medianOf(own), (medianOf(own) / none - 1) * 100,
            (*std::max_element(own.begin(), own.end()) / *std::min_element(own.begin(), own.end()) - 1) * 100,
            medianOf(processor[size_t(mode)]));
    }
    return {};
}

} // namespace

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    TestNetwork network;
    QString problem = network.create();
    const QStringList wanted = QCoreApplication::arguments().mid(1);
    const auto isWanted = [&](const char *part) {
        return problem.isEmpty() && (wanted.isEmpty() || wanted.contains(QLatin1String(part)));
    };
    if (isWanted("events"))
        problem = printCostOfEvents(network);
    if (isWanted("reading"))
        problem = printCostOfReading(network);
    if (isWanted("requests"))
        problem = printCostOfRequests(network);
    if (!problem.isEmpty())
        std::fprintf(stderr, "bench_kernel: %s\n", qUtf8Printable(problem));
    return problem.isEmpty() ? EXIT_SUCCESS : EXIT_FAILURE;
}
