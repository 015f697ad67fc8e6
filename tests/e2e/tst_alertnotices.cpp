// SPDX-License-Identifier: MIT
#include "alertnotifier.h"
#include "privatebus.h"
#include "screen.h"

#include <QFile>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

AlertEvent told(quint64 number, const QString &rule = u"rule"_s)
{
    AlertEvent made;
    made.number = number;
    made.ruleId = rule;
    made.title = u"curl passed a limit"_s;
    // Those that say the same are one to dunst.
    made.text = u"<b>curl</b> & co have received %1 GB today"_s.arg(number);
    made.program = u"curl"_s;
    return made;
}

} // namespace

/// Notifications on dunst, a real service of them, on a display and a session bus of the test's own.
class TestAlertNotices : public QObject {
    Q_OBJECT

private:
    QString dunstctl(const QStringList &arguments) const
    {
        QProcess process;
        process.setProcessEnvironment(m_screen.environment());
        process.start(u"dunstctl"_s, arguments);
        process.waitForFinished(10'000);
        return QString::fromUtf8(process.readAllStandardOutput()).trimmed();
    }

    Screen m_screen;

private Q_SLOTS:
    void showsReplacesAndAnswers()
    {
        QVERIFY2(!QStandardPaths::findExecutable(u"dunst"_s).isEmpty(), "install dunst");
        QCOMPARE(m_screen.start(), QString());
        QDBusConnection bus = QDBusConnection::connectToBus(
            m_screen.environment().value(u"DBUS_SESSION_BUS_ADDRESS"_s), u"alerts"_s);
        QVERIFY(bus.isConnected());
        // Whatever the machine does meanwhile, nothing goes away by itself.
        const QTemporaryDir folder;
        QFile config(folder.filePath(u"dunstrc"_s));
        QVERIFY(config.open(QIODevice::WriteOnly));
        config.write("[urgency_normal]\n    timeout = 0\n");
        config.close();
        QProcess dunst;
        killWithParent(dunst);
        dunst.setProcessEnvironment(m_screen.environment());
        dunst.setStandardOutputFile(QProcess::nullDevice());
        dunst.setStandardErrorFile(QProcess::nullDevice());
        dunst.start(u"dunst"_s, {u"-config"_s, config.fileName()});
        QVERIFY(dunst.waitForStarted());
        QTRY_VERIFY_WITH_TIMEOUT(dunstctl({u"count"_s, u"displayed"_s}) == u"0", 20'000);

        AlertNotifier notifier(bus);
        QSignalSpy shown(&notifier, &AlertNotifier::shown);
        QSignalSpy failed(&notifier, &AlertNotifier::failed);
        QSignalSpy opened(&notifier, &AlertNotifier::openRequested);
        notifier.show(told(1));
        QTRY_COMPARE_WITH_TIMEOUT(shown.size(), 1, 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(dunstctl({u"count"_s, u"displayed"_s}), u"1"_s, 20'000);
        m_screen.save(QStringLiteral(NETTALLY_ARTEFACTS "/alert-notice.png"));
        notifier.show(told(2));
        QTRY_COMPARE_WITH_TIMEOUT(shown.size(), 2, 20'000);
        QCOMPARE(dunstctl({u"count"_s, u"displayed"_s}), u"1"_s);
        notifier.show(told(3, u"another rule"_s));
        QTRY_COMPARE_WITH_TIMEOUT(shown.size(), 3, 20'000);
        QTRY_COMPARE_WITH_TIMEOUT(dunstctl({u"count"_s, u"displayed"_s}), u"2"_s, 20'000);

        // The newest is first there.
        dunstctl({u"action"_s, u"0"_s});
        QTRY_COMPARE_WITH_TIMEOUT(opened.size(), 1, 20'000);
        const quint64 number = opened.constFirst().at(0).toULongLong();
        QVERIFY(number == 2 || number == 3);
        QCOMPARE(failed.size(), 0);

        dunst.terminate();
        QVERIFY(dunst.waitForFinished());
        QDBusConnection::disconnectFromBus(u"alerts"_s);
    }
};

QTEST_GUILESS_MAIN(TestAlertNotices)
#include "tst_alertnotices.moc"
