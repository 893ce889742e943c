// SPDX-License-Identifier: Apache-2.0
// Which rules a pool has, and whose table a route is in.
#include "pool_routing.hpp"

#include <gtest/gtest.h>

#include "private_netns.hpp"

namespace weft::control {
namespace {

net::Prefix routed(const char* text) {
    return *net::Prefix::parse(text);
}

TEST(PoolRouting, ContainersFirstThenThePoolsTable) {
    const std::vector<net::Prefix> pools{routed("10.32.0.0/12"), routed("fd44::/48")};
    const auto rules = pool_rules(pools);
    ASSERT_EQ(rules.size(), 4U);
    EXPECT_EQ(rules[0], (netlink::Rule{pools[0], 5179, netlink::kMainTable, std::uint8_t{31}}));
    EXPECT_EQ(rules[1], (netlink::Rule{pools[0], 5180, kPoolTable, std::nullopt}));
    EXPECT_EQ(rules[2], (netlink::Rule{pools[1], 5179, netlink::kMainTable, std::uint8_t{127}}));
    EXPECT_EQ(rules[3], (netlink::Rule{pools[1], 5180, kPoolTable, std::nullopt}));
    EXPECT_TRUE(pool_rules({}).empty());
}

TEST(PoolRouting, WhatIsInAPoolIsInItsTable) {
    const std::vector<net::Prefix> pools{routed("10.32.0.0/12")};
    EXPECT_EQ(table_of(routed("10.32.0.0/12"), pools), kPoolTable);
    EXPECT_EQ(table_of(routed("10.33.7.0/24"), pools), kPoolTable);
    EXPECT_EQ(table_of(routed("10.0.0.0/8"), pools), netlink::kMainTable);
    EXPECT_EQ(table_of(routed("192.0.2.0/24"), pools), netlink::kMainTable);
    EXPECT_EQ(table_of(routed("10.32.0.0/12"), {}), netlink::kMainTable);
}

TEST(PoolRouting, IsAddedOnceAndGoesWithoutAnybodySayingWhatThereWas) {
    WEFT_ENTER_PRIVATE_NETNS();
    Result<netlink::Rtnetlink> rtnetlink = netlink::Rtnetlink::open();
    ASSERT_TRUE(rtnetlink);
    const std::vector<net::Prefix> old{routed("10.64.0.0/12"), routed("fd55::/48")};
    const std::vector<net::Prefix> pools{routed("10.32.0.0/12"), routed("fd44::/48")};
    const netlink::Rule theirs{pools[0], 5000, 77, std::nullopt};
    ASSERT_TRUE(rtnetlink->add_rule(theirs));
    ASSERT_TRUE(ensure_pool_routing(*rtnetlink, old));
    const auto done = ensure_pool_routing(*rtnetlink, pools);
    ASSERT_TRUE(done);
    EXPECT_EQ(*done, pools);
    ASSERT_TRUE(ensure_pool_routing(*rtnetlink, pools));
    EXPECT_EQ(rtnetlink->rules()->size(), 9U);
    ASSERT_TRUE(remove_pool_routing(*rtnetlink, pools));
    EXPECT_EQ(rtnetlink->rules()->size(), 5U);
    EXPECT_EQ(rtnetlink->routes(netlink::kAnyInterface, kPoolTable)->size(), 2U);
    ASSERT_TRUE(remove_pool_routing(*rtnetlink, {}));
    EXPECT_EQ(*rtnetlink->rules(), std::vector{theirs});
    EXPECT_TRUE(rtnetlink->routes(netlink::kAnyInterface, kPoolTable)->empty());
    ASSERT_TRUE(remove_pool_routing(*rtnetlink, {}));
}

}  // namespace
}  // namespace weft::control
