// SPDX-License-Identifier: Apache-2.0
// The other half of foreign.hpp: rules of iptables-legacy, which are in force beside nftables' and
// that nft does not list. Control thread.
#pragma once

#include <optional>

#include <weft/firewall/foreign.hpp>

namespace weft::firewall {

/// What the filter table's built-in chain of the path does to the packet, if it drops it. Nothing
/// where nobody has used iptables-legacy: asking would make its tables.
[[nodiscard]] std::optional<ForeignDrop> legacy_drop(const Probe& probe);

}  // namespace weft::firewall
