// SPDX-License-Identifier: Apache-2.0
// Pools that overlap nothing, and what is said where there is none.
#include <gtest/gtest.h>

#include <weft/mesh/pools.hpp>

#include "parsed.hpp"

namespace weft::mesh {
namespace {

using test::prefix;

TEST(MeshPools, overlap_nothing_in_use) {
    SeededRandom random{1};
    const std::vector<InUse> in_use{{prefix("10.0.0.0/9"), "the route by eth0"},
                                    {prefix("10.160.0.1/32"), "the resolver"},
                                    {prefix("0.0.0.0/0"), "the default route"},
                                    {prefix("::/0"), "the default route"}};
    for (int i = 0; i < 100; ++i) {
        const auto pools = choose_pools(in_use, random).value();
        ASSERT_EQ(pools.size(), 2U);
        EXPECT_TRUE(check_pools(pools, in_use)) << pools[0].to_string();
        EXPECT_EQ(pools[0].length, 12);
        EXPECT_EQ(pools[0].masked(), pools[0]);
        EXPECT_TRUE(prefix("10.128.0.0/9").overlaps(pools[0]));
        EXPECT_EQ(pools[1].length, 48);
        EXPECT_TRUE(prefix("fd00::/8").contains(pools[1].address));
    }
}

TEST(MeshPools, go_elsewhere_where_ten_is_taken) {
    SeededRandom random{1};
    const std::vector<InUse> in_use{{prefix("10.0.0.0/8"), "the route by eth0"},
                                    {prefix("172.17.0.0/16"), "the address of docker0"}};
    EXPECT_EQ(choose_pools(in_use, random).value()[0], prefix("100.64.0.0/12"));
}

TEST(MeshPools, what_is_in_the_way_is_named) {
    SeededRandom random{1};
    const std::vector<InUse> in_use{{prefix("10.0.0.0/8"), "the route by eth0"},
                                    {prefix("172.16.0.0/12"), "the address of docker0"},
                                    {prefix("100.64.0.0/10"), "the route by eth0"}};
    EXPECT_FALSE(choose_pools(in_use, random));
    const auto checked = check_pools(std::vector{prefix("172.16.0.0/16")}, in_use);
    ASSERT_FALSE(checked);
    EXPECT_NE(checked.error().cause.find("172.16.0.0/12 (the address of docker0)"),
              std::string::npos);
}

TEST(MeshPools, the_first_half_is_a_slice) {
    EXPECT_EQ(first_half(prefix("10.16.0.0/12")), prefix("10.16.0.0/13"));
    EXPECT_EQ(first_half(prefix("fd01:2:3::/48")), prefix("fd01:2:3::/49"));
}

TEST(MeshPools, a_further_slice_is_half_of_what_is_free) {
    const net::Prefix pool = prefix("10.16.0.0/12");
    std::vector<net::Prefix> taken{first_half(pool)};
    for (const char* const next : {"10.24.0.0/14", "10.28.0.0/15", "10.30.0.0/16"}) {
        const auto slice = further_slice(pool, taken, 24);
        ASSERT_EQ(slice, prefix(next));
        taken.push_back(*slice);
    }
    // What is given back is taken again, the largest first.
    taken.erase(taken.begin() + 1);
    EXPECT_EQ(further_slice(pool, taken, 24), prefix("10.24.0.0/15"));
}

TEST(MeshPools, slices_end_with_the_blocks_and_never_overlap) {
    for (const auto& [text, block] :
         {std::pair{"10.16.0.0/20", 24}, std::pair{"fd01:2:3::/58", 64}}) {
        const net::Prefix pool = prefix(text);
        std::vector<net::Prefix> taken;
        while (const auto slice = further_slice(pool, taken, static_cast<std::uint8_t>(block))) {
            EXPECT_TRUE(pool.contains(*slice));
            EXPECT_LE(slice->length, block);
            for (const net::Prefix& other : taken) {
                ASSERT_FALSE(slice->overlaps(other));
            }
            taken.push_back(*slice);
            ASSERT_LE(taken.size(), 64U);
        }
        std::uint64_t blocks = 0;
        for (const net::Prefix& slice : taken) {
            blocks += std::uint64_t{1} << (block - slice.length);
        }
        EXPECT_EQ(blocks, std::uint64_t{1} << (block - pool.length));
    }
    EXPECT_EQ(further_slice(prefix("10.16.0.0/25"), {}, 24), std::nullopt);
    EXPECT_EQ(further_slice(prefix("10.16.0.0/12"), std::vector{prefix("10.0.0.0/8")}, 24),
              std::nullopt);
}

}  // namespace
}  // namespace weft::mesh
