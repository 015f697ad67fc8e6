// SPDX-License-Identifier: MIT
#pragma once

#include "counters.h"

#include <QList>

namespace Nettally {

/// The interfaces of this process's network namespace with the kernel's 64-bit counters, asked of
/// rtnetlink (RTM_GETLINK, IFLA_STATS64) in one dump. Empty if the kernel does not answer.
QList<InterfaceCounters> readInterfaceCounters();

} // namespace Nettally
