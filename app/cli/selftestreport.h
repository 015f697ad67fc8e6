// SPDX-License-Identifier: MIT
#pragma once

#include "selftestresult.h"

#include <QJsonObject>
#include <QList>

/// What the self-test says at its end: for programs as JSON, whose fields README.md documents, and for
/// people.
namespace Nettally::Cli {

struct SelfTestReport {
    QString kernel;
    bool hasOwnHelper = false; ///< none was running, so one was started for the test
    qint64 tookMs = 0;
    QList<CaseResult> results;
    CableAudit audit;

    /// Not one byte off or without a name, and nothing broke down: what is not supported or not seen does not
    /// count.
    bool hasPassed() const;
};

QJsonObject selfTestJson(const SelfTestReport &report);
/// A line about the audit, and one about all.
QString selfTestSummary(const SelfTestReport &report);

} // namespace Nettally::Cli
