// SPDX-License-Identifier: Apache-2.0
// What the network makes of the guards (firewall.hpp): the pools and the node's place in them, and
// who may come in lockdown. Control thread.
#include "node_impl.hpp"

namespace weft::control {

/// The guards are there before the first route that they guard.
void Node::Impl::sync_firewall() {
    Site site;
    const mesh::Participant& participant = overlay_->participant();
    if (participant.is_member()) {
        site.pools = participant.network().pools;
        site.blocks = participant.certificate().blocks;
        site.routed = participant.certificate().routed;
        for (const auto& [key, peer] : peers_) {
            if (!peer.member) {
                site.guests.insert(
                    site.guests.end(), peer.allowed_ips.begin(), peer.allowed_ips.end());
            }
        }
    }
    firewall_->set(config_, engine_->listen_port(), site);
    invite();
}

/// Who may come in lockdown besides the configured ones: configured peers where they are now, which
/// a name in the configuration, or wg, has told; and whom this node asks to let it in.
/// A token opens lockdown's port as long as it can be used, and until it expires to whom has used
/// it, who may ask again, for the answer may have been lost.
void Node::Impl::invite() {
    const mesh::Participant& participant = overlay_->participant();
    std::set<net::Prefix> invited;
    if (participant.is_member() && participant.issuer() != nullptr) {
        const identity::UnixSeconds now = participant.time().view().now;
        for (const auto& [id, token] : participant.issuer()->tokens()) {
            if (token.withdrawn || token.expiry <= now) {
                continue;
            }
            for (const issuer::Ledger::Use& use : token.used) {
                invited.insert(net::Prefix::host(use.source));
            }
            if (token.open() && token.from) {
                invited.insert(*token.from);
            } else if (token.open()) {
                invited.insert({net::IpAddress::unspecified(net::Family::kIpv4), 0});
                invited.insert({net::IpAddress::unspecified(net::Family::kIpv6), 0});
            }
        }
    }
    for (const PeerSample& sample : samples_) {
        const auto peer = peers_.find(sample.public_key);
        if (peer != peers_.end() && !peer->second.member && sample.endpoint) {
            invited.insert(net::Prefix::host(sample.endpoint->address));
        }
    }
    for (const net::Endpoint& issuer :
         network_ ? network_->asked_to_join() : std::vector<net::Endpoint>{}) {
        invited.insert(net::Prefix::host(issuer.address));
    }
    firewall_->set_invited({invited.begin(), invited.end()});
}

}  // namespace weft::control
