// SPDX-License-Identifier: MIT
#include "alertperiod.h"

#include <QDateTime>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

QDate billingDate(int year, int month, int billingDay)
{
    const int days = QDate(year, month, 1).daysInMonth();
    return {year, month, std::min(billingDay, days)};
}

AlertSpan spanOf(const QDate &first, const QDate &next, const QTimeZone &zone)
{
    return {first.startOfDay(zone).toSecsSinceEpoch(), next.startOfDay(zone).toSecsSinceEpoch(),
            first.toString(Qt::ISODate)};
}

} // namespace

AlertSpan alertSpanAt(AlertPeriod period, qint64 utcS, const QTimeZone &zone, int billingDay)
{
    const QDateTime local = QDateTime::fromSecsSinceEpoch(utcS, zone);
    const QDate today = local.date();
    switch (period) {
    case AlertPeriod::Hour: {
        constexpr qint64 hourS = 3600;
        const qint64 since = (((utcS + local.offsetFromUtc()) % hourS) + hourS) % hourS;
        const qint64 fromUtcS = utcS - since;
        // The wall shows an hour twice when the clock is set back; these are two.
        return {fromUtcS, fromUtcS + hourS, QString::number(fromUtcS)};
    }
    case AlertPeriod::Day:
        return spanOf(today, today.addDays(1), zone);
    case AlertPeriod::Month:
        break;
    }
    QDate month(today.year(), today.month(), 1);
    if (today < billingDate(month.year(), month.month(), billingDay))
        month = month.addMonths(-1);
    const QDate next = month.addMonths(1);
    return spanOf(billingDate(month.year(), month.month(), billingDay),
                  billingDate(next.year(), next.month(), billingDay), zone);
}

} // namespace Nettally
