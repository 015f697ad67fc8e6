// SPDX-License-Identifier: MIT
#include "historytext.h"

#include "plaintext.h"
#include "units.h"

#include <QDateTime>
#include <QHash>
#include <QJsonArray>
#include <QJsonObject>

#include <array>

namespace Nettally {

namespace {

using HistoryBy = HistoryQuery::By;

const QStringList &historyFields()
{
    static const QStringList names = {QStringLiteral("rxPayloadBytes"),
                                      QStringLiteral("txPayloadBytes"),
                                      QStringLiteral("rxNetworkBytes"),
                                      QStringLiteral("txNetworkBytes"),
                                      QStringLiteral("rxPackets"),
                                      QStringLiteral("txPackets"),
                                      QStringLiteral("retransmittedSegments")};
    return names;
}

/// Null: not known.
QJsonObject historySums(const TrafficSums &sums)
{
    const NetworkUsage network = sums.network.value_or(NetworkUsage());
    const std::array counts = {sums.rxPayloadBytes,
                               sums.txPayloadBytes,
                               network.rxBytes,
                               network.txBytes,
                               network.rxPackets,
                               network.txPackets,
                               network.retransmittedSegments};
    QJsonObject object;
    for (qsizetype i = 0; i < historyFields().size(); ++i) {
        object.insert(historyFields().at(i),
                      i < 2 || sums.network ? toJsonValue(counts[size_t(i)]) : QJsonValue(QJsonValue::Null));
    }
    return object;
}

QString reasonName(NotMeasuredReason reason)
{
    switch (reason) {
    case NotMeasuredReason::HelperOff:
        return QStringLiteral("helperOff");
    case NotMeasuredReason::Suspended:
        return QStringLiteral("suspended");
    case NotMeasuredReason::ClockStep:
        break;
    }
    return QStringLiteral("clockStep");
}

} // namespace

QList<HistoryRow> historyRows(const HistoryQuery &query, const HistoryAnswer &answer)
{
    if (query.by != HistoryBy::Time) {
        return answer.rows;
    }
    QList<HistoryRow> rows;
    for (qsizetype i = 0; i < answer.pointStartsUtcS.size(); ++i) {
        HistoryRow row;
        row.sums = answer.total.points.at(i);
        row.firstUtcS = answer.pointStartsUtcS.at(i);
        row.lastUtcS = answer.pointStartsUtcS.value(i + 1, query.toUtcS);
        rows.append(row);
    }
    return rows;
}

QJsonObject historyJson(const HistoryQuery &query, const HistoryAnswer &answer)
{
    QJsonArray array;
    for (const HistoryRow &row : historyRows(query, answer)) {
        QJsonObject object = historySums(row.sums);
        switch (query.by) {
        case HistoryBy::Program:
            object.insert(QStringLiteral("name"), row.program.name);
            object.insert(QStringLiteral("exe"), row.program.executable);
            object.insert(QStringLiteral("uid"), toJsonValue(row.program.uid));
            object.insert(QStringLiteral("kind"), kindName(row.program.kind));
            object.insert(QStringLiteral("cgroup"), row.program.cgroupPath);
            break;
        case HistoryBy::Remote:
            object.insert(QStringLiteral("remote"), row.remote.toString());
            object.insert(QStringLiteral("manyRemotes"), row.isManyRemotes);
            break;
        case HistoryBy::Protocol:
            object.insert(QStringLiteral("protocol"), row.protocol);
            object.insert(QStringLiteral("protocolName"),
                          row.protocol == 0 ? QString() : protocolName(row.protocol));
            break;
        case HistoryBy::Interface:
        case HistoryBy::Host:
            object.insert(QStringLiteral("name"), row.name);
            break;
        case HistoryBy::Time:
            break;
        }
        if (query.by == HistoryBy::Time) {
            object.insert(QStringLiteral("fromUtcMs"), QJsonValue(row.firstUtcS * 1000));
            object.insert(QStringLiteral("toUtcMs"), QJsonValue(row.lastUtcS * 1000));
        } else {
            object.insert(QStringLiteral("firstUtcMs"), QJsonValue(row.firstUtcS * 1000));
            object.insert(QStringLiteral("lastUtcMs"), QJsonValue(row.lastUtcS * 1000));
        }
        array.append(object);
    }
    QJsonArray spans;
    for (const NotMeasured &span : answer.notMeasured) {
        spans.append(QJsonObject{{QStringLiteral("fromUtcMs"), QJsonValue(span.beginUtcS * 1000)},
                                 {QStringLiteral("toUtcMs"), QJsonValue(span.endUtcS * 1000)},
                                 {QStringLiteral("reason"), reasonName(span.reason)}});
    }
    static const QHash<HistoryBy, QString> names = {{HistoryBy::Program, QStringLiteral("programs")},
                                                    {HistoryBy::Remote, QStringLiteral("remotes")},
                                                    {HistoryBy::Protocol, QStringLiteral("protocols")},
                                                    {HistoryBy::Interface, QStringLiteral("interfaces")},
                                                    {HistoryBy::Host, QStringLiteral("hosts")},
                                                    {HistoryBy::Time, QStringLiteral("times")}};
    return {
        {QStringLiteral("schema"), QStringLiteral("nettally.history/1")},
        {QStringLiteral("fromUtcMs"), QJsonValue(query.fromUtcS * 1000)},
        {QStringLiteral("toUtcMs"), QJsonValue(query.toUtcS * 1000)},
        {names.value(query.by), array},
        {QStringLiteral("rest"),
         answer.rest ? QJsonValue(historySums(answer.rest->sums)) : QJsonValue(QJsonValue::Null)},
        {QStringLiteral("total"), historySums(answer.total.sums)},
        {QStringLiteral("notMeasured"), spans},
    };
}

QByteArray historyCsv(const HistoryQuery &query, const HistoryAnswer &answer)
{
    const auto quoted = [](const QString &text) {
        QString cell = printable(text);
        // A spreadsheet would run what begins like this, and programs choose their names.
        if (!cell.isEmpty() && QStringLiteral("=+-@").contains(cell.front())) {
            cell.prepend(u'\'');
        }
        return u'"' + cell.replace(u'"', QStringLiteral("\"\"")) + u'"';
    };
    QStringList titles;
    switch (query.by) {
    case HistoryBy::Program:
        titles = {QStringLiteral("name"), QStringLiteral("exe"), QStringLiteral("uid"),
                  QStringLiteral("kind")};
        break;
    case HistoryBy::Remote:
        titles = {QStringLiteral("remote"), QStringLiteral("manyRemotes")};
        break;
    case HistoryBy::Protocol:
        titles = {QStringLiteral("protocol"), QStringLiteral("protocolName")};
        break;
    case HistoryBy::Interface:
    case HistoryBy::Host:
        titles = {QStringLiteral("name")};
        break;
    case HistoryBy::Time:
        break;
    }
    titles += {QStringLiteral("fromUtc"), QStringLiteral("toUtc")};
    titles += historyFields();
    QString text = titles.join(u',') + u'\n';
    for (const HistoryRow &row : historyRows(query, answer)) {
        QStringList cells;
        switch (query.by) {
        case HistoryBy::Program:
            cells = {quoted(row.program.name), quoted(row.program.executable),
                     QString::number(row.program.uid), quoted(kindName(row.program.kind))};
            break;
        case HistoryBy::Remote:
            cells = {quoted(row.remote.toString()),
                     row.isManyRemotes ? QStringLiteral("true") : QStringLiteral("false")};
            break;
        case HistoryBy::Protocol:
            cells = {QString::number(row.protocol),
                     quoted(row.protocol == 0 ? QString() : protocolName(row.protocol))};
            break;
        case HistoryBy::Interface:
        case HistoryBy::Host:
            cells = {quoted(row.name)};
            break;
        case HistoryBy::Time:
            break;
        }
        for (const qint64 utcS : {row.firstUtcS, row.lastUtcS}) {
            cells.append(QDateTime::fromSecsSinceEpoch(utcS).toUTC().toString(Qt::ISODate));
        }
        const QJsonObject sums = historySums(row.sums);
        for (const QString &field : historyFields()) {
            const QJsonValue value = sums.value(field);
            cells.append(value.isNull() ? QString() : QString::number(value.toInteger()));
        }
        text += cells.join(u',') + u'\n';
    }
    return text.toUtf8();
}

} // namespace Nettally
