// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

namespace Nettally {

/// A cell of comma-separated values (RFC 4180). Names are chosen by strangers: one that a spreadsheet would
/// take for a formula is preceded by an apostrophe. Thread-safe.
QString csvCell(QString text);

} // namespace Nettally
