// SPDX-License-Identifier: MIT
#include "payloadplane.h"

#include "observation.h"
#include "trafficrun.h"

#include <QMap>

#include <algorithm>

namespace Nettally {

namespace {

struct Counted {
    quint64 sentBytes = 0;
    quint64 receivedBytes = 0;
};

quint64 distance(quint64 a, quint64 b)
{
    return a > b ? a - b : b - a;
}

/// By pid, the programs that began no earlier than the run: others had the same pid before. By id, which is
/// the order in which they were first seen.
QMap<quint32, QMap<quint32, Counted>> countedByPid(const Observation &after, quint64 sinceNs)
{
    QMap<quint32, QMap<quint32, Counted>> result;
    for (const Flow &flow : after.flows()) {
        const Program program = after.programs().value(flow.programId);
        if (program.startNs < sinceNs)
            continue;
        Counted &counted = result[program.pid][program.id];
        counted.sentBytes += flow.txPayloadBytesTotal;
        counted.receivedBytes += flow.rxPayloadBytesTotal;
    }
    return result;
}

/// One direction. How much would be missing if what passed no hook were not expected tells "not seen" from
/// "off".
struct Tally {
    Figure figure;
    quint64 offBesidesUnseen = 0;

    void add(quint64 expected, quint64 unseen, quint64 counted)
    {
        figure.expectedBytes += expected;
        figure.countedBytes += counted;
        figure.offBytes += distance(expected, counted);
        offBesidesUnseen += distance(expected - unseen, counted);
    }
    Figure judged() const
    {
        Figure result = figure;
        if (figure.offBytes > 0)
            result.verdict = offBesidesUnseen == 0 ? TestVerdict::NotSeen : TestVerdict::Off;
        return result;
    }
};

} // namespace

void PayloadPlane::begin(const Observation &)
{
    // Every program of a run is new, so there is nothing to subtract.
}

PlaneResult PayloadPlane::compare(const Traffic &traffic, const Observation &after) const
{
    QMap<quint32, QMap<quint32, Counted>> counted = countedByPid(after, traffic.beganNs);
    Tally sent;
    Tally received;
    PlaneResult result;
    const QList<Truth> &truths = traffic.truths;
    for (qsizetype i = 0; i < truths.size(); ++i) {
        const Truth &truth = truths.at(i);
        QMap<quint32, Counted> &programs = counted[truth.pid];
        const bool isLastOfProcess = std::none_of(truths.cbegin() + i + 1, truths.cend(),
                                                  [&](const Truth &later) { return later.pid == truth.pid; });
        // Programs that one process became follow one another; what is left over belongs to none and counts.
        Counted own;
        while (!programs.isEmpty()) {
            const Counted next = programs.take(programs.firstKey());
            own.sentBytes += next.sentBytes;
            own.receivedBytes += next.receivedBytes;
            if (!isLastOfProcess)
                break;
        }
        sent.add(truth.sentBytes, truth.sentUnseenBytes, own.sentBytes);
        received.add(truth.receivedBytes, truth.receivedUnseenBytes, own.receivedBytes);
        if (!truth.unseenReason.isEmpty())
            result.reason = truth.unseenReason;
    }
    result.plane = QStringLiteral("payload");
    result.sent = sent.judged();
    result.received = received.judged();
    if (result.sent.verdict != TestVerdict::NotSeen && result.received.verdict != TestVerdict::NotSeen)
        result.reason.clear();
    return result;
}

} // namespace Nettally
