// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QByteArray>
#include <QCoreApplication>
#include <QString>

class QJsonObject;

namespace Nettally::Cli {

/// The context of the program's translated texts.
struct Ctl {
    Q_DECLARE_TR_FUNCTIONS(nettallyctl)
};

/// Without what a terminal would act on or be misled by: control characters, direction marks, line
/// separators. Programs choose their names, and root reads them.
QString printable(const QString &text);

/// Columns the text takes on a terminal.
int displayWidth(const QString &text);
/// Cut to @p width columns, the last an ellipsis where something was cut.
QString elided(const QString &text, int width);

/// How a program is called in a table; made printable.
QString programLabel(const Program &program);
/// The stable names of JSON.
QString kindName(ProgramKind kind);
QString directionName(Direction direction);

/// A line of Balance for people.
QString balanceLineName(const QString &name);
/// Indented, with a line end; what printable() drops is escaped, so it too is safe on a terminal.
QByteArray toJson(const QJsonObject &object);

} // namespace Nettally::Cli
