// SPDX-License-Identifier: MIT
#pragma once

#include "historyrecord.h"

#include <QList>
#include <QString>

#include <functional>
#include <optional>

namespace Nettally {

/**
 * A question to the history. Times are seconds since 1970 UTC.
 *
 * What is counted are the buckets that begin within the span, at the finest resolution that is left of it:
 * minutes for a week, hours for 90 days, then days.
 */
struct HistoryQuery {
    enum class By {
        Program, ///< by name, executable, user and kind
        Remote,
        Protocol,
        Interface,
        Host,
        Time, ///< everything in one row; its points are the answer
    };

    qint64 fromUtcS = 0;
    qint64 toUtcS = 0; ///< exclusive
    By by = By::Program;
    int top = 0; ///< rows, the rest is added up; 0: all
    int maxPoints = 0; ///< of the series of each row, at most 500; 0: none
    QString program; ///< only the program of that name or executable; empty: all
    std::optional<Address> remote;
    std::optional<quint8> protocol;
    QString host; ///< by name; empty: all of the database
    std::optional<qint64> previousFromUtcS; ///< compares with the span from there to fromUtcS
    std::optional<QString> interfaceName; ///< only what crossed it; empty: those not known
};

struct HistoryRow {
    ProgramIdentity program; ///< by program; the control group only where there was but one
    Address remote; ///< by remote
    bool isManyRemotes = false; ///< by remote: the many small ones of a time long past, as one
    quint8 protocol = 0; ///< by protocol
    QString name; ///< of the interface or host; empty: not known
    TrafficSums sums;
    TrafficSums previous; ///< of the span compared with; 0 without one
    qint64 firstUtcS = 0; ///< beginning of the first bucket with traffic
    qint64 lastUtcS = 0; ///< end of the last
    QList<TrafficSums> points;
};

struct HistoryAnswer {
    QList<HistoryRow> rows; ///< those that moved most first
    std::optional<HistoryRow> rest; ///< what is beyond the top rows
    HistoryRow total;
    QList<qint64> pointStartsUtcS; ///< ascending; a point lasts until the next, the last until the span ends
    QList<NotMeasured> notMeasured; ///< overlapping the span, ascending; of one machine only
    QString problem; ///< why there is no answer, one sentence for people; empty when there is one
};

/// What a check of the whole history found.
struct HistoryVerdict {
    quint64 comparedBuckets = 0; ///< rows of hours, days and months compared with their parts
    quint64 balancedMinutes = 0; ///< minutes of interfaces whose books balance
    quint64 unknownMinutes = 0; ///< those whose network bytes are not known for every flow
    QStringList faults; ///< sentences, the first 50; empty: all is right
    quint64 faultCount = 0;
    QString problem; ///< why it could not be checked
};

enum class ExportFormat {
    Json, ///< an object a line; what importing reads
    Csv, ///< the flows alone, for spreadsheets
};

/// Takes text; false ends the export.
using ExportSink = std::function<bool(const QByteArray &)>;

/// How reading an export in went.
struct HistoryImport {
    quint64 records = 0;
    bool isKnown = false; ///< this export was imported before; nothing was done
    QString problem; ///< why nothing was taken, one sentence for people
};

} // namespace Nettally
