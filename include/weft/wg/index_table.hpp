// SPDX-License-Identifier: Apache-2.0
// Receiver index → session, in a fixed array of atomic pointers. The lane allocates and publishes,
// workers look up.
//
//   bit  31 ........ 20 19 ............. 4 3 .... 0
//        random         slot               worker      (worker bits steer: sys/steering.cpp)
//
// Slot and high bits are drawn at random, so an index tells nothing and cannot be guessed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>

#include <weft/base/random.hpp>
#include <weft/wg/messages.hpp>

namespace weft::wg {

class Session;
class Tunnel;

class IndexTable {
  public:
    static constexpr unsigned kWorkerBits = 4;
    static constexpr unsigned kSlotBits = 16;
    static constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;

    IndexTable();

    /// The session with exactly this index, or null. Acquire; pairs with publish().
    [[nodiscard]] Session* find(Index index) const;

    // ---- The lane's side ---------------------------------------------------------------------
    /// Reserves an index for a handshake of `owner`, whose peer is `worker`'s; nothing if all slots
    /// are taken.
    [[nodiscard]] std::optional<Index> allocate(std::uint8_t worker,
                                                RandomSource& random,
                                                Tunnel& owner);
    /// Who reserved exactly this index, for a handshake or a session; null if nobody.
    [[nodiscard]] Tunnel* owner(Index index) const;
    /// The session inherits its handshake's index.
    void publish(Index index, Session& session);
    /// Frees the slot; a published session is no longer found.
    void release(Index index);
    [[nodiscard]] std::size_t used() const { return reserved_.size(); }

  private:
    struct Reservation {
        Index index;
        Tunnel* owner;
    };

    static std::uint32_t slot_of(Index index) {
        return (static_cast<std::uint32_t>(index) >> kWorkerBits) & (kSlots - 1);
    }

    std::unique_ptr<std::atomic<Session*>[]> sessions_;
    std::unordered_map<std::uint32_t, Reservation> reserved_;  // by slot
};

}  // namespace weft::wg
