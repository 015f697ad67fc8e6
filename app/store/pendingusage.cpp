// SPDX-License-Identifier: MIT
#include "pendingusage.h"

namespace Nettally {

size_t qHash(const ProgramIdentity &program, size_t seed) noexcept
{
    return qHashMulti(seed, program.name, program.executable, program.uid, quint8(program.kind));
}

size_t qHash(const FactKey &key, size_t seed) noexcept
{
    return qHashMulti(seed, key.program, key.remote, key.protocol);
}

void PendingUsage::add(qint64 minuteUtc, const UsageDelta &delta)
{
    const Program &program = delta.program;
    addFact(m_minutes[minuteUtc],
            {{program.name, program.executable, program.uid, program.kind}, delta.remote, delta.protocol},
            {delta.rxPayloadBytes, delta.txPayloadBytes});
}

void PendingUsage::clear()
{
    m_minutes.clear();
    m_factCount = 0;
}

void PendingUsage::addFact(Minute &minute, const FactKey &key, const FactSums &sums)
{
    const qsizetype before = minute.size();
    FactSums &total = minute[key];
    total.rxPayloadBytes += sums.rxPayloadBytes;
    total.txPayloadBytes += sums.txPayloadBytes;
    m_factCount += minute.size() - before;
}

template <typename Coarser>
void PendingUsage::coarsen(Minute &minute, Coarser coarser)
{
    const Minute fine = std::exchange(minute, {});
    m_factCount -= fine.size();
    for (auto fact = fine.cbegin(); fact != fine.cend(); ++fact) {
        FactKey key = fact.key();
        coarser(key);
        addFact(minute, key, fact.value());
    }
}

void PendingUsage::mergeOldestTwo()
{
    const auto oldest = m_minutes.begin();
    const Minute facts = std::move(oldest->second);
    m_factCount -= facts.size();
    Minute &next = std::next(oldest)->second;
    for (auto fact = facts.cbegin(); fact != facts.cend(); ++fact) {
        addFact(next, fact.key(), fact.value());
    }
    m_minutes.erase(oldest);
}

bool PendingUsage::fold(qsizetype maxMinutes, qsizetype maxFacts)
{
    bool folded = false;
    while (qsizetype(m_minutes.size()) > maxMinutes) {
        mergeOldestTwo();
        folded = true;
    }
    while (m_factCount > maxFacts) {
        folded = true;
        coarsen(m_minutes.begin()->second, [](FactKey &key) { key.remote = Address(); });
        if (m_factCount <= maxFacts) {
            break;
        }
        if (m_minutes.size() > 1) {
            mergeOldestTwo();
            continue;
        }
        coarsen(m_minutes.begin()->second, [](FactKey &key) {
            key.program = {QString(), QString(), 0, ProgramKind::Overflow};
        });
        break; // at most one fact a protocol is left
    }
    return folded;
}

} // namespace Nettally
