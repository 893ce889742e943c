// SPDX-License-Identifier: Apache-2.0
// See ledger_count.hpp.
#include "ledger_count.hpp"

#include <algorithm>

namespace weft::control {
namespace {

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
            addresses.assignable += ipam::count_assignable(block);
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
