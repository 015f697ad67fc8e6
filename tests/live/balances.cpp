// SPDX-License-Identifier: MIT
#include "balances.h"

#include "trafficrun.h"

#include <QSignalSpy>
#include <QTest>

namespace Nettally {

qint64 lineOf(const InterfaceBalance &balance, const char *name, qint64 BalanceLine::*direction)
{
    for (const BalanceLine &line : balance.lines) {
        if (line.name == QLatin1String(name))
            return line.*direction;
    }
    return 0;
}

QString textOf(const InterfaceBalance &balance)
{
    QStringList lines = {
        QStringLiteral("%1 received %2 sent %3").arg(balance.name).arg(balance.rxBytes).arg(balance.txBytes)};
    for (const BalanceLine &line : balance.lines)
        lines.append(QStringLiteral("  %1 %2 %3").arg(line.name).arg(line.rxBytes).arg(line.txBytes));
    return lines.join(u'\n');
}

InterfaceBalance balanceOf(const QList<InterfaceBalance> &interfaces, const char *name)
{
    for (const InterfaceBalance &balance : interfaces) {
        if (balance.name == QLatin1String(name))
            return balance;
    }
    return {};
}

InterfaceBalance balanceNow(LiveHelper &helper, const char *name)
{
    // The helper answers from a reading that may be a second old.
    const quint64 now = bootTimeNs();
    QSignalSpy answers(&helper.client(), &MonitorClient::balanceReceived);
    const bool isNew = QTest::qWaitFor(
        [&] {
            if (!answers.isEmpty() && answers.constLast().at(0).toULongLong() >= now)
                return true;
            helper.client().requestBalance();
            return false;
        },
        20000);
    return isNew ? balanceOf(answers.constLast().at(1).value<QList<InterfaceBalance>>(), name)
                 : InterfaceBalance();
}

} // namespace Nettally
