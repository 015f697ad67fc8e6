// SPDX-License-Identifier: MIT
#include "rate.h"

#include <cmath>

namespace Nettally {

namespace {

constexpr double tauSeconds = 3;
/// What is left of a rate after this long without a byte (below 2 %) is shown as 0, not as an ever smaller
/// figure for another minute.
constexpr quint64 silenceNs = 12'000'000'000;
constexpr double smallestRate = 0.5; ///< bytes per second; would be written as 0 anyway

} // namespace

void RateMeter::begin(quint64 total, quint64 timeNs)
{
    *this = RateMeter();
    m_total = total;
    m_timeNs = timeNs;
    m_state = State::Begun;
}

void RateMeter::beginSilent(quint64 total, quint64 timeNs)
{
    begin(total, timeNs);
    m_weight = 1;
    m_state = State::Known;
}

void RateMeter::push(quint64 total, quint64 timeNs)
{
    if (m_state == State::Unread || total < m_total) {
        begin(total, timeNs);
        return;
    }
    if (timeNs <= m_timeNs)
        return;
    const quint64 bytes = total - m_total;
    const quint64 intervalNs = timeNs - m_timeNs;
    m_total = total;
    m_timeNs = timeNs;
    if (bytes == 0 && isSilent())
        return;
    m_state = State::Known;

    m_silentNs = bytes == 0 ? m_silentNs + intervalNs : 0;
    const double seconds = static_cast<double>(intervalNs) / 1e9;
    const double keep = std::exp(-seconds / tauSeconds);
    m_average = m_average * keep + static_cast<double>(bytes) / seconds * (1 - keep);
    m_weight = m_weight * keep + (1 - keep);
    if (bytes == 0 && (m_silentNs >= silenceNs || m_average < smallestRate * m_weight)) {
        m_average = 0;
        m_weight = 1;
    }
}

std::optional<double> RateMeter::bytesPerSecond() const
{
    if (m_state != State::Known)
        return std::nullopt;
    return m_average / m_weight;
}

} // namespace Nettally
