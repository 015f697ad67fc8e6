// SPDX-License-Identifier: MIT
#include "commands.h"
#include "exitcode.h"
#include "options.h"
#include "output.h"

#include <QCoreApplication>

#include <csignal>

#include <unistd.h>

using namespace Nettally::Cli;

int main(int argc, char **argv)
{
    // A reader that leaves ("| head") is a failed write, which ends the program in order.
    std::signal(SIGPIPE, SIG_IGN);
    QCoreApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("nettallyctl"));
    QCoreApplication::setApplicationVersion(QStringLiteral(NETTALLY_VERSION));

    const Parsed parsed = parseArguments(QCoreApplication::arguments().mid(1), ::getuid());
    if (!parsed.error.isEmpty()) {
        writeError(parsed.error);
        return Usage;
    }
    if (!parsed.options) {
        return writeOutput(parsed.text.toUtf8()) ? int(Ok) : outputExitCode();
    }
    switch (parsed.options->command) {
    case Command::Live:
        return runLive(*parsed.options);
    case Command::Totals:
        return runTotals(*parsed.options);
    case Command::Status:
        return runStatus(*parsed.options);
    case Command::Interfaces:
        return runInterfaces(*parsed.options);
    case Command::Audit:
        return runAudit(*parsed.options);
    case Command::Connections:
        return runConnections(*parsed.options);
    case Command::History:
        return runHistory(*parsed.options);
    case Command::Alerts:
        return runAlerts(*parsed.options);
    case Command::SelfTest:
        return runSelfTest(*parsed.options);
    }
    return Failure;
}
