// SPDX-License-Identifier: Apache-2.0
// The MTU from the underlay's links, the segments that fit a train, and addresses that come and go.
#include "link_setup.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include <weft/config/config.hpp>
#include <weft/sys/udp_socket.hpp>

#include "private_netns.hpp"

namespace weft::control {
namespace {

const std::vector<netlink::Link> kLinks = {{1, "lo", 65536, true, true},
                                           {2, "eth0", 1500, true, false},
                                           {3, "eth1", 9000, true, false},
                                           {4, "eth2", 1400, false, false},
                                           {5, "wva1", 1400, true, false}};

TEST(LinkSetup, TakesTheSmallestMtuTowardsPeers) {
    EXPECT_EQ(mtu_for(kLinks, {3}), 8920U);
    EXPECT_EQ(mtu_for(kLinks, {2, 3}), 1420U);
}

TEST(LinkSetup, TakesAllLinksWhereNoneLeadsToPeers) {
    EXPECT_EQ(mtu_for(kLinks, {}), 1420U);
    EXPECT_EQ(mtu_for(kLinks, {1}), 1420U);  // loopback does not count
    EXPECT_EQ(mtu_for(kLinks, {4}), 1420U);  // down neither
    EXPECT_EQ(mtu_for(kLinks, {5}), 1420U);  // nor a container's, or each start would take 80 off
}

TEST(LinkSetup, ContainersLinksDoNotCount) {
    std::vector<netlink::Link> links = kLinks;
    links.push_back({5, "wv02b3bfe9bc7d", 1300, true, false});
    EXPECT_EQ(mtu_for(links, {}), 1420U);
    EXPECT_EQ(mtu_for(links, {5}), 1420U);
}

TEST(LinkSetup, StaysWithinWhatIpv6AndDatagramsAllow) {
    EXPECT_EQ(mtu_for({}, {}), kMtuDefault);
    const std::vector<netlink::Link> small = {{2, "ppp0", 576, true, false}};
    EXPECT_EQ(mtu_for(small, {2}), config::kMtuLeast);
    const std::vector<netlink::Link> huge = {{2, "dummy0", 4'000'000'000, true, false}};
    EXPECT_LE(mtu_for(huge, {2}) + 32, sys::kTrainBytesMax);
}

TEST(LinkSetup, AFullSuperPacketFitsOneTrain) {
    EXPECT_EQ(gso_segments_for(1420), 44U);
    EXPECT_EQ(gso_segments_for(1280), 49U);
    EXPECT_EQ(gso_segments_for(576), 64U);
    EXPECT_EQ(gso_segments_for(65440), 1U);
    for (std::uint32_t mtu = 576; mtu < 65440; ++mtu) {
        ASSERT_LE(gso_segments_for(mtu) * ((mtu + 15) / 16 * 16 + 32), sys::kTrainBytesMax) << mtu;
    }
}

class NoLog final : public Log {
    void event(LogLevel, std::string_view, std::initializer_list<LogField>) override {}
};

net::Prefix prefix(std::string_view text) {
    return net::Prefix::parse(text).value();
}

TEST(LinkSetup, RemovesWhatItHasAddedEvenWhenAnEarlierAttemptFailed) {
    WEFT_ENTER_PRIVATE_NETNS();
    const unsigned lo = ::if_nametoindex("lo");
    auto look = netlink::Rtnetlink::open().value();
    const auto has = [&](std::string_view text) {
        const auto all = look.addresses(lo).value();
        return std::find(all.begin(), all.end(), prefix(text)) != all.end();
    };
    NoLog log;
    LinkSetup link{netlink::Rtnetlink::open().value(), lo, log};
    ASSERT_TRUE(link.sync_addresses(std::vector{prefix("10.1.0.1/24"), prefix("10.1.0.2/24")}));
    EXPECT_TRUE(has("10.1.0.1/24"));
    // No interface takes a multicast address as its own.
    EXPECT_FALSE(link.sync_addresses(std::vector{prefix("10.2.0.1/24"), prefix("ff02::1/64")}));
    EXPECT_TRUE(has("10.2.0.1/24"));
    ASSERT_TRUE(link.sync_addresses(std::vector{prefix("10.1.0.2/24")}));
    EXPECT_FALSE(has("10.1.0.1/24"));
    EXPECT_TRUE(has("10.1.0.2/24"));
    EXPECT_FALSE(has("10.2.0.1/24"));
    EXPECT_TRUE(has("127.0.0.1/8"));  // not its own
}

}  // namespace
}  // namespace weft::control
