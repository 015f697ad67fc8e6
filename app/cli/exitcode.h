// SPDX-License-Identifier: MIT
#pragma once

#include "monitorclient.h"

namespace Nettally::Cli {

/// What nettallyctl returns to the shell; documented in README.md beside this file.
enum ExitCode {
    Ok = 0,
    Failure = 1,
    Usage = 2,
    HelperMissing = 3,
    Denied = 4,
    Unavailable = 5, ///< no system bus, or polkit cannot be asked
};

/// Ok for the states that are no failure.
ExitCode exitCodeOf(MonitorClient::State state);

} // namespace Nettally::Cli
