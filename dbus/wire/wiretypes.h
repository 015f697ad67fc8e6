// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QDBusArgument>
#include <QList>
#include <QMap>
#include <QString>

/**
 * The structures of org.nettally.Monitor1 as they travel; members and their meaning are documented
 * in dbus/interfaces/org.nettally.Monitor1.xml, in the same order. Neither side trusts the other:
 * what arrives is checked where it is used.
 */
namespace Nettally::Wire {

inline constexpr char serviceName[] = "org.nettally.Monitor";
inline constexpr char objectPath[] = "/org/nettally/Monitor";
inline constexpr char interfaceName[] = "org.nettally.Monitor1";
inline constexpr quint32 interfaceVersion = 1;

inline constexpr char errorDenied[] = "org.nettally.Error.Denied";
inline constexpr char errorAuthorityUnavailable[] = "org.nettally.Error.AuthorityUnavailable";
inline constexpr char errorNoSuchSubscription[] = "org.nettally.Error.NoSuchSubscription";

inline constexpr quint32 minIntervalMs = 100;
inline constexpr quint32 maxIntervalMs = 60000;
inline constexpr quint32 maxAuditSeconds = 60;
/// Bound of one message, far below the bus's 32 MiB: 10,000 rows are 0.6 MB, 2,000 programs at most 0.9 MB.
inline constexpr int maxRowsPerMessage = 10000;
inline constexpr int maxProgramsPerMessage = 2000;
inline constexpr int maxConnectionsPerMessage = 10000; ///< 1.4 MB
inline constexpr int maxNameBytesPerMessage = 65536; ///< of data
inline constexpr int maxJournalRecordsPerMessage = 10000; ///< 1.3 MB, and 1 MB of programs at most
inline constexpr int journalIdBytes = 16;

enum class ProgramKind : quint8 { Program = 0, KernelThread = 1, Others = 2, Overflow = 3, Kernel = 4 };
enum class Direction : quint8 { Unknown = 0, Outgoing = 1, Incoming = 2, Link = 3 };

using StringMap = QMap<QString, QString>;
using CountMap = QMap<QString, quint64>;

struct Program {
    quint32 id = 0;
    quint32 pid = 0;
    quint64 startNs = 0;
    QString name;
    QString executable;
    quint32 uid = 0;
    quint64 cgroupId = 0;
    quint32 pidNs = 0;
    quint32 netNs = 0;
    quint8 kind = 0;
    bool operator==(const Program &) const = default;
};

struct Remote {
    quint32 id = 0;
    QByteArray address;
    bool operator==(const Remote &) const = default;
};

struct Row {
    quint32 row = 0;
    quint32 program = 0;
    quint32 remote = 0;
    quint16 servicePort = 0;
    quint8 protocol = 0;
    quint8 direction = 0;
    quint32 ifindex = 0;
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    quint32 openSockets = 0;
    quint64 rxIpBytes = 0;
    quint64 txIpBytes = 0;
    quint64 rxSegmentHeaderBytes = 0;
    quint64 txSegmentHeaderBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 retransmits = 0;
    quint8 tunnelPart = 0;
    bool operator==(const Row &) const = default;
};

struct Connection {
    quint64 cookie = 0;
    quint32 program = 0;
    quint8 state = 0;
    quint8 direction = 0;
    quint16 servicePort = 0;
    QByteArray local;
    quint16 localPort = 0;
    QByteArray remote;
    quint16 remotePort = 0;
    quint64 openedNs = 0;
    bool isMeasured = false;
    quint32 roundTripUs = 0;
    quint32 roundTripVariationUs = 0;
    quint32 leastRoundTripUs = 0;
    quint32 congestionWindow = 0;
    quint32 retransmits = 0;
    quint64 retransmittedBytes = 0;
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
    bool operator==(const Connection &) const = default;
};

struct NameAnswer {
    quint32 program = 0;
    quint64 connection = 0;
    quint64 timeNs = 0;
    quint8 protocol = 0;
    quint32 position = 0;
    quint8 flags = 0; ///< nameAnswerStarts, nameAnswerEnds
    QByteArray data;
    bool operator==(const NameAnswer &) const = default;
};
inline constexpr quint8 nameAnswerStarts = 1;
inline constexpr quint8 nameAnswerEnds = 2;

struct BalanceLine {
    QString name;
    qint64 rxBytes = 0;
    qint64 txBytes = 0;
    bool operator==(const BalanceLine &) const = default;
};

struct TunnelCarrier {
    quint32 pid = 0;
    QString name;
    bool operator==(const TunnelCarrier &) const = default;
};

struct InterfaceBalance {
    quint32 index = 0;
    QString name;
    QString kind;
    bool isTunnel = false;
    quint32 lowerIndex = 0;
    QList<TunnelCarrier> carriers;
    quint64 sinceNs = 0;
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    QList<BalanceLine> lines;
    bool operator==(const InterfaceBalance &) const = default;
};

struct Probe {
    QString purpose;
    QString mechanism;
    bool active = false;
    QString note;
    bool operator==(const Probe &) const = default;
};

struct Interface {
    quint32 index = 0;
    QString name;
    quint64 rxBytes = 0;
    quint64 txBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    bool isLoopback = false;
    bool isUp = false;
    bool operator==(const Interface &) const = default;
};

struct JournalProgram {
    QString name;
    QString executable;
    quint32 uid = 0;
    QString cgroupPath;
    quint8 kind = 0;
    bool operator==(const JournalProgram &) const = default;
};

struct JournalFlow {
    qint64 minuteUtcS = 0;
    quint32 program = 0;
    QByteArray remote;
    quint8 protocol = 0;
    quint16 servicePort = 0;
    quint8 direction = 0;
    QString interfaceName;
    quint64 rxPayloadBytes = 0;
    quint64 txPayloadBytes = 0;
    bool hasNetwork = false;
    quint64 rxNetworkBytes = 0;
    quint64 txNetworkBytes = 0;
    quint64 rxPackets = 0;
    quint64 txPackets = 0;
    quint64 retransmits = 0;
    bool operator==(const JournalFlow &) const = default;
};

struct JournalGap {
    qint64 beginUtcS = 0;
    qint64 endUtcS = 0;
    quint8 reason = 0;
    bool operator==(const JournalGap &) const = default;
};

struct JournalInterface {
    qint64 minuteUtcS = 0;
    QString interfaceName;
    quint64 rxCounterBytes = 0;
    quint64 txCounterBytes = 0;
    qint64 rxRemainderBytes = 0;
    qint64 txRemainderBytes = 0;
    bool operator==(const JournalInterface &) const = default;
};

/// Registers the types with QtDBus. Call once before the first message; any thread, idempotent.
void registerTypes();

QDBusArgument &operator<<(QDBusArgument &argument, const Program &program);
const QDBusArgument &operator>>(const QDBusArgument &argument, Program &program);
QDBusArgument &operator<<(QDBusArgument &argument, const Remote &remote);
const QDBusArgument &operator>>(const QDBusArgument &argument, Remote &remote);
QDBusArgument &operator<<(QDBusArgument &argument, const Row &row);
const QDBusArgument &operator>>(const QDBusArgument &argument, Row &row);
QDBusArgument &operator<<(QDBusArgument &argument, const Connection &connection);
const QDBusArgument &operator>>(const QDBusArgument &argument, Connection &connection);
QDBusArgument &operator<<(QDBusArgument &argument, const NameAnswer &answer);
const QDBusArgument &operator>>(const QDBusArgument &argument, NameAnswer &answer);
QDBusArgument &operator<<(QDBusArgument &argument, const BalanceLine &line);
const QDBusArgument &operator>>(const QDBusArgument &argument, BalanceLine &line);
QDBusArgument &operator<<(QDBusArgument &argument, const TunnelCarrier &carrier);
const QDBusArgument &operator>>(const QDBusArgument &argument, TunnelCarrier &carrier);
QDBusArgument &operator<<(QDBusArgument &argument, const InterfaceBalance &balance);
const QDBusArgument &operator>>(const QDBusArgument &argument, InterfaceBalance &balance);
QDBusArgument &operator<<(QDBusArgument &argument, const Probe &probe);
const QDBusArgument &operator>>(const QDBusArgument &argument, Probe &probe);
QDBusArgument &operator<<(QDBusArgument &argument, const Interface &interface);
const QDBusArgument &operator>>(const QDBusArgument &argument, Interface &interface);
QDBusArgument &operator<<(QDBusArgument &argument, const JournalProgram &program);
const QDBusArgument &operator>>(const QDBusArgument &argument, JournalProgram &program);
QDBusArgument &operator<<(QDBusArgument &argument, const JournalFlow &flow);
const QDBusArgument &operator>>(const QDBusArgument &argument, JournalFlow &flow);
QDBusArgument &operator<<(QDBusArgument &argument, const JournalGap &gap);
const QDBusArgument &operator>>(const QDBusArgument &argument, JournalGap &gap);
QDBusArgument &operator<<(QDBusArgument &argument, const JournalInterface &interface);
const QDBusArgument &operator>>(const QDBusArgument &argument, JournalInterface &interface);

} // namespace Nettally::Wire

Q_DECLARE_METATYPE(Nettally::Wire::Program)
Q_DECLARE_METATYPE(Nettally::Wire::Remote)
Q_DECLARE_METATYPE(Nettally::Wire::Row)
Q_DECLARE_METATYPE(Nettally::Wire::Connection)
Q_DECLARE_METATYPE(Nettally::Wire::NameAnswer)
Q_DECLARE_METATYPE(Nettally::Wire::BalanceLine)
Q_DECLARE_METATYPE(Nettally::Wire::TunnelCarrier)
Q_DECLARE_METATYPE(Nettally::Wire::InterfaceBalance)
Q_DECLARE_METATYPE(Nettally::Wire::Probe)
Q_DECLARE_METATYPE(Nettally::Wire::Interface)
Q_DECLARE_METATYPE(Nettally::Wire::JournalProgram)
Q_DECLARE_METATYPE(Nettally::Wire::JournalFlow)
Q_DECLARE_METATYPE(Nettally::Wire::JournalGap)
Q_DECLARE_METATYPE(Nettally::Wire::JournalInterface)
