// SPDX-License-Identifier: MIT
#pragma once

#include "usagesource.h"

#include <QElapsedTimer>

namespace Nettally {

/**
 * The last reading of the connections, shared by all who ask, in the order of their cookies: whoever asks on
 * from a cookie meets each connection once, even if the reading changes meanwhile.
 *
 * The kernel forgets whose a connection was once it is in TIME_WAIT; the reading before remembers.
 */
class ConnectionBook {
public:
    void take(ConnectionReading reading, quint64 timeNs);
    /// Gives the memory back.
    void clear();

    /// Whether there is a reading no older than @p ms.
    bool isYoungerThan(int ms) const { return m_age.isValid() && m_age.elapsed() < ms; }
    quint64 timeNs() const { return m_timeNs; } ///< CLOCK_BOOTTIME of the reading
    bool isCut() const { return m_isCut; }
    const QString &problem() const { return m_problem; }

    using Iterator = std::vector<ConnectionRecord>::const_iterator;
    /// The first with a cookie greater than @p cookie.
    Iterator after(quint64 cookie) const;
    Iterator end() const { return m_connections.end(); }

private:
    std::vector<ConnectionRecord> m_connections;
    QElapsedTimer m_age;
    quint64 m_timeNs = 0;
    bool m_isCut = false;
    QString m_problem;
};

} // namespace Nettally
