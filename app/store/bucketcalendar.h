// SPDX-License-Identifier: MIT
#pragma once

#include <QDateTime>
#include <QHash>
#include <QList>
#include <QTimeZone>

#include <array>
#include <limits>

namespace Nettally {

/// The resolutions history is kept in, the finest first.
enum class Level { Minute, Hour, Day, Month };
inline constexpr std::array allLevels = {Level::Minute, Level::Hour, Level::Day, Level::Month};

/// The zone that days are told by from a moment on.
struct ZoneChange {
    static constexpr qint64 always = std::numeric_limits<qint64>::min() / 2;

    qint64 sinceUtcS = always; ///< a multiple of 60
    QTimeZone zone;
};

/**
 * Which hour, day and month a minute belongs to: those of the clock on the wall.
 *
 * The buckets of a level follow each other without a gap and each lies within one of the next level: a day
 * has 23 or 25 hours where the clock is set, and a bucket ends where its zone does. Times are seconds since
 * 1970 UTC. Not thread-safe: it remembers what it worked out.
 */
class BucketCalendar {
public:
    using Starts = std::array<qint64, allLevels.size()>; ///< by Level

    /// @p changes ascending; the first zone also holds before its time. None: UTC.
    explicit BucketCalendar(QList<ZoneChange> changes = {});

    const QList<ZoneChange> &changes() const { return m_changes; }

    /// Of the buckets that hold the time.
    Starts starts(qint64 utcS) const;
    qint64 start(Level level, qint64 utcS) const { return starts(utcS)[size_t(level)]; }
    /// Of the first bucket that begins later than the time.
    qint64 nextStart(Level level, qint64 utcS) const;

    /// What calendar and clock on the wall show.
    QDate localDate(qint64 utcS) const;
    QTime localTime(qint64 utcS) const;

private:
    const ZoneChange &changeAt(qint64 utcS) const;
    qint64 hourStart(qint64 utcS, const ZoneChange &change) const;

    QList<ZoneChange> m_changes;
    mutable QHash<qint64, Starts> m_known; ///< by minute
};

} // namespace Nettally
