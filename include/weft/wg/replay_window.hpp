// SPDX-License-Identifier: Apache-2.0
// The sliding window of received counters (RFC 6479): 8192 bits, of which 8128 are usable.
// One user at a time (Session::receive_lock).
#pragma once

#include <array>
#include <cstdint>

#include <weft/wg/constants.hpp>

namespace weft::wg {

class ReplayWindow {
  public:
    /// Whether the counter could still be accepted. Cheap, before authentication; proves nothing.
    [[nodiscard]] bool may_accept(std::uint64_t counter) const;
    /// Marks the counter as seen; false if it was, is behind the window, or is at or over the
    /// message limit. Only after the packet has been authenticated.
    [[nodiscard]] bool commit(std::uint64_t counter);
    /// The highest counter seen, plus 1: so many messages were sent at least.
    [[nodiscard]] std::uint64_t next() const { return next_; }

  private:
    static constexpr std::size_t kWords = kWindowBits / 64;
    std::uint64_t next_ = 0;
    std::array<std::uint64_t, kWords> bits_{};
};

}  // namespace weft::wg
