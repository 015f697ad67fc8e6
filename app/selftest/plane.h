// SPDX-License-Identifier: MIT
#pragma once

#include "selftestresult.h"

namespace Nettally {

class Observation;
struct Traffic;

/// One way in which the helper counts, held against what was moved.
class Plane {
public:
    virtual ~Plane() = default;

    /// Before a scenario begins, with what was counted by then.
    virtual void begin(const Observation &before) = 0;
    /// After it ended; @p after was read later than the last of its calls.
    virtual PlaneResult compare(const Traffic &traffic, const Observation &after) const = 0;
};

} // namespace Nettally
