// SPDX-License-Identifier: Apache-2.0
// One peer's five timers (WireGuard paper 6.2–6.5; kernel timers.c). Workers note what packets do
// in PacketTimers; here the handshake lane reads that and acts.
//
//   retransmit      5 s + jitter after an initiation without an answer, up to 19 times
//   keepalive       10 s after data came and nothing went back
//   new handshake   15 s + jitter after data went and nothing came back
//   zero keys       540 s after the last session was made
//   persistent      the configured interval after the last packet either way
#include <algorithm>

#include <weft/wg/tunnel.hpp>

namespace weft::wg {
namespace {

bool is_due(std::optional<Time> at, Time now) {
    return at && *at <= now;
}

}  // namespace

void Tunnel::on_timers(Now now, Actions& actions) {
    PacketTimers& timers = peer_->timers;
    if (is_due(retransmit_at_, now.time)) {
        retransmit(now, actions);
    }
    if (is_due(keepalive_at(), now.time)) {
        timers.disarm_keepalive();
        actions.flushes.push_back({peer_.get(), true});
    }
    if (is_due(new_handshake_at(), now.time)) {
        timers.disarm_new_handshake();
        new_handshake_jitter_ = jitter();
        peer_->forget_source();
        initiate(now, false, actions);
    }
    if (is_due(stuck_until(), now.time)) {
        initiate(now, false, actions);
    }
    if (is_due(zero_keys_at_, now.time)) {
        zero_keys_at_.reset();
        cancel_handshake();
        retire_sessions(actions);
    }
    if (is_due(persistent_keepalive_at(), now.time)) {
        persistent_from_ = now.time;
        actions.flushes.push_back({peer_.get(), true});
    }
}

Time Tunnel::next_deadline(Time now) const {
    Time next = now + kTimerPollInterval;
    for (const std::optional<Time> at : {retransmit_at_,
                                         keepalive_at(),
                                         new_handshake_at(),
                                         stuck_until(),
                                         zero_keys_at_,
                                         persistent_keepalive_at()}) {
        next = std::min(next, at.value_or(next));
    }
    return next;
}

void Tunnel::set_persistent_keepalive(std::chrono::seconds interval, Now now, Actions& actions) {
    const bool turned_on = persistent_keepalive_ == 0s && interval != 0s;
    persistent_keepalive_ = interval;
    if (turned_on) {
        persistent_from_ = now.time;
        actions.flushes.push_back({peer_.get(), true});
    }
}

void Tunnel::retransmit(Now now, Actions& actions) {
    retransmit_at_.reset();
    if (attempts_ > kMaxTimerHandshakes) {
        peer_->timers.disarm_keepalive();
        actions.dropped_staged += peer_->staged.clear();
        if (!zero_keys_at_) {
            zero_keys_at_ = now.time + kZeroKeysAfter;  // for what is left of the attempt
        }
        return;
    }
    ++attempts_;
    peer_->forget_source();  // it may be what keeps the answer away
    initiate(now, true, actions);
    // Held back by a response we sent meanwhile: the kernel lets the matter rest there, and waiting
    // packets with it if that handshake comes to nothing.
    if (!retransmit_at_ && handshake_sent_recently(now.time)) {
        retransmit_at_ = *last_handshake_sent_ + kRekeyTimeout + jitter();
    }
}

/// When packets wait and nobody is on the way to a session for them: their request came right after
/// a response of ours, which seemed to make one, but never did. (In the kernel they wait for more.)
std::optional<Time> Tunnel::stuck_until() const {
    const Session* session = peer_->current();
    if (retransmit_at_ || !last_handshake_sent_ || !peer_->path().remote.valid() ||
        peer_->staged.empty()) {
        return std::nullopt;
    }
    const Time at = *last_handshake_sent_ + kRekeyTimeout;
    return session != nullptr && session->may_send(at) ? std::nullopt : std::optional{at};
}

std::optional<Time> Tunnel::keepalive_at() const {
    const auto since = peer_->timers.unacknowledged_since();
    return since ? std::optional{*since + kKeepaliveTimeout} : std::nullopt;
}

std::optional<Time> Tunnel::new_handshake_at() const {
    const auto since = peer_->timers.unanswered_since();
    return since ? std::optional{*since + kNewHandshakeAfter + new_handshake_jitter_}
                 : std::nullopt;
}

std::optional<Time> Tunnel::persistent_keepalive_at() const {
    if (persistent_keepalive_ == 0s) {
        return std::nullopt;
    }
    const Time traversed = peer_->timers.last_traversal().value_or(persistent_from_);
    return std::max(traversed, persistent_from_) + persistent_keepalive_;
}

/// Spreads handshakes, so that two peers do not initiate in step for ever.
Duration Tunnel::jitter() {
    const auto bound = static_cast<std::uint64_t>(Duration{kRekeyTimeoutJitter}.count());
    return Duration{static_cast<std::int64_t>(shared_.random.below(bound))};
}

}  // namespace weft::wg
