// SPDX-License-Identifier: MIT
#include "journaloptions.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr qint64 beginUtcS = 1'800'000'000; // a whole minute
const QByteArray machine(16, 'm');
const QByteArray boot(16, 'b');
constexpr quint64 madeNs = 1000;
constexpr quint64 sinceNs = 2000;
constexpr size_t everything = 1'000'000;
constexpr int longMs = 60'000;

JournalFlow flow(int minute, int remote, quint64 bytes)
{
    JournalFlow flow;
    flow.minuteUtcS = beginUtcS + 60 * minute;
    flow.program = {QStringLiteral("curl%1").arg(remote % 3), QStringLiteral("/usr/bin/curl"), 1000,
                    QStringLiteral("/user.slice"), ProcessKind::Program};
    flow.remote[10] = flow.remote[11] = 0xff;
    flow.remote[15] = quint8(remote);
    flow.remote[14] = quint8(remote >> 8);
    flow.protocol = 6;
    flow.servicePort = 443;
    flow.direction = 1;
    flow.interfaceName = QStringLiteral("eth0");
    flow.sums = {bytes, bytes / 2, true, bytes + 40, bytes / 2 + 40, 3, 2, 1};
    return flow;
}

Seal seal(int minute, int flows = 2)
{
    Seal seal;
    seal.records.emplace_back(
        std::in_place_type<JournalGap>,
        JournalGap{beginUtcS + 60 * minute, beginUtcS + 60 * minute + 5, JournalGapReason::Suspended});
    for (int i = 0; i < flows; ++i) {
        seal.records.emplace_back(std::in_place_type<JournalFlow>, flow(minute, i, quint64(1000 + i)));
        seal.changed.rows.push_back(
            {quint32(i + 1), 1, {quint64(1000 * (minute + 1) + i), 0, 0, 0, 0, 0, 0}});
    }
    seal.records.emplace_back(
        std::in_place_type<JournalInterface>,
        JournalInterface{beginUtcS + 60 * minute, QStringLiteral("eth0"), 5000, 4000, -7, 12});
    seal.changed.interfaces.push_back({2, quint64(5000 * (minute + 1)), 4000});
    seal.endUtcMs = (beginUtcS + 60 * (minute + 1)) * 1000;
    return seal;
}

std::vector<JournalRecord> recordsOf(std::initializer_list<int> minutes, int flows = 2)
{
    std::vector<JournalRecord> records;
    for (const int minute : minutes) {
        const Seal one = seal(minute, flows);
        records.insert(records.end(), one.records.begin(), one.records.end());
    }
    return records;
}

/// What it was up to @p minute, in the order of slots.
std::vector<Checkpoint::Row> rowsAfter(int minute)
{
    return seal(minute).changed.rows;
}

std::vector<Checkpoint::Row> sorted(std::vector<Checkpoint::Row> rows)
{
    std::sort(rows.begin(), rows.end(), [](const auto &a, const auto &b) { return a.slot < b.slot; });
    return rows;
}

JournalFolder folderAt(const QString &path)
{
    JournalFolder folder;
    const QString problem = folder.open(path, geteuid(), getegid());
    if (!problem.isEmpty())
        QTest::qFail(qPrintable(problem), __FILE__, __LINE__);
    return folder;
}

std::unique_ptr<Journal> openAt(const QString &path, const Journal::Options &options = {})
{
    auto journal = std::make_unique<Journal>(folderAt(path), options);
    const QString problem = journal->open({machine, boot, madeNs, beginUtcS});
    if (!problem.isEmpty())
        QTest::qFail(qPrintable(problem), __FILE__, __LINE__);
    return journal;
}

std::vector<JournalRecord> all(const Journal &journal)
{
    return journal.read(journal.id(), 0, everything, longMs).records;
}

QStringList segmentsIn(const QString &path)
{
    return QDir(path).entryList({QStringLiteral("*.journal")}, QDir::Files, QDir::Name);
}

QByteArray contents(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void replace(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly | QIODevice::Truncate) || file.write(bytes) != bytes.size())
        QTest::qFail("cannot write", __FILE__, __LINE__);
}

class SmallDisk {
public:
    explicit SmallDisk(const QString &path, const char *options = "size=256k,mode=0700")
        : m_path(QFile::encodeName(path))
        , m_options(options)
        , m_isMounted(mount("tmpfs", m_path.constData(), "tmpfs", 0, options) == 0)
    {
    }
    ~SmallDisk()
    {
        if (m_isMounted)
            umount(m_path.constData());
    }
    Q_DISABLE_COPY_MOVE(SmallDisk)
    bool isMounted() const { return m_isMounted; }
    bool setReadOnly(bool on)
    {
        return mount(nullptr, m_path.constData(), nullptr, on ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT,
                     m_options)
            == 0;
    }

private:
    QByteArray m_path;
    const char *m_options;
    bool m_isMounted;
};

} // namespace

class JournalTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void crcIsTheStandardOne();
    void goesOnWhereItEnded();
    void readsInSlices();
    void writesInItsThread();
    void tailIsCutAtEveryByte();
    void flippedByteCostsItsRecordAlone();
    void flippedHeaderPutsSegmentAside();
    void otherMachineBeginsAnew();
    void sizeIsBounded();
    void ageIsBounded();
    void strangeCursorsRestart();
    void numbersNeverComeAgain();
    void fullDiskLosesNothing();
    void readOnlyDiskLosesNothing();
    void pendingIsFolded();
    void oneWriterAtATime();
    void openFolderIsRefused();
    void killBetweenWritesCountsOnce();
    void checkpointIsOfItsInstance();
    void checkpointsStayShort();
    void settingsAreRead();
    void wrongSettingsAreNamed_data();
    void wrongSettingsAreNamed();

private:
    QString path() const { return m_dir->path(); }
    QString segmentPath() const { return m_dir->filePath(segmentsIn(path()).constLast()); }

    std::unique_ptr<QTemporaryDir> m_dir;
};

void JournalTest::init()
{
    // In memory where there is such a folder: each seal is waited for until the disk has it.
    const QString memory = QStringLiteral("/dev/shm");
    m_dir = std::make_unique<QTemporaryDir>((QDir(memory).exists() ? memory : QDir::tempPath())
                                            + QStringLiteral("/tst_journal-XXXXXX"));
    QVERIFY(m_dir->isValid());
}

void JournalTest::crcIsTheStandardOne()
{
    QCOMPARE(JournalFormat::crc32c("123456789"), 0xe3069283u); // RFC 3720's check value
}

void JournalTest::goesOnWhereItEnded()
{
    auto journal = openAt(path());
    const QByteArray id = journal->id();
    QCOMPARE(id.size(), 16);
    QVERIFY(!journal->endUtcMs());
    journal->append(seal(0));
    journal->append(seal(1));
    QVERIFY(all(*journal) == recordsOf({0, 1}));
    const quint64 last = journal->lastNumber();
    journal.reset();

    struct stat status { };
    QCOMPARE(stat(QFile::encodeName(segmentPath()).constData(), &status), 0);
    QCOMPARE(status.st_mode & 0777u, 0600u);
    journal = openAt(path());
    QCOMPARE(journal->id(), id);
    QCOMPARE(journal->lastNumber(), last);
    QCOMPARE(*journal->endUtcMs(), (beginUtcS + 120) * 1000);
    QCOMPARE(journal->notice(), QString());
    QVERIFY(all(*journal) == recordsOf({0, 1}));
    journal->append(seal(2));
    const Journal::Slice slice = journal->read(id, last, everything, longMs);
    QVERIFY(slice.records == recordsOf({2}) && !slice.more && !slice.isRestarted);
    QCOMPARE(slice.last, journal->lastNumber());
    QCOMPARE(segmentsIn(path()).size(), 1);
}

void JournalTest::readsInSlices()
{
    // Segments of 4 KiB: slices begin and end within them and at their ends.
    auto journal = openAt(path(), {.maxBytes = 256 * 1024, .maxAgeS = 35 * 86400});
    std::vector<JournalRecord> written;
    for (int minute = 0; minute < 40; ++minute) {
        Seal one = seal(minute, 20);
        written.insert(written.end(), one.records.begin(), one.records.end());
        journal->append(std::move(one));
        // Its numbers go on higher, so that they do not tell where the next segment begins.
        if (minute % 3 == 0) {
            journal.reset();
            journal = openAt(path(), {.maxBytes = 256 * 1024, .maxAgeS = 35 * 86400});
        }
    }
    QVERIFY(segmentsIn(path()).size() > 5);
    for (const size_t limit : {1, 7, 22, 1000}) {
        std::vector<JournalRecord> read;
        Journal::Slice slice;
        do {
            slice = journal->read(journal->id(), slice.last, limit, longMs);
            QVERIFY(slice.records.size() <= limit);
            read.insert(read.end(), slice.records.begin(), slice.records.end());
        } while (slice.more);
        QVERIFY(read == written);
        QCOMPARE(slice.last, journal->lastNumber());
    }
    // Without time it still goes on, each step one forward.
    std::vector<JournalRecord> read;
    Journal::Slice slice;
    do {
        const quint64 before = slice.last;
        slice = journal->read(journal->id(), slice.last, everything, 0);
        QVERIFY(slice.last > before);
        read.insert(read.end(), slice.records.begin(), slice.records.end());
    } while (slice.more);
    QVERIFY(read == written);
}

void JournalTest::writesInItsThread()
{
    auto journal = openAt(path());
    journal->start();
    for (int minute = 0; minute < 5; ++minute)
        journal->append(seal(minute));
    journal->flush();
    QVERIFY(all(*journal) == recordsOf({0, 1, 2, 3, 4}));
    journal->append(seal(5));
    QTRY_COMPARE(journal->pendingRecords(), size_t(0));
    journal.reset();
    QVERIFY(all(*openAt(path())) == recordsOf({0, 1, 2, 3, 4, 5}));
}

void JournalTest::tailIsCutAtEveryByte()
{
    auto journal = openAt(path());
    journal->append(seal(0));
    const QString file = segmentPath();
    const qsizetype end = contents(file).size();
    journal->append(seal(1));
    journal.reset();
    const QByteArray whole = contents(file);
    for (qsizetype size = whole.size() - 1; size > end; --size) {
        replace(file, whole.first(size));
        journal = openAt(path());
        QVERIFY2(!journal->notice().isEmpty(), qPrintable(QString::number(size)));
        QVERIFY(all(*journal) == recordsOf({0}));
        journal->append(seal(2));
        journal.reset();
        QVERIFY(all(*openAt(path())) == recordsOf({0, 2}));
    }
    // As if nothing more had been begun.
    replace(file, whole.first(end));
    QCOMPARE(openAt(path())->notice(), QString());
}

void JournalTest::flippedByteCostsItsRecordAlone()
{
    auto journal = openAt(path());
    for (const int minute : {0, 1, 2})
        journal->append(seal(minute));
    journal.reset();
    const QString file = segmentPath();
    const QByteArray whole = contents(file);
    const std::vector<JournalRecord> written = recordsOf({0, 1, 2});
    const auto isSame = [](JournalRecord read, const JournalRecord &original) {
        auto *flow = std::get_if<JournalFlow>(&read);
        const auto *before = std::get_if<JournalFlow>(&original);
        // Its program's or interface's name may have been hit.
        if (flow && before && flow->program.kind == ProcessKind::Overflow)
            flow->program = before->program;
        if (flow && before && flow->interfaceName.isEmpty())
            flow->interfaceName = before->interfaceName;
        return read == original;
    };
    for (qsizetype at = JournalFormat::headerBytes; at < whole.size(); ++at) {
        QByteArray damaged = whole;
        damaged[at] = char(damaged[at] ^ (1 << at % 8));
        replace(file, damaged);
        journal.reset();
        journal = openAt(path());
        QVERIFY2(!journal->notice().isEmpty(), qPrintable(QString::number(at)));
        const std::vector<JournalRecord> read = all(*journal);
        // What is read was written, in its order. Of the last seal, all may be gone with its end.
        size_t missing = 0;
        size_t next = 0;
        for (const JournalRecord &original : written) {
            if (next < read.size() && isSame(read[next], original))
                ++next;
            else
                ++missing;
        }
        QCOMPARE(next, read.size());
        // The name of the interface is named once, and counters without it are nobody's.
        const size_t most = at < JournalFormat::headerBytes + 400 ? 3 : 4;
        QVERIFY2(missing <= most, qPrintable(QStringLiteral("%1: %2").arg(at).arg(missing)));
    }
}

void JournalTest::flippedHeaderPutsSegmentAside()
{
    auto journal = openAt(path());
    const QByteArray id = journal->id();
    journal->append(seal(0));
    journal.reset();
    const QString file = segmentPath();
    const QByteArray whole = contents(file);
    for (qsizetype at = 0; at < JournalFormat::headerBytes; ++at) {
        QByteArray damaged = whole;
        damaged[at] = char(damaged[at] ^ (1 << at % 8));
        replace(file, damaged);
        journal.reset();
        journal = openAt(path());
        QVERIFY(journal->id() != id && !journal->notice().isEmpty());
        QVERIFY(all(*journal).empty());
        journal.reset();
        QCOMPARE(contents(file + QStringLiteral(".aside")), damaged);
        QVERIFY(QFile::remove(file));
    }
}

void JournalTest::otherMachineBeginsAnew()
{
    auto journal = openAt(path());
    const QByteArray id = journal->id();
    journal->append(seal(0));
    journal.reset();
    journal = std::make_unique<Journal>(folderAt(path()), Journal::Options());
    QCOMPARE(journal->open({QByteArray(16, 'n'), boot, madeNs, beginUtcS}), QString());
    QVERIFY(journal->id() != id);
    QVERIFY(all(*journal).empty());
    const Journal::Slice slice = journal->read(id, 1, everything, longMs);
    QVERIFY(slice.isRestarted && slice.records.empty());
}

void JournalTest::sizeIsBounded()
{
    const Journal::Options options{.maxBytes = 64 * 1024, .maxAgeS = 35 * 86400};
    auto journal = openAt(path(), options);
    for (int minute = 0; minute < 300; ++minute) {
        journal->append(seal(minute, 20));
        QVERIFY(journal->bytes() <= options.maxBytes);
    }
    qint64 onDisk = 0;
    for (const QString &name : segmentsIn(path()))
        onDisk += QFile(m_dir->filePath(name)).size();
    QCOMPARE(onDisk, journal->bytes());
    // Nearly full with the newest, whole minutes of them.
    QVERIFY(onDisk > options.maxBytes * 3 / 4);
    const std::vector<JournalRecord> read = all(*journal);
    const auto minutes = int(read.size() / 22);
    QCOMPARE(read.size(), size_t(minutes) * 22);
    std::vector<JournalRecord> newest;
    for (int minute = 300 - minutes; minute < 300; ++minute) {
        const Seal one = seal(minute, 20);
        newest.insert(newest.end(), one.records.begin(), one.records.end());
    }
    QVERIFY(read == newest);
    // Who asks on from what is gone gets what is left, and is not told to begin again.
    const Journal::Slice slice = journal->read(journal->id(), 1, everything, longMs);
    QVERIFY(slice.records == newest && !slice.isRestarted);
}

void JournalTest::ageIsBounded()
{
    const Journal::Options options{.maxBytes = 64 << 20, .maxAgeS = 35 * 3600};
    auto journal = openAt(path(), options);
    constexpr int minutes = 100 * 60;
    for (int minute = 0; minute < minutes; minute += 10)
        journal->append(seal(minute));
    const std::vector<JournalRecord> read = all(*journal);
    const auto oldest = std::get<JournalGap>(read.front()).beginUtcS;
    // A segment is of an hour here.
    QVERIFY(oldest <= beginUtcS + 60 * minutes - 35 * 3600);
    QVERIFY(oldest >= beginUtcS + 60 * minutes - 37 * 3600 - 600);
}

void JournalTest::strangeCursorsRestart()
{
    auto journal = openAt(path());
    journal->append(seal(0));
    for (const QByteArray &id : {QByteArray(), QByteArray(16, '\0'), QByteArray(1000, 'x')}) {
        const Journal::Slice slice = journal->read(id, journal->lastNumber(), everything, longMs);
        QVERIFY(slice.isRestarted && slice.records == recordsOf({0}));
    }
    for (const quint64 after :
         {journal->lastNumber() + 1, quint64(1) << 63, std::numeric_limits<quint64>::max()}) {
        const Journal::Slice slice = journal->read(journal->id(), after, everything, longMs);
        QVERIFY(slice.isRestarted && slice.records == recordsOf({0}));
        QCOMPARE(slice.last, journal->lastNumber());
    }
    QVERIFY(!journal->read(journal->id(), 0, everything, longMs).isRestarted);
    QVERIFY(journal->read(journal->id(), journal->lastNumber(), everything, longMs).records.empty());
    QVERIFY(journal->read(journal->id(), 0, 1, longMs).more);
}

void JournalTest::numbersNeverComeAgain()
{
    auto journal = openAt(path());
    journal->append(seal(0));
    journal.reset();
    const QString file = segmentPath();
    const QByteArray before = contents(file);
    journal = openAt(path());
    journal->append(seal(1));
    const quint64 told = journal->lastNumber();
    journal.reset();
    // Put back from a copy, it goes on later.
    replace(file, before);
    journal = openAt(path());
    journal->append(seal(3));
    const Journal::Slice slice = journal->read(journal->id(), told, everything, longMs);
    QVERIFY(!slice.isRestarted && slice.records == recordsOf({3}));
}

void JournalTest::fullDiskLosesNothing()
{
    if (geteuid() != 0)
        QSKIP("mounting a small disk takes root");
    SmallDisk disk(path());
    QVERIFY(disk.isMounted());
    auto journal = openAt(path());
    QVERIFY(journal->baseline(sinceNs).has_value());
    journal->append(seal(0));
    QFile filler(m_dir->filePath(QStringLiteral("filler")));
    QVERIFY(filler.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
    while (filler.write(QByteArray(4096, 'x')) == 4096) { }
    // What is left of a page of each file is used up on the way.
    int minutes = 1;
    for (; journal->problem().isEmpty(); ++minutes)
        journal->append(seal(minutes));
    QVERIFY2(journal->problem().contains(QLatin1String("free some space")), qPrintable(journal->problem()));
    journal->append(seal(minutes++));
    QVERIFY(journal->pendingRecords() > 0);
    QVERIFY(filler.resize(0));
    journal->append(seal(minutes++));
    QCOMPARE(journal->problem(), QString());
    QCOMPARE(journal->pendingRecords(), size_t(0));
    std::vector<JournalRecord> written;
    for (int minute = 0; minute < minutes; ++minute) {
        const Seal one = seal(minute);
        written.insert(written.end(), one.records.begin(), one.records.end());
    }
    QVERIFY(all(*journal) == written);
    journal.reset();
    journal = openAt(path());
    QVERIFY(all(*journal) == written);
    QVERIFY(sorted(journal->baseline(sinceNs)->rows) == rowsAfter(minutes - 1));
    journal.reset();
}

void JournalTest::readOnlyDiskLosesNothing()
{
    if (geteuid() != 0)
        QSKIP("mounting a small disk takes root");
    SmallDisk disk(path());
    QVERIFY(disk.isMounted());
    auto journal = openAt(path());
    journal->append(seal(0));
    QVERIFY(disk.setReadOnly(true));
    journal->append(seal(1));
    QVERIFY2(journal->problem().contains(QLatin1String("cannot be written")), qPrintable(journal->problem()));
    QVERIFY(all(*journal) == recordsOf({0}));
    QVERIFY(disk.setReadOnly(false));
    journal->append(seal(2));
    QCOMPARE(journal->problem(), QString());
    QVERIFY(all(*journal) == recordsOf({0, 1, 2}));
    journal.reset();
}

void JournalTest::pendingIsFolded()
{
    if (geteuid() != 0)
        QSKIP("mounting a small disk takes root");
    SmallDisk disk(path(), "size=16m,mode=0700");
    QVERIFY(disk.isMounted());
    auto journal = openAt(path());
    QVERIFY(disk.setReadOnly(true));
    constexpr int flows = 1000;
    constexpr int minutes = 120;
    for (int minute = 0; minute < minutes; ++minute) {
        journal->append(seal(minute, flows));
        QVERIFY(journal->pendingRecords() <= Journal::maxPendingRecords);
    }
    QVERIFY(disk.setReadOnly(false));
    journal->flush();
    quint64 sum = 0;
    quint64 written = 0;
    for (int i = 0; i < flows; ++i)
        written += quint64(1000 + i) * minutes;
    qint64 remainder = 0;
    for (const JournalRecord &record : all(*journal)) {
        if (const auto *one = std::get_if<JournalFlow>(&record))
            sum += one->sums.rxPayloadBytes;
        else if (const auto *counters = std::get_if<JournalInterface>(&record))
            remainder += counters->rxRemainderBytes;
    }
    QCOMPARE(sum, written);
    QCOMPARE(remainder, qint64(-7 * minutes));
    journal.reset();
}

void JournalTest::oneWriterAtATime()
{
    const auto journal = openAt(path());
    Journal other(folderAt(path()), Journal::Options());
    const QString problem = other.open({machine, boot, madeNs, beginUtcS});
    QVERIFY2(problem.contains(QLatin1String("Another helper")), qPrintable(problem));
}

void JournalTest::openFolderIsRefused()
{
    QVERIFY(chmod(QFile::encodeName(path()).constData(), 0755) == 0);
    JournalFolder folder;
    QVERIFY(!folder.open(path(), geteuid(), getegid()).isEmpty());
    JournalFolder made;
    const QString below = m_dir->filePath(QStringLiteral("new"));
    QCOMPARE(made.open(below, geteuid(), getegid()), QString());
    struct stat status { };
    QCOMPARE(stat(QFile::encodeName(below).constData(), &status), 0);
    QCOMPARE(status.st_mode & 0777u, 0700u);
    JournalFolder others;
    QVERIFY(!others.open(below, geteuid() + 1, getegid()).isEmpty());
}

/// A kill leaves any beginning of what was being written: first the checkpoint, then the seal.
void JournalTest::killBetweenWritesCountsOnce()
{
    auto journal = openAt(path());
    QVERIFY(journal->baseline(sinceNs).has_value());
    journal->append(seal(0));
    const QString file = segmentPath();
    const QString checkpoints = m_dir->filePath(QStringLiteral("checkpoints"));
    const QByteArray fileBefore = contents(file);
    const QByteArray checkpointsBefore = contents(checkpoints);
    journal->append(seal(1));
    journal.reset();
    const QByteArray fileAfter = contents(file);
    const QByteArray checkpointsAfter = contents(checkpoints);
    QVERIFY(fileAfter.startsWith(fileBefore) && checkpointsAfter.startsWith(checkpointsBefore));

    const auto check = [&](const QByteArray &segment, const QByteArray &checkpoint, int minute) {
        replace(file, segment);
        replace(checkpoints, checkpoint);
        auto reopened = openAt(path());
        QVERIFY(all(*reopened).size() == recordsOf({0}).size() * size_t(minute + 1));
        const std::optional<Checkpoint> found = reopened->baseline(sinceNs);
        QVERIFY(found.has_value());
        QVERIFY(sorted(found->rows) == rowsAfter(minute));
        QVERIFY(found->interfaces == seal(minute).changed.interfaces);
        // And on from there.
        reopened->append(seal(2));
        reopened.reset();
        reopened = openAt(path());
        QVERIFY(sorted(reopened->baseline(sinceNs)->rows) == rowsAfter(2));
    };
    for (qsizetype size = checkpointsBefore.size(); size <= checkpointsAfter.size(); ++size)
        check(fileBefore, checkpointsAfter.first(size), 0);
    for (qsizetype size = fileBefore.size(); size < fileAfter.size(); ++size)
        check(fileAfter.first(size), checkpointsAfter, 0);
    check(fileAfter, checkpointsAfter, 1);
}

void JournalTest::checkpointIsOfItsInstance()
{
    auto journal = openAt(path());
    QVERIFY(journal->baseline(sinceNs).has_value());
    journal->append(seal(0));
    journal.reset();
    // Counting that began anew begins at zero.
    journal = openAt(path());
    QVERIFY(journal->baseline(sinceNs + 1)->rows.empty());
    journal.reset();
    // Of what was counted before there was a journal nothing is known.
    journal = openAt(path());
    QVERIFY(!journal->baseline(madeNs - 1).has_value());
    journal.reset();
    journal = std::make_unique<Journal>(folderAt(path()), Journal::Options());
    QCOMPARE(journal->open({machine, QByteArray(16, 'c'), 1, beginUtcS}), QString());
    QVERIFY(journal->baseline(madeNs - 1)->rows.empty());
}

void JournalTest::checkpointsStayShort()
{
    auto journal = openAt(path());
    QVERIFY(journal->baseline(sinceNs).has_value());
    Checkpoint last;
    journal->setWholeCheckpoint([&last] { return last; });
    for (int minute = 0; minute < 600; ++minute) {
        last = seal(minute, 200).changed;
        journal->append(seal(minute, 200));
    }
    QVERIFY(QFile(m_dir->filePath(QStringLiteral("checkpoints"))).size() < 400'000);
    journal.reset();
    journal = openAt(path());
    QVERIFY(sorted(journal->baseline(sinceNs)->rows) == last.rows);
}

void JournalTest::settingsAreRead()
{
    const QString file = m_dir->filePath(QStringLiteral("helper.conf"));
    QStringList problems;
    QCOMPARE(readJournalOptions(file, &problems).maxBytes, 64 << 20);
    replace(file, "# a comment\n\n journal-max-mib=128 # more\njournal-max-days = 7\n");
    const Journal::Options options = readJournalOptions(file, &problems);
    QCOMPARE(options.maxBytes, 128 << 20);
    QCOMPARE(options.maxAgeS, 7 * 86400);
    QCOMPARE(problems, QStringList());
}

void JournalTest::wrongSettingsAreNamed_data()
{
    QTest::addColumn<QByteArray>("line");
    for (const char *line : {"journal-max-mib = 3", "journal-max-mib = 1048577", "journal-max-mib = many",
                             "journal-max-mib", "journal-max-days = 0", "journal-max-days = -1", "days = 5"})
        QTest::newRow(line) << QByteArray(line);
}

void JournalTest::wrongSettingsAreNamed()
{
    QFETCH(QByteArray, line);
    const QString file = m_dir->filePath(QStringLiteral("helper.conf"));
    replace(file, "\n" + line + "\n");
    QStringList problems;
    const Journal::Options options = readJournalOptions(file, &problems);
    QCOMPARE(options.maxBytes, 64 << 20);
    QCOMPARE(options.maxAgeS, 35 * 86400);
    QCOMPARE(problems.size(), 1);
    QVERIFY2(problems[0].contains(QLatin1String("line 2")), qPrintable(problems[0]));
}

QTEST_GUILESS_MAIN(JournalTest)
#include "tst_journal.moc"
