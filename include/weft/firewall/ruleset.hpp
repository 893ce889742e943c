// SPDX-License-Identifier: Apache-2.0
// What the node's packet filter shall be: the guards of the pool, and what else containers need.
// A value; build.cpp makes tables of it, encode.cpp a netlink batch.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <weft/net/address.hpp>
#include <weft/net/container_link.hpp>

namespace weft::firewall {

/// What containers' host ends are called: this and a name that the plugin chooses.
inline constexpr const char* kContainerInterfaces = net::kContainerLinkPrefix;

/// What the guards do without where the kernel does.
enum class Part : std::uint8_t { kMasquerade, kMssClamp, kAntiSpoof, kTracking, kArp };
inline constexpr std::array kParts = {
    Part::kMasquerade, Part::kMssClamp, Part::kAntiSpoof, Part::kTracking, Part::kArp};

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
    bool notrack = false;  // the tunnel's own UDP is no connection to the kernel
    /// What containers may reach of the metadata addresses (kMetadata in build.cpp).
    std::vector<net::Prefix> metadata_allowed;
    /// Who else than `allowed` sends to listen_port is dropped.
    bool lockdown = false;
    std::vector<net::Prefix> allowed;

    std::set<Part> lacking;  // left out
    [[nodiscard]] bool has(Part part) const { return !lacking.contains(part); }

    /// Whether there is nothing to filter.
    [[nodiscard]] bool empty() const { return pools.empty() && !lockdown; }
    friend bool operator==(const Ruleset&, const Ruleset&) = default;
};

}  // namespace weft::firewall
