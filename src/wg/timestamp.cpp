// SPDX-License-Identifier: Apache-2.0
// Timestamps of initiations (WireGuard paper 5.1; kernel noise.c, tai64n_now). Handshake lane only.
#include <algorithm>

#include <weft/base/endian.hpp>
#include <weft/wg/timestamp.hpp>

namespace weft::wg {
namespace {

constexpr std::uint64_t kTai64Base = 0x400000000000000aULL;  // TAI64 label of 1970, with 10 s
constexpr std::uint32_t kNanosecondTick = 1U << 24;          // largest power of two ≤ 1 s / 50
constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;

Timestamp make_timestamp(std::uint64_t label, std::uint32_t nanoseconds) {
    Timestamp timestamp;
    store_be64(timestamp.data(), label);
    store_be32(timestamp.data() + 8, nanoseconds);
    return timestamp;
}

std::uint32_t whole_ticks(std::uint32_t nanoseconds) {
    return nanoseconds & ~(kNanosecondTick - 1);
}

}  // namespace

Timestamp to_timestamp(WallTime now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
    const auto rest = static_cast<std::uint32_t>((now.time_since_epoch() - seconds).count());
    return make_timestamp(kTai64Base + static_cast<std::uint64_t>(seconds.count()),
                          whole_ticks(rest));
}

std::optional<WallTime> to_wall_time(const Timestamp& timestamp) {
    const std::uint32_t nanoseconds = load_be32(timestamp.data() + 8);
    const std::chrono::seconds seconds{
        static_cast<std::int64_t>(load_be64(timestamp.data()) - kTai64Base)};
    // Whole seconds alone: the last one would leave no room for nanoseconds.
    constexpr auto kFirst = std::chrono::ceil<std::chrono::seconds>(Duration::min());
    constexpr auto kEnd = std::chrono::floor<std::chrono::seconds>(Duration::max());
    if (nanoseconds >= kNanosecondsPerSecond || seconds < kFirst || seconds >= kEnd) {
        return std::nullopt;
    }
    return WallTime{seconds + Duration{nanoseconds}};
}

Timestamp next_tick(const Timestamp& last) {
    const std::uint64_t label = load_be64(last.data());
    const std::uint32_t nanoseconds = whole_ticks(load_be32(last.data() + 8)) + kNanosecondTick;
    return nanoseconds < kNanosecondsPerSecond ? make_timestamp(label, nanoseconds)
                                               : make_timestamp(label + 1, 0);
}

void TimestampSource::raise_floor(const Timestamp& floor) {
    floor_ = std::max(floor_, floor);
}

Timestamp TimestampSource::next(const Timestamp& last, WallTime now) {
    const Timestamp clock = std::min(to_timestamp(now), ceiling_);
    const Timestamp chosen = std::max(clock, next_tick(std::max(last, floor_)));
    greatest_ = std::max(greatest_, chosen);
    return chosen;
}

}  // namespace weft::wg
