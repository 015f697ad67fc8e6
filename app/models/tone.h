// SPDX-License-Identifier: MIT
#pragma once

#include <qnamespace.h>

namespace Nettally {

/// What a cell of a table means to the eye; the view has the colours. Under toneRole, as an int.
enum class Tone { Plain, Muted, Receive, Send, Good, Warning };

inline constexpr int toneRole = Qt::UserRole + 0x100;

} // namespace Nettally
