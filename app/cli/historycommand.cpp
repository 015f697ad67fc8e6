// SPDX-License-Identifier: MIT
#include "commands.h"
#include "exitcode.h"
#include "historytext.h"
#include "output.h"
#include "report.h"
#include "text.h"

#include <QDateTime>

#include <limits>

namespace Nettally::Cli {

namespace {

/// The exit code for @p text written, or for why it is not.
int print(const QByteArray &text)
{
    return writeOutput(text) ? int(Ok) : outputExitCode();
}

int fail(const QString &problem)
{
    writeError(problem);
    return Failure;
}

HistoryQuery queryOf(const Options &options)
{
    const qint64 nowUtcS = QDateTime::currentSecsSinceEpoch();
    HistoryQuery query;
    query.toUtcS = options.toUtcS.value_or(nowUtcS);
    query.fromUtcS = options.fromUtcS.value_or(query.toUtcS - options.lastMs / 1000);
    query.by = options.historyBy;
    query.program = options.program;
    query.top = options.top;
    if (query.by == HistoryQuery::By::Time) {
        query.maxPoints = options.top > 0 ? options.top : 50;
    }
    return query;
}

QByteArray answerText(const HistoryQuery &query, const HistoryAnswer &answer, Format format)
{
    switch (format) {
    case Format::Json:
        return toJson(historyJson(query, answer));
    case Format::Csv:
        return historyCsv(query, answer);
    case Format::Table:
        break;
    }
    QStringList lines = historyTable(query, answer).lines(0);
    lines += notMeasuredLines(answer.notMeasured);
    return (lines.join(u'\n') + u'\n').toUtf8();
}

void verify(HistoryStore &store)
{
    store.verify([](const HistoryVerdict &verdict) {
        if (!verdict.problem.isEmpty()) {
            QCoreApplication::exit(fail(verdict.problem));
            return;
        }
        QStringList lines = {
            Ctl::tr("%1 sums of hours, days and months compared with their parts.")
                .arg(verdict.comparedBuckets),
            Ctl::tr("%1 minutes of interfaces balance; for %2 the network bytes are not known.")
                .arg(verdict.balancedMinutes)
                .arg(verdict.unknownMinutes)};
        for (const QString &fault : verdict.faults) {
            lines.append(printable(fault));
        }
        const int written = print((lines.join(u'\n') + u'\n').toUtf8());
        QCoreApplication::exit(
            written == Ok && verdict.faultCount > 0 ? fail(
                Ctl::tr("The history has %1 faults: keep a copy of it, and report them with the version "
                        "of Nettally.")
                    .arg(verdict.faultCount))
                                                    : written);
    });
}

} // namespace

int runHistory(const Options &options)
{
    HistoryStore store(options.database.isEmpty() ? HistoryStore::defaultPath() : options.database);
    const bool changes = options.action == HistoryAction::Import || options.action == HistoryAction::Vacuum;
    store.start(changes ? HistoryStore::Mode::Record : HistoryStore::Mode::Read);
    const HistoryQuery query = queryOf(options);
    switch (options.action) {
    case HistoryAction::Ask:
        store.query(query, [&](const HistoryAnswer &answer) {
            QCoreApplication::exit(answer.problem.isEmpty() ? print(answerText(query, answer, options.format))
                                                            : fail(answer.problem));
        });
        break;
    case HistoryAction::Export: {
        const bool isBounded = options.fromUtcS || options.isLastGiven;
        store.exportSpan(options.format == Format::Csv ? ExportFormat::Csv : ExportFormat::Json,
                         isBounded ? query.fromUtcS : std::numeric_limits<qint64>::min(),
                         options.toUtcS.value_or(std::numeric_limits<qint64>::max()), writeOutput,
                         [](const QString &problem) {
                             QCoreApplication::exit(!problem.isEmpty()   ? fail(problem)
                                                        : isOutputOpen() ? int(Ok)
                                                                         : outputExitCode());
                         });
        break;
    }
    case HistoryAction::Import:
        store.import(options.file, [](const HistoryImport &imported) {
            if (!imported.problem.isEmpty()) {
                QCoreApplication::exit(fail(imported.problem));
                return;
            }
            const QString line = imported.isKnown
                ? Ctl::tr("This export was imported before; nothing was added.")
                : Ctl::tr("%1 records were added.").arg(imported.records);
            QCoreApplication::exit(print((line + u'\n').toUtf8()));
        });
        break;
    case HistoryAction::Vacuum:
        store.vacuum([](const QString &problem) {
            QCoreApplication::exit(problem.isEmpty() ? int(Ok) : fail(problem));
        });
        break;
    case HistoryAction::Verify:
        verify(store);
        break;
    }
    return QCoreApplication::exec();
}

} // namespace Nettally::Cli
