// SPDX-License-Identifier: MIT
#include "namering.h"

#include <bpf/libbpf.h>

#include <cstring>
#include <sys/mman.h>
#include <utility>

namespace Nettally {

namespace {

/// At a time: no more than the ring holds, however fast it is filled again.
constexpr size_t mostBytes = NT_NAME_RING_BYTES;
constexpr int stop = -1; ///< to libbpf: the record was taken, the rest waits

} // namespace

NameRing::NameRing() = default;
NameRing::~NameRing() = default;

void NameRing::Closer::operator()(ring_buffer *ring) const
{
    ring_buffer__free(ring);
}

bool NameRing::open(int ring, int control)
{
    m_ring.reset(ring_buffer__new(ring, &NameRing::receive, this, nullptr));
    if (!m_ring || !m_control.map(control, 1, PROT_READ | PROT_WRITE))
        return false;
    setWanted(false); // an earlier helper may have died while somebody wanted names
    return true;
}

void NameRing::setWanted(bool wanted)
{
    while (wanted && !take().empty()) { }
    __atomic_store_n(&m_control[0].isWanted, quint64(wanted ? 1 : 0), __ATOMIC_RELEASE);
}

std::vector<NameRecord> NameRing::take()
{
    m_takenBytes = 0;
    ring_buffer__consume(m_ring.get());
    return std::exchange(m_taken, {});
}

int NameRing::receive(void *self, void *data, size_t size)
{
    auto *ring = static_cast<NameRing *>(self);
    nt_name_record from;
    if (size < sizeof from)
        return 0;
    std::memcpy(&from, data, sizeof from);
    if (from.dataBytes > size - sizeof from)
        return 0;
    NameRecord record;
    record.programSlot = from.program;
    record.programGeneration = from.generation;
    record.cookie = from.cookie;
    record.timeNs = from.timeNs;
    record.sequence = from.sequence;
    record.protocol = from.protocol;
    record.isStart = from.flags & NT_NAME_START;
    record.isEnd = from.flags & NT_NAME_END;
    record.data = QByteArray(static_cast<const char *>(data) + sizeof from, from.dataBytes);
    ring->m_taken.push_back(record);
    ring->m_takenBytes += size;
    return ring->m_takenBytes >= mostBytes ? stop : 0;
}

} // namespace Nettally
