// SPDX-License-Identifier: MIT
#pragma once

#include "historyquery.h"

class QJsonObject;

/// An answer of the history for other programs; the fields are in app/cli/README.md. Every function is
/// thread-safe.
namespace Nettally {

/// What is listed: by time a row a point, without first and last but the point's span, else the answer's
/// rows.
QList<HistoryRow> historyRows(const HistoryQuery &query, const HistoryAnswer &answer);

QJsonObject historyJson(const HistoryQuery &query, const HistoryAnswer &answer);
QByteArray historyCsv(const HistoryQuery &query, const HistoryAnswer &answer);

} // namespace Nettally
