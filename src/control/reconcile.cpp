// SPDX-License-Identifier: Apache-2.0
// See reconcile.hpp. Control thread.
#include "reconcile.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <weft/crypto/x25519.hpp>

namespace weft::control {
namespace {

using Prefixes = std::vector<net::Prefix>;

PeerEdit addition(const KeyBytes& key, const DesiredPeer& peer) {
    PeerEdit edit;
    edit.public_key = key;
    edit.preshared_key = peer.preshared_key.clone();
    if (peer.endpoint) {
        edit.endpoint = numeric_endpoint(*peer.endpoint);
    }
    edit.replace_allowed_ips = true;  // of a peer that wg had set before
    for (const net::Prefix& prefix : peer.allowed_ips) {
        edit.allowed_ips.push_back({prefix, false});
    }
    edit.keepalive = peer.keepalive;
    return edit;
}

/// Nothing if there is nothing to change.
std::optional<PeerEdit> change(const KeyBytes& key,
                               const DesiredPeer& from,
                               const DesiredPeer& to) {
    PeerEdit edit;
    edit.public_key = key;
    bool changed = false;
    if (!(from.preshared_key == to.preshared_key)) {
        edit.preshared_key = to.preshared_key.clone();
        changed = true;
    }
    if (to.endpoint && to.endpoint != from.endpoint) {
        edit.endpoint = numeric_endpoint(*to.endpoint);
        changed = changed || edit.endpoint;
    }
    Prefixes gone;
    Prefixes fresh;
    std::set_difference(from.allowed_ips.begin(),
                        from.allowed_ips.end(),
                        to.allowed_ips.begin(),
                        to.allowed_ips.end(),
                        std::back_inserter(gone));
    std::set_difference(to.allowed_ips.begin(),
                        to.allowed_ips.end(),
                        from.allowed_ips.begin(),
                        from.allowed_ips.end(),
                        std::back_inserter(fresh));
    for (const net::Prefix& prefix : gone) {
        edit.allowed_ips.push_back({prefix, true});
    }
    for (const net::Prefix& prefix : fresh) {
        edit.allowed_ips.push_back({prefix, false});
    }
    changed = changed || !edit.allowed_ips.empty();
    if (from.keepalive != to.keepalive) {
        edit.keepalive = to.keepalive;
        changed = true;
    }
    return changed ? std::optional{std::move(edit)} : std::nullopt;
}

}  // namespace

Plan diff(const PeerMap& from, const PeerMap& to) {
    Plan plan;
    for (const auto& [key, peer] : from) {
        if (!to.contains(key)) {
            PeerEdit removal;
            removal.public_key = key;
            removal.remove = true;
            plan.edit.peers.push_back(std::move(removal));
        }
    }
    for (const auto& [key, peer] : to) {
        const auto old = from.find(key);
        const bool is_new = old == from.end();
        if (is_new) {
            plan.edit.peers.push_back(addition(key, peer));
        } else if (std::optional<PeerEdit> edit = change(key, old->second, peer)) {
            plan.edit.peers.push_back(std::move(*edit));
        }
        const bool moved = peer.endpoint && (is_new || old->second.endpoint != peer.endpoint);
        if (moved && !numeric_endpoint(*peer.endpoint)) {
            plan.resolve.push_back(key);
        }
    }
    return plan;
}

std::optional<net::Endpoint> numeric_endpoint(const config::HostPort& endpoint) {
    const std::optional<net::IpAddress> address = net::IpAddress::parse(endpoint.host);
    if (!address) {
        return std::nullopt;
    }
    return net::Endpoint{*address, endpoint.port, 0};
}

Result<Desired> load_desired(const config::Config& config) {
    Desired desired;
    if (!config.node.private_key_file.empty()) {
        Result<Secret<32>> private_key = config::load_key_file(config.node.private_key_file);
        if (!private_key) {
            return private_key.error();
        }
        desired.private_key = std::move(*private_key);
        crypto::clamp(desired.private_key);  // as the device keeps it, or it would differ for ever
    }
    desired.listen_port = config.node.listen_port;
    desired.fwmark = config.node.fwmark;
    desired.addresses = config.node.addresses;
    for (const config::PeerConfig& peer : config.peers) {
        DesiredPeer entry;
        entry.name = peer.name;
        entry.endpoint = peer.endpoint;
        entry.keepalive = peer.keepalive;
        for (const net::Prefix& prefix : peer.allowed_ips) {
            entry.allowed_ips.push_back(prefix.masked());
        }
        std::sort(entry.allowed_ips.begin(), entry.allowed_ips.end());
        entry.allowed_ips.erase(std::unique(entry.allowed_ips.begin(), entry.allowed_ips.end()),
                                entry.allowed_ips.end());
        if (!peer.preshared_key_file.empty()) {
            Result<Secret<32>> key = config::load_key_file(peer.preshared_key_file);
            if (!key) {
                Error error = key.error();
                error.cause = "peer " + peer.name + ": " + error.cause;
                return error;
            }
            entry.preshared_key = std::move(*key);
        }
        desired.peers.insert_or_assign(peer.public_key, std::move(entry));
    }
    return desired;
}

Plan diff(const Desired& from, const Desired& to) {
    Plan plan = diff(from.peers, to.peers);
    if (!(from.private_key == to.private_key)) {
        plan.edit.private_key = to.private_key.clone();
    }
    if (to.listen_port != 0 && from.listen_port != to.listen_port) {  // 0: any, so this one
        plan.edit.listen_port = to.listen_port;
    }
    if (from.fwmark != to.fwmark) {
        plan.edit.fwmark = to.fwmark;
    }
    return plan;
}

MemberPeers member_peers(const std::map<crypto::PublicKey, mesh::WantedPeer>& wanted,
                         const PeerMap& configured) {
    Prefixes claims;
    for (const auto& [key, peer] : configured) {
        std::copy_if(peer.allowed_ips.begin(),
                     peer.allowed_ips.end(),
                     std::back_inserter(claims),
                     [](const net::Prefix& prefix) { return prefix.length > 0; });
    }
    MemberPeers members;
    for (const auto& [key, member] : wanted) {
        if (configured.contains(key.bytes)) {
            continue;
        }
        DesiredPeer peer;
        peer.name = member.name;
        peer.member = member.id;
        for (const net::Prefix& prefix : member.prefixes) {
            const bool claimed = std::any_of(claims.begin(), claims.end(), [&](const auto& claim) {
                return claim.overlaps(prefix);
            });
            if (claimed) {
                members.shadowed.emplace(prefix, member.name);
            } else {
                peer.allowed_ips.push_back(prefix);
            }
        }
        members.peers.emplace(key.bytes, std::move(peer));
    }
    return members;
}

WantedRoutes wanted_routes(const PeerMap& peers, std::span<const net::Prefix> pools) {
    WantedRoutes wanted;
    wanted.routes.insert(pools.begin(), pools.end());
    for (const auto& [key, peer] : peers) {
        for (const net::Prefix& prefix : peer.allowed_ips) {
            const bool in_pool =
                peer.member && std::any_of(pools.begin(), pools.end(), [&](const auto& pool) {
                    return pool.contains(prefix);
                });
            if (!in_pool) {
                (prefix.length == 0 ? wanted.skipped : wanted.routes).insert(prefix);
            }
        }
    }
    return wanted;
}

std::vector<std::string> restart_required(const config::Config& running,
                                          const config::Config& wanted) {
    std::vector<std::string> settings;
    const auto check = [&settings](bool same, const char* name) {
        if (!same) {
            settings.emplace_back(name);
        }
    };
    check(running.node.interface == wanted.node.interface, "node.interface");
    check(running.node.workers == wanted.node.workers, "node.workers");
    check(running.node.isa == wanted.node.isa, "node.isa");
    check(running.node.mtu == wanted.node.mtu, "node.mtu");
    check(running.gossip.enabled == wanted.gossip.enabled, "gossip.enabled");
    check(running.offloads == wanted.offloads, "WEFT_OFFLOAD_OFF");
    check(running.api.socket == wanted.api.socket, "api.socket");
    check(running.api.group == wanted.api.group, "api.group");
    check(running.api.metrics == wanted.api.metrics, "api.metrics");
    check(running.log.level == wanted.log.level, "log.level");
    check(running.log.format == wanted.log.format, "log.format");
    return settings;
}

}  // namespace weft::control
