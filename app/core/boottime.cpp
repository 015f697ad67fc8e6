// SPDX-License-Identifier: MIT
#include "boottime.h"

#include <ctime>

namespace Nettally {

QDateTime wallClock(quint64 bootTimeNs)
{
    timespec boot{};
    clock_gettime(CLOCK_BOOTTIME, &boot);
    const qint64 nowMs = qint64(boot.tv_sec) * 1000 + boot.tv_nsec / 1'000'000;
    return QDateTime::currentDateTime().addMSecs(qint64(bootTimeNs / 1'000'000) - nowMs);
}

} // namespace Nettally
