// SPDX-License-Identifier: MIT
#pragma once

#include "trafficcounts.h"
#include "usage.h"

class QModelIndex;

namespace Nettally {

/// What a figure in a table of ours is, where it comes from, since when, and what is not in it, in a few
/// sentences as rich text. @p isHistory: of what is recorded.
QString figureExplanation(const QModelIndex &index, Measure measure, const HelperStatus &status);

} // namespace Nettally
