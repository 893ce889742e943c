// SPDX-License-Identifier: Apache-2.0
// See pools.hpp. Pure.
#include <algorithm>
#include <array>

#include <weft/mesh/pools.hpp>

namespace weft::mesh {
namespace {

constexpr std::uint8_t kPool4Length = 12;
constexpr std::uint8_t kPool6Length = 48;
constexpr std::size_t kUlaAttempts = 64;

net::Prefix slash12(unsigned first, unsigned second) {
    const ByteArray<4> bytes{static_cast<std::byte>(first), static_cast<std::byte>(second)};
    return {net::IpAddress{std::span<const std::byte, 4>{bytes}}, kPool4Length};
}

/// In the order of preference: 10.0.0.0/8 from anywhere in it on, so that two networks that meet
/// one day are seldom in each other's way; then 172.16.0.0/12 and 100.64.0.0/10.
std::vector<net::Prefix> candidates(RandomSource& random) {
    constexpr unsigned kStep = 16;
    std::vector<net::Prefix> all;
    const auto start = random.below(kStep);
    for (unsigned i = 0; i < kStep; ++i) {
        all.push_back(slash12(10, (start + i) % kStep * kStep));
    }
    all.push_back(slash12(172, 16));
    for (unsigned second = 64; second < 128; second += kStep) {
        all.push_back(slash12(100, second));
    }
    return all;
}

net::Prefix random_ula(RandomSource& random) {
    ByteArray<16> bytes{};
    bytes[0] = std::byte{0xfd};
    random.fill(Bytes{bytes}.subspan(1, 5));
    return {net::IpAddress{std::span<const std::byte, 16>{bytes}}, kPool6Length};
}

}  // namespace

const InUse* in_the_way(const net::Prefix& pool, std::span<const InUse> in_use) {
    const auto found = std::find_if(in_use.begin(), in_use.end(), [&pool](const InUse& each) {
        return each.prefix.length > 0 && each.prefix.overlaps(pool);
    });
    return found == in_use.end() ? nullptr : &*found;
}

Result<std::vector<net::Prefix>> choose_pools(std::span<const InUse> in_use, RandomSource& random) {
    const std::vector<net::Prefix> all = candidates(random);
    const auto v4 = std::find_if(all.begin(), all.end(), [in_use](const net::Prefix& pool) {
        return in_the_way(pool, in_use) == nullptr;
    });
    if (v4 == all.end()) {
        return Error{std::make_error_code(std::errc::address_in_use),
                     "every private /12 overlaps something that this machine reaches already",
                     "name a free prefix: weft init --pool4 PREFIX"};
    }
    for (std::size_t i = 0; i < kUlaAttempts; ++i) {
        const net::Prefix v6 = random_ula(random);
        if (in_the_way(v6, in_use) == nullptr) {
            return std::vector{*v4, v6};
        }
    }
    return Error{std::make_error_code(std::errc::address_in_use),
                 "the whole of fd00::/8 is in use on this machine",
                 "name a free prefix: weft init --pool6 PREFIX"};
}

Result<> check_pools(std::span<const net::Prefix> pools, std::span<const InUse> in_use) {
    for (const net::Prefix& pool : pools) {
        if (const InUse* other = in_the_way(pool, in_use)) {
            return Error{std::make_error_code(std::errc::address_in_use),
                         "the overlay's pool " + pool.to_string() + " overlaps " +
                             other->prefix.to_string() + " (" + other->by + ")",
                         (other->way_out.empty() ? "take that off this machine" : other->way_out) +
                             ", or make a network with another pool: weft init --pool4 PREFIX "
                             "--pool6 PREFIX"};
        }
    }
    return {};
}

net::Prefix first_half(const net::Prefix& pool) {
    const net::Prefix masked = pool.masked();
    return {masked.address, static_cast<std::uint8_t>(masked.length + 1)};
}

namespace {

net::Prefix second_half(const net::Prefix& prefix) {
    ByteArray<16> bytes{};
    copy_bytes(prefix.address.bytes(), bytes);
    const std::size_t at = prefix.length / 8U;
    bytes[at] |= std::byte{0x80} >> (prefix.length % 8U);
    const std::span<const std::byte, 16> all{bytes};
    const auto length = static_cast<std::uint8_t>(prefix.length + 1);
    return prefix.address.is_v4() ? net::Prefix{net::IpAddress{all.first<4>()}, length}
                                  : net::Prefix{net::IpAddress{all}, length};
}

/// The shortest, of those the first.
std::optional<net::Prefix> largest_free(const net::Prefix& pool,
                                        std::span<const net::Prefix> taken,
                                        std::uint8_t length_max) {
    std::optional<net::Prefix> largest;
    std::vector<net::Prefix> parts{pool.masked()};
    while (!parts.empty()) {
        const net::Prefix part = parts.back();
        parts.pop_back();
        const auto by = [&](const net::Prefix& one) { return one.overlaps(part); };
        const auto whole = [&](const net::Prefix& one) { return one.contains(part); };
        if (std::any_of(taken.begin(), taken.end(), whole)) {
            continue;
        }
        if (std::none_of(taken.begin(), taken.end(), by)) {
            if (!largest || std::pair{part.length, part} < std::pair{largest->length, *largest}) {
                largest = part;
            }
        } else if (part.length < length_max) {
            parts.push_back(first_half(part));
            parts.push_back(second_half(part));
        }
    }
    return largest;
}

}  // namespace

std::optional<net::Prefix> further_slice(const net::Prefix& pool,
                                         std::span<const net::Prefix> taken,
                                         std::uint8_t block_length) {
    const auto largest = largest_free(pool, taken, block_length);
    if (!largest || largest->length > block_length) {
        return std::nullopt;
    }
    return largest->length == block_length ? *largest : first_half(*largest);
}

}  // namespace weft::mesh
