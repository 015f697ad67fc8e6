// SPDX-License-Identifier: MIT
#pragma once

#include "historyreader.h"

#include <memory>

/// What the tests of the history share.
namespace Nettally::HistoryTest {

inline constexpr qint64 hourS = 3600;
inline constexpr qint64 dayS = 86400;
inline const QByteArray journal(16, 'j');

/// @p text: as in ISO 8601, with a Z behind.
qint64 utc(const char *text);
/// A minute of HTTPS; 40 bytes of headers each way.
FlowMinute flow(qint64 utcS, const QString &program, const QString &remote, quint64 rx, quint64 tx);
/// For recording; null, with a warning, where it cannot be.
std::unique_ptr<HistoryDatabase> opened(const QString &path, const QByteArray &zone = "UTC");
/// Why it could not be checked is a fault too.
HistoryVerdict verdictOf(HistoryDatabase &database);
HistoryAnswer answerOf(HistoryDatabase &database, const HistoryQuery &query);
HistoryQuery spanOf(qint64 fromUtcS, qint64 toUtcS);
/// How many rows a table has and what they add up to: received, sent, network bytes received.
QString sumOf(HistoryDatabase &database, const QString &table);
/// Of usage; of a month, whose usage is added up later, the totals.
QString sumOf(HistoryDatabase &database, Level level);
/// Of a journal whose every batch can be made anew by its number: 50 records.
HistoryBatch numberedBatch(quint64 number);
/// What the first @p number of them add up to.
quint64 numberedSum(quint64 number);

} // namespace Nettally::HistoryTest
