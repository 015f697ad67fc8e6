// SPDX-License-Identifier: MIT
#include "uring.h"

#include "process.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace Nettally::Traffic {

namespace {

constexpr unsigned entries = 4;
constexpr unsigned idleMs = 1000; ///< of the kernel's thread, before it sleeps

void *map(int fd, size_t bytes, off_t offset)
{
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
    if (memory == MAP_FAILED)
        fail("mmap of the ring");
    return memory;
}

uint32_t *at(void *memory, uint32_t offset)
{
    return reinterpret_cast<uint32_t *>(static_cast<char *>(memory) + offset);
}

} // namespace

Uring::Uring(Submission submission)
    : m_isPolled(submission == Submission::ByKernelThread)
{
    io_uring_params parameters = {};
    if (m_isPolled) {
        parameters.flags = IORING_SETUP_SQPOLL;
        parameters.sq_thread_idle = idleMs;
    }
    m_fd = int(syscall(SYS_io_uring_setup, entries, &parameters));
    if (m_fd < 0)
        unsupportedByErrno("this kernel has no io_uring, or it is switched off");
    if (!(parameters.features & IORING_FEAT_SINGLE_MMAP))
        unsupported("the io_uring of this kernel is older than 5.4");

    const size_t ringBytes =
        std::max<size_t>(parameters.sq_off.array + parameters.sq_entries * sizeof(uint32_t),
                         parameters.cq_off.cqes + parameters.cq_entries * sizeof(io_uring_cqe));
    void *ring = map(m_fd, ringBytes, IORING_OFF_SQ_RING);
    m_submissionTail = at(ring, parameters.sq_off.tail);
    m_submissionMask = at(ring, parameters.sq_off.ring_mask);
    m_submissionFlags = at(ring, parameters.sq_off.flags);
    m_submissionArray = at(ring, parameters.sq_off.array);
    m_completionHead = at(ring, parameters.cq_off.head);
    m_completionTail = at(ring, parameters.cq_off.tail);
    m_completionMask = at(ring, parameters.cq_off.ring_mask);
    m_completions = reinterpret_cast<io_uring_cqe *>(at(ring, parameters.cq_off.cqes));
    m_submissions =
        static_cast<io_uring_sqe *>(map(m_fd, parameters.sq_entries * sizeof(io_uring_sqe), IORING_OFF_SQES));
}

void Uring::enter(unsigned toSubmit, unsigned toWaitFor)
{
    unsigned flags = toWaitFor > 0 ? IORING_ENTER_GETEVENTS : 0;
    if (m_isPolled && __atomic_load_n(m_submissionFlags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
        flags |= IORING_ENTER_SQ_WAKEUP;
    if (syscall(SYS_io_uring_enter, m_fd, m_isPolled ? 0 : toSubmit, toWaitFor, flags, nullptr, 0) < 0
        && errno != EINTR)
        fail("io_uring_enter");
}

io_uring_cqe Uring::take()
{
    const uint32_t head = *m_completionHead;
    while (__atomic_load_n(m_completionTail, __ATOMIC_ACQUIRE) == head)
        enter(0, 1);
    const io_uring_cqe completion = m_completions[head & *m_completionMask];
    __atomic_store_n(m_completionHead, head + 1, __ATOMIC_RELEASE);
    return completion;
}

int Uring::run(uint8_t operation, int fd, void *buffer, size_t bytes, uint32_t flags)
{
    const uint32_t tail = *m_submissionTail;
    const uint32_t index = tail & *m_submissionMask;
    io_uring_sqe &request = m_submissions[index];
    std::memset(&request, 0, sizeof request);
    request.opcode = operation;
    request.fd = fd;
    request.addr = reinterpret_cast<uint64_t>(buffer);
    request.len = static_cast<uint32_t>(bytes);
    request.msg_flags = flags;
    m_submissionArray[index] = index;
    __atomic_store_n(m_submissionTail, tail + 1, __ATOMIC_SEQ_CST);
    enter(1, 1);

    const io_uring_cqe completion = take();
    // A send without copying says once more when its memory is free again.
    if (completion.flags & IORING_CQE_F_MORE)
        take();
    return completion.res;
}

} // namespace Nettally::Traffic
