// SPDX-License-Identifier: Apache-2.0
// Time as a value. Protocol code is given `Time`; only this clock and sys read the machine's.
#pragma once

#include <chrono>
#include <cstdint>

namespace weft {

using Duration = std::chrono::nanoseconds;

/// CLOCK_BOOTTIME: monotonic and counting while the machine sleeps, as key lifetimes must.
struct BootClock {
    // NOLINTBEGIN(readability-identifier-naming): the standard's names (time.clock.req)
    using rep = std::int64_t;
    using period = std::nano;
    using duration = Duration;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
    // NOLINTEND(readability-identifier-naming)
    static time_point now() noexcept;
};

using Time = BootClock::time_point;
/// Unix time; may jump, may be wrong.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// Unix time of this machine, in ns.
WallTime wall_now() noexcept;

}  // namespace weft
