// SPDX-License-Identifier: MIT
#include "historybrowser.h"

#include "historytext.h"
#include "plaintext.h"

#include <QDateTime>
#include <QJsonObject>
#include <QPointer>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qint64 minuteS = 60;
constexpr qint64 hourS = 3600;
constexpr qint64 dayS = 24 * hourS;
/// The longest bucket there is is a month: the history begins within its first.
constexpr qint64 longestMonthS = 32 * dayS;
constexpr int mostPoints = 500;

} // namespace

HistoryBrowser::HistoryBrowser(const QTimeZone &zone, QObject *parent)
    : QObject(parent)
    , m_clock([] { return QDateTime::currentSecsSinceEpoch(); })
    , m_zone(zone)
    , m_range(HistoryRange::latest(HistoryRange::Kind::Day, m_clock(), zone))
{
}

void HistoryBrowser::setSource(const Source &source)
{
    m_source = source;
}

void HistoryBrowser::setClock(const Clock &clock)
{
    m_clock = clock;
    if (m_range.isLatest())
        m_range = HistoryRange::latest(m_range.kind(), nowUtcS(), m_zone);
}

void HistoryBrowser::setRange(const HistoryRange &range)
{
    m_range = range;
    m_isRangeChosen = true;
    ask();
}

void HistoryBrowser::setLatest(HistoryRange::Kind kind)
{
    setRange(HistoryRange::latest(kind, nowUtcS(), m_zone));
}

void HistoryBrowser::goToPrevious()
{
    setRange(m_range.previous());
}

void HistoryBrowser::goToNext()
{
    if (m_range.hasNext(nowUtcS()))
        setRange(m_range.next(nowUtcS()));
}

void HistoryBrowser::setBy(By by)
{
    if (by == m_by)
        return;
    m_by = by;
    ask();
}

void HistoryBrowser::open(const HistoryRange &range, const QList<HistoryStep> &path)
{
    m_range = range;
    m_isRangeChosen = true;
    m_path = path;
    m_by = nextBy();
    ask();
}

bool HistoryBrowser::enter(const QString &key)
{
    // Rows of another question may still be shown.
    const std::optional<HistoryStep> step = m_model.stepOf(key);
    if (!step || !m_shown || m_shown->path != m_path || m_shown->query.by != m_by)
        return false;
    m_path.append(*step);
    m_by = nextBy();
    ask();
    return true;
}

/// By what the restrictions do not tell.
HistoryBrowser::By HistoryBrowser::nextBy() const
{
    const auto isTold = [this](By by) {
        return std::any_of(m_path.cbegin(), m_path.cend(),
                           [by](const HistoryStep &each) { return each.by == by; });
    };
    return !isTold(By::Program) ? By::Program : !isTold(By::Remote) ? By::Remote : By::Time;
}

void HistoryBrowser::restrict(const QList<HistoryStep> &path, By by)
{
    if (path == m_path && by == m_by)
        return;
    m_path = path;
    m_by = by;
    ask();
}

void HistoryBrowser::leaveTo(qsizetype depth)
{
    if (depth < 0 || depth >= m_path.size())
        return;
    m_by = m_path.at(depth).by;
    m_path.resize(depth);
    ask();
}

void HistoryBrowser::refresh()
{
    if (m_isAsking)
        return; // a slow database would never come to the end of an answer
    if (m_range.isLatest())
        m_range = HistoryRange::latest(m_range.kind(), nowUtcS(), m_zone);
    ask();
}

void HistoryBrowser::setMeasure(Measure wanted)
{
    if (wanted == m_wantedMeasure)
        return;
    m_wantedMeasure = wanted;
    m_model.setMeasure(measure());
    Q_EMIT changed();
}

void HistoryBrowser::setUnitStyle(UnitStyle style)
{
    m_model.setUnitStyle(style);
}

HistoryQuery HistoryBrowser::restricted() const
{
    HistoryQuery query;
    for (const HistoryStep &step : m_path) {
        switch (step.by) {
        case By::Program:
            query.program = step.program;
            break;
        case By::Remote:
            query.remote = step.remote;
            break;
        case By::Protocol:
            query.protocol = step.protocol;
            break;
        case By::Interface:
            query.interfaceName = step.interfaceName;
            break;
        case By::Host:
        case By::Time:
            break;
        }
    }
    return query;
}

HistoryQuery HistoryBrowser::queryOfRows() const
{
    HistoryQuery query = restricted();
    query.by = m_by;
    query.fromUtcS = m_range.fromUtcS();
    query.toUtcS =
        std::max(std::min(m_range.toUtcS(), HistoryRange::writtenUntil(nowUtcS())), m_range.fromUtcS() + 60);
    query.top = mostRows;
    // Addresses may be too many to have a series each.
    query.maxPoints = m_by == By::Remote ? 0 : mostBuckets;
    if (m_by != By::Time && m_begunUtcS && *m_begunUtcS <= m_range.previousFromUtcS())
        query.previousFromUtcS = m_range.previousFromUtcS();
    return query;
}

void HistoryBrowser::ask()
{
    ++m_question;
    if (m_source && !m_isAsking)
        start();
    Q_EMIT asked();
}

void HistoryBrowser::start()
{
    m_isAsking = true;
    m_next = {};
    m_next.range = m_range;
    m_next.path = m_path;
    m_next.query = queryOfRows();
    if (m_begunUtcS)
        askRows();
    else
        askBegin();
}

void HistoryBrowser::put(const HistoryQuery &query, const Answered &next)
{
    m_source(
        query,
        [self = QPointer<HistoryBrowser>(this), question = m_question, next](const HistoryAnswer &answer) {
            if (!self)
                return;
            if (self->m_question != question)
                self->start();
            else if (!answer.problem.isEmpty())
                self->finish(answer.problem);
            else
                next(answer);
        });
}

void HistoryBrowser::askBegin()
{
    HistoryQuery query;
    query.by = By::Time;
    query.toUtcS = nowUtcS();
    put(query, [this](const HistoryAnswer &answer) {
        if (answer.total.firstUtcS == 0 && answer.total.lastUtcS == 0)
            askRows();
        else
            refineBegin(answer.total.firstUtcS, longestMonthS);
    });
}

/// By the hour, then by the minute, as far as they are left.
void HistoryBrowser::refineBegin(qint64 fromUtcS, qint64 lengthS)
{
    HistoryQuery query;
    query.by = By::Time;
    query.fromUtcS = fromUtcS;
    query.toUtcS = fromUtcS + lengthS;
    query.maxPoints = mostPoints;
    put(query, [this, lengthS, fromUtcS](const HistoryAnswer &answer) {
        const qint64 begunUtcS = answer.total.lastUtcS == 0 ? fromUtcS : answer.total.firstUtcS;
        if (lengthS == longestMonthS) {
            refineBegin(begunUtcS, 2 * hourS);
            return;
        }
        m_begunUtcS = begunUtcS;
        // A day would be empty but for its very end.
        if (!m_isRangeChosen && nowUtcS() - begunUtcS < hourS) {
            m_range = HistoryRange::latest(HistoryRange::Kind::Hour, nowUtcS(), m_zone);
            m_next.range = m_range;
            Q_EMIT asked();
        }
        askRows();
    });
}

void HistoryBrowser::askRows()
{
    m_next.query = queryOfRows();
    put(m_next.query, [this](const HistoryAnswer &answer) {
        m_next.answer = answer;
        if (m_next.query.by != By::Remote)
            askMonth();
        else if (answer.rest)
            askTotalByTime();
        else
            askPoints();
    });
}

/// Few enough addresses for a series of each.
void HistoryBrowser::askPoints()
{
    HistoryQuery query = m_next.query;
    query.maxPoints = mostBuckets;
    query.previousFromUtcS.reset();
    put(query, [this](const HistoryAnswer &answer) {
        QHash<QString, QList<TrafficSums>> points;
        for (const HistoryRow &row : answer.rows)
            points.insert(HistoryModel::keyOf(By::Remote, row), row.points);
        for (HistoryRow &row : m_next.answer.rows)
            row.points = points.value(HistoryModel::keyOf(By::Remote, row));
        m_next.answer.pointStartsUtcS = answer.pointStartsUtcS;
        m_next.answer.total.points = answer.total.points;
        askMonth();
    });
}

void HistoryBrowser::askTotalByTime()
{
    HistoryQuery query = m_next.query;
    query.by = By::Time;
    query.maxPoints = mostBuckets;
    query.previousFromUtcS.reset();
    put(query, [this](const HistoryAnswer &answer) {
        m_next.answer.pointStartsUtcS = answer.pointStartsUtcS;
        m_next.answer.total.points = answer.total.points;
        askPointsOf(0);
    });
}

/// Those which are drawn apart, one after the other.
void HistoryBrowser::askPointsOf(qsizetype row)
{
    if (row >= std::min<qsizetype>(mostSeries, m_next.answer.rows.size())) {
        askMonth();
        return;
    }
    const HistoryRow &of = m_next.answer.rows.at(row);
    if (!of.remote.isKnown()) {
        askPointsOf(row + 1); // it goes with all others
        return;
    }
    HistoryQuery query = m_next.query;
    query.by = By::Time;
    query.remote = of.remote;
    query.maxPoints = mostBuckets;
    query.previousFromUtcS.reset();
    put(query, [this, row](const HistoryAnswer &answer) {
        m_next.answer.rows[row].points = answer.total.points;
        askPointsOf(row + 1);
    });
}

void HistoryBrowser::askMonth()
{
    m_next.monthUntilUtcS = HistoryRange::writtenUntil(nowUtcS());
    HistoryQuery query = restricted();
    query.by = By::Time;
    query.fromUtcS = HistoryRange::whole(HistoryRange::Kind::Month, m_next.monthUntilUtcS, m_zone).fromUtcS();
    query.toUtcS = m_next.monthUntilUtcS;
    put(query, [this](const HistoryAnswer &answer) {
        m_next.month = answer.total.sums;
        finish({});
    });
}

void HistoryBrowser::finish(const QString &problem)
{
    m_isAsking = false;
    m_next.problem = problem;
    // An older one was imported: asked anew with the next question. A bucket may begin before the history.
    const qint64 firstUtcS = m_next.answer.total.firstUtcS;
    const QList<qint64> &starts = m_next.answer.pointStartsUtcS;
    const auto after = std::upper_bound(starts.cbegin(), starts.cend(), firstUtcS);
    if (m_begunUtcS && firstUtcS != 0 && after != starts.cend() && *after <= *m_begunUtcS)
        m_begunUtcS.reset();
    m_shown = std::exchange(m_next, {});
    draw();
    Q_EMIT changed();
}

void HistoryBrowser::draw()
{
    const HistoryQuery &query = m_shown->query;
    const HistoryAnswer &answer = m_shown->answer;
    m_model.setRows(query, answer, m_shown->range, query.previousFromUtcS.has_value());
    m_model.setMeasure(measure());
    m_graph = HistoryGraph(query, answer, m_begunUtcS);
    if (query.by != By::Time) {
        const qsizetype count = std::min<qsizetype>(mostSeries, answer.rows.size());
        for (qsizetype i = 0; i < count; ++i) {
            const HistoryRow &row = answer.rows.at(i);
            const bool isSilent = row.firstUtcS == 0 && row.lastUtcS == 0;
            if (!isSilent && !row.points.isEmpty())
                m_graph.append(HistoryModel::nameOf(query.by, row), HistoryModel::keyOf(query.by, row),
                               row.points);
        }
    }
    m_graph.appendRest(m_graph.series().isEmpty() ? tr("All together") : tr("All others"));
}

const HistoryRange &HistoryBrowser::shownRange() const
{
    return m_shown ? m_shown->range : m_range;
}

HistoryBrowser::By HistoryBrowser::shownBy() const
{
    return m_shown ? m_shown->query.by : m_by;
}

bool HistoryBrowser::isNetworkKnown() const
{
    return !m_shown || m_shown->answer.total.sums.network.has_value();
}

Measure HistoryBrowser::measure() const
{
    return isNetworkKnown() ? m_wantedMeasure : Measure::Payload;
}

std::optional<MeasuredBytes> HistoryBrowser::total() const
{
    return m_shown && m_shown->problem.isEmpty() ? bytesOf(m_shown->answer.total.sums, measure())
                                                 : std::nullopt;
}

std::optional<double> HistoryBrowser::change() const
{
    if (!m_shown || !m_shown->query.previousFromUtcS)
        return std::nullopt;
    return HistoryModel::changeOf(m_shown->answer.total.sums, m_shown->answer.total.previous, measure());
}

std::optional<MonthOutlook> HistoryBrowser::outlook() const
{
    if (!m_shown || !m_shown->problem.isEmpty() || !m_begunUtcS)
        return std::nullopt;
    const HistoryRange month =
        HistoryRange::whole(HistoryRange::Kind::Month, m_shown->monthUntilUtcS, m_zone);
    const Measure by = m_shown->month.network ? measure() : Measure::Payload;
    return MonthOutlook::of(m_shown->month, by, month.fromUtcS(), *m_begunUtcS, m_shown->monthUntilUtcS,
                            month.toUtcS());
}

QDate HistoryBrowser::outlookMonth() const
{
    return QDateTime::fromSecsSinceEpoch(m_shown ? m_shown->monthUntilUtcS : nowUtcS(), m_zone).date();
}

QString HistoryBrowser::emptyText() const
{
    if (!m_shown)
        return tr("Reading the history…");
    if (!m_shown->problem.isEmpty())
        return m_shown->problem;
    const TrafficSums &sums = m_shown->answer.total.sums;
    if (weightOf(sums, Measure::Payload) + weightOf(sums, Measure::Network) > 0)
        return {};
    if (!m_begunUtcS)
        return tr("Nothing is recorded yet. What moves now appears here as soon as its minute is over.");
    if (m_graph.toUtcS() <= *m_begunUtcS) {
        return tr("The history begins on %1: nothing is known of this time. Choose a later one.")
            .arg(dateTimeText(*m_begunUtcS, m_zone));
    }
    if (m_graph.measuredS() <= 0)
        return tr("Nothing was measured in this time. %1.").arg(gapText(m_graph.gaps().constLast()));
    if (!m_shown->path.isEmpty())
        return tr("“%1” moved nothing in this time.").arg(m_shown->path.constLast().name);
    return tr("No program moved anything in this time.");
}

QString HistoryBrowser::note() const
{
    if (!m_shown || !m_shown->problem.isEmpty())
        return {};
    QStringList sentences;
    const qint64 agoS = m_begunUtcS ? nowUtcS() - *m_begunUtcS : 0;
    if (m_begunUtcS && *m_begunUtcS > m_shown->range.fromUtcS() && *m_begunUtcS < m_shown->range.toUtcS()) {
        if (agoS < 2 * minuteS)
            sentences.append(tr("Recording began a minute ago."));
        else if (agoS < hourS)
            sentences.append(tr("Recording began %1 minutes ago.").arg(agoS / minuteS));
        else
            sentences.append(tr("The history begins on %1.").arg(dateTimeText(*m_begunUtcS, m_zone)));
    }
    if (m_wantedMeasure == Measure::Network && !isNetworkKnown())
        sentences.append(tr("Network bytes are not known for all of this time: payload is shown."));
    return sentences.join(u' ');
}

QByteArray HistoryBrowser::json() const
{
    return m_shown ? toJson(historyJson(m_shown->query, m_shown->answer)) : QByteArray();
}

QByteArray HistoryBrowser::csv() const
{
    return m_shown ? historyCsv(m_shown->query, m_shown->answer) : QByteArray();
}

} // namespace Nettally
