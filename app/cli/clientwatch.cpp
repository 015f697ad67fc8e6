// SPDX-License-Identifier: MIT
#include "clientwatch.h"

#include "exitcode.h"
#include "output.h"
#include "text.h"

#include <QTimer>

#include <chrono>

namespace Nettally::Cli {

namespace {

// Longer than what the client itself waits for at each step, so that its own, better sentence comes first.
constexpr std::chrono::seconds patience(60);
constexpr std::chrono::minutes passwordPatience(12);
const QString watchName = QStringLiteral("nettallyctl-watch");

void end(const QString &sentence, ExitCode code)
{
    QCoreApplication::exit(code);
    writeError(sentence);
}

Detail detailFor(By by)
{
    switch (by) {
    case By::Program:
        return Detail::Program;
    case By::Remote:
        return Detail::Remote;
    case By::Protocol:
    case By::Connection:
        break;
    }
    return Detail::Connection;
}

} // namespace

void startWatched(MonitorClient &client, const Options &options)
{
    auto *timer = new QTimer(&client);
    timer->setObjectName(watchName);
    timer->setSingleShot(true);
    QObject::connect(timer, &QTimer::timeout, &client, [&client] {
        end(client.problem().isEmpty() ? Ctl::tr(
                "The helper does not answer: restart its service with \"systemctl restart nettally-helper\".")
                                       : client.problem(),
            HelperMissing);
    });
    timer->start(options.interactive ? std::chrono::seconds(passwordPatience) : patience);

    // Queued, because exit() before exec() is not heard.
    QObject::connect(
        &client, &MonitorClient::stateChanged, timer,
        [&client, timer] {
            const ExitCode code = exitCodeOf(client.state());
            if (code != Ok && timer->isActive()) {
                timer->stop(); // one sentence is enough
                end(client.problem(), code);
            }
        },
        Qt::QueuedConnection);
    client.start({options.intervalMs, options.scope, detailFor(options.by), options.interactive});
}

void releaseWatch(MonitorClient &client)
{
    auto *timer = client.findChild<QTimer *>(watchName);
    if (!timer) {
        return;
    }
    timer->setObjectName(QString());
    timer->deleteLater();
    QObject::connect(
        &client, &MonitorClient::stateChanged, &client,
        [&client] {
            if (client.state() == MonitorClient::State::BusUnavailable) {
                QCoreApplication::exit(Unavailable);
            }
        },
        Qt::QueuedConnection);
}

int scopeExitCode(const MonitorClient &client, const Options &options)
{
    if (options.scope != Scope::All || client.grantedScope() == Scope::All) {
        return Ok;
    }
    writeError(client.scopeNote());
    return options.isScopeGiven ? Denied : Ok;
}

} // namespace Nettally::Cli
