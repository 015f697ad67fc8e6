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
    if (change.isNewInstance || change.beginNs == 0) {
        m_rxRate.begin(m_rxBytesMeasured, change.endNs);
        m_txRate.begin(m_txBytesMeasured, change.endNs);
    } else {
        const quint64 rxBytes = change.rxPayloadBytes();
        const quint64 txBytes = change.txPayloadBytes();
        m_rxBytesMeasured += rxBytes;
        m_txBytesMeasured += txBytes;
        m_rxRate.push(m_rxBytesMeasured, change.endNs);
        m_txRate.push(m_txBytesMeasured, change.endNs);
        spread(change.beginNs, change.endNs, static_cast<double>(rxBytes), static_cast<double>(txBytes));
    }
    m_endNs = std::max(m_endNs, change.endNs);
    m_rxBytesTotal = book.rxPayloadBytesTotal();
    m_txBytesTotal = book.txPayloadBytesTotal();
    Q_EMIT changed();
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
        second.rxBytesPerSecond = bucket.rxBytes / std::min(bucket.measured, 1.0);
        second.txBytesPerSecond = bucket.txBytes / std::min(bucket.measured, 1.0);
    }
    return seconds;
}

TrafficHistory::Bucket &TrafficHistory::bucket(quint64 second)
{
    Bucket &bucket = m_buckets[second % m_buckets.size()];
    if (bucket.second != second)
        bucket = {second, 0, 0, 0};
    return bucket;
}

void TrafficHistory::spread(quint64 beginNs, quint64 endNs, double rxBytes, double txBytes)
{
    if (endNs <= beginNs) {
        Bucket &last = bucket(endNs / nsPerSecond);
        last.rxBytes += rxBytes;
        last.txBytes += txBytes;
        return;
    }
    const double length = static_cast<double>(endNs - beginNs);
    // What is older than the ring holds would only overwrite what is newer.
    const quint64 oldest = endNs / nsPerSecond - std::min<quint64>(endNs / nsPerSecond, spanSeconds);
    quint64 fromNs = std::max(beginNs, oldest * nsPerSecond);
    while (fromNs < endNs) {
        const quint64 second = fromNs / nsPerSecond;
        const quint64 toNs = std::min(endNs, (second + 1) * nsPerSecond);
        const double share = static_cast<double>(toNs - fromNs) / length;
        Bucket &here = bucket(second);
        here.measured += static_cast<double>(toNs - fromNs) / static_cast<double>(nsPerSecond);
        here.rxBytes += rxBytes * share;
        here.txBytes += txBytes * share;
        fromNs = toNs;
    }
}

} // namespace Nettally
