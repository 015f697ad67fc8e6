// SPDX-License-Identifier: MIT
#include "alertengine.h"

#include <QDateTime>
#include <QDir>
#include <QJsonArray>

#include <algorithm>

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace Nettally {

namespace {

QJsonObject programJson(const AlertProgram &program)
{
    return {{u"name"_s, program.name}, {u"executable"_s, program.executable}};
}

QJsonObject memoryJson(const AlertMemory &memory)
{
    QStringList known(memory.knownPrograms.cbegin(), memory.knownPrograms.cend());
    known.sort();
    QJsonArray fresh;
    for (const AlertProgram &program : memory.newPrograms)
        fresh.append(programJson(program));
    return {{u"installedUtcS"_s, memory.installedUtcS},
            {u"evaluatedUtcS"_s, memory.evaluatedUtcS},
            {u"digestUtcS"_s, memory.digestUtcS},
            {u"snoozedUntilUtcS"_s, memory.snoozedUntilUtcS},
            {u"fired"_s, QJsonArray::fromStringList(memory.fired)},
            {u"knownPrograms"_s, QJsonArray::fromStringList(known)},
            {u"newPrograms"_s, fresh}};
}

AlertMemory memoryOf(const QJsonObject &object)
{
    AlertMemory memory;
    memory.installedUtcS = object[u"installedUtcS"].toInteger();
    memory.evaluatedUtcS = object[u"evaluatedUtcS"].toInteger();
    memory.digestUtcS = object[u"digestUtcS"].toInteger();
    memory.snoozedUntilUtcS = object[u"snoozedUntilUtcS"].toInteger();
    for (const QJsonValue &key : object[u"fired"].toArray())
        memory.fired.append(key.toString());
    for (const QJsonValue &program : object[u"knownPrograms"].toArray())
        memory.knownPrograms.insert(program.toString());
    for (const QJsonValue &program : object[u"newPrograms"].toArray())
        memory.newPrograms.append({program[u"name"].toString(), program[u"executable"].toString()});
    return memory;
}

bool hasEnabled(const AlertSettings &settings, AlertKind kind)
{
    return std::any_of(settings.rules.cbegin(), settings.rules.cend(),
                       [kind](const AlertRule &rule) { return rule.kind == kind && rule.isEnabled; });
}

} // namespace

AlertEngine::AlertEngine(const QString &folder, QObject *parent)
    : QObject(parent)
    , m_folder(folder)
    , m_lock(folder + u"/alerts.lock"_s)
    , m_clock([] { return QDateTime::currentSecsSinceEpoch(); })
    , m_zone([] { return QTimeZone::systemTimeZone(); })
    , m_base([] { return UnitBase::Iec; })
    , m_rates([](quint32) { return QString(); })
{
    // Kept while its process lives.
    m_lock.setStaleLockTime(0);
    readFiles();

    m_minuteTimer.setInterval(60s);
    connect(&m_minuteTimer, &QTimer::timeout, this, &AlertEngine::evaluate);
    m_soonTimer.setInterval(500ms);
    m_soonTimer.setSingleShot(true);
    connect(&m_soonTimer, &QTimer::timeout, this, &AlertEngine::evaluate);
    m_stoppedTimer.setInterval(60s);
    m_stoppedTimer.setSingleShot(true);
    connect(&m_stoppedTimer, &QTimer::timeout, this, [this] {
        if (!isOwner())
            return;
        for (const AlertRule &rule : std::as_const(m_settings.rules)) {
            if (rule.kind == AlertKind::NotMeasuring && rule.isEnabled)
                raise(alertMeasuringStopped(rule, m_stoppedProblem, m_clock()));
        }
    });
}

AlertEngine::~AlertEngine()
{
    if (m_lock.isLocked())
        writeLog();
}

void AlertEngine::readFiles()
{
    m_settings = AlertSettingsFile::read(m_folder, m_settingsProblem);
    m_log = AlertLogFile::read(m_folder, m_logProblem);
    m_memory = memoryOf(m_log.memory);
    for (const AlertEvent &event : std::as_const(m_log.events))
        m_lastNumber = std::max(m_lastNumber, event.number);
    m_problem = m_settingsProblem.isEmpty() ? m_logProblem : m_settingsProblem;
    m_rates.setSettings(m_settings);
}

/// Without a folder that can be written nobody shares it.
bool AlertEngine::isOwner()
{
    if (m_lock.isLocked())
        return true;
    QDir().mkpath(m_folder);
    if (!m_lock.tryLock(0) && m_lock.error() == QLockFile::LockFailedError) {
        m_isOthers = true;
        setProblem(tr("Another window of Nettally looks after the alerts; change them there."));
        return false;
    }
    if (std::exchange(m_isOthers, false)) {
        readFiles();
        Q_EMIT settingsChanged();
        Q_EMIT eventsChanged();
        Q_EMIT stateChanged();
    }
    return true;
}

void AlertEngine::setInterfaceName(const AlertRates::InterfaceName &name)
{
    m_rates = AlertRates(name);
    m_rates.setSettings(m_settings);
}

void AlertEngine::start(const Source &source)
{
    m_source = source;
    isOwner();
    m_minuteTimer.start();
    m_soonTimer.start();
}

void AlertEngine::setSettings(const AlertSettings &settings)
{
    if (settings == m_settings || !isOwner())
        return;
    // Who looks for first uses again does not want to hear what came meanwhile.
    if (hasEnabled(settings, AlertKind::FirstUse) && !hasEnabled(m_settings, AlertKind::FirstUse)) {
        m_memory.installedUtcS = 0;
        m_memory.newPrograms.clear();
    }
    m_settings = settings;
    m_rates.setSettings(settings);
    m_settingsProblem = AlertSettingsFile::write(m_folder, settings);
    setProblem(m_settingsProblem.isEmpty() ? m_logProblem : m_settingsProblem);
    Q_EMIT settingsChanged();
    evaluate();
}

void AlertEngine::clearEvents()
{
    if (!isOwner())
        return;
    m_log.events.clear();
    writeLog();
    Q_EMIT eventsChanged();
}

std::optional<qint64> AlertEngine::snoozedUntilUtcS() const
{
    // No clock that jumps may hold them for longer than they were held for.
    const qint64 leftS = m_memory.snoozedUntilUtcS - m_clock();
    return leftS > 0 && leftS <= 24 * 3600 ? std::optional(m_memory.snoozedUntilUtcS) : std::nullopt;
}

void AlertEngine::snooze(std::chrono::seconds time)
{
    if (!isOwner())
        return;
    m_memory.snoozedUntilUtcS = m_clock() + time.count();
    writeLog();
    Q_EMIT stateChanged();
}

void AlertEngine::wake()
{
    if (!isOwner())
        return;
    m_memory.snoozedUntilUtcS = 0;
    writeLog();
    Q_EMIT stateChanged();
}

void AlertEngine::mute(const QString &program)
{
    AlertSettings settings = m_settings;
    if (program.isEmpty() || settings.mutedPrograms.contains(program))
        return;
    settings.mutedPrograms.append(program);
    setSettings(settings);
}

void AlertEngine::setDelivery(quint64 number, AlertDelivery delivery)
{
    AlertEvent *event = eventOf(number);
    if (!event || event->delivery == delivery)
        return;
    event->delivery = delivery;
    writeLog();
    Q_EMIT eventsChanged();
}

void AlertEngine::setOutcome(quint64 number, const QString &outcome)
{
    AlertEvent *event = eventOf(number);
    if (!event)
        return;
    event->outcome = event->outcome.isEmpty() ? outcome : event->outcome + u' ' + outcome;
    writeLog();
    Q_EMIT eventsChanged();
}

void AlertEngine::takeLive(const UsageChange &change)
{
    if (!m_lock.isLocked() && m_isOthers)
        return;
    for (const AlertRates::Passed &passed : m_rates.take(change)) {
        if (const auto event = alertRatePassed(passed.rule, passed.program, passed.bytesPerSecond, m_clock(),
                                               m_zone(), m_base(), m_memory))
            raise(*event);
    }
}

void AlertEngine::setMeasuring(bool isMeasuring, const QString &problem)
{
    m_stoppedProblem = problem;
    if (isMeasuring) {
        m_wasMeasuring = true;
        m_stoppedTimer.stop();
    } else if (std::exchange(m_wasMeasuring, false)) {
        m_stoppedTimer.start();
    }
}

void AlertEngine::historyGrew()
{
    m_soonTimer.start();
}

void AlertEngine::evaluate()
{
    if (!m_source || !isOwner())
        return;
    if (m_memory.snoozedUntilUtcS != 0 && !snoozedUntilUtcS()) {
        m_memory.snoozedUntilUtcS = 0;
        Q_EMIT stateChanged();
    }
    if (m_isAsking) {
        m_isAgainWanted = true;
        return;
    }
    m_isAsking = true;
    m_isAgainWanted = false;
    m_askedUtcS = m_clock();
    m_asked = alertQuestions(m_settings, m_memory, m_askedUtcS, m_zone());
    m_answers.clear();
    if (m_asked.isEmpty()) {
        finish();
        return;
    }
    const quint64 round = ++m_round;
    const AlertQuestions questions = m_asked;
    for (auto question = questions.cbegin(); question != questions.cend(); ++question) {
        m_source(question.value(), [this, round, key = question.key()](const HistoryAnswer &answer) {
            if (round != m_round)
                return;
            m_answers.insert(key, answer);
            if (m_answers.size() == m_asked.size())
                finish();
        });
    }
}

void AlertEngine::finish()
{
    m_isAsking = false;
    if (m_isAgainWanted) {
        // The rules, or the clock, may be others than those that were asked for.
        evaluate();
        return;
    }
    const AlertMemory before = m_memory;
    const AlertFindings findings =
        evaluateAlerts(m_settings, m_answers, m_askedUtcS, m_zone(), m_base(), m_memory);
    m_answers.clear();
    if (findings.budgets != m_budgets) {
        m_budgets = findings.budgets;
        Q_EMIT budgetsChanged();
    }
    for (const AlertEvent &event : findings.events)
        raise(event);
    // Where it looked last alone is not worth a write each minute.
    AlertMemory same = m_memory;
    same.evaluatedUtcS = before.evaluatedUtcS;
    if (findings.events.isEmpty() && same != before)
        writeLog();
}

void AlertEngine::raise(AlertEvent event)
{
    const AlertRule *rule = m_settings.rule(event.ruleId);
    const AlertAction action = rule ? rule->action : AlertAction();
    event.number = ++m_lastNumber;
    event.delivery = !action.notifies                    ? AlertDelivery::Listed
        : isAlertQuiet(m_settings, event.utcS, m_zone()) ? AlertDelivery::QuietHours
        : snoozedUntilUtcS()                             ? AlertDelivery::Snoozed
                                                         : AlertDelivery::Notified;
    m_log.events.append(event);
    if (m_log.events.size() > AlertLogFile::mostEvents)
        m_log.events.removeFirst();
    // Before anybody is told: what is told is remembered, whatever dies then.
    writeLog();
    Q_EMIT eventsChanged();
    Q_EMIT raised(event, action);
}

AlertEvent *AlertEngine::eventOf(quint64 number)
{
    const auto found = std::find_if(m_log.events.begin(), m_log.events.end(),
                                    [number](const AlertEvent &event) { return event.number == number; });
    return found == m_log.events.end() ? nullptr : &*found;
}

void AlertEngine::writeLog()
{
    m_log.memory = memoryJson(m_memory);
    m_logProblem = m_log.write(m_folder);
    setProblem(m_settingsProblem.isEmpty() ? m_logProblem : m_settingsProblem);
}

void AlertEngine::setProblem(const QString &problem)
{
    if (problem == m_problem)
        return;
    m_problem = problem;
    Q_EMIT stateChanged();
}

} // namespace Nettally
