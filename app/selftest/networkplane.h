// SPDX-License-Identifier: MIT
#pragma once

#include "selftestresult.h"
#include "usage.h"

#include <QObject>

namespace Nettally {

class MonitorClient;

/**
 * What crossed the client's end of the cable, held against what a helper in the client's namespace put down
 * to somebody. Its client must be live; it is used as long as this lives, and from its thread.
 */
class NetworkPlane : public QObject {
    Q_OBJECT

public:
    explicit NetworkPlane(MonitorClient &client, QObject *parent = nullptr);

    /// Asks for the cable's books as they were at some time after @p afterNs (CLOCK_BOOTTIME); booksRead()
    /// follows.
    void read(quint64 afterNs);

    /// What moved between two readings. Expected is what the interface counted, with the headers of the link;
    /// counted what the helper has a line for. What it did not see is Unowned: only an audit names it.
    static PlaneResult compare(const InterfaceBalance &before, const InterfaceBalance &after);

Q_SIGNALS:
    void booksRead(const Nettally::InterfaceBalance &cable);

private:
    void take(quint64 timeNs, const QList<InterfaceBalance> &interfaces);

    MonitorClient &m_client;
    quint64 m_afterNs = 0;
    bool m_isReading = false;
};

} // namespace Nettally
