// SPDX-License-Identifier: MIT
#pragma once

#include <QList>
#include <QString>
#include <QTimeZone>

namespace Nettally {

/**
 * A span of the history as people ask for it: what led up to now, a whole hour, day, week, month or year of
 * the clock and calendar on the wall, or any other. Times are seconds since 1970 UTC; a day has 23 or 25
 * hours where the clock is set.
 */
class HistoryRange {
public:
    enum class Kind { Hour, Day, Week, Month, Year, Custom };

    /// Up to the last minute that is over and had time to be written.
    static HistoryRange latest(Kind kind, qint64 nowUtcS, const QTimeZone &zone);
    /// The one that holds the time; not of Custom.
    static HistoryRange whole(Kind kind, qint64 utcS, const QTimeZone &zone);
    /// From the minute that holds the one to the minute that holds the other, which is left out; at least
    /// one.
    static HistoryRange custom(qint64 fromUtcS, qint64 toUtcS, const QTimeZone &zone);
    /// The end of what is written at that time.
    static qint64 writtenUntil(qint64 nowUtcS);

    Kind kind() const { return m_kind; }
    /// Whether it moves on with time.
    bool isLatest() const { return m_isLatest; }
    qint64 fromUtcS() const { return m_fromUtcS; }
    qint64 toUtcS() const { return m_toUtcS; } ///< exclusive
    const QTimeZone &zone() const { return m_zone; }

    /// What leads up to now is preceded by the last that was whole by then, a custom one by one as long.
    HistoryRange previous() const;
    /// The latest, where the next would reach beyond now.
    HistoryRange next(qint64 nowUtcS) const;
    bool hasNext(qint64 nowUtcS) const;
    /// Where the period before begins, which ends where this begins.
    qint64 previousFromUtcS() const;

    /// "Last 24 hours: Sun 22 Nov, 14:05 – Mon 23 Nov 2026, 14:07".
    QString sentence() const;
    /// "14:05", "Mon 23 Nov, 14:05", …: a time within the range, as precisely as a bucket of that length
    /// needs.
    QString timeText(qint64 utcS, qint64 bucketS) const;

    /// Shorter, for a table: "23 Nov, 14:05"; of more than two months the day alone, which is all there is.
    QString momentText(qint64 utcS) const;
    /// Likewise of a bucket: "Mon 23 Nov, 14:05 – 14:10".
    QString spanText(qint64 beginUtcS, qint64 endUtcS) const;

    bool operator==(const HistoryRange &) const = default;

private:
    Kind m_kind = Kind::Day;
    bool m_isLatest = false;
    qint64 m_fromUtcS = 0;
    qint64 m_toUtcS = 0;
    QTimeZone m_zone;
};

/// "Mon 23 Nov 2026, 14:05".
QString dateTimeText(qint64 utcS, const QTimeZone &zone);

struct TimeTick {
    qint64 utcS = 0;
    QString text;
    bool isDay = false; ///< a day, month or year begins here
    bool operator==(const TimeTick &) const = default;
};

/// Round times of the clock on the wall from the one to the other, as many as there may be and no more.
QList<TimeTick> timeTicks(qint64 fromUtcS, qint64 toUtcS, const QTimeZone &zone, int most);

} // namespace Nettally
