// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"

namespace Nettally::Cli {

int runStatus(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    QObject::connect(&client, &MonitorClient::statusReceived, &client, [&](const HelperStatus &status) {
        releaseWatch(client);
        const QByteArray text = options.json ? toJson(statusJson(status)) : statusText(status).toUtf8();
        QCoreApplication::exit(writeOutput(text) ? int(Ok) : outputExitCode());
    });
    // The status is open to everyone; the least of a subscription comes with finding the helper.
    Options least = options;
    least.scope = Scope::Own;
    client.requestStatus();
    startWatched(client, least);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
