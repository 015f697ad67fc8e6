// SPDX-License-Identifier: MIT
#pragma once

#include <qnamespace.h>

namespace Nettally {

/// What a figure of a table tells; under figureRole as an int, for whoever explains it.
enum class Figure {
    None,
    ReceiveRate,
    SendRate,
    Received,
    Sent,
    Connections,
    Share,
    FirstSeen,
    LastSeen,
};

inline constexpr int figureRole = Qt::UserRole + 0x103;
/// Of a remote address's row in any table: the address as text; invalid for other rows.
inline constexpr int addressRole = Qt::UserRole + 0x104;
/// Of a row that stands for a program: its own name, as the helper tells it, of several the busiest's; empty
/// or invalid for other rows.
inline constexpr int programRole = Qt::UserRole + 0x105;

} // namespace Nettally
