// SPDX-License-Identifier: MIT
#pragma once

#include "bucketcalendar.h"
#include "historyrecord.h"

#include <compare>
#include <utility>
#include <vector>

namespace Nettally {

/// A row of a usage table, by the ids of the dictionaries, in the order of its primary key.
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

/// Adds up flows by the buckets of every level, so that each row of the database is written once a batch.
class RollUp {
public:
    /// @p key with any time of its bucket at @p finest; finer levels do not get it.
    void add(const BucketCalendar &calendar, FactKey key, const TrafficSums &sums,
             Level finest = Level::Minute);
    /// In the order of the key, for the writes to meet neighbouring pages.
    Facts sorted(Level level) const;
    bool isEmpty() const { return m_sums.back().isEmpty(); }

private:
    std::array<QHash<FactKey, TrafficSums>, allLevels.size()> m_sums;
};

} // namespace Nettally
