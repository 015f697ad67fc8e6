// SPDX-License-Identifier: MIT
#include "traffichistory.h"

#include <algorithm>

namespace Nettally {

namespace {

constexpr quint64 nsPerSecond = 1'000'000'000;
/// Begin and end of a measured span fall inside a second; one of which less was seen tells too little of it.
constexpr double leastMeasured = 0.5;

} // namespace

void TrafficHistory::apply(const UsageBook &book, const UsageChange &change)
{
    const bool isFirst = change.isNewInstance || change.beginNs == 0;
    const TrafficCounts moved = isFirst ? TrafficCounts() : change.moved();
    m_measured += moved;
    for (const Measure measure : measures) {
        Side &side = m_sides[size_t(measure)];
        if (isFirst) {
            side.rxRate.begin(m_measured.rxBytes(measure), change.endNs);
            side.txRate.begin(m_measured.txBytes(measure), change.endNs);
        } else {
            side.rxRate.push(m_measured.rxBytes(measure), change.endNs);
            side.txRate.push(m_measured.txBytes(measure), change.endNs);
        }
    }
    if (!isFirst)
        spread(change.beginNs, change.endNs, moved);
    m_endNs = std::max(m_endNs, change.endNs);
    m_total = book.total();
    Q_EMIT changed();
}

void TrafficHistory::setMeasure(Measure measure)
{
    if (measure == m_measure)
        return;
    m_measure = measure;
    Q_EMIT changed();
}

std::optional<quint64> TrafficHistory::rxBytesTotal() const
{
    return m_total ? std::optional(m_total->rxBytes(m_measure)) : std::nullopt;
}

std::optional<quint64> TrafficHistory::txBytesTotal() const
{
    return m_total ? std::optional(m_total->txBytes(m_measure)) : std::nullopt;
}

QList<TrafficHistory::Second> TrafficHistory::seconds() const
{
    QList<Second> seconds(spanSeconds);
    const quint64 underWay = m_endNs / nsPerSecond;
    for (quint64 ago = 1; ago <= spanSeconds && ago <= underWay; ++ago) {
        const Bucket &bucket = m_buckets[(underWay - ago) % m_buckets.size()];
        if (bucket.second != underWay - ago || bucket.measured < leastMeasured)
            continue;
        Second &second = seconds[spanSeconds - static_cast<qsizetype>(ago)];
        second.isMeasured = true;
        const Bytes &bytes = bucket.bytes[size_t(m_measure)];
        second.rxBytesPerSecond = bytes.rx / std::min(bucket.measured, 1.0);
        second.txBytesPerSecond = bytes.tx / std::min(bucket.measured, 1.0);
    }
    return seconds;
}

TrafficHistory::Bucket &TrafficHistory::bucket(quint64 second)
{
    Bucket &bucket = m_buckets[second % m_buckets.size()];
    if (bucket.second != second)
        bucket = {second, 0, {}};
    return bucket;
}

void TrafficHistory::spread(quint64 beginNs, quint64 endNs, const TrafficCounts &moved)
{
    const auto add = [&moved](Bucket &bucket, double share) {
        for (const Measure measure : measures) {
            Bytes &bytes = bucket.bytes[size_t(measure)];
            bytes.rx += static_cast<double>(moved.rxBytes(measure)) * share;
            bytes.tx += static_cast<double>(moved.txBytes(measure)) * share;
        }
    };
    if (endNs <= beginNs) {
        add(bucket(endNs / nsPerSecond), 1);
        return;
    }
    const double length = static_cast<double>(endNs - beginNs);
    // What is older than the ring holds would only overwrite what is newer.
    const quint64 oldest = endNs / nsPerSecond - std::min<quint64>(endNs / nsPerSecond, spanSeconds);
    quint64 fromNs = std::max(beginNs, oldest * nsPerSecond);
    while (fromNs < endNs) {
        const quint64 second = fromNs / nsPerSecond;
        const quint64 toNs = std::min(endNs, (second + 1) * nsPerSecond);
        Bucket &here = bucket(second);
        here.measured += static_cast<double>(toNs - fromNs) / static_cast<double>(nsPerSecond);
        add(here, static_cast<double>(toNs - fromNs) / length);
        fromNs = toNs;
    }
}

} // namespace Nettally
