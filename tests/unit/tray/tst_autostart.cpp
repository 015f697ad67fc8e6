// SPDX-License-Identifier: MIT
#include "autostart.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

class AutostartTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void writesAndRemovesTheEntry();
    void whatTheDesktopTurnedOffIsOff();
    void folderThatCannotBeMadeIsNamed();

private:
    QString entry() const { return m_home->filePath(u"autostart/org.nettally.Nettally.desktop"_s); }
    QString set(bool isOn)
    {
        QString said = u"no answer"_s;
        Autostart::setEnabled(isOn, this, [&said](const QString &problem) { said = problem; });
        return said;
    }

    std::unique_ptr<QTemporaryDir> m_home;
};

void AutostartTest::init()
{
    m_home = std::make_unique<QTemporaryDir>();
    qputenv("XDG_CONFIG_HOME", m_home->path().toLocal8Bit());
}

void AutostartTest::writesAndRemovesTheEntry()
{
    QVERIFY(!Autostart::isEnabled());
    QCOMPARE(set(true), QString());
    QVERIFY(Autostart::isEnabled());
    QFile file(entry());
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArrayList lines = file.readAll().split('\n');
    QVERIFY(lines.contains("[Desktop Entry]"));
    QVERIFY(lines.contains("Exec=\"" + QCoreApplication::applicationFilePath().toUtf8() + "\" --tray"));
    QCOMPARE(set(false), QString());
    QVERIFY(!Autostart::isEnabled());
    QVERIFY(!QFile::exists(entry()));
    QCOMPARE(set(false), QString());
}

void AutostartTest::whatTheDesktopTurnedOffIsOff()
{
    for (const QByteArray &line :
         {QByteArray("Hidden=true"), QByteArray("X-GNOME-Autostart-enabled=false")}) {
        QVERIFY(QDir().mkpath(m_home->filePath(u"autostart"_s)));
        QFile file(entry());
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("[Desktop Entry]\nType=Application\nExec=nettally --tray\n" + line + '\n');
        file.close();
        QVERIFY(!Autostart::isEnabled());
        QCOMPARE(set(true), QString());
        QVERIFY(Autostart::isEnabled());
    }
}

void AutostartTest::folderThatCannotBeMadeIsNamed()
{
    QFile file(m_home->filePath(u"autostart"_s));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    const QString problem = set(true);
    QVERIFY2(problem.contains(m_home->path()), qPrintable(problem));
    QVERIFY(!Autostart::isEnabled());
}

QTEST_GUILESS_MAIN(AutostartTest)
#include "tst_autostart.moc"
