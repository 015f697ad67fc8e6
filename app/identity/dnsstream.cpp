// SPDX-License-Identifier: MIT
#include "dnsstream.h"

#include <QtEndian>

namespace Nettally {

namespace {

constexpr qsizetype lengthBytes = 2;
constexpr qsizetype leastMessageBytes = 12; ///< a header

} // namespace

QList<QByteArray> DnsStream::take(quint32 sequence, QByteArrayView segment)
{
    if (m_isDropped)
        return {};
    // Sequence numbers wrap: what is less than half the circle behind is a repetition, the rest ahead.
    const quint32 behind = m_nextSequence - sequence;
    if (behind > 0x7fffffff) {
        drop();
        return {};
    }
    if (segment.size() <= static_cast<qsizetype>(behind))
        return {};
    segment = segment.sliced(static_cast<qsizetype>(behind));
    m_nextSequence += static_cast<quint32>(segment.size());

    QList<QByteArray> messages;
    while (!segment.isEmpty()) {
        const qsizetype wanted = m_pending.size() < lengthBytes
            ? lengthBytes
            : lengthBytes + qFromBigEndian<quint16>(m_pending.constData());
        const qsizetype taken = qMin(wanted - m_pending.size(), segment.size());
        m_pending.append(segment.first(taken));
        segment = segment.sliced(taken);
        if (m_pending.size() < wanted)
            break;
        if (wanted == lengthBytes) {
            if (qFromBigEndian<quint16>(m_pending.constData()) < leastMessageBytes) {
                drop();
                break;
            }
            continue;
        }
        messages.append(m_pending.sliced(lengthBytes));
        m_pending.clear();
    }
    return messages;
}

void DnsStream::drop()
{
    m_isDropped = true;
    m_pending = {};
}

} // namespace Nettally
