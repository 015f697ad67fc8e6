// SPDX-License-Identifier: MIT
#include "childprocess.h"

#include <QFile>
#include <QProcess>

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace Nettally {

void tieToParent(QProcess &process, const QString &networkNamespace)
{
    process.setChildProcessModifier([path = QFile::encodeName(networkNamespace)] {
        if (!path.isEmpty()) {
            const int fd = open(path.constData(), O_RDONLY | O_CLOEXEC);
            if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
                _exit(127);
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
    });
}

} // namespace Nettally
