// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"

#include <QByteArrayView>
#include <QList>
#include <QString>

#include <optional>

namespace Nettally {

/// An address that an answer gives to the name asked for.
struct DnsAddress {
    Address address;
    quint32 ttlSeconds = 0; ///< the least on the way from the question's name to the address
    bool operator==(const DnsAddress &) const = default;
};

/**
 * What one DNS answer says of the addresses behind the name that was asked for.
 *
 * The bytes are trusted in nothing: whoever can send to a port of this machine may have made them up.
 */
struct DnsMessage {
    /// Longest messages and names there are, in bytes of the wire, and bounds that no resolver's answer to a
    /// program comes near. A message beyond one of them is refused.
    static constexpr qsizetype maxMessageBytes = 65535;
    static constexpr qsizetype maxNameBytes = 255;
    static constexpr int maxRecords = 512;
    static constexpr int maxAddresses = 256;
    static constexpr int maxChainNames = 16; ///< the question's name and its aliases

    /// The question's name, lower case and without the dot at its end; "." for the root. Bytes that are not
    /// graphic ASCII stand as \DDD, a dot or backslash within a label as "\." and "\\". Internationalized
    /// names stand in their own script where Qt shows them so, else in ASCII ("xn--…"). To be shown as
    /// plain text: it may hold "<" and "&".
    QString name;
    /// Those of A and AAAA records and of the hints of HTTPS and SVCB records, in the order of the message
    /// and each once, that the name leads to through CNAME records and the targets of HTTPS and SVCB
    /// records. All others are ignored.
    QList<DnsAddress> addresses;
    /// The bytes ended before the records that the header announces: there may be more addresses.
    bool isCut = false;

    /// @p bytes as they came in a datagram, or after the two bytes of length over TCP; they may be cut off
    /// anywhere. None unless it is an answer without error to one question of class IN, and flawless as far
    /// as it goes. Thread-safe.
    static std::optional<DnsMessage> parse(QByteArrayView bytes);
};

} // namespace Nettally
