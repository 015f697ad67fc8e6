// SPDX-License-Identifier: MIT
#pragma once

#include "wiretypes.h"

#include <deque>
#include <optional>

namespace Nettally {

/// What name servers answered lately, numbered, so that subscribers are told at their own pace. Bounded: the
/// oldest make room. Not thread-safe.
class AnswerBook {
public:
    static constexpr qint64 maxBytes = 256 << 10;

    struct Answer {
        quint64 number = 0; ///< from 1, without gaps
        std::optional<quint32> uid; ///< whose program received it; not set: nobody's own
        Wire::NameAnswer wire;

        /// About what it takes here and as a message.
        qint64 bytes() const { return 64 + wire.data.size(); }
        /// Whether it is @p ownUid's; every one is where that is not set.
        bool isSeenBy(const std::optional<quint32> &ownUid) const { return !ownUid || uid == ownUid; }
    };
    using Iterator = std::deque<Answer>::const_iterator;

    /// @p forget is called with each answer that makes room.
    template <typename Forget>
    void add(const std::optional<quint32> &uid, const Wire::NameAnswer &wire, const Forget &forget)
    {
        m_answers.push_back({++m_lastNumber, uid, wire});
        m_bytes += m_answers.back().bytes();
        while (m_bytes > maxBytes) {
            forget(m_answers.front());
            m_bytes -= m_answers.front().bytes();
            m_answers.pop_front();
        }
    }

    /// The first answer with a number above @p number.
    Iterator after(quint64 number) const
    {
        const quint64 first = m_lastNumber + 1 - m_answers.size();
        return m_answers.begin() + qptrdiff(number < first ? 0 : number + 1 - first);
    }
    Iterator end() const { return m_answers.end(); }
    /// Numbers go on.
    void clear()
    {
        m_answers.clear();
        m_bytes = 0;
    }

private:
    std::deque<Answer> m_answers; ///< oldest first
    qint64 m_bytes = 0;
    quint64 m_lastNumber = 0;
};

} // namespace Nettally
