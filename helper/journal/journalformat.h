// SPDX-License-Identifier: MIT
#pragma once

#include "journalrecord.h"

#include <QByteArrayView>
#include <QHash>

#include <optional>

/**
 * The bytes of the journal. Little-endian, without padding; "varint" is LEB128, seven bits a byte, the least
 * first, at most ten bytes; "string" is a varint of the length, then UTF-8.
 *
 * A segment begins with 96 bytes:
 *      0  8  "NTJOURNL"
 *      8  4  version, 1
 *     12  4  CRC-32C of the other 92 bytes
 *     16 16  id of the journal, random
 *     32 16  of the machine: the first half of the SHA-256 of its machine-id
 *     48 16  id of the boot in which the journal was made
 *     64  8  CLOCK_BOOTTIME nanoseconds at which it was
 *     72  8  number that no record of the segment is below, not 0
 *     80 16  0
 *
 * Frames follow, each:
 *      0  4  CRC-32C of all that follows
 *      4  2  "NJ"
 *      6  2  length of the payload
 *      8  8  number, greater than that of the frame before, below 2^63
 *     16  1  type
 *     17     payload
 * of the types
 *      1 program     varint index, 4 uid, 1 kind, string name, string executable, string cgroup path
 *      2 interface   varint index, string name
 *      3 flow        4 minute (UTC, minutes since 1970), varint program, varint interface (0: not known),
 *                    2 service port, 1 protocol, 1 direction, 1 flags (1: packets counted), 1 length of the
 *                    remote (0, 4 or 16), the remote; varints: payload received, sent, network bytes
 *                    received, sent, packets received, sent, retransmits
 *      4 gap         8 begin, 8 end (seconds since 1970 UTC), 1 reason
 *      5 counters    4 minute, varint interface, varints counter received, sent, 8 remainder received, 8 sent
 *      6 seal        8 up to when the records before it tell (milliseconds since 1970 UTC)
 * Programs and interfaces are numbered in each segment anew, from 1, before they are named. What follows the
 * last seal of a segment was not written wholly and does not count.
 *
 * The file of checkpoints has frames too:
 *     32 instance    16 id of the journal, 16 id of the boot, 8 CLOCK_BOOTTIME nanoseconds since which the
 *                    kernel counts
 *     33 rows        of each: varint slot, varint generation, the seven varints of a flow
 *     34 interfaces  of each: varint index, varint received, varint sent
 *     35 checkpoint  8 number of the seal that the frames before it belong to
 */
namespace Nettally::JournalFormat {

inline constexpr qsizetype headerBytes = 96;
inline constexpr qsizetype frameHeaderBytes = 17;
inline constexpr qsizetype maxPayloadBytes = 0xffff;
inline constexpr qsizetype idBytes = 16;
inline constexpr quint64 maxNumber = (quint64(1) << 63) - 1;

enum class FrameType : quint8 {
    Program = 1,
    Interface = 2,
    Flow = 3,
    Gap = 4,
    Counters = 5,
    Seal = 6,
    Instance = 32,
    Rows = 33,
    Interfaces = 34,
    Checkpoint = 35,
};

quint32 crc32c(QByteArrayView bytes);

struct Header {
    QByteArray journalId; ///< idBytes, as the next two
    QByteArray machine;
    QByteArray bootId;
    quint64 madeNs = 0;
    quint64 firstNumber = 0;
};

QByteArray encode(const Header &header);
/// None where it is no segment of this version, or damaged.
std::optional<Header> decodeHeader(QByteArrayView bytes);

struct Frame {
    quint64 number = 0;
    FrameType type = FrameType::Seal;
    QByteArrayView payload; ///< within the bytes read
    qsizetype end = 0; ///< offset of the first byte after the frame
};

/// Takes frames one after another from any bytes; steps over what is none.
class FrameReader {
public:
    explicit FrameReader(QByteArrayView bytes)
        : m_bytes(bytes)
    {
    }
    std::optional<Frame> next();
    /// Bytes that were stepped over so far, before the last frame.
    qsizetype damagedBytes() const { return m_damagedBytes; }

private:
    QByteArrayView m_bytes;
    qsizetype m_at = 0;
    qsizetype m_end = 0; ///< of the last frame
    qsizetype m_damagedBytes = 0;
    quint64 m_number = 0; ///< of the last frame
};

void appendFrame(QByteArray &to, quint64 number, FrameType type, QByteArrayView payload);

/// Turns the records of a segment into frames.
class Encoder {
public:
    /// Appends the records with what they name, and a seal. Numbers are @p first and on; the seal's.
    quint64 append(QByteArray &to, const std::vector<JournalRecord> &records, qint64 endUtcMs, quint64 first);

    /// What the segment named before, where one is continued.
    void know(const JournalProgram &program, quint32 index) { m_programs.insert(program, index); }
    void know(const QString &interfaceName, quint32 index) { m_interfaces.insert(interfaceName, index); }

private:
    quint32 indexOf(QByteArray &to, const JournalProgram &program, quint64 &number);
    quint32 indexOf(QByteArray &to, const QString &interfaceName, quint64 &number);

    QHash<JournalProgram, quint32> m_programs;
    QHash<QString, quint32> m_interfaces;
};

/// Turns the frames of a segment into records, from its first on.
class Decoder {
public:
    /// The record, if it is one and whole. One whose program's frame was lost is told of the overflow's.
    std::optional<JournalRecord> take(const Frame &frame);

    const QHash<quint32, JournalProgram> &programs() const { return m_programs; }
    const QHash<quint32, QString> &interfaces() const { return m_interfaces; }

private:
    QHash<quint32, JournalProgram> m_programs;
    QHash<quint32, QString> m_interfaces;
};

/// Of a seal's frame.
std::optional<qint64> sealEndUtcMs(const Frame &frame);

QByteArray encodeInstance(const QByteArray &journalId, const QByteArray &bootId, quint64 sinceNs);
/// Appends the frames of a checkpoint that belongs to the seal @p seal, numbered from @p number on.
void appendCheckpoint(QByteArray &to, const Checkpoint &checkpoint, quint64 seal, quint64 *number);
/// Of a checkpoint's last frame.
std::optional<quint64> sealOfCheckpoint(const Frame &frame);
/// Takes rows and interfaces out of a frame; false where it is damaged.
bool takeRows(const Frame &frame, std::vector<Checkpoint::Row> &rows);
bool takeInterfaces(const Frame &frame, std::vector<Checkpoint::Interface> &interfaces);

} // namespace Nettally::JournalFormat
