// SPDX-License-Identifier: MIT
#include "output.h"

#include "exitcode.h"
#include "text.h"

#include <cerrno>
#include <cstdio>

namespace Nettally::Cli {

namespace {

int outputError = 0;

} // namespace

bool writeOutput(const QByteArray &text)
{
    const size_t size = size_t(text.size());
    if (std::fwrite(text.constData(), 1, size, stdout) == size && std::fflush(stdout) == 0) {
        return true;
    }
    outputError = errno;
    return false;
}

bool isOutputOpen()
{
    return outputError == 0;
}

int outputExitCode()
{
    if (outputError == EPIPE) {
        return Ok;
    }
    writeError(Ctl::tr("The output cannot be written (%1): send it somewhere with space.")
                   .arg(qt_error_string(outputError)));
    return Failure;
}

void writeError(const QString &sentence)
{
    const QByteArray line = "nettallyctl: " + printable(sentence).toUtf8() + '\n';
    std::fwrite(line.constData(), 1, size_t(line.size()), stderr);
}

} // namespace Nettally::Cli
