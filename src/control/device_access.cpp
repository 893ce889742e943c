// SPDX-License-Identifier: Apache-2.0
// See device_access.hpp. Semantics: drivers/net/wireguard/netlink.c. Control
// thread; the lambdas run under the device's lock.
#include "device_access.hpp"

#include <set>
#include <utility>

#include <weft/wg/constants.hpp>

namespace weft::control {
namespace {

/// Peers that there would be after the edit, at most.
std::size_t peers_after(const wg::Device& device, const DeviceEdit& edit) {
    std::set<KeyBytes> added;
    for (const PeerEdit& peer : edit.peers) {
        const bool known =
            !edit.replace_peers && device.tunnels().contains(crypto::PublicKey{peer.public_key});
        if (!peer.remove && !peer.update_only && !known) {
            added.insert(peer.public_key);
        }
    }
    return (edit.replace_peers ? 0 : device.tunnels().size()) + added.size();
}

void remove_all(wg::Device& device, wg::Actions& actions) {
    std::vector<crypto::PublicKey> keys;
    for (const auto& [key, tunnel] : device.tunnels()) {
        keys.push_back(key);
    }
    for (const crypto::PublicKey& key : keys) {
        device.remove_peer(key, actions);
    }
}

void apply_peer(wg::Device& device, const PeerEdit& edit, wg::Now now, wg::Actions& actions) {
    const crypto::PublicKey key{edit.public_key};
    if (edit.remove) {
        device.remove_peer(key, actions);
        return;
    }
    wg::Tunnel* const tunnel = edit.update_only ? device.find_peer(key) : device.ensure_peer(key);
    if (tunnel == nullptr) {
        return;
    }
    if (edit.preshared_key) {
        tunnel->set_preshared_key(*edit.preshared_key);
    }
    if (edit.endpoint) {
        tunnel->peer().set_endpoint(*edit.endpoint);
    }
    if (edit.replace_allowed_ips) {
        device.clear_allowed_ips(*tunnel, actions);
    }
    for (const AllowedIpEdit& ip : edit.allowed_ips) {
        if (ip.remove) {
            device.remove_allowed_ip(*tunnel, ip.prefix, actions);
        } else {
            device.add_allowed_ip(*tunnel, ip.prefix, actions);
        }
    }
    if (edit.keepalive) {
        tunnel->set_persistent_keepalive(*edit.keepalive, now, actions);
    }
}

std::optional<net::Endpoint> endpoint_of(const wg::Peer& peer) {
    const net::Path path = peer.path();
    return path.remote.valid() ? std::optional{path.remote} : std::nullopt;
}

bool is_live(const wg::Peer& peer, wg::Now now) {
    const wg::Session* const session = peer.current();
    return session != nullptr && session->may_send(now.time);
}

PeerView view_of_peer(const wg::Tunnel& tunnel, wg::Now now, bool with_secrets) {
    const wg::Peer& peer = tunnel.peer();
    PeerView view;
    view.public_key = peer.key().bytes;
    if (with_secrets) {
        view.preshared_key = tunnel.preshared_key().clone();
    }
    view.endpoint = endpoint_of(peer);
    view.last_handshake = tunnel.last_handshake();
    view.rx_bytes = peer.counters.rx_bytes.load(std::memory_order_relaxed);
    view.tx_bytes = peer.counters.tx_bytes.load(std::memory_order_relaxed);
    view.rx_packets = peer.counters.rx_packets.load(std::memory_order_relaxed);
    view.tx_packets = peer.counters.tx_packets.load(std::memory_order_relaxed);
    view.keepalive = tunnel.persistent_keepalive();
    view.session_live = is_live(peer, now);
    view.handshake_pending = tunnel.handshake_pending();
    return view;
}

}  // namespace

mesh::Caller::Peer caller_view(const wg::Tunnel& tunnel, wg::Now now) {
    const wg::Peer& peer = tunnel.peer();
    return {endpoint_of(peer),
            is_live(peer, now),
            tunnel.handshake_pending(),
            peer.counters.rx_packets.load(std::memory_order_relaxed)};
}

Result<> apply_edit(dataplane::Engine& engine, const DeviceEdit& edit) {
    std::size_t peers = 0;
    engine.change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        peers = peers_after(device, edit);
    });
    if (peers > wg::kPeersMax) {
        return Error{std::make_error_code(std::errc::not_enough_memory),
                     "more than " + std::to_string(wg::kPeersMax) + " peers",
                     {}};
    }
    if (edit.listen_port || edit.fwmark) {
        // The same port again keeps the sockets and the sticky source addresses.
        const std::uint16_t port = edit.listen_port.value_or(engine.listen_port());
        const std::uint32_t mark = edit.fwmark.value_or(engine.fwmark());
        if (port != engine.listen_port() || mark != engine.fwmark()) {
            if (Result<> bound = engine.rebind(port, mark); !bound) {
                return bound.error();
            }
        }
    }
    engine.change([&](wg::Device& device, wg::Now now, wg::Actions& actions) {
        if (edit.private_key) {
            device.set_private_key(*edit.private_key, actions);
        }
        if (edit.replace_peers) {
            remove_all(device, actions);
        }
        for (const PeerEdit& peer : edit.peers) {
            apply_peer(device, peer, now, actions);
        }
    });
    return {};
}

DeviceView view_of(dataplane::Engine& engine, bool with_secrets) {
    DeviceView view;
    view.listen_port = engine.listen_port();
    view.fwmark = engine.fwmark();
    engine.change([&](wg::Device& device, wg::Now now, wg::Actions& /*actions*/) {
        if (with_secrets) {
            view.private_key = device.identity().private_key.clone();
        }
        view.public_key = device.identity().public_key.bytes;
        view.peers.reserve(device.tunnels().size());
        auto prefixes = device.routes().by_peer();
        for (const auto& [key, tunnel] : device.tunnels()) {
            PeerView peer = view_of_peer(*tunnel, now, with_secrets);
            peer.allowed_ips = std::move(prefixes[&tunnel->peer()]);
            view.peers.push_back(std::move(peer));
        }
    });
    return view;
}

std::vector<PeerSample> samples_of(dataplane::Engine& engine) {
    std::vector<PeerSample> samples;
    engine.change([&](wg::Device& device, wg::Now now, wg::Actions& /*actions*/) {
        samples.reserve(device.tunnels().size());
        for (const auto& [key, tunnel] : device.tunnels()) {
            const wg::Peer& peer = tunnel->peer();
            PeerSample& sample = samples.emplace_back();
            sample.public_key = key.bytes;
            sample.endpoint = endpoint_of(peer);
            sample.last_handshake = tunnel->last_handshake();
            sample.session_live = is_live(peer, now);
            sample.handshake_pending = tunnel->handshake_pending();
            sample.tx_bytes = peer.counters.tx_bytes.load(std::memory_order_relaxed);
            sample.rx_packets = peer.counters.rx_packets.load(std::memory_order_relaxed);
            sample.rx_missing = peer.counters.rx_missing.load(std::memory_order_relaxed);
        }
    });
    return samples;
}

void forget_sources(dataplane::Engine& engine,
                    const std::function<bool(const net::Path&)>& has_moved) {
    std::vector<std::pair<crypto::PublicKey, net::Path>> paths;
    engine.change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        for (const auto& [key, tunnel] : device.tunnels()) {
            const net::Path path = tunnel->peer().path();
            if (path.remote.valid() && !path.source.is_unspecified()) {
                paths.emplace_back(key, path);
            }
        }
    });
    std::erase_if(paths, [&](const auto& entry) { return !has_moved(entry.second); });
    if (paths.empty()) {
        return;
    }
    engine.change([&](wg::Device& device, wg::Now /*now*/, wg::Actions& /*actions*/) {
        for (const auto& [key, path] : paths) {
            wg::Tunnel* const tunnel = device.find_peer(key);
            if (tunnel != nullptr && tunnel->peer().path() == path) {
                tunnel->peer().forget_source();
            }
        }
    });
}

}  // namespace weft::control
