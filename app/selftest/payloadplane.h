// SPDX-License-Identifier: MIT
#pragma once

#include "plane.h"

namespace Nettally {

/// What the programs' own calls returned, program by program.
class PayloadPlane : public Plane {
public:
    void begin(const Observation &before) override;
    PlaneResult compare(const Traffic &traffic, const Observation &after) const override;
};

} // namespace Nettally
