// SPDX-License-Identifier: Apache-2.0
// See interval.hpp. Pure.
#include <algorithm>

#include <weft/firewall/interval.hpp>

namespace weft::firewall {
namespace {

net::IpAddress address_of(const ByteArray<16>& bytes, net::Family family) {
    return family == net::Family::kIpv4 ? net::IpAddress{std::span{bytes}.first<4>()}
                                        : net::IpAddress{std::span{bytes}};
}

ByteArray<16> sixteen_bytes(const net::IpAddress& address) {
    ByteArray<16> bytes{};
    std::copy(address.bytes().begin(), address.bytes().end(), bytes.begin());
    return bytes;
}

net::IpAddress last_of(const net::Prefix& prefix) {
    ByteArray<16> bytes = sixteen_bytes(prefix.address);
    for (unsigned bit = prefix.length; bit < prefix.address.bits(); ++bit) {
        bytes[bit / 8] |= std::byte{0x80} >> (bit % 8);
    }
    return address_of(bytes, prefix.address.family());
}

/// Nothing before the family's first.
std::optional<net::IpAddress> address_before(const net::IpAddress& address) {
    ByteArray<16> bytes = sixteen_bytes(address);
    for (std::size_t at = address.bits() / 8; at-- > 0;) {
        const bool borrows = bytes[at] == std::byte{0};
        bytes[at] = borrows ? std::byte{0xff}
                            : static_cast<std::byte>(std::to_integer<unsigned>(bytes[at]) - 1);
        if (!borrows) {
            return address_of(bytes, address.family());
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<net::IpAddress> next_address(const net::IpAddress& address) {
    ByteArray<16> bytes = sixteen_bytes(address);
    for (std::size_t at = address.bits() / 8; at-- > 0;) {
        const bool carries = bytes[at] == std::byte{0xff};
        bytes[at] = carries ? std::byte{0}
                            : static_cast<std::byte>(std::to_integer<unsigned>(bytes[at]) + 1);
        if (!carries) {
            return address_of(bytes, address.family());
        }
    }
    return std::nullopt;
}

std::vector<Interval> intervals_of(std::span<const net::Prefix> prefixes, net::Family family) {
    std::vector<net::Prefix> sorted;
    for (const net::Prefix& prefix : prefixes) {
        if (prefix.address.family() == family) {
            sorted.push_back(prefix.masked());
        }
    }
    std::sort(sorted.begin(), sorted.end());
    std::vector<Interval> intervals;
    for (const net::Prefix& prefix : sorted) {
        const net::IpAddress last = last_of(prefix);
        if (!intervals.empty()) {
            net::IpAddress& end = intervals.back().last;
            const std::optional<net::IpAddress> after = next_address(end);
            if (!after || prefix.address <= *after) {
                end = std::max(end, last);
                continue;
            }
        }
        intervals.push_back({prefix.address, last});
    }
    return intervals;
}

std::vector<Interval> without(std::span<const Interval> from, std::span<const Interval> taken) {
    std::vector<Interval> rest;
    for (Interval each : from) {
        bool any_left = true;
        for (const Interval& hole : taken) {
            if (hole.last < each.first || hole.first > each.last) {
                continue;
            }
            if (hole.first > each.first) {
                rest.push_back({each.first, *address_before(hole.first)});
            }
            if (hole.last >= each.last) {
                any_left = false;
                break;
            }
            each.first = *next_address(hole.last);
        }
        if (any_left) {
            rest.push_back(each);
        }
    }
    return rest;
}

}  // namespace weft::firewall
