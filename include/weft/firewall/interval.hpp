// SPDX-License-Identifier: Apache-2.0
// Prefixes as the kernel's interval sets want them: sorted, apart, each with its last address.
// Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <weft/net/address.hpp>

namespace weft::firewall {

/// All addresses from `first` to `last`, both included and of one family.
struct Interval {
    net::IpAddress first;
    net::IpAddress last;

    friend bool operator==(const Interval&, const Interval&) = default;
};

/// The address after this one; nothing after the family's last.
[[nodiscard]] std::optional<net::IpAddress> next_address(const net::IpAddress& address);

/// The addresses of the prefixes of that family: sorted; what overlaps or touches is one interval.
[[nodiscard]] std::vector<Interval> intervals_of(std::span<const net::Prefix> prefixes,
                                                 net::Family family);

/// `from` without the addresses of `taken`. Both as intervals_of() makes them, as is the result.
[[nodiscard]] std::vector<Interval> without(std::span<const Interval> from,
                                            std::span<const Interval> taken);

}  // namespace weft::firewall
