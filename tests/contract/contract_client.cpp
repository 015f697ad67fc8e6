// SPDX-License-Identifier: MIT
// The app's client as a process a test can stop and kill: a line for each push it got.
#include "monitorclient.h"

#include <QCoreApplication>
#include <QTextStream>

using namespace Nettally;

/// Arguments: the bus's address, the interval in milliseconds.
int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    MonitorClient client(
        QDBusConnection::connectToBus(QString::fromLocal8Bit(argv[1]), QStringLiteral("client")));
    QTextStream out(stdout);
    QObject::connect(&client, &MonitorClient::updateReceived, &app, [&out](const UsageUpdate &update) {
        quint64 rxBytes = 0;
        for (const Flow &flow : update.flows)
            rxBytes += flow.rxPayloadBytesTotal;
        out << update.flows.size() << ' ' << rxBytes << Qt::endl;
    });
    MonitorClient::Request request;
    request.intervalMs = QByteArray(argv[2]).toUInt();
    request.scope = Scope::All;
    client.start(request);
    return QCoreApplication::exec();
}
