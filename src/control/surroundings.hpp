// SPDX-License-Identifier: Apache-2.0
// What this machine is among, without weft: what it reaches already, and where others may reach it.
// Reads rtnetlink and resolv.conf; choosing is pure. Control thread.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/mesh/pools.hpp>
#include <weft/netlink/rtnetlink.hpp>

namespace weft::control {

struct LocalAddress {
    net::Prefix address;  // with host bits
    unsigned interface = 0;
    bool leads_out = false;  // a default route of its family leaves by that interface
};
struct Surroundings {
    std::vector<LocalAddress> addresses;  // of links that are up, but loopback and weft's own
    std::vector<mesh::InUse> in_use;      // subnets, routes, resolvers
};

inline constexpr const char* kResolverFile = "/etc/resolv.conf";

/// `own`: the index of weft's interface. A resolver file that cannot be read names nobody.
[[nodiscard]] Result<Surroundings> look_around(
    netlink::Rtnetlink& rtnetlink,
    unsigned own,
    const std::filesystem::path& resolver_file = kResolverFile);

/// The addresses of `nameserver` lines (resolv.conf(5)).
[[nodiscard]] std::vector<net::IpAddress> resolvers_in(std::string_view text);

/// What others are told: `advertised` first, then addresses by which this machine goes out, IPv4
/// first; at most gossip::kEndpointsMax, none of a pool, of one link or of this machine alone.
[[nodiscard]] std::vector<net::Endpoint> own_endpoints(std::span<const net::Endpoint> advertised,
                                                       std::span<const LocalAddress> addresses,
                                                       std::span<const net::Prefix> pools,
                                                       std::uint16_t port);

/// Where members may be: what is `configured`, and at `port` the machines that discovery has found,
/// but those of a pool, of one link or of a machine alone. Nothing of `own`; at most
/// gossip::Node::kSeedAddressesMax, and of more machines some from everywhere in the list.
[[nodiscard]] std::vector<net::Endpoint> seed_endpoints(std::span<const net::Endpoint> configured,
                                                        std::span<const net::IpAddress> machines,
                                                        std::span<const LocalAddress> own,
                                                        std::span<const net::Prefix> pools,
                                                        std::uint16_t port);

}  // namespace weft::control
