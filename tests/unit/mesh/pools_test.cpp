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

}  // namespace
}  // namespace weft::mesh
