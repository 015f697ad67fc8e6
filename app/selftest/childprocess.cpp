// SPDX-License-Identifier: MIT
#include "childprocess.h"

#include <QProcess>

#include <csignal>
#include <sys/prctl.h>

namespace Nettally {

void tieToParent(QProcess &process)
{
    process.setChildProcessModifier([] {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
    });
}

} // namespace Nettally
