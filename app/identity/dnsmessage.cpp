// SPDX-License-Identifier: MIT
#include "dnsmessage.h"

#include <QHashFunctions>
#include <QUrl>
#include <QVarLengthArray>
#include <QtEndian>

#include <algorithm>
#include <array>
#include <cstring>

namespace Nettally {

namespace {

constexpr qsizetype headerBytes = 12;
constexpr quint8 maxLabelBytes = 63;
/// A name has at most 127 labels; more jumps than that can only be pointers to pointers.
constexpr int maxJumps = 127;

constexpr quint16 classInternet = 1;

enum RecordType : quint16 {
    TypeA = 1,
    TypeCname = 5,
    TypeAaaa = 28,
    TypeSvcb = 64,
    TypeHttps = 65,
};

enum ServiceKey : quint16 {
    KeyIpv4Hint = 4,
    KeyIpv6Hint = 6,
};

enum class Outcome {
    Whole,
    Cut, ///< the bytes end here
    Malformed,
};

/// As on the wire without compression, ASCII letters lowered, so that equal names are equal bytes.
struct WireName {
    std::array<quint8, DnsMessage::maxNameBytes> bytes; // not cleared: only size bytes are ever read
    quint8 size;

    friend bool operator==(const WireName &a, const WireName &b)
    {
        return a.size == b.size && std::memcmp(a.bytes.data(), b.bytes.data(), a.size) == 0;
    }
};

/// With the process's random seed, so that nobody can make up names that collide.
size_t hashOf(const WireName &name)
{
    return qHashBits(name.bytes.data(), name.size, QHashSeed::globalSeed());
}

struct Record {
    qsizetype owner; ///< offset of its name
    size_t ownerHash;
    qsizetype data; ///< offset of its RDATA, which lies within the message
    quint16 dataBytes;
    quint16 type;
    quint32 ttlSeconds;
    qsizetype chainIndex; ///< of the name of the chain that owns it; -1: none
};

struct ChainName {
    WireName name;
    size_t hash;
    quint32 ttlSeconds;
};

quint8 lowered(quint8 byte)
{
    return byte >= 'A' && byte <= 'Z' ? static_cast<quint8>(byte + ('a' - 'A')) : byte;
}

QByteArray rawBytes(QByteArrayView view)
{
    return QByteArray::fromRawData(view.data(), view.size());
}

class Reader {
public:
    explicit Reader(QByteArrayView bytes)
        : m_bytes(bytes)
    {
    }

    std::optional<DnsMessage> read();

private:
    quint8 byteAt(qsizetype offset) const { return static_cast<quint8>(m_bytes[offset]); }
    quint16 shortAt(qsizetype offset) const { return qFromBigEndian<quint16>(m_bytes.data() + offset); }
    quint32 longAt(qsizetype offset) const { return qFromBigEndian<quint32>(m_bytes.data() + offset); }

    Outcome readName(qsizetype &offset, qsizetype end, bool mayPoint, WireName &name) const;
    Outcome readRecord(qsizetype &offset, Record &record) const;
    bool isSound(const Record &record) const;
    bool isSoundService(const Record &record) const;
    bool readTarget(const Record &record, WireName &target) const;
    bool followChain();
    bool addToChain(const WireName &name, quint32 ttlSeconds);
    bool collect(const Record &record, QList<DnsAddress> &addresses) const;
    bool collect(QByteArrayView packed, qsizetype addressBytes, quint32 ttlSeconds,
                 QList<DnsAddress> &addresses) const;

    QByteArrayView m_bytes;
    QVarLengthArray<Record, 16> m_records; ///< of types that matter here, of answer and additional section
    QVarLengthArray<ChainName, 4> m_chain;
};

/**
 * Reads the name at @p offset, whose part there must lie before @p end, and moves the offset behind it.
 *
 * What a pointer points at must begin and end before the stretch that holds the pointer: so each jump goes
 * backwards and none can come round again.
 */
Outcome Reader::readName(qsizetype &offset, qsizetype end, bool mayPoint, WireName &name) const
{
    const Outcome overrun = end == m_bytes.size() ? Outcome::Cut : Outcome::Malformed;
    qsizetype stretch = offset;
    qsizetype at = offset;
    int jumps = 0;
    name.size = 0;
    for (;;) {
        if (at >= end)
            return jumps == 0 ? overrun : Outcome::Malformed;
        const quint8 length = byteAt(at);
        if (length > maxLabelBytes) {
            if ((length & 0xc0) != 0xc0 || !mayPoint)
                return Outcome::Malformed;
            if (end - at < 2)
                return jumps == 0 ? overrun : Outcome::Malformed;
            const qsizetype target = shortAt(at) & 0x3fff;
            if (target < headerBytes || target >= stretch || ++jumps > maxJumps)
                return Outcome::Malformed;
            if (jumps == 1)
                offset = at + 2;
            end = stretch;
            stretch = target;
            at = target;
            continue;
        }
        if (name.size + 1 + length > DnsMessage::maxNameBytes)
            return Outcome::Malformed;
        if (end - at < 1 + length)
            return jumps == 0 ? overrun : Outcome::Malformed;
        name.bytes[name.size++] = length;
        for (qsizetype i = 1; i <= length; ++i)
            name.bytes[name.size++] = lowered(byteAt(at + i));
        at += 1 + length;
        if (length == 0)
            break;
    }
    if (jumps == 0)
        offset = at;
    return Outcome::Whole;
}

Outcome Reader::readRecord(qsizetype &offset, Record &record) const
{
    constexpr qsizetype fixedBytes = 10;
    WireName owner;
    record.owner = offset;
    const Outcome outcome = readName(offset, m_bytes.size(), true, owner);
    if (outcome != Outcome::Whole)
        return outcome;
    if (m_bytes.size() - offset < fixedBytes)
        return Outcome::Cut;
    record.type = shortAt(offset);
    const quint16 recordClass = shortAt(offset + 2);
    record.ttlSeconds = longAt(offset + 4);
    // RFC 2181: with the highest bit set it counts as 0.
    if (record.ttlSeconds > 0x7fffffff)
        record.ttlSeconds = 0;
    record.dataBytes = shortAt(offset + 8);
    offset += fixedBytes;
    if (m_bytes.size() - offset < record.dataBytes)
        return Outcome::Cut;
    record.data = offset;
    record.ownerHash = hashOf(owner);
    record.chainIndex = -1;
    offset += record.dataBytes;
    if (recordClass != classInternet)
        record.type = 0; // OPT among them, whose class is a size
    return isSound(record) ? Outcome::Whole : Outcome::Malformed;
}

bool Reader::isSound(const Record &record) const
{
    WireName target;
    switch (record.type) {
    case TypeA:
        return record.dataBytes == 4;
    case TypeAaaa:
        return record.dataBytes == 16;
    case TypeCname:
        return readTarget(record, target);
    case TypeSvcb:
    case TypeHttps:
        return isSoundService(record);
    default:
        return true;
    }
}

/// RFC 9460: a priority, a target without compression, and parameters in ascending order.
bool Reader::isSoundService(const Record &record) const
{
    WireName target;
    if (!readTarget(record, target))
        return false;
    const qsizetype end = record.data + record.dataBytes;
    qsizetype at = record.data + 2 + target.size;
    int keyBefore = -1;
    while (at < end) {
        if (end - at < 4)
            return false;
        const quint16 key = shortAt(at);
        const quint16 valueBytes = shortAt(at + 2);
        at += 4;
        if (key <= keyBefore || end - at < valueBytes)
            return false;
        const int addressBytes = key == KeyIpv4Hint ? 4 : key == KeyIpv6Hint ? 16 : 0;
        if (addressBytes != 0 && (valueBytes == 0 || valueBytes % addressBytes != 0))
            return false;
        keyBefore = key;
        at += valueBytes;
    }
    return true;
}

/// The name that a CNAME, HTTPS or SVCB record leads to.
bool Reader::readTarget(const Record &record, WireName &target) const
{
    const bool isAlias = record.type == TypeCname;
    const qsizetype end = record.data + record.dataBytes;
    qsizetype at = record.data + (isAlias ? 0 : 2);
    // RDATA that ends with the message is whole all the same: nothing in it can be cut.
    if (at >= end || readName(at, end, isAlias, target) != Outcome::Whole)
        return false;
    return !isAlias || at == end;
}

bool Reader::addToChain(const WireName &name, quint32 ttlSeconds)
{
    const auto isSame = [&](const ChainName &known) { return known.name == name; };
    if (std::any_of(m_chain.cbegin(), m_chain.cend(), isSame))
        return true;
    if (m_chain.size() == DnsMessage::maxChainNames)
        return false;
    m_chain.append({name, hashOf(name), ttlSeconds});
    return true;
}

/// Finds the names that the first of the chain leads to, and whose each record is. The order of records
/// has no meaning (RFC 1034), so an alias may stand behind what it leads to.
bool Reader::followChain()
{
    WireName name;
    for (qsizetype i = 0; i < m_chain.size(); ++i) {
        for (Record &record : m_records) {
            if (record.chainIndex >= 0 || record.ownerHash != m_chain[i].hash)
                continue;
            qsizetype offset = record.owner;
            if (readName(offset, m_bytes.size(), true, name) != Outcome::Whole || name != m_chain[i].name)
                continue;
            record.chainIndex = i;
            record.ttlSeconds = qMin(record.ttlSeconds, m_chain[i].ttlSeconds);
            if (record.type == TypeA || record.type == TypeAaaa || !readTarget(record, name))
                continue;
            // The root as a target: the owner itself, or in alias form that there is no service.
            const bool isRoot = name.size == 1;
            if (!isRoot && !addToChain(name, record.ttlSeconds))
                return false;
        }
    }
    return true;
}

/// Adds addresses of @p addressBytes each; false when there are too many.
bool Reader::collect(QByteArrayView packed, qsizetype addressBytes, quint32 ttlSeconds,
                     QList<DnsAddress> &addresses) const
{
    // What resolvers with block lists answer: nothing is reached there.
    static const Address anyV4 = Address::fromBytes(QByteArray(4, '\0'));
    for (; !packed.isEmpty(); packed = packed.sliced(addressBytes)) {
        const Address address = Address::fromBytes(rawBytes(packed.first(addressBytes)));
        if (!address.isKnown() || address == anyV4)
            continue;
        const auto known = std::find_if(addresses.begin(), addresses.end(),
                                        [&](const DnsAddress &other) { return other.address == address; });
        if (known != addresses.end()) {
            known->ttlSeconds = qMin(known->ttlSeconds, ttlSeconds);
            continue;
        }
        if (addresses.size() == DnsMessage::maxAddresses)
            return false;
        addresses.append({address, ttlSeconds});
    }
    return true;
}

bool Reader::collect(const Record &record, QList<DnsAddress> &addresses) const
{
    const QByteArrayView data = m_bytes.sliced(record.data, record.dataBytes);
    switch (record.type) {
    case TypeA:
        return collect(data, 4, record.ttlSeconds, addresses);
    case TypeAaaa:
        return collect(data, 16, record.ttlSeconds, addresses);
    case TypeSvcb:
    case TypeHttps:
        break;
    default:
        return true;
    }
    WireName target;
    // Priority 0 is the alias form: its parameters have no meaning.
    if (shortAt(record.data) == 0 || !readTarget(record, target))
        return true;
    const qsizetype end = record.data + record.dataBytes;
    for (qsizetype at = record.data + 2 + target.size; at < end; at += 4 + shortAt(at + 2)) {
        const quint16 key = shortAt(at);
        if (key != KeyIpv4Hint && key != KeyIpv6Hint)
            continue;
        const QByteArrayView hints = m_bytes.sliced(at + 4, shortAt(at + 2));
        if (!collect(hints, key == KeyIpv4Hint ? 4 : 16, record.ttlSeconds, addresses))
            return false;
    }
    return true;
}

QString displayName(const WireName &name)
{
    if (name.size == 1)
        return QStringLiteral(".");
    QByteArray text;
    text.reserve(name.size);
    bool isPlain = true;
    bool isInternational = false;
    for (qsizetype at = 0; name.bytes[at] != 0;) {
        if (at > 0)
            text.append('.');
        const qsizetype end = at + 1 + name.bytes[at];
        isInternational |= end - at > 5 && std::memcmp(name.bytes.data() + at + 1, "xn--", 4) == 0;
        for (++at; at < end; ++at) {
            const quint8 byte = name.bytes[at];
            if (byte > 0x20 && byte < 0x7f && byte != '.' && byte != '\\') {
                text.append(static_cast<char>(byte));
                continue;
            }
            isPlain = false;
            text.append('\\');
            if (byte == '.' || byte == '\\')
                text.append(static_cast<char>(byte));
            else
                text.append(QByteArray::number(byte).rightJustified(3, '0'));
        }
    }
    if (isInternational && isPlain) {
        QString decoded = QUrl::fromAce(text);
        // Only what leads back to the same name, and shows nothing but what it says.
        if (!decoded.isEmpty() && QUrl::toAce(decoded) == text
            && std::all_of(decoded.cbegin(), decoded.cend(),
                           [](QChar c) { return c.isSurrogate() || c.isPrint(); }))
            return decoded;
    }
    return QString::fromLatin1(text);
}

std::optional<DnsMessage> Reader::read()
{
    if (m_bytes.size() < headerBytes || m_bytes.size() > DnsMessage::maxMessageBytes)
        return {};
    constexpr quint16 responseBit = 0x8000;
    constexpr quint16 opcodeBits = 0x7800;
    constexpr quint16 errorBits = 0x000f;
    if ((shortAt(2) & (responseBit | opcodeBits | errorBits)) != responseBit || shortAt(4) != 1)
        return {};
    const int answers = shortAt(6);
    const int authorities = shortAt(8);
    const int records = answers + authorities + shortAt(10);
    if (records > DnsMessage::maxRecords)
        return {};

    qsizetype offset = headerBytes;
    WireName asked;
    if (readName(offset, m_bytes.size(), false, asked) != Outcome::Whole || m_bytes.size() - offset < 4
        || shortAt(offset + 2) != classInternet)
        return {};
    offset += 4;

    DnsMessage message;
    for (int i = 0; i < records; ++i) {
        Record record;
        const Outcome outcome = readRecord(offset, record);
        if (outcome == Outcome::Malformed)
            return {};
        if (outcome == Outcome::Cut) {
            message.isCut = true;
            break;
        }
        const bool isAuthority = i >= answers && i < answers + authorities;
        const bool matters = record.type == TypeA || record.type == TypeAaaa || record.type == TypeCname
            || record.type == TypeSvcb || record.type == TypeHttps;
        if (matters && !isAuthority)
            m_records.append(record);
    }

    m_chain.append({asked, hashOf(asked), 0x7fffffff});
    if (!followChain())
        return {};
    for (const Record &record : m_records) {
        if (record.chainIndex >= 0 && !collect(record, message.addresses))
            return {};
    }
    message.name = displayName(asked);
    return message;
}

} // namespace

std::optional<DnsMessage> DnsMessage::parse(QByteArrayView bytes)
{
    return Reader(bytes).read();
}

} // namespace Nettally
