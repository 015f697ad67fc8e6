// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"

namespace Nettally::Cli {

int runInterfaces(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    QObject::connect(&client, &MonitorClient::balanceReceived, &client,
                     [&](quint64 timeNs, const QList<InterfaceBalance> &interfaces) {
                         releaseWatch(client);
                         const QByteArray text = options.json
                             ? toJson(
                                 balanceJson(QStringLiteral("nettally.interfaces/1"), timeNs, interfaces))
                             : (balanceTable(interfaces).lines(0).join(u'\n') + u'\n').toUtf8();
                         QCoreApplication::exit(writeOutput(text) ? int(Ok) : outputExitCode());
                     });
    // Open to everyone; the least of a subscription comes with finding the helper.
    Options least = options;
    least.scope = Scope::Own;
    client.requestBalance();
    startWatched(client, least);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
