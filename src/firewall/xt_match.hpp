// SPDX-License-Identifier: Apache-2.0
// Matches of x_tables: iptables-legacy's rules are made of them, and iptables-nft's where it knows
// no expression for them. Pure.
#pragma once

#include <optional>
#include <string_view>

#include <weft/base/bytes.hpp>
#include <weft/firewall/foreign.hpp>

namespace weft::firewall {

/// Whether the packet, a connection's first, is matched; nothing where that is not told here:
/// "comment", ports and flags of "udp" and "tcp", states of "conntrack" and "state" are.
[[nodiscard]] std::optional<bool> xt_matches(std::string_view name,
                                             unsigned revision,
                                             ConstBytes info,
                                             const Probe& probe);

}  // namespace weft::firewall
