// SPDX-License-Identifier: MIT
#include "alert.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <memory>

using namespace Nettally;
using namespace Qt::StringLiterals;

/// "nettallyctl alerts", as a user calls it.
class TestAlertsCommand : public QObject {
    Q_OBJECT

private:
    struct Result {
        int code = -1;
        QByteArray output;
        QByteArray error;
    };

    Result run(const QStringList &arguments) const
    {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(u"XDG_DATA_HOME"_s, m_home->path());
        process.setProcessEnvironment(environment);
        process.start(QStringLiteral(NETTALLYCTL), QStringList{u"alerts"_s} + arguments);
        if (!process.waitForFinished(30'000))
            return {};
        return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
    }
    QString folder() const { return m_home->filePath(u"nettally"_s); }

    void write() const
    {
        AlertLogFile log;
        const qint64 nowUtcS = QDateTime::currentSecsSinceEpoch();
        for (const qint64 agoS : {200'000, 60}) {
            AlertEvent event;
            event.number = quint64(log.events.size()) + 1;
            event.utcS = nowUtcS - agoS;
            event.kind = AlertKind::Amount;
            event.text = agoS > 1000 ? u"old one"_s : u"\u001b[31mfresh one"_s;
            event.bytes = 9'007'199'254'740'993;
            event.delivery = AlertDelivery::QuietHours;
            log.events.append(event);
        }
        QCOMPARE(log.write(folder()), QString());
    }

    std::unique_ptr<QTemporaryDir> m_home;

private Q_SLOTS:
    void init() { m_home = std::make_unique<QTemporaryDir>(); }

    void nothingYet()
    {
        const Result result = run({u"--json"_s});
        QCOMPARE(result.code, 0);
        const QJsonObject object = QJsonDocument::fromJson(result.output).object();
        QCOMPARE(object[u"schema"].toString(), u"nettally.alerts/1"_s);
        QVERIFY(object[u"alerts"].toArray().isEmpty());
        QVERIFY(!QFile::exists(folder()));
    }

    void lists()
    {
        write();
        const Result all = run({});
        QCOMPARE(all.code, 0);
        QCOMPARE(all.output.count('\n'), 3);
        QVERIFY(all.output.contains("old one") && all.output.contains("fresh one"));
        QVERIFY(!all.output.contains('\033'));
        const Result last = run({u"--last"_s, u"1h"_s, u"--json"_s});
        const QJsonArray alerts = QJsonDocument::fromJson(last.output).object()[u"alerts"].toArray();
        QCOMPARE(alerts.size(), 1);
        QCOMPARE(alerts.at(0)[u"number"].toInteger(), 2);
        QCOMPARE(alerts.at(0)[u"bytes"].toInteger(), 9'007'199'254'740'993);
        QCOMPARE(alerts.at(0)[u"delivery"].toString(), u"quiet-hours"_s);
        QCOMPARE(run({u"--last"_s, u"soon"_s}).code, 2);
        QCOMPARE(run({u"ruled"_s}).code, 2);
    }

    void rules()
    {
        const Result standard = run({u"rules"_s});
        QCOMPARE(standard.code, 0);
        QCOMPARE(standard.output.count('\n'), 3);
        QVERIFY(standard.output.startsWith("on   When measuring has stopped"));
        AlertSettings settings = AlertSettings::standard();
        settings.rules.last().action.url = u"https://example.org/secret-path"_s;
        settings.rules.last().action.headers = {{u"Key"_s, u"secret-token"_s}};
        QCOMPARE(AlertSettingsFile::write(folder(), settings), QString());
        for (const QStringList &arguments : {QStringList{u"rules"_s}, QStringList{u"rules"_s, u"--json"_s}}) {
            const Result result = run(arguments);
            QCOMPARE(result.code, 0);
            QVERIFY(result.output.contains("example.org"));
            QVERIFY(!result.output.contains("secret"));
        }
    }

    void damagedFilesAreLeftAlone()
    {
        write();
        QFile file(folder() + u"/alerts-log.json"_s);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("{");
        file.close();
        const Result result = run({});
        QCOMPARE(result.code, 1);
        QVERIFY(result.error.contains("alerts-log.json"));
        QVERIFY(file.exists());
    }
};

QTEST_GUILESS_MAIN(TestAlertsCommand)
#include "tst_alertscommand.moc"
