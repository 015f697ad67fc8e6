// SPDX-License-Identifier: MIT
#include "historystore.h"
#include "pendingrecords.h"

#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QProcess>
#include <QSignalSpy>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QTest>
#include <QTextStream>

#include <algorithm>
#include <memory>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr qint64 someMinute = 29000000; // since 1970; early in 2025

FlowMinute flow(const QString &name, const QString &remote, quint64 rx, quint64 tx, quint8 protocol = 6)
{
    FlowMinute result;
    result.flow.program.name = name;
    result.flow.program.executable = QStringLiteral("/usr/bin/") + name;
    result.flow.program.uid = 1000;
    result.flow.remote = Address::fromString(remote);
    result.flow.protocol = protocol;
    result.sums = {rx, tx, std::nullopt};
    return result;
}

/// As what no journal numbered.
HistoryBatch batch(qint64 minute, QList<FlowMinute> flows)
{
    HistoryBatch result;
    for (FlowMinute &each : flows) {
        each.minuteUtcS = minute * 60;
        result.records.append(each);
    }
    return result;
}

/// The rows of @p sql through a connection of the test's own, columns joined by '|'.
QStringList rowsOf(const QString &path, const QString &sql)
{
    QStringList rows;
    const QString connection = QStringLiteral("test-reader");
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), connection);
        database.setDatabaseName(path);
        if (!database.open()) {
            rows.append(database.lastError().text());
        }
        QSqlQuery query(database);
        if (!query.exec(sql)) {
            rows.append(query.lastError().text());
        }
        while (query.next()) {
            QStringList columns;
            for (int column = 0; query.value(column).isValid(); ++column) {
                columns.append(query.value(column).toString());
            }
            rows.append(columns.join(u'|'));
        }
    }
    QSqlDatabase::removeDatabase(connection);
    return rows;
}

const QString allUsage = QStringLiteral(
    "SELECT p.name, u.start_utc_s / 60, hex(r.address), c.protocol, u.rx_payload_bytes, u.tx_payload_bytes "
    "FROM usage_minute u JOIN program p USING (program_id) JOIN remote r USING (remote_id) "
    "JOIN channel c USING (channel_id) ORDER BY p.name, u.start_utc_s, r.address, c.protocol");

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("unreadable");
}

HistoryAnswer ask(HistoryStore &store, const HistoryQuery &query)
{
    HistoryAnswer result;
    bool answered = false;
    store.query(query, [&](const HistoryAnswer &answer) {
        result = answer;
        answered = true;
    });
    if (!QTest::qWaitFor([&] { return answered; })) {
        result.problem = QStringLiteral("no answer");
    }
    return result;
}

HistoryAnswer ask(HistoryStore &store, qint64 fromMinute, qint64 toMinute)
{
    HistoryQuery query;
    query.fromUtcS = fromMinute * 60;
    query.toUtcS = toMinute * 60;
    return ask(store, query);
}

/// What the program that moved most received.
quint64 received(const HistoryAnswer &answer)
{
    return answer.rows.isEmpty() ? 0 : answer.rows.constFirst().sums.rxPayloadBytes;
}

/// Why this process has no mount namespace of its own; empty when it has.
QString mountProblem;

/// The tests of full and read-only disks mount small file systems where nobody else sees them.
void enterMountNamespace()
{
    const uid_t uid = getuid();
    const gid_t gid = getgid();
    const auto writeTo = [](const char *path, const QByteArray &text) {
        const int file = open(path, O_WRONLY | O_CLOEXEC);
        const bool ok = file >= 0 && write(file, text.constData(), size_t(text.size())) == text.size();
        if (file >= 0) {
            close(file);
        }
        return ok;
    };
    bool ok = unshare(CLONE_NEWNS) == 0;
    if (!ok && unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        ok = writeTo("/proc/self/setgroups", "deny")
            && writeTo("/proc/self/uid_map", "0 " + QByteArray::number(uid) + " 1")
            && writeTo("/proc/self/gid_map", "0 " + QByteArray::number(gid) + " 1");
    }
    ok = ok && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!ok) {
        mountProblem =
            QStringLiteral("This test mounts file systems: run it as root, or where user namespaces are "
                           "allowed.");
    }
}

/// A tmpfs of its own on a folder, gone at the end.
class SmallDisk {
public:
    explicit SmallDisk(const QByteArray &size)
        : m_path(QFile::encodeName(m_directory.path()))
        , m_isMounted(mount("tmpfs", m_path.constData(), "tmpfs", 0, "size=" + size) == 0)
    {
    }
    ~SmallDisk()
    {
        if (m_isMounted) {
            umount2(m_path.constData(), MNT_DETACH);
        }
    }
    Q_DISABLE_COPY_MOVE(SmallDisk)

    bool isMounted() const { return m_isMounted; }
    bool setReadOnly(bool readOnly)
    {
        return mount(nullptr, m_path.constData(), nullptr, MS_REMOUNT | (readOnly ? MS_RDONLY : 0), nullptr)
            == 0;
    }
    QString path(const QString &name) const { return m_directory.filePath(name); }

private:
    QTemporaryDir m_directory;
    QByteArray m_path;
    bool m_isMounted;
};

void fill(const QString &path)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Unbuffered));
    const QByteArray page(4096, 'x');
    while (file.write(page) == page.size()) { }
}

} // namespace

class TestHistoryStore : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_directory->isValid());
        m_path = m_directory->filePath(QStringLiteral("data/nettally/history.db"));
    }
    void cleanup() { m_directory.reset(); }

    void beginsFromNothing();
    void storesWhatWasRecorded();
    void addsWithinAMinute();
    void splitsAtMinutes();
    void writesTheMinuteBefore();
    void writesWhenTheRecordStops();
    void survivesClockStepBack();
    void continuesAfterRestart();
    void answersUsageOfASpan();
    void clampsImpossibleFigures();
    void setsAsideDamage_data();
    void setsAsideDamage();
    void waitsForReadOnlyDisk();
    void waitsForFullDisk();
    void waitsForLock();
    void followsAMovedFile();
    void secondStoreReads();
    void killedRecorderFreesTheHistory();
    void leavesNewerHistory();
    void leavesForeignDatabase();
    void readingCreatesNothing();
    void foldsWithoutLoss();
    void writesTenThousandFacts();

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    QString m_path;
};

void TestHistoryStore::beginsFromNothing()
{
    HistoryStore store(m_path);
    QSignalSpy changed(&store, &HistoryStore::stateChanged);
    QCOMPARE(store.state(), HistoryStore::State::Closed);
    store.start();
    QVERIFY(changed.wait());
    QCOMPARE(store.state(), HistoryStore::State::Recording);
    QCOMPARE(store.problem(), QString());

    QCOMPARE(rowsOf(m_path, QStringLiteral("PRAGMA user_version")), QStringList(QStringLiteral("3")));
    QCOMPARE(rowsOf(m_path, QStringLiteral("PRAGMA journal_mode")), QStringList(QStringLiteral("wal")));
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT version, program_version FROM migration")),
             QStringList({QStringLiteral("1|" NETTALLY_VERSION), QStringLiteral("2|" NETTALLY_VERSION),
                          QStringLiteral("3|" NETTALLY_VERSION)}));
    struct stat status = {};
    QCOMPARE(::stat(QFile::encodeName(m_path).constData(), &status), 0);
    QCOMPARE(int(status.st_mode & 07777), 0600);
    QCOMPARE(::stat(QFile::encodeName(QFileInfo(m_path).path()).constData(), &status), 0);
    QCOMPARE(int(status.st_mode & 07777), 0700);
}

void TestHistoryStore::storesWhatWasRecorded()
{
    HistoryStore store(m_path);
    store.start();
    FlowMinute unnamed;
    unnamed.sums.rxPayloadBytes = 3;
    store.applyBatch(
        batch(someMinute,
              {flow(QStringLiteral("curl"), QStringLiteral("192.0.2.1"), 20000000, 812),
               flow(QStringLiteral("curl"), QStringLiteral("2001:db8::1"), 7, 0, 17),
               flow(QStringLiteral("名字'; DROP TABLE usage_minute; --"), QStringLiteral("192.0.2.1"), 0, 1),
               unnamed}));
    store.flush();
    QCOMPARE(rowsOf(m_path, allUsage),
             QStringList({QStringLiteral("|29000000||0|3|0"),
                          QStringLiteral("curl|29000000|00000000000000000000FFFFC0000201|6|20000000|812"),
                          QStringLiteral("curl|29000000|20010DB8000000000000000000000001|17|7|0"),
                          QStringLiteral("名字'; DROP TABLE usage_minute; --|29000000|"
                                         "00000000000000000000FFFFC0000201|6|0|1")}));
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT executable, uid, kind FROM program WHERE name = 'curl'")),
             QStringList(QStringLiteral("/usr/bin/curl|1000|0")));
}

void TestHistoryStore::addsWithinAMinute()
{
    HistoryStore store(m_path);
    store.start();
    FlowMinute first = flow(QStringLiteral("curl"), QStringLiteral("192.0.2.1"), 10, 1);
    FlowMinute second = flow(QStringLiteral("curl"), QStringLiteral("192.0.2.1"), 5, 2);
    store.applyBatch(batch(someMinute, {first, second}));
    store.flush();
    store.applyBatch(batch(someMinute, {first})); // added by the database
    store.flush();
    QCOMPARE(rowsOf(m_path, allUsage),
             QStringList(QStringLiteral("curl|29000000|00000000000000000000FFFFC0000201|6|25|4")));
}

void TestHistoryStore::splitsAtMinutes()
{
    HistoryStore store(m_path);
    store.start();
    const QList<FlowMinute> one = {flow(QStringLiteral("a"), QString(), 1, 0)};
    store.applyBatch(batch(someMinute - 1, one));
    store.applyBatch(batch(someMinute, one));
    store.applyBatch(batch(someMinute, one));
    store.applyBatch(batch(someMinute + 1, one));
    store.applyBatch(batch(-1, one)); // a clock that was never set
    store.flush();
    QCOMPARE(rowsOf(m_path,
                    QStringLiteral("SELECT start_utc_s / 60, rx_payload_bytes FROM usage_minute ORDER BY 1")),
             QStringList({QStringLiteral("-1|1"), QStringLiteral("28999999|1"), QStringLiteral("29000000|2"),
                          QStringLiteral("29000001|1")}));
}

void TestHistoryStore::writesTheMinuteBefore()
{
    HistoryStore store(m_path);
    store.start();
    QTRY_COMPARE(store.state(), HistoryStore::State::Recording);
    const QList<FlowMinute> one = {flow(QStringLiteral("a"), QString(), 1, 0)};
    store.applyBatch(batch(someMinute, one));
    store.applyBatch(batch(someMinute + 1, one));
    const QString minutes = QStringLiteral("SELECT start_utc_s / 60 FROM usage_minute");
    QTRY_COMPARE(rowsOf(m_path, minutes), QStringList(QStringLiteral("29000000")));
}

void TestHistoryStore::writesWhenTheRecordStops()
{
    HistoryStore store(m_path);
    store.setRetryInterval(std::chrono::milliseconds(100));
    store.start();
    QTRY_COMPARE(store.state(), HistoryStore::State::Recording);
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
    QTRY_COMPARE(rowsOf(m_path, QStringLiteral("SELECT rx_payload_bytes FROM usage_minute")),
                 QStringList(QStringLiteral("1")));
}

void TestHistoryStore::survivesClockStepBack()
{
    HistoryStore store(m_path);
    store.start();
    const QList<FlowMinute> one = {flow(QStringLiteral("a"), QString(), 1, 0)};
    for (const qint64 minute : {someMinute, someMinute + 1, someMinute - 500, someMinute, someMinute + 1}) {
        store.applyBatch(batch(minute, one));
    }
    store.flush();
    QCOMPARE(rowsOf(m_path,
                    QStringLiteral("SELECT start_utc_s / 60, rx_payload_bytes FROM usage_minute ORDER BY 1")),
             QStringList(
                 {QStringLiteral("28999500|1"), QStringLiteral("29000000|2"), QStringLiteral("29000001|2")}));
}

void TestHistoryStore::continuesAfterRestart()
{
    for (int run = 0; run < 3; ++run) {
        HistoryStore store(m_path);
        store.start();
        store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QStringLiteral("192.0.2.1"), 1, 10)}));
        // The destructor writes.
    }
    QCOMPARE(rowsOf(m_path, allUsage),
             QStringList(QStringLiteral("a|29000000|00000000000000000000FFFFC0000201|6|3|30")));
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT count(*) FROM migration")),
             QStringList(QStringLiteral("3")));
}

void TestHistoryStore::answersUsageOfASpan()
{
    HistoryStore store(m_path);
    store.start();
    for (int minute = 0; minute < 4; ++minute) {
        store.applyBatch(batch(someMinute + minute,
                               {flow(QStringLiteral("small"), QStringLiteral("192.0.2.1"), 1, 0),
                                flow(QStringLiteral("big"), QStringLiteral("192.0.2.1"), 5, 100),
                                flow(QStringLiteral("big"), QStringLiteral("192.0.2.2"), 5, 100)}));
    }
    store.flush();
    HistoryQuery query;
    query.fromUtcS = someMinute * 60 + 1;
    query.toUtcS = (someMinute + 3) * 60;
    const HistoryAnswer two = ask(store, query);
    QCOMPARE(two.problem, QString());
    QCOMPARE(two.rows.size(), 2);
    QCOMPARE(two.rows.at(0).program.name, QStringLiteral("big"));
    QCOMPARE(two.rows.at(0).sums, (TrafficSums{20, 400, std::nullopt}));
    QCOMPARE(two.rows.at(1).program.name, QStringLiteral("small"));
    QCOMPARE(two.rows.at(1).program.executable, QStringLiteral("/usr/bin/small"));
    QCOMPARE(two.rows.at(1).program.uid, 1000U);
    QCOMPARE(two.rows.at(1).sums.rxPayloadBytes, 2U);

    QVERIFY(ask(store, 0, someMinute).rows.isEmpty());
}

void TestHistoryStore::clampsImpossibleFigures()
{
    HistoryStore store(m_path);
    store.start();
    const quint64 impossible = std::numeric_limits<quint64>::max();
    for (int time = 0; time < 2; ++time) {
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("moved 18446744073709551615 bytes")));
        store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), impossible, 1)}));
        store.flush();
    }
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT rx_payload_bytes, tx_payload_bytes FROM usage_minute")),
             QStringList(QStringLiteral("18014398509481984|2")));
    QCOMPARE(store.state(), HistoryStore::State::Recording);
}

void TestHistoryStore::setsAsideDamage_data()
{
    QTest::addColumn<qint64>("offset");
    QTest::newRow("no database at all") << qint64(0);
    QTest::newRow("a torn page in the middle") << qint64(-1);
}

void TestHistoryStore::setsAsideDamage()
{
    QFETCH(qint64, offset);
    {
        HistoryStore store(m_path);
        store.start();
        QList<FlowMinute> many;
        for (quint32 i = 0; i < 2000; ++i) {
            many.append(flow(QStringLiteral("p%1").arg(i), QStringLiteral("192.0.2.1"), 1, 1));
        }
        store.applyBatch(batch(someMinute, many));
    }
    {
        QFile file(m_path);
        QVERIFY(file.open(QIODevice::ReadWrite));
        QVERIFY(file.size() > 40000);
        if (offset >= 0) {
            QVERIFY(file.seek(offset));
            file.write(QByteArray(8192, '\x5a'));
        } else {
            // The first half of a page from the past: what a power cut leaves of a page half written.
            const qint64 page = file.size() / 8192 * 4096;
            QVERIFY(file.seek(page));
            file.write(QByteArray(2048, '\0'));
        }
    }
    const QByteArray damaged = contentOf(m_path);

    HistoryStore store(m_path);
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("is damaged")));
    store.start();
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("new"), QStringLiteral("192.0.2.1"), 1, 1)}));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Broken);
    QCOMPARE(rowsOf(m_path,
                    QStringLiteral("SELECT count(*), sum(rx_payload_bytes) FROM usage_minute "
                                   "JOIN program USING (program_id) WHERE name = 'new'")),
             QStringList(QStringLiteral("1|1")));
    // What could be read is not lost, and is right.
    const QStringList saved =
        rowsOf(m_path,
               QStringLiteral(
                   "SELECT count(*) > 1000, min(tx_payload_bytes), max(tx_payload_bytes) FROM usage_minute"));
    QCOMPARE(saved, QStringList(offset >= 0 ? QStringLiteral("0|1|1") : QStringLiteral("1|1|1")));

    const QDir directory = QFileInfo(m_path).dir();
    const QStringList aside = directory.entryList({QStringLiteral("history.db.broken-*")}, QDir::Files);
    QCOMPARE(aside.size(), 1);
    QCOMPARE(contentOf(directory.filePath(aside.first())), damaged);
    QVERIFY(store.problem().contains(aside.first()));
}

void TestHistoryStore::waitsForReadOnlyDisk()
{
    QVERIFY2(mountProblem.isEmpty(), qPrintable(mountProblem));
    SmallDisk disk("4m");
    QVERIFY(disk.isMounted());
    const QString path = disk.path(QStringLiteral("history.db"));
    {
        HistoryStore store(path);
        store.start();
        store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
    }
    QVERIFY(disk.setReadOnly(true));
    HistoryStore store(path);
    store.start();
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 10, 0)}));
    store.applyBatch(batch(someMinute + 1, {flow(QStringLiteral("a"), QString(), 100, 0)}));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::ReadOnly);
    QVERIFY(store.problem().contains(path));
    const HistoryAnswer meanwhile = ask(store, 0, someMinute + 9);
    QCOMPARE(meanwhile.problem, QString());
    QCOMPARE(received(meanwhile), 1U);

    QVERIFY(disk.setReadOnly(false));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Recording);
    QCOMPARE(store.problem(), QString());
    const QString figures =
        QStringLiteral("SELECT start_utc_s / 60, rx_payload_bytes FROM usage_minute ORDER BY 1");
    QCOMPARE(rowsOf(path, figures),
             QStringList({QStringLiteral("29000000|11"), QStringLiteral("29000001|100")}));
}

void TestHistoryStore::waitsForFullDisk()
{
    QVERIFY2(mountProblem.isEmpty(), qPrintable(mountProblem));
    SmallDisk disk("2m");
    QVERIFY(disk.isMounted());
    const QString path = disk.path(QStringLiteral("history.db"));
    const QString filler = disk.path(QStringLiteral("filler"));
    QList<FlowMinute> many;
    for (quint32 i = 0; i < 1000; ++i) {
        many.append(
            flow(QStringLiteral("a"), QStringLiteral("192.0.2.%1").arg(i % 200), 1, 1, quint8(i / 200)));
    }

    // Full from the start, then in the middle of the record.
    fill(filler);
    HistoryStore store(path);
    store.start();
    for (int round = 0; round < 2; ++round) {
        for (int minute = 0; minute < 3; ++minute) {
            store.applyBatch(batch(someMinute + minute, many));
        }
        store.flush();
        QCOMPARE(store.state(), HistoryStore::State::DiskFull);
        QVERIFY(store.problem().contains(path));
        QVERIFY(QFile::remove(filler));
        store.flush();
        QCOMPARE(store.state(), HistoryStore::State::Recording);
        QCOMPARE(rowsOf(path, QStringLiteral("SELECT count(*), sum(rx_payload_bytes) FROM usage_minute")),
                 QStringList(QStringLiteral("3000|%1").arg(3000 * (round + 1))));
        fill(filler);
    }
}

void TestHistoryStore::waitsForLock()
{
    HistoryStore store(m_path);
    store.start();
    store.flush();
    {
        QSqlDatabase other = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("other"));
        other.setDatabaseName(m_path);
        QVERIFY(other.open());
        QSqlQuery query(other);
        QVERIFY(query.exec(QStringLiteral("BEGIN IMMEDIATE")));
        store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
        store.flush();
        QCOMPARE(store.state(), HistoryStore::State::Failed);
        QVERIFY(store.problem().contains(QStringLiteral("locked")));
        QVERIFY(query.exec(QStringLiteral("ROLLBACK")));
    }
    QSqlDatabase::removeDatabase(QStringLiteral("other"));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Recording);
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT rx_payload_bytes FROM usage_minute")),
             QStringList(QStringLiteral("1")));
}

void TestHistoryStore::followsAMovedFile()
{
    HistoryStore store(m_path);
    store.start();
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("old"), QString(), 1, 0)}));
    store.flush();
    QVERIFY(QFile::rename(m_path, m_path + QStringLiteral(".moved")));
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("new"), QString(), 2, 0)}));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Recording);
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT name FROM program")), QStringList(QStringLiteral("new")));
}

void TestHistoryStore::secondStoreReads()
{
    auto first = std::make_unique<HistoryStore>(m_path);
    first->start();
    first->applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
    first->flush();

    HistoryStore second(m_path);
    second.setRetryInterval(std::chrono::milliseconds(100));
    second.start();
    second.flush();
    QCOMPARE(second.state(), HistoryStore::State::Reader);
    QVERIFY(second.problem().contains(QString::number(QCoreApplication::applicationPid())));
    // What it sees, the recorder sees too: not stored twice.
    second.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
    second.flush();
    QCOMPARE(received(ask(second, 0, someMinute + 1)), 1U);

    first.reset();
    QTRY_COMPARE(second.state(), HistoryStore::State::Recording);
    second.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 10, 0)}));
    second.flush();
    QCOMPARE(received(ask(second, 0, someMinute + 1)), 11U);
}

void TestHistoryStore::killedRecorderFreesTheHistory()
{
    QProcess recorder;
    recorder.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--record"), m_path});
    QVERIFY(recorder.waitForReadyRead(10000));
    QCOMPARE(recorder.readAllStandardOutput(), QByteArray("recording\n"));

    HistoryStore store(m_path);
    store.start();
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Reader);
    recorder.kill();
    QVERIFY(recorder.waitForFinished());
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Recording);
    QCOMPARE(received(ask(store, 0, someMinute + 1)), 4711U);
}

void TestHistoryStore::leavesNewerHistory()
{
    {
        HistoryStore store(m_path);
        store.start();
    }
    rowsOf(m_path, QStringLiteral("PRAGMA user_version = 99"));
    const QByteArray before = contentOf(m_path);
    HistoryStore store(m_path);
    store.start();
    store.applyBatch(batch(someMinute, {flow(QStringLiteral("a"), QString(), 1, 0)}));
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Failed);
    QVERIFY(store.problem().contains(QStringLiteral("newer version")));
    QVERIFY(ask(store, 0, 1).problem.contains(QStringLiteral("newer version")));
    QCOMPARE(contentOf(m_path), before);
}

void TestHistoryStore::leavesForeignDatabase()
{
    m_path = m_directory->filePath(QStringLiteral("other.db"));
    rowsOf(m_path, QStringLiteral("CREATE TABLE bookmarks (url TEXT)"));
    const QByteArray before = contentOf(m_path);
    HistoryStore store(m_path);
    store.start();
    store.flush();
    QCOMPARE(store.state(), HistoryStore::State::Failed);
    QVERIFY(store.problem().contains(QStringLiteral("another program")));
    QCOMPARE(contentOf(m_path), before);
}

void TestHistoryStore::readingCreatesNothing()
{
    HistoryStore store(m_path);
    store.start(HistoryStore::Mode::Read);
    const HistoryAnswer result = ask(store, 0, 1);
    QVERIFY(result.problem.contains(m_path));
    QVERIFY(!QFileInfo::exists(QFileInfo(m_path).path()));
}

void TestHistoryStore::foldsWithoutLoss()
{
    PendingRecords pending;
    const auto sum = [&pending] {
        quint64 bytes = 0;
        qsizetype facts = 0;
        for (const auto &[minute, minuteFacts] : pending.minutes()) {
            facts += minuteFacts.size();
            for (const TrafficSums &sums : minuteFacts) {
                bytes += sums.rxPayloadBytes;
            }
        }
        return std::pair(bytes, facts);
    };
    const auto fillUp = [&pending] {
        pending.clear();
        for (qint64 minute = 0; minute < 10; ++minute) {
            for (quint32 i = 0; i < 100; ++i) {
                FlowMinute each =
                    flow(QStringLiteral("p%1").arg(i % 10), QStringLiteral("192.0.2.%1").arg(i), 7, 0);
                each.minuteUtcS = minute;
                pending.add(each);
            }
        }
    };

    fillUp();
    QCOMPARE(pending.flowCount(), 1000);
    QVERIFY(!pending.fold(10, 1000));
    QCOMPARE(pending.flowCount(), 1000);

    QVERIFY(pending.fold(4, 1000)); // minutes 0 to 6 become one
    QCOMPARE(pending.minutes().size(), 4U);
    QCOMPARE(pending.minutes().begin()->first, 6);
    QCOMPARE(sum(), std::pair(quint64(7000), qsizetype(400)));
    QCOMPARE(pending.flowCount(), 400);

    fillUp();
    QVERIFY(pending.fold(10, 950)); // the oldest loses its addresses
    QCOMPARE(pending.minutes().size(), 10U);
    QCOMPARE(sum(), std::pair(quint64(7000), qsizetype(910)));

    fillUp();
    QVERIFY(pending.fold(10, 10)); // everything but programs
    QCOMPARE(sum(), std::pair(quint64(7000), qsizetype(10)));

    fillUp();
    QVERIFY(pending.fold(10, 3)); // not even those
    QCOMPARE(sum(), std::pair(quint64(7000), qsizetype(1)));
    QCOMPARE(pending.flowCount(), 1);
}

void TestHistoryStore::writesTenThousandFacts()
{
    HistoryStore store(m_path);
    store.start();
    store.flush();
    QList<FlowMinute> many;
    for (quint32 i = 0; i < 10000; ++i) {
        many.append(flow(QStringLiteral("p%1").arg(i % 100),
                         QStringLiteral("10.0.%1.%2").arg(i / 250).arg(i % 250), i, 1));
    }
    for (const char *round : {"new addresses", "known addresses"}) {
        const qint64 minute = someMinute + (round[0] == 'k');
        QElapsedTimer timer;
        timer.start();
        store.applyBatch(batch(minute, many));
        store.flush();
        qInfo("10,000 facts in one transaction, %s: %lld ms", round, timer.elapsed());
    }
    QCOMPARE(rowsOf(m_path, QStringLiteral("SELECT count(*), sum(rx_payload_bytes) FROM usage_minute")),
             QStringList(QStringLiteral("20000|%1").arg(2 * 9999 * 5000)));
}

int main(int argc, char **argv)
{
    if (argc == 3 && qstrcmp(argv[1], "--record") == 0) {
        QCoreApplication application(argc, argv);
        HistoryStore store(QFile::decodeName(argv[2]));
        store.start();
        store.applyBatch(batch(someMinute, {flow(QStringLiteral("killed"), QString(), 4711, 0)}));
        store.flush();
        if (store.state() == HistoryStore::State::Recording) {
            QTextStream(stdout) << "recording" << Qt::endl;
        }
        return QCoreApplication::exec();
    }
    enterMountNamespace(); // before Qt makes threads, which a user namespace would not take in
    QCoreApplication application(argc, argv);
    TestHistoryStore test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_historystore.moc"
