// SPDX-License-Identifier: MIT
#include "processfolder.h"

#include "boundedfile.h"

#include <QFile>

#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <sys/stat.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qsizetype maxArgumentBytes = 16'384;
constexpr qsizetype maxArguments = 256;
constexpr quint64 nsPerSecond = 1'000'000'000;
/// File systems round the time of a change, and the two clocks are not read at once.
constexpr qint64 clockMarginNs = 2 * qint64(nsPerSecond);

/// Field 22 of stat, in ticks since the boot. The name before may hold any bytes, but its end is the last
/// ")".
std::optional<quint64> startTicks(const QByteArray &stat)
{
    const QList<QByteArray> fields = stat.mid(stat.lastIndexOf(')') + 2).split(' ');
    bool isNumber = false;
    const quint64 ticks = fields.value(19).toULongLong(&isNumber);
    return isNumber ? std::optional(ticks) : std::nullopt;
}

QString linkTarget(const QString &path)
{
    std::array<char, PATH_MAX> target{};
    const ssize_t length = readlink(QFile::encodeName(path).constData(), target.data(), target.size());
    return length <= 0 ? QString() : QFile::decodeName(QByteArray(target.data(), length));
}

qint64 nanosecondsOf(clockid_t clock)
{
    timespec now{};
    clock_gettime(clock, &now);
    return qint64(now.tv_sec) * qint64(nsPerSecond) + now.tv_nsec;
}

} // namespace

QString ProcessFolder::folderOf(const Program &program) const
{
    return m_path + u'/' + QString::number(program.pid);
}

bool ProcessFolder::isAlive(const Program &program) const
{
    if (program.pid == 0 || program.startNs == 0)
        return false;
    const auto stat = readBounded(folderOf(program) + u"/stat"_s, 4096);
    static const auto ticksPerSecond = quint64(sysconf(_SC_CLK_TCK));
    return stat && startTicks(*stat) == program.startNs / (nsPerSecond / ticksPerSecond);
}

std::optional<ProcessFacts> ProcessFolder::read(const Program &program) const
{
    if (!isAlive(program))
        return std::nullopt;
    ProcessFacts facts;
    const QString folder = folderOf(program);
    const QList<QByteArray> groups =
        readBounded(folder + u"/cgroup"_s, 16'384).value_or(QByteArray()).split('\n');
    for (const QByteArray &group : groups) {
        // Of the second version; one seen from a namespace of its own may begin with "/..".
        if (group.startsWith("0::/") && !group.startsWith("0::/.."))
            facts.cgroupPath = QFile::decodeName(group.mid(3));
    }
    if (facts.cgroupPath.endsWith(" (deleted)"_L1))
        facts.cgroupPath.chop(10);
    const QByteArray line = readBounded(folder + u"/cmdline"_s, maxArgumentBytes).value_or(QByteArray());
    // What stands behind the last zero was cut off.
    const QList<QByteArray> words = line.left(line.lastIndexOf('\0')).split('\0');
    if (line.contains('\0'))
        facts.arguments = words.mid(0, maxArguments);
    facts.workingFolder = linkTarget(folder + u"/cwd"_s);
    // The number may have been given away while we read.
    return isAlive(program) ? std::optional(facts) : std::nullopt;
}

ExecutableState ProcessFolder::stateOf(const Program &program, bool isForeign) const
{
    // The helper replaces bytes that are no text: such a path leads elsewhere.
    if (isForeign || !program.executable.startsWith(u'/')
        || program.executable.contains(QChar(QChar::ReplacementCharacter)) || !isAlive(program))
        return ExecutableState::Unknown;
    struct stat inPlace { };
    const bool isThere = stat(QFile::encodeName(program.executable).constData(), &inPlace) == 0;
    if (!isThere && errno != ENOENT && errno != ENOTDIR)
        return ExecutableState::Unknown;

    // One's own processes show the file itself.
    const QString link = folderOf(program) + u"/exe"_s;
    const QString target = linkTarget(link);
    if (!target.isEmpty()) {
        if (target == program.executable + " (deleted)"_L1)
            return isThere ? ExecutableState::Changed : ExecutableState::Missing;
        struct stat running { };
        // With another path it is another image, or seen from elsewhere.
        if (target != program.executable || !isThere
            || stat(QFile::encodeName(link).constData(), &running) != 0)
            return ExecutableState::Unknown;
        return running.st_ino == inPlace.st_ino && running.st_dev == inPlace.st_dev
            ? ExecutableState::Unchanged
            : ExecutableState::Changed;
    }
    if (!isThere)
        return ExecutableState::Missing;
    // The time of a file's contents is the package's; that of its inode is when it was put there.
    const qint64 placedNs = qint64(inPlace.st_ctim.tv_sec) * qint64(nsPerSecond) + inPlace.st_ctim.tv_nsec;
    const qint64 startedNs =
        nanosecondsOf(CLOCK_REALTIME) - (nanosecondsOf(CLOCK_BOOTTIME) - qint64(program.startNs));
    return placedNs > startedNs + clockMarginNs ? ExecutableState::Changed : ExecutableState::Unchanged;
}

quint32 ProcessFolder::ownPidNamespace() const
{
    // "pid:[4026531836]"
    const QString name = linkTarget(m_path + u"/self/ns/pid"_s);
    return name.section(u'[', 1).section(u']', 0, 0).toUInt();
}

} // namespace Nettally
