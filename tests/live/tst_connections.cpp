// SPDX-License-Identifier: MIT
#include "testbed.h"
#include "testnetwork.h"
#include "testplan.h"

#include <QDir>
#include <QScopeGuard>
#include <QTemporaryDir>
#include <QTest>

#include <arpa/inet.h>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr quint16 servedPort = 5000;
constexpr quint16 earlierPort = 5001;

quint64 bootTimeNs()
{
    timespec now = {};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return quint64(now.tv_sec) * 1'000'000'000 + quint64(now.tv_nsec);
}

struct Endpoint {
    sockaddr_storage address = {};
    socklen_t length = 0;
};

Endpoint endpoint(const QByteArray &text, quint16 port)
{
    Endpoint result;
    auto *v6 = reinterpret_cast<sockaddr_in6 *>(&result.address);
    auto *v4 = reinterpret_cast<sockaddr_in *>(&result.address);
    if (inet_pton(AF_INET6, text.constData(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        result.length = sizeof *v6;
    } else if (inet_pton(AF_INET, text.constData(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        result.length = sizeof *v4;
    }
    return result;
}

/// A file descriptor that closes itself; -1: none.
class Socket {
public:
    explicit Socket(int fd = -1)
        : m_fd(fd)
    {
    }
    ~Socket() { close(); }
    Socket(Socket &&other) noexcept
        : m_fd(std::exchange(other.m_fd, -1))
    {
    }
    Socket &operator=(Socket &&other) noexcept
    {
        std::swap(m_fd, other.m_fd);
        return *this;
    }

    int fd() const { return m_fd; }
    void close()
    {
        if (m_fd >= 0)
            ::close(m_fd);
        m_fd = -1;
    }
    quint16 localPort() const
    {
        sockaddr_storage address = {};
        socklen_t length = sizeof address;
        getsockname(m_fd, reinterpret_cast<sockaddr *>(&address), &length);
        // The port is at the same place in both families.
        return ntohs(reinterpret_cast<const sockaddr_in *>(&address)->sin_port);
    }

private:
    int m_fd;
};

bool enter(const QString &netNs)
{
    const int fd = open(qPrintable(netNs), O_RDONLY | O_CLOEXEC);
    const bool entered = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
    close(fd);
    return entered;
}

/// Sends and receives in turn, so that neither end's buffer need hold it all; the bytes that arrived.
quint64 pass(const Socket &from, const Socket &to, quint64 bytes)
{
    std::vector<char> buffer(16 * 1024, 'n');
    quint64 received = 0;
    while (received < bytes) {
        const size_t chunk = size_t(std::min<quint64>(buffer.size(), bytes - received));
        if (send(from.fd(), buffer.data(), chunk, MSG_NOSIGNAL) != ssize_t(chunk)
            || recv(to.fd(), buffer.data(), chunk, MSG_WAITALL) != ssize_t(chunk))
            break;
        received += chunk;
    }
    return received;
}

} // namespace

/// What the helper, which left root, lists of connections whose both ends this process holds.
class ConnectionsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void establishedToTheByte_data();
    void establishedToTheByte();
    void bothEndsOfALoop();
    void listenerIsListed();
    void closingCountsNoByte();
    void sentAgainIsCountedApart();
    void openedBeforeTheHelper();
    void continuedHelperListsThem();

private:
    struct Pair {
        Socket listener;
        Socket server;
        Socket client;
    };

    enum class ClientAt { Peer, Here };
    Pair connectPair(const QByteArray &address, quint16 port, const QByteArray &boundTo = {},
                     ClientAt clientAt = ClientAt::Peer);
    /// A reading of after this call.
    static ConnectionList fresh(LiveHelper &helper);
    static std::optional<Connection> find(const ConnectionList &list, const Pair &pair);

    TestNetwork m_network;
    std::unique_ptr<LiveHelper> m_helper;
    Pair m_earlier;
};

void ConnectionsTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
    const QString problem = m_network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    // Bus and helper, started from this thread, are in it too.
    QVERIFY(enter(m_network.serverPath()));
    m_earlier = connectPair(TestPlan::serverV4, earlierPort);
    QCOMPARE(pass(m_earlier.client, m_earlier.server, 70'001), 70'001u);
    m_helper = std::make_unique<LiveHelper>();
    const QString helperProblem = m_helper->start(QStringLiteral(NETTALLY_HELPER));
    QVERIFY2(helperProblem.isEmpty(), qPrintable(helperProblem));
}

ConnectionsTest::Pair ConnectionsTest::connectPair(const QByteArray &address, quint16 port,
                                                   const QByteArray &boundTo, ClientAt clientAt)
{
    const Endpoint at = endpoint(boundTo.isEmpty() ? address : boundTo, port);
    const Endpoint to = endpoint(address, port);
    const timeval limit = {.tv_sec = 20, .tv_usec = 0};
    const int one = 1;
    Pair pair;
    pair.listener = Socket(socket(at.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    setsockopt(pair.listener.fd(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(pair.listener.fd(), reinterpret_cast<const sockaddr *>(&at.address), at.length) != 0
        || listen(pair.listener.fd(), 8) != 0
        || !enter(clientAt == ClientAt::Peer ? m_network.clientPath() : m_network.serverPath()))
        qFatal("listen: %s", std::strerror(errno));
    // A socket stays in the namespace it was made in.
    pair.client = Socket(socket(to.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!enter(m_network.serverPath()))
        qFatal("setns: %s", std::strerror(errno));
    setsockopt(pair.client.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(pair.client.fd(), reinterpret_cast<const sockaddr *>(&to.address), to.length) != 0)
        qFatal("connect: %s", std::strerror(errno));
    pair.server = Socket(accept4(pair.listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    setsockopt(pair.server.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return pair;
}

ConnectionList ConnectionsTest::fresh(LiveHelper &helper)
{
    const quint64 now = bootTimeNs();
    ConnectionList list;
    QString problem;
    QObject context;
    connect(&helper.client(), &MonitorClient::connectionsReceived, &context,
            [&](const ConnectionList &received) {
                list = received;
                if (list.timeNs <= now)
                    helper.client().requestConnections(); // one that was read before
            });
    connect(&helper.client(), &MonitorClient::connectionsFailed, &context,
            [&](const QString &why) { problem = why; });
    helper.client().requestConnections();
    if (!QTest::qWaitFor([&] { return list.timeNs > now || !problem.isEmpty(); }, 20000)
        || !problem.isEmpty())
        QTest::qFail(qPrintable(QStringLiteral("no list: ") + problem), __FILE__, __LINE__);
    return list;
}

/// The server's end.
std::optional<Connection> ConnectionsTest::find(const ConnectionList &list, const Pair &pair)
{
    const quint16 clientPort = pair.client.localPort();
    for (const Connection &connection : list.connections) {
        if (connection.remotePort == clientPort && connection.state != TcpState::Listening)
            return connection;
    }
    return std::nullopt;
}

void ConnectionsTest::establishedToTheByte_data()
{
    QTest::addColumn<QByteArray>("address");
    QTest::addColumn<QByteArray>("boundTo");
    QTest::addColumn<QString>("remote");
    QTest::newRow("IPv4") << QByteArray(TestPlan::serverV4) << QByteArray(TestPlan::serverV4)
                          << QString::fromLatin1(TestPlan::clientV4);
    QTest::newRow("IPv6") << QByteArray(TestPlan::serverV6) << QByteArray(TestPlan::serverV6)
                          << QString::fromLatin1(TestPlan::clientV6);
    QTest::newRow("IPv4 at a socket of both")
        << QByteArray(TestPlan::serverV4) << QByteArray("::") << QString::fromLatin1(TestPlan::clientV4);
}

void ConnectionsTest::establishedToTheByte()
{
    QFETCH(QByteArray, address);
    QFETCH(QByteArray, boundTo);
    QFETCH(QString, remote);

    const quint64 beforeNs = bootTimeNs();
    const Pair pair = connectPair(address, servedPort, boundTo);
    const quint64 afterNs = bootTimeNs();
    QCOMPARE(pass(pair.client, pair.server, 1'234'567), 1'234'567u);
    QCOMPARE(pass(pair.server, pair.client, 54'321), 54'321u);

    const ConnectionList list = fresh(*m_helper);
    const std::optional<Connection> found = find(list, pair);
    QVERIFY(found);
    QCOMPARE(found->state, TcpState::Established);
    QCOMPARE(found->direction, Direction::Incoming);
    QCOMPARE(found->servicePort, servedPort);
    QCOMPARE(found->localPort, servedPort);
    QCOMPARE(found->local.toString(), QString::fromLatin1(address));
    QCOMPARE(found->remote.toString(), remote);
    QCOMPARE(list.programs.value(found->programId).pid, quint32(getpid()));
    QVERIFY(found->openedNs && *found->openedNs >= beforeNs && *found->openedNs <= afterNs);
    QVERIFY(found->figures);
    QCOMPARE(found->figures->rxBytes, 1'234'567u);
    QCOMPARE(found->figures->txBytes, 54'321u);
    QVERIFY(found->figures->roundTripUs && *found->figures->roundTripUs > 0);
    QVERIFY(found->figures->leastRoundTripUs && *found->figures->leastRoundTripUs > 0);
    QVERIFY(found->figures->congestionWindow > 0);

    const ConnectionList later = fresh(*m_helper);
    const std::optional<Connection> again = find(later, pair);
    QVERIFY(again);
    QVERIFY(later.timeNs > list.timeNs);
    QCOMPARE(again->cookie, found->cookie);
    QCOMPARE(again->openedNs, found->openedNs);
}

/// The connecting end: its SYN is no byte either.
void ConnectionsTest::bothEndsOfALoop()
{
    const Pair pair = connectPair("127.0.0.1", servedPort, {}, ClientAt::Here);
    QCOMPARE(pass(pair.client, pair.server, 100'003), 100'003u);
    QCOMPARE(pass(pair.server, pair.client, 7), 7u);
    const auto ends = [&] {
        const ConnectionList list = fresh(*m_helper);
        const quint16 clientPort = pair.client.localPort();
        std::pair<std::optional<Connection>, std::optional<Connection>> found;
        for (const Connection &connection : list.connections) {
            if (connection.state != TcpState::Listening && connection.localPort == clientPort)
                found.first = connection;
            if (connection.state != TcpState::Listening && connection.remotePort == clientPort)
                found.second = connection;
        }
        return found;
    };
    auto [connecting, accepted] = ends();
    QVERIFY(connecting && accepted);
    QVERIFY(connecting->cookie != accepted->cookie);
    QCOMPARE(connecting->direction, Direction::Outgoing);
    QCOMPARE(connecting->servicePort, servedPort);
    QCOMPARE(connecting->figures->txBytes, 100'003u);
    QCOMPARE(connecting->figures->rxBytes, 7u);
    QCOMPARE(accepted->direction, Direction::Incoming);
    QCOMPARE(accepted->figures->rxBytes, 100'003u);
    QCOMPARE(accepted->figures->txBytes, 7u);

    // Nor is its FIN.
    shutdown(pair.client.fd(), SHUT_WR);
    std::tie(connecting, accepted) = ends();
    QVERIFY(connecting && accepted);
    QCOMPARE(connecting->state, TcpState::FinWait2);
    QCOMPARE(connecting->figures->txBytes, 100'003u);
    QCOMPARE(accepted->state, TcpState::CloseWait);
    QCOMPARE(accepted->figures->rxBytes, 100'003u);
}

void ConnectionsTest::listenerIsListed()
{
    const Pair pair = connectPair(TestPlan::serverV4, servedPort);
    const ConnectionList list = fresh(*m_helper);
    int listeners = 0;
    for (const Connection &connection : list.connections) {
        if (connection.state != TcpState::Listening || connection.localPort != servedPort)
            continue;
        ++listeners;
        QCOMPARE(list.programs.value(connection.programId).pid, quint32(getpid()));
        QCOMPARE(connection.servicePort, servedPort);
        QVERIFY(!connection.remote.isKnown());
        QVERIFY(!connection.figures);
    }
    QCOMPARE(listeners, 1);
}

void ConnectionsTest::closingCountsNoByte()
{
    Pair pair = connectPair(TestPlan::serverV4, servedPort);
    QCOMPARE(pass(pair.client, pair.server, 4'321), 4'321u);
    // The server closes first, so the wait is its own.
    shutdown(pair.server.fd(), SHUT_WR);
    char byte = 0;
    QCOMPARE(recv(pair.client.fd(), &byte, 1, 0), ssize_t(0));
    ConnectionList list = fresh(*m_helper);
    const std::optional<Connection> half = find(list, pair);
    QVERIFY(half);
    QCOMPARE(half->state, TcpState::FinWait2);
    QCOMPARE(half->figures->rxBytes, 4'321u);
    QCOMPARE(half->figures->txBytes, 0u);

    shutdown(pair.client.fd(), SHUT_WR);
    QCOMPARE(recv(pair.server.fd(), &byte, 1, 0), ssize_t(0));
    list = fresh(*m_helper);
    const std::optional<Connection> over = find(list, pair);
    QVERIFY(over);
    QCOMPARE(over->state, TcpState::TimeWait);
    QCOMPARE(over->cookie, half->cookie);
    QCOMPARE(over->openedNs, half->openedNs);
    QCOMPARE(list.programs.value(over->programId).pid, quint32(getpid()));
    QVERIFY(!over->figures);

    // The other way round: the FIN received is no byte.
    Pair other = connectPair(TestPlan::serverV4, servedPort + 10);
    QCOMPARE(pass(other.client, other.server, 999), 999u);
    shutdown(other.client.fd(), SHUT_WR);
    QCOMPARE(recv(other.server.fd(), &byte, 1, 0), ssize_t(0));
    const std::optional<Connection> waits = find(fresh(*m_helper), other);
    QVERIFY(waits);
    QCOMPARE(waits->state, TcpState::CloseWait);
    QCOMPARE(waits->figures->rxBytes, 999u);
}

void ConnectionsTest::sentAgainIsCountedApart()
{
    const Pair pair = connectPair(TestPlan::serverV4, servedPort);
    QCOMPARE(pass(pair.server, pair.client, 5'000), 5'000u);
    const auto link = [this](const char *state) {
        QString problem = QStringLiteral("setns");
        if (enter(m_network.clientPath()))
            runToEnd(QStringLiteral("ip"),
                     {QStringLiteral("link"), QStringLiteral("set"), QLatin1String(TestPlan::clientInterface),
                      QLatin1String(state)},
                     &problem);
        if (!enter(m_network.serverPath()))
            problem = QStringLiteral("setns back");
        return problem;
    };
    QCOMPARE(link("down"), QString());
    const QByteArray lost(1'000, 'n');
    QCOMPARE(send(pair.server.fd(), lost.constData(), size_t(lost.size()), MSG_NOSIGNAL), lost.size());
    const auto sentAgain = [&] {
        const std::optional<Connection> found = find(fresh(*m_helper), pair);
        return found && found->figures ? found->figures->retransmits : 0;
    };
    QTRY_VERIFY_WITH_TIMEOUT(sentAgain() > 0, 20000);
    QCOMPARE(link("up"), QString());
    QByteArray arrived(lost.size(), '\0');
    QCOMPARE(recv(pair.client.fd(), arrived.data(), size_t(arrived.size()), MSG_WAITALL), lost.size());

    const std::optional<Connection> found = find(fresh(*m_helper), pair);
    QVERIFY(found && found->figures);
    QCOMPARE(found->figures->txBytes, 6'000u);
    QVERIFY(found->figures->retransmits > 0);
    QCOMPARE(found->figures->retransmittedBytes, 1'000u * found->figures->retransmits);
}

void ConnectionsTest::openedBeforeTheHelper()
{
    QCOMPARE(pass(m_earlier.client, m_earlier.server, 9), 9u);
    const ConnectionList list = fresh(*m_helper);
    const std::optional<Connection> found = find(list, m_earlier);
    QVERIFY(found && found->figures);
    QVERIFY(!found->openedNs);
    QCOMPARE(found->figures->rxBytes, 70'010u);
    QCOMPARE(list.programs.value(found->programId).pid, quint32(getpid()));
}

/// A helper that finds the programs attached loads none: the list is kept with them.
void ConnectionsTest::continuedHelperListsThem()
{
    QTemporaryDir directory;
    const QString mountPoint = directory.filePath(QStringLiteral("bpf"));
    const QStringList pin = {QStringLiteral("--pin"), mountPoint + QStringLiteral("/nettally")};
    // Mounted here, so that it is ours to take away.
    QVERIFY(QDir().mkpath(mountPoint));
    QVERIFY(mount("bpf", qPrintable(mountPoint), "bpf", 0, "mode=0700") == 0);
    const auto unmount = qScopeGuard([&] { umount2(qPrintable(mountPoint), MNT_DETACH); });
    Pair pair;
    quint64 openedNs = 0;
    {
        LiveHelper first(pin);
        QCOMPARE(first.start(QStringLiteral(NETTALLY_HELPER)), QString());
        pair = connectPair(TestPlan::serverV4, servedPort);
        const std::optional<Connection> found = find(fresh(first), pair);
        QVERIFY(found && found->openedNs);
        openedNs = *found->openedNs;
    }
    LiveHelper second(pin);
    QCOMPARE(second.start(QStringLiteral(NETTALLY_HELPER)), QString());
    const ConnectionList list = fresh(second);
    const std::optional<Connection> found = find(list, pair);
    QVERIFY(found && found->openedNs);
    QCOMPARE(*found->openedNs, openedNs);
    QCOMPARE(list.programs.value(found->programId).pid, quint32(getpid()));
}

QTEST_GUILESS_MAIN(ConnectionsTest)
#include "tst_connections.moc"
