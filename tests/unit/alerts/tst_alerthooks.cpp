// SPDX-License-Identifier: MIT
#include "alerthooks.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>

using namespace Nettally;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/// A server of HTTP that answers each request with the next of its answers; an empty one hangs.
class Server : public QTcpServer {
public:
    QList<QByteArray> answers;
    QList<QByteArray> requests;
    QList<QByteArray> bodies;

    Server()
    {
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (QTcpSocket *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::readyRead, this, [this, socket] { read(socket); });
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            }
        });
    }
    QString url(const QString &path = u"/secret-path"_s) const
    {
        return u"http://127.0.0.1:%1%2"_s.arg(QString::number(serverPort()), path);
    }

private:
    void read(QTcpSocket *socket)
    {
        QByteArray &text = m_texts[socket];
        text += socket->readAll();
        const qsizetype end = text.indexOf("\r\n\r\n");
        const qsizetype length = text.toLower().indexOf("content-length: ");
        if (end < 0 || length < 0)
            return;
        const qsizetype size = text.mid(length + 16, text.indexOf('\r', length) - length - 16).toLongLong();
        if (text.size() < end + 4 + size)
            return;
        requests.append(text.left(end));
        bodies.append(text.mid(end + 4));
        m_texts.remove(socket);
        const QByteArray answer = answers.isEmpty() ? QByteArray() : answers.takeFirst();
        if (!answer.isEmpty())
            socket->write(answer);
    }

    QHash<QTcpSocket *, QByteArray> m_texts;
};

QByteArray status(const char *line)
{
    return QByteArray("HTTP/1.1 ") + line + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

AlertEvent happened()
{
    AlertEvent made;
    made.number = 7;
    made.utcS = 1'800'000'000;
    made.ruleId = u"rule"_s;
    made.kind = AlertKind::Amount;
    made.title = u"curl passed a limit"_s;
    made.text = u"$(touch /tmp/never) ; \"quoted\" – ünïcode\nsecond line"_s;
    made.program = u"curl"_s;
    made.executable = u"/usr/bin/curl"_s;
    made.bytes = 9'007'199'254'740'993;
    made.limitBytes = 5;
    return made;
}

} // namespace

class TestAlertHooks : public QObject {
    Q_OBJECT

private:
    /// What became of the action, in the order in which it was told.
    QStringList outcomes(AlertHooks &hooks, const AlertAction &action, int count = 1, int withinMs = 20'000)
    {
        QSignalSpy spy(&hooks, &AlertHooks::finished);
        hooks.run(happened(), action);
        [&] { QTRY_COMPARE_WITH_TIMEOUT(spy.size(), count, withinMs); }();
        QStringList texts;
        for (const QList<QVariant> &call : spy) {
            [&] { QCOMPARE(call.at(0).toULongLong(), 7ULL); }();
            texts.append(call.at(1).toString());
        }
        return texts;
    }

    QString script(const QByteArray &text)
    {
        const QString path = m_folder.filePath(u"script"_s);
        QFile file(path);
        [&] { QVERIFY(file.open(QIODevice::WriteOnly)); }();
        file.write("#!/bin/sh\n" + text);
        file.close();
        file.setPermissions(QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        return path;
    }

    QTemporaryDir m_folder;

private Q_SLOTS:
    void commandGetsWhatHappened()
    {
        AlertHooks hooks;
        AlertAction action;
        const QString out = m_folder.filePath(u"out"_s);
        action.command = {
            script("printf '%s|' \"$1\" \"$NETTALLY_ALERT_RULE\" \"$NETTALLY_ALERT_KIND\" "
                   "\"$NETTALLY_ALERT_TIME\" \"$NETTALLY_ALERT_TEXT\" \"$NETTALLY_ALERT_PROGRAM\" "
                   "\"$NETTALLY_ALERT_EXECUTABLE\" \"$NETTALLY_ALERT_NETWORK\" "
                   "\"$NETTALLY_ALERT_BYTES\" \"$NETTALLY_ALERT_LIMIT_BYTES\" > \"$2\"\n"),
            u"$HOME; a b"_s, out};
        QCOMPARE(outcomes(hooks, action), QStringList{u"“script” was run."_s});
        QFile file(out);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(QString::fromUtf8(file.readAll()),
                 u"$HOME; a b|rule|amount|2027-01-15T08:00:00Z|"_s + happened().text
                     + u"|curl|/usr/bin/curl||9007199254740993|5|"_s);
    }

    void commandThatFails()
    {
        AlertHooks hooks;
        AlertAction action;
        action.command = {script("exit 3\n")};
        QCOMPARE(outcomes(hooks, action), QStringList{u"“script” failed with code 3."_s});
        action.command = {u"/nonexistent/program"_s};
        QVERIFY(outcomes(hooks, action).constFirst().startsWith(u"“program” could not be started"));
    }

    void commandThatHangsIsEndedWithWhatItStarted()
    {
        AlertHooks hooks;
        AlertHooks::Limits limits;
        limits.command = 500ms;
        hooks.setLimits(limits);
        AlertAction action;
        const QString pidFile = m_folder.filePath(u"pid"_s);
        action.command = {
            script("sleep 1000 & echo $! > \"$1.part\"; mv \"$1.part\" \"$1\"; trap '' TERM; wait\n"),
            pidFile};
        QCOMPARE(outcomes(hooks, action), QStringList{u"“script” took too long and was ended."_s});
        QFile file(pidFile);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const pid_t child = file.readAll().trimmed().toInt();
        QVERIFY(child > 0);
        // Whoever inherits it takes a moment to bury it.
        QTRY_VERIFY(::kill(child, 0) != 0 || [child] {
            QFile stat(u"/proc/%1/stat"_s.arg(child));
            return !stat.open(QIODevice::ReadOnly) || stat.readAll().contains(") Z ");
        }());
    }

    void postsJson()
    {
        Server server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        server.answers = {status("204 No Content")};
        AlertHooks hooks;
        AlertAction action;
        action.url = server.url();
        action.headers = {{u"Authorization"_s, u"Bearer hidden"_s}};
        QCOMPARE(outcomes(hooks, action), QStringList{u"Posted to 127.0.0.1."_s});
        QCOMPARE(server.requests.size(), 1);
        QVERIFY(server.requests.constFirst().startsWith("POST /secret-path HTTP/1.1\r\n"));
        QVERIFY(server.requests.constFirst().contains("Authorization: Bearer hidden"));
        QVERIFY(server.requests.constFirst().contains("Content-Type: application/json"));
        const QJsonObject body = QJsonDocument::fromJson(server.bodies.constFirst()).object();
        QCOMPARE(body[u"schema"].toString(), u"nettally.alert/1"_s);
        QCOMPARE(body[u"text"].toString(), happened().text);
        QCOMPARE(body[u"bytes"].toInteger(), 9'007'199'254'740'993);
        QCOMPARE(body[u"time"].toString(), u"2027-01-15T08:00:00Z"_s);
        QVERIFY(!server.bodies.constFirst().contains("hidden"));
    }

    void failures_data()
    {
        QTest::addColumn<QList<QByteArray>>("answers");
        QTest::addColumn<int>("tries");
        QTest::addColumn<QString>("outcome");
        const QByteArray busy = status("503 Service Unavailable");
        const QByteArray redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/other\r\n"
                                    "Content-Length: 0\r\nConnection: close\r\n\r\n";
        const QByteArray endless = "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\nx";
        QTest::newRow("busy, then well")
            << QList{busy, busy, status("200 OK")} << 3 << u"Posted to 127.0.0.1."_s;
        QTest::newRow("busy for ever")
            << QList{busy, busy, busy} << 3 << u"127.0.0.1 refused it with status 503 (3 try(tries))."_s;
        QTest::newRow("not allowed") << QList{status("403 Forbidden")} << 1
                                     << u"127.0.0.1 refused it with status 403 (1 try(tries))."_s;
        QTest::newRow("redirected") << QList{redirect} << 1
                                    << u"127.0.0.1 refused it with status 302 (1 try(tries))."_s;
        QTest::newRow("hanging") << QList<QByteArray>{} << 3
                                 << u"127.0.0.1 did not answer in time (3 try(tries))."_s;
        QTest::newRow("endless answer") << QList{endless} << 1 << u"Posted to 127.0.0.1."_s;
    }
    void failures()
    {
        QFETCH(const QList<QByteArray>, answers);
        QFETCH(const int, tries);
        QFETCH(const QString, outcome);
        Server server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        server.answers = answers;
        AlertHooks hooks;
        AlertHooks::Limits limits;
        limits.post = 2s;
        limits.pauses = {50ms, 150ms};
        hooks.setLimits(limits);
        AlertAction action;
        action.url = server.url();
        action.headers = {{u"X-Key"_s, u"hidden"_s}};
        QElapsedTimer clock;
        clock.start();
        QCOMPARE(outcomes(hooks, action), QStringList{outcome});
        QCOMPARE(server.requests.size(), tries);
        // The pauses between the tries are kept.
        if (tries == 3)
            QVERIFY(clock.elapsed() >= 200);
    }

    void nobodyThere()
    {
        Server server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        const QString url = server.url();
        server.close();
        AlertHooks hooks;
        AlertHooks::Limits limits;
        limits.pauses = {1ms, 1ms};
        hooks.setLimits(limits);
        AlertAction action;
        action.url = url;
        QCOMPARE(outcomes(hooks, action), QStringList{u"127.0.0.1 could not be reached (3 try(tries))."_s});
    }

    void bothAtOnce()
    {
        Server server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        server.answers = {status("200 OK")};
        AlertHooks hooks;
        AlertAction action;
        action.command = {u"/bin/true"_s};
        action.url = server.url();
        QStringList told = outcomes(hooks, action, 2);
        told.sort();
        QCOMPARE(told, QStringList({u"Posted to 127.0.0.1."_s, u"“true” was run."_s}));
    }
};

QTEST_GUILESS_MAIN(TestAlertHooks)
#include "tst_alerthooks.moc"
