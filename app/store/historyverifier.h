// SPDX-License-Identifier: MIT
#pragma once

#include "historydatabase.h"
#include "historyquery.h"

namespace Nettally {

/// Checks that what is stored more than once agrees; from the database's thread, in an open database.
class HistoryVerifier {
public:
    explicit HistoryVerifier(HistoryDatabase &database)
        : m_database(database)
    {
    }

    DatabaseResult verify(HistoryVerdict &verdict);

private:
    struct Rows {
        Level level = Level::Minute;
        QString (*tableOf)(Level) = nullptr;
    };

    DatabaseResult compare(const HistoryHost &host, const Rows &parts, const Rows &wholes, bool hasRemotes,
                           HistoryVerdict &verdict);
    DatabaseResult balanceBooks(const HistoryHost &host, HistoryVerdict &verdict);

    HistoryDatabase &m_database;
};

} // namespace Nettally
