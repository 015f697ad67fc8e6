// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "remotenames.h"
#include "report.h"
#include "text.h"
#include "units.h"

namespace Nettally::Cli {

namespace {

QByteArray totalsText(const UsageTable &table, By by, NameBook &names, Scope granted)
{
    const UsageSums total = table.total();
    const QString summary =
        Ctl::tr("%1 since the helper started: received %2, sent %3")
            .arg(granted == Scope::All ? Ctl::tr("All programs")
                                       : Ctl::tr("Your programs and the others' sum"),
                 formatBytes(total.rxPayloadBytesTotal), formatBytes(total.txPayloadBytesTotal));
    const TextTable text = totalsTable(table, by, names);
    return (summary + QStringLiteral("\n\n") + text.lines(0).join(u'\n') + u'\n').toUtf8();
}

} // namespace

int runTotals(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    RemoteNames names(client);
    NameBook noNames;
    NameBook &shownNames = options.numeric ? noNames : names.book();
    ApplicationFinder finder;
    std::optional<UsageTable> table;
    bool areNamesKnown = false;
    const auto print = [&] {
        if (!table || !areNamesKnown) {
            return;
        }
        releaseWatch(client);
        const QByteArray text = options.json
            ? toJson(totalsJson(*table, options.by, names.book(), client.grantedScope(), client.scopeNote()))
            : totalsText(*table, options.by, shownNames, client.grantedScope());
        QCoreApplication::exit(writeOutput(text) ? scopeExitCode(client, options) : outputExitCode());
    };
    QObject::connect(&client, &MonitorClient::updateReceived, &client, [&](const UsageUpdate &update) {
        if (!update.isSnapshot) {
            return;
        }
        table.emplace(&finder, options.leftOut).apply(update);
        print();
    });
    QObject::connect(&client, &MonitorClient::namesWatched, &client, [&] {
        areNamesKnown = true;
        print();
    });
    startWatched(client, options);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
