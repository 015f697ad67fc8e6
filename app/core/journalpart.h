// SPDX-License-Identifier: MIT
#pragma once

#include "historyrecord.h"

namespace Nettally {

/// A part of the helper's journal.
struct JournalPart {
    HistoryBatch batch; ///< with its cursor
    bool more = false; ///< records follow at once; else after the next full minute
    bool isRestarted = false; ///< the journal is another, or an earlier state, than the cursor asked from
};

} // namespace Nettally
