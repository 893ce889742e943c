// SPDX-License-Identifier: Apache-2.0
// One packet's walk through iptables-legacy's filter table, as the kernel hands it out: a blob of
// entries. Every offset in it is checked before it is used. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/firewall/foreign.hpp>

namespace weft::firewall {

/// A built-in chain: offsets of its first entry and of its policy.
struct LegacyChain {
    std::size_t begin = 0;
    std::size_t policy = 0;
};

struct LegacyDrop {
    bool by_policy = false;
    unsigned rule = 0;    // the how-manieth of the chain; 0: of a chain that it jumps to
    bool unsure = false;  // an accept was passed over that cannot be told
};

/// What drops the packet, of its destination's family; nothing: it passes. `table` begins at an
/// address that fits any type.
[[nodiscard]] std::optional<LegacyDrop> walk_legacy(ConstBytes table,
                                                    const LegacyChain& chain,
                                                    const Probe& probe);

}  // namespace weft::firewall
