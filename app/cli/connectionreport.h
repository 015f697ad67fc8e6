// SPDX-License-Identifier: MIT
#pragma once

#include "connection.h"
#include "namebook.h"
#include "texttable.h"

#include <QJsonObject>

/// The TCP connections, for programs as JSON, whose fields README.md documents, and for people.
namespace Nettally::Cli {

QJsonObject connectionsJson(const ConnectionList &list, NameBook &names, Scope granted,
                            const QString &scopeNote);
TextTable connectionsTable(const ConnectionList &list, NameBook &names);

} // namespace Nettally::Cli
