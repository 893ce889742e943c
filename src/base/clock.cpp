// SPDX-License-Identifier: Apache-2.0
// The machine's two clocks (clock_gettime(2), in the vDSO). Protocol code never calls them: it is
// handed the time. Any thread.
#include <time.h>

#include <weft/base/assert.hpp>
#include <weft/base/clock.hpp>

namespace weft {

namespace {

static_assert(sizeof(timespec::tv_sec) == 8, "Unix time must not end in 2038");

Duration read_clock(clockid_t id) noexcept {
    timespec now{};
    WEFT_ASSERT(::clock_gettime(id, &now) == 0);  // fails only for a clock that does not exist
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace

BootClock::time_point BootClock::now() noexcept {
    return time_point{read_clock(CLOCK_BOOTTIME)};
}

WallTime wall_now() noexcept {
    return WallTime{read_clock(CLOCK_REALTIME)};
}

}  // namespace weft
