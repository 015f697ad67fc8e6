// SPDX-License-Identifier: MIT
#include "historystore.h"
#include "historytest.h"

#include <QFile>
#include <QProcess>
#include <QRandomGenerator>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>
#include <QTextStream>

#include <algorithm>

using namespace Nettally;
using namespace Nettally::HistoryTest;

class TestHistoryDurability : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_directory = std::make_unique<QTemporaryDir>();
        QVERIFY(m_directory->isValid());
        m_path = m_directory->filePath(QStringLiteral("history.db"));
    }
    void cleanup() { m_directory.reset(); }

    void survivesCutsOfTheLog();
    void survivesKills();

private:
    std::unique_ptr<QTemporaryDir> m_directory;
    QString m_path;
};

/// As power loss leaves it: the log ends anywhere in the last two transactions.
void TestHistoryDurability::survivesCutsOfTheLog()
{
    {
        // Small pages, so that every byte can be tried.
        QSqlDatabase raw = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("raw"));
        raw.setDatabaseName(m_path);
        QVERIFY(raw.open());
        QSqlQuery query(raw);
        QVERIFY(query.exec(QStringLiteral("PRAGMA page_size = 512")));
        QVERIFY(query.exec(QStringLiteral("VACUUM")));
    }
    QSqlDatabase::removeDatabase(QStringLiteral("raw"));
    const auto small = [](quint64 number) {
        HistoryBatch batch = numberedBatch(number);
        batch.records.resize(2);
        return batch;
    };
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path);
        QVERIFY(database);
        QVERIFY(database->apply(small(1)));
        QVERIFY(database->vacuum()); // empties the log
    }
    const QByteArray base = [&] {
        QFile file(m_path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }();
    QByteArray log;
    {
        const std::unique_ptr<HistoryDatabase> database = opened(m_path);
        QVERIFY(database);
        QVERIFY(database->apply(small(2)));
        QVERIFY(database->apply(small(3)));
        QFile file(m_path + QStringLiteral("-wal"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        log = file.readAll();
    }
    QVERIFY(log.size() > 2000 && log.size() < 60000);
    // In memory where it can be: thousands of files are written.
    const QTemporaryDir memory(QStringLiteral("/dev/shm/nettally-XXXXXX"));
    const QString path = (memory.isValid() ? memory.path() : m_directory->path()) + QStringLiteral("/cut.db");
    const auto put = [](const QString &name, const QByteArray &content) {
        QFile file(name);
        return file.open(QIODevice::WriteOnly | QIODevice::Truncate) && file.write(content) == content.size();
    };
    QSet<quint64> seen;
    for (qsizetype size = 0; size <= log.size(); ++size) {
        QFile::remove(path + QStringLiteral("-shm"));
        QVERIFY(put(path, base));
        QVERIFY(put(path + QStringLiteral("-wal"), log.left(size)));
        const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(path);
        QVERIFY(database->openForReading());
        std::optional<HistoryCursor> cursor;
        QVERIFY(database->readCursor(cursor));
        QVERIFY(cursor);
        // The cursor and what it stands for are stored together or not at all.
        const QString expected = QStringLiteral("|%1|").arg(cursor->number * (cursor->number + 1));
        for (const Level level : allLevels) {
            QVERIFY2(sumOf(*database, level).contains(expected), qPrintable(QString::number(size)));
        }
        if (!seen.contains(cursor->number) || size % 512 == 0) {
            QVERIFY(verdictOf(*database).faults.isEmpty());
        }
        seen.insert(cursor->number);
    }
    QCOMPARE(seen, QSet<quint64>({1, 2, 3}));
}

/// A hundred recorders die at random moments; whoever comes next goes on where the database says.
void TestHistoryDurability::survivesKills()
{
    QRandomGenerator random(11);
    quint64 last = 0;
    int advanced = 0;
    // As long as a few batches take; a slow machine, or one under sanitizers, takes longer.
    int longestMs = 60;
    for (int round = 0; round < 100 || advanced <= 50; ++round) {
        QVERIFY(round < 1000);
        QProcess recorder;
        recorder.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--journal"), m_path});
        QVERIFY(recorder.waitForReadyRead(10000));
        QTest::qWait(int(random.bounded(longestMs)));
        recorder.kill();
        QVERIFY(recorder.waitForFinished());

        const std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(m_path);
        QVERIFY(database->openForReading());
        std::optional<HistoryCursor> cursor;
        QVERIFY(database->readCursor(cursor));
        const quint64 number = cursor ? cursor->number : 0;
        QVERIFY(number >= last);
        if (number > last)
            ++advanced;
        else
            longestMs = std::min(longestMs + longestMs / 4, 2000);
        last = number;
        if (number > 0) {
            for (const Level level : allLevels) {
                QVERIFY2(sumOf(*database, level).contains(QStringLiteral("|%1|").arg(numberedSum(number))),
                         qPrintable(QStringLiteral("%1: %2").arg(number).arg(sumOf(*database, level))));
            }
        }
    }
    const std::unique_ptr<HistoryDatabase> database = opened(m_path);
    QVERIFY(database);
    const HistoryVerdict verdict = verdictOf(*database);
    QVERIFY2(verdict.faults.isEmpty(), qPrintable(verdict.faults.join(u'\n')));
    qInfo("100 recorders killed, %d of them after they stored something; %llu batches, each once", advanced,
          last);
}

int main(int argc, char **argv)
{
    QCoreApplication application(argc, argv);
    if (argc == 3 && qstrcmp(argv[1], "--journal") == 0) {
        // Hands in the batches of a journal that never ends, as the app does.
        HistoryStore store(QFile::decodeName(argv[2]));
        const auto next = [&store] {
            const std::optional<HistoryCursor> cursor = store.cursor();
            store.applyBatch(numberedBatch(cursor ? cursor->number + 1 : 1));
        };
        bool isBegun = false;
        QObject::connect(&store, &HistoryStore::stateChanged, &store, [&] {
            if (!isBegun && store.state() == HistoryStore::State::Recording) {
                isBegun = true;
                QTextStream(stdout) << "recording" << Qt::endl;
                next();
            }
        });
        QObject::connect(&store, &HistoryStore::batchApplied, &store, next);
        store.start();
        return QCoreApplication::exec();
    }
    TestHistoryDurability test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_historydurability.moc"
