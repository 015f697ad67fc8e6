// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QString>

namespace Nettally::Cli {

/// Writes to standard output and flushes. False when it cannot be written: then the program should end, with
/// outputExitCode().
bool writeOutput(const QByteArray &text);

/// False once writing failed.
bool isOutputOpen();

/// Ok when the reader of the output merely left ("| head"), else Failure, after saying why.
int outputExitCode();

/// One line to standard error.
void writeError(const QString &sentence);

} // namespace Nettally::Cli
