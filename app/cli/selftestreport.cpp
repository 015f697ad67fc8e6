// SPDX-License-Identifier: MIT
#include "selftestreport.h"

#include "text.h"

#include <QJsonArray>

#include <algorithm>

namespace Nettally::Cli {

namespace {

qsizetype countOf(const SelfTestReport &report, TestVerdict verdict)
{
    return std::count_if(report.results.cbegin(), report.results.cend(),
                         [verdict](const CaseResult &result) { return result.verdict == verdict; });
}

QString verdictName(TestVerdict verdict)
{
    switch (verdict) {
    case TestVerdict::Exact:
        return QStringLiteral("exact");
    case TestVerdict::Unowned:
        return QStringLiteral("unowned");
    case TestVerdict::NotSupported:
        return QStringLiteral("notSupported");
    case TestVerdict::NotSeen:
        return QStringLiteral("notSeen");
    case TestVerdict::Off:
        return QStringLiteral("off");
    case TestVerdict::Failed:
        return QStringLiteral("failed");
    }
    return {};
}

QJsonObject figureJson(const Figure &figure)
{
    return {{QStringLiteral("expectedBytes"), qint64(figure.expectedBytes)},
            {QStringLiteral("countedBytes"), qint64(figure.countedBytes)},
            {QStringLiteral("offBytes"), qint64(figure.offBytes)},
            {QStringLiteral("verdict"), verdictName(figure.verdict)}};
}

QJsonObject caseJson(const CaseResult &result)
{
    QJsonArray planes;
    for (const PlaneResult &plane : result.planes) {
        planes.append(QJsonObject{{QStringLiteral("plane"), plane.plane},
                                  {QStringLiteral("sent"), figureJson(plane.sent)},
                                  {QStringLiteral("received"), figureJson(plane.received)},
                                  {QStringLiteral("reason"), plane.reason}});
    }
    return {{QStringLiteral("scenario"), result.scenario},
            {QStringLiteral("family"), familyName(result.family)},
            {QStringLiteral("programs"), result.programs},
            {QStringLiteral("tookMs"), result.tookMs},
            {QStringLiteral("verdict"), verdictName(result.verdict)},
            {QStringLiteral("reason"), result.reason},
            {QStringLiteral("planes"), planes}};
}

} // namespace

bool SelfTestReport::hasPassed() const
{
    return !results.isEmpty() && audit.isClean()
        && std::all_of(results.cbegin(), results.cend(), [](const CaseResult &result) {
               return result.verdict != TestVerdict::Off && result.verdict != TestVerdict::Failed;
           });
}

QJsonObject selfTestJson(const SelfTestReport &report)
{
    QJsonObject counts;
    for (const TestVerdict verdict : {TestVerdict::Exact, TestVerdict::NotSupported, TestVerdict::NotSeen,
                                      TestVerdict::Off, TestVerdict::Failed}) {
        counts.insert(verdictName(verdict), countOf(report, verdict));
    }
    const QJsonObject audit = {
        {QStringLiteral("sentBytes"), qint64(report.audit.sentBytes)},
        {QStringLiteral("receivedBytes"), qint64(report.audit.receivedBytes)},
        {QStringLiteral("namedUnseenBytes"), qint64(report.audit.namedUnseenBytes)},
        {QStringLiteral("unnamedBytes"), qint64(report.audit.unnamedBytes)},
        {QStringLiteral("problem"), report.audit.problem},
    };
    QJsonArray results;
    for (const CaseResult &result : report.results) {
        results.append(caseJson(result));
    }
    return {{QStringLiteral("schema"), QStringLiteral("nettally.selftest/1")},
            {QStringLiteral("kernel"), report.kernel},
            {QStringLiteral("ownHelper"), report.hasOwnHelper},
            {QStringLiteral("tookMs"), report.tookMs},
            {QStringLiteral("passed"), report.hasPassed()},
            {QStringLiteral("counts"), counts},
            {QStringLiteral("audit"), audit},
            {QStringLiteral("results"), results}};
}

QString selfTestSummary(const SelfTestReport &report)
{
    const QString audit = !report.audit.problem.isEmpty()
        ? Ctl::tr("Audit: %1").arg(report.audit.problem)
        : Ctl::tr("Audit: %1 bytes sent and %2 received crossed the interfaces; %3 passed no "
                  "socket; %4 have no name")
              .arg(report.audit.sentBytes)
              .arg(report.audit.receivedBytes)
              .arg(report.audit.namedUnseenBytes)
              .arg(report.audit.unnamedBytes);
    return audit + u'\n'
        + Ctl::tr("Linux %1: %2 exact, %3 off, %4 failed; %5 not seen, %6 not supported; %7 s")
              .arg(report.kernel)
              .arg(countOf(report, TestVerdict::Exact))
              .arg(countOf(report, TestVerdict::Off))
              .arg(countOf(report, TestVerdict::Failed))
              .arg(countOf(report, TestVerdict::NotSeen))
              .arg(countOf(report, TestVerdict::NotSupported))
              .arg(double(report.tookMs) / 1000, 0, 'f', 1);
}

} // namespace Nettally::Cli
