// SPDX-License-Identifier: MIT
#pragma once

#include "address.h"

namespace Nettally {

/// How far away an address is, as far as it tells by itself.
enum class Reach : quint8 {
    Unknown, ///< the address is not known
    Loopback, ///< this machine
    Local, ///< private, link-local, shared (RFC 6598), multicast, broadcast: not routed on the internet
    Internet,
};

/// Thread-safe.
Reach reachOf(const Address &address);

} // namespace Nettally
