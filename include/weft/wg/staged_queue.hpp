// SPDX-License-Identifier: Apache-2.0
// Packets that wait for a session: whole TUN reads (vnet header and packet, perhaps a
// super-packet), oldest dropped first. Workers stage, one worker flushes; its lock is taken only
// while a peer has no session. Memory is allocated with the first waiting packet and freed when the
// queue empties.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <weft/base/bytes.hpp>
#include <weft/wg/constants.hpp>

namespace weft::wg {

class StagedQueue {
  public:
    struct Item {
        std::vector<std::byte> bytes;
        std::uint32_t segments = 1;  // packets that it will become
    };

    /// Copies the read. Returns how many packets gave way (0 nearly always): at most
    /// kStagedPacketsMax packets and kStagedBytesMax bytes wait, but a single item always fits.
    std::uint32_t stage(ConstBytes read, std::uint32_t segments);
    /// Takes everything, oldest first.
    [[nodiscard]] std::deque<Item> take_all();
    [[nodiscard]] bool empty();
    /// Drops everything and returns how many packets that were.
    std::uint32_t clear();

  private:
    struct Guarded {
        std::mutex mutex;
        std::deque<Item> items;
        std::size_t bytes = 0;
        std::uint32_t packets = 0;
    };
    Guarded guarded_;
};

}  // namespace weft::wg
