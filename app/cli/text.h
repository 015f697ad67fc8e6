// SPDX-License-Identifier: MIT
#pragma once

#include "namebook.h"
#include "plaintext.h"
#include "usage.h"

#include <QCoreApplication>
#include <QString>

class QJsonValue;

namespace Nettally::Cli {

/// The context of the program's translated texts.
struct Ctl {
    Q_DECLARE_TR_FUNCTIONS(nettallyctl)
};

/// Columns the text takes on a terminal.
int displayWidth(const QString &text);
/// Cut to @p width columns, the last an ellipsis where something was cut.
QString elided(const QString &text, int width);

/// How a program is called in a table; made printable.
QString programLabel(const Program &program);
/// The stable name of JSON.
QString directionName(Direction direction);

/// A line of Balance for people.
QString balanceLineName(const QString &name);
/// The name of a remote; null when none is known.
QJsonValue remoteNameJson(NameBook &names, quint32 programId, const Address &remote);

} // namespace Nettally::Cli
