// SPDX-License-Identifier: MIT
#include "wiretypes.h"

#include <QDBusMetaType>

namespace Nettally::Wire {

void registerTypes()
{
    qDBusRegisterMetaType<Program>();
    qDBusRegisterMetaType<QList<Program>>();
    qDBusRegisterMetaType<Remote>();
    qDBusRegisterMetaType<QList<Remote>>();
    qDBusRegisterMetaType<Row>();
    qDBusRegisterMetaType<QList<Row>>();
    qDBusRegisterMetaType<Connection>();
    qDBusRegisterMetaType<QList<Connection>>();
    qDBusRegisterMetaType<NameAnswer>();
    qDBusRegisterMetaType<QList<NameAnswer>>();
    qDBusRegisterMetaType<BalanceLine>();
    qDBusRegisterMetaType<QList<BalanceLine>>();
    qDBusRegisterMetaType<TunnelCarrier>();
    qDBusRegisterMetaType<QList<TunnelCarrier>>();
    qDBusRegisterMetaType<InterfaceBalance>();
    qDBusRegisterMetaType<QList<InterfaceBalance>>();
    qDBusRegisterMetaType<Probe>();
    qDBusRegisterMetaType<QList<Probe>>();
    qDBusRegisterMetaType<Interface>();
    qDBusRegisterMetaType<QList<Interface>>();
    qDBusRegisterMetaType<JournalProgram>();
    qDBusRegisterMetaType<QList<JournalProgram>>();
    qDBusRegisterMetaType<JournalFlow>();
    qDBusRegisterMetaType<QList<JournalFlow>>();
    qDBusRegisterMetaType<JournalGap>();
    qDBusRegisterMetaType<QList<JournalGap>>();
    qDBusRegisterMetaType<JournalInterface>();
    qDBusRegisterMetaType<QList<JournalInterface>>();
    qDBusRegisterMetaType<StringMap>();
    qDBusRegisterMetaType<CountMap>();
    qDBusRegisterMetaType<QList<uint>>();
    // QtDBus finds the types of a slot's arguments by the name they are declared with.
    qRegisterMetaType<StringMap>("Nettally::Wire::StringMap");
    qRegisterMetaType<CountMap>("Nettally::Wire::CountMap");
}

QDBusArgument &operator<<(QDBusArgument &argument, const Program &program)
{
    argument.beginStructure();
    argument << program.id << program.pid << program.startNs << program.name << program.executable
             << program.uid << program.cgroupId << program.pidNs << program.netNs << program.kind;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Program &program)
{
    argument.beginStructure();
    argument >> program.id >> program.pid >> program.startNs >> program.name >> program.executable
        >> program.uid >> program.cgroupId >> program.pidNs >> program.netNs >> program.kind;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const Remote &remote)
{
    argument.beginStructure();
    argument << remote.id << remote.address;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Remote &remote)
{
    argument.beginStructure();
    argument >> remote.id >> remote.address;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const Row &row)
{
    argument.beginStructure();
    argument << row.row << row.program << row.remote << row.servicePort << row.protocol << row.direction
             << row.ifindex << row.rxPayloadBytes << row.txPayloadBytes << row.openSockets << row.rxIpBytes
             << row.txIpBytes << row.rxSegmentHeaderBytes << row.txSegmentHeaderBytes << row.rxPackets
             << row.txPackets << row.retransmits << row.tunnelPart;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Row &row)
{
    argument.beginStructure();
    argument >> row.row >> row.program >> row.remote >> row.servicePort >> row.protocol >> row.direction
        >> row.ifindex >> row.rxPayloadBytes >> row.txPayloadBytes >> row.openSockets >> row.rxIpBytes
        >> row.txIpBytes >> row.rxSegmentHeaderBytes >> row.txSegmentHeaderBytes >> row.rxPackets
        >> row.txPackets >> row.retransmits >> row.tunnelPart;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const Connection &connection)
{
    argument.beginStructure();
    argument << connection.cookie << connection.program << connection.state << connection.direction
             << connection.servicePort << connection.local << connection.localPort << connection.remote
             << connection.remotePort << connection.openedNs << connection.isMeasured
             << connection.roundTripUs << connection.roundTripVariationUs << connection.leastRoundTripUs
             << connection.congestionWindow << connection.retransmits << connection.retransmittedBytes
             << connection.rxBytes << connection.txBytes;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Connection &connection)
{
    argument.beginStructure();
    argument >> connection.cookie >> connection.program >> connection.state >> connection.direction
        >> connection.servicePort >> connection.local >> connection.localPort >> connection.remote
        >> connection.remotePort >> connection.openedNs >> connection.isMeasured >> connection.roundTripUs
        >> connection.roundTripVariationUs >> connection.leastRoundTripUs >> connection.congestionWindow
        >> connection.retransmits >> connection.retransmittedBytes >> connection.rxBytes
        >> connection.txBytes;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const NameAnswer &answer)
{
    argument.beginStructure();
    argument << answer.program << answer.connection << answer.timeNs << answer.protocol << answer.position
             << answer.flags << answer.data;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, NameAnswer &answer)
{
    argument.beginStructure();
    argument >> answer.program >> answer.connection >> answer.timeNs >> answer.protocol >> answer.position
        >> answer.flags >> answer.data;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const BalanceLine &line)
{
    argument.beginStructure();
    argument << line.name << line.rxBytes << line.txBytes;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, BalanceLine &line)
{
    argument.beginStructure();
    argument >> line.name >> line.rxBytes >> line.txBytes;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const TunnelCarrier &carrier)
{
    argument.beginStructure();
    argument << carrier.pid << carrier.name;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, TunnelCarrier &carrier)
{
    argument.beginStructure();
    argument >> carrier.pid >> carrier.name;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const InterfaceBalance &balance)
{
    argument.beginStructure();
    argument << balance.index << balance.name << balance.kind << balance.isTunnel << balance.lowerIndex
             << balance.carriers << balance.sinceNs << balance.rxBytes << balance.txBytes << balance.rxPackets
             << balance.txPackets << balance.lines;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, InterfaceBalance &balance)
{
    argument.beginStructure();
    argument >> balance.index >> balance.name >> balance.kind >> balance.isTunnel >> balance.lowerIndex
        >> balance.carriers >> balance.sinceNs >> balance.rxBytes >> balance.txBytes >> balance.rxPackets
        >> balance.txPackets >> balance.lines;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const Probe &probe)
{
    argument.beginStructure();
    argument << probe.purpose << probe.mechanism << probe.active << probe.note;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Probe &probe)
{
    argument.beginStructure();
    argument >> probe.purpose >> probe.mechanism >> probe.active >> probe.note;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const Interface &interface)
{
    argument.beginStructure();
    argument << interface.index << interface.name << interface.rxBytes << interface.txBytes
             << interface.rxPackets << interface.txPackets << interface.isLoopback << interface.isUp;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, Interface &interface)
{
    argument.beginStructure();
    argument >> interface.index >> interface.name >> interface.rxBytes >> interface.txBytes
        >> interface.rxPackets >> interface.txPackets >> interface.isLoopback >> interface.isUp;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const JournalProgram &program)
{
    argument.beginStructure();
    argument << program.name << program.executable << program.uid << program.cgroupPath << program.kind;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, JournalProgram &program)
{
    argument.beginStructure();
    argument >> program.name >> program.executable >> program.uid >> program.cgroupPath >> program.kind;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const JournalFlow &flow)
{
    argument.beginStructure();
    argument << flow.minuteUtcS << flow.program << flow.remote << flow.protocol << flow.servicePort
             << flow.direction << flow.interfaceName << flow.rxPayloadBytes << flow.txPayloadBytes
             << flow.hasNetwork << flow.rxNetworkBytes << flow.txNetworkBytes << flow.rxPackets
             << flow.txPackets << flow.retransmits;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, JournalFlow &flow)
{
    argument.beginStructure();
    argument >> flow.minuteUtcS >> flow.program >> flow.remote >> flow.protocol >> flow.servicePort
        >> flow.direction >> flow.interfaceName >> flow.rxPayloadBytes >> flow.txPayloadBytes
        >> flow.hasNetwork >> flow.rxNetworkBytes >> flow.txNetworkBytes >> flow.rxPackets >> flow.txPackets
        >> flow.retransmits;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const JournalGap &gap)
{
    argument.beginStructure();
    argument << gap.beginUtcS << gap.endUtcS << gap.reason;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, JournalGap &gap)
{
    argument.beginStructure();
    argument >> gap.beginUtcS >> gap.endUtcS >> gap.reason;
    argument.endStructure();
    return argument;
}

QDBusArgument &operator<<(QDBusArgument &argument, const JournalInterface &interface)
{
    argument.beginStructure();
    argument << interface.minuteUtcS << interface.interfaceName << interface.rxCounterBytes
             << interface.txCounterBytes << interface.rxRemainderBytes << interface.txRemainderBytes;
    argument.endStructure();
    return argument;
}

const QDBusArgument &operator>>(const QDBusArgument &argument, JournalInterface &interface)
{
    argument.beginStructure();
    argument >> interface.minuteUtcS >> interface.interfaceName >> interface.rxCounterBytes
        >> interface.txCounterBytes >> interface.rxRemainderBytes >> interface.txRemainderBytes;
    argument.endStructure();
    return argument;
}

} // namespace Nettally::Wire
