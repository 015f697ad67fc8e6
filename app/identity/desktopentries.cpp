// SPDX-License-Identifier: MIT
#include "desktopentries.h"

#include "application.h"
#include "boundedfile.h"
#include "scriptname.h"

#include <QDir>
#include <QFileInfo>
#include <QSet>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qint64 lookAgainMs = 10'000;
constexpr int maxDepth = 4;
constexpr int maxFiles = 5000;
constexpr qsizetype maxBytes = 262'144; ///< entries with names in a hundred languages have a tenth of that

/// The escapes of a value: before the quoting of Exec, which has backslashes of its own.
QString unescapeValue(QStringView value)
{
    QString text;
    for (qsizetype i = 0; i < value.size(); ++i) {
        if (value.at(i) != u'\\' || i + 1 == value.size()) {
            text += value.at(i);
            continue;
        }
        switch (value.at(++i).unicode()) {
        case u's':
            text += u' ';
            break;
        case u'n':
        case u'r':
        case u't':
            text += u' ';
            break;
        case u'\\':
            text += u'\\';
            break;
        default:
            text += u'\\';
            text += value.at(i);
        }
    }
    return text;
}

QStringList wordsOf(const QString &command)
{
    QStringList words;
    QString word;
    bool isWord = false;
    bool isQuoted = false;
    for (qsizetype i = 0; i < command.size(); ++i) {
        const QChar c = command.at(i);
        if (c == u'"') {
            isQuoted = !isQuoted;
            isWord = true;
        } else if (isQuoted && c == u'\\' && i + 1 < command.size()) {
            word += command.at(++i);
        } else if (!isQuoted && c.isSpace()) {
            if (isWord)
                words.append(word);
            word.clear();
            isWord = false;
        } else {
            word += c;
            isWord = true;
        }
    }
    if (isWord)
        words.append(word);
    // "%U" and its like stand for what is opened.
    words.removeIf([](const QString &w) { return w.size() == 2 && w.startsWith(u'%'); });
    return words;
}

/// Without "env", its options and variables.
QStringList withoutEnvironment(QStringList words)
{
    if (words.isEmpty() || words.first().section(u'/', -1) != "env"_L1)
        return words;
    words.removeFirst();
    while (!words.isEmpty() && (words.first().contains(u'=') || words.first().startsWith(u'-'))) {
        const QString word = words.takeFirst();
        if ((word == "-u"_L1 || word == "-C"_L1) && !words.isEmpty())
            words.removeFirst();
    }
    return words;
}

/// Programs that start what their arguments name: that such a one runs tells nothing.
bool isLauncher(const QString &path)
{
    static const QSet<QString> names = {
        u"flatpak"_s,
        u"snap"_s,
        u"gapplication"_s,
        u"gtk-launch"_s,
        u"xdg-open"_s,
        u"kioclient"_s,
        u"kioclient5"_s,
        u"pkexec"_s,
        u"sudo"_s,
        u"gksu"_s,
        u"kdesu"_s,
        u"busybox"_s,
        u"env"_s,
        u"dbus-launch"_s,
        u"dbus-run-session"_s,
        u"gjs-console"_s,
        u"x-terminal-emulator"_s,
        u"systemd-run"_s,
        u"setsid"_s,
        u"nohup"_s,
    };
    return names.contains(path.section(u'/', -1));
}

} // namespace

std::optional<DesktopEntry> DesktopEntries::byId(const QString &id)
{
    refresh();
    const auto known = m_entries.constFind(id);
    return known == m_entries.constEnd() ? std::nullopt : std::optional(*known);
}

std::optional<DesktopEntry> DesktopEntries::byExecutable(const QString &path)
{
    refresh();
    return claimed(m_byExecutable, path);
}

std::optional<DesktopEntry> DesktopEntries::byScript(const QString &path)
{
    refresh();
    return claimed(m_byScript, path);
}

std::optional<DesktopEntry> DesktopEntries::bySnap(const QString &snap, const QString &app)
{
    if (auto entry = byId(snap + u'_' + (app.isEmpty() ? snap : app)))
        return entry;
    std::optional<DesktopEntry> only;
    for (const DesktopEntry &entry : std::as_const(m_entries)) {
        if (entry.snap != snap)
            continue;
        if (only)
            return std::nullopt;
        only = entry;
    }
    return only;
}

std::optional<DesktopEntry> DesktopEntries::claimed(const Claims &claims, const QString &path)
{
    const auto known = claims.constFind(path);
    return known == claims.constEnd() || known->isTied ? std::nullopt : byId(known->id);
}

void DesktopEntries::refresh()
{
    if (m_looked.isValid() && !m_looked.hasExpired(lookAgainMs))
        return;
    const bool isFirst = !m_looked.isValid();
    m_looked.start();
    const bool isSame =
        std::all_of(m_folders.keyValueBegin(), m_folders.keyValueEnd(),
                    [](const auto &known) { return QFileInfo(known.first).lastModified() == known.second; });
    if (!isFirst && isSame)
        return;
    m_folders.clear();
    m_entries.clear();
    m_hidden.clear();
    m_byExecutable.clear();
    m_byScript.clear();
    m_fileCount = 0;
    for (const QString &folder : m_places.folders)
        readFolder(folder, {}, 0);
}

void DesktopEntries::readFolder(const QString &folder, const QString &prefix, int depth)
{
    // Also where there is none yet: it may come.
    m_folders.insert(folder, QFileInfo(folder).lastModified());
    const QFileInfoList files = QDir(folder).entryInfoList(
        QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot | QDir::Hidden, QDir::Name);
    for (const QFileInfo &file : files) {
        if (file.isDir()) {
            if (!file.isSymLink() && depth < maxDepth)
                readFolder(file.filePath(), prefix + file.fileName() + u'-', depth + 1);
        } else if (file.fileName().endsWith(".desktop"_L1) && m_fileCount < maxFiles) {
            ++m_fileCount;
            readEntry(file.filePath(), prefix + file.fileName().chopped(8));
        }
    }
}

void DesktopEntries::readEntry(const QString &path, const QString &id)
{
    if (m_entries.contains(id) || m_hidden.contains(id))
        return;
    const std::optional<QByteArray> bytes = readBounded(path, maxBytes);
    if (!bytes)
        return;
    QHash<QString, QString> values;
    bool isOurs = false;
    const QString text = QString::fromUtf8(*bytes);
    for (const QStringView line : QStringView(text).tokenize(u'\n')) {
        if (line.startsWith(u'[')) {
            isOurs = line.trimmed() == "[Desktop Entry]"_L1;
        } else if (const qsizetype sign = line.indexOf(u'='); isOurs && sign > 0 && !line.startsWith(u'#')) {
            // The first of a name counts, so that what follows cannot replace it.
            const QString key = line.first(sign).trimmed().toString();
            if (!values.contains(key))
                values.insert(key, unescapeValue(line.sliced(sign + 1).trimmed()));
        }
    }
    if (values.value(u"Hidden"_s) == "true"_L1) {
        m_hidden.insert(id, true);
        return;
    }
    if (values.value(u"Type"_s) != "Application"_L1)
        return;
    DesktopEntry entry;
    entry.id = id;
    for (const QString &language : m_places.languages) {
        if (entry.name.isEmpty())
            entry.name = oneLine(values.value(u"Name[%1]"_s.arg(language)));
    }
    if (entry.name.isEmpty())
        entry.name = oneLine(values.value(u"Name"_s));
    if (entry.name.isEmpty())
        return;
    entry.icon = values.value(u"Icon"_s);
    // Neither a theme's name nor an absolute path.
    if (entry.icon.size() > 1024 || (entry.icon.contains(u'/') && !entry.icon.startsWith(u'/')))
        entry.icon.clear();
    entry.snap = values.value(u"X-SnapInstanceName"_s);
    entry.isTerminal = values.value(u"Categories"_s).split(u';').contains("TerminalEmulator"_L1);
    m_entries.insert(id, entry);

    const QStringList words = withoutEnvironment(wordsOf(values.value(u"Exec"_s)));
    if (words.isEmpty())
        return;
    const int rank = (words.size() > 1 ? 2 : 0) + (values.value(u"NoDisplay"_s) == "true"_L1 ? 1 : 0);
    if (isInterpreter(words.first())) {
        QList<QByteArray> arguments;
        for (const QString &word : words)
            arguments.append(word.toUtf8());
        if (const auto script = scriptOf(words.first(), arguments); script && script->startsWith(u'/'))
            claim(m_byScript, QFileInfo(*script).canonicalFilePath(), id, rank);
        return;
    }
    QString program = findProgram(words.first());
    if (isLauncher(words.first()))
        program = findProgram(values.value(u"TryExec"_s));
    const QString file = program.isEmpty() ? QString() : QFileInfo(program).canonicalFilePath();
    if (file.isEmpty() || isLauncher(file) || isInterpreter(file))
        return;
    // One file or the other, as the program is compiled or has an interpreter.
    claim(m_byExecutable, file, id, rank);
    claim(m_byScript, file, id, rank);
}

void DesktopEntries::claim(Claims &claims, const QString &path, const QString &id, int rank)
{
    if (path.isEmpty())
        return;
    const auto known = claims.find(path);
    if (known == claims.end() || rank < known->rank)
        claims.insert(path, {id, rank, false});
    else if (rank == known->rank && id != known->id)
        known->isTied = true;
}

QString DesktopEntries::findProgram(const QString &program) const
{
    if (program.startsWith(u'/') || program.isEmpty())
        return program;
    if (program.contains(u'/'))
        return {};
    for (const QString &folder : m_places.programFolders) {
        const QFileInfo file(folder + u'/' + program);
        if (file.isFile() && file.isExecutable())
            return file.filePath();
    }
    return {};
}

} // namespace Nettally
