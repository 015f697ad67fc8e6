// SPDX-License-Identifier: MIT
#pragma once

#include "rtnetlink.h"

#include <QString>

namespace Nettally {

/**
 * Two network namespaces, the server's and the client's, joined by a virtual cable (TestPlan has their
 * addresses). They have no name; this object's file descriptors hold them, so that they are gone with the
 * process however it ends. Nothing outside them is touched, but that the kernel may load its veth module.
 * Needs root. The calling thread stays in its own namespace.
 */
class TestNetwork {
public:
    TestNetwork() = default;
    ~TestNetwork();
    Q_DISABLE_COPY_MOVE(TestNetwork)

    /// Empty when all is up, else what failed and what to do.
    QString create();

    /// Why there is no IPv6 in them; empty when there is.
    QString ipv6Problem() const { return m_ipv6Problem; }

    /// To give to setns() by way of open(), from any process that may, while this object lives.
    QString serverPath() const { return pathOf(m_server); }
    QString clientPath() const { return pathOf(m_client); }

    /// Of the two ends of the cable. The kernel's words when they cannot be read, else empty.
    QString readCounters(RtNetlink::Counters *server, RtNetlink::Counters *client);

private:
    struct End {
        int namespaceFd = -1;
        RtNetlink netlink;
    };

    static QString pathOf(const End &end);
    static QString makeNamespace(End &end);

    End m_server;
    End m_client;
    QString m_ipv6Problem;
};

} // namespace Nettally
