// SPDX-License-Identifier: MIT
#pragma once

#include "historygraph.h"
#include "historymodel.h"
#include "historyrange.h"

#include <QObject>

#include <functional>

namespace Nettally {

/**
 * What the History page asks and what it was answered. One question is under way at a time; one that was
 * superseded meanwhile is answered by the next, and until an answer is whole what was shown before stays.
 */
class HistoryBrowser : public QObject {
    Q_OBJECT

public:
    using By = HistoryQuery::By;
    using Answered = std::function<void(const HistoryAnswer &)>;
    /// Answers each question once, later, in this object's thread.
    using Source = std::function<void(const HistoryQuery &, const Answered &)>;
    /// Seconds since 1970 UTC.
    using Clock = std::function<qint64()>;

    /// Drawn apart, besides all others.
    static constexpr int mostSeries = 6;
    static constexpr int mostBuckets = 400;
    static constexpr int mostRows = 1000;

    explicit HistoryBrowser(const QTimeZone &zone, QObject *parent = nullptr);

    /// Asked with the next question.
    void setSource(const Source &source);
    void setClock(const Clock &clock);
    qint64 nowUtcS() const { return m_clock(); }

    void setRange(const HistoryRange &range);
    /// Another kind, up to now.
    void setLatest(HistoryRange::Kind kind);
    void goToPrevious();
    void goToNext();
    void setBy(By by);
    /// Another time and other restrictions at once, and asks by what is next.
    void open(const HistoryRange &range, const QList<HistoryStep> &path);
    /// Restricts to a row of the model, and asks by what is next; false where nothing is behind the row.
    bool enter(const QString &key);
    /// To these restrictions, listed by @p by.
    void restrict(const QList<HistoryStep> &path, By by);
    /// Back to the first @p depth restrictions, and what was listed then.
    void leaveTo(qsizetype depth);
    /// Asks the same again; what leads up to now moves on.
    void refresh();
    void setMeasure(Measure wanted);
    void setUnitStyle(UnitStyle style);

    // What is asked.
    const HistoryRange &range() const { return m_range; }
    By by() const { return m_by; }
    const QList<HistoryStep> &path() const { return m_path; }
    bool isWaiting() const { return m_isAsking; }

    // What was answered last.
    bool hasAnswer() const { return m_shown.has_value(); }
    HistoryModel &model() { return m_model; }
    const HistoryGraph &graph() const { return m_graph; }
    const HistoryRange &shownRange() const;
    By shownBy() const;
    /// Network bytes where they are wanted and known for all that is shown.
    Measure measure() const;
    bool isNetworkKnown() const;
    std::optional<MeasuredBytes> total() const;
    /// Of all together against the period before; none: not known.
    std::optional<double> change() const;
    std::optional<MonthOutlook> outlook() const;
    QDate outlookMonth() const;
    /// When the history begins, as far as it is known.
    std::optional<qint64> begunUtcS() const { return m_begunUtcS; }
    /// Why there is nothing to show; empty where there is.
    QString emptyText() const;
    /// What is to be known about what is shown; empty: nothing.
    QString note() const;
    QByteArray json() const;
    QByteArray csv() const;

Q_SIGNALS:
    /// Of what is asked.
    void asked();
    /// Of what was answered, or how it is counted.
    void changed();

private:
    struct Shown {
        HistoryQuery query;
        HistoryRange range;
        HistoryAnswer answer;
        QList<HistoryStep> path;
        TrafficSums month; ///< of what leads up to monthUntilUtcS
        qint64 monthUntilUtcS = 0;
        QString problem;
    };

    By nextBy() const;
    HistoryQuery restricted() const;
    HistoryQuery queryOfRows() const;
    void ask();
    void start();
    void put(const HistoryQuery &query, const Answered &next);
    void askBegin();
    void refineBegin(qint64 fromUtcS, qint64 lengthS);
    void askRows();
    void askPoints();
    void askTotalByTime();
    void askPointsOf(qsizetype row);
    void askMonth();
    void finish(const QString &problem);
    void draw();

    Source m_source;
    Clock m_clock;
    QTimeZone m_zone;
    HistoryRange m_range;
    bool m_isRangeChosen = false; ///< by somebody
    By m_by = By::Program;
    QList<HistoryStep> m_path;
    Measure m_wantedMeasure = Measure::Payload;

    quint64 m_question = 0; ///< number of the newest
    bool m_isAsking = false;
    Shown m_next; ///< being gathered
    std::optional<Shown> m_shown;
    std::optional<qint64> m_begunUtcS;
    HistoryGraph m_graph;
    HistoryModel m_model;
};

} // namespace Nettally
