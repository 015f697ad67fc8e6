// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// What a process of the traffic program is, starts and says. Its lines on standard output:
///   program ROLE PID SENT RECEIVED     by the return values of its own calls
///   unseen PID SENT RECEIVED REASON    how much of that passed no hook that Nettally has
///   unsupported REASON                 followed by TestPlan::unsupportedExitCode
namespace Nettally::Traffic {

struct Count {
    uint64_t sent = 0;
    uint64_t received = 0;
};

/// Ends the process; errno says why.
[[noreturn]] void fail(const char *what);
/// Ends the process: this kernel cannot do it.
[[noreturn]] void unsupported(const std::string &reason);
/// unsupported() with errno's text.
[[noreturn]] void unsupportedByErrno(const std::string &what);

void report(const char *role, const Count &count);
void reportUnseen(const Count &count, const char *reason);

/// A child that runs @p body and ends, and that does not outlive its parent. Not from a second thread,
/// whose end would count as the parent's.
pid_t spawn(const std::function<void()> &body);
/// Waits for a child; if it failed, this process ends as it did.
void join(pid_t child);

/// Replaces the process by this program with other arguments.
[[noreturn]] void execSelf(const std::vector<std::string> &arguments);

/// Tells the client that it may begin. @p fd is the pipe to tell it through; once, before any role runs.
void setReadyPipe(int fd);
void ready();

void pauseMs(long milliseconds);

/// Whether the running kernel is older.
bool isKernelBefore(int major, int minor);

} // namespace Nettally::Traffic
