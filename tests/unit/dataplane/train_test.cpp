// SPDX-License-Identifier: Apache-2.0
// Trains: which message rides where.
#include "train.hpp"

#include <gtest/gtest.h>

namespace weft::dataplane {
namespace {

crypto::PublicKey numbered_key(int n) {
    crypto::PublicKey out;
    out.bytes[0] = static_cast<std::byte>(n);
    return out;
}

class TrainTest : public testing::Test {
  protected:
    wg::Peer peer{numbered_key(1), 0};
    TrainYard yard;
    Train& train = *yard.open(peer, 0);
};

TEST_F(TrainTest, takes_equal_messages_until_64) {
    for (std::size_t i = 0; i < sys::kTrainSegmentsMax; ++i) {
        const TrainSlot slot = TrainYard::reserve(train, 100, 0);
        ASSERT_EQ(slot.at, train.bytes.get() + i * 100);
        EXPECT_EQ(slot.extra_pad, 0U);
    }
    EXPECT_EQ(TrainYard::reserve(train, 100, 0).at, nullptr);
}

TEST_F(TrainTest, is_full_at_the_largest_udp_payload) {
    std::size_t count = 0;
    while (TrainYard::reserve(train, 1452, 0).at != nullptr) {
        ++count;
    }
    EXPECT_EQ(count, 45U);
    EXPECT_LE(train.used, sys::kTrainBytesMax);
}

TEST_F(TrainTest, pads_a_slightly_shorter_message_and_goes_on) {
    EXPECT_NE(TrainYard::reserve(train, 112, 0).at, nullptr);
    EXPECT_EQ(TrainYard::reserve(train, 96, 0).extra_pad, 16U);
    EXPECT_NE(TrainYard::reserve(train, 112, 0).at, nullptr);
    EXPECT_EQ(train.used, 3U * 112U);
}

TEST_F(TrainTest, ends_with_a_much_shorter_message) {
    EXPECT_NE(TrainYard::reserve(train, 1452, 0).at, nullptr);
    const TrainSlot last = TrainYard::reserve(train, 112, 0);
    EXPECT_NE(last.at, nullptr);
    EXPECT_EQ(last.extra_pad, 0U);
    EXPECT_EQ(TrainYard::reserve(train, 112, 0).at, nullptr);
}

TEST_F(TrainTest, never_turns_a_keepalive_into_data) {
    EXPECT_NE(TrainYard::reserve(train, 64, 0).at, nullptr);
    const TrainSlot keepalive = TrainYard::reserve(train, wg::kDataOverhead, 0);
    EXPECT_NE(keepalive.at, nullptr);
    EXPECT_EQ(keepalive.extra_pad, 0U);
    EXPECT_TRUE(train.ended);
}

TEST_F(TrainTest, refuses_a_longer_message_and_another_ecn_mark) {
    EXPECT_NE(TrainYard::reserve(train, 112, 0).at, nullptr);
    EXPECT_EQ(TrainYard::reserve(train, 128, 0).at, nullptr);
    EXPECT_EQ(TrainYard::reserve(train, 112, 1).at, nullptr);
}

TEST_F(TrainTest, names_the_oldest_when_all_tracks_are_taken) {
    std::vector<std::unique_ptr<wg::Peer>> others;
    for (std::size_t i = 1; i < TrainYard::kTracks; ++i) {
        others.push_back(std::make_unique<wg::Peer>(numbered_key(static_cast<int>(i) + 1), 0));
        ASSERT_NE(yard.open(*others.back(), 0), nullptr);
    }
    wg::Peer late{numbered_key(99), 0};
    EXPECT_EQ(yard.open(late, 0), nullptr);
    EXPECT_EQ(&yard.oldest(), &train);
    TrainYard::release(yard.oldest());
    EXPECT_NE(yard.open(late, 0), nullptr);
    EXPECT_EQ(yard.find(peer), nullptr);
}

}  // namespace
}  // namespace weft::dataplane
