// SPDX-License-Identifier: MIT
#include "commands.h"
#include "exitcode.h"
#include "output.h"
#include "report.h"
#include "text.h"

#include <QDateTime>

namespace Nettally::Cli {

int runHistory(const Options &options)
{
    HistoryStore store(options.database.isEmpty() ? HistoryStore::defaultPath() : options.database);
    store.start(HistoryStore::Mode::Read);
    const qint64 toUtcMs = QDateTime::currentMSecsSinceEpoch();
    const qint64 fromUtcMs = toUtcMs - options.lastMs;
    store.queryProgramUsage(fromUtcMs, toUtcMs, [&](const ProgramUsageResult &result) {
        if (!result.problem.isEmpty()) {
            writeError(result.problem);
            QCoreApplication::exit(Failure);
            return;
        }
        const QByteArray text = options.json
            ? toJson(historyJson(result.programs, fromUtcMs, toUtcMs))
            : (historyTable(result.programs).lines(0).join(u'\n') + u'\n').toUtf8();
        QCoreApplication::exit(writeOutput(text) ? int(Ok) : outputExitCode());
    });
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
