// SPDX-License-Identifier: MIT
#pragma once

#include "rate.h"
#include "usagebook.h"

#include <QObject>

#include <array>

namespace Nettally {

/// The traffic of all visible programs together: its rate now, its totals, and the last five minutes by the
/// second.
class TrafficHistory : public QObject {
    Q_OBJECT

public:
    static constexpr int spanSeconds = 300;

    struct Second {
        bool isMeasured = false;
        double rxBytesPerSecond = 0; ///< payload; a push's bytes are spread evenly over the time it covers
        double txBytesPerSecond = 0;
    };

    using QObject::QObject;

    void apply(const UsageBook &book, const UsageChange &change);

    /// The last spanSeconds full seconds, the oldest first; all not measured before the first interval.
    QList<Second> seconds() const;

    std::optional<double> rxBytesPerSecond() const { return m_rxRate.bytesPerSecond(); }
    std::optional<double> txBytesPerSecond() const { return m_txRate.bytesPerSecond(); }
    /// Payload bytes since the instance began; none before the first reading.
    std::optional<quint64> rxBytesTotal() const { return m_rxBytesTotal; }
    std::optional<quint64> txBytesTotal() const { return m_txBytesTotal; }

Q_SIGNALS:
    void changed();

private:
    struct Bucket {
        quint64 second = 0; ///< CLOCK_BOOTTIME second it holds
        double measured = 0; ///< share of the second that was measured, 0 to 1
        double rxBytes = 0;
        double txBytes = 0;
    };

    Bucket &bucket(quint64 second);
    void spread(quint64 beginNs, quint64 endNs, double rxBytes, double txBytes);

    std::array<Bucket, spanSeconds + 1> m_buckets{}; ///< one more, for the second under way
    quint64 m_endNs = 0;
    RateMeter m_rxRate;
    RateMeter m_txRate;
    quint64 m_rxBytesMeasured = 0; ///< what the meters read: without bytes of unknown time
    quint64 m_txBytesMeasured = 0;
    std::optional<quint64> m_rxBytesTotal;
    std::optional<quint64> m_txBytesTotal;
};

} // namespace Nettally
