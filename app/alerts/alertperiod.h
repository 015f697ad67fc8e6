// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"

#include <QTimeZone>

namespace Nettally {

/// An hour, day or month by the clock on the wall.
struct AlertSpan {
    qint64 fromUtcS = 0;
    qint64 toUtcS = 0; ///< exclusive
    QString key; ///< the same for as long as it is the same span, whatever the zone is meanwhile
};

/// The span that holds the time. Months begin on @p billingDay, or on their last day where they lack it.
AlertSpan alertSpanAt(AlertPeriod period, qint64 utcS, const QTimeZone &zone, int billingDay = 1);

} // namespace Nettally
