// SPDX-License-Identifier: MIT
#include "testnetwork.h"

#include "testplan.h"

#include <QCoreApplication>

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

namespace Nettally {

namespace {

constexpr int loopbackIndex = 1;
// High, because some kernels put devices of their own into every namespace.
constexpr int serverIndex = 102;
constexpr int clientIndex = 101;

QString translate(const char *text)
{
    return QCoreApplication::translate("SelfTest", text);
}

RtNetlink::VethEnd vethEnd(const char *name, int index, const uint8_t (&mac)[6])
{
    RtNetlink::VethEnd end{.name = name, .index = index};
    std::copy(std::begin(mac), std::end(mac), end.mac.begin());
    return end;
}

} // namespace

TestNetwork::~TestNetwork()
{
    for (const End *end : {&m_server, &m_client}) {
        if (end->namespaceFd >= 0)
            ::close(end->namespaceFd);
    }
}

QString TestNetwork::makeNamespace(End &end)
{
    QString problem;
    // Of a thread of its own, which takes its way out of ours with it when it ends.
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) == 0)
            end.namespaceFd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        if (end.namespaceFd < 0)
            problem = QString::fromLocal8Bit(std::strerror(errno));
        else
            problem = end.netlink.open();
    }).join();
    return problem;
}

QString TestNetwork::create()
{
    QString problem = makeNamespace(m_server);
    if (problem.isEmpty())
        problem = makeNamespace(m_client);
    if (!problem.isEmpty())
        return translate("A network namespace cannot be made (%1); run this as root, outside of containers "
                         "that forbid it.")
            .arg(problem);

    problem = m_client.netlink.addVeth(vethEnd(TestPlan::clientInterface, clientIndex, TestPlan::clientMac),
                                       vethEnd(TestPlan::serverInterface, serverIndex, TestPlan::serverMac),
                                       m_server.namespaceFd);
    if (!problem.isEmpty())
        return translate("A virtual cable cannot be made (%1); this takes a kernel with CONFIG_VETH or its "
                         "veth module.")
            .arg(problem);

    const auto setUp = [](RtNetlink &netlink, int index, const char *address, quint8 prefixBits) {
        QString failure = netlink.addAddress(index, AF_INET, address, prefixBits);
        if (failure.isEmpty())
            failure = netlink.setUp(loopbackIndex);
        if (failure.isEmpty())
            failure = netlink.setUp(index);
        return failure;
    };
    problem = setUp(m_server.netlink, serverIndex, TestPlan::serverV4, TestPlan::prefixBitsV4);
    if (problem.isEmpty())
        problem = setUp(m_client.netlink, clientIndex, TestPlan::clientV4, TestPlan::prefixBitsV4);
    if (!problem.isEmpty())
        return translate("The test's own interfaces cannot be set up (%1); run this outside of containers "
                         "that forbid it.")
            .arg(problem);

    m_ipv6Problem =
        m_server.netlink.addAddress(serverIndex, AF_INET6, TestPlan::serverV6, TestPlan::prefixBitsV6);
    if (m_ipv6Problem.isEmpty())
        m_ipv6Problem =
            m_client.netlink.addAddress(clientIndex, AF_INET6, TestPlan::clientV6, TestPlan::prefixBitsV6);
    return {};
}

QString TestNetwork::readCounters(RtNetlink::Counters *server, RtNetlink::Counters *client)
{
    const QString problem = m_server.netlink.readCounters(serverIndex, server);
    return problem.isEmpty() ? m_client.netlink.readCounters(clientIndex, client) : problem;
}

QString TestNetwork::pathOf(const End &end)
{
    return QStringLiteral("/proc/%1/fd/%2").arg(QCoreApplication::applicationPid()).arg(end.namespaceFd);
}

} // namespace Nettally
