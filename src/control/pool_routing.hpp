// SPDX-License-Identifier: Apache-2.0
// How the pool is routed, so that nothing to it ever leaves by another way:
//
//   5179: to POOL lookup main, host routes only     containers of this node, by their wv*
//   5180: to POOL lookup 51840                      by weft's interface, else
//         unreachable default                         nobody's
//
// Rules and the last route are there without the daemon and its interface. Control thread, or the
// guard that runs without the daemon.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>
#include <weft/netlink/rtnetlink.hpp>

namespace weft::control {

using netlink::kPoolTable;
inline constexpr std::uint32_t kContainersPreference = 5179;
inline constexpr std::uint32_t kPoolPreference = 5180;

/// The table for a route to `prefix`: the pools' for what lies in one of them, else the main one.
[[nodiscard]] std::uint32_t table_of(const net::Prefix& prefix, std::span<const net::Prefix> pools);

[[nodiscard]] std::vector<netlink::Rule> pool_rules(std::span<const net::Prefix> pools);

/// Idempotent. The pools that are routed so: not those of a family that the kernel does not have,
/// or has no rules for (CONFIG_IP_MULTIPLE_TABLES, CONFIG_IPV6_MULTIPLE_TABLES).
[[nodiscard]] Result<std::vector<net::Prefix>> ensure_pool_routing(
    netlink::Rtnetlink& rtnetlink, std::span<const net::Prefix> pools);
/// What any weft has left of it, but for these pools'; routes by an interface are left.
[[nodiscard]] Result<> remove_pool_routing(netlink::Rtnetlink& rtnetlink,
                                           std::span<const net::Prefix> except);

}  // namespace weft::control
