// SPDX-License-Identifier: MIT
#pragma once

#include "rate.h"
#include "usagebook.h"

#include <QObject>

#include <array>

namespace Nettally {

/// The traffic of all visible programs together: its rate now, its totals, and the last five minutes by the
/// second. Both measures are kept; what is told is of the one chosen.
class TrafficHistory : public QObject {
    Q_OBJECT

public:
    static constexpr int spanSeconds = 300;

    struct Second {
        bool isMeasured = false;
        double rxBytesPerSecond = 0; ///< a push's bytes are spread evenly over the time it covers
        double txBytesPerSecond = 0;
    };

    using QObject::QObject;

    void apply(const UsageBook &book, const UsageChange &change);

    void setMeasure(Measure measure);
    Measure measure() const { return m_measure; }

    /// The last spanSeconds full seconds, the oldest first; all not measured before the first interval.
    QList<Second> seconds() const;

    std::optional<double> rxBytesPerSecond() const { return side().rxRate.bytesPerSecond(); }
    std::optional<double> txBytesPerSecond() const { return side().txRate.bytesPerSecond(); }
    /// Since the instance began; none before the first reading.
    std::optional<quint64> rxBytesTotal() const;
    std::optional<quint64> txBytesTotal() const;
    std::optional<TrafficCounts> total() const { return m_total; }

Q_SIGNALS:
    void changed();

private:
    struct Bytes {
        double rx = 0;
        double tx = 0;
    };
    struct Bucket {
        quint64 second = 0; ///< CLOCK_BOOTTIME second it holds
        double measured = 0; ///< share of the second that was measured, 0 to 1
        std::array<Bytes, measures.size()> bytes; ///< by Measure
    };
    struct Side {
        RateMeter rxRate;
        RateMeter txRate;
    };

    const Side &side() const { return m_sides[size_t(m_measure)]; }
    Bucket &bucket(quint64 second);
    void spread(quint64 beginNs, quint64 endNs, const TrafficCounts &moved);

    std::array<Bucket, spanSeconds + 1> m_buckets{}; ///< one more, for the second under way
    quint64 m_endNs = 0;
    std::array<Side, measures.size()> m_sides; ///< by Measure
    TrafficCounts m_measured; ///< what the meters read: without bytes of unknown time
    std::optional<TrafficCounts> m_total;
    Measure m_measure = Measure::Payload;
};

} // namespace Nettally
