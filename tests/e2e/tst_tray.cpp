// SPDX-License-Identifier: MIT
#include "privatebus.h"
#include "screen.h"

#include <QDBusArgument>
#include <QDBusConnection>
#include <QDBusContext>
#include <QDBusInterface>
#include <QDBusReply>
#include <QDir>
#include <QImage>
#include <QMutex>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>
#include <QUdpSocket>

#include <atomic>
#include <unistd.h>

using namespace Nettally;
using namespace Qt::StringLiterals;

namespace {

constexpr auto applicationName = "nettally"_L1;
constexpr auto windowTitle = "^Nettally$"_L1;

/// What a desktop's panel offers: a watcher that items register with, and a host that shows them.
class Panel : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.kde.StatusNotifierWatcher")
    Q_PROPERTY(bool IsStatusNotifierHostRegistered READ hasHost)
    Q_PROPERTY(int ProtocolVersion READ protocolVersion)
    Q_PROPERTY(QStringList RegisteredStatusNotifierItems READ items)

public:
    bool hasHost() const { return true; }
    int protocolVersion() const { return 0; }
    QStringList items() const
    {
        const QMutexLocker lock(&m_mutex);
        return m_items;
    }

public Q_SLOTS:
    void RegisterStatusNotifierItem(const QString &item) // NOLINT: the name is the interface's
    {
        const QMutexLocker lock(&m_mutex);
        m_items.append(item.startsWith(u'/') ? message().service() : item);
    }

private:
    mutable QMutex m_mutex;
    QStringList m_items;
};

/// Counts what is shown to the user.
class Notifications : public QObject {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.Notifications")

public:
    int count() const { return m_count; }

public Q_SLOTS:
    uint Notify(const QString &, uint, const QString &, const QString &, const QString &, // NOLINT
                const QStringList &, const QVariantMap &, int)
    {
        return uint(++m_count);
    }
    QStringList GetCapabilities() { return {u"body"_s}; } // NOLINT

private:
    std::atomic<int> m_count = 0;
};

} // namespace

/// The icon on the desktop's own kind of tray, on the older kind, and on a desktop without any.
class TrayTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void statusNotifierItem();
    void startsHiddenAndWaitsForTheDesktop();
    void xEmbed();
    void noTray();
    void cleanup();

private:
    /// With the helper that packaging/start starts.
    void startMeasured();
    /// Alone, on a system bus without a helper.
    void startAlone(const QStringList &arguments = {});
    void bringPanel();
    QVariant property(const char *name);
    /// Keys that close the window, which is gone when xdotool lets go of them: what follows tells.
    void pressLast(const QString &key) { m_screen->press(windowTitle, {key}); }
    bool shows(const QString &text)
    {
        return m_screen->names(QString(applicationName)).filter(text).size() > 0;
    }
    bool appears(const QString &text)
    {
        const bool appeared = QTest::qWaitFor([&] { return shows(text); }, 20000);
        if (!appeared) {
            m_screen->save(QStringLiteral(NETTALLY_ARTEFACTS "/tray-failure.png"));
            qWarning("%s", qPrintable(m_screen->names(QString(applicationName)).join(u" | "_s)));
        }
        return appeared;
    }

    std::unique_ptr<Screen> m_screen;
    std::unique_ptr<PrivateBus> m_systemBus;
    QDBusConnection m_session{QString()};
    /// Of the panel and the notifications: the program may wait for them while the test waits for it.
    QThread m_desktop;
    std::unique_ptr<Panel> m_panel;
    std::unique_ptr<Notifications> m_notifications;
    std::unique_ptr<QProcess> m_nettally;
    QTemporaryDir m_journal;
};

void TrayTest::init()
{
    m_screen = std::make_unique<Screen>();
    QCOMPARE(m_screen->start(), QString());
    m_session = QDBusConnection::connectToBus(m_screen->environment().value(u"DBUS_SESSION_BUS_ADDRESS"_s),
                                              u"panel"_s);
    QVERIFY(m_session.isConnected());
    m_panel = std::make_unique<Panel>();
    m_notifications = std::make_unique<Notifications>();
    m_desktop.start();
    m_panel->moveToThread(&m_desktop);
    m_notifications->moveToThread(&m_desktop);
    QVERIFY(m_session.registerObject(u"/org/freedesktop/Notifications"_s, m_notifications.get(),
                                     QDBusConnection::ExportAllSlots));
    QVERIFY(m_session.registerService(u"org.freedesktop.Notifications"_s));
}

void TrayTest::cleanup()
{
    if (m_nettally && m_nettally->state() != QProcess::NotRunning) {
        m_nettally->terminate();
        if (!m_nettally->waitForFinished(15000))
            m_nettally->kill();
    }
    m_nettally.reset();
    m_desktop.quit();
    m_desktop.wait();
    m_panel.reset();
    m_notifications.reset();
    m_session = QDBusConnection(QString());
    QDBusConnection::disconnectFromBus(u"panel"_s);
    m_systemBus.reset();
    m_screen.reset();
}

void TrayTest::bringPanel()
{
    QVERIFY(m_session.registerObject(u"/StatusNotifierWatcher"_s, m_panel.get(),
                                     QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllProperties));
    QVERIFY(m_session.registerService(u"org.kde.StatusNotifierWatcher"_s));
}

void TrayTest::startMeasured()
{
    QVERIFY2(geteuid() == 0, "This test starts the helper: run it as root.");
    m_nettally = std::make_unique<QProcess>();
    m_nettally->setProcessEnvironment(m_screen->environment());
    m_nettally->setProcessChannelMode(QProcess::ForwardedChannels);
    m_nettally->start(QStringLiteral(NETTALLY_START),
                      {u"--build-dir"_s, QStringLiteral(NETTALLY_BUILD_DIR), u"--journal"_s,
                       m_journal.filePath(u"journal"_s)});
    QVERIFY(m_nettally->waitForStarted());
    QVERIFY(appears(u"Measuring all programs"_s));
}

void TrayTest::startAlone(const QStringList &arguments)
{
    m_systemBus = std::make_unique<PrivateBus>();
    QCOMPARE(m_systemBus->start(), QString());
    QProcessEnvironment environment = m_screen->environment();
    environment.insert(u"DBUS_SYSTEM_BUS_ADDRESS"_s, m_systemBus->address());
    m_nettally = std::make_unique<QProcess>();
    m_nettally->setProcessEnvironment(environment);
    m_nettally->setProcessChannelMode(QProcess::ForwardedChannels);
    killWithParent(*m_nettally);
    m_nettally->start(QStringLiteral(NETTALLY_BUILD_DIR "/app/nettally"), arguments);
    QVERIFY(m_nettally->waitForStarted());
}

QVariant TrayTest::property(const char *name)
{
    QDBusMessage call =
        QDBusMessage::createMethodCall(m_panel->items().constFirst(), u"/StatusNotifierItem"_s,
                                       u"org.freedesktop.DBus.Properties"_s, u"Get"_s);
    call << u"org.kde.StatusNotifierItem"_s << QLatin1StringView(name);
    const QDBusReply<QDBusVariant> reply = m_session.call(call, QDBus::Block, 5000);
    return reply.isValid() ? reply.value().variant() : QVariant();
}

void TrayTest::statusNotifierItem()
{
    bringPanel();
    startMeasured();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, 10000);

    // The first picture of a size panels show, as bytes.
    const auto picture = [this] {
        const QDBusArgument argument = property("IconPixmap").value<QDBusArgument>();
        QByteArray found;
        argument.beginArray();
        while (!argument.atEnd()) {
            int width = 0;
            int height = 0;
            QByteArray data;
            argument.beginStructure();
            argument >> width >> height >> data;
            argument.endStructure();
            if (width == 22 && height == 22)
                found = data;
        }
        argument.endArray();
        return found;
    };
    const QByteArray before = picture();
    QCOMPARE(before.size(), 22 * 22 * 4);

    // What moves is painted: 20 datagrams of 50 kB every 50 ms, 15 seconds at most.
    QUdpSocket receiver;
    QVERIFY(receiver.bind(QHostAddress::LocalHost));
    QUdpSocket sender;
    const QByteArray datagram(50000, 'x');
    QVERIFY(QTest::qWaitFor(
        [&] {
            for (int i = 0; i < 20; ++i)
                sender.writeDatagram(datagram, QHostAddress::LocalHost, receiver.localPort());
            while (receiver.hasPendingDatagrams())
                receiver.readDatagram(nullptr, 0);
            return picture() != before;
        },
        15000));
    const QDBusArgument tip = property("ToolTip").value<QDBusArgument>();
    QString iconName;
    QString title;
    QString text;
    tip.beginStructure();
    tip >> iconName;
    tip.beginArray();
    while (!tip.atEnd()) {
        int width = 0;
        int height = 0;
        QByteArray data;
        tip.beginStructure();
        tip >> width >> height >> data;
        tip.endStructure();
    }
    tip.endArray();
    tip >> title >> text;
    tip.endStructure();
    QVERIFY2((title + text).contains(QRegularExpression(u"↓ [0-9]"_s)), qPrintable(title + text));

    // Closing keeps it, said once; a click shows the popup, the middle button the window.
    pressLast(u"ctrl+w"_s);
    QTRY_COMPARE(m_notifications->count(), 1);
    QTRY_VERIFY(!shows(u"Measuring all programs"_s));
    QDBusInterface item(m_panel->items().constFirst(), u"/StatusNotifierItem"_s,
                        u"org.kde.StatusNotifierItem"_s, m_session);
    item.asyncCall(u"Activate"_s, 600, 400);
    QVERIFY(appears(u"Open Nettally"_s));
    QVERIFY(shows(u"This month"_s));
    m_screen->save(QStringLiteral(NETTALLY_ARTEFACTS "/tray-popup.png"));
    item.asyncCall(u"SecondaryActivate"_s, 600, 400);
    QVERIFY(appears(u"Measuring all programs"_s));
    // Without a window manager a window that was just shown may not have the keyboard yet.
    const auto hasEnded = [this] {
        m_screen->press(windowTitle, {u"ctrl+q"_s});
        return m_nettally->state() == QProcess::NotRunning;
    };
    QVERIFY(QTest::qWaitFor(hasEnded, 15000));
    QCOMPARE(m_nettally->exitCode(), 0);
}

void TrayTest::startsHiddenAndWaitsForTheDesktop()
{
    startAlone({u"--tray"_s});
    QTest::qWait(1500); // long enough for a window to show that must not
    QVERIFY(!shows(u"Overview"_s));
    bringPanel();
    QTRY_COMPARE_WITH_TIMEOUT(m_panel->items().size(), 1, 10000);
    QVERIFY(!shows(u"Overview"_s));
    QDBusInterface item(m_panel->items().constFirst(), u"/StatusNotifierItem"_s,
                        u"org.kde.StatusNotifierItem"_s, m_session);
    item.asyncCall(u"Activate"_s, 600, 400);
    QVERIFY(appears(u"The helper is not running"_s));
}

void TrayTest::xEmbed()
{
    QProcess trayer;
    killWithParent(trayer);
    trayer.setProcessEnvironment(m_screen->environment());
    trayer.start(u"trayer"_s,
                 {u"--edge"_s, u"top"_s, u"--align"_s, u"right"_s, u"--widthtype"_s, u"pixel"_s, u"--width"_s,
                  u"120"_s, u"--height"_s, u"32"_s, u"--tint"_s, u"0xffffff"_s, u"--alpha"_s, u"0"_s});
    QVERIFY2(trayer.waitForStarted(), qPrintable(trayer.errorString()));
    startAlone();
    QVERIFY(appears(u"The helper is not running"_s));
    // The icon's own dark ground, in the panel's corner of the screen.
    const QString path = QStringLiteral(NETTALLY_ARTEFACTS "/tray-xembed.png");
    const auto isPainted = [&] {
        m_screen->save(path);
        const QImage corner = QImage(path).copy(1280 - 120, 0, 120, 32);
        int dark = 0;
        for (int y = 0; y < corner.height(); ++y) {
            for (int x = 0; x < corner.width(); ++x)
                dark += corner.pixelColor(x, y) == QColor(u"#171a21"_s);
        }
        return dark > 100;
    };
    QVERIFY(QTest::qWaitFor(isPainted, 20000));
    pressLast(u"ctrl+w"_s);
    QTRY_VERIFY(!shows(u"Overview"_s));
    QCOMPARE(m_nettally->state(), QProcess::Running);
    trayer.terminate();
    trayer.waitForFinished(5000);
}

void TrayTest::noTray()
{
    startAlone();
    QVERIFY(appears(u"This desktop has no tray"_s));
    pressLast(u"ctrl+w"_s);
    QTRY_COMPARE_WITH_TIMEOUT(m_nettally->state(), QProcess::NotRunning, 15000);
    QCOMPARE(m_nettally->exitCode(), 0);
}

QTEST_GUILESS_MAIN(TrayTest)
#include "tst_tray.moc"
