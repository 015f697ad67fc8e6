// SPDX-License-Identifier: MIT
#pragma once

#include "alertevaluator.h"
#include "alertrates.h"

#include <QLockFile>
#include <QObject>
#include <QTimer>

#include <chrono>
#include <functional>

namespace Nettally {

/**
 * Asks the history what the rules have to know, each minute and when the history grew, and keeps what was
 * told in a file. Amounts come from the history alone, so that a restart forgets nothing. Of several windows
 * of one user, one looks after the alerts; another takes over when it is closed.
 */
class AlertEngine : public QObject {
    Q_OBJECT

public:
    using Answered = std::function<void(const HistoryAnswer &)>;
    /// Answers each question once, later, in this object's thread.
    using Source = std::function<void(const HistoryQuery &, const Answered &)>;
    /// Seconds since 1970 UTC.
    using Clock = std::function<qint64()>;
    using Zone = std::function<QTimeZone()>;

    /// @p folder holds its files, and is made when there is something to write.
    explicit AlertEngine(const QString &folder, QObject *parent = nullptr);
    /// Writes what is not written yet.
    ~AlertEngine() override;

    void setClock(const Clock &clock) { m_clock = clock; }
    void setZone(const Zone &zone) { m_zone = zone; }
    void setUnitBase(const std::function<UnitBase()> &base) { m_base = base; }
    void setInterfaceName(const AlertRates::InterfaceName &name);
    /// How long measuring may be interrupted before that is told.
    void setPatience(std::chrono::milliseconds patience) { m_stoppedTimer.setInterval(patience); }
    /// Begins to ask.
    void start(const Source &source);

    const AlertSettings &settings() const { return m_settings; }
    /// Takes effect now; problem() says why it would not be kept.
    void setSettings(const AlertSettings &settings);
    const QList<AlertEvent> &events() const { return m_log.events; }
    void clearEvents();
    const QList<AlertBudget> &budgets() const { return m_budgets; }
    /// What is wrong with the files, a sentence; empty when nothing is.
    const QString &problem() const { return m_problem; }
    /// Until when nothing is shown but in the list, seconds since 1970 UTC; none: notifications are on.
    std::optional<qint64> snoozedUntilUtcS() const;

    void snooze(std::chrono::seconds time);
    void wake();
    void mute(const QString &program);
    void setDelivery(quint64 number, AlertDelivery delivery);
    void setOutcome(quint64 number, const QString &outcome);

    /// A reading of the live stream.
    void takeLive(const UsageChange &change);
    /// @p problem: why it does not.
    void setMeasuring(bool isMeasuring, const QString &problem);
    void historyGrew();
    void evaluate();

Q_SIGNALS:
    /// Recorded; to be shown if its delivery says so, and acted upon.
    void raised(const Nettally::AlertEvent &event, const Nettally::AlertAction &action);
    void eventsChanged();
    void settingsChanged();
    void budgetsChanged();
    /// Of snoozing, or of the problem.
    void stateChanged();

private:
    void readFiles();
    bool isOwner();
    void finish();
    void raise(AlertEvent event);
    AlertEvent *eventOf(quint64 number);
    void writeLog();
    void setProblem(const QString &problem);

    const QString m_folder;
    QLockFile m_lock;
    bool m_isOthers = false; ///< another window has the lock
    Source m_source;
    Clock m_clock;
    Zone m_zone;
    std::function<UnitBase()> m_base;
    AlertSettings m_settings;
    AlertLogFile m_log;
    AlertMemory m_memory;
    AlertRates m_rates;
    QList<AlertBudget> m_budgets;
    QString m_settingsProblem;
    QString m_logProblem;
    QString m_problem;
    quint64 m_lastNumber = 0;

    AlertQuestions m_asked;
    AlertAnswers m_answers;
    qint64 m_askedUtcS = 0;
    quint64 m_round = 0; ///< answers of earlier rounds are dropped
    bool m_isAsking = false;
    bool m_isAgainWanted = false;

    QTimer m_minuteTimer;
    QTimer m_soonTimer;
    QTimer m_stoppedTimer;
    QString m_stoppedProblem;
    bool m_wasMeasuring = false;
};

} // namespace Nettally
