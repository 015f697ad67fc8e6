// SPDX-License-Identifier: MIT
#include "networkplane.h"

#include "monitorclient.h"
#include "testplan.h"

#include <QTimer>

namespace Nettally {

namespace {

constexpr int againMs = 20; ///< the helper answers from its last reading, which may be the one before

struct Bytes {
    qint64 sent = 0;
    qint64 received = 0;
};

Bytes unseenOf(const InterfaceBalance &books)
{
    for (const BalanceLine &line : books.lines) {
        if (line.name == QLatin1String("unseen"))
            return {line.txBytes, line.rxBytes};
    }
    return {};
}

Figure figureOf(quint64 expected, qint64 unseen)
{
    Figure figure;
    figure.expectedBytes = expected;
    figure.countedBytes = expected - quint64(unseen);
    figure.offBytes = quint64(unseen < 0 ? -unseen : unseen);
    // Below zero it counted what was not there.
    if (unseen != 0)
        figure.verdict = unseen < 0 ? TestVerdict::Off : TestVerdict::Unowned;
    return figure;
}

} // namespace

NetworkPlane::NetworkPlane(MonitorClient &client, QObject *parent)
    : QObject(parent)
    , m_client(client)
{
    connect(&m_client, &MonitorClient::balanceReceived, this, &NetworkPlane::take);
}

void NetworkPlane::read(quint64 afterNs)
{
    m_afterNs = afterNs;
    m_isReading = true;
    m_client.requestBalance();
}

void NetworkPlane::take(quint64 timeNs, const QList<InterfaceBalance> &interfaces)
{
    if (!m_isReading)
        return;
    if (timeNs <= m_afterNs) {
        QTimer::singleShot(againMs, this, [this] {
            if (m_isReading)
                m_client.requestBalance();
        });
        return;
    }
    m_isReading = false;
    InterfaceBalance cable;
    for (const InterfaceBalance &books : interfaces) {
        if (books.name == QLatin1String(TestPlan::clientInterface))
            cable = books;
    }
    Q_EMIT booksRead(cable);
}

PlaneResult NetworkPlane::compare(const InterfaceBalance &before, const InterfaceBalance &after)
{
    const Bytes unseenBefore = unseenOf(before);
    const Bytes unseenAfter = unseenOf(after);
    PlaneResult result;
    result.plane = QStringLiteral("network");
    result.sent = figureOf(after.txBytes - before.txBytes, unseenAfter.sent - unseenBefore.sent);
    result.received = figureOf(after.rxBytes - before.rxBytes, unseenAfter.received - unseenBefore.received);
    return result;
}

} // namespace Nettally
