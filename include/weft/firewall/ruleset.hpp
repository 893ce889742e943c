// SPDX-License-Identifier: Apache-2.0
// What the node's packet filter shall be: the guards of the pool, and what else containers need.
// A value; build.cpp makes tables of it, encode.cpp a netlink batch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <weft/net/address.hpp>

namespace weft::firewall {

/// What containers' host ends are called: "wv" and a name that the plugin chooses.
inline constexpr const char* kContainerInterfaces = "wv";

struct Ruleset {
    std::string interface;          // weft's
    std::uint16_t listen_port = 0;  // UDP
    /// Of the network; without any there are no guards, no masquerade and no MSS clamp.
    std::vector<net::Prefix> pools;
    std::vector<net::Prefix> blocks;  // the node's own containers'
    /// Networks behind the node that its certificate names: the overlay reaches them.
    std::vector<net::Prefix> routed;
    /// Of configured peers: they may use the node as a gateway, unlike the network's members.
    std::vector<net::Prefix> guests;
    bool masquerade = true;
    bool mss_clamp = true;
    /// What containers may reach of the metadata addresses (kMetadata in build.cpp).
    std::vector<net::Prefix> metadata_allowed;
    /// Who else than `allowed` sends to listen_port is dropped.
    bool lockdown = false;
    std::vector<net::Prefix> allowed;

    /// Whether there is nothing to filter.
    [[nodiscard]] bool empty() const { return pools.empty() && !lockdown; }
    friend bool operator==(const Ruleset&, const Ruleset&) = default;
};

}  // namespace weft::firewall
