// SPDX-License-Identifier: Apache-2.0
// See timestamp_file.hpp. Control thread.
#include "timestamp_file.hpp"

#include <algorithm>

#include <weft/base/encoding.hpp>

#include "state_file.hpp"

namespace weft::control {
namespace {

using wg::Timestamp;

/// How far ahead: a write in two minutes of handshakes, and never more than that to catch up with
/// where the file was lost. Behind a clock that is set back, ticks alone count: one in 5 s.
constexpr std::chrono::minutes kReserve{2};
constexpr int kReserveTicks = 64;
constexpr std::chrono::hours kClockBehind{1};  // tell of it
constexpr std::chrono::minutes kRetry{1};
constexpr std::size_t kTextSize = 1 + 2 * sizeof(Timestamp) + 1;

std::optional<Timestamp> parse_timestamp(std::string_view text) {
    Timestamp timestamp;
    const bool good = text.size() == kTextSize && text.front() == '@' && text.back() == '\n' &&
                      from_hex(text.substr(1, kTextSize - 2), timestamp) &&
                      wg::to_wall_time(timestamp);
    return good ? std::optional{timestamp} : std::nullopt;
}

Timestamp ahead_of(const Timestamp& reached, WallTime now) {
    if (wg::to_timestamp(now) >= reached) {
        return wg::to_timestamp(now + kReserve);
    }
    Timestamp ahead = reached;
    for (int i = 0; i < kReserveTicks; ++i) {
        ahead = wg::next_tick(ahead);
    }
    return ahead;
}

}  // namespace

Timestamp TimestampFile::load() {
    constexpr const char* kConsequence =
        "peers refuse handshakes until the clock has passed the last one they took";
    const Result<std::string> text = read_state_file(file_, kTextSize);
    if (!text && text.error().code == std::errc::no_such_file_or_directory) {
        log_.info("timestamp_absent",
                  {{"file", file_.string()}, {"cause", "a first start, or the file was lost"}});
        return {};
    }
    const auto found = text ? parse_timestamp(*text) : std::nullopt;
    if (!found) {
        log_.warn("timestamp_unusable",
                  {{"file", file_.string()},
                   {"cause", text ? "not a timestamp" : text.error().message()},
                   {"remedy", std::string{"check the clock: "} + kConsequence}});
        return {};
    }
    kept_ = reached_ = *found;
    return *found;
}

Timestamp TimestampFile::keep(const Timestamp& greatest, wg::Now now) {
    reached_ = std::max(reached_, greatest);
    watch_clock(now.wall);
    if (reached_ < kept_) {
        return kept_;
    }
    if (failed_ && now.time - *failed_ < kRetry) {
        return wg::TimestampSource::kNoCeiling;
    }
    const Timestamp ahead = ahead_of(reached_, now.wall);
    if (Result<> written = replace_state_file(file_, "@" + to_hex(ahead) + "\n"); !written) {
        if (!failed_) {
            log_.warn("timestamp_not_kept",
                      {{"cause", written.error().message()},
                       {"remedy", "make the state directory writable"}});
        }
        failed_ = now.time;
        failure_ = written.error();
        return wg::TimestampSource::kNoCeiling;  // handshakes matter more
    }
    failed_.reset();
    failure_.reset();
    return kept_ = ahead;
}

/// Once for each time that the clock is found far behind.
void TimestampFile::watch_clock(WallTime now) {
    const std::optional<WallTime> reached = wg::to_wall_time(reached_);
    const bool behind = reached && now + kClockBehind < *reached;
    if (behind && !clock_behind_) {
        const auto gap = std::chrono::duration_cast<std::chrono::seconds>(*reached - now);
        log_.warn("clock_behind",
                  {{"seconds", std::to_string(gap.count())},
                   {"cause", "the clock is behind timestamps that peers were sent"},
                   {"remedy",
                    "set the clock; until then handshakes use the last timestamp, counted on"}});
    }
    clock_behind_ = behind;
}

}  // namespace weft::control
