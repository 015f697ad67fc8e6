// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"
#include "alertperiod.h"
#include "historyquery.h"

#include <QHash>
#include <QMap>
#include <QSet>

/// Which rules have fired, from what the history holds. Nothing here looks at a clock or keeps state of its
/// own.
namespace Nettally {

/// A program as rules know it: for any user, in any group.
struct AlertProgram {
    QString name;
    QString executable; ///< empty: not known
    ProgramKind kind = ProgramKind::Program;

    /// What it is remembered by.
    QString key() const { return executable.isEmpty() ? name : executable; }
    bool isCalled(const QString &wanted) const { return name == wanted || executable == wanted; }
    bool operator==(const AlertProgram &) const = default;
};

inline size_t qHash(const AlertProgram &program, size_t seed = 0) noexcept
{
    return qHashMulti(seed, program.name, program.executable, quint8(program.kind));
}

/// What is remembered from one evaluation to the next, and over restarts.
struct AlertMemory {
    qint64 installedUtcS = 0; ///< 0: nothing was evaluated yet
    qint64 evaluatedUtcS = 0; ///< of the last minute in which programs were looked for
    qint64 digestUtcS = 0; ///< of the last digest of first uses
    qint64 snoozedUntilUtcS = 0;
    QStringList fired; ///< rule, span and program of what has fired, the oldest first
    QSet<QString> knownPrograms;
    QList<AlertProgram> newPrograms; ///< not told yet

    /// Whether @p key is new; it is not, from now on.
    bool remember(const QString &key);
    bool operator==(const AlertMemory &) const = default;
};

using AlertQuestions = QMap<QString, HistoryQuery>;
using AlertAnswers = QHash<QString, HistoryAnswer>;

/// What has to be known of the history, by a key of the answer.
AlertQuestions alertQuestions(const AlertSettings &settings, const AlertMemory &memory, qint64 nowUtcS,
                              const QTimeZone &zone);

struct AlertFindings {
    QList<AlertEvent> events;
    QList<AlertBudget> budgets;
};

/// Each rule fires once for a span and a program. What is not answered is not known, and fires nothing.
AlertFindings evaluateAlerts(const AlertSettings &settings, const AlertAnswers &answers, qint64 nowUtcS,
                             const QTimeZone &zone, UnitBase base, AlertMemory &memory);

/// Whether rules about programs apply to it.
bool isAlertProgramWatched(const AlertSettings &settings, const AlertProgram &program);
bool isAlertNetworkCounted(const AlertSettings &settings, const QString &network);
/// By local time; the hours may lie around midnight.
bool isAlertQuiet(const AlertSettings &settings, qint64 nowUtcS, const QTimeZone &zone);

/// The event of a rate that was passed; none if it was told in this hour.
std::optional<AlertEvent> alertRatePassed(const AlertRule &rule, const AlertProgram &program,
                                          double bytesPerSecond, qint64 nowUtcS, const QTimeZone &zone,
                                          UnitBase base, AlertMemory &memory);
AlertEvent alertMeasuringStopped(const AlertRule &rule, const QString &problem, qint64 nowUtcS);

} // namespace Nettally
