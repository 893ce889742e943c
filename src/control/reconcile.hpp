// SPDX-License-Identifier: Apache-2.0
// From what is in force and what is wanted to the smallest set of changes. diff() is pure; a start
// is the difference from nothing. Control thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/config/config.hpp>
#include <weft/control/device_edit.hpp>
#include <weft/mesh/peers.hpp>

namespace weft::control {

/// A peer of the configuration, its keys read; or a member of the network.
struct DesiredPeer {
    std::string name;
    std::optional<identity::NodeId> member;  // nothing: configured
    Secret<32> preshared_key;                // zero: none
    std::optional<config::HostPort> endpoint;
    std::vector<net::Prefix> allowed_ips;  // sorted, masked, each once
    std::chrono::seconds keepalive{0};
};

using PeerMap = std::map<KeyBytes, DesiredPeer>;

/// What can change while running.
struct Desired {
    Secret<32> private_key;
    std::uint16_t listen_port = 0;
    std::uint32_t fwmark = 0;
    std::vector<net::Prefix> addresses;
    PeerMap peers;
};

/// Reads the key files; the private key is zero where none is configured. Errors: those of
/// load_key_file, with the peer's name.
[[nodiscard]] Result<Desired> load_desired(const config::Config& config);

struct Plan {
    DeviceEdit edit;  // numeric endpoints included
    /// Peers whose endpoint is new or another and is a name: to be resolved, and set even on a live
    /// session.
    std::vector<KeyBytes> resolve;
};

[[nodiscard]] Plan diff(const Desired& from, const Desired& to);
[[nodiscard]] Plan diff(const PeerMap& from, const PeerMap& to);

/// The endpoint of a HostPort whose host is an address; a name, or an address with a zone, is left
/// to the resolver.
[[nodiscard]] std::optional<net::Endpoint> numeric_endpoint(const config::HostPort& endpoint);

/// Members as peers, by certificates alone; their endpoints are the caller's business. Where the
/// configuration gives a prefix to somebody, it counts: the member's is in `shadowed`. Own blocks,
/// and who has a configured peer's key, are nobody else's.
struct MemberPeers {
    PeerMap peers;
    std::map<net::Prefix, std::string> shadowed;  // to the member's name
};
[[nodiscard]] MemberPeers member_peers(const std::map<crypto::PublicKey, mesh::WantedPeer>& wanted,
                                       const PeerMap& configured);

/// Routes by weft0: every allowed prefix of configured peers once, the pools, and what members have
/// outside of them. Default routes are not among them but in `skipped`: taking over the machine's
/// default route is its operator's decision.
struct WantedRoutes {
    std::set<net::Prefix> routes;
    std::set<net::Prefix> skipped;
};
[[nodiscard]] WantedRoutes wanted_routes(const PeerMap& peers, std::span<const net::Prefix> pools);

/// Settings ("node.workers", ...) that differ and that only a restart can change.
[[nodiscard]] std::vector<std::string> restart_required(const config::Config& running,
                                                        const config::Config& wanted);

}  // namespace weft::control
