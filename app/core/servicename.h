// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

namespace Nettally {

/// The name that this system's own list gives to a port of @p protocol (IPPROTO_*); empty where it has none.
/// Remembered for the life of the process; asks no name service. Thread-safe.
QString serviceName(quint16 port, quint8 protocol);

/// "https (443)", "8443"; empty for port 0.
QString serviceText(quint16 port, quint8 protocol);

} // namespace Nettally
