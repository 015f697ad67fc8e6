// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

#include <optional>

namespace Nettally {

/// Whether the file of that name or path runs programs of a language: python3.11, node, bash, java, ….
bool isInterpreter(const QString &executable);

/**
 * What @p executable, an interpreter, runs by @p arguments (the first being its own name): the script's path
 * as given, the archive, or a module's or class's name. Nothing where it runs no file (python3 -c), where an
 * option is not known to us, and where the arguments are another program's.
 */
std::optional<QString> scriptOf(const QString &executable, const QList<QByteArray> &arguments);

} // namespace Nettally
