// SPDX-License-Identifier: MIT
#pragma once

#include <QString>

#include <functional>
#include <optional>
#include <sys/types.h>

/**
 * From root to nobody in particular, in two steps, because capabilities belong to threads: the first
 * while the process has only one, before QtDBus starts its own; the second once the bus has seen root.
 * Each returns the reason if the kernel refuses, else an empty string.
 */
namespace Nettally::Privileges {

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// The user @p account; if empty, the user "nettally", or "nobody" where nothing was installed. None, and in
/// @p problem why, where there is no such user or it is root.
std::optional<Account> findAccount(const QString &account, QString *problem);

/// Does @p work with the rights of the account, as root again afterwards; what it returns, or why not.
/// Before reduce().
QString asAccount(const Account &account, const std::function<QString()> &work);

/// Gives up every capability but the two for changing the user, for good (bounding set, no_new_privs).
QString reduce();

/// Becomes the account in all threads. With that the last two capabilities are gone too (capabilities(7),
/// "Effect of user ID changes on capabilities").
QString leaveRoot(const Account &account);

} // namespace Nettally::Privileges
