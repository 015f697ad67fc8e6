// SPDX-License-Identifier: MIT
#pragma once

#include "options.h"

/// The subcommands. Each runs the event loop itself and returns an ExitCode.
namespace Nettally::Cli {

int runLive(const Options &options);
int runTotals(const Options &options);
int runStatus(const Options &options);
int runInterfaces(const Options &options);
int runAudit(const Options &options);
int runConnections(const Options &options);
int runAlerts(const Options &options);
int runHistory(const Options &options);
int runSelfTest(const Options &options);

} // namespace Nettally::Cli
