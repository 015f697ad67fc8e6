// SPDX-License-Identifier: MIT
#include "historyrange.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qint64 minuteS = 60;
constexpr qint64 hourS = 3600;
constexpr qint64 dayS = 24 * hourS;
/// What a minute takes to be sealed, sent and stored once it is over.
constexpr qint64 settleS = 10;

qint64 floorTo(qint64 value, qint64 unit)
{
    return value - ((value % unit) + unit) % unit;
}

QDateTime local(qint64 utcS, const QTimeZone &zone)
{
    return QDateTime::fromSecsSinceEpoch(utcS, zone);
}

qint64 startOf(const QDate &date, const QTimeZone &zone)
{
    return date.startOfDay(zone).toSecsSinceEpoch();
}

/// Of the clock on the wall.
qint64 floorToLocal(qint64 utcS, qint64 unitS, const QTimeZone &zone)
{
    const qint64 offsetS = zone.offsetFromUtc(local(utcS, zone));
    return floorTo(utcS + offsetS, unitS) - offsetS;
}

QString tr(const char *text)
{
    return QCoreApplication::translate("HistoryRange", text);
}

QString dateText(const QDate &date)
{
    return QLocale().toString(date, tr("ddd d MMM yyyy"));
}

/// By the minute, also where the short format of the language has seconds.
QString clockText(const QTime &time)
{
    return QLocale().toString(time, QLocale().timeFormat(QLocale::ShortFormat).remove(u":ss"_s));
}

} // namespace

qint64 HistoryRange::writtenUntil(qint64 nowUtcS)
{
    return floorTo(nowUtcS - settleS, minuteS);
}

HistoryRange HistoryRange::latest(Kind kind, qint64 nowUtcS, const QTimeZone &zone)
{
    HistoryRange range;
    range.m_kind = kind;
    range.m_isLatest = true;
    range.m_zone = zone;
    range.m_toUtcS = writtenUntil(nowUtcS);
    const QDateTime to = local(range.m_toUtcS, zone);
    // Where it begins is where one of its buckets does.
    switch (kind) {
    case Kind::Hour:
    case Kind::Custom:
        range.m_fromUtcS = range.m_toUtcS - hourS;
        break;
    case Kind::Day:
        range.m_fromUtcS = floorToLocal(range.m_toUtcS - dayS, 5 * minuteS, zone);
        break;
    case Kind::Week:
        range.m_fromUtcS = floorToLocal(to.addDays(-7).toSecsSinceEpoch(), hourS, zone);
        break;
    case Kind::Month:
        range.m_fromUtcS = floorToLocal(to.addDays(-30).toSecsSinceEpoch(), hourS, zone);
        break;
    case Kind::Year:
        range.m_fromUtcS = startOf(to.date().addYears(-1), zone);
        break;
    }
    return range;
}

HistoryRange HistoryRange::whole(Kind kind, qint64 utcS, const QTimeZone &zone)
{
    HistoryRange range;
    range.m_kind = kind;
    range.m_zone = zone;
    const QDate date = local(utcS, zone).date();
    QDate first;
    QDate end;
    switch (kind) {
    case Kind::Hour:
    case Kind::Custom:
        range.m_fromUtcS = floorToLocal(utcS, hourS, zone);
        range.m_toUtcS = range.m_fromUtcS + hourS;
        return range;
    case Kind::Day:
        first = date;
        end = first.addDays(1);
        break;
    case Kind::Week:
        first = date.addDays(-((date.dayOfWeek() - QLocale().firstDayOfWeek() + 7) % 7));
        end = first.addDays(7);
        break;
    case Kind::Month:
        first = QDate(date.year(), date.month(), 1);
        end = first.addMonths(1);
        break;
    case Kind::Year:
        first = QDate(date.year(), 1, 1);
        end = first.addYears(1);
        break;
    }
    range.m_fromUtcS = startOf(first, zone);
    range.m_toUtcS = startOf(end, zone);
    return range;
}

HistoryRange HistoryRange::custom(qint64 fromUtcS, qint64 toUtcS, const QTimeZone &zone)
{
    HistoryRange range;
    range.m_kind = Kind::Custom;
    range.m_zone = zone;
    range.m_fromUtcS = floorTo(fromUtcS, minuteS);
    range.m_toUtcS = std::max(floorTo(toUtcS, minuteS), range.m_fromUtcS + minuteS);
    return range;
}

HistoryRange HistoryRange::previous() const
{
    if (m_kind == Kind::Custom)
        return custom(m_fromUtcS - (m_toUtcS - m_fromUtcS), m_fromUtcS, m_zone);
    if (!m_isLatest)
        return whole(m_kind, m_fromUtcS - 1, m_zone);
    const HistoryRange current = whole(m_kind, m_toUtcS, m_zone);
    return whole(m_kind, current.m_fromUtcS - 1, m_zone);
}

HistoryRange HistoryRange::next(qint64 nowUtcS) const
{
    if (m_isLatest)
        return latest(m_kind, nowUtcS, m_zone);
    const qint64 endUtcS = writtenUntil(nowUtcS);
    if (m_kind == Kind::Custom) {
        const qint64 lengthS = m_toUtcS - m_fromUtcS;
        const qint64 toUtcS = std::max(m_toUtcS, std::min(m_toUtcS + lengthS, endUtcS));
        return custom(toUtcS - lengthS, toUtcS, m_zone);
    }
    const HistoryRange following = whole(m_kind, m_toUtcS, m_zone);
    return following.m_toUtcS > endUtcS ? latest(m_kind, nowUtcS, m_zone) : following;
}

bool HistoryRange::hasNext(qint64 nowUtcS) const
{
    return !m_isLatest && (m_kind != Kind::Custom || m_toUtcS < writtenUntil(nowUtcS));
}

qint64 HistoryRange::previousFromUtcS() const
{
    if (m_kind == Kind::Custom || m_kind == Kind::Hour)
        return m_fromUtcS - (m_toUtcS - m_fromUtcS);
    if (!m_isLatest)
        return whole(m_kind, m_fromUtcS - 1, m_zone).m_fromUtcS;
    switch (m_kind) {
    case Kind::Week:
        return local(m_fromUtcS, m_zone).addDays(-7).toSecsSinceEpoch();
    case Kind::Month:
        return local(m_fromUtcS, m_zone).addDays(-30).toSecsSinceEpoch();
    case Kind::Year:
        return startOf(local(m_fromUtcS, m_zone).date().addYears(-1), m_zone);
    default:
        return m_fromUtcS - dayS;
    }
}

QString HistoryRange::sentence() const
{
    const QDateTime from = local(m_fromUtcS, m_zone);
    const QDateTime to = local(m_toUtcS, m_zone);
    QString span = from.date() == to.date()
        ? tr("%1, %2 – %3").arg(dateText(from.date()), clockText(from.time()), clockText(to.time()))
        : tr("%1, %2 – %3, %4")
              .arg(from.date().year() == to.date().year() ? QLocale().toString(from.date(), tr("ddd d MMM"))
                                                          : dateText(from.date()),
                   clockText(from.time()), dateText(to.date()), clockText(to.time()));
    if (m_isLatest) {
        switch (m_kind) {
        case Kind::Hour:
            return tr("Last hour: %1").arg(span);
        case Kind::Day:
            return tr("Last 24 hours: %1").arg(span);
        case Kind::Week:
            return tr("Last 7 days: %1").arg(span);
        case Kind::Month:
            return tr("Last 30 days: %1").arg(span);
        case Kind::Year:
            return tr("Last 12 months: %1").arg(span);
        case Kind::Custom:
            break;
        }
        return span;
    }
    switch (m_kind) {
    case Kind::Day: {
        const qint64 hours = (m_toUtcS - m_fromUtcS + hourS / 2) / hourS;
        const QString day = QLocale().toString(from.date(), tr("dddd, d MMMM yyyy"));
        return hours == 24 ? day : tr("%1 (%2 hours: the clock was set)").arg(day).arg(hours);
    }
    case Kind::Week:
        return tr("Week from %1 to %2").arg(dateText(from.date()), dateText(to.date().addDays(-1)));
    case Kind::Month:
        return QLocale().toString(from.date(), tr("MMMM yyyy"));
    case Kind::Year:
        return QLocale().toString(from.date(), tr("yyyy"));
    case Kind::Hour:
    case Kind::Custom:
        break;
    }
    return span;
}

QString HistoryRange::timeText(qint64 utcS, qint64 bucketS) const
{
    const QDateTime time = local(utcS, m_zone);
    if (bucketS >= 27 * dayS)
        return QLocale().toString(time.date(), tr("MMM yyyy"));
    if (bucketS >= 23 * hourS)
        return dateText(time.date());
    if (local(m_fromUtcS, m_zone).date() == local(m_toUtcS - 1, m_zone).date())
        return clockText(time.time());
    return tr("%1, %2").arg(QLocale().toString(time.date(), tr("ddd d MMM")), clockText(time.time()));
}

QString HistoryRange::momentText(qint64 utcS) const
{
    const QDateTime time = local(utcS, m_zone);
    if (m_toUtcS - m_fromUtcS > 60 * dayS)
        return QLocale().toString(time.date(), tr("d MMM yyyy"));
    if (local(m_fromUtcS, m_zone).date() == local(m_toUtcS - 1, m_zone).date())
        return clockText(time.time());
    return tr("%1, %2").arg(QLocale().toString(time.date(), tr("d MMM")), clockText(time.time()));
}

QString HistoryRange::spanText(qint64 beginUtcS, qint64 endUtcS) const
{
    const QString begin = timeText(beginUtcS, endUtcS - beginUtcS);
    return endUtcS - beginUtcS >= 23 * hourS
        ? begin
        : tr("%1 – %2").arg(begin, clockText(local(endUtcS, m_zone).time()));
}

QString dateTimeText(qint64 utcS, const QTimeZone &zone)
{
    const QDateTime time = local(utcS, zone);
    return tr("%1, %2").arg(dateText(time.date()), clockText(time.time()));
}

QList<TimeTick> timeTicks(qint64 fromUtcS, qint64 toUtcS, const QTimeZone &zone, int most)
{
    static constexpr std::array<qint64, 15> steps = {
        1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160}; // minutes, to two weeks
    static constexpr std::array monthSteps = {1, 2, 3, 6, 12, 24, 60, 120};
    const auto wall = [&zone](qint64 utcS) { return local(utcS, zone); };
    for (const qint64 step : steps) {
        if ((toUtcS - fromUtcS) / (step * minuteS) >= most)
            continue;
        QList<TimeTick> ticks;
        // By the hour of each day anew, so that they stay round where the clock is set.
        for (QDate date = wall(fromUtcS).date(); startOf(date, zone) < toUtcS; date = date.addDays(1)) {
            if (step > 24 * 60 && date.toJulianDay() % (step / (24 * 60)) != 0)
                continue;
            const qint64 endUtcS = startOf(date.addDays(1), zone);
            for (qint64 utcS = startOf(date, zone); utcS < endUtcS;) {
                const QTime time = wall(utcS).time();
                const bool isDay = utcS == startOf(date, zone);
                const qint64 minute = time.hour() * 60 + time.minute();
                if (utcS >= fromUtcS && utcS < toUtcS && (isDay || minute % step == 0)) {
                    ticks.append(
                        {utcS, isDay ? QLocale().toString(date, tr("d MMM")) : clockText(time), isDay});
                }
                if (step >= 24 * 60)
                    break;
                utcS += std::min<qint64>(step, 60) * minuteS;
            }
        }
        return ticks;
    }
    for (const int step : monthSteps) {
        if ((toUtcS - fromUtcS) / (step * 30 * dayS) >= most)
            continue;
        QList<TimeTick> ticks;
        const QDate first = wall(fromUtcS).date();
        for (QDate date(first.year(), 1, 1); startOf(date, zone) < toUtcS; date = date.addMonths(step)) {
            const qint64 utcS = startOf(date, zone);
            if (utcS >= fromUtcS)
                ticks.append(
                    {utcS, QLocale().toString(date, date.month() == 1 ? tr("yyyy") : tr("MMM")), true});
        }
        return ticks;
    }
    return {};
}

} // namespace Nettally
