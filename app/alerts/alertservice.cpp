// SPDX-License-Identifier: MIT
#include "alertservice.h"

#include <net/if.h>

#include <algorithm>
#include <array>

using namespace std::chrono_literals;

namespace Nettally {

namespace {

/// Of this network namespace, where the helper usually is too; empty: there is none of that number now.
QString interfaceName(quint32 index)
{
    std::array<char, IF_NAMESIZE> name{};
    return index != 0 && if_indextoname(index, name.data()) ? QString::fromUtf8(name.data()) : QString();
}

} // namespace

AlertService::AlertService(const QString &folder, const QDBusConnection &session,
                           const QDBusConnection &system, QObject *parent)
    : QObject(parent)
    , m_engine(folder)
    , m_notifier(session)
    , m_networks(system)
{
    m_engine.setInterfaceName(interfaceName);
    connect(&m_engine, &AlertEngine::raised, this, &AlertService::act);
    connect(&m_notifier, &AlertNotifier::failed, this,
            [this](quint64 number) { m_engine.setDelivery(number, AlertDelivery::NoService); });
    connect(&m_notifier, &AlertNotifier::openRequested, this, &AlertService::openRequested);
    connect(&m_notifier, &AlertNotifier::snoozeRequested, this, [this] { m_engine.snooze(1h); });
    connect(&m_notifier, &AlertNotifier::muteRequested, this, [this](quint64 number) {
        const QList<AlertEvent> &events = m_engine.events();
        const auto event = std::find_if(events.cbegin(), events.cend(),
                                        [number](const AlertEvent &each) { return each.number == number; });
        if (event != events.cend())
            m_engine.mute(event->executable.isEmpty() ? event->program : event->executable);
    });
    connect(&m_hooks, &AlertHooks::finished, &m_engine, &AlertEngine::setOutcome);
}

void AlertService::start(const AlertEngine::Source &source)
{
    m_networks.start();
    m_engine.start(source);
}

void AlertService::act(const AlertEvent &event, const AlertAction &action)
{
    if (event.delivery == AlertDelivery::Notified)
        m_notifier.show(event);
    // Hooks make no noise here: quiet hours and snoozing are about notifications.
    m_hooks.run(event, action);
}

} // namespace Nettally
