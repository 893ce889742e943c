// SPDX-License-Identifier: Apache-2.0
// Shares of what is missing, by the counters of peers.
#include "loss_meter.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace weft::control {
namespace {

using std::chrono::seconds;

const KeyBytes kSender{std::byte{7}};

class LossMeterTest : public ::testing::Test {
  protected:
    /// For so many seconds each: so many arrive and so many are missing.
    void seconds_of(int count, std::uint64_t arrive, std::int64_t miss) {
        for (int i = 0; i < count; ++i) {
            now_ += seconds{1};
            sample_.rx_packets += arrive;
            sample_.rx_missing += static_cast<std::uint64_t>(miss);
            meter_.observe({sample_}, now_);
        }
    }

    Time now_{seconds{5000}};
    PeerSample sample_{.public_key = kSender,
                       .endpoint = {},
                       .last_handshake = {},
                       .rx_packets = 1'000'000,
                       .rx_missing = 5'000};
    LossMeter meter_;
};

TEST_F(LossMeterTest, TellsTheShareOfTheLastMinute) {
    seconds_of(200, 950, 50);
    EXPECT_EQ(meter_.ppm_of(kSender), 50'000U);
    seconds_of(75, 1000, 0);
    EXPECT_EQ(meter_.ppm_of(kSender), 0U);
}

TEST_F(LossMeterTest, SaysNothingOfFewPackets) {
    EXPECT_FALSE(meter_.ppm_of(kSender));
    seconds_of(100, 1, 0);
    EXPECT_FALSE(meter_.ppm_of(kSender));
}

TEST_F(LossMeterTest, LateOnesAreNotLost) {
    seconds_of(70, 1000, 100);
    seconds_of(1, 1000, -100 * 70);
    EXPECT_EQ(meter_.ppm_of(kSender), 0U);
}

TEST_F(LossMeterTest, APeerAddedAnewBeginsAnew) {
    seconds_of(70, 500, 500);
    sample_.rx_packets = 0;
    sample_.rx_missing = 0;
    seconds_of(30, 1000, 0);
    EXPECT_EQ(meter_.ppm_of(kSender), 0U);
    meter_.observe({}, now_);
    EXPECT_FALSE(meter_.ppm_of(kSender));
}

}  // namespace
}  // namespace weft::control
