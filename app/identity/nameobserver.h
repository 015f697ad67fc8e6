// SPDX-License-Identifier: MIT
#pragma once

#include "dnsstream.h"
#include "nameanswer.h"
#include "namebook.h"

#include <QHash>

namespace Nettally {

/**
 * From what name servers answered to the names of addresses: puts TCP connections together, reads the
 * messages and enters them in a NameBook. Holds a bounded number of connections at a time. Not thread-safe.
 */
class NameObserver {
public:
    /// Connections beyond take the place of the one that was silent longest. At most 64 KiB each.
    static constexpr qsizetype maxStreams = 64;

    /// @p book must outlive the observer.
    explicit NameObserver(NameBook &book)
        : m_book(book)
    {
    }

    /// Whether the book learnt of any address.
    bool take(const QList<NameAnswer> &answers);
    /// Another instance of the helper: ids of programs mean others.
    void forgetInstance();

private:
    struct Stream {
        DnsStream messages;
        quint64 usedAt = 0; ///< in answers taken
    };

    bool takePiece(const NameAnswer &answer);
    bool read(const NameAnswer &answer, QByteArrayView message);

    NameBook &m_book;
    QHash<quint64, Stream> m_streams; ///< by connection
    quint64 m_taken = 0;
};

} // namespace Nettally
