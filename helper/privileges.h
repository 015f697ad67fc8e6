// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

/**
 * From root to nobody in particular, in two steps, because capabilities belong to threads: the first
 * while the process has only one, before QtDBus starts its own; the second once the bus has seen root.
 * Each returns the reason if the kernel refuses, else an empty string.
 */
namespace Nettally::Privileges {

/// Gives up every capability but the two for changing the user, for good (bounding set, no_new_privs).
QString reduce();

/// Becomes the user @p account in all threads; if empty, the user "nettally", or "nobody" where nothing
/// was installed. With that the last two capabilities are gone too (capabilities(7), "Effect of user ID
/// changes on capabilities").
QString leaveRoot(const QString &account);

} // namespace Nettally::Privileges
