// SPDX-License-Identifier: MIT
#include "journaloptions.h"

#include <QCoreApplication>
#include <QFile>

#include <array>

namespace Nettally {

namespace {

struct Key {
    const char *name;
    qint64 least;
    qint64 most;
    qint64 unit;
    qint64 Journal::Options::*member;
};

constexpr std::array keys{
    Key{"journal-max-mib", 4, 1 << 20, 1 << 20, &Journal::Options::maxBytes},
    Key{"journal-max-days", 1, 3660, 86400, &Journal::Options::maxAgeS},
};

QString translate(const char *text)
{
    return QCoreApplication::translate("JournalOptions", text);
}

} // namespace

Journal::Options readJournalOptions(const QString &path, QStringList *problems)
{
    Journal::Options options;
    QFile file(path);
    if (!file.exists())
        return options;
    if (!file.open(QIODevice::ReadOnly)) {
        problems->append(
            translate("%1 cannot be read (%2): the defaults are used.").arg(path, file.errorString()));
        return options;
    }
    for (int number = 1; !file.atEnd(); ++number) {
        const QString line = QString::fromUtf8(file.readLine()).section(QLatin1Char('#'), 0, 0).trimmed();
        if (line.isEmpty())
            continue;
        const QString name = line.section(QLatin1Char('='), 0, 0).trimmed();
        bool isNumber = false;
        const qint64 value = line.section(QLatin1Char('='), 1).trimmed().toLongLong(&isNumber);
        const auto key = std::find_if(keys.begin(), keys.end(),
                                      [&](const Key &one) { return name == QLatin1String(one.name); });
        if (key == keys.end())
            problems->append(
                translate("%1, line %2: there is no setting \"%3\".").arg(path).arg(number).arg(name));
        else if (!isNumber || value < key->least || value > key->most)
            problems->append(
                translate("%1, line %2: %3 wants a whole number from %4 to %5; its default is used.")
                    .arg(path)
                    .arg(number)
                    .arg(name)
                    .arg(key->least)
                    .arg(key->most));
        else
            options.*(key->member) = value * key->unit;
    }
    return options;
}

} // namespace Nettally
