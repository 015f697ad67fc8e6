// SPDX-License-Identifier: MIT
#pragma once

#include "historyquery.h"
#include "trafficcounts.h"

#include <QList>
#include <QString>

#include <optional>

namespace Nettally {

/// The bytes of the sums by a measure; none: network bytes are not known for the whole of it.
struct MeasuredBytes {
    quint64 rx = 0;
    quint64 tx = 0;
};
std::optional<MeasuredBytes> bytesOf(const TrafficSums &sums, Measure measure);
/// Received and sent by the measure, 0 where it is not known.
quint64 weightOf(const TrafficSums &sums, Measure measure);

/**
 * What the graph of the history shows: rates by bucket, stacked. A rate is the bytes of a bucket by the
 * seconds of it that were measured. Times are seconds since 1970 UTC.
 */
class HistoryGraph {
public:
    /// A span in which nobody counted.
    struct Gap {
        qint64 beginUtcS = 0;
        qint64 endUtcS = 0;
        /// None: before the history began.
        std::optional<NotMeasuredReason> reason;
        bool operator==(const Gap &) const = default;
    };
    struct Bucket {
        qint64 beginUtcS = 0;
        qint64 endUtcS = 0;
        qint64 measuredS = 0; ///< of its seconds
        bool operator==(const Bucket &) const = default;
    };
    struct Series {
        QString name;
        QString key; ///< of the row of HistoryModel; empty: all others
        QList<TrafficSums> points; ///< by bucket
    };
    struct Rates {
        double rx = 0; ///< bytes per second
        double tx = 0;
    };

    HistoryGraph() = default;
    /// @p begunUtcS: when the history began; none: not known.
    HistoryGraph(const HistoryQuery &query, const HistoryAnswer &answer, std::optional<qint64> begunUtcS);

    /// Adds a series; those of @p points that are missing are 0.
    void append(const QString &name, const QString &key, const QList<TrafficSums> &points);
    /// Adds what the total has beyond the series there are, unless it is nothing.
    void appendRest(const QString &name);

    qint64 fromUtcS() const { return m_fromUtcS; }
    qint64 toUtcS() const { return m_toUtcS; }
    const QList<Bucket> &buckets() const { return m_buckets; }
    const QList<Gap> &gaps() const { return m_gaps; } ///< ascending, apart from each other
    const QList<Series> &series() const { return m_series; } ///< from the middle line outwards
    const QList<TrafficSums> &total() const { return m_total; } ///< by bucket
    qint64 measuredS() const; ///< of the whole

    /// None: not measured at all, or not by that measure.
    std::optional<Rates> rates(const TrafficSums &sums, qsizetype bucket, Measure measure) const;
    /// The highest of all buckets, each side by itself.
    Rates peak(Measure measure) const;
    /// Of the time; -1: outside.
    qsizetype bucketAt(qint64 utcS) const;

private:
    qint64 m_fromUtcS = 0;
    qint64 m_toUtcS = 0;
    QList<Bucket> m_buckets;
    QList<Gap> m_gaps;
    QList<Series> m_series;
    QList<TrafficSums> m_total;
};

/// "The helper was not running", …
QString gapText(const HistoryGraph::Gap &gap);

/// Where the month is heading.
struct MonthOutlook {
    MeasuredBytes soFar;
    /// By a straight line through the time that is recorded of the month, gaps within it included: who
    /// switches the machine off will do so again. None: less than a day of it is.
    std::optional<MeasuredBytes> expected;

    /// @p sums: from the later of the month's begin and the history's to now.
    static std::optional<MonthOutlook> of(const TrafficSums &sums, Measure measure, qint64 beginUtcS,
                                          qint64 begunUtcS, qint64 nowUtcS, qint64 endUtcS);
};

} // namespace Nettally
