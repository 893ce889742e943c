// SPDX-License-Identifier: Apache-2.0
// One peer's handshakes and key slots (WireGuard paper 5.4, 6.1–6.3; kernel noise.c, send.c,
// receive.c). The control flow of the handshake lane between the door (device.cpp) and the
// cryptography (noise.cpp). Its timers are in tunnel_timers.cpp.
#include <utility>

#include <weft/wg/tunnel.hpp>

#include "layout.hpp"

namespace weft::wg {
namespace {

using net::DropReason;

constexpr std::uint8_t kHandshakeTrafficClass = 0x88;  // DSCP AF41, no ECN (kernel HANDSHAKE_DSCP)
constexpr Duration kInitiationSpacing = Duration{1s} / kInitiationsPerSecond;

}  // namespace

Tunnel::Tunnel(Shared shared, const crypto::PublicKey& key, std::uint8_t worker)
    : shared_(shared), peer_(std::make_unique<Peer>(key, worker)), new_handshake_jitter_(jitter()) {
    remote_.public_key = key;
    cookies_.set_peer_key(key);
    precompute();
}

// ---- Configuration ----------------------------------------------------------------------------

void Tunnel::precompute() {
    remote_.usable =
        shared_.identity.usable() &&
        crypto::dh(shared_.identity.private_key, remote_.public_key, remote_.static_static);
}

void Tunnel::on_identity_changed() {
    precompute();
    cancel_handshake();
    last_handshake_sent_.reset();
    peer_->forget_initiation();
    for (const auto* slot : {&slots_.current, &slots_.next}) {
        if (*slot) {
            (*slot)->invalidate_sending();
        }
    }
}

void Tunnel::retire(Actions& actions) {
    shared_.timestamps.raise_floor(last_timestamp_sent_);  // the peer may come back
    cancel_handshake();
    retire_sessions(actions);
    actions.dropped_staged += peer_->staged.clear();
    peer_->timers.clear();
    retransmit_at_.reset();
    zero_keys_at_.reset();
}

// ---- Handshakes, as initiator -----------------------------------------------------------------

void Tunnel::initiate(Now now, bool is_retry, Actions& actions) {
    if (!is_retry) {
        attempts_ = 0;
    }
    if (handshake_sent_recently(now.time) || !peer_->path().remote.valid()) {
        return;
    }
    // Noted even if nothing can be sent, so that workers do not ask again at once.
    last_handshake_sent_ = now.time;
    peer_->note_initiation(now.time);
    cancel_handshake();
    const auto index = shared_.indices.allocate(peer_->worker(), shared_.random, *this);
    if (!index) {
        return;
    }
    handshake_.emplace();
    handshake_->local_index = *index;

    const Timestamp timestamp = shared_.timestamps.next(last_timestamp_sent_, now.wall);
    ByteArray<kInitiationSize> message;
    if (!create_initiation(
            shared_.identity, remote_, timestamp, shared_.random, *handshake_, message)) {
        cancel_handshake();
        return;
    }
    last_timestamp_sent_ = timestamp;
    send(message, now, actions);
    retransmit_at_ = now.time + kRekeyTimeout + jitter();
}

DropReason Tunnel::on_response(std::span<const std::byte, kResponseSize> message,
                               const net::Path& from,
                               Now now,
                               Actions& actions) {
    if (handshake_index() != layout::load_index(message, layout::response::kReceiver)) {
        return DropReason::kUnknownIndex;
    }
    const DropReason reason = consume_response(shared_.identity, remote_, message, *handshake_);
    if (reason != DropReason::kNone) {
        return reason;
    }
    note_received(message.size(), from, now);
    HandshakeState state = std::move(*handshake_);
    handshake_.reset();  // its index goes on with the session
    begin_session(state, true, now, actions);
    complete_handshake(now);
    // The first packet on it, whatever it is, tells the responder that it may send.
    actions.flushes.push_back({peer_.get(), true});
    return DropReason::kNone;
}

// ---- Handshakes, as responder -----------------------------------------------------------------

DropReason Tunnel::on_initiation(std::span<const std::byte, kInitiationSize> message,
                                 ConsumedInitiation& consumed,
                                 const net::Path& from,
                                 Now now,
                                 Actions& actions) {
    const DropReason reason = consume_initiation_timestamp(remote_, message, consumed);
    if (reason != DropReason::kNone) {
        return reason;
    }
    if (consumed.timestamp <= greatest_timestamp_) {
        return DropReason::kHandshakeReplayed;
    }
    if (last_initiation_consumed_ && now.time - *last_initiation_consumed_ < kInitiationSpacing) {
        return DropReason::kHandshakeFlood;
    }
    greatest_timestamp_ = consumed.timestamp;
    last_initiation_consumed_ = now.time;
    note_received(message.size(), from, now);
    // Unlike the kernel's, our own outstanding initiation stays: initiations that cross in flight
    // then both succeed at once, and neither side waits for its retransmit timer.
    respond(consumed.state, now, actions);
    return DropReason::kNone;
}

void Tunnel::respond(HandshakeState& state, Now now, Actions& actions) {
    last_handshake_sent_ = now.time;
    peer_->note_initiation(now.time);
    const auto index = shared_.indices.allocate(peer_->worker(), shared_.random, *this);
    if (!index) {
        return;
    }
    state.local_index = *index;
    ByteArray<kResponseSize> message;
    if (!create_response(remote_, shared_.random, state, message)) {
        shared_.indices.release(*index);
        return;
    }
    begin_session(state, false, now, actions);
    send(message, now, actions);
}

DropReason Tunnel::on_cookie_reply(std::span<const std::byte, kCookieReplySize> message, Time now) {
    return cookies_.consume_reply(message, now) ? DropReason::kNone : DropReason::kCookieInvalid;
}

void Tunnel::on_requests(std::uint32_t requests, Now now, Actions& actions) {
    if ((requests & static_cast<std::uint32_t>(PeerRequest::kConfirm)) != 0) {
        confirm_next(now, actions);
    }
    if ((requests & static_cast<std::uint32_t>(PeerRequest::kFlush)) != 0) {
        actions.flushes.push_back({peer_.get(), false});
    }
    if ((requests & static_cast<std::uint32_t>(PeerRequest::kHandshake)) != 0) {
        initiate(now, false, actions);
    }
}

// ---- Key slots --------------------------------------------------------------------------------

void Tunnel::begin_session(HandshakeState& state, bool is_initiator, Now now, Actions& actions) {
    if (slots_.next && !slots_.next->confirm()) {  // a worker saw its first packet just now
        confirm_next(now, actions);
    }
    const Session::Indices indices{state.local_index, state.remote_index};
    auto session = std::make_unique<Session>(
        *peer_, derive_keys(state, is_initiator), indices, is_initiator, now.time);
    shared_.indices.publish(indices.local, *session);

    retire_session(slots_.previous, actions);
    if (is_initiator) {
        // A next that nobody confirmed may yet be what the peer sends on.
        slots_.previous = std::move(slots_.next ? slots_.next : slots_.current);
        retire_session(slots_.current, actions);
        slots_.current = std::move(session);
        peer_->publish_current(slots_.current.get());
    } else {
        retire_session(slots_.next, actions);
        slots_.next = std::move(session);
    }
    zero_keys_at_ = now.time + kZeroKeysAfter;
}

/// The initiator has used the session that we offered it: so may we.
void Tunnel::confirm_next(Now now, Actions& actions) {
    if (!slots_.next || !slots_.next->confirmed()) {
        return;
    }
    retire_session(slots_.previous, actions);
    slots_.previous = std::move(slots_.current);
    slots_.current = std::move(slots_.next);
    peer_->publish_current(slots_.current.get());
    cancel_handshake();
    complete_handshake(now);
    actions.flushes.push_back({peer_.get(), false});
}

void Tunnel::complete_handshake(Now now) {
    retransmit_at_.reset();
    attempts_ = 0;
    last_handshake_ = now.wall;
}

void Tunnel::retire_session(std::unique_ptr<Session>& slot, Actions& actions) {
    if (!slot) {
        return;
    }
    shared_.indices.release(slot->local_index());
    actions.retired_sessions.push_back(std::move(slot));
}

void Tunnel::retire_sessions(Actions& actions) {
    static_cast<void>(slots_.next && slots_.next->confirm());
    peer_->publish_current(nullptr);
    retire_session(slots_.previous, actions);
    retire_session(slots_.current, actions);
    retire_session(slots_.next, actions);
}

void Tunnel::cancel_handshake() {
    if (handshake_) {
        shared_.indices.release(handshake_->local_index);
        handshake_.reset();
    }
}

// ---- The wire ---------------------------------------------------------------------------------

/// Puts the MACs on an initiation or response and sends it to the peer's endpoint.
void Tunnel::send(Bytes message, Now now, Actions& actions) {
    cookies_.add_macs(message, now.time);
    Actions::Datagram& datagram = actions.datagrams.emplace_back();
    datagram.path = peer_->path();
    copy_bytes(message, datagram.bytes);
    datagram.size = static_cast<std::uint8_t>(message.size());
    datagram.traffic_class = kHandshakeTrafficClass;
    datagram.peer = peer_.get();

    peer_->timers.on_authenticated_sent(now.time);
    peer_->counters.tx_bytes.fetch_add(message.size(), std::memory_order_relaxed);
    peer_->counters.tx_packets.fetch_add(1, std::memory_order_relaxed);
}

/// An initiation or response has proved to be this peer's.
void Tunnel::note_received(std::size_t size, const net::Path& from, Now now) {
    peer_->roam(from);
    peer_->timers.on_authenticated_received(now.time);
    peer_->counters.rx_bytes.fetch_add(size, std::memory_order_relaxed);
    peer_->counters.rx_packets.fetch_add(1, std::memory_order_relaxed);
}

bool Tunnel::handshake_sent_recently(Time now) const {
    return last_handshake_sent_ && now - *last_handshake_sent_ < kRekeyTimeout;
}

}  // namespace weft::wg
