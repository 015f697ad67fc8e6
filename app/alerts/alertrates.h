// SPDX-License-Identifier: MIT
#pragma once

#include "alertevaluator.h"
#include "usagebook.h"

#include <deque>
#include <functional>
#include <vector>

namespace Nettally {

/**
 * The averages that rules about rates look at, from the live readings and by their own clock, which neither
 * jumps nor stops. Network bytes where packets are counted, else payload. Not thread-safe.
 */
class AlertRates {
public:
    struct Passed {
        AlertRule rule;
        AlertProgram program; ///< none but for rules about programs
        double bytesPerSecond = 0;
    };
    /// The name of an interface; empty: not known.
    using InterfaceName = std::function<QString(quint32 index)>;

    explicit AlertRates(InterfaceName interfaceName);

    /// Begins anew for rules that changed.
    void setSettings(const AlertSettings &settings);
    /// What is above its limit after this reading, measured without a gap over the rule's whole time.
    QList<Passed> take(const UsageChange &change);

private:
    struct Moved {
        quint64 payloadBytes = 0;
        quint64 networkBytes = 0;
    };
    using ByProgram = QHash<AlertProgram, Moved>;
    struct Reading {
        quint64 beginNs = 0;
        quint64 endNs = 0;
        ByProgram moved;
    };
    struct Window {
        AlertRule rule;
        std::deque<Reading> readings;
        ByProgram sums;
    };

    void add(Window &window, const UsageChange &change) const;
    void drop(Window &window) const;

    InterfaceName m_interfaceName;
    AlertSettings m_settings;
    std::vector<Window> m_windows;
};

} // namespace Nettally
