// SPDX-License-Identifier: Apache-2.0
// The pool: all addresses of the overlay. It is chosen once, by whoever makes the network, and must
// overlap nothing that a machine already reaches in another way. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weft/base/random.hpp>
#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace weft::mesh {

/// What the machine reaches without weft. Default routes are not in use in this sense.
struct InUse {
    net::Prefix prefix;
    std::string by;         ///< "the route by eth0", "the resolver": shown in errors
    std::string way_out{};  ///< the command that takes it off, where there is one
};

/// A /12 of private (RFC 1918) or shared (RFC 6598) space, 10.0.0.0/8 preferred, and a random ULA
/// /48 (RFC 4193 3.2.2), that overlap nothing in use. Errors: there is none left.
[[nodiscard]] Result<std::vector<net::Prefix>> choose_pools(std::span<const InUse> in_use,
                                                            RandomSource& random);

/// What overlaps the pool; nullptr: nothing does.
[[nodiscard]] const InUse* in_the_way(const net::Prefix& pool, std::span<const InUse> in_use);

/// Errors (EADDRINUSE) name what is in the way of one of the pools.
[[nodiscard]] Result<> check_pools(std::span<const net::Prefix> pools,
                                   std::span<const InUse> in_use);

/// The two halves of a pool: the first is the first issuer's slice, the second for further ones.
[[nodiscard]] net::Prefix first_half(const net::Prefix& pool);

/// A further issuer's slice: half of the largest part of a pool that is free, or all of it where
/// half would hold no block. nullopt: none is left.
[[nodiscard]] std::optional<net::Prefix> further_slice(const net::Prefix& pool,
                                                       std::span<const net::Prefix> taken,
                                                       std::uint8_t block_length);

}  // namespace weft::mesh
