// SPDX-License-Identifier: MIT
#include "alertrates.h"

#include <algorithm>

namespace Nettally {

namespace {

constexpr quint64 secondNs = 1'000'000'000;

} // namespace

AlertRates::AlertRates(InterfaceName interfaceName)
    : m_interfaceName(std::move(interfaceName))
{
}

void AlertRates::setSettings(const AlertSettings &settings)
{
    const bool isSameCounting = settings.ignoredNetworks == m_settings.ignoredNetworks
        && settings.onlyNetworks == m_settings.onlyNetworks;
    m_settings = settings;
    std::vector<Window> windows;
    for (const AlertRule &rule : settings.rules) {
        if (rule.kind != AlertKind::Rate || !rule.isEnabled)
            continue;
        const auto same = std::find_if(m_windows.begin(), m_windows.end(),
                                       [&rule](const Window &window) { return window.rule == rule; });
        if (same != m_windows.end() && isSameCounting)
            windows.push_back(std::move(*same));
        else
            windows.push_back({rule, {}, {}});
    }
    m_windows = std::move(windows);
}

QList<AlertRates::Passed> AlertRates::take(const UsageChange &change)
{
    QList<Passed> passed;
    for (Window &window : m_windows) {
        const AlertRule &rule = window.rule;
        if (change.beginNs == 0 || change.endNs <= change.beginNs
            || (!window.readings.empty() && window.readings.back().endNs != change.beginNs)) {
            window.readings.clear();
            window.sums.clear();
            if (change.beginNs == 0 || change.endNs <= change.beginNs)
                continue;
        }
        add(window, change);
        const quint64 overNs = quint64(rule.overSeconds) * secondNs;
        // What began before the rule's time goes when the rest still fills it.
        while (window.readings.size() > 1 && change.endNs - window.readings[1].beginNs >= overNs)
            drop(window);
        const quint64 knownNs = change.endNs - window.readings.front().beginNs;
        if (knownNs < overNs)
            continue;
        for (auto sum = window.sums.cbegin(); sum != window.sums.cend(); ++sum) {
            const bool isProgram =
                rule.subject == AlertSubject::Program || rule.subject == AlertSubject::AnyProgram;
            if (isProgram && !isAlertProgramWatched(m_settings, sum.key()))
                continue;
            const quint64 bytes =
                sum.value().networkBytes > 0 ? sum.value().networkBytes : sum.value().payloadBytes;
            const double rate = double(bytes) * double(secondNs) / double(knownNs);
            if (rate > double(rule.limitBytes))
                passed.append({rule, sum.key(), rate});
        }
    }
    return passed;
}

void AlertRates::add(Window &window, const UsageChange &change) const
{
    const AlertRule &rule = window.rule;
    Reading reading{change.beginNs, change.endNs, {}};
    for (const UsageDelta &delta : change.deltas) {
        const QString network = m_interfaceName(delta.interfaceIndex);
        if (rule.subject == AlertSubject::Network ? network != rule.name
                                                  : !isAlertNetworkCounted(m_settings, network))
            continue;
        AlertProgram program{delta.program.name, delta.program.executable, delta.program.kind};
        if (rule.subject == AlertSubject::Program) {
            if (!program.isCalled(rule.name))
                continue;
            // Another file or user of the same name is the same to the rule.
            program.executable = rule.name.startsWith(u'/') ? rule.name : QString();
        } else if (rule.subject != AlertSubject::AnyProgram) {
            program = {};
        }
        const bool isRx = rule.direction != AlertDirection::Sent;
        const bool isTx = rule.direction != AlertDirection::Received;
        const Moved moved{(isRx ? delta.rxPayloadBytes : 0) + (isTx ? delta.txPayloadBytes : 0),
                          (isRx ? delta.rxNetworkBytes : 0) + (isTx ? delta.txNetworkBytes : 0)};
        for (ByProgram *sums : {&reading.moved, &window.sums}) {
            Moved &sum = (*sums)[program];
            sum.payloadBytes += moved.payloadBytes;
            sum.networkBytes += moved.networkBytes;
        }
    }
    window.readings.push_back(std::move(reading));
}

void AlertRates::drop(Window &window) const
{
    const Reading &oldest = window.readings.front();
    for (auto moved = oldest.moved.cbegin(); moved != oldest.moved.cend(); ++moved) {
        const auto sum = window.sums.find(moved.key());
        sum->payloadBytes -= moved->payloadBytes;
        sum->networkBytes -= moved->networkBytes;
        if (sum->payloadBytes == 0 && sum->networkBytes == 0)
            window.sums.erase(sum);
    }
    window.readings.pop_front();
}

} // namespace Nettally
