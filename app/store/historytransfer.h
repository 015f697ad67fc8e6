// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"
#include "historyquery.h"

#include <QIODevice>

namespace Nettally {

/// Writes history out and reads it in; from the database's thread. Fields: app/cli/README.md.
class HistoryTransfer {
public:
    explicit HistoryTransfer(HistoryDatabase &database)
        : m_database(database)
    {
    }

    /// Every bucket that begins within the span, at the finest resolution there is of its time.
    DatabaseResult exportSpan(ExportFormat format, qint64 fromUtcS, qint64 toUtcS,
                              const ExportSink &wholeSink);

    /// All of it in one transaction, or nothing; @p imported.problem tells what is wrong with the file.
    DatabaseResult import(QIODevice &file, HistoryImport &imported);

private:
    DatabaseResult exportLevel(ExportFormat format, const HistoryHost &host, Level level, qint64 fromUtcS,
                               qint64 toUtcS, const ExportSink &sink, quint64 &lines, bool &isOpen);
    DatabaseResult importLines(QIODevice &file, HistoryImport &imported);

    HistoryDatabase &m_database;
};

} // namespace Nettally
