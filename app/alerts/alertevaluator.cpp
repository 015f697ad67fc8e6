// SPDX-License-Identifier: MIT
#include "alertevaluator.h"

#include "plaintext.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

struct Text {
    Q_DECLARE_TR_FUNCTIONS(Alert)
};

/// Enough for years; the oldest go by their number, for a clock that jumps must not forget what was told.
constexpr qsizetype maxFired = 5000;
constexpr qint64 daySeconds = 86400;
/// A minute may come into the history late, after the evaluation that should have seen it.
constexpr qint64 lateS = 2 * 3600;
/// After installation everything is new: nobody wants to hear of it.
constexpr qint64 settlingS = 3600;
constexpr int usualDays = 14;
constexpr int leastUsualDays = 7;
constexpr int paceDays = 7;
constexpr int leastPaceDays = 3;
constexpr qsizetype mostNamed = 8;

using Sums = QHash<AlertProgram, TrafficSums>;

QString spanName(AlertPeriod period)
{
    switch (period) {
    case AlertPeriod::Hour:
        return u"hour"_s;
    case AlertPeriod::Day:
        return u"day"_s;
    case AlertPeriod::Month:
        break;
    }
    return u"month"_s;
}

QString networkKey(const QString &span, const QString &network)
{
    return span + u"/network/"_s + network;
}

/// The counted networks of a span: all less those ignored, or only some.
void askCounted(const AlertSettings &settings, const QString &span, HistoryQuery query,
                AlertQuestions &questions)
{
    query.by = HistoryQuery::By::Program;
    if (settings.onlyNetworks.isEmpty())
        questions.insert(span + u"/all"_s, query);
    for (const QString &network :
         settings.onlyNetworks.isEmpty() ? settings.ignoredNetworks : settings.onlyNetworks) {
        query.interfaceName = network;
        questions.insert(networkKey(span, network), query);
    }
}

TrafficSums difference(const TrafficSums &whole, const TrafficSums &part)
{
    const auto less = [](quint64 a, quint64 b) { return a > b ? a - b : 0; };
    TrafficSums rest{less(whole.rxPayloadBytes, part.rxPayloadBytes),
                     less(whole.txPayloadBytes, part.txPayloadBytes), std::nullopt};
    if (whole.network && part.network) {
        NetworkUsage usage;
        usage.rxBytes = less(whole.network->rxBytes, part.network->rxBytes);
        usage.txBytes = less(whole.network->txBytes, part.network->txBytes);
        rest.network = usage;
    }
    return rest;
}

AlertProgram programOf(const HistoryRow &row)
{
    return {row.program.name, row.program.executable, row.program.kind};
}

void add(Sums &sums, const AlertProgram &program, const TrafficSums &more)
{
    auto sum = sums.find(program);
    if (sum == sums.end())
        sum = sums.insert(program, TrafficSums::zero());
    *sum += more;
}

/// By program, of @p pick of each row; none: not all of it was answered.
template <typename Pick>
std::optional<Sums> counted(const AlertSettings &settings, const AlertAnswers &answers, const QString &span,
                            Pick pick)
{
    const auto gather = [&](const QString &key) -> std::optional<Sums> {
        const auto answer = answers.constFind(key);
        if (answer == answers.cend() || !answer->problem.isEmpty())
            return std::nullopt;
        Sums sums;
        for (const HistoryRow &row : answer->rows)
            add(sums, programOf(row), pick(row));
        return sums;
    };
    if (settings.onlyNetworks.isEmpty()) {
        std::optional<Sums> all = gather(span + u"/all"_s);
        for (const QString &network : settings.ignoredNetworks) {
            const std::optional<Sums> ignored = gather(networkKey(span, network));
            if (!all || !ignored)
                return std::nullopt;
            for (auto sum = ignored->cbegin(); sum != ignored->cend(); ++sum)
                (*all)[sum.key()] = difference(all->value(sum.key()), sum.value());
        }
        return all;
    }
    Sums all;
    for (const QString &network : settings.onlyNetworks) {
        const std::optional<Sums> some = gather(networkKey(span, network));
        if (!some)
            return std::nullopt;
        for (auto sum = some->cbegin(); sum != some->cend(); ++sum)
            add(all, sum.key(), sum.value());
    }
    return all;
}

std::optional<Sums> countedSums(const AlertSettings &settings, const AlertAnswers &answers,
                                const QString &span)
{
    return counted(settings, answers, span, [](const HistoryRow &row) { return row.sums; });
}

TrafficSums total(const Sums &sums)
{
    TrafficSums all = TrafficSums::zero();
    for (const TrafficSums &sum : sums)
        all += sum;
    return all;
}

QString firedKey(const AlertRule &rule, const QString &what, const QString &span, const QString &program = {})
{
    // With the limit, so that a rule that was changed may fire again.
    return QStringList{
        rule.id, what, QString::number(rule.limitBytes), QString::number(int(rule.direction)), span, program}
        .join(u'|');
}

AlertEvent eventOf(const AlertRule &rule, qint64 nowUtcS)
{
    AlertEvent event;
    event.utcS = nowUtcS;
    event.ruleId = rule.id;
    event.kind = rule.kind;
    return event;
}

QString nowSpanText(AlertPeriod period)
{
    switch (period) {
    case AlertPeriod::Hour:
        return Text::tr("this hour");
    case AlertPeriod::Day:
        return Text::tr("today");
    case AlertPeriod::Month:
        break;
    }
    return Text::tr("this month");
}

QString amountText(AlertDirection direction, const QString &who, const QString &amount, const QString &span,
                   const QString &limit)
{
    switch (direction) {
    case AlertDirection::Received:
        return Text::tr("%1 has received %2 %3; the limit is %4.").arg(who, amount, span, limit);
    case AlertDirection::Sent:
        return Text::tr("%1 has sent %2 %3; the limit is %4.").arg(who, amount, span, limit);
    case AlertDirection::Both:
        break;
    }
    return Text::tr("%1 has received and sent %2 %3; the limit is %4.").arg(who, amount, span, limit);
}

struct Evaluation {
    const AlertSettings &settings;
    const AlertAnswers &answers;
    qint64 nowUtcS;
    const QTimeZone &zone;
    UnitBase base;
    AlertMemory &memory;
    AlertFindings findings;

    void amount(const AlertRule &rule)
    {
        const AlertSpan span = alertSpanAt(rule.period, nowUtcS, zone);
        const auto pass = [&](const AlertProgram *program, const QString &who, const TrafficSums &sums) {
            const quint64 bytes = alertBytes(sums, rule.direction);
            if (bytes <= rule.limitBytes
                || !memory.remember(
                    firedKey(rule, spanName(rule.period), span.key, program ? program->key() : QString())))
                return;
            AlertEvent event = eventOf(rule, nowUtcS);
            event.title = Text::tr("%1 passed a limit").arg(who);
            event.text = amountText(rule.direction, who, formatBytes(bytes, base), nowSpanText(rule.period),
                                    formatBytes(rule.limitBytes, base));
            event.bytes = bytes;
            event.limitBytes = rule.limitBytes;
            if (program) {
                event.program = program->name;
                event.executable = program->executable;
            }
            if (rule.subject == AlertSubject::Network)
                event.network = rule.name;
            findings.events.append(event);
        };
        if (rule.subject == AlertSubject::Network) {
            if (const auto sums = sumsOf(networkKey(spanName(rule.period), rule.name)))
                pass(nullptr, printable(rule.name), *sums);
            return;
        }
        const std::optional<Sums> sums = countedSums(settings, answers, spanName(rule.period));
        if (!sums)
            return;
        if (rule.subject == AlertSubject::Machine) {
            pass(nullptr, Text::tr("This machine"), total(*sums));
            return;
        }
        if (rule.subject == AlertSubject::Program) {
            TrafficSums all = TrafficSums::zero();
            std::optional<AlertProgram> one;
            for (auto sum = sums->cbegin(); sum != sums->cend(); ++sum) {
                if (!sum.key().isCalled(rule.name) || !isAlertProgramWatched(settings, sum.key()))
                    continue;
                all += sum.value();
                if (!one || sum.key().executable < one->executable)
                    one = sum.key();
            }
            if (one)
                pass(&*one, printable(one->name), all);
            return;
        }
        for (const AlertProgram &program : inOrder(*sums)) {
            if (isAlertProgramWatched(settings, program))
                pass(&program, printable(program.name), sums->value(program));
        }
    }

    void budget(const AlertRule &rule)
    {
        const AlertSpan span = alertSpanAt(AlertPeriod::Month, nowUtcS, zone, rule.billingDay);
        const auto sums = sumsOf(u"budget/"_s + rule.id);
        if (!sums)
            return;
        AlertBudget state;
        state.ruleId = rule.id;
        state.network = rule.name;
        state.limitBytes = rule.limitBytes;
        state.toUtcS = span.toUtcS;
        state.usedBytes = alertBytes(*sums, rule.direction);
        state.projectedBytes = projected(rule, state);
        findings.budgets.append(state);

        // The strongest word that is new; the weaker ones are then said with it.
        const bool isOver = state.usedBytes >= state.limitBytes;
        const bool isNear = state.usedBytes >= state.limitBytes - state.limitBytes / 5;
        const bool isHeading = state.projectedBytes && *state.projectedBytes > state.limitBytes;
        bool isSaid = false;
        AlertEvent event = eventOf(rule, nowUtcS);
        event.network = rule.name;
        event.bytes = state.usedBytes;
        event.limitBytes = state.limitBytes;
        const QString who = printable(rule.name);
        const QString used = formatBytes(state.usedBytes, base);
        const QString limit = formatBytes(state.limitBytes, base);
        if (memory.fired.contains(firedKey(rule, u"100"_s, span.key)))
            return;
        if (isOver) {
            isSaid = memory.remember(firedKey(rule, u"100"_s, span.key));
            event.title = Text::tr("%1: the budget is used up").arg(who);
            event.text = Text::tr("%1 has used %2 of %3.").arg(who, used, limit);
        }
        if (isOver || isNear) {
            const bool isNew = memory.remember(firedKey(rule, u"80"_s, span.key));
            if (isNew && !isSaid) {
                isSaid = true;
                event.title = Text::tr("%1: 80 % of the budget are used").arg(who);
                event.text = Text::tr("%1 has used %2 of %3.").arg(who, used, limit);
            }
        }
        if (isOver || isHeading) {
            const bool isNew = memory.remember(firedKey(rule, u"heading"_s, span.key));
            if (isNew && !isSaid) {
                isSaid = true;
                event.title = Text::tr("%1 is heading over its budget").arg(who);
                const QDate last = QDateTime::fromSecsSinceEpoch(span.toUtcS - 1, zone).date();
                event.text =
                    Text::tr("%1 has used %2 of %3; at the pace of the past days it comes to %4 by %5.")
                        .arg(who, used, limit, formatBytes(*state.projectedBytes, base),
                             QLocale().toString(last, QLocale::ShortFormat));
            }
        }
        if (isSaid)
            findings.events.append(event);
    }

    /// What was used, and for the rest of the period the average of the past full days, as far back as the
    /// network is known and a week at most.
    std::optional<quint64> projected(const AlertRule &rule, const AlertBudget &state) const
    {
        const auto answer = answers.constFind(u"pace/"_s + rule.id);
        if (answer == answers.cend() || !answer->problem.isEmpty())
            return std::nullopt;
        const qint64 today = alertSpanAt(AlertPeriod::Day, nowUtcS, zone).fromUtcS;
        const HistoryRow &row = answer->total;
        quint64 bytes = 0;
        int days = 0;
        for (qsizetype i = 0; i < answer->pointStartsUtcS.size() && i < row.points.size(); ++i) {
            if (answer->pointStartsUtcS.at(i) >= today)
                break;
            const quint64 ofDay = alertBytes(row.points.at(i), rule.direction);
            if (days > 0 || ofDay > 0)
                ++days;
            bytes += ofDay;
        }
        if (days < leastPaceDays)
            return std::nullopt;
        const double perSecond = double(bytes) / (double(days) * double(daySeconds));
        return state.usedBytes + quint64(perSecond * double(std::max<qint64>(0, state.toUtcS - nowUtcS)));
    }

    void unusualSending(const AlertRule &rule)
    {
        const auto answer = answers.constFind(
            settings.onlyNetworks.isEmpty() ? u"usual/all"_s
                                            : networkKey(u"usual"_s, settings.onlyNetworks.constFirst()));
        if (answer == answers.cend() || !answer->problem.isEmpty())
            return;
        const AlertSpan day = alertSpanAt(AlertPeriod::Day, nowUtcS, zone);
        const qsizetype points = answer->pointStartsUtcS.size();
        struct Course {
            quint64 most = 0;
            int days = 0;
        };
        QHash<AlertProgram, Course> usual;
        std::optional<Sums> today;
        for (qsizetype i = 0; i < points; ++i) {
            const std::optional<Sums> sums = counted(
                settings, answers, u"usual"_s, [i](const HistoryRow &row) { return row.points.value(i); });
            if (!sums)
                return;
            if (answer->pointStartsUtcS.at(i) >= day.fromUtcS) {
                today = sums;
                break;
            }
            for (auto sum = sums->cbegin(); sum != sums->cend(); ++sum) {
                const quint64 sent = alertBytes(sum.value(), AlertDirection::Sent);
                Course &course = usual[sum.key()];
                course.most = std::max(course.most, sent);
                course.days += sent > 0;
            }
        }
        if (!today)
            return;
        for (const AlertProgram &program : inOrder(*today)) {
            const quint64 sent = alertBytes(today->value(program), AlertDirection::Sent);
            const Course course = usual.value(program);
            // Divided, so that nothing overflows.
            if (!isAlertProgramWatched(settings, program) || course.days < leastUsualDays
                || sent <= rule.limitBytes || sent / quint64(rule.factor) <= course.most
                || !memory.remember(firedKey(rule, u"day"_s, day.key, program.key())))
                continue;
            AlertEvent event = eventOf(rule, nowUtcS);
            const QString who = printable(program.name);
            event.title = Text::tr("%1 sends unusually much").arg(who);
            event.text = Text::tr("%1 has sent %2 today; the most on a day of the past two weeks was %3.")
                             .arg(who, formatBytes(sent, base), formatBytes(course.most, base));
            event.program = program.name;
            event.executable = program.executable;
            event.bytes = sent;
            event.limitBytes = std::max(rule.limitBytes, course.most * quint64(rule.factor));
            findings.events.append(event);
        }
    }

    void learn()
    {
        const std::optional<Sums> sums = countedSums(settings, answers, u"first"_s);
        if (!sums)
            return;
        // What a closed window missed comes into the history in the order of time, and later than this.
        for (auto answer = answers.cbegin(); answer != answers.cend(); ++answer) {
            if (answer.key().startsWith(u"first/"))
                memory.evaluatedUtcS = std::max(memory.evaluatedUtcS, answer->total.lastUtcS);
        }
        const bool isFirst = memory.installedUtcS == 0;
        if (isFirst)
            memory.installedUtcS = nowUtcS;
        const bool isSettling = nowUtcS >= memory.installedUtcS && nowUtcS < memory.installedUtcS + settlingS;
        for (const AlertProgram &program : inOrder(*sums)) {
            if (program.kind != ProgramKind::Program || memory.knownPrograms.contains(program.key())
                || alertBytes(sums->value(program), AlertDirection::Both) == 0)
                continue;
            memory.knownPrograms.insert(program.key());
            if (!isSettling && isAlertProgramWatched(settings, program))
                memory.newPrograms.append(program);
        }
    }

    void firstUse(const AlertRule &rule)
    {
        if (memory.newPrograms.isEmpty())
            return;
        const qint64 sinceS = nowUtcS - memory.digestUtcS;
        // A clock that was set back must not hold the digest for long.
        if (sinceS >= 0 && sinceS < qint64(settings.digestMinutes) * 60)
            return;
        const QList<AlertProgram> programs = std::exchange(memory.newPrograms, {});
        memory.digestUtcS = nowUtcS;
        QStringList names;
        for (const AlertProgram &program : programs)
            names.append(printable(program.name));
        names.removeDuplicates();
        const qsizetype more = names.size() - mostNamed;
        if (more > 0) {
            names.resize(mostNamed);
            names.append(Text::tr("%n other(s)", nullptr, int(more)));
        }
        AlertEvent event = eventOf(rule, nowUtcS);
        event.title = Text::tr("First use of the network");
        event.text = programs.size() == 1
            ? Text::tr("%1 used the network for the first time.").arg(names.constFirst())
            : Text::tr("%n program(s) used the network for the first time: %1.", nullptr,
                       int(programs.size()))
                  .arg(QLocale().createSeparatedList(names));
        if (programs.size() == 1) {
            event.program = programs.constFirst().name;
            event.executable = programs.constFirst().executable;
        }
        findings.events.append(event);
    }

    std::optional<TrafficSums> sumsOf(const QString &key) const
    {
        const auto answer = answers.constFind(key);
        if (answer == answers.cend() || !answer->problem.isEmpty())
            return std::nullopt;
        return answer->total.sums;
    }

    static QList<AlertProgram> inOrder(const Sums &sums)
    {
        QList<AlertProgram> programs = sums.keys();
        std::sort(programs.begin(), programs.end(), [](const AlertProgram &a, const AlertProgram &b) {
            return std::tie(a.name, a.executable, a.kind) < std::tie(b.name, b.executable, b.kind);
        });
        return programs;
    }
};

} // namespace

bool AlertMemory::remember(const QString &key)
{
    if (fired.contains(key))
        return false;
    fired.append(key);
    if (fired.size() > maxFired)
        fired.removeFirst();
    return true;
}

AlertQuestions alertQuestions(const AlertSettings &settings, const AlertMemory &memory, qint64 nowUtcS,
                              const QTimeZone &zone)
{
    AlertQuestions questions;
    const auto spanQuery = [nowUtcS](qint64 fromUtcS) {
        HistoryQuery query;
        query.fromUtcS = fromUtcS;
        query.toUtcS = nowUtcS + 1;
        query.by = HistoryQuery::By::Time;
        return query;
    };
    const qint64 today = alertSpanAt(AlertPeriod::Day, nowUtcS, zone).fromUtcS;
    const auto daysBefore = [&zone, nowUtcS](int days) {
        const QDate date = QDateTime::fromSecsSinceEpoch(nowUtcS, zone).date().addDays(-days);
        return date.startOfDay(zone).toSecsSinceEpoch();
    };
    for (const AlertRule &rule : settings.rules) {
        if (!rule.isEnabled)
            continue;
        switch (rule.kind) {
        case AlertKind::Amount: {
            HistoryQuery query = spanQuery(alertSpanAt(rule.period, nowUtcS, zone).fromUtcS);
            if (rule.subject == AlertSubject::Network) {
                query.by = HistoryQuery::By::Program;
                query.interfaceName = rule.name;
                questions.insert(networkKey(spanName(rule.period), rule.name), query);
            } else {
                askCounted(settings, spanName(rule.period), query, questions);
            }
            break;
        }
        case AlertKind::Budget: {
            HistoryQuery query =
                spanQuery(alertSpanAt(AlertPeriod::Month, nowUtcS, zone, rule.billingDay).fromUtcS);
            query.interfaceName = rule.name;
            questions.insert(u"budget/"_s + rule.id, query);
            query = spanQuery(daysBefore(paceDays));
            query.toUtcS = std::max(today, query.fromUtcS + 1);
            query.interfaceName = rule.name;
            query.maxPoints = paceDays + 1;
            questions.insert(u"pace/"_s + rule.id, query);
            break;
        }
        case AlertKind::UnusualSending: {
            HistoryQuery query = spanQuery(daysBefore(usualDays));
            // So many that its points are days, and not hours.
            query.maxPoints = usualDays + 2;
            askCounted(settings, u"usual"_s, query, questions);
            break;
        }
        case AlertKind::FirstUse: {
            const qint64 since = std::min(memory.evaluatedUtcS, nowUtcS) - lateS;
            askCounted(settings, u"first"_s, spanQuery(memory.installedUtcS == 0 ? 0 : since), questions);
            break;
        }
        case AlertKind::Rate:
        case AlertKind::NotMeasuring:
            break;
        }
    }
    return questions;
}

AlertFindings evaluateAlerts(const AlertSettings &settings, const AlertAnswers &answers, qint64 nowUtcS,
                             const QTimeZone &zone, UnitBase base, AlertMemory &memory)
{
    Evaluation evaluation{settings, answers, nowUtcS, zone, base, memory, {}};
    evaluation.learn();
    for (const AlertRule &rule : settings.rules) {
        if (!rule.isEnabled)
            continue;
        switch (rule.kind) {
        case AlertKind::Amount:
            evaluation.amount(rule);
            break;
        case AlertKind::Budget:
            evaluation.budget(rule);
            break;
        case AlertKind::UnusualSending:
            evaluation.unusualSending(rule);
            break;
        case AlertKind::FirstUse:
            evaluation.firstUse(rule);
            break;
        case AlertKind::Rate:
        case AlertKind::NotMeasuring:
            break;
        }
    }
    return evaluation.findings;
}

bool isAlertProgramWatched(const AlertSettings &settings, const AlertProgram &program)
{
    if (program.kind != ProgramKind::Program && program.kind != ProgramKind::KernelThread)
        return false;
    const auto isIn = [&program](const QStringList &list) {
        return list.contains(program.name)
            || (!program.executable.isEmpty() && list.contains(program.executable));
    };
    return !isIn(settings.mutedPrograms) && (settings.onlyPrograms.isEmpty() || isIn(settings.onlyPrograms));
}

bool isAlertNetworkCounted(const AlertSettings &settings, const QString &network)
{
    return settings.onlyNetworks.isEmpty() ? !settings.ignoredNetworks.contains(network)
                                           : settings.onlyNetworks.contains(network);
}

bool isAlertQuiet(const AlertSettings &settings, qint64 nowUtcS, const QTimeZone &zone)
{
    if (!settings.hasQuietHours)
        return false;
    const QTime now = QDateTime::fromSecsSinceEpoch(nowUtcS, zone).time();
    return settings.quietFrom <= settings.quietTo ? now >= settings.quietFrom && now < settings.quietTo
                                                  : now >= settings.quietFrom || now < settings.quietTo;
}

std::optional<AlertEvent> alertRatePassed(const AlertRule &rule, const AlertProgram &program,
                                          double bytesPerSecond, qint64 nowUtcS, const QTimeZone &zone,
                                          UnitBase base, AlertMemory &memory)
{
    const AlertSpan hour = alertSpanAt(AlertPeriod::Hour, nowUtcS, zone);
    if (!memory.remember(firedKey(rule, u"rate"_s, hour.key, program.key())))
        return std::nullopt;
    const bool isProgram = rule.subject == AlertSubject::Program || rule.subject == AlertSubject::AnyProgram;
    const QString who = isProgram               ? printable(program.name)
        : rule.subject == AlertSubject::Network ? printable(rule.name)
                                                : Text::tr("This machine");
    AlertEvent event = eventOf(rule, nowUtcS);
    event.title = Text::tr("%1 passed a limit").arg(who);
    event.text = amountText(rule.direction, who, formatRate(bytesPerSecond, {base, RateUnit::Bytes}),
                            Text::tr("over %n second(s)", nullptr, rule.overSeconds),
                            formatRate(double(rule.limitBytes), {base, RateUnit::Bytes}));
    event.bytes = quint64(bytesPerSecond);
    event.limitBytes = rule.limitBytes;
    if (isProgram) {
        event.program = program.name;
        event.executable = program.executable;
    }
    if (rule.subject == AlertSubject::Network)
        event.network = rule.name;
    return event;
}

AlertEvent alertMeasuringStopped(const AlertRule &rule, const QString &problem, qint64 nowUtcS)
{
    AlertEvent event = eventOf(rule, nowUtcS);
    event.title = Text::tr("Nettally measures no more");
    event.text = problem.isEmpty() ? Text::tr("The helper has not answered for a minute.") : problem;
    return event;
}

} // namespace Nettally
