// SPDX-License-Identifier: MIT
#pragma once

#include <QtGlobal>

#include <cerrno>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace Nettally {

/// A memory-mapped BPF array (BPF_F_MMAPABLE) of T. The kernel writes to it at any time.
template <typename T>
class MappedArray {
    static_assert(sizeof(T) % 8 == 0, "the kernel rounds values up to 8 bytes");

public:
    MappedArray() = default;
    MappedArray(MappedArray &&other) noexcept
        : m_data(std::exchange(other.m_data, nullptr))
        , m_size(std::exchange(other.m_size, 0))
    {
    }
    MappedArray &operator=(MappedArray &&other) noexcept
    {
        std::swap(m_data, other.m_data);
        std::swap(m_size, other.m_size);
        return *this;
    }
    MappedArray(const MappedArray &) = delete;
    MappedArray &operator=(const MappedArray &) = delete;
    ~MappedArray()
    {
        if (m_data)
            munmap(m_data, bytes());
    }

    /// Maps the map behind @p fd; false with errno set if that fails.
    bool map(int fd, quint32 elements, int protection)
    {
        m_size = elements;
        void *data = mmap(nullptr, bytes(), protection, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED) {
            m_size = 0;
            return false;
        }
        m_data = static_cast<T *>(data);
        return true;
    }

    /// Takes back the right to write; false with errno set if that fails.
    bool seal() { return mprotect(m_data, bytes(), PROT_READ) == 0; }

    quint32 size() const { return m_size; }
    T &operator[](quint32 index) const
    {
        Q_ASSERT(index < m_size);
        return m_data[index];
    }

private:
    size_t bytes() const
    {
        const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
        return (size_t(m_size) * sizeof(T) + page - 1) / page * page;
    }

    T *m_data = nullptr;
    quint32 m_size = 0;
};

/// One whole read of memory the kernel changes under us.
template <typename T>
T loadOnce(const T &value)
{
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}

} // namespace Nettally
