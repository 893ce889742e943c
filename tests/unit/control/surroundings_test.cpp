// SPDX-License-Identifier: Apache-2.0
// What this machine is among: who resolves names for it, and where others are told to reach it.
#include "surroundings.hpp"

#include <gtest/gtest.h>

#include "parsed.hpp"

namespace weft::control {
namespace {

TEST(Surroundings, ResolversAreTheNameserversOfTheFile) {
    const auto found = resolvers_in(
        "# nameserver 192.0.2.9\nsearch example\nnameserver 10.96.0.10\nnameserver\t fd00::53\r\n"
        "nameserver fe80::1%eth0\nnameserver\nnameserver no-address\nnameserver 192.0.2.53 # last");
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[0].to_string(), "10.96.0.10");
    EXPECT_EQ(found[1].to_string(), "fd00::53");
    EXPECT_EQ(found[2].to_string(), "fe80::1");
    EXPECT_EQ(found[3].to_string(), "192.0.2.53");
}

TEST(Surroundings, AddressesThatLeadOutAreToldFirst) {
    const std::vector<LocalAddress> addresses{{test::prefix("172.17.0.1/16"), 5, false},
                                              {test::prefix("2001:db8::5/64"), 2, true},
                                              {test::prefix("192.0.2.5/24"), 2, true}};
    EXPECT_EQ(own_endpoints({}, addresses, {}, 51840),
              (std::vector{test::endpoint("192.0.2.5:51840"),
                           test::endpoint("[2001:db8::5]:51840"),
                           test::endpoint("172.17.0.1:51840")}));
}

TEST(Surroundings, WhatIsAdvertisedComesBeforeAllAndFourAreEnough) {
    const std::vector advertised{test::endpoint("203.0.113.7:40000"),
                                 test::endpoint("192.0.2.5:51840")};
    const std::vector<LocalAddress> addresses{{test::prefix("192.0.2.5/24"), 2, true},
                                              {test::prefix("192.0.2.6/24"), 2, true},
                                              {test::prefix("192.0.2.7/24"), 2, true},
                                              {test::prefix("192.0.2.8/24"), 2, true}};
    EXPECT_EQ(own_endpoints(advertised, addresses, {}, 51840),
              (std::vector{test::endpoint("203.0.113.7:40000"),
                           test::endpoint("192.0.2.5:51840"),
                           test::endpoint("192.0.2.6:51840"),
                           test::endpoint("192.0.2.7:51840")}));
}

TEST(Surroundings, NobodyIsToldOfPoolsLinksAndLoopback) {
    const std::vector pools{test::prefix("10.64.0.0/12")};
    const std::vector<LocalAddress> addresses{{test::prefix("10.64.1.1/32"), 2, true},
                                              {test::prefix("fe80::1/64"), 2, true},
                                              {test::prefix("169.254.1.1/16"), 2, true},
                                              {test::prefix("127.0.0.2/8"), 2, true}};
    EXPECT_TRUE(own_endpoints({}, addresses, pools, 51840).empty());
}

}  // namespace
}  // namespace weft::control
