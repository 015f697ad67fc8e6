// SPDX-License-Identifier: MIT
#include "bucketcalendar.h"

#include <algorithm>

namespace Nettally {

namespace {

constexpr qint64 minuteS = 60;
constexpr qint64 hourS = 3600;
constexpr qsizetype maxKnown = 20000;

qint64 floorTo(qint64 value, qint64 unit)
{
    return value - ((value % unit) + unit) % unit;
}

qint64 offsetAt(const QTimeZone &zone, qint64 utcS)
{
    return zone.offsetFromUtc(QDateTime::fromSecsSinceEpoch(utcS, QTimeZone::utc()));
}

QDate dateAt(const QTimeZone &zone, qint64 utcS)
{
    return QDateTime::fromSecsSinceEpoch(utcS, zone).date();
}

qint64 startOfDay(const QDate &date, const QTimeZone &zone)
{
    constexpr qint64 stepS = 1800;
    qint64 start = floorTo(date.startOfDay(zone).toSecsSinceEpoch(), minuteS);
    // Where the clock goes back to midnight there are two of them; the day begins with the first.
    while (dateAt(zone, start - minuteS) == date) {
        start -= stepS;
    }
    return start;
}

} // namespace

BucketCalendar::BucketCalendar(QList<ZoneChange> changes)
    : m_changes(std::move(changes))
{
    for (ZoneChange &change : m_changes) {
        if (!change.zone.isValid()) {
            change.zone = QTimeZone::utc();
        }
    }
    if (m_changes.isEmpty()) {
        m_changes.append({ZoneChange::always, QTimeZone::utc()});
    }
}

const ZoneChange &BucketCalendar::changeAt(qint64 utcS) const
{
    auto change =
        std::upper_bound(m_changes.cbegin(), m_changes.cend(), utcS,
                         [](qint64 time, const ZoneChange &candidate) { return time < candidate.sinceUtcS; });
    return change == m_changes.cbegin() ? *change : *std::prev(change);
}

qint64 BucketCalendar::hourStart(qint64 utcS, const ZoneChange &change) const
{
    const qint64 offset = offsetAt(change.zone, utcS);
    const qint64 start = floorTo(utcS + offset, hourS) - offset;
    if (offsetAt(change.zone, start) == offset) {
        return start;
    }
    // The clock was set within this hour, by less than an hour: a new one began then.
    qint64 before = start / minuteS;
    qint64 after = utcS / minuteS;
    while (after - before > 1) {
        const qint64 middle = before + (after - before) / 2;
        (offsetAt(change.zone, middle * minuteS) == offset ? after : before) = middle;
    }
    return after * minuteS;
}

BucketCalendar::Starts BucketCalendar::starts(qint64 utcS) const
{
    const qint64 minute = floorTo(utcS, minuteS);
    const auto known = m_known.constFind(minute);
    if (known != m_known.cend()) {
        return *known;
    }
    const ZoneChange &change = changeAt(minute);
    const QDate date = dateAt(change.zone, minute);
    Starts starts = {};
    qint64 &month = starts[size_t(Level::Month)];
    qint64 &day = starts[size_t(Level::Day)];
    qint64 &hour = starts[size_t(Level::Hour)];
    month = startOfDay(QDate(date.year(), date.month(), 1), change.zone);
    if (&change != &m_changes.constFirst()) {
        month = std::max(month, change.sinceUtcS);
    }
    day = std::max(startOfDay(date, change.zone), month);
    hour = std::max(hourStart(minute, change), day);
    starts[size_t(Level::Minute)] = minute;
    if (m_known.size() >= maxKnown) {
        m_known.clear();
    }
    m_known.insert(minute, starts);
    return starts;
}

qint64 BucketCalendar::nextStart(Level level, qint64 utcS) const
{
    const Starts now = starts(utcS);
    const ZoneChange &change = changeAt(utcS);
    const QDate date = dateAt(change.zone, utcS);
    qint64 next = 0;
    switch (level) {
    case Level::Minute:
        return now[size_t(Level::Minute)] + minuteS;
    case Level::Hour: {
        const qint64 offset = offsetAt(change.zone, utcS);
        next = floorTo(utcS + offset, hourS) - offset + hourS;
        break;
    }
    case Level::Day:
        next = startOfDay(date.addDays(1), change.zone);
        break;
    case Level::Month:
        next = startOfDay(QDate(date.year(), date.month(), 1).addMonths(1), change.zone);
        break;
    }
    const auto later =
        std::upper_bound(m_changes.cbegin(), m_changes.cend(), utcS,
                         [](qint64 time, const ZoneChange &candidate) { return time < candidate.sinceUtcS; });
    if (later != m_changes.cend()) {
        next = std::min(next, later->sinceUtcS);
    }
    // Where the clock is set within an hour, another begins then.
    const qint64 last = start(level, next - minuteS);
    return last > now[size_t(level)] ? last : start(level, next);
}

QDate BucketCalendar::localDate(qint64 utcS) const
{
    return dateAt(changeAt(utcS).zone, utcS);
}

QTime BucketCalendar::localTime(qint64 utcS) const
{
    return QDateTime::fromSecsSinceEpoch(utcS, changeAt(utcS).zone).time();
}

} // namespace Nettally
