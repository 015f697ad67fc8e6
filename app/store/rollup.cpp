// SPDX-License-Identifier: MIT
#include "rollup.h"

#include <algorithm>

namespace Nettally {

void RollUp::add(const BucketCalendar &calendar, FactKey key, const TrafficSums &sums, Level finest)
{
    const BucketCalendar::Starts starts = calendar.starts(key.startUtcS);
    for (size_t level = size_t(finest); level < allLevels.size(); ++level) {
        key.startUtcS = starts[level];
        const auto known = m_sums[level].find(key);
        if (known == m_sums[level].end()) {
            m_sums[level].insert(key, sums);
        } else {
            *known += sums;
        }
    }
}

Facts RollUp::sorted(Level level) const
{
    const QHash<FactKey, TrafficSums> &sums = m_sums[size_t(level)];
    Facts facts;
    facts.reserve(size_t(sums.size()));
    for (auto fact = sums.cbegin(); fact != sums.cend(); ++fact) {
        facts.emplace_back(fact.key(), fact.value());
    }
    std::sort(facts.begin(), facts.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    return facts;
}

} // namespace Nettally
