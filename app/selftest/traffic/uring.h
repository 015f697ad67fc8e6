// SPDX-License-Identifier: MIT
#pragma once

#include <linux/io_uring.h>

#include <cstddef>
#include <cstdint>

namespace Nettally::Traffic {

/// An io_uring with one request under way at a time, by the kernel's own interface: no library needed.
class Uring {
public:
    enum class Submission { ByCall, ByKernelThread };

    /// Ends the process as unsupported where the kernel has no io_uring or it is switched off.
    explicit Uring(Submission submission);

    /// Submits and waits. What the operation returned: bytes, or a negative errno.
    int run(uint8_t operation, int fd, void *buffer, size_t bytes, uint32_t flags);

private:
    void enter(unsigned toSubmit, unsigned toWaitFor);
    /// Waits for the next completion and takes it.
    io_uring_cqe take();

    int m_fd = -1;
    bool m_isPolled;
    uint32_t *m_submissionTail = nullptr;
    uint32_t *m_submissionMask = nullptr;
    uint32_t *m_submissionFlags = nullptr;
    uint32_t *m_submissionArray = nullptr;
    io_uring_sqe *m_submissions = nullptr;
    uint32_t *m_completionHead = nullptr;
    uint32_t *m_completionTail = nullptr;
    uint32_t *m_completionMask = nullptr;
    io_uring_cqe *m_completions = nullptr;
};

} // namespace Nettally::Traffic
