// SPDX-License-Identifier: MIT
#include "tunneltext.h"

#include <QCoreApplication>
#include <QStringList>

#include <algorithm>

namespace Nettally {

namespace {

QString translate(const char *text)
{
    return QCoreApplication::translate("TunnelText", text);
}

} // namespace

QString tunnelText(const InterfaceBalance &interface, const QList<InterfaceBalance> &interfaces)
{
    if (!interface.isTunnel)
        return {};
    QStringList carriers;
    for (const CarrierProgram &carrier : interface.carriers) {
        carriers.append(carrier.name.isEmpty()
                            ? translate("another user’s program")
                            : translate("%1 (%2)").arg(carrier.name, QString::number(carrier.pid)));
    }
    carriers.removeDuplicates();
    if (!carriers.isEmpty())
        return translate("tunnel (%1), carried by %2").arg(interface.kind, carriers.join(u", "));
    // Only these are a program's; of all others the kernel makes the packets itself.
    if (interface.kind == QLatin1String("tun") || interface.kind == QLatin1String("ppp"))
        return translate("tunnel (%1), carried by nobody now").arg(interface.kind);
    const auto lower = std::find_if(interfaces.begin(), interfaces.end(), [&](const InterfaceBalance &one) {
        return one.index == interface.lowerIndex && interface.lowerIndex != 0;
    });
    return lower == interfaces.end()
        ? translate("tunnel (%1), carried by the kernel").arg(interface.kind)
        : translate("tunnel (%1), carried by the kernel over %2").arg(interface.kind, lower->name);
}

} // namespace Nettally
