// SPDX-License-Identifier: MIT
// The helper's service over a scripted kernel, as a process a test can stop, kill and weigh.
#include "fakeauthorizer.h"
#include "fakeusagesource.h"
#include "monitorservice.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QTextStream>

#include <cstdio>
#include <unistd.h>

using namespace Nettally;

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    QCommandLineParser parser;
    const auto option = [&parser](const char *name, const QString &value) {
        const QCommandLineOption added(QString::fromLatin1(name), {}, QStringLiteral("value"), value);
        parser.addOption(added);
        return added;
    };
    const auto address = option("address", qEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS"));
    const auto flows = option("flows", QStringLiteral("100"));
    const auto programs = option("programs", QStringLiteral("10"));
    const auto uid = option("uid", QString::number(geteuid()));
    const auto growth = option("growth", QStringLiteral("0"));
    const auto holdAfter = option("hold-after", {});
    parser.process(app);

    FakeUsageSource source;
    source.fill(parser.value(programs).toUInt(), parser.value(flows).toUInt(), parser.value(uid).toUInt());
    source.setGrowth(parser.value(growth).toULongLong());
    FakeAuthorizer authorizer;
    if (parser.isSet(holdAfter))
        authorizer.hold(parser.value(holdAfter).toInt());
    MonitorService service(QDBusConnection::connectToBus(parser.value(address), QStringLiteral("helper")),
                           source, authorizer, {});
    QObject::connect(&service, &MonitorService::busLost, &app, &QCoreApplication::quit);
    const QString problem = service.publish();
    QTextStream(stdout) << (problem.isEmpty() ? QStringLiteral("ready") : problem) << Qt::endl;
    return problem.isEmpty() ? QCoreApplication::exec() : 1;
}
