// SPDX-License-Identifier: MIT
#pragma once

#include "units.h"

#include <QIcon>
#include <QString>

#include <optional>

/// The picture in the tray, which says how much moves now.
namespace Nettally {

enum class TrayStyle { Bars, Figures };

/// What the picture shows; equal values make equal pictures.
struct RatePicture {
    TrayStyle style = TrayStyle::Bars;
    /// Bars: 0 to barSteps, by the logarithm of the rate; none where it is not known.
    std::optional<int> rxStep;
    std::optional<int> txStep;
    QString rxFigure; ///< figures: at most four characters
    QString txFigure;
    bool operator==(const RatePicture &) const = default;
};

constexpr int barSteps = 12;

/// 0 below 1 kB/s; then a step for each half of a decade, the last from 1 GB/s on.
std::optional<int> barStep(std::optional<double> bytesPerSecond);
/// Three digits at most and the unit's letter: "0", "980", "1.2K", "34M"; an en dash where it is not known.
QString shortRate(std::optional<double> bytesPerSecond, UnitStyle style);

RatePicture ratePicture(TrayStyle style, std::optional<double> rxBytesPerSecond,
                        std::optional<double> txBytesPerSecond, UnitStyle units);
/// On a ground of its own, so that light and dark panels do alike; 16 to 64 pixels.
QIcon rateIcon(const RatePicture &picture);

} // namespace Nettally
