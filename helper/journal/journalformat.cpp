// SPDX-License-Identifier: MIT
#include "journalformat.h"

#include <QCoreApplication>
#include <QtEndian>

#include <array>
#include <cstring>

namespace Nettally::JournalFormat {

namespace {

constexpr char magic[] = "NTJOURNL";
constexpr quint32 version = 1;
constexpr char frameMagic[] = "NJ";
constexpr qsizetype headerCrcAt = 12;

constexpr std::array<quint32, 256> crcTable = [] {
    std::array<quint32, 256> table{};
    for (quint32 i = 0; i < table.size(); ++i) {
        quint32 crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        table[i] = crc;
    }
    return table;
}();

template <typename Number>
void put(QByteArray &to, Number number)
{
    const Number little = qToLittleEndian(number);
    to.append(reinterpret_cast<const char *>(&little), sizeof little);
}

void putVarint(QByteArray &to, quint64 number)
{
    while (number >= 0x80) {
        to.append(char(quint8(number) | 0x80));
        number >>= 7;
    }
    to.append(char(number));
}

/// As much of a text as fits a frame beside others of the same size.
void putString(QByteArray &to, const QString &text)
{
    constexpr qsizetype maxBytes = 16384;
    QByteArray utf8 = text.toUtf8();
    if (utf8.size() > maxBytes)
        utf8 = QString::fromUtf8(utf8.first(maxBytes)).toUtf8();
    putVarint(to, quint64(utf8.size()));
    to.append(utf8);
}

/// Reads on while all was there.
class Reader {
public:
    explicit Reader(QByteArrayView bytes)
        : m_bytes(bytes)
    {
    }

    QByteArrayView take(qsizetype length)
    {
        if (length < 0 || length > m_bytes.size())
            m_isWhole = false;
        if (!m_isWhole)
            return {};
        const QByteArrayView taken = m_bytes.first(length);
        m_bytes = m_bytes.sliced(length);
        return taken;
    }

    template <typename Number>
    Number number()
    {
        const QByteArrayView bytes = take(sizeof(Number));
        return m_isWhole ? qFromLittleEndian<Number>(bytes.data()) : Number();
    }

    quint64 varint()
    {
        quint64 value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const auto byte = number<quint8>();
            // The tenth has room for one bit.
            if (shift == 63 && byte > 1)
                m_isWhole = false;
            if (!m_isWhole)
                return 0;
            value |= quint64(byte & 0x7f) << shift;
            if (byte < 0x80)
                return value;
        }
        m_isWhole = false;
        return 0;
    }

    quint32 varint32()
    {
        const quint64 value = varint();
        if (value > 0xffffffff)
            m_isWhole = false;
        return m_isWhole ? quint32(value) : 0;
    }

    QString string()
    {
        const quint64 length = varint();
        const QByteArrayView bytes = take(length <= quint64(maxPayloadBytes) ? qsizetype(length) : -1);
        return QString::fromUtf8(bytes);
    }

    bool isWhole() const { return m_isWhole; }
    bool isAtEnd() const { return m_bytes.isEmpty(); }
    /// Nothing missing, nothing left over.
    bool isUsedUp() const { return m_isWhole && m_bytes.isEmpty(); }

private:
    QByteArrayView m_bytes;
    bool m_isWhole = true;
};

qsizetype remoteLength(const RemoteBytes &remote)
{
    static constexpr std::array<quint8, 12> v4Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (remote == RemoteBytes{})
        return 0;
    return std::equal(v4Mapped.begin(), v4Mapped.end(), remote.begin()) ? 4 : 16;
}

void putRow(QByteArray &to, const Checkpoint::Row &row)
{
    putVarint(to, row.slot);
    putVarint(to, row.generation);
    const RowTotals &totals = row.totals;
    for (const quint64 value : {totals.rxPayloadBytes, totals.txPayloadBytes, totals.rxNetworkBytes,
                                totals.txNetworkBytes, totals.rxPackets, totals.txPackets})
        putVarint(to, value);
    putVarint(to, totals.retransmits);
}

} // namespace

quint32 crc32c(QByteArrayView bytes)
{
    quint32 crc = ~quint32(0);
    for (const char byte : bytes)
        crc = crcTable[(crc ^ quint8(byte)) & 0xff] ^ crc >> 8;
    return ~crc;
}

// --- Segments.

QByteArray encode(const Header &header)
{
    QByteArray bytes;
    bytes.append(magic, qsizetype(sizeof magic - 1));
    put(bytes, version);
    put(bytes, quint32(0));
    for (const QByteArray &id : {header.journalId, header.machine, header.bootId})
        bytes.append(id.leftJustified(idBytes, '\0', true));
    put(bytes, header.madeNs);
    put(bytes, header.firstNumber);
    bytes.append(headerBytes - bytes.size(), '\0');
    QByteArray checked = bytes;
    checked.remove(headerCrcAt, sizeof(quint32));
    qToLittleEndian(crc32c(checked), bytes.data() + headerCrcAt);
    return bytes;
}

std::optional<Header> decodeHeader(QByteArrayView bytes)
{
    if (bytes.size() < headerBytes)
        return std::nullopt;
    Reader reader(bytes.first(headerBytes));
    const bool isOurs = reader.take(sizeof magic - 1) == QByteArrayView(magic, sizeof magic - 1)
        && reader.number<quint32>() == version;
    QByteArray checked = bytes.first(headerBytes).toByteArray();
    checked.remove(headerCrcAt, sizeof(quint32));
    if (!isOurs || reader.number<quint32>() != crc32c(checked))
        return std::nullopt;
    Header header;
    for (QByteArray *id : {&header.journalId, &header.machine, &header.bootId})
        *id = reader.take(idBytes).toByteArray();
    header.madeNs = reader.number<quint64>();
    header.firstNumber = reader.number<quint64>();
    if (header.firstNumber == 0 || header.firstNumber > maxNumber)
        return std::nullopt;
    return header;
}

std::optional<Frame> FrameReader::next()
{
    while (m_bytes.size() - m_at >= frameHeaderBytes) {
        const char *at = m_bytes.data() + m_at;
        const qsizetype length = frameHeaderBytes + qFromLittleEndian<quint16>(at + 6);
        const auto number = qFromLittleEndian<quint64>(at + 8);
        if (std::memcmp(at + 4, frameMagic, 2) != 0 || length > m_bytes.size() - m_at || number <= m_number
            || number > maxNumber
            || qFromLittleEndian<quint32>(at) != crc32c(m_bytes.sliced(m_at + 4, length - 4))) {
            ++m_at;
            continue;
        }
        m_damagedBytes += m_at - m_end;
        m_number = number;
        Frame frame{number, FrameType(quint8(at[16])),
                    m_bytes.sliced(m_at + frameHeaderBytes, length - frameHeaderBytes), m_at + length};
        m_at = m_end = frame.end;
        return frame;
    }
    return std::nullopt;
}

void appendFrame(QByteArray &to, quint64 number, FrameType type, QByteArrayView payload)
{
    const qsizetype begin = to.size();
    put(to, quint32(0));
    to.append(frameMagic, 2);
    put(to, quint16(payload.size()));
    put(to, number);
    to.append(char(type));
    to.append(payload);
    qToLittleEndian(crc32c(QByteArrayView(to).sliced(begin + 4)), to.data() + begin);
}

// --- Records.

quint32 Encoder::indexOf(QByteArray &to, const JournalProgram &program, quint64 &number)
{
    quint32 &index = m_programs[program];
    if (index == 0) {
        index = quint32(m_programs.size());
        QByteArray payload;
        putVarint(payload, index);
        put(payload, program.uid);
        put(payload, quint8(program.kind));
        putString(payload, program.name);
        putString(payload, program.executable);
        putString(payload, program.cgroupPath);
        appendFrame(to, number++, FrameType::Program, payload);
    }
    return index;
}

quint32 Encoder::indexOf(QByteArray &to, const QString &interfaceName, quint64 &number)
{
    if (interfaceName.isEmpty())
        return 0;
    quint32 &index = m_interfaces[interfaceName];
    if (index == 0) {
        index = quint32(m_interfaces.size());
        QByteArray payload;
        putVarint(payload, index);
        putString(payload, interfaceName);
        appendFrame(to, number++, FrameType::Interface, payload);
    }
    return index;
}

quint64 Encoder::append(QByteArray &to, const std::vector<JournalRecord> &records, qint64 endUtcMs,
                        quint64 first)
{
    quint64 number = first;
    QByteArray payload;
    for (const JournalRecord &record : records) {
        payload.clear();
        if (const auto *flow = std::get_if<JournalFlow>(&record)) {
            put(payload, quint32(flow->minuteUtcS / 60));
            putVarint(payload, indexOf(to, flow->program, number));
            putVarint(payload, indexOf(to, flow->interfaceName, number));
            put(payload, flow->servicePort);
            put(payload, flow->protocol);
            put(payload, flow->direction);
            put(payload, quint8(flow->sums.hasNetwork ? 1 : 0));
            const qsizetype length = remoteLength(flow->remote);
            put(payload, quint8(length));
            payload.append(reinterpret_cast<const char *>(flow->remote.data())
                               + (qsizetype(flow->remote.size()) - length),
                           length);
            const JournalSums &sums = flow->sums;
            for (const quint64 value :
                 {sums.rxPayloadBytes, sums.txPayloadBytes, sums.rxNetworkBytes, sums.txNetworkBytes,
                  sums.rxPackets, sums.txPackets, sums.retransmits})
                putVarint(payload, value);
            appendFrame(to, number++, FrameType::Flow, payload);
        } else if (const auto *gap = std::get_if<JournalGap>(&record)) {
            put(payload, gap->beginUtcS);
            put(payload, gap->endUtcS);
            put(payload, quint8(gap->reason));
            appendFrame(to, number++, FrameType::Gap, payload);
        } else if (const auto *counters = std::get_if<JournalInterface>(&record)) {
            put(payload, quint32(counters->minuteUtcS / 60));
            putVarint(payload, indexOf(to, counters->interfaceName, number));
            putVarint(payload, counters->rxCounterBytes);
            putVarint(payload, counters->txCounterBytes);
            put(payload, counters->rxRemainderBytes);
            put(payload, counters->txRemainderBytes);
            appendFrame(to, number++, FrameType::Counters, payload);
        }
    }
    payload.clear();
    put(payload, endUtcMs);
    appendFrame(to, number, FrameType::Seal, payload);
    return number;
}

std::optional<JournalRecord> Decoder::take(const Frame &frame)
{
    Reader reader(frame.payload);
    switch (frame.type) {
    case FrameType::Program: {
        const quint32 index = reader.varint32();
        JournalProgram program;
        program.uid = reader.number<quint32>();
        const auto kind = reader.number<quint8>();
        program.kind = ProcessKind(kind);
        program.name = reader.string();
        program.executable = reader.string();
        program.cgroupPath = reader.string();
        if (reader.isUsedUp() && index != 0 && kind <= quint8(ProcessKind::Kernel))
            m_programs.insert(index, program);
        return std::nullopt;
    }
    case FrameType::Interface: {
        const quint32 index = reader.varint32();
        const QString name = reader.string();
        if (reader.isUsedUp() && index != 0 && !name.isEmpty())
            m_interfaces.insert(index, name);
        return std::nullopt;
    }
    case FrameType::Flow: {
        JournalFlow flow;
        flow.minuteUtcS = qint64(reader.number<quint32>()) * 60;
        const auto program = m_programs.constFind(reader.varint32());
        flow.interfaceName = m_interfaces.value(reader.varint32());
        flow.servicePort = reader.number<quint16>();
        flow.protocol = reader.number<quint8>();
        flow.direction = reader.number<quint8>();
        flow.sums.hasNetwork = reader.number<quint8>() & 1;
        const auto length = reader.number<quint8>();
        const QByteArrayView remote = reader.take(length);
        if (!reader.isWhole() || (length != 0 && length != 4 && length != 16) || flow.direction > 3)
            return std::nullopt;
        if (length == 4)
            flow.remote[10] = flow.remote[11] = 0xff;
        std::copy(remote.begin(), remote.end(), flow.remote.end() - length);
        JournalSums &sums = flow.sums;
        for (quint64 *value : {&sums.rxPayloadBytes, &sums.txPayloadBytes, &sums.rxNetworkBytes,
                               &sums.txNetworkBytes, &sums.rxPackets, &sums.txPackets, &sums.retransmits})
            *value = reader.varint();
        if (!reader.isUsedUp())
            return std::nullopt;
        if (program != m_programs.constEnd()) {
            flow.program = *program;
        } else {
            flow.program.kind = ProcessKind::Overflow;
            flow.program.name = QCoreApplication::translate("Journal", "Not known (damaged record)");
        }
        return flow;
    }
    case FrameType::Gap: {
        JournalGap gap;
        gap.beginUtcS = reader.number<qint64>();
        gap.endUtcS = reader.number<qint64>();
        const auto reason = reader.number<quint8>();
        gap.reason = JournalGapReason(reason);
        if (!reader.isUsedUp() || reason > quint8(JournalGapReason::ClockStep)
            || gap.beginUtcS >= gap.endUtcS)
            return std::nullopt;
        return gap;
    }
    case FrameType::Counters: {
        JournalInterface counters;
        counters.minuteUtcS = qint64(reader.number<quint32>()) * 60;
        const auto name = m_interfaces.constFind(reader.varint32());
        counters.rxCounterBytes = reader.varint();
        counters.txCounterBytes = reader.varint();
        counters.rxRemainderBytes = reader.number<qint64>();
        counters.txRemainderBytes = reader.number<qint64>();
        if (!reader.isUsedUp() || name == m_interfaces.constEnd())
            return std::nullopt;
        counters.interfaceName = *name;
        return counters;
    }
    default:
        return std::nullopt;
    }
}

std::optional<qint64> sealEndUtcMs(const Frame &frame)
{
    Reader reader(frame.payload);
    const auto endUtcMs = reader.number<qint64>();
    return frame.type == FrameType::Seal && reader.isUsedUp() ? std::optional(endUtcMs) : std::nullopt;
}

// --- Checkpoints.

QByteArray encodeInstance(const QByteArray &journalId, const QByteArray &bootId, quint64 sinceNs)
{
    QByteArray payload = journalId + bootId;
    put(payload, sinceNs);
    QByteArray bytes;
    appendFrame(bytes, 1, FrameType::Instance, payload);
    return bytes;
}

void appendCheckpoint(QByteArray &to, const Checkpoint &checkpoint, quint64 seal, quint64 *number)
{
    // Far below the bound of a frame: a row has at most 80 bytes, an interface 25.
    constexpr size_t perFrame = 500;
    QByteArray payload;
    for (size_t i = 0; i < checkpoint.rows.size(); i += perFrame) {
        payload.clear();
        for (size_t k = i; k < std::min(i + perFrame, checkpoint.rows.size()); ++k)
            putRow(payload, checkpoint.rows[k]);
        appendFrame(to, (*number)++, FrameType::Rows, payload);
    }
    for (size_t i = 0; i < checkpoint.interfaces.size(); i += perFrame) {
        payload.clear();
        for (size_t k = i; k < std::min(i + perFrame, checkpoint.interfaces.size()); ++k) {
            putVarint(payload, checkpoint.interfaces[k].index);
            putVarint(payload, checkpoint.interfaces[k].rxBytes);
            putVarint(payload, checkpoint.interfaces[k].txBytes);
        }
        appendFrame(to, (*number)++, FrameType::Interfaces, payload);
    }
    payload.clear();
    put(payload, seal);
    appendFrame(to, (*number)++, FrameType::Checkpoint, payload);
}

std::optional<quint64> sealOfCheckpoint(const Frame &frame)
{
    Reader reader(frame.payload);
    const auto seal = reader.number<quint64>();
    return frame.type == FrameType::Checkpoint && reader.isUsedUp() ? std::optional(seal) : std::nullopt;
}

bool takeRows(const Frame &frame, std::vector<Checkpoint::Row> &rows)
{
    Reader reader(frame.payload);
    while (!reader.isAtEnd() && reader.isWhole()) {
        Checkpoint::Row row;
        row.slot = reader.varint32();
        row.generation = reader.varint32();
        RowTotals &totals = row.totals;
        for (quint64 *value : {&totals.rxPayloadBytes, &totals.txPayloadBytes, &totals.rxNetworkBytes,
                               &totals.txNetworkBytes, &totals.rxPackets, &totals.txPackets})
            *value = reader.varint();
        totals.retransmits = reader.varint32();
        if (reader.isWhole())
            rows.push_back(row);
    }
    return reader.isWhole();
}

bool takeInterfaces(const Frame &frame, std::vector<Checkpoint::Interface> &interfaces)
{
    Reader reader(frame.payload);
    while (!reader.isAtEnd() && reader.isWhole()) {
        Checkpoint::Interface interface;
        interface.index = reader.varint32();
        interface.rxBytes = reader.varint();
        interface.txBytes = reader.varint();
        if (reader.isWhole())
            interfaces.push_back(interface);
    }
    return reader.isWhole();
}

} // namespace Nettally::JournalFormat
