// SPDX-License-Identifier: MIT
#include "autostart.h"

#include "backgroundrequest.h"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDir>
#include <QFile>
#include <QSaveFile>
#include <QSettings>
#include <QStandardPaths>

using namespace Qt::StringLiterals;

namespace Nettally::Autostart {

namespace {

constexpr auto grantedKey = "autostart/granted";

QString tr(const char *text)
{
    return QCoreApplication::translate("Autostart", text);
}

bool isFlatpak()
{
    return QFile::exists(u"/.flatpak-info"_s);
}

QString folder()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + u"/autostart"_s;
}

QString entryPath()
{
    return folder() + u"/org.nettally.Nettally.desktop"_s;
}

/// Quoted as the Desktop Entry Specification's "The Exec key" wants it, then escaped as any string of a file.
QString quoted(const QString &argument)
{
    QString text;
    for (const QChar character : argument) {
        if (u"\"`$\\"_s.contains(character))
            text += u'\\';
        text += character;
        if (character == u'%')
            text += u'%';
    }
    text.replace(u'\\', u"\\\\"_s);
    return u'"' + text + u'"';
}

/// What this process was started as, if a later session finds it there too.
QString command()
{
    const QString installed = QStandardPaths::findExecutable(u"nettally"_s);
    const QString own = QCoreApplication::applicationFilePath();
    return !installed.isEmpty() && QFileInfo(installed).canonicalFilePath() == own ? u"nettally"_s
                                                                                   : quoted(own);
}

QString writeEntry()
{
    if (!QDir().mkpath(folder()))
        return tr("The folder %1 cannot be made: check its permissions.").arg(folder());
    QSaveFile file(entryPath());
    const QByteArray text = u"[Desktop Entry]\nType=Application\nName=Nettally\nIcon=org.nettally.Nettally\n"
                            "Exec=%1 --tray\nX-GNOME-Autostart-enabled=true\n"_s.arg(command())
                                .toUtf8();
    if (!file.open(QIODevice::WriteOnly) || file.write(text) != text.size() || !file.commit())
        return tr("%1 cannot be written: %2.").arg(entryPath(), file.errorString());
    return {};
}

QString removeEntry()
{
    QFile file(entryPath());
    return !file.exists() || file.remove()
        ? QString()
        : tr("%1 cannot be removed: %2.").arg(entryPath(), file.errorString());
}

} // namespace

bool isEnabled()
{
    if (isFlatpak())
        return QSettings().value(QLatin1StringView(grantedKey)).toBool();
    // Desktops turn an entry off by a key instead of removing it.
    const QSettings entry(entryPath(), QSettings::IniFormat);
    return QFile::exists(entryPath()) && !entry.value(u"Desktop Entry/Hidden"_s).toBool()
        && entry.value(u"Desktop Entry/X-GNOME-Autostart-enabled"_s, true).toBool();
}

void setEnabled(bool enabled, QObject *context, const std::function<void(const QString &)> &answer)
{
    if (!isFlatpak()) {
        answer(enabled ? writeEntry() : removeEntry());
        return;
    }
    auto *request = new BackgroundRequest(QDBusConnection::sessionBus(), context);
    QObject::connect(request, &BackgroundRequest::answered, context,
                     [request, answer](bool isAutostart, const QString &problem) {
                         request->deleteLater();
                         QSettings().setValue(QLatin1StringView(grantedKey), isAutostart);
                         answer(problem);
                     });
    request->send(enabled);
}

} // namespace Nettally::Autostart
