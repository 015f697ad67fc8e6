// SPDX-License-Identifier: MIT
#include "privileges.h"

#include <cerrno>
#include <cstring>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace Nettally::Privileges {

namespace {

QString failure(const char *what)
{
    return QStringLiteral("%1: %2").arg(QLatin1String(what), QString::fromLocal8Bit(std::strerror(errno)));
}

} // namespace

QString reduce()
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return failure("PR_SET_NO_NEW_PRIVS");
    // The kernel's last capability is not known when compiling: it answers EINVAL beyond it.
    for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
            return failure("PR_CAPBSET_DROP");
    }
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    data[0].permitted = data[0].effective = 1u << CAP_SETUID | 1u << CAP_SETGID;
    if (syscall(SYS_capset, &header, data))
        return failure("capset");
    return {};
}

std::optional<Account> findAccount(const QString &account, QString *problem)
{
    const passwd *user = getpwnam(account.isEmpty() ? "nettally" : account.toLocal8Bit().constData());
    if (!user && account.isEmpty())
        user = getpwnam("nobody");
    if (!user)
        *problem = QStringLiteral("there is no account \"%1\"")
                       .arg(account.isEmpty() ? QStringLiteral("nobody") : account);
    else if (user->pw_uid == 0)
        *problem = QStringLiteral("the account \"%1\" is root").arg(QString::fromLocal8Bit(user->pw_name));
    else
        return Account{user->pw_uid, user->pw_gid};
    return std::nullopt;
}

QString asAccount(const Account &account, const std::function<QString()> &work)
{
    // The saved ids stay root's.
    if (setegid(account.gid))
        return failure("setegid");
    if (seteuid(account.uid)) {
        const QString problem = failure("seteuid");
        return setegid(0) ? failure("setegid") : problem;
    }
    const QString problem = work();
    if (seteuid(0) || setegid(0))
        return failure("seteuid");
    return problem;
}

QString leaveRoot(const Account &account)
{
    // glibc does each of these in every thread.
    if (setgroups(0, nullptr))
        return failure("setgroups");
    if (setresgid(account.gid, account.gid, account.gid))
        return failure("setresgid");
    if (setresuid(account.uid, account.uid, account.uid))
        return failure("setresuid");
    // Inherited securebits could have kept capabilities across the change.
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    if (syscall(SYS_capget, &header, data))
        return failure("capget");
    for (const __user_cap_data_struct &set : data) {
        if (set.effective || set.permitted || set.inheritable)
            return QStringLiteral("capabilities are left after leaving root (securebits)");
    }
    return {};
}

} // namespace Nettally::Privileges
