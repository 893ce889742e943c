// SPDX-License-Identifier: Apache-2.0
// Whether the machine's clock is to be believed (design 6, Time). Everything that is compared is a
// line, Unix seconds minus boot seconds, so that words and readings of different moments can be
// held against each other.
#include <algorithm>
#include <vector>

#include <weft/identity/trusted_time.hpp>

namespace weft::identity {
namespace {

/// Unix times beyond this one (year 36812) are cut down to it, so that no sum overflows.
constexpr std::int64_t kUnixMax = std::int64_t{1} << 40U;
constexpr auto kJump = static_cast<std::int64_t>(TrustedTime::kJumpMax);
constexpr auto kMedianOff = static_cast<std::int64_t>(TrustedTime::kMedianOffMax);
constexpr auto kSignedAhead = static_cast<std::int64_t>(TrustedTime::kSignedAheadMax);

std::int64_t bounded(UnixSeconds time) {
    return static_cast<std::int64_t>(std::min<UnixSeconds>(time, kUnixMax));
}

std::int64_t unix_seconds(WallTime wall) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(wall.time_since_epoch()).count();
    return std::clamp<std::int64_t>(seconds, 0, kUnixMax);
}

std::int64_t boot_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool within(std::int64_t a, std::int64_t b, std::int64_t distance) {
    return std::max(a, b) - std::min(a, b) <= distance;
}

}  // namespace

TrustedTime::TrustedTime(UnixSeconds build_time, UnixSeconds persisted, WallTime wall, Time now)
    : build_(bounded(build_time)), floor_(std::max(build_, bounded(persisted))), floor_at_(now) {
    on_tick(wall, now);
}

void TrustedTime::on_tick(WallTime wall, Time now) {
    wall_ = unix_seconds(wall);
    now_ = now;
    judge(now);
}

void TrustedTime::on_signed_time(UnixSeconds signed_time) {
    signed_ = std::max(signed_, std::min(bounded(signed_time), believed() + kSignedAhead));
}

void TrustedTime::on_peer_time(const NodeId& peer, UnixSeconds theirs, Time now) {
    const auto is_theirs = [&](const auto& word) { return word && word->peer == peer; };
    const auto older = [](const auto& a, const auto& b) {
        return !a || (b && a->heard < b->heard);
    };
    auto* slot = std::find_if(words_.begin(), words_.end(), is_theirs);
    if (slot == words_.end()) {
        slot = std::min_element(words_.begin(), words_.end(), older);
    }
    *slot = PeerWord{peer, bounded(theirs) - boot_seconds(now), now};
    judge(now);
}

// ---- Judging ------------------------------------------------------------------------------------

/// nullopt where fewer have spoken lately.
std::optional<TrustedTime::Line> TrustedTime::median_line(Time now, std::size_t peers_min) const {
    std::vector<Line> lines;
    lines.reserve(words_.size());
    for (const auto& word : words_) {
        if (word && now - word->heard <= kPeerWordLifetime) {
            lines.push_back(word->line);
        }
    }
    if (lines.size() < peers_min) {
        return std::nullopt;
    }
    std::sort(lines.begin(), lines.end());
    // Of two in the middle, the one nearer to the clock: half of the peers are no majority against
    // it.
    const Line own = wall_ - boot_seconds(now_);
    return std::clamp(own, lines[(lines.size() - 1) / 2], lines[lines.size() / 2]);
}

void TrustedTime::judge(Time now) {
    const Line own = wall_ - boot_seconds(now_);
    if (const auto median = median_line(now, kPeers)) {
        if (!within(own, *median, kMedianOff)) {
            refused_ = own;
        } else if (wall_ + kJump >=
                   build_) {  // boards without clocks agree with each other in 1970
            refused_.reset();
            anchor_ = own;
            if (floor_by_now() > wall_ + kJump) {  // persisted from a clock that was wrong
                floor_ = std::max(wall_, build_);
                floor_at_ = now_;
            }
        }
    }
    if (!anchor_ && wall_ + kJump >= floor_by_now()) {
        anchor_ = own;
    }
    if (verdict() == Verdict::kGood && wall_ > floor_by_now()) {
        floor_ = wall_;
        floor_at_ = now_;
    }
}

TrustedTime::Verdict TrustedTime::verdict() const {
    const Line own = wall_ - boot_seconds(now_);
    if (!anchor_) {
        return Verdict::kBehind;
    }
    if (refused_ && within(own, *refused_, kMedianOff)) {
        return Verdict::kOff;
    }
    return within(own, *anchor_, kJump) ? Verdict::kGood : Verdict::kJumped;
}

// ---- Verdicts -----------------------------------------------------------------------------------

std::int64_t TrustedTime::floor_by_now() const {
    return floor_ + boot_seconds(now_) - boot_seconds(floor_at_);
}

std::int64_t TrustedTime::believed() const {
    return verdict() == Verdict::kGood ? std::max(wall_, floor_) : floor_by_now();
}

TimeView TrustedTime::view() const {
    return {static_cast<UnixSeconds>(std::max(believed(), signed_)), verdict() == Verdict::kGood};
}

std::string_view TrustedTime::distrust() const {
    switch (verdict()) {
        case Verdict::kGood:
            return {};
        case Verdict::kBehind:
            return "the clock is behind a time that has passed";
        case Verdict::kJumped:
            return "the clock has jumped";
        case Verdict::kOff:
            return "the clock is off the median of the peers' clocks";
    }
    return {};
}

std::optional<std::int64_t> TrustedTime::ahead_of_peers() const {
    const std::optional<Line> median = median_line(now_, 1);
    return median ? std::optional{wall_ - boot_seconds(now_) - *median} : std::nullopt;
}

}  // namespace weft::identity
