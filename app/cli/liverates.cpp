// SPDX-License-Identifier: MIT
#include "liverates.h"

#include "text.h"

#include <algorithm>
#include <tuple>

namespace Nettally::Cli {

QList<LiveRow> LiveRates::update(const UsageTable &table, By by, quint64 timeNs)
{
    const bool isFirst = m_instance != table.instance();
    if (isFirst) {
        m_meters.clear();
        m_instance = table.instance();
    }
    const QHash<RowKey, UsageSums> sums = table.sums(by);
    QHash<RowKey, Meters> meters;
    QList<LiveRow> rows;
    rows.reserve(sums.size());
    for (auto row = sums.cbegin(); row != sums.cend(); ++row) {
        Meters rowMeters = m_meters.value(row.key());
        if (!isFirst && !m_meters.contains(row.key())) {
            // It was not there at the reading before: all it has moved, it moved since.
            rowMeters.rx.beginSilent(0, m_timeNs);
            rowMeters.tx.beginSilent(0, m_timeNs);
        }
        rowMeters.rx.push(row->rxPayloadBytesTotal, timeNs);
        rowMeters.tx.push(row->txPayloadBytesTotal, timeNs);
        meters.insert(row.key(), rowMeters);
        rows.append({row.key(), table.program(row.key().programId),
                     table.identity(row.key().programId).application, row.value(),
                     rowMeters.rx.bytesPerSecond(), rowMeters.tx.bytesPerSecond()});
    }
    m_meters = meters;
    m_timeNs = timeNs;
    return rows;
}

void sortRows(QList<LiveRow> &rows, Sort sort)
{
    const auto bytes = [](const LiveRow &row) {
        return row.sums.rxPayloadBytesTotal + row.sums.txPayloadBytesTotal;
    };
    std::sort(rows.begin(), rows.end(), [&](const LiveRow &a, const LiveRow &b) {
        switch (sort) {
        case Sort::Receive: {
            const double rateA = a.rxBytesPerSecond.value_or(0);
            const double rateB = b.rxBytesPerSecond.value_or(0);
            return std::tuple(rateB, b.sums.rxPayloadBytesTotal, a.key)
                < std::tuple(rateA, a.sums.rxPayloadBytesTotal, b.key);
        }
        case Sort::Send: {
            const double rateA = a.txBytesPerSecond.value_or(0);
            const double rateB = b.txBytesPerSecond.value_or(0);
            return std::tuple(rateB, b.sums.txPayloadBytesTotal, a.key)
                < std::tuple(rateA, a.sums.txPayloadBytesTotal, b.key);
        }
        case Sort::Total:
            return std::tuple(bytes(b), a.key) < std::tuple(bytes(a), b.key);
        case Sort::Name:
            break;
        }
        const int order = QString::localeAwareCompare(programLabel(a.program), programLabel(b.program));
        return order != 0 ? order < 0 : a.key < b.key;
    });
}

} // namespace Nettally::Cli
