// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"
#include "units.h"

namespace Nettally::Cli {

namespace {

QByteArray totalsText(const UsageTable &table, By by, Scope granted)
{
    const UsageSums total = table.total();
    const QString summary =
        Ctl::tr("%1 since the helper started: received %2, sent %3")
            .arg(granted == Scope::All ? Ctl::tr("All programs")
                                       : Ctl::tr("Your programs and the others' sum"),
                 formatBytes(total.rxPayloadBytesTotal), formatBytes(total.txPayloadBytesTotal));
    const TextTable text = totalsTable(table, by);
    return (summary + QStringLiteral("\n\n") + text.lines(0).join(u'\n') + u'\n').toUtf8();
}

} // namespace

int runTotals(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    QObject::connect(&client, &MonitorClient::updateReceived, &client, [&](const UsageUpdate &update) {
        if (!update.isSnapshot) {
            return;
        }
        releaseWatch(client);
        UsageTable table;
        table.apply(update);
        const QByteArray text = options.json
            ? toJson(totalsJson(table, options.by, client.grantedScope(), client.scopeNote()))
            : totalsText(table, options.by, client.grantedScope());
        QCoreApplication::exit(writeOutput(text) ? scopeExitCode(client, options) : outputExitCode());
    });
    startWatched(client, options);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
