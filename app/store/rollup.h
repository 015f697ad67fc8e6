// SPDX-License-Identifier: MIT
#pragma once

#include "bucketcalendar.h"
#include "historyrecord.h"

#include <compare>
#include <utility>
#include <vector>

namespace Nettally {

/// A row of a usage table, by the ids of the dictionaries, in the order of its primary key; of a total with
/// remote 0 and a channel without port.
struct FactKey {
    qint64 programId = 0;
    qint64 startUtcS = 0;
    qint64 remoteId = 0;
    qint64 channelId = 0;
    auto operator<=>(const FactKey &) const = default;
};

inline size_t qHash(const FactKey &key, size_t seed = 0) noexcept
{
    return qHashMulti(seed, key.programId, key.startUtcS, key.remoteId, key.channelId);
}

using Facts = std::vector<std::pair<FactKey, TrafficSums>>;
using LevelFacts = std::array<Facts, allLevels.size()>; ///< by Level

/// In the order of the key, for the writes to meet neighbouring pages, and each key once.
Facts addedUp(Facts facts);
/// @p facts by the buckets of a coarser level that they lie in.
Facts addedUp(Facts facts, const BucketCalendar &calendar, Level level);
/// Of every level the rows, which hold those of the finer ones; each row is so written once a batch.
LevelFacts rolledUp(LevelFacts facts, const BucketCalendar &calendar);

} // namespace Nettally
