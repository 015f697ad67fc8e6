// SPDX-License-Identifier: MIT
#pragma once

#include "historyrecord.h"
#include "units.h"

#include <QJsonObject>
#include <QList>
#include <QMap>
#include <QMetaType>
#include <QString>
#include <QStringList>
#include <QTime>

#include <optional>

/// Rules by which people are told about traffic, and what was told. Every function is thread-safe.
namespace Nettally {

enum class AlertKind {
    Amount, ///< so much in an hour, day or month
    Rate, ///< so much a second, over a while
    Budget, ///< of a network, from one billing day to the next
    FirstUse, ///< a program uses the network for the first time
    UnusualSending, ///< a program sends far more than on any day of the past two weeks
    NotMeasuring,
};
enum class AlertSubject { Machine, AnyProgram, Program, Network };
enum class AlertDirection { Both, Received, Sent };
enum class AlertPeriod { Hour, Day, Month };

/// What is done when a rule fires.
struct AlertAction {
    bool notifies = true;
    QStringList command; ///< program and arguments, as they are; none: no command
    QString url; ///< http or https; empty: none
    QMap<QString, QString> headers; ///< sent with it; may be secret, never shown or logged
    bool operator==(const AlertAction &) const = default;
};

struct AlertRule {
    QString id;
    bool isEnabled = true;
    AlertKind kind = AlertKind::Amount;
    AlertSubject subject = AlertSubject::Machine; ///< of amounts and rates
    QString name; ///< of the program or its executable, or of the network's interface
    AlertDirection direction = AlertDirection::Both;
    quint64 limitBytes = 0; ///< of a rate: bytes per second; of unusual sending: the least worth a word
    AlertPeriod period = AlertPeriod::Day; ///< of an amount
    int overSeconds = 60; ///< of a rate
    int factor = 3; ///< of unusual sending
    int billingDay = 1; ///< of a budget; a month without that day begins on its last
    AlertAction action;
    bool operator==(const AlertRule &) const = default;
};

struct AlertSettings {
    QList<AlertRule> rules;
    QStringList mutedPrograms; ///< names or executables that no rule about programs fires for
    QStringList onlyPrograms; ///< where there are any, no others
    QStringList ignoredNetworks = {QStringLiteral("lo")}; ///< interfaces that count for no amount or rate
    QStringList onlyNetworks; ///< where there are any, no others
    bool hasQuietHours = false;
    QTime quietFrom = QTime(22, 0); ///< local time
    QTime quietTo = QTime(7, 0);
    int digestMinutes = 30; ///< first uses are told at most so often
    bool operator==(const AlertSettings &) const = default;

    /// Quiet: measuring stopped, and first uses as a digest; the rest is there and switched off.
    static AlertSettings standard();
    const AlertRule *rule(const QString &id) const;
};

/// How the user was told.
enum class AlertDelivery {
    Listed, ///< on the page alone, as the rule asks
    Notified,
    QuietHours, ///< on the page alone
    Snoozed, ///< likewise
    NoService, ///< no program shows notifications
};

/// Something that was told, once.
struct AlertEvent {
    quint64 number = 0; ///< ascending; 0: not yet recorded
    qint64 utcS = 0;
    QString ruleId;
    AlertKind kind = AlertKind::Amount;
    QString title;
    QString text; ///< a sentence, in the language of then
    QString program; ///< empty: not of one program
    QString executable; ///< empty: not known
    QString network; ///< interface; empty: not of one network
    std::optional<quint64> bytes; ///< a rate: bytes per second
    std::optional<quint64> limitBytes;
    AlertDelivery delivery = AlertDelivery::Listed;
    QString outcome; ///< what became of the rule's command or address; empty: there is none
    bool operator==(const AlertEvent &) const = default;
};

/// How far a network's budget is used up.
struct AlertBudget {
    QString ruleId;
    QString network;
    quint64 usedBytes = 0;
    quint64 limitBytes = 0;
    std::optional<quint64> projectedBytes; ///< when the period ends; none: too few days are known
    qint64 toUtcS = 0; ///< when the next period begins
    bool operator==(const AlertBudget &) const = default;
};

/// "When firefox receives more than 2 GiB in a day, notify."
QString alertSentence(const AlertRule &rule, UnitBase base);
/// Why the rule cannot be used, a sentence; empty: it can.
QString alertProblem(const AlertRule &rule);
/// "Notified", "Quiet hours", …
QString alertDeliveryText(AlertDelivery delivery);
/// What it tells, in a word: "Amount", "Budget", …
QString alertKindText(AlertKind kind);
/// The stable name of JSON.
QString alertKindName(AlertKind kind);
/// Of all whose bytes count in @p direction; network bytes where they are known, else payload.
quint64 alertBytes(const TrafficSums &sums, AlertDirection direction);

QJsonObject alertEventJson(const AlertEvent &event);
AlertEvent alertEventOf(const QJsonObject &object);

/// "$XDG_DATA_HOME/nettally".
QString alertFolder();

/// The rules, in a file of their own that its owner alone may read: what is sent to an address may be secret.
struct AlertSettingsFile {
    /// What becomes of a file that cannot be understood.
    enum class Damaged { SetAside, Leave };

    /// The standard where there is no file, or none that can be understood; @p problem says so.
    static AlertSettings read(const QString &folder, QString &problem, Damaged damaged = Damaged::SetAside);
    /// Why it could not be written, a sentence; empty: it was.
    static QString write(const QString &folder, const AlertSettings &settings);
};

/// What was told, the oldest first, and what the evaluation remembers.
struct AlertLogFile {
    static constexpr qsizetype mostEvents = 1000;

    QList<AlertEvent> events;
    QJsonObject memory;

    /// Empty where there is no file, or none that can be understood; @p problem says so.
    static AlertLogFile read(const QString &folder, QString &problem,
                             AlertSettingsFile::Damaged damaged = AlertSettingsFile::Damaged::SetAside);
    /// Why it could not be written, a sentence; empty: it was.
    QString write(const QString &folder) const;
};

} // namespace Nettally

Q_DECLARE_METATYPE(Nettally::AlertEvent)
