// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"

namespace Nettally::Cli {

int runAudit(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    QObject::connect(&client, &MonitorClient::stateChanged, &client, [&] {
        if (client.state() != MonitorClient::State::Live) {
            return;
        }
        releaseWatch(client);
        client.requestAudit(options.seconds);
    });
    QObject::connect(&client, &MonitorClient::auditReceived, &client,
                     [&](const QList<InterfaceBalance> &interfaces) {
                         const QByteArray text = options.json
                             ? toJson(balanceJson(QStringLiteral("nettally.audit/1"), 0, interfaces))
                             : (balanceTable(interfaces).lines(0).join(u'\n') + u'\n').toUtf8();
                         QCoreApplication::exit(writeOutput(text) ? int(Ok) : outputExitCode());
                     });
    QObject::connect(&client, &MonitorClient::auditFailed, &client, [](const QString &problem) {
        writeError(problem);
        QCoreApplication::exit(Failure);
    });
    Options least = options;
    least.scope = Scope::Own;
    startWatched(client, least);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
