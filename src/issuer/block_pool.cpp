// SPDX-License-Identifier: Apache-2.0
// See block_pool.hpp. Both families in one way: of an IPv4 address its 32 bits, of an IPv6 address
// the first 64, are the high bits of a number.
#include <algorithm>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>
#include <weft/issuer/block_pool.hpp>

namespace weft::issuer {
namespace {

constexpr unsigned kBits = 64;
/// A slice of more blocks than this is used up to here: nobody has that many nodes.
constexpr unsigned kSliceBitsMax = 32;

std::uint64_t high_bits(const net::IpAddress& address) {
    const std::byte* bytes = address.bytes().data();
    return address.is_v4() ? std::uint64_t{load_be32(bytes)} << 32 : load_be64(bytes);
}

net::IpAddress address_of(net::Family family, std::uint64_t high) {
    ByteArray<16> bytes{};
    store_be64(bytes.data(), high);
    const std::span<const std::byte, 16> all{bytes};
    return family == net::Family::kIpv4 ? net::IpAddress{all.first<4>()} : net::IpAddress{all};
}

}  // namespace

BlockPool::BlockPool(std::span<const net::Prefix> slices, BlockSizes sizes) {
    WEFT_ASSERT(sizes.v4 >= 1 && sizes.v4 <= 32 && sizes.v6 >= 1 && sizes.v6 <= kBits);
    v4_.family = net::Family::kIpv4;
    v4_.length = sizes.v4;
    v6_.family = net::Family::kIpv6;
    v6_.length = sizes.v6;
    for (const net::Prefix& slice : slices) {
        Side& own = side(slice.address.family());
        if (slice.length <= own.length) {
            const unsigned bits = std::min<unsigned>(own.length - slice.length, kSliceBitsMax);
            const net::Prefix masked = slice.masked();
            own.slices.push_back({masked,
                                  high_bits(masked.address) >> (kBits - own.length),
                                  std::uint64_t{1} << bits});
        }
    }
}

bool BlockPool::covers(const net::Prefix& block) const {
    const Side& own = side(block.address.family());
    return std::any_of(own.slices.begin(), own.slices.end(), [&](const Slice& slice) {
        return slice.prefix.contains(block);
    });
}

bool BlockPool::can_hold(const net::Prefix& block) const {
    return block.length + kWiderBitsMax >= side(block.address.family()).length;
}

std::optional<net::Prefix> BlockPool::next(net::Family family, const TimeView& time) const {
    const Side& own = side(family);
    if (own.fresh_slice < own.slices.size()) {
        return own.prefix_of(own.slices[own.fresh_slice].first + own.fresh_offset);
    }
    if (!time.trusted || own.resting.empty() || time.now < kRest ||
        own.resting.begin()->first > time.now - kRest) {
        return std::nullopt;
    }
    return own.prefix_of(own.resting.begin()->second);
}

void BlockPool::take(const net::Prefix& block) {
    Side& own = side(block.address.family());
    const auto [first, last] = own.range_of(block);
    for (Number number = first; number <= last; ++number) {
        if (!own.has(number)) {
            continue;
        }
        Unit& unit = own.units[number];
        if (unit.owners++ == 0) {
            own.resting.erase({unit.revoked, number});
            own.undated.erase(number);
            unit.undated = false;
        }
    }
    own.skip_used();
}

void BlockPool::rest(const net::Prefix& block, std::optional<UnixSeconds> revoked) {
    Side& own = side(block.address.family());
    const auto [first, last] = own.range_of(block);
    for (Number number = first; number <= last; ++number) {
        const auto found = own.units.find(number);
        if (found == own.units.end() || found->second.owners == 0) {
            continue;
        }
        Unit& unit = found->second;
        unit.revoked = std::max(unit.revoked, revoked.value_or(0));
        unit.undated = unit.undated || !revoked;
        if (--unit.owners > 0) {
            continue;
        }
        if (unit.undated) {
            own.undated.insert(number);
        } else {
            own.resting.emplace(unit.revoked, number);
        }
    }
}

void BlockPool::on_time(const TimeView& time) {
    if (!time.trusted) {
        return;
    }
    for (Side* own : {&v4_, &v6_}) {
        for (const Number number : own->undated) {
            Unit& unit = own->units[number];
            unit.undated = false;
            unit.revoked = std::max(unit.revoked, time.now);
            own->resting.emplace(unit.revoked, number);
        }
        own->undated.clear();
    }
}

BlockPool::Count BlockPool::count(net::Family family) const {
    const Side& own = side(family);
    Count count;
    for (const Slice& slice : own.slices) {
        count.total += slice.size;
    }
    count.resting = own.resting.size() + own.undated.size();
    count.owned = own.units.size() - count.resting;
    return count;
}

bool BlockPool::Side::has(Number number) const {
    return std::any_of(slices.begin(), slices.end(), [&](const Slice& slice) {
        return number >= slice.first && number - slice.first < slice.size;
    });
}

net::Prefix BlockPool::Side::prefix_of(Number number) const {
    return {address_of(family, number << (kBits - length)), length};
}

/// First and last of the blocks that it overlaps: one, or several where it is larger than a block
/// is now.
std::pair<BlockPool::Number, BlockPool::Number> BlockPool::Side::range_of(
    const net::Prefix& block) const {
    const Number first = high_bits(block.masked().address) >> (kBits - length);
    if (block.length >= length) {
        return {first, first};
    }
    const unsigned wider = length - block.length;
    WEFT_ASSERT(wider <= kWiderBitsMax);
    return {first, first + (Number{1} << wider) - 1};
}

void BlockPool::Side::skip_used() {
    while (fresh_slice < slices.size() &&
           units.contains(slices[fresh_slice].first + fresh_offset)) {
        if (++fresh_offset == slices[fresh_slice].size) {
            fresh_offset = 0;
            ++fresh_slice;
        }
    }
}

}  // namespace weft::issuer
