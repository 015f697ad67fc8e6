// SPDX-License-Identifier: MIT
#include "historygraph.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace Nettally {

namespace {

constexpr qint64 dayS = 86400;

quint64 less(quint64 a, quint64 b)
{
    return a > b ? a - b : 0;
}

} // namespace

std::optional<MeasuredBytes> bytesOf(const TrafficSums &sums, Measure measure)
{
    if (measure == Measure::Payload)
        return MeasuredBytes{sums.rxPayloadBytes, sums.txPayloadBytes};
    if (!sums.network)
        return std::nullopt;
    return MeasuredBytes{sums.network->rxBytes, sums.network->txBytes};
}

quint64 weightOf(const TrafficSums &sums, Measure measure)
{
    const MeasuredBytes bytes = bytesOf(sums, measure).value_or(MeasuredBytes());
    return bytes.rx + bytes.tx;
}

HistoryGraph::HistoryGraph(const HistoryQuery &query, const HistoryAnswer &answer,
                           std::optional<qint64> begunUtcS)
    : m_fromUtcS(query.fromUtcS)
    , m_toUtcS(query.toUtcS)
    , m_total(answer.total.points)
{
    const auto addGap = [this](qint64 beginUtcS, qint64 endUtcS, std::optional<NotMeasuredReason> reason) {
        // Spans may overlap: what the first said stands.
        beginUtcS = std::max(beginUtcS, m_gaps.isEmpty() ? m_fromUtcS : m_gaps.constLast().endUtcS);
        endUtcS = std::min(endUtcS, m_toUtcS);
        if (beginUtcS < endUtcS)
            m_gaps.append({beginUtcS, endUtcS, reason});
    };
    if (begunUtcS)
        addGap(m_fromUtcS, *begunUtcS, std::nullopt);
    for (const NotMeasured &span : answer.notMeasured)
        addGap(span.beginUtcS, span.endUtcS, span.reason);

    auto gap = m_gaps.cbegin();
    for (qsizetype i = 0; i < answer.pointStartsUtcS.size(); ++i) {
        Bucket bucket;
        bucket.beginUtcS = answer.pointStartsUtcS.at(i);
        bucket.endUtcS = answer.pointStartsUtcS.value(i + 1, m_toUtcS);
        bucket.measuredS = bucket.endUtcS - bucket.beginUtcS;
        while (gap != m_gaps.cend() && gap->endUtcS <= bucket.beginUtcS)
            ++gap;
        for (auto each = gap; each != m_gaps.cend() && each->beginUtcS < bucket.endUtcS; ++each) {
            bucket.measuredS -=
                std::min(each->endUtcS, bucket.endUtcS) - std::max(each->beginUtcS, bucket.beginUtcS);
        }
        m_buckets.append(bucket);
    }
    m_total.resize(m_buckets.size(), TrafficSums::zero());
}

void HistoryGraph::append(const QString &name, const QString &key, const QList<TrafficSums> &points)
{
    Series series{name, key, points};
    series.points.resize(m_buckets.size(), TrafficSums::zero());
    m_series.append(series);
}

void HistoryGraph::appendRest(const QString &name)
{
    Series rest{name, {}, {}};
    bool isNothing = true;
    for (qsizetype i = 0; i < m_buckets.size(); ++i) {
        TrafficSums shown = TrafficSums::zero();
        for (const Series &series : std::as_const(m_series))
            shown += series.points.at(i);
        TrafficSums point = m_total.at(i);
        point.rxPayloadBytes = less(point.rxPayloadBytes, shown.rxPayloadBytes);
        point.txPayloadBytes = less(point.txPayloadBytes, shown.txPayloadBytes);
        if (point.network && shown.network) {
            point.network->rxBytes = less(point.network->rxBytes, shown.network->rxBytes);
            point.network->txBytes = less(point.network->txBytes, shown.network->txBytes);
        } else {
            point.network.reset();
        }
        isNothing =
            isNothing && weightOf(point, Measure::Payload) == 0 && weightOf(point, Measure::Network) == 0;
        rest.points.append(point);
    }
    if (!isNothing)
        m_series.append(rest);
}

qint64 HistoryGraph::measuredS() const
{
    qint64 seconds = m_toUtcS - m_fromUtcS;
    for (const Gap &gap : m_gaps)
        seconds -= gap.endUtcS - gap.beginUtcS;
    return seconds;
}

std::optional<HistoryGraph::Rates> HistoryGraph::rates(const TrafficSums &sums, qsizetype bucket,
                                                       Measure measure) const
{
    const std::optional<MeasuredBytes> bytes = bytesOf(sums, measure);
    const Bucket &of = m_buckets.at(bucket);
    if (!bytes || (of.measuredS <= 0 && bytes->rx == 0 && bytes->tx == 0))
        return std::nullopt;
    // What the kernel counted on while nobody read it is put down to a minute that may lie in a gap.
    const auto seconds = static_cast<double>(of.measuredS > 0 ? of.measuredS : of.endUtcS - of.beginUtcS);
    return Rates{static_cast<double>(bytes->rx) / seconds, static_cast<double>(bytes->tx) / seconds};
}

HistoryGraph::Rates HistoryGraph::peak(Measure measure) const
{
    Rates highest;
    for (qsizetype i = 0; i < m_buckets.size(); ++i) {
        const Rates each = rates(m_total.at(i), i, measure).value_or(Rates());
        highest.rx = std::max(highest.rx, each.rx);
        highest.tx = std::max(highest.tx, each.tx);
    }
    return highest;
}

qsizetype HistoryGraph::bucketAt(qint64 utcS) const
{
    if (m_buckets.isEmpty() || utcS < m_fromUtcS || utcS >= m_toUtcS)
        return -1;
    const auto next =
        std::upper_bound(m_buckets.cbegin(), m_buckets.cend(), utcS,
                         [](qint64 time, const Bucket &bucket) { return time < bucket.beginUtcS; });
    return next - m_buckets.cbegin() - 1;
}

QString gapText(const HistoryGraph::Gap &gap)
{
    if (!gap.reason)
        return QCoreApplication::translate("HistoryGraph", "Before the history began");
    switch (*gap.reason) {
    case NotMeasuredReason::HelperOff:
        return QCoreApplication::translate("HistoryGraph", "Not measured: the helper was not running");
    case NotMeasuredReason::Suspended:
        return QCoreApplication::translate("HistoryGraph", "Not measured: the machine was suspended");
    case NotMeasuredReason::ClockStep:
        break;
    }
    return QCoreApplication::translate("HistoryGraph", "Not measured: the clock was set");
}

std::optional<MonthOutlook> MonthOutlook::of(const TrafficSums &sums, Measure measure, qint64 beginUtcS,
                                             qint64 begunUtcS, qint64 nowUtcS, qint64 endUtcS)
{
    const std::optional<MeasuredBytes> soFar = bytesOf(sums, measure);
    if (!soFar)
        return std::nullopt;
    MonthOutlook outlook;
    outlook.soFar = *soFar;
    const qint64 elapsedS = nowUtcS - std::max(beginUtcS, begunUtcS);
    if (elapsedS >= dayS) {
        const double growth = static_cast<double>(endUtcS - nowUtcS) / static_cast<double>(elapsedS);
        const auto grown = [growth](quint64 bytes) {
            return bytes + static_cast<quint64>(std::llround(static_cast<double>(bytes) * growth));
        };
        outlook.expected = MeasuredBytes{grown(soFar->rx), grown(soFar->tx)};
    }
    return outlook;
}

} // namespace Nettally
