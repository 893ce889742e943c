// SPDX-License-Identifier: Apache-2.0
// See weft/control/guard.hpp. The only thread.
#include <cerrno>
#include <chrono>
#include <thread>

#include <weft/control/guard.hpp>
#include <weft/mesh/state.hpp>

#include "firewall.hpp"
#include "network_directory.hpp"
#include "pool_routing.hpp"
#include "state_storage.hpp"

namespace weft::control {
namespace {

constexpr std::chrono::seconds kDaemonEnds{3};
constexpr std::chrono::milliseconds kLookEvery{50};

Result<Site> site_in_state(const config::Config& config, const config::Paths& paths) {
    StateStorage storage{network_directory(paths, config)};
    const auto network = mesh::State{storage}.network();
    if (!network) {
        return network.error();
    }
    Site site;
    if (!*network) {
        return site;
    }
    site.pools = (*network)->pools;
    if (const auto certificate = identity::parse_certificate((*network)->certificate)) {
        site.blocks = certificate->blocks;
        site.routed = certificate->routed;
    }
    for (const config::PeerConfig& peer : config.peers) {
        site.guests.insert(site.guests.end(), peer.allowed_ips.begin(), peer.allowed_ips.end());
    }
    return site;
}

/// Whether tables that we may not change are there: the daemon's own.
bool are_others(firewall::Nftables& nftables, const Error& error) {
    const auto drops = nftables.drops();
    return error.code.value() == EPERM && drops && !drops->empty();
}

/// A daemon that is just ending gives its tables up a moment later.
Result<> remove_tables(firewall::Nftables& nftables) {
    const auto until = std::chrono::steady_clock::now() + kDaemonEnds;
    for (;;) {
        Result<> removed = nftables.remove();
        if (removed || !are_others(nftables, removed.error()) ||
            std::chrono::steady_clock::now() > until) {
            return removed;
        }
        std::this_thread::sleep_for(kLookEvery);
    }
}

}  // namespace

Result<> guard_up(const config::Config& config, const config::Paths& paths) {
    const auto site = site_in_state(config, paths);
    if (!site) {
        return site.error();
    }
    const firewall::Ruleset ruleset = ruleset_of(config, config.node.listen_port, *site);
    if (ruleset.empty()) {
        return {};
    }
    Result<netlink::Rtnetlink> rtnetlink = netlink::Rtnetlink::open();
    if (!rtnetlink) {
        return rtnetlink.error();
    }
    if (const auto routed = ensure_pool_routing(*rtnetlink, ruleset.pools); !routed) {
        return routed.error();
    }
    Result<firewall::Nftables> nftables = firewall::Nftables::open();
    if (!nftables) {
        return nftables.error();
    }
    // The socket ends with this program, so the tables are whoever's may change rules.
    Result<> applied = nftables->apply(ruleset, firewall::Ownership::kShared);
    return !applied && are_others(*nftables, applied.error()) ? Result<>{} : applied;
}

Result<> guard_down() {
    Result<firewall::Nftables> nftables = firewall::Nftables::open();
    if (nftables) {
        if (Result<> removed = remove_tables(*nftables); !removed) {
            return removed;
        }
        if (Result<> closed = nftables->close_others(); !closed) {
            return closed;
        }
    }
    Result<netlink::Rtnetlink> rtnetlink = netlink::Rtnetlink::open();
    if (!rtnetlink) {
        return rtnetlink.error();
    }
    return remove_pool_routing(*rtnetlink, {});
}

}  // namespace weft::control
