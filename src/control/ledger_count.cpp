// SPDX-License-Identifier: Apache-2.0
// See ledger_count.hpp.
#include "ledger_count.hpp"

#include <algorithm>
#include <cmath>

namespace weft::control {
namespace {

/// As ipam::is_assignable: not the block's own address, the gateway's, IPv4's last.
double assignable_in(const net::Prefix& block) {
    const bool is_v4 = block.address.is_v4();
    const double all = std::ldexp(1.0, block.address.bits() - block.length);
    return std::max(0.0, all - (is_v4 ? 3 : 2));
}

std::uint64_t leased_in(const net::Prefix& block, const ipam::Ledger& ledger) {
    std::uint64_t count = 0;
    for (const auto& [attachment, lease] : ledger.leases()) {
        count += static_cast<std::uint64_t>(
            std::count_if(lease.addresses.begin(), lease.addresses.end(), [&](const auto& address) {
                return block.contains(address);
            }));
    }
    return count;
}

}  // namespace

LedgerCount count_ledger(const ipam::Ledger& ledger,
                         std::span<const net::Prefix> blocks,
                         ipam::UnixMs now) {
    LedgerCount count;
    count.leases = ledger.leases().size();
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        AddressCount addresses{.family = family};
        bool has_block = false;
        for (const net::Prefix& block : blocks) {
            if (block.address.family() != family) {
                continue;
            }
            has_block = true;
            addresses.assignable += assignable_in(block);
            addresses.leased += leased_in(block, ledger);
            addresses.resting += ledger.count_resting(block, now);
        }
        if (has_block) {
            count.addresses.push_back(addresses);
        }
    }
    return count;
}

}  // namespace weft::control
