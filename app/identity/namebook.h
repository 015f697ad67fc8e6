// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"
#include "dnsmessage.h"

#include <QHash>
#include <QString>

namespace Nettally {

/**
 * Which name programs meant by an address: the one whose DNS answer gave it to them last.
 *
 * Knows only what learn() was told; never looks anything up. Holds at most a number of (program, address)
 * pairs: what has gone longest without use is forgotten first, a new one counting as used until its time to
 * live runs out. Not thread-safe; the names are untrusted, see DnsMessage::name.
 */
class NameBook {
public:
    /// For flows and answers whose program is not known.
    static constexpr quint32 noProgram = 0;

    enum class Origin : quint8 {
        None, ///< no name is known
        Program, ///< the program itself asked for it
        OtherProgram, ///< another program did, maybe on its behalf (a resolver's daemon)
    };

    struct Name {
        QString text; ///< empty when no name is known
        Origin origin = Origin::None;
        bool operator==(const Name &) const = default;
    };

    explicit NameBook(qsizetype maxEntries = 20000);

    /// @p programId, of this instance of the helper, received @p answer at @p timeNs (CLOCK_BOOTTIME).
    void learn(quint32 programId, const DnsMessage &answer, quint64 timeNs);
    /// The name @p programId asked for last that led to @p address; else the one that any program asked for
    /// last, but for loopback addresses, where each program means something of its own. Counts as use.
    Name nameOf(quint32 programId, const Address &address);
    /// Program ids have changed their meaning: what was learnt remains as that of other programs.
    void forgetPrograms();

    qsizetype size() const { return m_entries.size(); }

private:
    struct Key {
        Address address;
        quint32 programId = noProgram;
        bool operator==(const Key &) const = default;
        friend size_t qHash(const Key &key, size_t seed) noexcept
        {
            return qHashMulti(seed, key.address, key.programId);
        }
    };

    struct Entry {
        QString name;
        quint64 order = 0; ///< of being learnt
        quint64 usedUntilNs = 0;
    };

    void evict();
    void indexNewest();

    qsizetype m_maxEntries;
    quint64 m_timeNs = 0; ///< of the latest answer
    quint64 m_order = 0;
    QHash<Key, Entry> m_entries;
    QHash<Address, quint32> m_newest; ///< which program's entry for the address was learnt last
};

} // namespace Nettally
