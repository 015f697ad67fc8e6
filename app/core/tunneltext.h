// SPDX-License-Identifier: MIT
#pragma once

#include "usage.h"

#include <QString>

namespace Nettally {

/// "tunnel (tun), carried by openvpn (1234)" in the reader's language, of names that programs choose as they
/// are; empty of what is no tunnel. @p interfaces are those it is one of.
QString tunnelText(const InterfaceBalance &interface, const QList<InterfaceBalance> &interfaces);

} // namespace Nettally
