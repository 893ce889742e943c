// SPDX-License-Identifier: Apache-2.0
// Gives the CPU to whoever waits for it, as long as it comes back soon. One thread's own.
#pragma once

#include <cstdint>

#include <weft/base/clock.hpp>

namespace weft::sys {

/// sched_yield(2) puts a thread behind all that are ready, each of which may take its whole turn:
/// on a machine with many of them a thread that yields often gets nearly nothing. After a yield
/// that was long, the next so many are left out, twice as many each time up to a limit.
class Yielding {
  public:
    /// One or two neighbours with work take their turns, of 0.7 to 3 ms each: those are what is
    /// yielded for.
    static constexpr Duration kShort = std::chrono::milliseconds{4};
    static constexpr std::uint32_t kPauseMax = 1'023;

    void yield();
    /// For yield(): whether it is time for one, and how long it took.
    [[nodiscard]] bool is_due();
    void took(Duration elapsed);

  private:
    std::uint32_t pause_ = 0;      // calls to leave out after a long one
    std::uint32_t remaining_ = 0;  // of these
};

}  // namespace weft::sys
