// SPDX-License-Identifier: MIT
#include "address.h"

#include <QHashFunctions>

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace Nettally {

namespace {

constexpr std::array<quint8, 12> v4MappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

} // namespace

Address Address::fromBytes(const QByteArray &bytes)
{
    Address address;
    if (bytes.size() == 4) {
        std::copy(v4MappedPrefix.begin(), v4MappedPrefix.end(), address.m_bytes.begin());
        std::memcpy(address.m_bytes.data() + v4MappedPrefix.size(), bytes.constData(), 4);
    } else if (bytes.size() == 16) {
        std::memcpy(address.m_bytes.data(), bytes.constData(), 16);
    }
    return address;
}

Address Address::fromString(const QString &text)
{
    const QByteArray ascii = text.toLatin1();
    // A character beyond Latin-1 or a NUL inside would be cut or replaced: not an address.
    if (QString::fromLatin1(ascii) != text || ascii.contains('\0'))
        return {};
    QByteArray bytes(4, Qt::Uninitialized);
    if (inet_pton(AF_INET, ascii.constData(), bytes.data()) == 1)
        return fromBytes(bytes);
    bytes.resize(16);
    if (inet_pton(AF_INET6, ascii.constData(), bytes.data()) == 1)
        return fromBytes(bytes);
    return {};
}

bool Address::isKnown() const
{
    return *this != Address();
}

bool Address::isV4() const
{
    return std::equal(v4MappedPrefix.begin(), v4MappedPrefix.end(), m_bytes.begin());
}

bool Address::isLoopback() const
{
    if (isV4())
        return m_bytes[12] == 127;
    std::array<quint8, 16> loopback{};
    loopback[15] = 1;
    return m_bytes == loopback;
}

QString Address::toString() const
{
    if (!isKnown())
        return {};
    std::array<char, INET6_ADDRSTRLEN> text{};
    const bool v4 = isV4();
    inet_ntop(v4 ? AF_INET : AF_INET6, m_bytes.data() + (v4 ? v4MappedPrefix.size() : 0), text.data(),
              static_cast<socklen_t>(text.size()));
    return QString::fromLatin1(text.data());
}

QByteArray Address::toBytes() const
{
    if (!isKnown())
        return {};
    const QByteArray bytes(reinterpret_cast<const char *>(m_bytes.data()), 16);
    return isV4() ? bytes.right(4) : bytes;
}

size_t qHash(const Address &address, size_t seed) noexcept
{
    std::array<quint64, 2> halves{};
    static_assert(sizeof(halves) == sizeof(address));
    std::memcpy(halves.data(), &address, sizeof(halves));
    return qHashMulti(seed, halves[0], halves[1]);
}

} // namespace Nettally
