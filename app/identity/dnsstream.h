// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QByteArrayView>
#include <QList>

namespace Nettally {

/**
 * Puts together the DNS messages that come over one TCP connection in one direction.
 *
 * Holds at most one message that is not yet whole: 64 KiB. Not thread-safe.
 */
class DnsStream {
public:
    /// @p firstSequence is that of the first byte of data: one more than the SYN's.
    explicit DnsStream(quint32 firstSequence)
        : m_nextSequence(firstSequence)
    {
    }

    /// Takes the data of a segment, @p sequence being that of its first byte, and returns the messages it
    /// completes, without their length. What was taken before is passed over. With bytes missing before
    /// @p sequence, or a length that no message has, the stream is dropped: nothing tells where the next
    /// message begins.
    QList<QByteArray> take(quint32 sequence, QByteArrayView segment);

    /// No message will come any more.
    bool isDropped() const { return m_isDropped; }

private:
    void drop();

    QByteArray m_pending; ///< a message's length, and of the message what came so far
    quint32 m_nextSequence;
    bool m_isDropped = false;
};

} // namespace Nettally
