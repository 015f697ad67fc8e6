// SPDX-License-Identifier: MIT
#pragma once

#include "historystore.h"
#include "liverates.h"
#include "namebook.h"
#include "texttable.h"
#include "usagetable.h"

#include <QJsonObject>

/// What the commands print: for programs as JSON, whose fields README.md documents, and for people.
namespace Nettally::Cli {

/// Here and below remotes have the names that @p names knows.
QJsonObject totalsJson(const UsageTable &table, By by, NameBook &names, Scope granted,
                       const QString &scopeNote);
TextTable totalsTable(const UsageTable &table, By by, NameBook &names);

QJsonObject statusJson(const HelperStatus &status);
QString statusText(const HelperStatus &status);

/// The books of the interfaces, each followed by what its counters are made of, to the byte.
QJsonObject balanceJson(const QString &schema, quint64 timeNs, const QList<InterfaceBalance> &interfaces);
TextTable balanceTable(const QList<InterfaceBalance> &interfaces,
                       const std::optional<MachineBytes> &machine = std::nullopt);

TextTable historyTable(const HistoryQuery &query, const HistoryAnswer &answer);
/// A sentence a span, in local time.
QStringList notMeasuredLines(const QList<NotMeasured> &spans);

TextTable liveTable(const QList<LiveRow> &rows, By by, NameBook &names);

} // namespace Nettally::Cli
