// SPDX-License-Identifier: MIT
#include "bpfusagesource.h"
#include "journaloptions.h"
#include "kernelsupport.h"
#include "monitorservice.h"
#include "polkitauthorizer.h"
#include "privileges.h"
#include "recorder.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QCryptographicHash>
#include <QDBusConnection>
#include <QDateTime>
#include <QFile>
#include <QSocketNotifier>
#include <QUuid>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <limits>
#include <sys/signalfd.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr char defaultPin[] = "/sys/fs/bpf/nettally";
// Bounds of the tables: an element at least beside the overflow's, and what a large server can spare.
constexpr quint32 minFlows = 16;
constexpr quint32 maxFlows = 4'000'000;

int fail(const QString &sentence)
{
    std::fprintf(stderr, "nettally-helper: %s\n", qUtf8Printable(sentence));
    return EXIT_FAILURE;
}

/// The signals that end the helper, as a file descriptor; blocked before any thread exists.
int terminationSignals()
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

QByteArray firstLine(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readLine().trimmed() : QByteArray();
}

/// What tells the journals of machines, and of boots, apart.
Journal::Place journalPlace()
{
    Journal::Place place;
    place.machine =
        QCryptographicHash::hash(firstLine(QStringLiteral("/etc/machine-id")), QCryptographicHash::Sha256)
            .first(JournalFormat::idBytes);
    place.bootId =
        QUuid::fromString(QLatin1String(firstLine(QStringLiteral("/proc/sys/kernel/random/boot_id"))))
            .toRfc4122();
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    place.bootNs = quint64(now.tv_sec) * 1'000'000'000u + quint64(now.tv_nsec);
    place.utcS = QDateTime::currentSecsSinceEpoch();
    return place;
}

QString tr(const char *text)
{
    return QCoreApplication::translate("Helper", text);
}

} // namespace

int main(int argc, char **argv)
{
    const int signalFd = terminationSignals();
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("nettally-helper"));
    QCoreApplication::setApplicationVersion(QStringLiteral(NETTALLY_VERSION));

    QCommandLineParser parser;
    parser.setApplicationDescription(
        tr("Measures which program moves how many bytes over the network, and tells "
           "those who may know over the system bus. Runs as root."));
    parser.addHelpOption();
    parser.addVersionOption();
    const QCommandLineOption idleExit(QStringLiteral("idle-exit"),
                                      tr("End when nobody subscribed for this many seconds (default: stay)."),
                                      tr("seconds"));
    const QCommandLineOption flows(
        QStringLiteral("max-flows"),
        tr("Flows the kernel keeps apart, %1 to %2; others are counted as one.").arg(minFlows).arg(maxFlows),
        tr("number"), QString::number(BpfUsageSource::Options().rowCapacity));
    const QCommandLineOption programs(
        QStringLiteral("max-programs"),
        tr("Programs the kernel keeps apart, %1 to %2; others are counted as one.")
            .arg(minFlows)
            .arg(maxFlows),
        tr("number"), QString::number(BpfUsageSource::Options().programCapacity - 1));
    const QCommandLineOption idleFlows(
        QStringLiteral("idle-flows"),
        tr("When nearly all of them are in use, those are taken for others that are over for so long."),
        tr("milliseconds"), QString::number(Recycler::defaultIdleMs));
    const QCommandLineOption account(
        QStringLiteral("user"),
        tr("Account to become once everything is set up (default: nettally if there is one, else nobody)."),
        tr("name"));
    const QCommandLineOption pin(QStringLiteral("pin"),
                                 tr("Keep counting in the kernel when the helper ends, under this folder of "
                                    "a BPF file system, and continue "
                                    "what was counted there."),
                                 tr("folder"));
    const QCommandLineOption detachAll(
        QStringLiteral("detach-all"),
        tr("Stop counting: remove what is kept under --pin (default %1), and end.")
            .arg(QLatin1String(defaultPin)));
    const QCommandLineOption journalFolder(
        QStringLiteral("journal"),
        tr("Keep what is measured, minute by minute, in this folder, which belongs to the account alone and "
           "is made if it is missing (default: keep nothing)."),
        tr("folder"));
    const QCommandLineOption config(QStringLiteral("config"),
                                    tr("File of settings (default: %1).").arg(QLatin1String(NETTALLY_CONFIG)),
                                    tr("file"), QStringLiteral(NETTALLY_CONFIG));
    parser.addOptions({idleExit, flows, programs, idleFlows, account, pin, detachAll, journalFolder, config});
    parser.process(application);

    bool idleExitValid = true;
    const uint idleExitS = parser.isSet(idleExit) ? parser.value(idleExit).toUInt(&idleExitValid) : 0;
    bool flowsValid = true;
    const uint flowsWanted = parser.value(flows).toUInt(&flowsValid);
    if (!idleExitValid || idleExitS > uint(std::numeric_limits<int>::max() / 1000))
        return fail(tr("--idle-exit wants a number of seconds."));
    if (!flowsValid || flowsWanted < minFlows || flowsWanted > maxFlows)
        return fail(tr("--max-flows wants a number from %1 to %2.").arg(minFlows).arg(maxFlows));

    bool programsValid = true;
    const uint programsWanted = parser.value(programs).toUInt(&programsValid);
    if (!programsValid || programsWanted < minFlows || programsWanted > maxFlows)
        return fail(tr("--max-programs wants a number from %1 to %2.").arg(minFlows).arg(maxFlows));
    bool idleFlowsValid = true;
    const uint idleFlowsMs = parser.value(idleFlows).toUInt(&idleFlowsValid);
    if (!idleFlowsValid || idleFlowsMs > uint(std::numeric_limits<int>::max()))
        return fail(tr("--idle-flows wants a number of milliseconds."));

    QString problem;
    if (parser.isSet(detachAll)) {
        const QString folder = parser.isSet(pin) ? parser.value(pin) : QString::fromLatin1(defaultPin);
        const std::unique_ptr<PinFolder> pins = PinFolder::open(folder, &problem);
        if (!pins)
            return fail(problem);
        pins->removeAll();
        return EXIT_SUCCESS;
    }
    const std::optional<Privileges::Account> user = Privileges::findAccount(parser.value(account), &problem);
    if (!user)
        return fail(
            tr("Root cannot be left (%1); the helper does not stay root. Create the account or name another "
               "with --user.")
                .arg(problem));

    // Before anything counts: whatever is counted from now on belongs in it.
    std::unique_ptr<Journal> journal;
    if (parser.isSet(journalFolder)) {
        QStringList wrong;
        const Journal::Options journalOptions = readJournalOptions(parser.value(config), &wrong);
        for (const QString &sentence : std::as_const(wrong))
            std::fprintf(stderr, "nettally-helper: %s\n", qUtf8Printable(sentence));
        JournalFolder folder;
        problem = folder.open(parser.value(journalFolder), user->uid, user->gid);
        if (!problem.isEmpty())
            return fail(problem);
        journal = std::make_unique<Journal>(std::move(folder), journalOptions);
        problem = Privileges::asAccount(*user, [&] { return journal->open(journalPlace()); });
        if (!problem.isEmpty())
            return fail(problem);
    }

    BpfUsageSource::Options options;
    options.pinPath = parser.value(pin);
    options.rowCapacity = flowsWanted + 1;
    options.programCapacity = programsWanted + 1;
    options.idleMs = idleFlowsMs;
    const std::unique_ptr<BpfUsageSource> source = BpfUsageSource::create(options, &problem);
    if (!source)
        return fail(problem);

    std::unique_ptr<Recorder> recorder;
    if (journal) {
        recorder = std::make_unique<Recorder>(*journal, source->netNs(), KernelSupport::cgroup2Mount());
        // Counting that ends with this process is nobody's to take over.
        std::optional<Checkpoint> baseline = Checkpoint();
        if (!options.pinPath.isEmpty())
            problem = Privileges::asAccount(*user, [&] {
                baseline = journal->baseline(source->countingSinceNs());
                return QString();
            });
        if (!problem.isEmpty())
            return fail(problem);
        recorder->book().setBaseline(baseline);
        const QList<ProbeState> probes = source->probes();
        for (const char *purpose : {"packets-received", "packets-sent"}) {
            if (std::none_of(probes.begin(), probes.end(), [purpose](const ProbeState &probe) {
                    return probe.active && probe.purpose == QLatin1String(purpose);
                }))
                recorder->book().setCountsPackets(false);
        }
    }

    // Before the first use of the bus, whose threads inherit what this one holds.
    problem = Privileges::reduce();
    if (!problem.isEmpty())
        return fail(tr("Privileges cannot be given up (%1); the helper does not run with more than it needs. "
                       "Start it "
                       "as root with CAP_SETPCAP.")
                        .arg(problem));

    const QDBusConnection bus = QDBusConnection::systemBus();
    if (!bus.isConnected())
        return fail(tr("There is no system bus (%1); start dbus, or set DBUS_SYSTEM_BUS_ADDRESS.")
                        .arg(bus.lastError().message()));
    PolkitAuthorizer authorizer(bus);
    MonitorService::Limits limits;
    limits.idleExitMs = int(idleExitS) * 1000;
    MonitorService service(bus, *source, authorizer, limits);
    if (recorder)
        service.setRecorder(*recorder);
    problem = service.publish();
    if (!problem.isEmpty())
        return fail(problem);

    problem = Privileges::leaveRoot(*user);
    if (!problem.isEmpty())
        return fail(
            tr("Root cannot be left (%1); the helper does not stay root. Name another account with --user.")
                .arg(problem));
    if (recorder) {
        // Its thread inherits that nothing is left.
        journal->start();
        problem = recorder->start();
        if (!problem.isEmpty())
            return fail(problem);
    }

    QObject::connect(&service, &MonitorService::idle, &application, &QCoreApplication::quit);
    int exitCode = EXIT_SUCCESS;
    QObject::connect(&service, &MonitorService::busLost, &application, [&exitCode] {
        exitCode =
            fail(tr("The bus is gone, so nobody can be told anything; start the helper again with the bus."));
        QCoreApplication::quit();
    });
    QSocketNotifier signalNotifier(signalFd, QSocketNotifier::Read);
    QObject::connect(&signalNotifier, &QSocketNotifier::activated, &application, &QCoreApplication::quit);

    const int result = QCoreApplication::exec();
    if (recorder)
        recorder->finish();
    return exitCode == EXIT_SUCCESS ? result : exitCode;
}
