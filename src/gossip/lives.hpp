// SPDX-License-Identifier: Apache-2.0
// Two machines with one key. Each start of a node is a life, named by Record::boot_id. Lives of one
// machine follow each other and none comes back; two machines that run with one key jump past each
// other's epochs in turn, so both their lives come back again and again. Pure; one thread.
//
//   restart          A B          lost disk   A B (jumps past A)
//   restored backup  B A B        a clone     A B A B ...
#pragma once

#include <optional>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/gossip/record.hpp>

namespace weft::gossip {

class Lives {
  public:
    /// Of those that were followed by another, so many are remembered: clones of one image may be
    /// more than two.
    static constexpr std::size_t kKept = 4;
    /// Who jumps past another's epoch has the next one, and of a few that were signed meanwhile
    /// nothing was heard. What is further apart is two lives that a backup separates.
    static constexpr std::uint64_t kUnheardMax = 64;
    /// Two that come back within this long take turns.
    static constexpr Duration kTurn = std::chrono::minutes{5};

    /// `after` takes the place of `before` as the newest record with one key. True: a life has come
    /// back, for the second time.
    bool on_change(const Record& before, const Record& after, Time now);

  private:
    std::vector<std::uint64_t> followed_;  // by another; the last one last
    std::optional<Time> came_back_;
};

}  // namespace weft::gossip
