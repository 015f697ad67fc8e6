// SPDX-License-Identifier: MIT
#pragma once

#include "authorizer.h"

#include <QDBusConnection>

#include <chrono>
#include <memory>

namespace Nettally {

/// How long an answer may take before the check counts as failed; a password takes a person's time.
inline constexpr std::chrono::milliseconds interactiveCheckTimeout = std::chrono::minutes(2);
inline constexpr std::chrono::milliseconds quietCheckTimeout = std::chrono::seconds(10);

/**
 * Asks polkit whether the owner of a bus name may do an action; any number of checks at a time.
 *
 * Two implementations, one chosen by the build: through polkit-qt, or the same call over D-Bus.
 * WouldChallenge is also the answer when asking was allowed but nobody registered to ask the user.
 * An interactive check nobody answers in time is Denied, and its dialog is taken back. Anything that
 * keeps polkit from deciding (not running, action not installed, caller gone) is Unavailable and logged.
 *
 * Used from one thread that runs an event loop. Checks open at destruction are never answered.
 */
class PolkitAuthorizer : public Authorizer {
public:
    /// @p bus is where polkit and the callers are: the system bus, connected to as root, whom alone polkit
    /// tells about other users. polkit-qt always uses the system bus and connects to it here.
    explicit PolkitAuthorizer(const QDBusConnection &bus);
    ~PolkitAuthorizer() override;

    void check(const QString &busName, const QString &action, bool interactive, Answer answer) override;

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace Nettally
