// SPDX-License-Identifier: MIT
#pragma once

#include "units.h"

namespace Nettally {

/// The smallest round step that shows @p peak bytes per second in at most four: of the shown unit 1, 2, 5 and
/// their tens and hundreds, or the powers of two where a thousand is 1024.
double niceRateStep(double peak, UnitStyle style);

/// A round rate without the zeros behind the point.
QString roundRateText(double bytesPerSecond, UnitStyle style);

} // namespace Nettally
