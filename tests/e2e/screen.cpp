// SPDX-License-Identifier: MIT
#include "screen.h"

#include "privatebus.h"

#include <QDBusArgument>
#include <QDBusInterface>
#include <QDBusReply>
#include <QDir>
#include <QFileInfo>

namespace Nettally {

namespace {

constexpr char accessible[] = "org.a11y.atspi.Accessible";

/// AT-SPI's reference to an object: bus name and path, "(so)".
struct Reference {
    QString service;
    QDBusObjectPath path;
};

QString runTool(const QString &program, const QStringList &arguments, const QProcessEnvironment &environment)
{
    QProcess process;
    process.setProcessEnvironment(environment);
    killWithParent(process);
    process.start(program, arguments);
    if (process.waitForFinished(20000) && process.exitCode() == 0)
        return {};
    return QStringLiteral("%1 %2: %3 %4")
        .arg(program, arguments.join(u' '), process.errorString(),
             QString::fromLocal8Bit(process.readAllStandardError()));
}

QList<Reference> childrenOf(const QDBusConnection &bus, const Reference &object)
{
    const QDBusMessage call = QDBusMessage::createMethodCall(
        object.service, object.path.path(), QLatin1String(accessible), QStringLiteral("GetChildren"));
    const QDBusMessage reply = bus.call(call, QDBus::Block, 5000);
    QList<Reference> children;
    if (reply.type() != QDBusMessage::ReplyMessage || reply.arguments().isEmpty())
        return children;
    const auto array = reply.arguments().constFirst().value<QDBusArgument>();
    array.beginArray();
    while (!array.atEnd()) {
        Reference child;
        array.beginStructure();
        array >> child.service >> child.path;
        array.endStructure();
        children.append(child);
    }
    array.endArray();
    return children;
}

QString nameOf(const QDBusConnection &bus, const Reference &object)
{
    QDBusMessage call = QDBusMessage::createMethodCall(object.service, object.path.path(),
                                                       QStringLiteral("org.freedesktop.DBus.Properties"),
                                                       QStringLiteral("Get"));
    call << QLatin1String(accessible) << QStringLiteral("Name");
    const QDBusReply<QDBusVariant> reply = bus.call(call, QDBus::Block, 5000);
    return reply.isValid() ? reply.value().variant().toString() : QString();
}

/// Whether it can be seen: a hidden page is in the tree too.
bool isShowing(const QDBusConnection &bus, const Reference &object)
{
    constexpr uint stateShowing = 25; // ATSPI_STATE_SHOWING, atspi-constants.h
    const QDBusReply<QList<uint>> reply =
        bus.call(QDBusMessage::createMethodCall(object.service, object.path.path(), QLatin1String(accessible),
                                                QStringLiteral("GetState")),
                 QDBus::Block, 5000);
    return reply.isValid() && !reply.value().isEmpty() && (reply.value().constFirst() >> stateShowing & 1);
}

void collectNames(const QDBusConnection &bus, const Reference &object, int depth, QStringList *names)
{
    // Deeper than any window of ours: a cycle in what a program tells must not hang the test.
    constexpr int maxDepth = 30;
    const QString name = nameOf(bus, object);
    if (!name.isEmpty())
        names->append(name);
    if (depth < maxDepth) {
        for (const Reference &child : childrenOf(bus, object)) {
            if (isShowing(bus, child))
                collectNames(bus, child, depth + 1, names);
        }
    }
}

} // namespace

Screen::~Screen()
{
    if (!m_accessibilityConnection.isEmpty())
        QDBusConnection::disconnectFromBus(m_accessibilityConnection);
    for (QProcess *process : {&m_bus, &m_display}) {
        process->terminate();
        if (!process->waitForFinished(5000))
            process->kill();
    }
}

QString Screen::start(const QString &size)
{
    if (!m_dir.isValid())
        return m_dir.errorString();
    killWithParent(m_display);
    // The server picks a free display and writes its number to standard output.
    m_display.start(QStringLiteral("Xvfb"),
                    {QStringLiteral("-displayfd"), QStringLiteral("1"), QStringLiteral("-screen"),
                     QStringLiteral("0"), size + QStringLiteral("x24"), QStringLiteral("-nolisten"),
                     QStringLiteral("tcp"),
                     // Else it begins anew when its last client leaves, and refuses whom it meets meanwhile.
                     QStringLiteral("-noreset")});
    if (!m_display.waitForReadyRead(20000))
        return QStringLiteral("Xvfb: ") + m_display.errorString();
    m_displayName = u':' + QString::fromLatin1(m_display.readLine().trimmed());

    m_bus.setProcessEnvironment(environment());
    killWithParent(m_bus);
    m_bus.start(QStringLiteral("dbus-daemon"),
                {QStringLiteral("--session"), QStringLiteral("--nofork"), QStringLiteral("--print-address")});
    if (!m_bus.waitForReadyRead(20000))
        return QStringLiteral("dbus-daemon: ") + m_bus.errorString();
    m_busAddress = QString::fromLatin1(m_bus.readLine().trimmed());

    const QString sessionName = m_dir.path() + QStringLiteral("-session");
    QString address;
    {
        const QDBusConnection session = QDBusConnection::connectToBus(m_busAddress, sessionName);
        QDBusInterface a11y(QStringLiteral("org.a11y.Bus"), QStringLiteral("/org/a11y/bus"),
                            QStringLiteral("org.a11y.Bus"), session);
        const QDBusReply<QString> reply = a11y.call(QStringLiteral("GetAddress"));
        if (!reply.isValid())
            return QStringLiteral("org.a11y.Bus: ") + reply.error().message();
        address = reply.value();
    }
    QDBusConnection::disconnectFromBus(sessionName);
    m_accessibilityConnection = m_dir.path() + QStringLiteral("-accessibility");
    const QDBusConnection bus = QDBusConnection::connectToBus(address, m_accessibilityConnection);
    return bus.isConnected() ? QString() : bus.lastError().message();
}

QProcessEnvironment Screen::environment() const
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
    environment.remove(QStringLiteral("QT_QPA_PLATFORM"));
    environment.insert(QStringLiteral("DISPLAY"), m_displayName);
    environment.insert(QStringLiteral("DBUS_SESSION_BUS_ADDRESS"), m_busAddress);
    environment.insert(QStringLiteral("QT_LINUX_ACCESSIBILITY_ALWAYS_ON"), QStringLiteral("1"));
    environment.insert(QStringLiteral("XDG_DATA_HOME"), dataHome());
    environment.insert(QStringLiteral("XDG_CONFIG_HOME"), m_dir.filePath(QStringLiteral("config")));
    environment.insert(QStringLiteral("XDG_CACHE_HOME"), m_dir.filePath(QStringLiteral("cache")));
    environment.insert(QStringLiteral("XDG_RUNTIME_DIR"), m_dir.path());
    return environment;
}

QStringList Screen::names(const QString &application) const
{
    const QDBusConnection bus(m_accessibilityConnection);
    const Reference desktop{QStringLiteral("org.a11y.atspi.Registry"),
                            QDBusObjectPath(QStringLiteral("/org/a11y/atspi/accessible/root"))};
    QStringList names;
    for (const Reference &child : childrenOf(bus, desktop)) {
        if (nameOf(bus, child) == application)
            collectNames(bus, child, 0, &names);
    }
    return names;
}

QString Screen::xdotool(const QString &windowTitle, const QStringList &action) const
{
    // Without a window manager nobody else gives the window the keyboard.
    const QStringList focus{QStringLiteral("search"), QStringLiteral("--onlyvisible"),
                            QStringLiteral("--name"), windowTitle, QStringLiteral("windowfocus")};
    return runTool(QStringLiteral("xdotool"), focus + action, environment());
}

QString Screen::press(const QString &windowTitle, const QStringList &keys) const
{
    return xdotool(windowTitle, QStringList{QStringLiteral("key")} + keys);
}

QString Screen::type(const QString &windowTitle, const QString &text) const
{
    return xdotool(windowTitle, {QStringLiteral("type"), text});
}

QString Screen::save(const QString &path) const
{
    QDir().mkpath(QFileInfo(path).path());
    return runTool(QStringLiteral("import"), {QStringLiteral("-window"), QStringLiteral("root"), path},
                   environment());
}

} // namespace Nettally
