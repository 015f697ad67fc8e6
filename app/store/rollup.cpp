// SPDX-License-Identifier: MIT
#include "rollup.h"

#include <algorithm>

namespace Nettally {

Facts addedUp(Facts facts)
{
    std::sort(facts.begin(), facts.end(), [](const auto &a, const auto &b) { return a.first < b.first; });
    auto last = facts.begin();
    for (auto fact = facts.begin(); fact != facts.end(); ++fact) {
        if (fact == last) {
            continue;
        }
        if (fact->first == last->first) {
            last->second += fact->second;
        } else if (++last != fact) {
            *last = *fact;
        }
    }
    if (last != facts.end()) {
        facts.erase(std::next(last), facts.end());
    }
    return facts;
}

Facts addedUp(Facts facts, const BucketCalendar &calendar, Level level)
{
    for (auto &[key, sums] : facts) {
        key.startUtcS = calendar.start(level, key.startUtcS);
    }
    return addedUp(std::move(facts));
}

LevelFacts rolledUp(LevelFacts facts, const BucketCalendar &calendar)
{
    for (size_t level = 0; level < facts.size(); ++level) {
        if (level > 0) {
            const Facts finer = addedUp(facts[level - 1], calendar, allLevels[level]);
            facts[level].insert(facts[level].end(), finer.cbegin(), finer.cend());
        }
        facts[level] = addedUp(std::move(facts[level]));
    }
    return facts;
}

} // namespace Nettally
