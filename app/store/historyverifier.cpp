// SPDX-License-Identifier: MIT
#include "historyverifier.h"

#include "historyreader.h"
#include "historystore.h"

#include <QDateTime>

#include <algorithm>

namespace Nettally {

namespace {

constexpr qsizetype maxFaults = 50;

void addFault(HistoryVerdict &verdict, const QString &sentence)
{
    ++verdict.faultCount;
    if (verdict.faults.size() < maxFaults) {
        verdict.faults.append(sentence);
    }
}

QString timeText(qint64 utcS)
{
    return QDateTime::fromSecsSinceEpoch(utcS).toUTC().toString(Qt::ISODate);
}

} // namespace

DatabaseResult HistoryVerifier::verify(HistoryVerdict &verdict)
{
    QString damage;
    DatabaseResult result = m_database.checkIntegrity(damage);
    if (result && !damage.isEmpty()) {
        addFault(verdict, HistoryStore::tr("The database is damaged: %1.").arg(damage));
    }
    QList<HistoryHost> hosts;
    if (result) {
        result = m_database.readHosts(hosts);
    }
    for (const HistoryHost &host : std::as_const(hosts)) {
        const auto sumTable = host.hasTotals ? &HistoryDatabase::totalsOf : &HistoryDatabase::tableOf;
        if (result) {
            // Hours are not folded before their minutes are gone.
            result = compare(host, {Level::Minute, &HistoryDatabase::tableOf},
                             {Level::Hour, &HistoryDatabase::tableOf}, true, verdict);
        }
        for (const Level level : allLevels) {
            const Rows sums = {level, sumTable};
            if (result && host.hasTotals) {
                result = compare(host, {level, &HistoryDatabase::tableOf}, sums, false, verdict);
            }
            if (result && level != Level::Month) {
                result = compare(host, sums, {Level(int(level) + 1), sumTable}, false, verdict);
            }
        }
        if (result) {
            result = balanceBooks(host, verdict);
        }
    }
    return result;
}

/// Of each program, the sums of the parts' rows by the buckets of the wholes' level, with the rows of these;
/// by remote and channel, or without remote and port.
DatabaseResult HistoryVerifier::compare(const HistoryHost &host, const Rows &parts, const Rows &wholes,
                                        bool hasRemotes, HistoryVerdict &verdict)
{
    const QString partTable = parts.tableOf(parts.level);
    const QString wholeTable = wholes.tableOf(wholes.level);
    qint64 fromUtcS = std::max(host.floorUtcS(parts.level), host.salvagedUtcS);
    if (fromUtcS != ZoneChange::always && host.calendar.start(wholes.level, fromUtcS) != fromUtcS) {
        fromUtcS = host.calendar.nextStart(wholes.level, fromUtcS);
    }
    qint64 endUtcS = std::numeric_limits<qint64>::max();
    for (const Rows &rows : {parts, wholes}) {
        if (rows.level == Level::Month && rows.tableOf == &HistoryDatabase::tableOf) {
            endUtcS = host.monthCeilingUtcS;
        }
    }
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        m_database.run(QStringLiteral("SELECT program_id, name FROM program ORDER BY program_id"), {}, query);
    QList<std::pair<qint64, QString>> programs;
    while (result && query->next()) {
        programs.append({query->value(0).toLongLong(), query->value(1).toString()});
    }
    for (const auto &[programId, name] : std::as_const(programs)) {
        QHash<FactKey, TrafficSums> sumsOfParts;
        for (const bool isWhole : {false, true}) {
            if (result) {
                result = m_database.run(
                    QStringLiteral(
                        "SELECT u.start_utc_s, %1, %2 FROM %3 u JOIN channel c "
                        "ON c.channel_id = u.channel_id WHERE u.program_id = ? "
                        "AND u.start_utc_s >= ? AND u.start_utc_s < ?%4 GROUP BY u.start_utc_s, %1")
                        .arg(hasRemotes ? QStringLiteral("u.remote_id, u.channel_id")
                                        : QStringLiteral("c.protocol * 4 + c.direction, c.interface_id"),
                             HistoryReader::figures(), isWhole ? wholeTable : partTable,
                             m_database.hostCondition(host.id)),
                    {programId, fromUtcS, endUtcS}, query);
            }
            if (!result) {
                return result;
            }
            while (query->next()) {
                FactKey key{programId, query->value(0).toLongLong(), query->value(1).toLongLong(),
                            query->value(2).toLongLong()};
                key.startUtcS = host.calendar.start(wholes.level, key.startUtcS);
                TrafficSums sums = HistoryReader::sumsOf(*query, 3);
                if (!isWhole) {
                    const auto known = sumsOfParts.find(key);
                    if (known == sumsOfParts.end()) {
                        sumsOfParts.insert(key, sums);
                    } else {
                        *known += sums;
                    }
                    continue;
                }
                ++verdict.comparedBuckets;
                const auto part = sumsOfParts.constFind(key);
                if (part == sumsOfParts.cend() || *part != sums) {
                    addFault(verdict,
                             HistoryStore::tr("What %1 moved from %2 on is not the sum of its parts: %3 "
                                              "received and %4 sent bytes in %5, %6 and %7 in %8.")
                                 .arg(name.isEmpty() ? HistoryStore::tr("an unnamed program") : name,
                                      timeText(key.startUtcS))
                                 .arg(sums.rxPayloadBytes)
                                 .arg(sums.txPayloadBytes)
                                 .arg(wholeTable)
                                 .arg(part == sumsOfParts.cend() ? 0 : part->rxPayloadBytes)
                                 .arg(part == sumsOfParts.cend() ? 0 : part->txPayloadBytes)
                                 .arg(partTable));
                }
                sumsOfParts.remove(key);
            }
            result = m_database.resultOf(*query);
        }
        for (auto part = sumsOfParts.cbegin(); part != sumsOfParts.cend(); ++part) {
            addFault(verdict,
                     HistoryStore::tr("What %1 moved from %2 on is missing in %3.")
                         .arg(name.isEmpty() ? HistoryStore::tr("an unnamed program") : name,
                              timeText(part.key().startUtcS), wholeTable));
        }
    }
    return result;
}

/// Of each minute of an interface: sum over its flows + remainder = counter.
DatabaseResult HistoryVerifier::balanceBooks(const HistoryHost &host, HistoryVerdict &verdict)
{
    const QString condition = m_database.hostCondition(host.id);
    QHash<std::pair<qint64, qint64>, TrafficSums> flows;
    QSqlQuery *query = nullptr;
    DatabaseResult result =
        m_database.run(QStringLiteral("SELECT c.interface_id, u.start_utc_s, %1 FROM usage_minute u "
                                      "JOIN channel c ON c.channel_id = u.channel_id WHERE true%2 "
                                      "GROUP BY c.interface_id, u.start_utc_s")
                           .arg(HistoryReader::figures(), condition),
                       {}, query);
    while (result && query->next()) {
        flows.insert({query->value(0).toLongLong(), query->value(1).toLongLong()},
                     HistoryReader::sumsOf(*query, 2));
    }
    if (result) {
        result = m_database.run(
            QStringLiteral("SELECT u.interface_id, u.start_utc_s, i.name, u.rx_counter_bytes, "
                           "u.tx_counter_bytes, u.rx_remainder_bytes, u.tx_remainder_bytes "
                           "FROM interface_minute u JOIN interface i ON i.interface_id = u.interface_id "
                           "WHERE true%1 ORDER BY 1, 2")
                .arg(condition),
            {}, query);
    }
    while (result && query->next()) {
        const qint64 startUtcS = query->value(1).toLongLong();
        const TrafficSums sums = flows.value({query->value(0).toLongLong(), startUtcS}, TrafficSums::zero());
        if (startUtcS < host.salvagedUtcS) {
            continue;
        }
        if (!sums.network) {
            ++verdict.unknownMinutes;
        } else if (qint64(sums.network->rxBytes) + query->value(5).toLongLong()
                       == query->value(3).toLongLong()
                   && qint64(sums.network->txBytes) + query->value(6).toLongLong()
                       == query->value(4).toLongLong()) {
            ++verdict.balancedMinutes;
        } else {
            addFault(verdict,
                     HistoryStore::tr("The books of %1 do not balance at %2: its counters moved by %3 and %4 "
                                      "bytes, its flows and the remainder by %5 and %6.")
                         .arg(query->value(2).toString(), timeText(startUtcS))
                         .arg(query->value(3).toLongLong())
                         .arg(query->value(4).toLongLong())
                         .arg(qint64(sums.network->rxBytes) + query->value(5).toLongLong())
                         .arg(qint64(sums.network->txBytes) + query->value(6).toLongLong()));
        }
    }
    return result ? m_database.resultOf(*query) : result;
}

} // namespace Nettally
