// SPDX-License-Identifier: MIT
#include "process.h"

#include "testplan.h"

#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace Nettally::Traffic {

namespace {

int readyPipe = -1;

/// One write, so that lines of several processes do not mix.
void writeLine(const std::string &line)
{
    if (write(STDOUT_FILENO, line.data(), line.size()) != ssize_t(line.size()))
        fail("write");
}

} // namespace

void fail(const char *what)
{
    std::fprintf(stderr, "nettally-traffic: %s: %s\n", what, std::strerror(errno));
    std::_Exit(EXIT_FAILURE);
}

void unsupported(const std::string &reason)
{
    writeLine("unsupported " + reason + '\n');
    std::_Exit(TestPlan::unsupportedExitCode);
}

void unsupportedByErrno(const std::string &what)
{
    unsupported(what + ": " + std::strerror(errno));
}

void report(const char *role, const Count &count)
{
    writeLine(std::string("program ") + role + ' ' + std::to_string(getpid()) + ' '
              + std::to_string(count.sent) + ' ' + std::to_string(count.received) + '\n');
}

void reportUnseen(const Count &count, const char *reason)
{
    writeLine("unseen " + std::to_string(getpid()) + ' ' + std::to_string(count.sent) + ' '
              + std::to_string(count.received) + ' ' + reason + '\n');
}

pid_t spawn(const std::function<void()> &body)
{
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            std::_Exit(EXIT_FAILURE);
        body();
        std::_Exit(EXIT_SUCCESS);
    }
    return child;
}

void join(pid_t child)
{
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        fail("waitpid");
    if (status != 0)
        std::_Exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

void execSelf(const std::vector<std::string> &arguments)
{
    static char name[] = "nettally-traffic";
    std::vector<char *> vector = {name};
    for (const std::string &argument : arguments)
        vector.push_back(const_cast<char *>(argument.c_str()));
    vector.push_back(nullptr);
    execv("/proc/self/exe", vector.data());
    fail("execve");
}

void setReadyPipe(int fd)
{
    readyPipe = fd;
}

void ready()
{
    if (write(readyPipe, "r", 1) != 1)
        fail("ready");
}

void pauseMs(long milliseconds)
{
    const timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
    nanosleep(&pause, nullptr);
}

bool isKernelBefore(int major, int minor)
{
    utsname name = {};
    int ownMajor = 0;
    int ownMinor = 0;
    if (uname(&name) || std::sscanf(name.release, "%d.%d", &ownMajor, &ownMinor) != 2)
        fail("uname");
    return ownMajor < major || (ownMajor == major && ownMinor < minor);
}

} // namespace Nettally::Traffic
