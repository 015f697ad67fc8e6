// SPDX-License-Identifier: MIT
#pragma once

#include "testnetwork.h"

#include <array>
#include <thread>

namespace Nettally {

/// A cable of two tun devices, t0 in both of the network's namespaces, whose packets a thread of this process
/// carries over from one to the other: what a tunnel's program does, without the tunnel.
class TunCable {
public:
    static constexpr char interface[] = "t0";
    static constexpr char serverV4[] = "10.89.0.2";
    static constexpr char clientV4[] = "10.89.0.1";
    static constexpr char serverV6[] = "fd89::2";
    static constexpr char clientV6[] = "fd89::1";

    TunCable() = default;
    ~TunCable();
    Q_DISABLE_COPY_MOVE(TunCable)

    /// Empty when it is up, else what failed.
    QString create(const TestNetwork &network);

private:
    QString makeEnd(const QString &networkNamespace, int *device, const char *v4, const char *v6);
    void carry() const;

    std::array<int, 2> m_devices{-1, -1};
    int m_end = -1; ///< an eventfd: written to end the thread
    std::thread m_carrier;
};

} // namespace Nettally
