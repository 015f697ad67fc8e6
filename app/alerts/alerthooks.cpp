// SPDX-License-Identifier: MIT
#include "alerthooks.h"

#include "plaintext.h"

#include <QDateTime>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QProcess>
#include <QTimer>
#include <QUrl>

#include <csignal>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace Nettally {

namespace {

constexpr qsizetype mostRunning = 8;

QString timeText(const AlertEvent &event)
{
    return QDateTime::fromSecsSinceEpoch(event.utcS).toUTC().toString(Qt::ISODate);
}

/// A byte of zero would end the text in the environment.
QString environmentText(QString text)
{
    return text.remove(QChar(0));
}

QProcessEnvironment environmentOf(const AlertEvent &event)
{
    const auto number = [](const std::optional<quint64> &value) {
        return value ? QString::number(*value) : QString();
    };
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"NETTALLY_ALERT_RULE"_s, environmentText(event.ruleId));
    environment.insert(u"NETTALLY_ALERT_KIND"_s, alertKindName(event.kind));
    environment.insert(u"NETTALLY_ALERT_TIME"_s, timeText(event));
    environment.insert(u"NETTALLY_ALERT_TITLE"_s, environmentText(event.title));
    environment.insert(u"NETTALLY_ALERT_TEXT"_s, environmentText(event.text));
    environment.insert(u"NETTALLY_ALERT_PROGRAM"_s, environmentText(event.program));
    environment.insert(u"NETTALLY_ALERT_EXECUTABLE"_s, environmentText(event.executable));
    environment.insert(u"NETTALLY_ALERT_NETWORK"_s, environmentText(event.network));
    environment.insert(u"NETTALLY_ALERT_BYTES"_s, number(event.bytes));
    environment.insert(u"NETTALLY_ALERT_LIMIT_BYTES"_s, number(event.limitBytes));
    return environment;
}

QByteArray bodyOf(const AlertEvent &event)
{
    const auto number = [](const std::optional<quint64> &value) {
        return value ? toJsonValue(*value) : QJsonValue();
    };
    return toJson({{u"schema"_s, u"nettally.alert/1"_s},
                   {u"rule"_s, event.ruleId},
                   {u"kind"_s, alertKindName(event.kind)},
                   {u"time"_s, timeText(event)},
                   {u"title"_s, event.title},
                   {u"text"_s, event.text},
                   {u"program"_s, event.program},
                   {u"executable"_s, event.executable},
                   {u"network"_s, event.network},
                   {u"bytes"_s, number(event.bytes)},
                   {u"limitBytes"_s, number(event.limitBytes)}});
}

/// It and what it started.
void killGroup(const QProcess &process)
{
    if (process.processId() > 0)
        ::kill(-pid_t(process.processId()), SIGKILL);
}

} // namespace

AlertHooks::AlertHooks(QObject *parent)
    : QObject(parent)
{
}

AlertHooks::~AlertHooks()
{
    for (QProcess *process : std::as_const(m_running)) {
        process->disconnect(this);
        killGroup(*process);
        process->waitForFinished(1000);
    }
}

void AlertHooks::run(const AlertEvent &event, const AlertAction &action)
{
    if (!action.command.isEmpty())
        runCommand(event, action.command);
    if (!action.url.isEmpty())
        post(event, action, 0);
}

void AlertHooks::runCommand(const AlertEvent &event, const QStringList &command)
{
    const quint64 number = event.number;
    const QString name = printable(command.constFirst().section(u'/', -1));
    if (m_running.size() >= mostRunning) {
        Q_EMIT finished(
            number,
            tr("“%1” was not run: %n command(s) still run.", nullptr, int(m_running.size())).arg(name));
        return;
    }
    auto *process = new QProcess(this);
    process->setProcessEnvironment(environmentOf(event));
    process->setStandardInputFile(QProcess::nullDevice());
    process->setStandardOutputFile(QProcess::nullDevice());
    process->setStandardErrorFile(QProcess::nullDevice());
    process->setChildProcessModifier([] { ::setpgid(0, 0); });
    auto *limit = new QTimer(process);
    limit->setSingleShot(true);
    const auto end = [this, process, number](const QString &outcome) {
        m_running.removeOne(process);
        process->disconnect(this);
        process->deleteLater();
        Q_EMIT finished(number, outcome);
    };
    connect(process, &QProcess::errorOccurred, this, [process, name, end](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            end(tr("“%1” could not be started: %2.").arg(name, process->errorString()));
    });
    connect(process, &QProcess::finished, this, [process, limit, name, end](int code) {
        if (limit->isActive() && process->exitStatus() == QProcess::NormalExit)
            end(code == 0 ? tr("“%1” was run.").arg(name)
                          : tr("“%1” failed with code %2.").arg(name).arg(code));
        else if (limit->isActive())
            end(tr("“%1” crashed.").arg(name));
        else
            end(tr("“%1” took too long and was ended.").arg(name));
    });
    connect(limit, &QTimer::timeout, process, [process] { killGroup(*process); });
    m_running.append(process);
    limit->start(m_limits.command);
    process->start(command.constFirst(), command.mid(1));
}

void AlertHooks::post(const AlertEvent &event, const AlertAction &action, qsizetype attempt)
{
    const QUrl url(action.url, QUrl::StrictMode);
    QNetworkRequest request(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    request.setHeader(QNetworkRequest::UserAgentHeader, u"Nettally/" NETTALLY_VERSION ""_s);
    // Elsewhere the headers would be in the wrong hands.
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    for (auto header = action.headers.cbegin(); header != action.headers.cend(); ++header)
        request.setRawHeader(header.key().toLatin1(), header.value().toLatin1());

    QNetworkReply *reply = m_network.post(request, bodyOf(event));
    auto *limit = new QTimer(reply);
    limit->setSingleShot(true);
    const auto end = [this, reply, event, action, attempt, host = printable(url.host())](bool isLate) {
        reply->disconnect(this);
        const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        const bool isAnswered = status > 0 && !isLate;
        // Nothing but the status is of interest, and an answer may be endless.
        reply->abort();
        reply->deleteLater();
        if (isAnswered && status >= 200 && status < 300) {
            Q_EMIT finished(event.number, tr("Posted to %1.").arg(host));
            return;
        }
        const bool isWorthwhile = !isAnswered || status >= 500 || status == 429;
        if (isWorthwhile && attempt < m_limits.pauses.size()) {
            QTimer::singleShot(m_limits.pauses.at(attempt), this,
                               [this, event, action, attempt] { post(event, action, attempt + 1); });
            return;
        }
        const QString tries = tr("%n try(tries)", nullptr, int(attempt) + 1);
        Q_EMIT finished(event.number,
                        isAnswered ? tr("%1 refused it with status %2 (%3).").arg(host).arg(status).arg(tries)
                            : isLate ? tr("%1 did not answer in time (%2).").arg(host, tries)
                                     : tr("%1 could not be reached (%2).").arg(host, tries));
    };
    connect(reply, &QNetworkReply::metaDataChanged, this, [reply, end] {
        if (reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).isValid())
            end(false);
    });
    connect(reply, &QNetworkReply::finished, this, [end] { end(false); });
    connect(limit, &QTimer::timeout, this, [end] { end(true); });
    limit->start(m_limits.post);
}

} // namespace Nettally
