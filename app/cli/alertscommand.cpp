// SPDX-License-Identifier: MIT
#include "alert.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "plaintext.h"
#include "text.h"
#include "texttable.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonObject>
#include <QLocale>

namespace Nettally::Cli {

namespace {

int print(const QByteArray &text)
{
    return writeOutput(text) ? int(Ok) : outputExitCode();
}

int fail(const QString &problem)
{
    writeError(problem);
    return Failure;
}

int printRules(const Options &options)
{
    QString problem;
    const AlertSettings settings =
        AlertSettingsFile::read(alertFolder(), problem, AlertSettingsFile::Damaged::Leave);
    if (!problem.isEmpty()) {
        return fail(problem);
    }
    if (options.json) {
        QJsonArray rules;
        for (const AlertRule &rule : settings.rules) {
            rules.append(QJsonObject{{QStringLiteral("rule"), rule.id},
                                     {QStringLiteral("kind"), alertKindName(rule.kind)},
                                     {QStringLiteral("enabled"), rule.isEnabled},
                                     {QStringLiteral("sentence"), alertSentence(rule, UnitBase::Iec)}});
        }
        return print(toJson({{QStringLiteral("schema"), QStringLiteral("nettally.alertsentences/1")},
                             {QStringLiteral("rules"), rules}}));
    }
    QString text;
    for (const AlertRule &rule : settings.rules) {
        text += (rule.isEnabled ? Ctl::tr("on   ") : Ctl::tr("off  ")) + alertSentence(rule, UnitBase::Iec)
            + u'\n';
    }
    return print(text.toUtf8());
}

} // namespace

int runAlerts(const Options &options)
{
    if (options.alertRules) {
        return printRules(options);
    }
    QString problem;
    QList<AlertEvent> events =
        AlertLogFile::read(alertFolder(), problem, AlertSettingsFile::Damaged::Leave).events;
    if (!problem.isEmpty()) {
        return fail(problem);
    }
    if (options.isLastGiven) {
        const qint64 sinceUtcS = QDateTime::currentSecsSinceEpoch() - options.lastMs / 1000;
        events.removeIf([sinceUtcS](const AlertEvent &event) { return event.utcS < sinceUtcS; });
    }
    if (options.json) {
        QJsonArray list;
        for (const AlertEvent &event : std::as_const(events)) {
            list.append(alertEventJson(event));
        }
        return print(toJson({{QStringLiteral("schema"), QStringLiteral("nettally.alerts/1")},
                             {QStringLiteral("alerts"), list}}));
    }
    TextTable table;
    table.columns = {{Ctl::tr("TIME")}, {Ctl::tr("STATE")}, {Ctl::tr("WHAT HAPPENED")}};
    for (const AlertEvent &event : std::as_const(events)) {
        table.rows.append(
            {QLocale().toString(QDateTime::fromSecsSinceEpoch(event.utcS), QLocale::ShortFormat),
             alertDeliveryText(event.delivery), printable(event.text)});
    }
    return print((table.lines(0).join(u'\n') + u'\n').toUtf8());
}

} // namespace Nettally::Cli
