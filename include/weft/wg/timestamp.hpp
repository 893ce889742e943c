// SPDX-License-Identifier: Apache-2.0
// The timestamps of initiations (WireGuard paper 5.1, 5.4.2; TAI64N:
// https://cr.yp.to/libtai/tai64.html). A peer takes an initiation only if its timestamp is greater
// than any before, so they must grow over restarts too, whatever the clock says. Handshake lane,
// under the engine's mutex.
#pragma once

#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>

namespace weft::wg {

/// TAI64N, big-endian, so that memcmp orders it.
using Timestamp = ByteArray<12>;

/// `now` as TAI64N with its nanoseconds rounded down to a multiple of 2^24 (they would tell too
/// much).
[[nodiscard]] Timestamp to_timestamp(WallTime now);
/// The moment that it names; nothing if it is not TAI64N or out of WallTime's range (1677 to 2262).
[[nodiscard]] std::optional<WallTime> to_wall_time(const Timestamp& timestamp);
/// The next timestamp that a peer takes for newer, one such multiple on.
[[nodiscard]] Timestamp next_tick(const Timestamp& last);

/// What all tunnels of a device take their timestamps from.
class TimestampSource {
  public:
    /// Up to `floor` may have been sent before, by an earlier run or by a tunnel that is gone.
    void raise_floor(const Timestamp& floor);
    /// No timestamp above it, as long as one below is left: it is what the next run will have for
    /// its floor.
    void set_ceiling(const Timestamp& ceiling) { ceiling_ = ceiling; }
    /// The clock between floor and ceiling, but always above `last`, which the same peer was sent.
    [[nodiscard]] Timestamp next(const Timestamp& last, WallTime now);
    /// The greatest that next() has given; zero at first.
    [[nodiscard]] const Timestamp& greatest() const { return greatest_; }

    static constexpr Timestamp kNoCeiling = [] {
        Timestamp all_ones{};
        all_ones.fill(std::byte{0xff});
        return all_ones;
    }();

  private:
    Timestamp floor_{};
    Timestamp ceiling_ = kNoCeiling;
    Timestamp greatest_{};
};

}  // namespace weft::wg
