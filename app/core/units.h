// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <optional>

/// How quantities are written for people. Every function is thread-safe.
namespace Nettally {

enum class UnitBase {
    Iec, ///< KiB = 1024 B
    Si, ///< kB = 1000 B
};

enum class RateUnit { Bytes, Bits };

struct UnitStyle {
    UnitBase base = UnitBase::Iec;
    RateUnit rateUnit = RateUnit::Bytes;
    bool operator==(const UnitStyle &) const = default;
};

/// What stands where a figure is not known: an en dash.
QString unknownText();

/// "0 B", "532 B", "1.46 KiB", "14.6 KiB", "146 KiB". Three significant digits and never more than four
/// characters before the unit: 1000 to 1023 KiB read "0.98 MiB" to "1.00 MiB".
QString formatBytes(quint64 bytes, UnitBase base = UnitBase::Iec);

/// Likewise "1.46 KiB/s", "11.7 Kibit/s"; unknownText() without a value, below zero or not finite.
QString formatRate(std::optional<double> bytesPerSecond, UnitStyle style = {});

/// "850 ms", "45 s", "3 min 05 s", "2 h 05 min", "3 d 04 h"; unknownText() below zero.
QString formatDuration(qint64 milliseconds);

/// "TCP", "UDP", …, "protocol 47"; unknownText() for 0, which stands for a protocol not told.
QString protocolName(quint8 protocol);

/// The account's name, or its number as text where it has none. Remembered for the life of the process;
/// the first question for a uid may block on the name service.
QString userName(quint32 uid);

} // namespace Nettally
