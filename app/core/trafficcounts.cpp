// SPDX-License-Identifier: MIT
#include "trafficcounts.h"

#include <QCoreApplication>
#include <QLocale>

namespace Nettally {

QString countsText(const TrafficCounts &counts, CountsMeasured measured, UnitBase base)
{
    const auto bytes = [&](quint64 count) {
        return measured.hasPackets ? formatBytes(count, base) : unknownText();
    };
    const auto number = [](quint64 count, bool isMeasured) {
        return isMeasured ? QLocale().toString(count) : unknownText();
    };
    return QCoreApplication::translate("TrafficCounts",
                                       "Payload: %1 received, %2 sent\n"
                                       "Network bytes: %3 received, %4 sent\n"
                                       "Packets: %5 received, %6 sent, %7 of them again")
        .arg(formatBytes(counts.rxPayloadBytes, base), formatBytes(counts.txPayloadBytes, base),
             bytes(counts.rxNetworkBytes), bytes(counts.txNetworkBytes),
             number(counts.rxPackets, measured.hasPackets), number(counts.txPackets, measured.hasPackets),
             number(counts.retransmits, measured.hasRetransmits));
}

} // namespace Nettally
