// SPDX-License-Identifier: MIT
#include "historytransfer.h"

#include "historystore.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QUuid>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qsizetype chunkRecords = 10000;
constexpr qint64 maxLineBytes = 65536; ///< of our own lines; a file without line ends must not fill memory

const QString schema = QStringLiteral("nettally.history-export/1");
const QStringList levelNames = {QStringLiteral("minute"), QStringLiteral("hour"), QStringLiteral("day"),
                                QStringLiteral("month")};
const QStringList kindNames = {QStringLiteral("program"), QStringLiteral("kernelThread"),
                               QStringLiteral("others"), QStringLiteral("overflow")};
const QStringList directionNames = {QStringLiteral("unknown"), QStringLiteral("outgoing"),
                                    QStringLiteral("incoming")};
const QStringList reasonNames = {QStringLiteral("helperOff"), QStringLiteral("suspended"),
                                 QStringLiteral("clockStep")};
const QStringList fields = {QStringLiteral("resolution"),
                            QStringLiteral("startUtcS"),
                            QStringLiteral("name"),
                            QStringLiteral("exe"),
                            QStringLiteral("uid"),
                            QStringLiteral("cgroup"),
                            QStringLiteral("kind"),
                            QStringLiteral("remote"),
                            QStringLiteral("manyRemotes"),
                            QStringLiteral("protocol"),
                            QStringLiteral("servicePort"),
                            QStringLiteral("direction"),
                            QStringLiteral("interface"),
                            QStringLiteral("rxPayloadBytes"),
                            QStringLiteral("txPayloadBytes"),
                            QStringLiteral("rxNetworkBytes"),
                            QStringLiteral("txNetworkBytes"),
                            QStringLiteral("rxPackets"),
                            QStringLiteral("txPackets"),
                            QStringLiteral("retransmittedSegments")};

QByteArray jsonLine(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

QByteArray csvLine(const QVariantList &values)
{
    QStringList cells;
    for (const QVariant &value : values) {
        QString cell = value.toString();
        if (value.typeId() == QMetaType::QString) {
            // A spreadsheet would run what begins like this, and programs choose their names.
            if (!cell.isEmpty() && QStringLiteral("=+-@\t\r").contains(cell.front())) {
                cell.prepend(u'\'');
            }
            cell.replace(u'"', QStringLiteral("\"\""));
            cell = u'"' + cell + u'"';
        }
        cells.append(cell);
    }
    return cells.join(u',').toUtf8() + '\n';
}

/// Reads fields of one object and remembers whether one was missing or out of range.
class Fields {
public:
    explicit Fields(const QJsonObject &object)
        : m_object(object)
    {
    }

    bool areValid() const { return m_areValid; }
    bool isNull(const QString &name) const { return m_object.value(name).isNull(); }

    QString text(const QString &name)
    {
        m_areValid = m_areValid && m_object.value(name).isString();
        return m_object.value(name).toString();
    }
    qint64 number(const QString &name, qint64 least, qint64 most)
    {
        const QJsonValue value = m_object.value(name);
        const qint64 number = value.toInteger(std::numeric_limits<qint64>::min());
        m_areValid = m_areValid && value.isDouble() && number >= least && number <= most;
        return number;
    }
    quint64 count(const QString &name)
    {
        return quint64(number(name, 0, qint64(HistoryDatabase::maxRowBytes)));
    }
    qint64 time(const QString &name)
    {
        constexpr qint64 most = 253402300800; // the year 10000
        return number(name, -most, most);
    }
    int choice(const QString &name, const QStringList &choices)
    {
        const qsizetype index = choices.indexOf(text(name));
        m_areValid = m_areValid && index >= 0;
        return int(std::max<qsizetype>(index, 0));
    }

private:
    const QJsonObject &m_object;
    bool m_areValid = true;
};

bool readFlow(const QJsonObject &object, StoredFlow &flow, Level &level)
{
    Fields in(object);
    level = Level(in.choice(fields.at(0), levelNames));
    flow.minute.minuteUtcS = in.time(fields.at(1));
    FlowIdentity &identity = flow.minute.flow;
    identity.program.name = in.text(fields.at(2));
    identity.program.executable = in.text(fields.at(3));
    identity.program.uid = quint32(in.number(fields.at(4), 0, std::numeric_limits<quint32>::max()));
    identity.program.cgroupPath = in.text(fields.at(5));
    identity.program.kind = ProgramKind(in.choice(fields.at(6), kindNames));
    const QString remote = in.text(fields.at(7));
    identity.remote = Address::fromString(remote);
    flow.isManyRemotes = object.value(fields.at(8)).toBool();
    identity.protocol = quint8(in.number(fields.at(9), 0, 255));
    identity.servicePort = quint16(in.number(fields.at(10), 0, 65535));
    identity.direction = Direction(in.choice(fields.at(11), directionNames));
    identity.interfaceName = in.text(fields.at(12));
    TrafficSums &sums = flow.minute.sums;
    sums.rxPayloadBytes = in.count(fields.at(13));
    sums.txPayloadBytes = in.count(fields.at(14));
    if (!in.isNull(fields.at(15))) {
        sums.network = NetworkUsage{in.count(fields.at(15)), in.count(fields.at(16)), in.count(fields.at(17)),
                                    in.count(fields.at(18)), in.count(fields.at(19))};
    }
    return in.areValid() && (remote.isEmpty() || identity.remote.isKnown());
}

bool readSpan(const QJsonObject &object, NotMeasured &span)
{
    Fields in(object);
    span.beginUtcS = in.time(QStringLiteral("beginUtcS"));
    span.endUtcS = in.time(QStringLiteral("endUtcS"));
    span.reason = NotMeasuredReason(in.choice(QStringLiteral("reason"), reasonNames));
    return in.areValid();
}

bool readInterface(const QJsonObject &object, InterfaceMinute &minute)
{
    constexpr qint64 most = qint64(HistoryDatabase::maxRowBytes);
    Fields in(object);
    minute.minuteUtcS = in.time(QStringLiteral("startUtcS"));
    minute.interfaceName = in.text(QStringLiteral("interface"));
    minute.rxCounterBytes = in.count(QStringLiteral("rxCounterBytes"));
    minute.txCounterBytes = in.count(QStringLiteral("txCounterBytes"));
    minute.rxRemainderBytes = in.number(QStringLiteral("rxRemainderBytes"), -most, most);
    minute.txRemainderBytes = in.number(QStringLiteral("txRemainderBytes"), -most, most);
    return in.areValid();
}

} // namespace

DatabaseResult HistoryTransfer::exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS,
                                           const ExportSink &wholeSink)
{
    // In larger pieces: a write a line would cost more than the reading.
    QByteArray waiting;
    const ExportSink sink = [&](const QByteArray &line) {
        waiting += line;
        return waiting.size() < maxLineBytes || wholeSink(std::exchange(waiting, {}));
    };
    QList<HistoryHost> hosts;
    DatabaseResult result = m_database.readHosts(hosts);
    if (!result || hosts.isEmpty()) {
        return result;
    }
    const HistoryHost &host = hosts.constFirst();
    const bool isJson = format == ExportFormat::Json;
    bool isOpen = true;
    if (isJson) {
        isOpen =
            sink(jsonLine({{QStringLiteral("schema"), schema},
                           {QStringLiteral("exportId"), QUuid::createUuid().toString(QUuid::WithoutBraces)},
                           {QStringLiteral("host"), host.name},
                           {QStringLiteral("minuteFloorUtcS"), host.minuteFloorUtcS},
                           {QStringLiteral("hourFloorUtcS"), host.hourFloorUtcS}}));
    } else {
        isOpen = sink(fields.join(u',').toUtf8() + '\n');
    }
    quint64 lines = 0;
    const std::array<std::array<qint64, 2>, 3> spans = {{{host.minuteFloorUtcS, toUtcS},
                                                         {host.hourFloorUtcS, host.minuteFloorUtcS},
                                                         {ZoneChange::always, host.hourFloorUtcS}}};
    for (const Level level : {Level::Day, Level::Hour, Level::Minute}) {
        const auto &[begin, end] = spans[size_t(level)];
        if (result && isOpen) {
            result = exportLevel(format, host, level, std::max(begin, fromUtcS), std::min(end, toUtcS), sink,
                                 lines, isOpen);
        }
    }
    QSqlQuery *rows = nullptr;
    if (result && isJson && isOpen) {
        result = m_database.run(
            QStringLiteral("SELECT u.start_utc_s, i.name, u.rx_counter_bytes, u.tx_counter_bytes, "
                           "u.rx_remainder_bytes, u.tx_remainder_bytes FROM interface_minute u "
                           "JOIN interface i ON i.interface_id = u.interface_id "
                           "WHERE u.start_utc_s >= ? AND u.start_utc_s < ?%1")
                .arg(m_database.hostCondition(host.id)),
            {fromUtcS, toUtcS}, rows);
        while (result && isOpen && rows->next()) {
            ++lines;
            isOpen = sink(
                jsonLine({{QStringLiteral("interfaceMinute"),
                           QJsonObject{{QStringLiteral("startUtcS"), rows->value(0).toLongLong()},
                                       {QStringLiteral("interface"), rows->value(1).toString()},
                                       {QStringLiteral("rxCounterBytes"), rows->value(2).toLongLong()},
                                       {QStringLiteral("txCounterBytes"), rows->value(3).toLongLong()},
                                       {QStringLiteral("rxRemainderBytes"), rows->value(4).toLongLong()},
                                       {QStringLiteral("txRemainderBytes"), rows->value(5).toLongLong()}}}}));
        }
        result = result ? m_database.resultOf(*rows) : result;
    }
    if (result && isJson && isOpen) {
        result =
            m_database.run(QStringLiteral("SELECT u.begin_utc_s, u.end_utc_s, u.reason FROM not_measured u "
                                          "WHERE u.begin_utc_s >= ? AND u.begin_utc_s < ?%1")
                               .arg(m_database.hostCondition(host.id)),
                           {fromUtcS, toUtcS}, rows);
        while (result && isOpen && rows->next()) {
            ++lines;
            isOpen = sink(jsonLine(
                {{QStringLiteral("notMeasured"),
                  QJsonObject{{QStringLiteral("beginUtcS"), rows->value(0).toLongLong()},
                              {QStringLiteral("endUtcS"), rows->value(1).toLongLong()},
                              {QStringLiteral("reason"), reasonNames.value(rows->value(2).toInt())}}}}));
        }
        result = result ? m_database.resultOf(*rows) : result;
    }
    if (result && isJson && isOpen) {
        isOpen = sink(jsonLine({{QStringLiteral("lines"), qint64(lines)}}));
    }
    if (result && isOpen && !waiting.isEmpty()) {
        wholeSink(waiting);
    }
    return result;
}

DatabaseResult HistoryTransfer::exportLevel(ExportFormat format, const HistoryHost &host, Level level,
                                            qint64 fromUtcS, qint64 toUtcS, const ExportSink &sink,
                                            quint64 &lines, bool &isOpen)
{
    QSqlQuery *rows = nullptr;
    const DatabaseResult result = m_database.run(
        QStringLiteral("SELECT u.start_utc_s, p.name, p.executable, p.uid, p.cgroup_path, p.kind, r.address, "
                       "c.protocol, c.service_port, c.direction, i.name, u.rx_payload_bytes, "
                       "u.tx_payload_bytes, u.rx_network_bytes, u.tx_network_bytes, u.rx_packets, "
                       "u.tx_packets, u.retransmitted_segments FROM program p %1 %2 u "
                       "ON u.program_id = p.program_id JOIN remote r ON r.remote_id = u.remote_id "
                       "JOIN channel c ON c.channel_id = u.channel_id "
                       "JOIN interface i ON i.interface_id = c.interface_id "
                       "WHERE u.start_utc_s >= ? AND u.start_utc_s < ?%3")
            .arg(m_database.orderedJoin(), HistoryDatabase::tableOf(level),
                 m_database.hostCondition(host.id)),
        {fromUtcS, toUtcS}, rows);
    while (result && isOpen && rows->next()) {
        ++lines;
        const QByteArray address = rows->value(6).toByteArray();
        const QVariantList values = {levelNames.at(int(level)),
                                     rows->value(0).toLongLong(),
                                     rows->value(1).toString(),
                                     rows->value(2).toString(),
                                     rows->value(3).toLongLong(),
                                     rows->value(4).toString(),
                                     kindNames.value(rows->value(5).toInt()),
                                     Address::fromBytes(address).toString(),
                                     address.size() == 1,
                                     rows->value(7).toInt(),
                                     rows->value(8).toInt(),
                                     directionNames.value(rows->value(9).toInt()),
                                     rows->value(10).toString(),
                                     rows->value(11).toLongLong(),
                                     rows->value(12).toLongLong(),
                                     rows->isNull(13) ? QVariant() : rows->value(13).toLongLong(),
                                     rows->isNull(14) ? QVariant() : rows->value(14).toLongLong(),
                                     rows->isNull(15) ? QVariant() : rows->value(15).toLongLong(),
                                     rows->isNull(16) ? QVariant() : rows->value(16).toLongLong(),
                                     rows->isNull(17) ? QVariant() : rows->value(17).toLongLong()};
        if (format == ExportFormat::Csv) {
            isOpen = sink(csvLine(values));
            continue;
        }
        QJsonObject object;
        for (qsizetype field = 0; field < fields.size(); ++field) {
            const QVariant &value = values.at(field);
            // QVariant would make a double of a number.
            object.insert(fields.at(field),
                          value.typeId() == QMetaType::LongLong ? QJsonValue(value.toLongLong())
                                                                : QJsonValue::fromVariant(value));
        }
        isOpen = sink(jsonLine(object));
    }
    return result ? m_database.resultOf(*rows) : result;
}

DatabaseResult HistoryTransfer::import(QIODevice &file, HistoryImport &imported)
{
    DatabaseResult result = m_database.begin();
    if (result) {
        result = importLines(file, imported);
    }
    if (result && !imported.problem.isEmpty()) {
        imported.records = 0;
        m_database.finish({DatabaseError::Other, imported.problem}); // rolls back
        return {};
    }
    return m_database.finish(result);
}

DatabaseResult HistoryTransfer::importLines(QIODevice &file, HistoryImport &imported)
{
    const auto lineOf = [&file] { return QJsonDocument::fromJson(file.readLine(maxLineBytes)).object(); };
    const QJsonObject header = lineOf();
    const QUuid id = QUuid::fromString(header.value(QStringLiteral("exportId")).toString());
    if (header.value(QStringLiteral("schema")).toString() != schema || id.isNull()) {
        imported.problem = HistoryStore::tr("this is no export of a history: make one with "
                                            "\"nettallyctl history export\"");
        return {};
    }
    const HistoryCursor mark{id.toRfc4122(), 1};
    DatabaseResult result = m_database.isImported(mark.journalId, imported.isKnown);
    if (!result || imported.isKnown) {
        return result;
    }
    result =
        m_database.raiseFloors(header.value(QStringLiteral("minuteFloorUtcS")).toInteger(ZoneChange::always),
                               header.value(QStringLiteral("hourFloorUtcS")).toInteger(ZoneChange::always));
    std::array<QList<StoredFlow>, allLevels.size()> flows;
    QList<HistoryRecord> records;
    const auto write = [&](qsizetype least) {
        for (const Level level : allLevels) {
            QList<StoredFlow> &waiting = flows[size_t(level)];
            if (result && waiting.size() >= least) {
                result = m_database.addFlows(level, std::exchange(waiting, {}));
            }
        }
        if (result && records.size() >= least) {
            result = m_database.addRecords(std::exchange(records, {}));
        }
    };
    bool isWhole = false;
    while (result && !isWhole && !file.atEnd()) {
        const QJsonObject object = lineOf();
        bool isValid = false;
        if (object.contains(QStringLiteral("lines"))) {
            isValid = isWhole =
                object.value(QStringLiteral("lines")).toInteger(-1) == qint64(imported.records);
        } else if (object.contains(QStringLiteral("notMeasured"))) {
            NotMeasured span;
            isValid = readSpan(object.value(QStringLiteral("notMeasured")).toObject(), span);
            records.append(span);
            ++imported.records;
        } else if (object.contains(QStringLiteral("interfaceMinute"))) {
            InterfaceMinute minute;
            isValid = readInterface(object.value(QStringLiteral("interfaceMinute")).toObject(), minute);
            records.append(minute);
            ++imported.records;
        } else {
            StoredFlow flow;
            Level level = Level::Minute;
            isValid = readFlow(object, flow, level);
            flows[size_t(level)].append(flow);
            ++imported.records;
        }
        if (!isValid) {
            imported.problem =
                HistoryStore::tr("line %1 is not understood: the file was changed or cut short")
                    .arg(imported.records + 1);
            return {};
        }
        write(chunkRecords);
    }
    if (result && !isWhole) {
        imported.problem = HistoryStore::tr("the file is cut short: export once more");
        return {};
    }
    write(1);
    return result ? m_database.markImported(mark.journalId) : result;
}

} // namespace Nettally
