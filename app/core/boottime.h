// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>

namespace Nettally {

/// The local time of day at which CLOCK_BOOTTIME stood at @p bootTimeNs. Moves when the clock is set.
/// Thread-safe.
QDateTime wallClock(quint64 bootTimeNs);

} // namespace Nettally
