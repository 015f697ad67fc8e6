// SPDX-License-Identifier: MIT
#pragma once

#include "historyquery.h"
#include "usage.h"

#include <QStringList>

#include <optional>

namespace Nettally::Cli {

enum class Command { Live, Totals, Status, Interfaces, Audit, Connections, History, Alerts, SelfTest };
enum class By { Program, Remote, Protocol, Connection };
enum class HistoryAction { Ask, Export, Import, Vacuum, Verify };
enum class Format { Table, Csv, Json };
enum class Sort { Receive, Send, Total, Name };

struct Options {
    Command command = Command::Live;
    Scope scope = Scope::Own;
    bool isScopeGiven = false; ///< asked for by name, so that less is a failure
    bool interactive = false; ///< polkit may ask for a password
    bool json = false;
    TunnelSide leftOut = TunnelSide::Carrier; ///< so that what crosses a tunnel counts once
    bool numeric = false; ///< addresses, even where their names are known
    By by = By::Program;
    Sort sort = Sort::Receive;
    int top = 0; ///< rows; 0: as many as fit, 20 where there is no screen
    quint32 intervalMs = 1000;
    quint32 seconds = 10; ///< an audit takes
    int count = 0; ///< refreshes as plain lines; 0: a screen, until told to quit
    HistoryAction action = HistoryAction::Ask;
    HistoryQuery::By historyBy = HistoryQuery::By::Program;
    Format format = Format::Table; ///< of history
    std::optional<qint64> fromUtcS; ///< instead of lastMs
    std::optional<qint64> toUtcS; ///< none: now
    qint64 lastMs = 24LL * 3600 * 1000;
    bool isLastGiven = false;
    QString program; ///< name or executable; empty: all
    QString database; ///< path or URL; empty: one's own
    QString file; ///< to import
    bool alertRules = false; ///< the rules, and not what they told
    QStringList scenarios; ///< of the self-test; none: all
};

struct Parsed {
    std::optional<Options> options; ///< set when there is something to run
    QString text; ///< help or version, asked for
    QString error; ///< what is wrong with the arguments, one sentence
};

/// @p arguments without the program's name; @p uid of the caller, whose default scope is all for root.
Parsed parseArguments(const QStringList &arguments, uint uid);

/// "90s", "15m", "24h", "7d", "2w" in milliseconds; nothing for anything else, zero, or over 100 years.
std::optional<qint64> parseDuration(const QString &text);

/// "2026-11-23", "2026-11-23T14:30", with seconds if need be, in local time or with a "Z" or an offset
/// behind, in seconds since 1970 UTC; nothing for anything else.
std::optional<qint64> parseTime(const QString &text);

} // namespace Nettally::Cli
