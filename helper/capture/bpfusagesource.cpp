// SPDX-License-Identifier: MIT
#include "bpfusagesource.h"

#include "kernelsupport.h"
#include "linkcounters.h"
#include "probetable.h"
#include "programinfo.h"

#include <nettally.skel.h>

#include <bpf/bpf.h>

#include <QCoreApplication>
#include <QCryptographicHash>
#include <QFile>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

namespace Nettally {

namespace {

QString translate(const char *text)
{
    return QCoreApplication::translate("BpfUsageSource", text);
}

/// Each map that the programs share, but for the scratch space, which holds nothing. The control block is
/// pinned last: where it is, the others are too.
constexpr std::array<const char *, 11> keptMaps{"audit",        "audit_switch", "rows",      "programs",
                                                "name_answers", "name_control", "row_index", "program_index",
                                                "sockets",      "multipath",    "control"};

/// Tells builds of the programs apart.
quint64 buildOfPrograms()
{
    size_t size = 0;
    const void *bytes = nettally_bpf__elf_bytes(&size);
    const QByteArray hash =
        QCryptographicHash::hash(QByteArray::fromRawData(static_cast<const char *>(bytes), qsizetype(size)),
                                 QCryptographicHash::Sha256);
    quint64 build = 0;
    std::memcpy(&build, hash.constData(), sizeof build);
    return build;
}

/// libbpf's warnings, kept for the one sentence in which a failure is reported.
QByteArray lastLibraryWarning;

int keepWarning(libbpf_print_level level, const char *format, va_list arguments)
{
    if (level != LIBBPF_WARN)
        return 0;
    const QByteArray line = QString::vasprintf(format, arguments).toUtf8().trimmed();
    // Of the verifier's words, which can be very many, the last ones tell.
    if (qEnvironmentVariableIsSet("NETTALLY_DEBUG_BPF"))
        std::fprintf(stderr, "%s\n", line.right(4000).constData());
    lastLibraryWarning = line.left(500);
    return 0;
}

QString libraryFailure(const QString &sentence, int error)
{
    return sentence.arg(QString::fromLocal8Bit(std::strerror(error)),
                        QString::fromLocal8Bit(lastLibraryWarning));
}

} // namespace

BpfUsageSource::BpfUsageSource() = default;

BpfUsageSource::~BpfUsageSource()
{
    m_audit.end(); // its programs are the skeleton's
    for (const int program : m_adoptedPrograms) {
        if (program >= 0)
            close(program);
    }
    for (bpf_link *link : m_links)
        bpf_link__destroy(link); // what is pinned stays attached
    nettally_bpf__destroy(m_skeleton);
}

std::unique_ptr<BpfUsageSource> BpfUsageSource::create(const Options &options, QString *problem)
{
    if (geteuid() != 0) {
        *problem =
            translate("Measuring needs root: start nettally-helper with sudo, or let the system start it.");
        return {};
    }
    *problem = KernelSupport::btfProblem();
    if (!problem->isEmpty())
        return {};
    libbpf_set_print(keepWarning);
    std::unique_ptr<BpfUsageSource> source(new BpfUsageSource);
    struct stat netNamespace = {};
    if (stat("/proc/self/ns/net", &netNamespace) == 0)
        source->m_netNs = quint32(netNamespace.st_ino);
    if (!options.pinPath.isEmpty()) {
        source->m_pins = PinFolder::open(options.pinPath, problem);
        if (!source->m_pins)
            return {};
    }
    source->m_skeleton = nettally_bpf__open();
    if (!source->m_skeleton) {
        *problem = libraryFailure(
            translate("The kernel programs cannot be opened: %1 (%2). Install Nettally anew."), errno);
        return {};
    }
    if (!source->adopt(problem)) {
        if (!problem->isEmpty() || !source->load(options, problem) || !source->attach(problem))
            return {};
    }
    source->m_recycler.setIdleMs(options.idleMs);
    if (!source->openRecycler(problem))
        return {};
    source->openConnections();
    source->openTunnels();
    source->findNames();
    if (!source->seal(problem))
        return {};
    return source;
}

bool BpfUsageSource::mapTables(int control, int rows, int programs, QString *problem)
{
    const auto capacityOf = [](int fd) {
        bpf_map_info info = {};
        __u32 size = sizeof info;
        return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.max_entries : 0;
    };
    if (!m_control.map(control, 1, PROT_READ | PROT_WRITE)
        || !m_rows.map(rows, capacityOf(rows), PROT_READ | PROT_WRITE)
        || !m_programs.map(programs, capacityOf(programs), PROT_READ)) {
        *problem = libraryFailure(
            translate("The kernel's tables cannot be mapped: %1 (%2). Ask for fewer flows with "
                      "--max-flows."),
            errno);
        return false;
    }
    m_seen.resize(m_rows.size());
    m_programReported.resize(m_programs.size());
    return true;
}

/// Whether every map is there, as this build's programs know it. Others cannot be continued.
bool BpfUsageSource::canContinue() const
{
    for (const char *name : keptMaps) {
        const bpf_map *own = bpf_object__find_map_by_name(m_skeleton->obj, name);
        const int fd = m_pins->map(name);
        bpf_map_info info = {};
        __u32 size = sizeof info;
        const bool isLikeOwn = fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0
            && info.type == bpf_map__type(own) && info.key_size == bpf_map__key_size(own)
            && info.value_size == bpf_map__value_size(own) && info.map_flags == bpf_map__map_flags(own);
        if (fd >= 0)
            close(fd);
        if (!isLikeOwn)
            return false;
    }
    return true;
}

bool BpfUsageSource::adopt(QString *problem)
{
    if (!m_pins)
        return false;
    const int control = m_pins->map("control");
    const int rows = m_pins->map("rows");
    const int programs = m_pins->map("programs");
    if (canContinue() && mapTables(control, rows, programs, problem)) {
        // Another layout cannot be read, let alone continued. The journal has what it counted.
        m_continues = m_control[0].abiVersion == NT_ABI_VERSION && m_control[0].rowCapacity == m_rows.size();
        m_set = m_control[0].activeSet;
    }
    for (const int fd : {control, rows, programs}) {
        if (fd >= 0)
            close(fd);
    }
    if (!problem->isEmpty())
        return false;
    if (!m_continues) {
        // Also what a helper left that died while it was pinning.
        m_control = {};
        m_rows = {};
        m_programs = {};
        m_set = 1;
        for (const int set : {1, 2})
            m_pins->removeSet(set);
        for (const char *name : keptMaps)
            m_pins->removeMap(name);
        return false;
    }
    m_pins->removeSet(m_set == 1 ? 2 : 1); // of an upgrade that was cut short
    if (m_control[0].build != buildOfPrograms()) {
        m_set = m_set == 1 ? 2 : 1;
        return false;
    }

    for (const ProbeTable::Purpose &purpose : ProbeTable::purposes()) {
        ProbeState state{
            QLatin1String(purpose.name), {}, false, ProbeTable::translated(purpose.lossIfMissing)};
        for (const ProbeTable::Alternative &alternative : purpose.alternatives) {
            const bool isAttached = std::all_of(
                alternative.parts.begin(), alternative.parts.end(), [this](const ProbeTable::Part &part) {
                    return part.isOptional || m_pins->hasLink(int(m_set), part.program);
                });
            if (isAttached) {
                state = ProbeTable::chosen(purpose, alternative);
                for (const ProbeTable::Part &part : alternative.parts)
                    m_adoptedPrograms.push_back(m_pins->program(int(m_set), part.program));
                break;
            }
        }
        m_probes.append(state);
    }
    for (const ProbeTable::GroupHook &hook : ProbeTable::groupHooks()) {
        const bool isAttached = m_pins->hasLink(int(m_set), hook.program);
        m_probes.append({QLatin1String(hook.purpose),
                         isAttached ? QString::fromLatin1(hook.mechanism) : QString(), isAttached,
                         isAttached ? QString() : ProbeTable::translated(hook.lossIfMissing)});
    }
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, m_skeleton->obj) bpf_program__set_autoload(program, false);
    if (!reuseMaps(problem))
        return false;
    KernelAudit::choose(m_skeleton, m_netNs);
    if (const int error = nettally_bpf__load(m_skeleton)) {
        *problem = libraryFailure(translate("The kernel refused the audit's programs: %1 (%2). Report this."),
                                  -error);
        return false;
    }
    return openAudit(problem);
}

QString BpfUsageSource::setAuditing(bool on)
{
    if (on)
        return m_audit.begin();
    m_audit.end();
    return {};
}

bool BpfUsageSource::openAudit(QString *problem)
{
    if (m_audit.open(m_skeleton)
        && m_names.open(bpf_map__fd(m_skeleton->maps.name_answers),
                        bpf_map__fd(m_skeleton->maps.name_control)))
        return true;
    *problem =
        libraryFailure(translate("The kernel's tables cannot be mapped: %1 (%2). Report this."), errno);
    return false;
}

QString BpfUsageSource::setNaming(bool on)
{
    if (on && !m_canName)
        return translate("Names are not seen here: received packets are not measured.");
    m_names.setWanted(on);
    return {};
}

std::vector<NameRecord> BpfUsageSource::names(CounterSink &sink)
{
    std::vector<NameRecord> records = m_names.take();
    for (NameRecord &record : records) {
        // Another program may have the place by now.
        const bool isSame = record.programSlot < m_programs.size()
            && loadOnce(m_programs[record.programSlot].generation) == record.programGeneration;
        if (!isSame || !reportProgram(record.programSlot, sink))
            record.programSlot = ProgramSlot::unowned;
    }
    return records;
}

bool BpfUsageSource::seal(QString *problem)
{
    // One store turns every event over to the new programs; the old ones then detach.
    __atomic_store_n(&m_control[0].activeSet, m_set, __ATOMIC_RELEASE);
    // Only then: who dies in between leaves programs that the next helper replaces, not old ones it trusts.
    __atomic_store_n(&m_control[0].build, buildOfPrograms(), __ATOMIC_RELEASE);
    if (m_pins)
        m_pins->removeSet(m_set == 1 ? 2 : 1);
    // From here on this process, which talks to every user, only reads.
    if (!m_control.seal() || !m_rows.seal()) {
        *problem = libraryFailure(translate("The kernel's tables cannot be made read-only: %1 (%2)."), errno);
        return false;
    }
    m_info.insert(QStringLiteral("kernelRelease"), KernelSupport::kernelRelease());
    m_info.insert(QStringLiteral("btf"), QStringLiteral("yes"));
    m_info.insert(QStringLiteral("cgroup2"), KernelSupport::cgroup2Mount());
    m_info.insert(QStringLiteral("continues"), m_continues ? QStringLiteral("yes") : QStringLiteral("no"));
    return true;
}

bool BpfUsageSource::chooseProbes(QString *problem)
{
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, m_skeleton->obj) bpf_program__set_autoload(program, false);

    bool measures = false;
    for (const ProbeTable::Purpose &purpose : ProbeTable::purposes()) {
        std::vector<const char *> chosen;
        const ProbeState state = ProbeTable::choose(purpose, &chosen);
        for (const char *name : chosen)
            bpf_program__set_autoload(bpf_object__find_program_by_name(m_skeleton->obj, name), true);
        measures = measures || (state.active && state.purpose.startsWith(QLatin1String("payload-")));
        m_probes.append(state);
    }
    if (!measures) {
        *problem =
            translate("Kernel %1 grants none of the hooks that measure traffic (%2); boot a newer kernel, or "
                      "lift the restriction (lockdown, container) that refuses BPF to root.")
                .arg(KernelSupport::kernelRelease(), m_probes.constFirst().note);
        return false;
    }

    // The control groups' hooks are not tried one by one: all are older than the oldest kernel served.
    const QString cgroup2 = KernelSupport::cgroup2Mount();
    for (const ProbeTable::GroupHook &hook : ProbeTable::groupHooks()) {
        ProbeState state{QLatin1String(hook.purpose), {}, false, {}};
        if (cgroup2.isEmpty())
            state.note = translate("%1 (no cgroup2 file system is mounted at its root; mount one)")
                             .arg(ProbeTable::translated(hook.lossIfMissing));
        else
            bpf_program__set_autoload(bpf_object__find_program_by_name(m_skeleton->obj, hook.program), true);
        m_probes.append(state);
    }

    return true;
}

bool BpfUsageSource::reuseMaps(QString *problem)
{
    for (const char *name : keptMaps) {
        const int fd = m_pins->map(name);
        const int error =
            fd < 0 ? -errno : bpf_map__reuse_fd(bpf_object__find_map_by_name(m_skeleton->obj, name), fd);
        if (fd >= 0)
            close(fd);
        if (error) {
            *problem =
                libraryFailure(translate("What an earlier helper counted cannot be continued: %1 (%2). "
                                         "Give it up with nettally-helper --detach-all."),
                               -error);
            return false;
        }
    }
    return true;
}

bool BpfUsageSource::load(const Options &options, QString *problem)
{
    if (!chooseProbes(problem))
        return false;

    const KernelSupport::PortRange ephemeral = KernelSupport::ephemeralPorts();
    // Not one of the purposes: a kernel that refuses it refuses it alone, when it is read.
    bpf_program__set_autoload(m_skeleton->progs.socketsOpenBefore, KernelSupport::hasIterator("task_file"));
    bpf_program__set_autoload(m_skeleton->progs.tcpConnections, KernelSupport::hasIterator("tcp"));
    bpf_program__set_autoload(m_skeleton->progs.tunnelsHeld, KernelSupport::hasIterator("task_file"));
    bpf_program__set_autoload(m_skeleton->progs.recycle, KernelSupport::hasIterator("bpf_map_elem"));

    m_skeleton->rodata->ephemeralPortFirst = ephemeral.first;
    m_skeleton->rodata->ephemeralPortLast = ephemeral.last;
    m_skeleton->rodata->ownSet = m_set;
    const quint32 rowCapacity = options.rowCapacity + NT_SPILL_ROWS;
    bpf_map__set_max_entries(m_skeleton->maps.rows, rowCapacity);
    bpf_map__set_max_entries(m_skeleton->maps.row_index, rowCapacity);
    bpf_map__set_max_entries(m_skeleton->maps.free_rows, rowCapacity);
    bpf_map__set_max_entries(m_skeleton->maps.free_programs, options.programCapacity);
    bpf_map__set_max_entries(m_skeleton->maps.programs, options.programCapacity);
    bpf_map__set_max_entries(m_skeleton->maps.program_index, options.programCapacity);
    if (m_continues && !reuseMaps(problem))
        return false;
    KernelAudit::choose(m_skeleton, m_netNs);

    if (const int error = nettally_bpf__load(m_skeleton)) {
        *problem = libraryFailure(
            translate("Kernel %1 refused Nettally's programs: %2 (%3). Boot Linux 5.12 or newer; "
                      "on one of those, report this.")
                .arg(KernelSupport::kernelRelease()),
            -error);
        return false;
    }
    if (!openAudit(problem))
        return false;
    if (m_continues)
        return true;
    if (!mapTables(bpf_map__fd(m_skeleton->maps.control), bpf_map__fd(m_skeleton->maps.rows),
                   bpf_map__fd(m_skeleton->maps.programs), problem))
        return false;
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    nt_control &control = m_control[0];
    control.abiVersion = NT_ABI_VERSION;
    control.activeSet = m_set;
    control.rowCapacity = rowCapacity;
    control.programCapacity = options.programCapacity;
    control.nextRow = NT_OVERFLOW_INDEX + 1;
    control.nextProgram = NT_OVERFLOW_INDEX + 1;
    control.sinceNs = quint64(now.tv_sec) * 1'000'000'000u + quint64(now.tv_nsec);
    for (const char *name : keptMaps) {
        if (m_pins
            && !m_pins->pinMap(bpf_map__fd(bpf_object__find_map_by_name(m_skeleton->obj, name)), name)) {
            *problem = libraryFailure(
                translate("The counters cannot be kept beyond the helper's end: %1 (%2). Start "
                          "without --pin."),
                errno);
            return false;
        }
    }
    return true;
}

bool BpfUsageSource::keep(bpf_program *program, bpf_link *link)
{
    m_links.push_back(link);
    return !m_pins || m_pins->pinLink(link, int(m_set), bpf_program__name(program));
}

bool BpfUsageSource::attach(QString *problem)
{
    // The control groups first: a packet seen without its call misses nothing but a name.
    if (!attachToControlGroups(problem))
        return false;
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, m_skeleton->obj)
    {
        if (!bpf_program__autoload(program) || bpf_program__type(program) != BPF_PROG_TYPE_TRACING
            || bpf_program__expected_attach_type(program) == BPF_TRACE_ITER || KernelAudit::isPart(program))
            continue;
        bpf_link *link = bpf_program__attach(program);
        if (!link || !keep(program, link)) {
            *problem = libraryFailure(
                translate("The kernel refused to attach Nettally's programs: %1 (%2). Report this "
                          "with the output of \"uname -r\", or boot another kernel."),
                errno);
            return false;
        }
    }
    // Not only of the first helper: it may have died before this.
    if (m_control[0].build == 0)
        findEarlierSockets();
    return true;
}

bool BpfUsageSource::attachToControlGroups(QString *problem)
{
    const QByteArray path = QFile::encodeName(KernelSupport::cgroup2Mount());
    if (path.isEmpty())
        return true;
    const int group = open(path.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (group < 0) {
        *problem =
            translate("The control group %1 cannot be opened: %2. Run the helper where it can be read.")
                .arg(QFile::decodeName(path), QString::fromLocal8Bit(std::strerror(errno)));
        return false;
    }
    for (const ProbeTable::GroupHook &hook : ProbeTable::groupHooks()) {
        const auto state = std::find_if(m_probes.begin(), m_probes.end(), [&](const ProbeState &probe) {
            return probe.purpose == QLatin1String(hook.purpose);
        });
        bpf_program *program = bpf_object__find_program_by_name(m_skeleton->obj, hook.program);
        bpf_link *link = bpf_program__attach_cgroup(program, group);
        if (link && keep(program, link)) {
            state->active = true;
            state->mechanism = QLatin1String(hook.mechanism);
        } else {
            state->note = QStringLiteral("%1 (%2)").arg(ProbeTable::translated(hook.lossIfMissing),
                                                        QString::fromLocal8Bit(std::strerror(errno)));
        }
    }
    close(group);
    return true;
}

/// Whose the sockets are that were open before the programs were attached.
void BpfUsageSource::findEarlierSockets()
{
    ProbeState state{QStringLiteral("earlier-sockets"), {}, false, {}};
    bpf_link *link = bpf_program__autoload(m_skeleton->progs.socketsOpenBefore)
        ? bpf_program__attach_iter(m_skeleton->progs.socketsOpenBefore, nullptr)
        : nullptr;
    const int iterator = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
    if (iterator >= 0) {
        char nothing[64]; // it writes none; reading runs it
        while (::read(iterator, nothing, sizeof nothing) > 0) { }
        close(iterator);
        state.active = true;
        state.mechanism = QStringLiteral("iter/task_file");
    } else {
        state.note = translate("packets of sockets opened before the helper count as the kernel's own until "
                               "their program uses them (%1)")
                         .arg(QString::fromLocal8Bit(std::strerror(errno)));
    }
    bpf_link__destroy(link);
    m_probes.append(state);
}

QString BpfUsageSource::openIterator(bpf_program *program, int map, IteratorFile &file)
{
    const char *name = bpf_program__name(program);
    QString problem = translate("not in this kernel");
    if (bpf_program__fd(program) >= 0) {
        bpf_iter_link_info over = {};
        over.map.map_fd = __u32(map);
        bpf_iter_attach_opts options = {};
        options.sz = sizeof options;
        options.link_info = &over;
        options.link_info_len = sizeof over;
        bpf_link *link = bpf_program__attach_iter(program, map >= 0 ? &options : nullptr);
        if (!link || !keep(program, link))
            problem = QString::fromLocal8Bit(std::strerror(errno));
        else if (!m_pins)
            problem = file.openUnnamed(link);
    }
    if (m_pins && m_pins->hasLink(int(m_set), name))
        problem = file.open(m_pins->linkPath(int(m_set), name));
    return problem;
}

/// The iterator over connections is read when they are asked for, long after root was left.
void BpfUsageSource::openConnections()
{
    const QString problem = openIterator(m_skeleton->progs.tcpConnections, -1, m_connections);
    ProbeState state{QStringLiteral("connections"), QStringLiteral("iter/tcp"), problem.isEmpty(), {}};
    if (!state.active) {
        state.mechanism.clear();
        state.note = translate("connections are not listed, nor their round trip times (%1)").arg(problem);
    }
    m_probes.append(state);
}

void BpfUsageSource::openTunnels()
{
    const QString problem = openIterator(m_skeleton->progs.tunnelsHeld, -1, m_tunnels);
    ProbeState state{QStringLiteral("tunnels"), QStringLiteral("iter/task_file"), problem.isEmpty(), {}};
    if (!state.active) {
        state.mechanism.clear();
        state.note = translate("who carries a tun interface is not told (%1)").arg(problem);
    }
    m_probes.append(state);
}

QList<TunnelCarrier> BpfUsageSource::tunnelCarriers(CounterSink &sink)
{
    QList<TunnelCarrier> carriers;
    const int file = m_tunnels.read();
    if (file < 0)
        return carriers;
    std::array<nt_tunnel, 64> buffer;
    ssize_t length = 0;
    while ((length = ::read(file, buffer.data(), sizeof buffer)) > 0
           || (length < 0 && (errno == EINTR || errno == EAGAIN))) {
        if (length < 0)
            continue;
        // Whole records, as of the connections.
        for (const nt_tunnel &found : std::span(buffer).first(size_t(length) / sizeof(nt_tunnel))) {
            const TunnelCarrier carrier{found.ifindex, found.netNs, found.program};
            if (found.program < m_programs.size() && !carriers.contains(carrier)
                && reportProgram(found.program, sink))
                carriers.append(carrier);
        }
    }
    close(file);
    return carriers;
}

bool BpfUsageSource::openRecycler(QString *problem)
{
    const int requests = bpf_map__fd(m_skeleton->maps.recycling);
    if (!m_recycler.open(requests)) {
        *problem =
            libraryFailure(translate("The kernel's tables cannot be mapped: %1 (%2). Report this."), errno);
        return false;
    }
    const QString refusal = openIterator(m_skeleton->progs.recycle, requests, m_recycler.file());
    ProbeState state{QStringLiteral("recycling"), QStringLiteral("iter/bpf_map_elem"), refusal.isEmpty(), {}};
    if (!state.active) {
        state.mechanism.clear();
        state.note = translate("the tables' places are used once: when they are full, new flows count as one "
                               "(%1)")
                         .arg(refusal);
    }
    m_probes.append(state);
    return true;
}

/// They come with the packets received.
void BpfUsageSource::findNames()
{
    m_canName = std::any_of(m_probes.begin(), m_probes.end(), [](const ProbeState &probe) {
        return probe.purpose == QLatin1String("packets-received") && probe.active;
    });
    ProbeState state{QStringLiteral("names"), {}, m_canName, {}};
    if (m_canName)
        state.mechanism = QStringLiteral("cgroup_skb/ingress");
    else
        state.note = translate("addresses are shown without the names that programs asked for");
    m_probes.append(state);
}

ConnectionReading BpfUsageSource::connections(CounterSink &sink, size_t most)
{
    ConnectionReading reading;
    const int file = m_connections.read();
    if (file < 0) {
        reading.problem =
            translate("The kernel's connections cannot be listed (%1); \"nettallyctl status\" says why.")
                .arg(QString::fromLocal8Bit(std::strerror(errno)));
        return reading;
    }
    std::vector<nt_connection> buffer(256);
    ssize_t length = 0;
    while ((length = ::read(file, buffer.data(), buffer.size() * sizeof(nt_connection))) > 0
           || (length < 0 && (errno == EINTR || errno == EAGAIN))) {
        if (length < 0)
            continue;
        // The kernel hands out whole records: each is in its buffer, or is not, and the buffer here is no
        // smaller than a record.
        for (const nt_connection &found : std::span(buffer).first(size_t(length) / sizeof(nt_connection))) {
            if (reading.connections.size() >= most) {
                reading.isCut = true;
                close(file);
                return reading;
            }
            ConnectionRecord record;
            record.cookie = found.cookie;
            record.openedNs = found.openedNs;
            record.isMeasured = found.flags & NT_CONNECTION_MEASURED;
            record.rxBytes = found.rxBytes;
            record.txBytes = found.txBytes;
            record.retransmittedBytes = found.retransmittedBytes;
            std::memcpy(record.local.data(), found.local, record.local.size());
            std::memcpy(record.remote.data(), found.remote, record.remote.size());
            record.roundTripUs = found.roundTripUs;
            record.roundTripVariationUs = found.roundTripVariationUs;
            record.leastRoundTripUs = found.leastRoundTripUs;
            record.congestionWindow = found.congestionWindow;
            record.retransmits = found.retransmits;
            record.localPort = found.localPort;
            record.remotePort = found.remotePort;
            record.servicePort = found.servicePort;
            record.state = found.state;
            record.direction = found.direction;
            if (found.program < m_programs.size() && reportProgram(found.program, sink))
                record.programSlot = found.program;
            reading.connections.push_back(record);
        }
    }
    if (length < 0) {
        reading.connections.clear();
        reading.problem = translate("The kernel's connections cannot be read: %1. Ask again.")
                              .arg(QString::fromLocal8Bit(std::strerror(errno)));
    }
    close(file);
    return reading;
}

bool BpfUsageSource::reportProgram(quint32 slot, CounterSink &sink)
{
    const nt_program &program = m_programs[slot];
    const quint32 generation = loadOnce(program.generation);
    if (m_programReported[slot] == generation + 1)
        return true;
    if (slot != NT_OVERFLOW_INDEX && !loadOnce(program.ready))
        return false;

    ProgramRecord record;
    record.slot = slot;
    record.pid = program.key.tgid;
    record.startNs = program.key.startNs;
    record.execId = program.key.execId;
    record.cgroupId = program.cgroupId;
    record.endedNs = loadOnce(program.endedNs);
    record.uid = program.uid;
    record.pidNs = program.pidNs;
    record.netNs = program.netNs;
    record.isKernel = program.isKernel;
    record.comm = QByteArray(program.comm, qsizetype(strnlen(program.comm, sizeof program.comm)));
    const quint32 pathLength = qMin<quint32>(program.pathLen, NT_PATH_LEN);
    record.path = QByteArray(program.path + (NT_PATH_LEN - pathLength), pathLength);
    m_programReported[slot] = generation + 1;
    if (slot != NT_OVERFLOW_INDEX && !record.endedNs)
        m_running.push_back(slot);
    sink.program(record);
    return true;
}

void BpfUsageSource::read(CounterSink &sink)
{
    const auto countersOf = [](const nt_row &row) {
        return Seen{loadOnce(row.rxPayloadBytes),    loadOnce(row.txPayloadBytes),
                    loadOnce(row.packets.rxPackets), loadOnce(row.packets.txPackets),
                    loadOnce(row.openSockets),       loadOnce(row.retransmits)};
    };
    m_recycler.begin();
    const quint32 rowsInUse = qMin(loadOnce(m_control[0].nextRow), m_rows.size());
    for (quint32 slot = 0; slot < rowsInUse; ++slot) {
        const nt_row &row = m_rows[slot];
        // A gauge may have changed though as many packets as before are in it.
        if (countersOf(row) == m_seen[slot] && row.key.program != NT_PENDING_PROGRAM)
            continue;
        // A row made this very moment waits for the next reading, whole. The overflow row never is. One that
        // was free still has what it counted for another until it is used: only what is read of it in use
        // counts.
        const quint32 generation = loadOnce(row.generation);
        const Seen now = countersOf(row);
        const bool isInUse = slot == NT_OVERFLOW_INDEX || generation % 2 == 1 || m_recycler.isRetired(slot);
        const bool hasProgram = row.key.program < m_programs.size();
        if (!isInUse || (hasProgram && !reportProgram(row.key.program, sink)))
            continue;
        m_seen[slot] = now;
        m_recycler.rowReported(slot);

        FlowRecord record;
        record.slot = slot;
        record.generation = m_recycler.isRetired(slot) ? generation - 1 : generation;
        record.programSlot = row.key.program;
        std::memcpy(record.remote.data(), row.key.remote, record.remote.size());
        record.ifindex = row.key.ifindex;
        record.netNs = row.key.netNs;
        record.servicePort = row.key.servicePort;
        record.protocol = row.key.protocol;
        record.direction = row.key.direction;
        record.rxPayloadBytes = now.rxPayloadBytes;
        record.txPayloadBytes = now.txPayloadBytes;
        // The kernel adds a packet's bytes before the packet: these are of no fewer than were compared.
        record.packets = {loadOnce(row.packets.rxIpBytes),
                          loadOnce(row.packets.txIpBytes),
                          now.rxPackets,
                          now.txPackets,
                          loadOnce(row.packets.rxSegmentHeaderBytes),
                          loadOnce(row.packets.txSegmentHeaderBytes),
                          loadOnce(row.packets.rxMoreSegments),
                          loadOnce(row.packets.txMoreSegments)};
        record.retransmits = now.retransmits;
        record.openSockets = now.openSockets;
        sink.flow(record);
    }

    // After the flows: what a program moved before it ended is told before its end.
    std::erase_if(m_running, [&](quint32 slot) {
        const quint64 endedNs = loadOnce(m_programs[slot].endedNs);
        if (!endedNs)
            return false;
        m_programReported[slot] = 0;
        reportProgram(slot, sink);
        return true;
    });
    for (const quint32 slot : m_recycler.end())
        m_seen[slot] = {};
}

QList<InterfaceCounters> BpfUsageSource::interfaces() const
{
    return readInterfaceCounters();
}

QMap<QString, quint64> BpfUsageSource::losses() const
{
    const nt_control &control = m_control[0];
    quint64 skipped = m_audit.skipped();
    for (const int program : m_adoptedPrograms)
        skipped += ProgramInfo::skippedRuns(program);
    bpf_program *program = nullptr;
    bpf_object__for_each_program(program, m_skeleton->obj)
    {
        if (!KernelAudit::isPart(program))
            skipped += ProgramInfo::skippedRuns(bpf_program__fd(program));
    }
    return {
        {QStringLiteral("spilledFlows"), loadOnce(control.spilledFlows)},
        {QStringLiteral("spilledPrograms"), loadOnce(control.spilledPrograms)},
        {QStringLiteral("storageFailures"), loadOnce(control.storageFailures)},
        {QStringLiteral("nameAnswers"), m_names.lost()},
        {QStringLiteral("skippedEvents"), skipped},
    };
}

QMap<QString, quint64> BpfUsageSource::usage() const
{
    const nt_control &control = m_control[0];
    const auto used = [](quint32 next, quint32 capacity, quint64 freed, quint64 reused) {
        return qMin(next, capacity) - 1 - (freed - reused);
    };
    return {
        {QStringLiteral("rowsUsed"),
         used(loadOnce(control.nextRow), m_rows.size(), loadOnce(control.freedRows),
              loadOnce(control.reusedRows))},
        {QStringLiteral("rowsCapacity"), m_rows.size() - 1},
        {QStringLiteral("programsUsed"),
         used(loadOnce(control.nextProgram), m_programs.size(), loadOnce(control.freedPrograms),
              loadOnce(control.reusedPrograms))},
        {QStringLiteral("programsCapacity"), m_programs.size() - 1},
    };
}

} // namespace Nettally
