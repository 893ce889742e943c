// SPDX-License-Identifier: Apache-2.0
// Receiver index → session (kernel peerlookup.c, index_hashtable). Inbound, right after the type:
// find() by any worker, without a lock. The rest by the handshake lane, under the engine's mutex.
#include <weft/base/assert.hpp>
#include <weft/wg/index_table.hpp>
#include <weft/wg/session.hpp>

namespace weft::wg {

IndexTable::IndexTable() : sessions_(std::make_unique<std::atomic<Session*>[]>(kSlots)) {}

Session* IndexTable::find(Index index) const {
    Session* session = sessions_[slot_of(index)].load(std::memory_order_acquire);
    return session != nullptr && session->local_index() == index ? session : nullptr;
}

std::optional<Index> IndexTable::allocate(std::uint8_t worker,
                                          RandomSource& random,
                                          Tunnel& owner) {
    constexpr std::uint32_t kWorkerMask = (1U << kWorkerBits) - 1;
    WEFT_ASSERT(worker <= kWorkerMask);
    if (reserved_.size() == kSlots) {
        return std::nullopt;
    }
    // A free slot exists and each draw is uniform: even the last one is found soon enough (65,536
    // draws on average, some milliseconds), and a table that full has 2^14 peers.
    for (;;) {
        const Index index{(random.next_u32() & ~kWorkerMask) | worker};
        if (reserved_.try_emplace(slot_of(index), Reservation{index, &owner}).second) {
            return index;
        }
    }
}

Tunnel* IndexTable::owner(Index index) const {
    const auto found = reserved_.find(slot_of(index));
    return found != reserved_.end() && found->second.index == index ? found->second.owner : nullptr;
}

void IndexTable::publish(Index index, Session& session) {
    WEFT_ASSERT(owner(index) != nullptr && session.local_index() == index);
    sessions_[slot_of(index)].store(&session, std::memory_order_release);
}

void IndexTable::release(Index index) {
    WEFT_ASSERT(owner(index) != nullptr);
    sessions_[slot_of(index)].store(nullptr, std::memory_order_release);
    reserved_.erase(slot_of(index));
}

}  // namespace weft::wg
