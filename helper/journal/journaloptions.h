// SPDX-License-Identifier: MIT
#pragma once

#include "journal.h"

#include <QStringList>

namespace Nettally {

/// What the file at @p path says of the journal: lines "key = value", and comments from "#" on. What is not
/// said, or is wrong and then named in @p problems, is as Journal::Options has it. No file: nothing is said.
Journal::Options readJournalOptions(const QString &path, QStringList *problems);

} // namespace Nettally
