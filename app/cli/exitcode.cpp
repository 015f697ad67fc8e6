// SPDX-License-Identifier: MIT
#include "exitcode.h"

namespace Nettally::Cli {

ExitCode exitCodeOf(MonitorClient::State state)
{
    switch (state) {
    case MonitorClient::State::Stopped:
    case MonitorClient::State::Connecting:
    case MonitorClient::State::Live:
        return Ok;
    case MonitorClient::State::BusUnavailable:
    case MonitorClient::State::AuthorityUnavailable:
        return Unavailable;
    case MonitorClient::State::HelperMissing:
        return HelperMissing;
    case MonitorClient::State::Denied:
        return Denied;
    case MonitorClient::State::Incompatible:
        return Failure;
    }
    return Failure;
}

} // namespace Nettally::Cli
