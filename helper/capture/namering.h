// SPDX-License-Identifier: MIT
#pragma once

#include "mappedarray.h"
#include "namerecord.h"
#include "nettally_abi.h"

#include <memory>
#include <vector>

struct ring_buffer;

namespace Nettally {

/// The ring in which the kernel's programs leave what name servers answered. Reading takes no privilege.
class NameRing {
public:
    NameRing();
    ~NameRing();
    NameRing(const NameRing &) = delete;
    NameRing &operator=(const NameRing &) = delete;

    /// Of the maps behind the descriptors. False with errno set if that fails.
    bool open(int ring, int control);
    /// Whether the kernel fills it; begins with nothing in it.
    void setWanted(bool wanted);
    /// What came since the last call, oldest first; of a flood a part, the rest the next time. The slots are
    /// as the kernel told them.
    std::vector<NameRecord> take();
    quint64 lost() const { return loadOnce(m_control[0].lost); }

private:
    struct Closer {
        void operator()(ring_buffer *ring) const;
    };
    static int receive(void *self, void *data, size_t size);

    std::unique_ptr<ring_buffer, Closer> m_ring;
    MappedArray<nt_name_control> m_control;
    std::vector<NameRecord> m_taken;
    size_t m_takenBytes = 0;
};

} // namespace Nettally
