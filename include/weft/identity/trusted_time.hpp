// SPDX-License-Identifier: Apache-2.0
// A node's idea of Unix time when its clock may be wrong: boards boot in 1970, bad NTP servers jump
// by years. The maximum of the machine's clock, the last persisted time, the build's time and any
// signed time seen; and whether it may be acted on. Pure; one thread.
//
// The clock is held against a line: the reading at which it was last found good, and CLOCK_BOOTTIME
// from there on. It is good when it is first not behind what has passed for certain, and whenever
// the median of peers says so.
//
//   behind    not yet anchored: a board that booted in 1970 waits for NTP, or for a battery
//   jumped    further than kJumpMax off the line: bad NTP; good again when it is back on it
//   off       where the median of peers found it wrong, and not moved from there since
//
// What peers say is never taken for the time itself: three liars can stop a node from acting on
// expiry, no more.
#pragma once

#include <array>
#include <optional>

#include <weft/base/clock.hpp>
#include <weft/identity/trust_store.hpp>

namespace weft::identity {

class TrustedTime {
  public:
    /// A clock that moves this far against CLOCK_BOOTTIME is not trusted until peers agree with it
    /// again.
    static constexpr UnixSeconds kJumpMax = 3'600;
    /// Nor is one this far off the median of three peers.
    static constexpr UnixSeconds kMedianOffMax = 600;
    static constexpr std::size_t kPeers = 3;
    /// A peer's word about the time is forgotten after this long.
    static constexpr Duration kPeerWordLifetime = std::chrono::minutes{10};

    /// `persisted`: what persist_now() last said; 0 where there is none.
    TrustedTime(UnixSeconds build_time, UnixSeconds persisted, WallTime wall, Time now);

    /// Call at least once a minute; notices jumps.
    void on_tick(WallTime wall, Time now);
    /// A time inside an accepted signature: it has passed for certain. Does not reach further than
    /// kSignedAheadMax beyond what is believed without such, and is not persisted, so that liars
    /// cannot push a network into next year, not even day by day.
    void on_signed_time(UnixSeconds signed_time);
    static constexpr UnixSeconds kSignedAheadMax = 86'400;
    /// An authenticated peer's clock, one word per peer.
    void on_peer_time(const NodeId& peer, UnixSeconds theirs, Time now);

    [[nodiscard]] TimeView view() const;
    /// Why the clock is not trusted, for status; empty where it is.
    [[nodiscard]] std::string_view distrust() const;
    /// By how many seconds the clock is ahead of the median of peers that have spoken lately, be it
    /// one; nullopt: none has. For status alone: which of them is wrong, nobody knows.
    [[nodiscard]] std::optional<std::int64_t> ahead_of_peers() const;
    /// To be persisted, at most hourly, and given to the constructor at the next start: what is
    /// believed without signed times and without a clock that is not trusted.
    [[nodiscard]] UnixSeconds persist_now() const { return static_cast<UnixSeconds>(believed()); }

  private:
    // A line is Unix seconds minus boot seconds: a clock that runs keeps it.
    using Line = std::int64_t;

    struct PeerWord {
        NodeId peer;
        Line line = 0;
        Time heard;
    };
    enum class Verdict : std::uint8_t { kGood, kBehind, kJumped, kOff };

    [[nodiscard]] Verdict verdict() const;
    [[nodiscard]] std::int64_t believed() const;
    [[nodiscard]] std::int64_t floor_by_now() const;
    [[nodiscard]] std::optional<Line> median_line(Time now, std::size_t peers_min) const;
    void judge(Time now);

    std::int64_t build_;
    std::int64_t floor_;  // has passed for certain at floor_at_: build, persisted, trusted readings
    Time floor_at_;
    std::int64_t signed_ = 0;
    std::int64_t wall_ = 0;  // the last reading, at now_
    Time now_;
    std::optional<Line> anchor_;   // the clock was good on this line
    std::optional<Line> refused_;  // peers found it wrong on this one
    std::array<std::optional<PeerWord>, 8> words_;
};

}  // namespace weft::identity
