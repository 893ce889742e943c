// SPDX-License-Identifier: Apache-2.0
// The MTU from the underlay's links, and the segments that fit a train.
#include "link_setup.hpp"

#include <gtest/gtest.h>

#include <weft/config/config.hpp>
#include <weft/sys/udp_socket.hpp>

namespace weft::control {
namespace {

const std::vector<netlink::Link> kLinks = {{1, "lo", 65536, true, true},
                                           {2, "eth0", 1500, true, false},
                                           {3, "eth1", 9000, true, false},
                                           {4, "eth2", 1400, false, false}};

TEST(LinkSetup, TakesTheSmallestMtuTowardsPeers) {
    EXPECT_EQ(mtu_for(kLinks, {3}), 8920U);
    EXPECT_EQ(mtu_for(kLinks, {2, 3}), 1420U);
}

TEST(LinkSetup, TakesAllLinksWhereNoneLeadsToPeers) {
    EXPECT_EQ(mtu_for(kLinks, {}), 1420U);
    EXPECT_EQ(mtu_for(kLinks, {1}), 1420U);  // loopback does not count
    EXPECT_EQ(mtu_for(kLinks, {4}), 1420U);  // down neither
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

}  // namespace
}  // namespace weft::control
