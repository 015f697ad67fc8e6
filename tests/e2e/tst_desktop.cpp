// SPDX-License-Identifier: MIT
#include "screen.h"
#include "testbed.h"
#include "testnetwork.h"
#include "testplan.h"
#include "units.h"

#include <QDir>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr qint64 fileSize = 20'000'000;
constexpr char windowTitle[] = "Nettally";
constexpr char applicationName[] = "nettally";
/// The status line once the helper's first push has arrived.
constexpr char live[] = "Measuring all programs";

} // namespace

/// A download, from the first key press to the row in the table and the minute in the history.
class DesktopTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void downloadAppearsWithItsAddressAndBytes();
    void historyHoldsTheDownload();
    void cleanupTestCase();

private:
    std::pair<quint64, quint64> storedBytes();
    bool shows(const QStringList &inOrder);
    /// QTRY_VERIFY counts its rounds, not their time, and reading the screen takes a while.
    bool appears(const QStringList &inOrder)
    {
        const bool appeared = QTest::qWaitFor([&] { return shows(inOrder); }, 15000);
        if (!appeared)
            m_screen.save(QStringLiteral(NETTALLY_ARTEFACTS "/failure.png"));
        return appeared;
    }
    QString wholeScreen()
    {
        return m_screen.names(QString::fromLatin1(applicationName)).join(QStringLiteral(" | "));
    }

    TestNetwork m_network;
    Screen m_screen;
    QTemporaryDir m_served;
    QTemporaryDir m_journal;
    QProcess m_nettally;
    QProcess m_server;
    quint64 m_received = 0;
    quint64 m_sent = 0;
};

void DesktopTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "This test starts the helper: run it as root.");
    QString problem = m_network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    problem = m_screen.start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));

    m_nettally.setProcessEnvironment(m_screen.environment());
    m_nettally.setProcessChannelMode(QProcess::ForwardedChannels);
    m_nettally.start(QStringLiteral(NETTALLY_START),
                     {QStringLiteral("--build-dir"), QStringLiteral(NETTALLY_BUILD_DIR),
                      QStringLiteral("--journal"), m_journal.filePath(QStringLiteral("journal"))});
    QVERIFY(m_nettally.waitForStarted());
    QVERIFY2(appears({QStringLiteral("Overview"), QStringLiteral("Programs"), QLatin1String(live)}),
             qPrintable(wholeScreen()));
}

/// Whether these accessible names stand on the screen in this order.
bool DesktopTest::shows(const QStringList &inOrder)
{
    qsizetype next = 0;
    for (const QString &name : m_screen.names(QString::fromLatin1(applicationName))) {
        if (next < inOrder.size() && name == inOrder.at(next))
            ++next;
    }
    return next == inOrder.size();
}

void DesktopTest::downloadAppearsWithItsAddressAndBytes()
{
    QFile file(m_served.filePath(QStringLiteral("file")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QVERIFY(file.resize(fileSize));
    file.close();
    killWithParent(m_server);
    m_server.setProcessChannelMode(QProcess::MergedChannels);
    m_server.start(QStringLiteral("nsenter"),
                   {QStringLiteral("--net=") + m_network.serverPath(), QStringLiteral("python3"),
                    QStringLiteral("-u"), QStringLiteral("-m"), QStringLiteral("http.server"),
                    QStringLiteral("8000"), QStringLiteral("--directory"), m_served.path()});
    QVERIFY2(m_server.waitForReadyRead(20000), qPrintable(m_server.errorString()));

    // nsenter becomes curl: the pid stays.
    QProcess curl;
    killWithParent(curl);
    curl.start(QStringLiteral("nsenter"),
               {QStringLiteral("--net=") + m_network.clientPath(), QStringLiteral("curl"),
                QStringLiteral("--silent"), QStringLiteral("--output"), QStringLiteral("/dev/null"),
                QStringLiteral("--write-out"),
                QStringLiteral("%{size_header} %{size_download} %{size_request}"),
                QStringLiteral("http://%1:8000/file").arg(QLatin1String(TestPlan::serverV4))});
    QVERIFY(curl.waitForStarted());
    const qint64 pid = curl.processId();
    QVERIFY2(curl.waitForFinished(30000) && curl.exitCode() == 0, qPrintable(curl.errorString()));
    const QList<QByteArray> sizes = curl.readAllStandardOutput().split(' ');
    QCOMPARE(sizes.size(), 3);
    QCOMPARE(sizes.at(1).toLongLong(), fileSize);
    m_received = sizes.at(0).toULongLong() + sizes.at(1).toULongLong();
    m_sent = sizes.at(2).toULongLong();

    // To the page, to payload, to curl's row, and open it.
    const QString title = QString::fromLatin1(windowTitle);
    QString problem =
        m_screen.press(title, {QStringLiteral("ctrl+2"), QStringLiteral("ctrl+b"), QStringLiteral("ctrl+f")});
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    problem = m_screen.type(title, QStringLiteral("curl"));
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    // As a screen reader says it: by now curl is greyed out.
    const QString row = QStringLiteral("curl, ended");
    const QString received = formatBytes(m_received);
    const QString sent = formatBytes(m_sent);
    QVERIFY2(appears({row, QString::number(pid), received, sent}), qPrintable(wholeScreen()));
    problem = m_screen.press(title, {QStringLiteral("Tab"), QStringLiteral("Home"), QStringLiteral("Right")});
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY2(appears({row, QString::number(pid), received, sent, QString::fromLatin1(TestPlan::serverV4),
                      received, sent}),
             qPrintable(wholeScreen()));

    problem = m_screen.save(QStringLiteral(NETTALLY_ARTEFACTS "/programs.png"));
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    problem = m_screen.press(title, {QStringLiteral("ctrl+1")});
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY2(appears({QStringLiteral("Overview")}), qPrintable(wholeScreen()));
    problem = m_screen.save(QStringLiteral(NETTALLY_ARTEFACTS "/overview.png"));
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

/// Received and sent by the download, as the history has it.
std::pair<quint64, quint64> DesktopTest::storedBytes()
{
    std::pair<quint64, quint64> bytes;
    const QString connection = QStringLiteral("desktop-test");
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), connection);
        database.setDatabaseName(m_screen.dataHome() + QStringLiteral("/nettally/history.db"));
        QSqlQuery query(database);
        if (database.open()
            && query.prepare(
                QStringLiteral("SELECT sum(rx_payload_bytes), sum(tx_payload_bytes) FROM usage_minute "
                               "JOIN program USING (program_id) JOIN remote USING (remote_id) "
                               "JOIN channel USING (channel_id) "
                               "WHERE name = 'curl' AND protocol = 6 AND substr(address, 13) = ?"))) {
            query.addBindValue(QByteArray::fromHex("0a580002")); // 10.88.0.2
            if (query.exec() && query.next())
                bytes = {query.value(0).toULongLong(), query.value(1).toULongLong()};
        }
    }
    QSqlDatabase::removeDatabase(connection);
    return bytes;
}

void DesktopTest::historyHoldsTheDownload()
{
    // The helper seals a minute at its end, and the app takes it in some seconds later.
    QVERIFY(QTest::qWaitFor([this] { return storedBytes().first >= m_received; }, 90000));
    // As a log-out ends it.
    m_nettally.terminate();
    QVERIFY2(m_nettally.waitForFinished(20000), qPrintable(m_nettally.errorString()));
    QCOMPARE(storedBytes().first, m_received);
    QCOMPARE(storedBytes().second, m_sent);
}

void DesktopTest::cleanupTestCase()
{
    for (QProcess *process : {&m_nettally, &m_server}) {
        if (process->state() != QProcess::NotRunning) {
            process->terminate();
            if (!process->waitForFinished(10000))
                process->kill();
        }
    }
}

QTEST_GUILESS_MAIN(DesktopTest)
#include "tst_desktop.moc"
