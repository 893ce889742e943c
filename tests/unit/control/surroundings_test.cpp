// SPDX-License-Identifier: Apache-2.0
// What this machine is among: who resolves names for it, and where others are told to reach it.
#include "surroundings.hpp"

#include <gtest/gtest.h>

#include <weft/gossip/node.hpp>

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

TEST(Surroundings, SeedsAreWhatIsConfiguredAndWhatWasFoundAndNeverThisMachine) {
    const std::vector configured{test::endpoint("203.0.113.7:40000"),
                                 test::endpoint("192.0.2.5:51840"),
                                 test::endpoint("192.0.2.5:51841"),
                                 test::endpoint("192.0.2.6:51840")};
    const std::vector machines{test::address("10.64.0.1"),
                               test::address("127.0.0.1"),
                               test::address("192.0.2.5"),
                               test::address("192.0.2.6"),
                               test::address("192.0.2.7"),
                               test::address("2001:db8::7")};
    const std::vector<LocalAddress> own{{test::prefix("192.0.2.5/24"), 2, true}};
    const std::vector pools{test::prefix("10.64.0.0/12")};
    EXPECT_EQ(seed_endpoints(configured, machines, own, pools, 51840),
              (std::vector{test::endpoint("203.0.113.7:40000"),
                           test::endpoint("192.0.2.5:51841"),
                           test::endpoint("192.0.2.6:51840"),
                           test::endpoint("192.0.2.7:51840"),
                           test::endpoint("[2001:db8::7]:51840")}));
}

TEST(Surroundings, OfMoreMachinesThanAreAskedSomeAreFromEverywhere) {
    constexpr std::size_t kMost = gossip::Node::kSeedAddressesMax;
    std::vector<net::IpAddress> machines;
    for (unsigned i = 0; i < 200; ++i) {
        machines.push_back(test::address("192.0.2." + std::to_string(i)));
    }
    const std::vector configured{test::endpoint("203.0.113.7:40000")};
    const auto seeds = seed_endpoints(configured, machines, {}, {}, 51840);
    ASSERT_EQ(seeds.size(), kMost);
    EXPECT_EQ(seeds.at(0), configured.at(0));
    EXPECT_EQ(seeds.at(1).address, machines.at(0));
    EXPECT_GT(seeds.back().address, machines.at(190));
    EXPECT_EQ(seed_endpoints(std::vector(kMost + 1, configured.at(0)), machines, {}, {}, 51840),
              seeds);
}

}  // namespace
}  // namespace weft::control
