// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

#include <array>
#include <compare>

namespace Nettally {

/// An IPv4 or IPv6 address, or "not known". Held as 16 bytes in network order, IPv4 v4-mapped.
class Address {
public:
    Address() = default;

    /// 4 or 16 bytes in network order; anything else gives an unknown address.
    static Address fromBytes(const QByteArray &bytes);
    /// Dotted or colon notation; anything else gives an unknown address.
    static Address fromString(const QString &text);

    bool isKnown() const;
    bool isV4() const;
    bool isLoopback() const;
    /// The shortest usual notation ("192.0.2.1", "2001:db8::1"); empty when not known.
    QString toString() const;
    /// 4 bytes for IPv4, 16 for IPv6, none when not known.
    QByteArray toBytes() const;

    auto operator<=>(const Address &) const = default;

private:
    std::array<quint8, 16> m_bytes{};
};

size_t qHash(const Address &address, size_t seed = 0) noexcept;

} // namespace Nettally
