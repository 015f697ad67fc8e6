// SPDX-License-Identifier: MIT
#include "namebook.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace Nettally {

namespace {

/// What an entry that was used is ahead of one that was not, and the most that a time to live can claim: a
/// server that claims years must not crowd out names in use.
constexpr quint64 useKeptNs = 600'000'000'000;

} // namespace

NameBook::NameBook(qsizetype maxEntries)
    : m_maxEntries(qMax<qsizetype>(maxEntries, 1))
{
}

void NameBook::learn(quint32 programId, const DnsMessage &answer, quint64 timeNs)
{
    m_timeNs = qMax(m_timeNs, timeNs);
    for (const DnsAddress &given : answer.addresses) {
        const Key key{given.address, programId};
        if (m_entries.size() >= m_maxEntries && !m_entries.contains(key))
            evict();
        Entry &entry = m_entries[key];
        entry.name = answer.name;
        entry.order = ++m_order;
        const quint64 claimedNs = qMin(given.ttlSeconds * quint64(1'000'000'000), useKeptNs);
        entry.usedUntilNs = qMax(entry.usedUntilNs, m_timeNs + claimedNs);
        m_newest.insert(given.address, programId);
    }
}

NameBook::Name NameBook::nameOf(quint32 programId, const Address &address)
{
    Origin origin = Origin::Program;
    auto entry = programId == noProgram ? m_entries.end() : m_entries.find({address, programId});
    if (entry == m_entries.end() && !address.isLoopback()) {
        const auto newest = m_newest.constFind(address);
        if (newest != m_newest.constEnd()) {
            entry = m_entries.find({address, *newest});
            origin = Origin::OtherProgram;
        }
    }
    if (entry == m_entries.end())
        return {};
    entry->usedUntilNs = m_timeNs + useKeptNs;
    return {entry->name, origin};
}

void NameBook::forgetPrograms()
{
    QHash<Key, Entry> entries;
    for (const auto &[address, programId] : std::as_const(m_newest).asKeyValueRange()) {
        entries.insert({address, noProgram}, m_entries.value({address, programId}));
    }
    m_entries = std::move(entries);
    indexNewest();
}

/// An eighth at once, so that finding the oldest costs little for each that comes.
void NameBook::evict()
{
    std::vector<quint64> times;
    times.reserve(static_cast<size_t>(m_entries.size()));
    for (const Entry &entry : std::as_const(m_entries))
        times.push_back(entry.usedUntilNs);
    qsizetype surplus = qMax<qsizetype>(m_maxEntries / 8, 1);
    const auto limit = times.begin() + (surplus - 1);
    std::nth_element(times.begin(), limit, times.end());
    // Many may share the limit's time: of those, as many as it takes.
    const quint64 limitNs = *limit;
    qsizetype older = std::count_if(times.begin(), times.end(), [&](quint64 t) { return t < limitNs; });
    qsizetype atLimit = surplus - older;
    m_entries.removeIf([&](const std::pair<const Key &, Entry &> known) {
        return known.second.usedUntilNs < limitNs || (known.second.usedUntilNs == limitNs && atLimit-- > 0);
    });
    indexNewest();
}

void NameBook::indexNewest()
{
    QHash<Address, quint64> orders;
    m_newest.clear();
    for (auto entry = m_entries.cbegin(); entry != m_entries.cend(); ++entry) {
        quint64 &order = orders[entry.key().address];
        if (entry->order <= order)
            continue;
        order = entry->order;
        m_newest.insert(entry.key().address, entry.key().programId);
    }
}

} // namespace Nettally
