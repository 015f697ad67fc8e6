// SPDX-License-Identifier: MIT
#pragma once

#include "rate.h"
#include "usagetable.h"

#include <QList>

#include <optional>

namespace Nettally::Cli {

struct LiveRow {
    RowKey key;
    Program program;
    Application application;
    UsageSums sums;
    std::optional<double> rxBytesPerSecond;
    std::optional<double> txBytesPerSecond;
};

/// Smoothed rates for the rows of a table.
class LiveRates {
public:
    /// The counters stood as in @p table at @p timeNs (CLOCK_BOOTTIME), which may be later than its last
    /// update when nothing came since.
    QList<LiveRow> update(const UsageTable &table, By by, quint64 timeNs);

private:
    struct Meters {
        RateMeter rx;
        RateMeter tx;
    };

    QString m_instance;
    quint64 m_timeNs = 0;
    QHash<RowKey, Meters> m_meters;
};

/// Receive and send by rate, those alike by bytes; total by bytes; names as people order them.
void sortRows(QList<LiveRow> &rows, Sort sort);

} // namespace Nettally::Cli
