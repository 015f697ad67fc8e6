// SPDX-License-Identifier: MIT
#include "alert.h"

#include "plaintext.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QSaveFile>
#include <QStandardPaths>
#include <QUrl>

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

struct Text {
    Q_DECLARE_TR_FUNCTIONS(Alert)
};

constexpr std::array kindNames = {"amount",          "rate",         "budget", "first-use",
                                  "unusual-sending", "not-measuring"};
constexpr std::array subjectNames = {"machine", "any-program", "program", "network"};
constexpr std::array directionNames = {"both", "received", "sent"};
constexpr std::array periodNames = {"hour", "day", "month"};
constexpr std::array deliveryNames = {"listed", "notified", "quiet-hours", "snoozed", "no-service"};
constexpr auto settingsFile = "alerts.json"_L1;
constexpr auto logFile = "alerts-log.json"_L1;
constexpr qint64 maxFileBytes = 16 * 1024 * 1024;

template <typename Enum, size_t size>
QString nameOf(const std::array<const char *, size> &names, Enum value)
{
    return QLatin1StringView(names.at(size_t(value)));
}

/// False for a name that is none of them.
template <typename Enum, size_t size>
bool readName(const std::array<const char *, size> &names, const QJsonValue &name, Enum &value)
{
    for (size_t i = 0; i < size; ++i) {
        if (name.toString() == QLatin1StringView(names[i])) {
            value = Enum(i);
            return true;
        }
    }
    return false;
}

quint64 toBytes(const QJsonValue &value)
{
    return quint64(std::max<qint64>(0, value.toInteger()));
}

QStringList toStrings(const QJsonValue &value)
{
    QStringList strings;
    for (const QJsonValue &each : value.toArray())
        strings.append(each.toString());
    return strings;
}

QJsonObject ruleJson(const AlertRule &rule)
{
    QJsonObject headers;
    for (auto header = rule.action.headers.cbegin(); header != rule.action.headers.cend(); ++header)
        headers.insert(header.key(), header.value());
    return {{u"id"_s, rule.id},
            {u"enabled"_s, rule.isEnabled},
            {u"kind"_s, nameOf(kindNames, rule.kind)},
            {u"subject"_s, nameOf(subjectNames, rule.subject)},
            {u"name"_s, rule.name},
            {u"direction"_s, nameOf(directionNames, rule.direction)},
            {u"limitBytes"_s, toJsonValue(rule.limitBytes)},
            {u"period"_s, nameOf(periodNames, rule.period)},
            {u"overSeconds"_s, rule.overSeconds},
            {u"factor"_s, rule.factor},
            {u"billingDay"_s, rule.billingDay},
            {u"notify"_s, rule.action.notifies},
            {u"command"_s, QJsonArray::fromStringList(rule.action.command)},
            {u"url"_s, rule.action.url},
            {u"headers"_s, headers}};
}

std::optional<AlertRule> ruleOf(const QJsonObject &object)
{
    AlertRule rule;
    rule.id = object[u"id"].toString();
    rule.isEnabled = object[u"enabled"].toBool(true);
    rule.name = object[u"name"].toString();
    rule.limitBytes = toBytes(object[u"limitBytes"]);
    rule.overSeconds = object[u"overSeconds"].toInt(rule.overSeconds);
    rule.factor = object[u"factor"].toInt(rule.factor);
    rule.billingDay = object[u"billingDay"].toInt(rule.billingDay);
    rule.action.notifies = object[u"notify"].toBool(true);
    rule.action.command = toStrings(object[u"command"]);
    rule.action.url = object[u"url"].toString();
    const QJsonObject headers = object[u"headers"].toObject();
    for (auto header = headers.begin(); header != headers.end(); ++header)
        rule.action.headers.insert(header.key(), header.value().toString());
    const bool isRead = readName(kindNames, object[u"kind"], rule.kind)
        && readName(subjectNames, object[u"subject"], rule.subject)
        && readName(directionNames, object[u"direction"], rule.direction)
        && readName(periodNames, object[u"period"], rule.period);
    return isRead && !rule.id.isEmpty() && alertProblem(rule).isEmpty() ? std::optional(rule) : std::nullopt;
}

QJsonObject settingsJson(const AlertSettings &settings)
{
    QJsonArray rules;
    for (const AlertRule &rule : settings.rules)
        rules.append(ruleJson(rule));
    return {{u"schema"_s, u"nettally.alertrules/1"_s},
            {u"rules"_s, rules},
            {u"mutedPrograms"_s, QJsonArray::fromStringList(settings.mutedPrograms)},
            {u"onlyPrograms"_s, QJsonArray::fromStringList(settings.onlyPrograms)},
            {u"ignoredNetworks"_s, QJsonArray::fromStringList(settings.ignoredNetworks)},
            {u"onlyNetworks"_s, QJsonArray::fromStringList(settings.onlyNetworks)},
            {u"hasQuietHours"_s, settings.hasQuietHours},
            {u"quietFrom"_s, settings.quietFrom.toString(u"HH:mm"_s)},
            {u"quietTo"_s, settings.quietTo.toString(u"HH:mm"_s)},
            {u"digestMinutes"_s, settings.digestMinutes}};
}

/// None: not of this format, or with a rule that cannot be used.
std::optional<AlertSettings> settingsOf(const QByteArray &text)
{
    const QJsonObject object = QJsonDocument::fromJson(text).object();
    if (object[u"schema"].toString() != u"nettally.alertrules/1")
        return std::nullopt;
    AlertSettings settings;
    for (const QJsonValue &each : object[u"rules"].toArray()) {
        const std::optional<AlertRule> rule = ruleOf(each.toObject());
        if (!rule || settings.rule(rule->id))
            return std::nullopt;
        settings.rules.append(*rule);
    }
    settings.mutedPrograms = toStrings(object[u"mutedPrograms"]);
    settings.onlyPrograms = toStrings(object[u"onlyPrograms"]);
    settings.ignoredNetworks = toStrings(object[u"ignoredNetworks"]);
    settings.onlyNetworks = toStrings(object[u"onlyNetworks"]);
    settings.hasQuietHours = object[u"hasQuietHours"].toBool();
    settings.quietFrom = QTime::fromString(object[u"quietFrom"].toString(), u"HH:mm"_s);
    settings.quietTo = QTime::fromString(object[u"quietTo"].toString(), u"HH:mm"_s);
    settings.digestMinutes = object[u"digestMinutes"].toInt();
    const bool isWhole =
        settings.quietFrom.isValid() && settings.quietTo.isValid() && settings.digestMinutes > 0;
    return isWhole ? std::optional(settings) : std::nullopt;
}

/// None: there is no file, or none that can be read.
std::optional<QByteArray> readFile(const QString &folder, QLatin1StringView name, QString &problem)
{
    QFile file(QDir(folder).filePath(name));
    if (!file.exists())
        return std::nullopt;
    if (file.open(QIODevice::ReadOnly))
        return file.read(maxFileBytes);
    problem = Text::tr("Alerts cannot be read: %1. Give yourself the right to read %2.")
                  .arg(file.errorString(), file.fileName());
    return std::nullopt;
}

/// Where the file is then; empty: it could not be renamed.
QString setAside(const QString &folder, QLatin1StringView name)
{
    const QString path = QDir(folder).filePath(name);
    const QString aside = u"%1.damaged-%2"_s.arg(path, QString::number(QDateTime::currentSecsSinceEpoch()));
    return QFile::rename(path, aside) ? aside : QString();
}

QString writeFile(const QString &folder, QLatin1StringView name, const QJsonObject &content)
{
    QDir().mkpath(folder);
    QSaveFile file(QDir(folder).filePath(name));
    // Its permissions come first: what follows may be secret.
    const bool isWritten = file.open(QIODevice::WriteOnly)
        && file.setPermissions(QFile::ReadOwner | QFile::WriteOwner) && file.write(toJson(content)) > 0
        && file.commit();
    return isWritten ? QString()
                     : Text::tr("Alerts cannot be kept: %1. Free some space, or mend the folder %2.")
                           .arg(file.errorString(), folder);
}

QString actionText(const AlertAction &action)
{
    QStringList parts;
    if (action.notifies)
        parts.append(Text::tr("notify"));
    if (!action.command.isEmpty())
        parts.append(Text::tr("run “%1”").arg(printable(action.command.constFirst().section(u'/', -1))));
    // The path may be a secret, the host is none.
    if (!action.url.isEmpty())
        parts.append(Text::tr("post to %1").arg(printable(QUrl(action.url).host())));
    return parts.isEmpty() ? Text::tr("list it") : QLocale().createSeparatedList(parts);
}

QString subjectText(const AlertRule &rule)
{
    switch (rule.subject) {
    case AlertSubject::Machine:
        return Text::tr("this machine");
    case AlertSubject::AnyProgram:
        return Text::tr("any program");
    case AlertSubject::Program:
    case AlertSubject::Network:
        break;
    }
    return printable(rule.name);
}

QString spanText(const AlertRule &rule)
{
    if (rule.kind == AlertKind::Rate)
        return Text::tr("over %n second(s)", nullptr, rule.overSeconds);
    switch (rule.period) {
    case AlertPeriod::Hour:
        return Text::tr("in an hour");
    case AlertPeriod::Day:
        return Text::tr("in a day");
    case AlertPeriod::Month:
        break;
    }
    return Text::tr("in a month");
}

QString limitSentence(const AlertRule &rule, UnitBase base)
{
    const QString limit = rule.kind == AlertKind::Rate
        ? formatRate(double(rule.limitBytes), {base, RateUnit::Bytes})
        : formatBytes(rule.limitBytes, base);
    const QString action = actionText(rule.action);
    switch (rule.direction) {
    case AlertDirection::Received:
        return Text::tr("When %1 receives more than %2 %3, %4.")
            .arg(subjectText(rule), limit, spanText(rule), action);
    case AlertDirection::Sent:
        return Text::tr("When %1 sends more than %2 %3, %4.")
            .arg(subjectText(rule), limit, spanText(rule), action);
    case AlertDirection::Both:
        break;
    }
    return Text::tr("When %1 receives and sends more than %2 %3, %4.")
        .arg(subjectText(rule), limit, spanText(rule), action);
}

} // namespace

AlertSettings AlertSettings::standard()
{
    AlertSettings settings;
    AlertRule stopped;
    stopped.id = u"not-measuring"_s;
    stopped.kind = AlertKind::NotMeasuring;
    AlertRule first;
    first.id = u"first-use"_s;
    first.kind = AlertKind::FirstUse;
    first.subject = AlertSubject::AnyProgram;
    AlertRule unusual;
    unusual.id = u"unusual-sending"_s;
    unusual.kind = AlertKind::UnusualSending;
    unusual.subject = AlertSubject::AnyProgram;
    unusual.direction = AlertDirection::Sent;
    unusual.limitBytes = 100'000'000;
    unusual.isEnabled = false;
    settings.rules = {stopped, first, unusual};
    return settings;
}

const AlertRule *AlertSettings::rule(const QString &id) const
{
    const auto found =
        std::find_if(rules.cbegin(), rules.cend(), [&id](const AlertRule &rule) { return rule.id == id; });
    return found == rules.cend() ? nullptr : &*found;
}

QString alertSentence(const AlertRule &rule, UnitBase base)
{
    const QString action = actionText(rule.action);
    switch (rule.kind) {
    case AlertKind::Amount:
    case AlertKind::Rate:
        return limitSentence(rule, base);
    case AlertKind::Budget:
        return Text::tr(
                   "When %1 has used 80 % or all of %2 from day %3 of a month on, or is heading over it, "
                   "%4.")
            .arg(subjectText(rule), formatBytes(rule.limitBytes, base), QLocale().toString(rule.billingDay),
                 action);
    case AlertKind::FirstUse:
        return Text::tr("When a program uses the network for the first time, %1.").arg(action);
    case AlertKind::UnusualSending:
        return Text::tr("When a program sends over %1 in a day, and %2 times as much as on any day of the "
                        "past two weeks, %3.")
            .arg(formatBytes(rule.limitBytes, base), QLocale().toString(rule.factor), action);
    case AlertKind::NotMeasuring:
        break;
    }
    return Text::tr("When measuring has stopped for a minute, %1.").arg(action);
}

QString alertProblem(const AlertRule &rule)
{
    const bool hasLimit = rule.kind != AlertKind::FirstUse && rule.kind != AlertKind::NotMeasuring;
    const bool hasSubject = rule.kind == AlertKind::Amount || rule.kind == AlertKind::Rate;
    if (hasSubject && rule.subject == AlertSubject::Program && rule.name.isEmpty())
        return Text::tr("Name the program, or the path of its executable.");
    if ((rule.kind == AlertKind::Budget || (hasSubject && rule.subject == AlertSubject::Network))
        && rule.name.isEmpty())
        return Text::tr("Name the network’s interface.");
    if (hasLimit && rule.limitBytes == 0)
        return Text::tr("Set how much is too much.");
    if (rule.kind == AlertKind::Rate && (rule.overSeconds < 1 || rule.overSeconds > 3600))
        return Text::tr("Set a time of 1 to 3600 seconds.");
    if (rule.kind == AlertKind::UnusualSending && (rule.factor < 2 || rule.factor > 100))
        return Text::tr("Set a factor of 2 to 100.");
    if (rule.kind == AlertKind::Budget && (rule.billingDay < 1 || rule.billingDay > 31))
        return Text::tr("Set a billing day of 1 to 31.");
    if (!rule.action.command.isEmpty() && !QDir::isAbsolutePath(rule.action.command.constFirst()))
        return Text::tr("Name the command by its whole path, which begins with “/”.");
    if (!rule.action.url.isEmpty()) {
        const QUrl url(rule.action.url, QUrl::StrictMode);
        if (!url.isValid() || url.host().isEmpty() || (url.scheme() != u"https" && url.scheme() != u"http"))
            return Text::tr("Give an address that begins with “https://” or “http://”.");
    }
    for (auto header = rule.action.headers.cbegin(); header != rule.action.headers.cend(); ++header) {
        const auto isToken = [](QChar c) { return c.isLetterOrNumber() || c == u'-' || c == u'_'; };
        const auto isPlain = [](QChar c) { return c >= u' ' && c < QChar(127); };
        if (header.key().isEmpty() || !std::all_of(header.key().cbegin(), header.key().cend(), isToken)
            || !std::all_of(header.value().cbegin(), header.value().cend(), isPlain))
            return Text::tr("Write each header as “Name: value”, in plain letters.");
    }
    return {};
}

QString alertDeliveryText(AlertDelivery delivery)
{
    switch (delivery) {
    case AlertDelivery::Listed:
        return Text::tr("Listed");
    case AlertDelivery::Notified:
        return Text::tr("Notified");
    case AlertDelivery::QuietHours:
        return Text::tr("Quiet hours");
    case AlertDelivery::Snoozed:
        return Text::tr("Snoozed");
    case AlertDelivery::NoService:
        break;
    }
    return Text::tr("No service");
}

QString alertKindText(AlertKind kind)
{
    switch (kind) {
    case AlertKind::Amount:
        return Text::tr("Amount");
    case AlertKind::Rate:
        return Text::tr("Rate");
    case AlertKind::Budget:
        return Text::tr("Budget of a network");
    case AlertKind::FirstUse:
        return Text::tr("First use of the network");
    case AlertKind::UnusualSending:
        return Text::tr("Unusual sending");
    case AlertKind::NotMeasuring:
        break;
    }
    return Text::tr("Measuring stopped");
}

QString alertKindName(AlertKind kind)
{
    return nameOf(kindNames, kind);
}

quint64 alertBytes(const TrafficSums &sums, AlertDirection direction)
{
    const quint64 rx = sums.network ? sums.network->rxBytes : sums.rxPayloadBytes;
    const quint64 tx = sums.network ? sums.network->txBytes : sums.txPayloadBytes;
    return (direction == AlertDirection::Sent ? 0 : rx) + (direction == AlertDirection::Received ? 0 : tx);
}

QJsonObject alertEventJson(const AlertEvent &event)
{
    const auto bytes = [](const std::optional<quint64> &value) {
        return value ? toJsonValue(*value) : QJsonValue();
    };
    return {{u"number"_s, toJsonValue(event.number)},
            {u"utcS"_s, event.utcS},
            {u"rule"_s, event.ruleId},
            {u"kind"_s, nameOf(kindNames, event.kind)},
            {u"title"_s, event.title},
            {u"text"_s, event.text},
            {u"program"_s, event.program},
            {u"executable"_s, event.executable},
            {u"network"_s, event.network},
            {u"bytes"_s, bytes(event.bytes)},
            {u"limitBytes"_s, bytes(event.limitBytes)},
            {u"delivery"_s, nameOf(deliveryNames, event.delivery)},
            {u"outcome"_s, event.outcome}};
}

AlertEvent alertEventOf(const QJsonObject &object)
{
    const auto bytes = [](const QJsonValue &value) {
        return value.isDouble() ? std::optional(toBytes(value)) : std::nullopt;
    };
    AlertEvent event;
    event.number = toBytes(object[u"number"]);
    event.utcS = object[u"utcS"].toInteger();
    event.ruleId = object[u"rule"].toString();
    readName(kindNames, object[u"kind"], event.kind);
    event.title = object[u"title"].toString();
    event.text = object[u"text"].toString();
    event.program = object[u"program"].toString();
    event.executable = object[u"executable"].toString();
    event.network = object[u"network"].toString();
    event.bytes = bytes(object[u"bytes"]);
    event.limitBytes = bytes(object[u"limitBytes"]);
    readName(deliveryNames, object[u"delivery"], event.delivery);
    event.outcome = object[u"outcome"].toString();
    return event;
}

QString alertFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + u"/nettally"_s;
}

AlertSettings AlertSettingsFile::read(const QString &folder, QString &problem, Damaged damaged)
{
    const std::optional<QByteArray> text = readFile(folder, settingsFile, problem);
    if (!text)
        return AlertSettings::standard();
    if (const std::optional<AlertSettings> settings = settingsOf(*text))
        return *settings;
    const QString aside = damaged == Damaged::SetAside ? setAside(folder, settingsFile) : QString();
    problem = aside.isEmpty() ? Text::tr("The rules of alerts cannot be understood. Move %1 away.")
                                    .arg(QDir(folder).filePath(settingsFile))
                              : Text::tr("The rules of alerts were damaged, and are those of the beginning "
                                         "again. The damaged file is %1.")
                                    .arg(aside);
    return AlertSettings::standard();
}

QString AlertSettingsFile::write(const QString &folder, const AlertSettings &settings)
{
    return writeFile(folder, settingsFile, settingsJson(settings));
}

AlertLogFile AlertLogFile::read(const QString &folder, QString &problem, AlertSettingsFile::Damaged damaged)
{
    const std::optional<QByteArray> text = readFile(folder, logFile, problem);
    if (!text)
        return {};
    const QJsonObject object = QJsonDocument::fromJson(*text).object();
    if (object[u"schema"].toString() != u"nettally.alertlog/1") {
        const QString aside =
            damaged == AlertSettingsFile::Damaged::SetAside ? setAside(folder, logFile) : QString();
        problem = aside.isEmpty()
            ? Text::tr("The list of alerts cannot be understood. Move %1 away.")
                  .arg(QDir(folder).filePath(logFile))
            : Text::tr("The list of alerts was damaged and begins anew. The damaged file is %1.").arg(aside);
        return {};
    }
    AlertLogFile log;
    for (const QJsonValue &event : object[u"events"].toArray())
        log.events.append(alertEventOf(event.toObject()));
    log.memory = object[u"memory"].toObject();
    return log;
}

QString AlertLogFile::write(const QString &folder) const
{
    QJsonArray list;
    for (const AlertEvent &event : events)
        list.append(alertEventJson(event));
    return writeFile(folder, logFile,
                     {{u"schema"_s, u"nettally.alertlog/1"_s}, {u"events"_s, list}, {u"memory"_s, memory}});
}

} // namespace Nettally
