// SPDX-License-Identifier: MIT
#pragma once

#include "testbed.h"

#include "usage.h"

#include <QString>

namespace Nettally {

/// Of a line of the books; 0 if there is none of that name.
qint64 lineOf(const InterfaceBalance &balance, const char *name, qint64 BalanceLine::*direction);

/// The books as a table, for a message.
QString textOf(const InterfaceBalance &balance);

/// The books of the interface, if it is among them.
InterfaceBalance balanceOf(const QList<InterfaceBalance> &interfaces, const char *name);

/// The same, from a reading that begins after this call.
InterfaceBalance balanceNow(LiveHelper &helper, const char *name);

} // namespace Nettally
