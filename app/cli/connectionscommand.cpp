// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "connectionreport.h"
#include "exitcode.h"
#include "output.h"
#include "remotenames.h"
#include "text.h"

namespace Nettally::Cli {

int runConnections(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    // Answered before the connections are: what the helper knows has come by then.
    RemoteNames names(client);
    NameBook noNames;
    NameBook &shownNames = options.numeric ? noNames : names.book();
    QObject::connect(&client, &MonitorClient::connectionsFailed, &client, [&](const QString &problem) {
        releaseWatch(client);
        writeError(problem);
        QCoreApplication::exit(Failure);
    });
    QObject::connect(&client, &MonitorClient::connectionsReceived, &client, [&](const ConnectionList &list) {
        releaseWatch(client);
        const QByteArray text = options.json
            ? toJson(connectionsJson(list, names.book(), client.grantedScope(), client.scopeNote()))
            : (connectionsTable(list, shownNames).lines(0).join(u'\n') + u'\n').toUtf8();
        const bool isWritten = writeOutput(text);
        if (isWritten && list.isCut)
            writeError(Ctl::tr("This machine has more connections than the helper lists; some are missing."));
        QCoreApplication::exit(isWritten ? scopeExitCode(client, options) : outputExitCode());
    });
    client.requestConnections();
    startWatched(client, options);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
