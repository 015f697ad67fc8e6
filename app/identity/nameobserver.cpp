// SPDX-License-Identifier: MIT
#include "nameobserver.h"

#include <algorithm>
#include <netinet/in.h>

namespace Nettally {

bool NameObserver::take(const QList<NameAnswer> &answers)
{
    bool hasLearnt = false;
    for (const NameAnswer &answer : answers) {
        ++m_taken;
        if (answer.protocol == IPPROTO_UDP)
            hasLearnt = read(answer, answer.data) || hasLearnt;
        else if (answer.protocol == IPPROTO_TCP)
            hasLearnt = takePiece(answer) || hasLearnt;
    }
    return hasLearnt;
}

void NameObserver::forgetInstance()
{
    m_streams.clear();
    m_book.forgetPrograms();
}

bool NameObserver::takePiece(const NameAnswer &answer)
{
    if (answer.isStart) {
        if (m_streams.size() >= maxStreams && !m_streams.contains(answer.connection)) {
            m_streams.erase(std::min_element(
                m_streams.begin(), m_streams.end(),
                [](const Stream &first, const Stream &second) { return first.usedAt < second.usedAt; }));
        }
        m_streams.insert(answer.connection, {DnsStream(answer.position + 1), m_taken});
    }
    // Of a connection whose begin was not seen nothing tells where a message begins.
    const auto stream = m_streams.find(answer.connection);
    if (stream == m_streams.end())
        return false;
    stream->usedAt = m_taken;
    bool hasLearnt = false;
    const quint32 position = answer.position + (answer.isStart ? 1 : 0);
    for (const QByteArray &message : stream->messages.take(position, answer.data))
        hasLearnt = read(answer, message) || hasLearnt;
    if (answer.isEnd || stream->messages.isDropped())
        m_streams.erase(stream);
    return hasLearnt;
}

bool NameObserver::read(const NameAnswer &answer, QByteArrayView message)
{
    const std::optional<DnsMessage> read = DnsMessage::parse(message);
    if (!read || read->addresses.isEmpty())
        return false;
    m_book.learn(answer.programId, *read, answer.timeNs);
    return true;
}

} // namespace Nettally
