// SPDX-License-Identifier: Apache-2.0
// How much of what each peer sends does not arrive: gaps in the numbers of its data messages. It
// costs no packet, and holds for any WireGuard peer. Pure. Control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include <weft/base/clock.hpp>

#include "peer_watch.hpp"

namespace weft::control {

class LossMeter {
  public:
    static constexpr Duration kSpan = std::chrono::seconds{60};
    static constexpr Duration kMarkEvery = std::chrono::seconds{10};
    static constexpr std::uint32_t kTellPpm = 20'000;  ///< from here on it is worth a line
    static constexpr std::uint64_t kSentLeast = 100;   ///< of fewer a share says nothing

    /// All peers there are; the others are forgotten.
    void observe(const std::vector<PeerSample>& samples, Time now);

    /// Of a million messages that it sent within kSpan, those that are missing; nullopt where
    /// fewer than kSentLeast were.
    [[nodiscard]] std::optional<std::uint32_t> ppm_of(const KeyBytes& peer) const;

  private:
    struct Mark {
        Time at;
        std::uint64_t arrived = 0;
        std::uint64_t missing = 0;  // modulo 2^64
    };
    struct State {
        std::deque<Mark> marks;  // of kSpan, the oldest first
        Mark last;
    };
    std::map<KeyBytes, State> states_;
};

}  // namespace weft::control
