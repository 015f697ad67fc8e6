// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

#include <optional>

namespace Nettally {

/**
 * Exponentially smoothed rate of a counter that only grows, read at irregular times.
 *
 * A reading weighs 1 - exp(-dt / tau) for the true time dt since the one before, so a steady flow shows
 * the same rate at any interval. The first interval measured is taken whole, not pulled towards zero.
 */
class RateMeter {
public:
    /// Starts anew: the counter stood at @p total when the clock stood at @p timeNs; no rate is known.
    void begin(quint64 total, quint64 timeNs);
    /// As begin(), for a counter known to have stood still until then: the rate is 0.
    void beginSilent(quint64 total, quint64 timeNs);
    /// The counter stood at @p total at @p timeNs (CLOCK_BOOTTIME). The first reading begins. A reading that
    /// is not later than the one before waits for the next; a lower total begins anew.
    void push(quint64 total, quint64 timeNs);
    /// The counter was raised by @p bytes that no rate is to show.
    void skip(quint64 bytes) { m_total += bytes; }

    /// Bytes per second; none until an interval was measured. Exactly 0 once the counter has been silent
    /// for a while.
    std::optional<double> bytesPerSecond() const;
    bool isSilent() const { return m_state == State::Known && m_average == 0; }

private:
    enum class State : quint8 { Unread, Begun, Known };

    double m_average = 0; ///< bytes per second, not yet divided by m_weight
    double m_weight = 0; ///< of the time measured so far, up to 1
    quint64 m_total = 0;
    quint64 m_timeNs = 0;
    quint64 m_silentNs = 0;
    State m_state = State::Unread;
};

} // namespace Nettally
