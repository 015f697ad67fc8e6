// SPDX-License-Identifier: MIT
#include "messagebuilder.h"
#include "nameobserver.h"
#include "testbed.h"
#include "testnetwork.h"
#include "testplan.h"

#include <QFile>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTest>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace Nettally;

namespace {

constexpr quint16 namePort = 53;
constexpr quint16 servedPort = 8080;
constexpr char localResolver[] = "127.0.0.53";
/// Other names' records before the one that was asked for: more than one piece of a segment holds.
constexpr int recordsBefore = 250;

struct Endpoint {
    sockaddr_storage address = {};
    socklen_t length = 0;
    const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&address); }
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

/// A socket, connected or bound; -1 with errno set.
int open(const QByteArray &address, quint16 port, int type, bool isServer)
{
    const Endpoint at = endpoint(address, port);
    const int fd = socket(at.address.ss_family, type | SOCK_CLOEXEC, 0);
    const int one = 1;
    const timeval limit = {.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int failed = isServer ? bind(fd, at.get(), at.length) : connect(fd, at.get(), at.length);
    if (failed == 0 && (!isServer || type != SOCK_STREAM || listen(fd, 16) == 0))
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/// The answer to a question, by its first label: "v4…" has an IPv4 address, "v6…" an IPv6 one, "alias…" leads
/// by way of two others to an IPv4 one, and "large…" to one behind many records, not told in a datagram.
QByteArray answerTo(const QByteArray &query, bool isDatagram)
{
    using namespace Build;
    const qsizetype end = query.indexOf('\0', questionOffset);
    if (end < 0 || query.size() < end + 5)
        return {};
    const QByteArray question = query.sliced(questionOffset, end + 5 - questionOffset);
    const int type = quint8(query[end + 1]) << 8 | quint8(query[end + 2]);
    const QByteArray label = query.sliced(questionOffset + 1, quint8(query[questionOffset]));
    const QByteArray v4 = QByteArray("\x0a\x58\x00\x02", 4);
    const QByteArray v6 = QByteArray::fromHex("fd880000000000000000000000000002");
    const QByteArray asked = pointer(questionOffset);
    QByteArray records;
    int count = 0;
    int flags = 0x8180;
    const auto add = [&](const QByteArray &one) {
        records += one;
        ++count;
    };
    if (label.startsWith("large") && isDatagram) {
        flags |= 0x0200;
    } else if (label.startsWith("large") && type == A) {
        for (int i = 0; i < recordsBefore; ++i)
            add(record(name("other.shop.test"), A, 60, QByteArray("\x0a\x58\x01\x01", 4)));
        add(record(asked, A, 60, v4));
    } else if (label.startsWith("v4") && type == A) {
        add(record(asked, A, 60, v4));
    } else if (label.startsWith("v6") && type == Aaaa) {
        add(record(asked, Aaaa, 60, v6));
    } else if (label.startsWith("alias")) {
        add(record(asked, Cname, 60, name("edge.shop.test")));
        add(record(name("edge.shop.test"), Cname, 60, name("node.cdn.test")));
        if (type == A)
            add(record(name("node.cdn.test"), A, 60, v4));
    }
    return query.first(2) + header(count, 0, 0, flags).sliced(2) + question + records;
}

bool receiveAll(int fd, char *data, size_t size)
{
    return recv(fd, data, size, MSG_WAITALL) == ssize_t(size);
}

/// A name server at some addresses of a network namespace, and a port to connect to at any.
class Answerer {
public:
    /// Empty, or what failed.
    QString start(const QString &networkNamespace, const QByteArrayList &addresses)
    {
        std::atomic<bool> isOpen = false;
        m_thread = std::thread([&, networkNamespace, addresses] {
            const int fd = ::open(qPrintable(networkNamespace), O_RDONLY | O_CLOEXEC);
            bool works = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;
            close(fd);
            for (const QByteArray &address : addresses) {
                m_sockets.push_back({open(address, namePort, SOCK_DGRAM, true), POLLIN, 0});
                m_sockets.push_back({open(address, namePort, SOCK_STREAM, true), POLLIN, 0});
                m_sockets.push_back({open(address, servedPort, SOCK_STREAM, true), 0, 0});
            }
            for (const pollfd &one : m_sockets)
                works = works && one.fd >= 0;
            if (!works)
                m_problem = QString::fromLocal8Bit(std::strerror(errno));
            isOpen = true;
            if (works)
                serve();
        });
        while (!isOpen)
            std::this_thread::yield();
        return m_problem;
    }
    ~Answerer()
    {
        m_isOver = true;
        if (m_thread.joinable())
            m_thread.join();
        for (const pollfd &one : m_sockets)
            close(one.fd);
    }

private:
    void serve()
    {
        std::array<char, 4096> buffer;
        while (!m_isOver) {
            if (poll(m_sockets.data(), m_sockets.size(), 50) <= 0)
                continue;
            for (const pollfd &one : m_sockets) {
                if (!(one.revents & POLLIN))
                    continue;
                int type = 0;
                socklen_t length = sizeof type;
                getsockopt(one.fd, SOL_SOCKET, SO_TYPE, &type, &length);
                if (type == SOCK_DGRAM) {
                    Endpoint from;
                    from.length = sizeof from.address;
                    const ssize_t size = recvfrom(one.fd, buffer.data(), buffer.size(), 0,
                                                  reinterpret_cast<sockaddr *>(&from.address), &from.length);
                    const QByteArray answer =
                        answerTo(QByteArray(buffer.data(), std::max<ssize_t>(size, 0)), true);
                    sendto(one.fd, answer.constData(), size_t(answer.size()), 0, from.get(), from.length);
                } else {
                    answerOne(accept4(one.fd, nullptr, nullptr, SOCK_CLOEXEC));
                }
            }
        }
    }
    /// As many questions as come over the connection.
    static void answerOne(int fd)
    {
        const timeval limit = {.tv_sec = 20, .tv_usec = 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        std::array<char, 2> length;
        while (receiveAll(fd, length.data(), length.size())) {
            const int size = quint8(length[0]) << 8 | quint8(length[1]);
            QByteArray query(size, '\0');
            if (!receiveAll(fd, query.data(), size_t(query.size())))
                break;
            const QByteArray answer = answerTo(query, false);
            const QByteArray sent = Build::be16(int(answer.size())) + answer;
            send(fd, sent.constData(), size_t(sent.size()), MSG_NOSIGNAL);
        }
        close(fd);
    }

    std::thread m_thread;
    std::vector<pollfd> m_sockets;
    std::atomic<bool> m_isOver = false;
    QString m_problem;
};

/// This program as a client: asks a name server over UDP or TCP, then connects to the address given. Its exit
/// code tells which step failed.
int ask(const QByteArrayList &arguments)
{
    const QByteArray &server = arguments[0];
    const bool isTcp = arguments[1] == "tcp";
    const int type = arguments[2].startsWith("v6") ? Build::Aaaa : Build::A;
    const QByteArray query =
        Build::header(0, 0, 0, 0x0100) + Build::question(Build::name(arguments[2]), type);
    const int resolver = open(server, namePort, isTcp ? SOCK_STREAM : SOCK_DGRAM, false);
    if (resolver < 0)
        return 10;
    const QByteArray sent = isTcp ? Build::be16(int(query.size())) + query : query;
    if (send(resolver, sent.constData(), size_t(sent.size()), 0) != sent.size())
        return 11;
    std::array<char, 65536> answer;
    if (isTcp) {
        if (!receiveAll(resolver, answer.data(), 2)
            || !receiveAll(resolver, answer.data() + 2, size_t(quint8(answer[0]) << 8 | quint8(answer[1]))))
            return 12;
    } else if (recv(resolver, answer.data(), answer.size(), 0) < Build::questionOffset) {
        return 13;
    }
    return open(arguments[3], servedPort, SOCK_STREAM, false) < 0 ? 14 : 0;
}

} // namespace

/// Which names addresses get, of answers that the kernel saw.
class NamesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void addressHasTheNameAskedFor_data();
    void addressHasTheNameAskedFor();
    void resolverOfTheSystem_data();
    void resolverOfTheSystem();
    void notWatchedIsNotCopied();

private:
    void runClient(const QString &program, const QStringList &arguments, const QByteArray &name,
                   const QByteArray &address);
    NameBook::Name nameOf(const QByteArray &address) const;

    TestNetwork m_network;
    Answerer m_distant;
    Answerer m_local;
    std::unique_ptr<LiveHelper> m_helper;
    NameBook m_book;
    NameObserver m_observer{m_book};
    quint32 m_pid = 0; ///< of the client that ran last
};

void NamesTest::initTestCase()
{
    QVERIFY2(geteuid() == 0, "The live tests load kernel programs: run them as root.");
    const QString problem = m_network.create();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY2(m_network.ipv6Problem().isEmpty(), qPrintable(m_network.ipv6Problem()));
    QCOMPARE(m_distant.start(m_network.serverPath(), {TestPlan::serverV4, TestPlan::serverV6}), QString());
    QCOMPARE(m_local.start(m_network.clientPath(), {localResolver}), QString());
    m_helper = std::make_unique<LiveHelper>();
    const QString helperProblem = m_helper->start(QStringLiteral(NETTALLY_HELPER));
    QVERIFY2(helperProblem.isEmpty(), qPrintable(helperProblem));
    connect(&m_helper->client(), &MonitorClient::namesReceived, this,
            [this](const QList<NameAnswer> &answers) { m_observer.take(answers); });
    bool isWatched = false;
    connect(&m_helper->client(), &MonitorClient::namesWatched, this, [&](const QString &why) {
        QCOMPARE(why, QString());
        isWatched = true;
    });
    m_helper->client().setNamesWanted(true);
    QTRY_VERIFY(isWatched);
    disconnect(&m_helper->client(), &MonitorClient::namesWatched, this, nullptr);
}

void NamesTest::cleanupTestCase()
{
    m_helper.reset();
}

/// Of the flow of the last client to @p address.
NameBook::Name NamesTest::nameOf(const QByteArray &address) const
{
    for (const Flow &flow : m_helper->flows()) {
        const Address remote = m_helper->remotes().value(flow.remoteId).address;
        if (flow.servicePort == servedPort && m_helper->programs().value(flow.programId).pid == m_pid
            && remote == Address::fromString(QString::fromLatin1(address)))
            return const_cast<NameBook &>(m_book).nameOf(flow.programId, remote);
    }
    return {};
}

/// In the client's network namespace.
void NamesTest::runClient(const QString &program, const QStringList &arguments, const QByteArray &name,
                          const QByteArray &address)
{
    QProcess process;
    process.setProcessChannelMode(QProcess::ForwardedChannels);
    // nsenter is replaced by the program, under the same process id.
    process.start(QStringLiteral("nsenter"),
                  QStringList{QStringLiteral("--net=") + m_network.clientPath(), program} + arguments);
    QVERIFY2(process.waitForStarted(), qPrintable(process.errorString()));
    m_pid = quint32(process.processId());
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    QTRY_COMPARE_WITH_TIMEOUT(nameOf(address).text, QString::fromLatin1(name), 10000);
    QCOMPARE(nameOf(address).origin, NameBook::Origin::Program);
}

void NamesTest::addressHasTheNameAskedFor_data()
{
    QTest::addColumn<QByteArray>("server");
    QTest::addColumn<QByteArray>("transport");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("address");
    const QByteArray v4 = TestPlan::serverV4;
    const QByteArray v6 = TestPlan::serverV6;
    const auto add = [](const char *row, const QByteArray &server, const QByteArray &transport,
                        const QByteArray &name, const QByteArray &address) {
        QTest::newRow(row) << server << transport << name << address;
    };
    add("UDP over IPv4, A", v4, "udp", "v4-a.shop.test", v4);
    add("UDP over IPv4, AAAA", v4, "udp", "v6-a.shop.test", v6);
    add("UDP over IPv6, A", v6, "udp", "v4-b.shop.test", v4);
    add("UDP over IPv6, AAAA", v6, "udp", "v6-b.shop.test", v6);
    add("TCP over IPv4, A", v4, "tcp", "v4-c.shop.test", v4);
    add("TCP over IPv6, AAAA", v6, "tcp", "v6-c.shop.test", v6);
    add("a chain of aliases", v4, "udp", "alias.shop.test", v4);
    add("a chain of aliases over TCP", v6, "tcp", "alias-c.shop.test", v4);
    add("the last of many records", v4, "tcp", "large.shop.test", v4);
    add("resolver at a loopback address", localResolver, "udp", "v4-d.shop.test", v4);
    add("the same over TCP", localResolver, "tcp", "v6-d.shop.test", v6);
}

void NamesTest::addressHasTheNameAskedFor()
{
    QFETCH(QByteArray, server);
    QFETCH(QByteArray, transport);
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, address);
    runClient(QCoreApplication::applicationFilePath(),
              {QStringLiteral("--ask"), QString::fromLatin1(server), QString::fromLatin1(transport),
               QString::fromLatin1(name), QString::fromLatin1(address)},
              name, address);
}

void NamesTest::resolverOfTheSystem_data()
{
    QTest::addColumn<QByteArray>("configuration");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("address");
    const QByteArray v4 = TestPlan::serverV4;
    const QByteArray v6 = TestPlan::serverV6;
    QTest::newRow("UDP") << "nameserver " + v4 + "\n" << QByteArray("v4-e.shop.test") << v4;
    QTest::newRow("TCP") << "nameserver " + v6 + "\noptions use-vc\n" << QByteArray("v6-e.shop.test") << v6;
    QTest::newRow("truncated, then TCP") << "nameserver " + v4 + "\n"
                                         << QByteArray("large-e.shop.test") << v4;
    QTest::newRow("at a loopback address") << QByteArray("nameserver ") + localResolver + "\n"
                                           << QByteArray("alias-e.shop.test") << v4;
}

/// The C library's, in a program that connects to what it was told.
void NamesTest::resolverOfTheSystem()
{
    QFETCH(QByteArray, configuration);
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, address);
    const QString bash = QStandardPaths::findExecutable(QStringLiteral("bash"));
    const QString unshare = QStandardPaths::findExecutable(QStringLiteral("unshare"));
    if (bash.isEmpty() || unshare.isEmpty())
        QSKIP("bash or unshare is missing: only this program's own client is tried.");
    const QTemporaryDir folder;
    QFile file(folder.filePath(QStringLiteral("resolv.conf")));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write(configuration) == configuration.size());
    file.close();
    // exec: bash under the process id that is known here.
    const QString mountAndConnect =
        QStringLiteral("mount --bind %1 /etc/resolv.conf && exec bash -c 'exec 3<>/dev/tcp/%2/%3'")
            .arg(file.fileName(), QString::fromLatin1(name))
            .arg(servedPort);
    runClient(unshare, {QStringLiteral("--mount"), bash, QStringLiteral("-c"), mountAndConnect}, name,
              address);
}

void NamesTest::notWatchedIsNotCopied()
{
    m_helper->client().setNamesWanted(false);
    QVERIFY(m_helper->settle());
    QProcess process;
    process.start(QStringLiteral("nsenter"),
                  {QStringLiteral("--net=") + m_network.clientPath(), QCoreApplication::applicationFilePath(),
                   QStringLiteral("--ask"), QString::fromLatin1(TestPlan::serverV4), QStringLiteral("udp"),
                   QStringLiteral("v4-unseen.shop.test"), QString::fromLatin1(TestPlan::serverV4)});
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 0);
    // What was copied all the same would come now, before the answer to the next client.
    m_helper->client().setNamesWanted(true);
    runClient(QCoreApplication::applicationFilePath(),
              {QStringLiteral("--ask"), QString::fromLatin1(TestPlan::serverV6), QStringLiteral("udp"),
               QStringLiteral("v6-last.shop.test"), QString::fromLatin1(TestPlan::serverV6)},
              "v6-last.shop.test", TestPlan::serverV6);
    const NameBook::Name last =
        m_book.nameOf(NameBook::noProgram, Address::fromString(QString::fromLatin1(TestPlan::serverV4)));
    QVERIFY2(!last.text.isEmpty() && last.text != QStringLiteral("v4-unseen.shop.test"),
             qPrintable(last.text));
}

int main(int argc, char *argv[])
{
    if (argc == 6 && QByteArray(argv[1]) == "--ask")
        return ask({argv[2], argv[3], argv[4], argv[5]});
    QCoreApplication application(argc, argv);
    NamesTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_names.moc"
