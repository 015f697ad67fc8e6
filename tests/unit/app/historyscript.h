// SPDX-License-Identifier: MIT
#pragma once

#include "historystore.h"

#include <QRandomGenerator>
#include <QTest>

#include <cmath>

namespace Nettally::Test {

/// Fills a history as a journal would: batch by batch, each once.
class HistoryScript {
public:
    explicit HistoryScript(HistoryStore &store)
        : m_store(store)
    {
    }

    void flow(qint64 utcS, const QString &program, const QString &remote, quint64 rx, quint64 tx,
              quint8 protocol = 6, const QString &interfaceName = QStringLiteral("enp0s31f6"))
    {
        FlowMinute minute;
        minute.minuteUtcS = utcS - utcS % 60;
        minute.flow.program = {program, QStringLiteral("/usr/bin/") + program, 1000, QString(),
                               ProgramKind::Program};
        minute.flow.remote = Address::fromString(remote);
        minute.flow.protocol = protocol;
        minute.flow.servicePort = 443;
        minute.flow.direction = Direction::Outgoing;
        minute.flow.interfaceName = interfaceName;
        minute.sums = {rx, tx, NetworkUsage{rx + rx / 20, tx + tx / 20, rx / 1400 + 1, tx / 1400 + 1, 0}};
        if (!hasNetwork)
            minute.sums.network.reset();
        m_batch.records.append(minute);
    }

    void notMeasured(qint64 beginUtcS, qint64 endUtcS, NotMeasuredReason reason)
    {
        m_batch.records.append(NotMeasured{beginUtcS, endUtcS, reason});
    }

    /// Ordinary days of one desktop, one reading every @p stepS, from the one to the other.
    void desktop(qint64 fromUtcS, qint64 toUtcS, qint64 stepS)
    {
        static const QStringList programs = {
            QStringLiteral("firefox"),     QStringLiteral("steam"),
            QStringLiteral("syncthing"),   QStringLiteral("apt"),
            QStringLiteral("thunderbird"), QStringLiteral("ssh"),
            QStringLiteral("Web Content"), QStringLiteral("rsync"),
            QStringLiteral("chronyd"),     QStringLiteral("a-program-with-quite-a-long-name-indeed")};
        for (qint64 utcS = fromUtcS; utcS < toUtcS; utcS += stepS) {
            const double hour = static_cast<double>(utcS % 86400) / 3600;
            const double awake = hour > 6 && hour < 22 ? std::sin((hour - 6) / 16 * 3.14159) : 0.02;
            for (int i = 0; i < programs.size(); ++i) {
                if (m_random.bounded(i + 2) > 1)
                    continue;
                const double scale = awake * static_cast<double>(stepS) * (i == 1 && hour > 18 ? 12 : 1);
                const auto rx = quint64(scale * m_random.bounded(90'000) / (i + 1));
                const auto tx = quint64(scale * m_random.bounded(i == 2 ? 70'000 : 9'000) / (i % 4 + 1));
                flow(utcS, programs[i],
                     m_random.bounded(4) == 0 ? QStringLiteral("2001:db8::%1").arg(m_random.bounded(30) + 1)
                                              : QStringLiteral("198.51.100.%1").arg(m_random.bounded(40) + 1),
                     rx, tx, i % 3 == 2 ? 17 : 6,
                     m_random.bounded(5) == 0 ? QStringLiteral("wlp4s0") : QStringLiteral("enp0s31f6"));
            }
            if (m_batch.records.size() > 8000)
                store();
        }
    }

    /// Whether it is stored, once it is.
    bool store()
    {
        if (m_batch.records.isEmpty())
            return true;
        bool isStored = false;
        m_batch.cursor = HistoryCursor{QByteArray(16, 'j'), ++m_number};
        const auto connection =
            QObject::connect(&m_store, &HistoryStore::batchApplied, &m_store, [&] { isStored = true; });
        m_store.applyBatch(m_batch);
        m_batch = {};
        const bool isInTime = QTest::qWaitFor([&] { return isStored; }, 60'000);
        QObject::disconnect(connection);
        return isInTime;
    }

    bool hasNetwork = true;

private:
    HistoryStore &m_store;
    HistoryBatch m_batch;
    quint64 m_number = 0;
    QRandomGenerator m_random{7};
};

} // namespace Nettally::Test
