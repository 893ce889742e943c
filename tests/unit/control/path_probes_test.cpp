// SPDX-License-Identifier: Apache-2.0
// Whose path is measured with which pings, and what becomes of the answers.
#include "path_probes.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const KeyBytes kProbed{std::byte{7}};

class PathProbesTest : public ::testing::Test {
  protected:
    /// A second: what fits is answered 20 ms later.
    void second(std::size_t fitting) {
        std::vector<gossip::ProbeNumber> answered;
        probes_.tick({{kProbed, peer_}}, now_, [&](const auto& node, const auto& to, auto size) {
            EXPECT_EQ(node, peer_.node);
            EXPECT_EQ(to, peer_.endpoint);
            largest_ = std::max(largest_, size);
            ++number_;
            if (size <= fitting) {
                answered.push_back(number_);
            }
            return std::optional{number_};
        });
        for (const gossip::ProbeNumber number : answered) {
            probes_.on_answer(peer_.node, number, now_ + milliseconds{20});
        }
        now_ += seconds{1};
    }

    Time now_{seconds{5000}};
    gossip::ProbeNumber number_ = 0;
    std::size_t largest_ = 0;
    PathProbes::Peer peer_{.node = {}, .endpoint = net::Endpoint{}, .tx_bytes = 0};
    PathProbes probes_{1420};
};

TEST_F(PathProbesTest, MeasuresWithDatagramsOfTheSizeOfMessages) {
    EXPECT_FALSE(probes_.mtu_of(kProbed));
    for (int i = 0; i < 6; ++i) {
        second(1372);  // 1400 bytes with IPv4
    }
    EXPECT_EQ(largest_, 1452U);
    EXPECT_EQ(probes_.mtu_of(kProbed), 1328U);
    EXPECT_EQ(probes_.rtt_us_of(kProbed), 20'000U);
    EXPECT_FALSE(probes_.is_below_least(kProbed));
}

TEST_F(PathProbesTest, BeginsAnewWhereThePeerIsElsewhere) {
    for (int i = 0; i < 6; ++i) {
        second(1372);
    }
    peer_.endpoint.port = 9;
    second(2000);
    second(2000);
    EXPECT_EQ(probes_.mtu_of(kProbed), 1420U);
}

TEST_F(PathProbesTest, ForgetsWhoIsNoPeerAnyMore) {
    second(2000);
    probes_.keep_only([](const KeyBytes&) { return true; });
    EXPECT_TRUE(probes_.mtu_of(kProbed));
    probes_.keep_only([](const KeyBytes&) { return false; });
    EXPECT_FALSE(probes_.mtu_of(kProbed));
}

TEST_F(PathProbesTest, StandsForLargerMtusThanItsPingsByTheLargestPing) {
    EXPECT_EQ(PathProbes::datagram_size(1420), 1452U);
    EXPECT_EQ(PathProbes::datagram_size(65424), gossip::kPaddedSizeMax);
    EXPECT_EQ(PathProbes::datagram_size(mesh::PathMtu::kSmall), 0U);
}

}  // namespace
}  // namespace weft::control
