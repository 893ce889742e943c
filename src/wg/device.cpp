// SPDX-License-Identifier: Apache-2.0
// The protocol core of one interface (kernel device.c, netlink.c, receive.c): configuration of the
// whole, and the way of a handshake message from the socket to its tunnel. Whoever holds the
// engine's mutex: the handshake lane, or the control thread with a change.
#include <algorithm>
#include <utility>

#include <weft/base/assert.hpp>
#include <weft/wg/device.hpp>

#include "layout.hpp"

namespace weft::wg {

using net::DropReason;

Device::Device(RandomSource& random, unsigned workers)
    : random_(random), workers_(workers), checker_(random), answered_(random) {
    WEFT_ASSERT(workers >= 1 && workers <= kWorkersMax);
}

Device::~Device() = default;

// ---- Configuration ----------------------------------------------------------------------------

void Device::set_private_key(const crypto::PrivateKey& key, Actions& actions) {
    Identity identity;
    if (!key.is_zero()) {
        identity.private_key = key.clone();
        crypto::clamp(identity.private_key);
        identity.public_key = crypto::public_key_of(identity.private_key);
    }
    if (identity.private_key == identity_.private_key) {
        return;
    }
    if (identity.usable()) {
        remove_peer(identity.public_key, actions);
    }
    const bool is_first = !identity_.usable();
    identity_ = std::move(identity);
    checker_.set_public_key(identity_.public_key);
    for (const auto& [peer_key, tunnel] : tunnels_) {
        tunnel->on_identity_changed();
        if (is_first) {
            actions.flushes.push_back({&tunnel->peer(), false});
        }
    }
}

Tunnel* Device::ensure_peer(const crypto::PublicKey& key) {
    if (Tunnel* tunnel = find_peer(key)) {
        return tunnel;
    }
    if ((identity_.usable() && key == identity_.public_key) || tunnels_.size() >= kPeersMax) {
        return nullptr;
    }
    const auto worker = static_cast<std::uint8_t>(next_worker_);
    next_worker_ = (next_worker_ + 1) % workers_;
    auto tunnel = std::make_unique<Tunnel>(
        Tunnel::Shared{identity_, indices_, random_, timestamps_}, key, worker);
    return tunnels_.emplace(key, std::move(tunnel)).first->second.get();
}

Tunnel* Device::find_peer(const crypto::PublicKey& key) {
    const auto found = tunnels_.find(key);
    return found == tunnels_.end() ? nullptr : found->second.get();
}

bool Device::remove_peer(const crypto::PublicKey& key, Actions& actions) {
    const auto found = tunnels_.find(key);
    if (found == tunnels_.end()) {
        return false;
    }
    Tunnel& tunnel = *found->second;
    clear_allowed_ips(tunnel, actions);
    tunnel.retire(actions);
    actions.retired_peers.push_back(tunnel.take_peer());
    tunnels_.erase(found);
    return true;
}

void Device::add_allowed_ip(Tunnel& tunnel, const net::Prefix& prefix, Actions& actions) {
    routes_.add(prefix, tunnel.peer());
    actions.routes_changed = true;
}

void Device::remove_allowed_ip(Tunnel& tunnel, const net::Prefix& prefix, Actions& actions) {
    routes_.remove(prefix, tunnel.peer());
    actions.routes_changed = true;
}

void Device::clear_allowed_ips(Tunnel& tunnel, Actions& actions) {
    routes_.remove_all(tunnel.peer());
    actions.routes_changed = true;
}

// ---- Handshake messages -----------------------------------------------------------------------

DropReason Device::on_datagram(ConstBytes datagram,
                               const net::Path& from,
                               std::size_t queue_depth,
                               Now now,
                               Actions& actions) {
    const auto type = classify(datagram);
    if (!type || *type == MessageType::kData) {
        return DropReason::kUnknownType;
    }
    if (*type == MessageType::kCookieReply) {
        const auto reply = datagram.first<kCookieReplySize>();
        Tunnel* tunnel = indices_.owner(layout::load_index(reply, layout::cookie_reply::kReceiver));
        return tunnel == nullptr ? DropReason::kUnknownIndex
                                 : tunnel->on_cookie_reply(reply, now.time);
    }

    const DropReason reason = admit(datagram, from, queue_depth, now, actions);
    if (reason != DropReason::kNone) {
        return reason;
    }
    if (*type == MessageType::kInitiation) {
        return on_initiation(datagram.first<kInitiationSize>(), from, now, actions);
    }
    const auto response = datagram.first<kResponseSize>();
    Tunnel* tunnel = indices_.owner(layout::load_index(response, layout::response::kReceiver));
    return tunnel == nullptr ? DropReason::kUnknownIndex
                             : tunnel->on_response(response, from, now, actions);
}

DropReason Device::admit(
    ConstBytes message, const net::Path& from, std::size_t queue_depth, Now now, Actions& actions) {
    const bool loaded = under_load(queue_depth, now.time);
    const bool owes = loaded && owes_cookie(message, from.remote, now.time);
    if (loaded && !owes && !CookieChecker::has_mac2(message)) {
        return DropReason::kCookieRequired;
    }
    if (!identity_.usable() || !checker_.mac1_valid(message)) {
        return DropReason::kBadMac1;
    }
    if (!loaded) {
        return DropReason::kNone;  // whatever mac2 says
    }
    if (!checker_.mac2_valid(message, from.remote, now.time)) {
        if (owes) {
            give_cookie(message, from, now.time, actions);
        }
        return DropReason::kCookieRequired;
    }
    return limiter_.allow(from.remote.address, now.time) ? DropReason::kNone
                                                         : DropReason::kRateLimited;
}

bool Device::owes_cookie(ConstBytes message, const net::Endpoint& source, Time now) {
    if (answered_.may_answer(source, layout::mac1_of(message), now)) {
        return true;
    }
    // What others send in the name of a peer must not keep the peer itself from its cookie.
    if (!known_at_ || now - *known_at_ >= kUnderLoadLatch) {
        known_at_ = now;
        known_places_.clear();
        for (const auto& [key, tunnel] : tunnels_) {
            known_places_.push_back(tunnel->peer().path().remote);
        }
        std::sort(known_places_.begin(), known_places_.end());
    }
    return std::binary_search(known_places_.begin(), known_places_.end(), source);
}

void Device::give_cookie(ConstBytes message, const net::Path& from, Time now, Actions& actions) {
    answered_.add(from.remote, now);
    Actions::Datagram& reply = actions.datagrams.emplace_back();
    reply.path = from;
    reply.size = kCookieReplySize;
    checker_.create_reply(
        message, from.remote, now, std::span{reply.bytes}.first<kCookieReplySize>());
}

bool Device::under_load(std::size_t queue_depth, Time now) {
    if (queue_depth >= kUnderLoadAt) {
        loaded_until_ = now + kUnderLoadLatch;
    }
    return loaded_until_ && now < *loaded_until_;
}

DropReason Device::on_initiation(std::span<const std::byte, kInitiationSize> message,
                                 const net::Path& from,
                                 Now now,
                                 Actions& actions) {
    ConsumedInitiation consumed;
    const DropReason reason = consume_initiation_static(identity_, message, consumed);
    if (reason != DropReason::kNone) {
        return reason;
    }
    Tunnel* tunnel = find_peer(consumed.static_key);
    if (tunnel == nullptr) {
        early_[next_early_++ % early_.size()] = consumed.static_key;
        return DropReason::kUnknownPeer;
    }
    return tunnel->on_initiation(message, consumed, from, now, actions);
}

// ---- Requests and timers ----------------------------------------------------------------------

void Device::on_requests(Peer& peer, std::uint32_t requests, Now now, Actions& actions) {
    Tunnel* tunnel = find_peer(peer.key());
    if (tunnel != nullptr && &tunnel->peer() == &peer) {  // not removed, nor added again, meanwhile
        tunnel->on_requests(requests, now, actions);
        next_due_ = std::min(next_due_, tunnel->next_deadline(now.time));
    }
}

void Device::on_timers(Now now, Actions& actions) {
    if (now.time < next_due_) {
        return;
    }
    limiter_.collect(now.time);
    for (const auto& [key, tunnel] : tunnels_) {
        tunnel->on_timers(now, actions);
    }
    reschedule(now.time);
}

void Device::settle(Now now, Actions& actions) {
    for (crypto::PublicKey& key : early_) {
        Tunnel* tunnel = find_peer(key);
        if (tunnel != nullptr && tunnel->peer().current() == nullptr) {
            tunnel->initiate(now, false, actions);
            key = {};
        }
    }
    reschedule(now.time);
}

void Device::reschedule(Time now) {
    next_due_ = now + kTimerPollInterval;
    for (const auto& [key, tunnel] : tunnels_) {
        next_due_ = std::min(next_due_, tunnel->next_deadline(now));
    }
}

}  // namespace weft::wg
