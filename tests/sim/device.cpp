// SPDX-License-Identifier: Apache-2.0
// See device.hpp.
#include "device.hpp"

#include <algorithm>

namespace weft::sim {

std::string SimDevice::reconcile(const std::map<crypto::PublicKey, mesh::WantedPeer>& wanted,
                                 std::span<const net::Prefix> pools) {
    const control::MemberPeers members = control::member_peers(wanted, {});
    apply(control::diff(in_force(), members.peers).edit);
    routes_ = control::wanted_routes(members.peers, pools).routes;
    return fault(members.peers, pools);
}

void SimDevice::apply(const control::DeviceEdit& edit) {
    for (const control::PeerEdit& peer : edit.peers) {
        const auto drops = [&](const auto& entry) { return entry.second == peer.public_key; };
        if (peer.remove || peer.replace_allowed_ips) {
            std::erase_if(owners_, drops);
        }
        if (peer.remove) {
            peers_.erase(peer.public_key);
            continue;
        }
        peers_.insert(peer.public_key);
        for (const control::AllowedIpEdit& ip : peer.allowed_ips) {
            const auto owner = owners_.find(ip.prefix);
            if (!ip.remove) {
                owners_[ip.prefix] = peer.public_key;
            } else if (owner != owners_.end() && owner->second == peer.public_key) {
                owners_.erase(owner);
            }
        }
    }
}

control::PeerMap SimDevice::in_force() const {
    control::PeerMap peers;
    for (const control::KeyBytes& key : peers_) {
        peers.emplace(key, control::DesiredPeer{});
    }
    for (const auto& [prefix, key] : owners_) {
        peers[key].allowed_ips.push_back(prefix);  // in order
    }
    return peers;
}

std::string SimDevice::fault(const control::PeerMap& wanted,
                             std::span<const net::Prefix> pools) const {
    std::size_t prefixes = 0;
    for (const auto& [key, peer] : wanted) {
        prefixes += peer.allowed_ips.size();
        for (const net::Prefix& prefix : peer.allowed_ips) {
            const auto owner = owners_.find(prefix);
            if (owner == owners_.end() || owner->second != key) {
                return "its device does not send " + prefix.to_string() + " to " + peer.name;
            }
            const bool routed = routes_.contains(prefix) ||
                                std::any_of(pools.begin(), pools.end(), [&](const auto& pool) {
                                    return pool.contains(prefix) && routes_.contains(pool);
                                });
            if (!routed) {
                return prefix.to_string() + " of " + peer.name + " leaves by no route of its own";
            }
        }
    }
    if (prefixes != owners_.size() || wanted.size() != peers_.size()) {
        return "its device sends to whom it should not";
    }
    return control::diff(in_force(), wanted).edit.empty() ? ""
                                                          : "its device is never as it should be";
}

}  // namespace weft::sim
