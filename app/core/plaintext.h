// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QByteArray>
#include <QString>

class QJsonObject;
class QJsonValue;

/// Texts for other programs and for terminals. Every function is thread-safe.
namespace Nettally {

/// Without what a terminal would act on or be misled by: control characters, direction marks, line
/// separators. Programs choose their names, and root reads them.
QString printable(const QString &text);

/// The stable names of JSON.
QString kindName(ProgramKind kind);

/// JSON numbers are kept exactly up to 2^63, which no counter reaches.
QJsonValue toJsonValue(quint64 count);
/// Indented, with a line end; what printable() drops is escaped, so it too is safe on a terminal.
QByteArray toJson(const QJsonObject &object);

} // namespace Nettally
