// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <functional>

namespace Nettally {

enum class Verdict {
    Allowed,
    Denied, ///< refused, or the user cancelled or mistyped
    WouldChallenge, ///< a password would be needed and asking was not allowed
    Unavailable, ///< the authority could not be asked
};

/// The seam before polkit. Answers later, on the thread that asked, exactly once a call.
class Authorizer {
public:
    using Answer = std::function<void(Verdict)>;

    virtual ~Authorizer() = default;

    /// @p busName is the caller's unique name on the bus, @p action a polkit action id.
    virtual void check(const QString &busName, const QString &action, bool interactive, Answer answer) = 0;
};

inline constexpr char actionOwn[] = "org.nettally.monitor.own";
inline constexpr char actionAll[] = "org.nettally.monitor.all";

} // namespace Nettally
