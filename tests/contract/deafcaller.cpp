// SPDX-License-Identifier: MIT
#include "deafcaller.h"

#include "wiretypes.h"

#include <QFile>

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace Nettally {

namespace {

/// Values as the D-Bus specification marshals them, in this machine's byte order.
class Marshaller {
public:
    template <typename Number>
    Marshaller &number(Number value)
    {
        align(sizeof value);
        m_bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
        return *this;
    }
    Marshaller &string(const QByteArray &value)
    {
        number(quint32(value.size()));
        m_bytes.append(value).append('\0');
        return *this;
    }
    Marshaller &signature(const QByteArray &value)
    {
        m_bytes.append(char(value.size())).append(value).append('\0');
        return *this;
    }
    Marshaller &align(qsizetype size)
    {
        while (m_bytes.size() % size != 0)
            m_bytes.append('\0');
        return *this;
    }
    const QByteArray &bytes() const { return m_bytes; }

private:
    QByteArray m_bytes;
};

constexpr char byteOrder = Q_BYTE_ORDER == Q_LITTLE_ENDIAN ? 'l' : 'B';
constexpr char methodCall = 1;
constexpr char noReplyExpected = 1;
constexpr char protocolVersion = 1;

QByteArray message(quint32 serial, const QByteArray &destination, const QByteArray &path,
                   const QByteArray &interface, const QByteArray &member, const QByteArray &signature,
                   const QByteArray &body)
{
    Marshaller fields;
    const auto field = [&fields](char code, const char *type) {
        fields.align(8).number(code).signature(type);
    };
    field(1, "o");
    fields.string(path);
    field(2, "s");
    fields.string(interface);
    field(3, "s");
    fields.string(member);
    field(6, "s");
    fields.string(destination);
    if (!signature.isEmpty()) {
        field(8, "g");
        fields.signature(signature);
    }
    Marshaller header;
    header.number(byteOrder).number(methodCall).number(noReplyExpected).number(protocolVersion);
    header.number(quint32(body.size())).number(serial).number(quint32(fields.bytes().size()));
    // The header is 16 bytes so far, so what is aligned in the fields stays so behind it.
    QByteArray all = header.bytes() + fields.bytes();
    all.append((8 - all.size() % 8) % 8, '\0');
    return all + body;
}

} // namespace

DeafCaller::~DeafCaller()
{
    if (m_socket >= 0)
        close(m_socket);
}

QString DeafCaller::connect(const QString &address)
{
    const QByteArray path =
        QFile::encodeName(address.section(QLatin1String("unix:path="), 1).section(QLatin1Char(','), 0, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.isEmpty() || size_t(path.size()) >= sizeof name.sun_path)
        return QStringLiteral("no path of a socket in ") + address;
    std::memcpy(name.sun_path, path.constData(), size_t(path.size()));
    m_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (m_socket < 0 || ::connect(m_socket, reinterpret_cast<const sockaddr *>(&name), sizeof name) != 0)
        return QString::fromLocal8Bit(std::strerror(errno));

    QByteArray hello(1, '\0');
    hello += "AUTH EXTERNAL " + QByteArray::number(geteuid()).toHex() + "\r\n";
    if (!send(hello))
        return QString::fromLocal8Bit(std::strerror(errno));
    char answer[256] = {};
    // The only thing it ever reads.
    if (recv(m_socket, answer, sizeof answer - 1, 0) <= 0 || std::strncmp(answer, "OK ", 3) != 0)
        return QStringLiteral("refused: ") + QString::fromLatin1(answer);
    const QByteArray bus("org.freedesktop.DBus");
    if (!send("BEGIN\r\n" + message(++m_serial, bus, "/org/freedesktop/DBus", bus, "Hello", {}, {})))
        return QString::fromLocal8Bit(std::strerror(errno));
    return {};
}

bool DeafCaller::subscribe(quint32 intervalMs)
{
    Marshaller body;
    body.number(intervalMs).string("own").string("connection").number(quint32(false));
    return call("Subscribe", "ussb", body.bytes());
}

bool DeafCaller::unsubscribe(quint32 subscription)
{
    return call("Unsubscribe", "u", Marshaller().number(subscription).bytes());
}

bool DeafCaller::acknowledge(quint32 subscription, quint64 sequence)
{
    return call("Acknowledge", "ut", Marshaller().number(subscription).number(sequence).bytes());
}

bool DeafCaller::call(const QByteArray &member, const QByteArray &signature, const QByteArray &body)
{
    return send(message(++m_serial, Wire::serviceName, Wire::objectPath, Wire::interfaceName, member,
                        signature, body));
}

bool DeafCaller::send(const QByteArray &bytes)
{
    // MSG_DONTWAIT: a bus that has stopped reading would block the test.
    return ::send(m_socket, bytes.constData(), size_t(bytes.size()), MSG_NOSIGNAL | MSG_DONTWAIT)
        == bytes.size();
}

} // namespace Nettally
