// SPDX-License-Identifier: MIT
#include "scriptname.h"

#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

class TestScriptName : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void script_data()
    {
        QTest::addColumn<QString>("executable");
        QTest::addColumn<QString>("line"); // words between spaces
        QTest::addColumn<QString>("script"); // empty: none
        const auto row = [](const char *executable, const char *line, const char *script) {
            QTest::addRow("%s", line) << u"/usr/bin/"_s + QString::fromLatin1(executable)
                                      << QString::fromLatin1(line) << QString::fromLatin1(script);
        };
        row("python3.11", "python3 backup.py", "backup.py");
        row("python3.11", "/usr/bin/python3 -Es -W ignore /usr/bin/meld a b", "/usr/bin/meld");
        row("python3.11", "python3 -u -Wignore -X dev x.py -c", "x.py");
        row("python3.11", "python3 -m http.server 80", "http.server");
        row("python3.11", "python3 -c print(1) x.py", "");
        row("python3.11", "python3 -Sc print(1) x.py", "");
        row("python3.11", "python3", "");
        row("python3.11", "python3 -", "");
        row("python3.11", "python3 --check-hash-based-pycs always x.py", "x.py");
        row("python3.11", "python3 --newer-than-us value x.py", "");
        row("python3.11", "python3 -Z value x.py", "");
        row("python3.11", "uwsgi --ini app.ini", "");
        row("perl", "perl -w -I lib -Mstrict fetch.pl", "fetch.pl");
        row("perl", "perl -i.bak -0777 -l x.pl", "x.pl");
        row("perl", "perl -we print x.pl", "");
        row("ruby3.1", "ruby -W0 -r bundler -Ilib server.rb", "server.rb");
        row("node", "node --max-old-space-size=4096 -r dotenv/config server.js", "server.js");
        row("node", "node --require ./a.js --inspect b.js", "b.js");
        row("node", "node -e 1 b.js", "");
        row("node", "node --unknown b.js", "");
        row("bash", "/bin/bash /etc/cron.daily/job", "/etc/cron.daily/job");
        row("bash", "bash -eu -o pipefail job.sh", "job.sh");
        row("bash", "bash --rcfile x job.sh", "job.sh");
        row("bash", "-bash", "");
        row("bash", "bash -ec curl job.sh", "");
        row("bash", "bash +x job.sh", "");
        row("dash", "sh ./configure", "./configure");
        row("dash", "sh -- -odd.sh", "-odd.sh");
        row("java", "java -Xmx1g -cp a.jar:b.jar org.example.Main x", "org.example.Main");
        row("java", "/usr/bin/java -server -jar /opt/jenkins.war --port=1", "/opt/jenkins.war");
        row("java", "java -p mods -m org.example/org.example.Main", "org.example/org.example.Main");
        row("java", "java -jar", "");
        row("java", "java @options", "");
        row("php8.2", "php -d memory_limit=1G -f cron.php", "cron.php");
        row("php8.2", "php -S 0.0.0.0:80", "");
        row("lua5.4", "lua5.4 -l x prosody.lua", "prosody.lua");
        row("curl", "curl x.py", "");
    }

    void script()
    {
        QFETCH(QString, executable);
        QFETCH(QString, line);
        QFETCH(QString, script);
        QCOMPARE(scriptOf(executable, line.toUtf8().split(' ')).value_or(QString()), script);
    }

    void knowsInterpreters()
    {
        for (const QString &name :
             {u"python3"_s, u"/usr/bin/python3.11"_s, u"dash"_s, u"/opt/jdk/bin/java"_s})
            QVERIFY2(isInterpreter(name), qPrintable(name));
        for (const QString &name : {u"python-config"_s, u"bashful"_s, u"javac"_s, QString(), u"busybox"_s})
            QVERIFY2(!isInterpreter(name), qPrintable(name));
        QVERIFY(!scriptOf(u"/usr/bin/python3"_s, {}));
        QVERIFY(!scriptOf(u"/usr/bin/python3"_s, {"", "x.py"}));
    }
};

QTEST_GUILESS_MAIN(TestScriptName)
#include "tst_scriptname.moc"
