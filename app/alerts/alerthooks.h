// SPDX-License-Identifier: MIT
#pragma once

#include "alert.h"

#include <QList>
#include <QNetworkAccessManager>
#include <QObject>

#include <chrono>

class QProcess;

namespace Nettally {

/**
 * Runs a rule's command, or posts to its address. A command gets what happened as NETTALLY_ALERT_* in its
 * environment and never through a shell; an address gets JSON. Both have a time limit; what cannot be posted
 * is tried again, a redirection is not followed. Headers and the path of an address, which may be secret, are
 * in no outcome.
 */
class AlertHooks : public QObject {
    Q_OBJECT

public:
    struct Limits {
        std::chrono::milliseconds command = std::chrono::seconds(30);
        std::chrono::milliseconds post = std::chrono::seconds(10); ///< each try
        QList<std::chrono::milliseconds> pauses = {std::chrono::seconds(5), std::chrono::seconds(30)};
    };

    explicit AlertHooks(QObject *parent = nullptr);
    /// Ends what still runs.
    ~AlertHooks() override;

    void setLimits(const Limits &limits) { m_limits = limits; }
    /// finished() follows for each of a command and an address.
    void run(const AlertEvent &event, const AlertAction &action);

Q_SIGNALS:
    /// A sentence about what became of it.
    void finished(quint64 number, const QString &outcome);

private:
    void runCommand(const AlertEvent &event, const QStringList &command);
    void post(const AlertEvent &event, const AlertAction &action, qsizetype attempt);

    Limits m_limits;
    QNetworkAccessManager m_network;
    QList<QProcess *> m_running;
};

} // namespace Nettally
