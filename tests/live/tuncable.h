// SPDX-License-Identifier: MIT
#pragma once

#include "testnetwork.h"

#include <array>
#include <thread>

namespace Nettally {

/// A cable of two tun devices, t0 in both of the network's namespaces, whose packets a thread of this process
/// carries over from one to the other: what a tunnel's program does, without the tunnel, or with one.
class TunCable {
public:
    enum class By {
        Hand, ///< from file to file
        Udp, ///< each packet a datagram over the network's own cable
    };
    static constexpr quint16 udpPort = 1194;
    static constexpr char interface[] = "t0";
    static constexpr char serverV4[] = "10.89.0.2";
    static constexpr char clientV4[] = "10.89.0.1";
    static constexpr char serverV6[] = "fd89::2";
    static constexpr char clientV6[] = "fd89::1";

    TunCable() = default;
    ~TunCable();
    Q_DISABLE_COPY_MOVE(TunCable)

    /// Empty when it is up, else what failed.
    QString create(const TestNetwork &network, By by = By::Hand);

private:
    QString makeEnd(const QString &networkNamespace, int *device, const char *v4, const char *v6);
    QString openSockets(const TestNetwork &network);
    void carry() const;

    std::array<int, 2> m_devices{-1, -1};
    std::array<int, 2> m_sockets{-1, -1}; ///< connected to each other, By::Udp
    int m_end = -1; ///< an eventfd: written to end the thread
    std::thread m_carrier;
};

} // namespace Nettally
