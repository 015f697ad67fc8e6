// SPDX-License-Identifier: MIT
#include "clientwatch.h"
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"

#include <algorithm>

namespace Nettally::Cli {

int runInterfaces(const Options &options)
{
    MonitorClient client(QDBusConnection::systemBus());
    bool isToBeAskedAgain = false;
    const auto print = [&](quint64 timeNs, const QList<InterfaceBalance> &interfaces,
                           const MachineBytes &machine) {
        // Programs that carry tunnels have names for who may see them, once the helper has found out.
        const bool isNameless = std::any_of(interfaces.begin(), interfaces.end(), [](const auto &balance) {
            return !balance.carriers.isEmpty() && balance.carriers.constFirst().name.isEmpty();
        });
        if (isNameless && client.state() == MonitorClient::State::Connecting) {
            isToBeAskedAgain = true;
            return;
        }
        releaseWatch(client);
        QByteArray text;
        if (options.json) {
            QJsonObject books = balanceJson(QStringLiteral("nettally.interfaces/1"), timeNs, interfaces);
            books.insert(QStringLiteral("machine"),
                         QJsonObject{{QStringLiteral("rxBytes"), toJsonValue(machine.rxBytes)},
                                     {QStringLiteral("txBytes"), toJsonValue(machine.txBytes)}});
            text = toJson(books);
        } else {
            text = (balanceTable(interfaces, machine).lines(0).join(u'\n') + u'\n').toUtf8();
        }
        QCoreApplication::exit(writeOutput(text) ? int(Ok) : outputExitCode());
    };
    QObject::connect(&client, &MonitorClient::balanceReceived, &client, print);
    QObject::connect(&client, &MonitorClient::stateChanged, &client, [&] {
        if (isToBeAskedAgain && client.state() == MonitorClient::State::Live) {
            client.requestBalance();
        }
    });
    // Open to everyone; the least of a subscription comes with finding the helper.
    Options least = options;
    least.scope = Scope::Own;
    client.requestBalance();
    startWatched(client, least);
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
