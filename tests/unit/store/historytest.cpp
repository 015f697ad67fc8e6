// SPDX-License-Identifier: MIT
#include "historytest.h"

#include "historyverifier.h"

#include <QDateTime>

namespace Nettally::HistoryTest {

qint64 utc(const char *text)
{
    return QDateTime::fromString(QString::fromLatin1(text), Qt::ISODate).toSecsSinceEpoch();
}

FlowMinute flow(qint64 utcS, const QString &program, const QString &remote, quint64 rx, quint64 tx)
{
    FlowMinute result;
    result.minuteUtcS = utcS - ((utcS % 60) + 60) % 60;
    result.flow.program.name = program;
    result.flow.program.executable = QStringLiteral("/usr/bin/") + program;
    result.flow.remote = Address::fromString(remote);
    result.flow.protocol = 6;
    result.flow.servicePort = 443;
    result.flow.direction = Direction::Outgoing;
    result.flow.interfaceName = QStringLiteral("eth0");
    result.sums = {rx, tx, NetworkUsage{rx + 40, tx + 40, 1, 1, 0}};
    return result;
}

std::unique_ptr<HistoryDatabase> opened(const QString &path, const QByteArray &zone)
{
    std::unique_ptr<HistoryDatabase> database = HistoryDatabase::make(path);
    database->setTimeZone(QTimeZone(zone));
    const DatabaseResult result = database->openForRecording(true);
    if (!result) {
        qWarning("%s", qUtf8Printable(result.detail));
        return nullptr;
    }
    return database;
}

HistoryVerdict verdictOf(HistoryDatabase &database)
{
    HistoryVerdict verdict;
    const DatabaseResult result = HistoryVerifier(database).verify(verdict);
    if (!result) {
        verdict.faults.append(result.detail);
    }
    return verdict;
}

HistoryAnswer answerOf(HistoryDatabase &database, const HistoryQuery &query)
{
    HistoryAnswer answer;
    const DatabaseResult result = HistoryReader(database).answer(query, answer);
    answer.problem = result ? QString() : result.detail + u'?';
    return answer;
}

HistoryQuery spanOf(qint64 fromUtcS, qint64 toUtcS)
{
    HistoryQuery query;
    query.fromUtcS = fromUtcS;
    query.toUtcS = toUtcS;
    return query;
}

QString sumOf(HistoryDatabase &database, const QString &table)
{
    QSqlQuery *query = nullptr;
    const DatabaseResult result = database.run(
        QStringLiteral("SELECT count(*), sum(rx_payload_bytes), sum(tx_payload_bytes), sum(rx_network_bytes) "
                       "FROM ")
            + table,
        {}, query);
    if (!result || !query->next()) {
        return result.detail;
    }
    QStringList cells;
    for (int column = 0; column < 4; ++column) {
        cells.append(query->value(column).toString());
    }
    query->finish();
    return cells.join(u'|');
}

QString sumOf(HistoryDatabase &database, Level level)
{
    return sumOf(database,
                 level == Level::Month ? HistoryDatabase::totalsOf(level) : HistoryDatabase::tableOf(level));
}

HistoryBatch numberedBatch(quint64 number)
{
    HistoryBatch batch;
    for (quint64 i = 0; i < 50; ++i) {
        batch.records.append(flow(1750000000 + qint64(number) * 60, QStringLiteral("p%1").arg(i % 5),
                                  QStringLiteral("192.0.2.%1").arg((number + i) % 250), number, i));
    }
    batch.cursor = HistoryCursor{journal, number};
    return batch;
}

quint64 numberedSum(quint64 number)
{
    return 50 * number * (number + 1) / 2;
}

} // namespace Nettally::HistoryTest
