// SPDX-License-Identifier: Apache-2.0
// The flattened prefix table against a linear scan, over random prefixes that nest and collide.
#include <vector>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/net/prefix_table.hpp>

namespace weft::net {
namespace {

using Entries = std::vector<PrefixTable::Entry>;

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}
PrefixTable::Entry entry(std::string_view text, PrefixTable::Value value) {
    return {Prefix::parse(text).value(), value};
}

/// Longest match by looking at every prefix; of two equal ones the later wins.
PrefixTable::Value slow_find(const Entries& entries, const IpAddress& address) {
    PrefixTable::Value best = PrefixTable::kNone;
    int best_length = -1;
    for (const auto& [prefix, value] : entries) {
        if (prefix.contains(address) && prefix.length >= best_length) {
            best = value;
            best_length = prefix.length;
        }
    }
    return best;
}

TEST(PrefixTable, WithoutPrefixesFindsNothing) {
    const PrefixTable empty;
    EXPECT_EQ(empty.find(ip("10.0.0.1")), PrefixTable::kNone);
    EXPECT_EQ(empty.find(ip("::1")), PrefixTable::kNone);
    const PrefixTable built{Entries{}};
    EXPECT_EQ(built.find(ip("0.0.0.0")), PrefixTable::kNone);
}

TEST(PrefixTable, FindsTheLongestPrefix) {
    const PrefixTable table{Entries{
        entry("10.0.0.0/8", 1),
        entry("10.1.0.0/16", 2),
        entry("10.1.2.3", 3),
        entry("fd00::/8", 4),
        entry("fd00:1::/32", 5),
    }};
    EXPECT_EQ(table.find(ip("9.255.255.255")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("10.0.0.0")), 1u);
    EXPECT_EQ(table.find(ip("10.0.255.255")), 1u);
    EXPECT_EQ(table.find(ip("10.1.0.0")), 2u);
    EXPECT_EQ(table.find(ip("10.1.2.2")), 2u);
    EXPECT_EQ(table.find(ip("10.1.2.3")), 3u);
    EXPECT_EQ(table.find(ip("10.1.2.4")), 2u);
    EXPECT_EQ(table.find(ip("10.2.0.0")), 1u);
    EXPECT_EQ(table.find(ip("10.255.255.255")), 1u);
    EXPECT_EQ(table.find(ip("11.0.0.0")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("fd00::1")), 4u);
    EXPECT_EQ(table.find(ip("fd00:1::1")), 5u);
    EXPECT_EQ(table.find(ip("fd00:2::")), 4u);
    EXPECT_EQ(table.find(ip("fe00::")), PrefixTable::kNone);
}

TEST(PrefixTable, KeepsTheFamiliesApart) {
    const PrefixTable table{Entries{entry("0.0.0.0/0", 1)}};
    EXPECT_EQ(table.find(ip("255.255.255.255")), 1u);
    EXPECT_EQ(table.find(ip("::")), PrefixTable::kNone);
    const PrefixTable table6{Entries{entry("::/0", 2)}};
    EXPECT_EQ(table6.find(ip("0.0.0.0")), PrefixTable::kNone);
    EXPECT_EQ(table6.find(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), 2u);
}

TEST(PrefixTable, OfTwoEqualPrefixesTakesTheLater) {
    const PrefixTable table{Entries{entry("10.0.0.1/8", 1), entry("10.9.9.9/8", 2)}};
    EXPECT_EQ(table.find(ip("10.5.5.5")), 2u);
    EXPECT_EQ(table.find(ip("11.0.0.0")), PrefixTable::kNone);
}

TEST(PrefixTable, ReachesBothEndsOfTheAddresses) {
    const PrefixTable table{Entries{
        entry("0.0.0.0", 1),
        entry("255.255.255.255", 2),
        entry("255.255.255.254/31", 3),
        entry("::", 4),
        entry("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 5),
        entry("0:0:0:1::/64", 6),
    }};
    EXPECT_EQ(table.find(ip("0.0.0.0")), 1u);
    EXPECT_EQ(table.find(ip("0.0.0.1")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("255.255.255.253")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("255.255.255.254")), 3u);
    EXPECT_EQ(table.find(ip("255.255.255.255")), 2u);
    EXPECT_EQ(table.find(ip("::")), 4u);
    EXPECT_EQ(table.find(ip("::1")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("::ffff:ffff:ffff:ffff")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("0:0:0:1::")), 6u);
    EXPECT_EQ(table.find(ip("0:0:0:1:ffff:ffff:ffff:ffff")), 6u);
    EXPECT_EQ(table.find(ip("0:0:0:2::")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), 5u);
}

TEST(PrefixTable, LetsAPrefixOfNoneCutAHole) {
    const PrefixTable table{
        Entries{entry("10.0.0.0/8", 1), entry("10.1.0.0/16", PrefixTable::kNone)}};
    EXPECT_EQ(table.find(ip("10.0.255.255")), 1u);
    EXPECT_EQ(table.find(ip("10.1.0.0")), PrefixTable::kNone);
    EXPECT_EQ(table.find(ip("10.2.0.0")), 1u);
}

// ---- against the slow twin ----------------------------------------------------------------------

/// Few distinct bytes, so that prefixes nest, touch and repeat.
IpAddress crowded_address(RandomSource& random, Family family) {
    constexpr unsigned kBytes[] = {0x00, 0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff, 0xff};
    ByteArray<16> bytes{};
    for (std::byte& byte : bytes) {
        byte = static_cast<std::byte>(kBytes[random.below(std::size(kBytes))]);
    }
    const std::span<const std::byte, 16> all{bytes};
    return family == Family::kIpv4 ? IpAddress{all.first<4>()} : IpAddress{all};
}

/// The address before (-1) or after (+1), wrapping.
IpAddress neighbour(const IpAddress& address, int step) {
    ByteArray<16> bytes{};
    copy_bytes(address.bytes(), bytes);
    const std::byte turns_over{step > 0 ? std::uint8_t{0x00} : std::uint8_t{0xff}};
    for (std::size_t i = address.bytes().size(); i-- > 0;) {
        bytes[i] = static_cast<std::byte>(std::to_integer<int>(bytes[i]) + step);
        if (bytes[i] != turns_over) {
            break;
        }
    }
    const std::span<const std::byte, 16> all{bytes};
    return address.is_v4() ? IpAddress{all.first<4>()} : IpAddress{all};
}

IpAddress last_of(const Prefix& prefix) {
    ByteArray<16> bytes{};
    copy_bytes(prefix.address.bytes(), bytes);
    for (std::size_t bit = prefix.length; bit < prefix.address.bits(); ++bit) {
        bytes[bit / 8] |= std::byte{0x80} >> (bit % 8);
    }
    const std::span<const std::byte, 16> all{bytes};
    return prefix.address.is_v4() ? IpAddress{all.first<4>()} : IpAddress{all};
}

void compare_with_slow_twin(Family family, std::uint64_t seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random{seed};
    Entries entries(random.below(seed % 10 == 0 ? 300 : 24));
    for (auto& [prefix, value] : entries) {
        prefix.address = crowded_address(random, family);
        const std::uint64_t bits = prefix.address.bits();
        const bool extreme = random.below(6) == 0;
        prefix.length =
            static_cast<std::uint8_t>(extreme ? bits * random.below(2) : random.below(bits + 1));
        value = static_cast<PrefixTable::Value>(random.below(8));
    }
    const PrefixTable table{entries};

    std::vector<IpAddress> probes;
    for (const auto& item : entries) {
        const IpAddress first = item.prefix.masked().address;
        const IpAddress last = last_of(item.prefix);
        probes.insert(probes.end(), {first, last, neighbour(first, -1), neighbour(last, 1)});
    }
    for (int i = 0; i < 50; ++i) {
        probes.push_back(crowded_address(random, family));
    }
    for (const IpAddress& probe : probes) {
        ASSERT_EQ(table.find(probe), slow_find(entries, probe)) << probe.to_string();
    }
}

TEST(PrefixTable, AgreesWithALinearScanForIpv4) {
    for (std::uint64_t seed = 1; seed <= 300 && !HasFatalFailure(); ++seed) {
        compare_with_slow_twin(Family::kIpv4, seed);
    }
}

TEST(PrefixTable, AgreesWithALinearScanForIpv6) {
    for (std::uint64_t seed = 1; seed <= 300 && !HasFatalFailure(); ++seed) {
        compare_with_slow_twin(Family::kIpv6, seed);
    }
}

}  // namespace
}  // namespace weft::net
