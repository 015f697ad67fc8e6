// SPDX-License-Identifier: MIT
#pragma once

#include "options.h"

namespace Nettally {
class MonitorClient;
}

namespace Nettally::Cli {

/// Subscribes as @p options ask, and ends the event loop with the fitting exit code and one sentence on
/// standard error when there is no way to become live, or nothing comes in time. The other way to end is
/// releaseWatch().
void startWatched(MonitorClient &client, const Options &options);

/// What was waited for came: from here on only a lost bus ends the event loop.
void releaseWatch(MonitorClient &client);

/// After everything was printed: says on standard error why less than the scope asked for was granted. Denied
/// if that scope was asked for by name, else Ok.
int scopeExitCode(const MonitorClient &client, const Options &options);

} // namespace Nettally::Cli
