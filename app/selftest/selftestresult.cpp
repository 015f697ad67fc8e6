// SPDX-License-Identifier: MIT
#include "selftestresult.h"

#include <QCoreApplication>

namespace Nettally {

namespace {

QString translate(const char *text)
{
    return QCoreApplication::translate("SelfTest", text);
}

/// Widths hold the longest of the scenarios' names and their largest figures.
QString line(const QString &scenario, const QString &family, const QString &programs, const QString &plane,
             const QString &direction, const QString &expected, const QString &counted, const QString &off,
             const QString &verdict)
{
    return QStringLiteral("%1 %2 %3  %4 %5 %6 %7 %8  %9")
        .arg(scenario, -20)
        .arg(family, -6)
        .arg(programs, 8)
        .arg(plane, -8)
        .arg(direction, -8)
        .arg(expected, 10)
        .arg(counted, 10)
        .arg(off, 8)
        .arg(verdict);
}

QString verdictText(TestVerdict verdict, const QString &reason)
{
    switch (verdict) {
    case TestVerdict::Exact:
        return translate("exact");
    case TestVerdict::Unowned:
        return translate("the rest passed no socket");
    case TestVerdict::NotSupported:
        return translate("not supported: %1").arg(reason);
    case TestVerdict::NotSeen:
        return translate("not seen: %1").arg(reason);
    case TestVerdict::Off:
        return translate("OFF");
    case TestVerdict::Failed:
        return translate("FAILED: %1").arg(reason);
    }
    return {};
}

} // namespace

QString familyName(IpFamily family)
{
    return family == IpFamily::V6 ? QStringLiteral("IPv6") : QStringLiteral("IPv4");
}

QString resultTitles()
{
    return line(translate("scenario"), translate("family"), translate("programs"), translate("plane"),
                translate("way"), translate("expected"), translate("counted"), translate("off by"),
                translate("verdict"));
}

QStringList resultLines(const CaseResult &result)
{
    const QString family = familyName(result.family);
    if (result.planes.isEmpty()) {
        const QString none = QStringLiteral("-");
        return {line(result.scenario, family, none, none, none, none, none, none,
                     verdictText(result.verdict, result.reason))};
    }
    QStringList lines;
    for (const PlaneResult &plane : result.planes) {
        const auto add = [&](const QString &direction, const Figure &figure) {
            lines.append(line(result.scenario, family, QString::number(result.programs), plane.plane,
                              direction, QString::number(figure.expectedBytes),
                              QString::number(figure.countedBytes), QString::number(figure.offBytes),
                              verdictText(figure.verdict, plane.reason)));
        };
        add(translate("sent"), plane.sent);
        add(translate("received"), plane.received);
    }
    return lines;
}

} // namespace Nettally
