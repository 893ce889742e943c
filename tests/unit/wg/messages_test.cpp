// SPDX-License-Identifier: Apache-2.0
// The shape of messages: what is one, and how much padding goes into it.
#include <vector>

#include <gtest/gtest.h>

#include <weft/wg/messages.hpp>

namespace weft::wg {
namespace {

TEST(Constants, are_those_of_the_kernel) {
    EXPECT_EQ(kRekeyAfterMessages, 1'152'921'504'606'846'976U);    // 2^60
    EXPECT_EQ(kRejectAfterMessages, 18'446'744'073'709'543'486U);  // 2^64 - 1 - 8128 - 1
    EXPECT_EQ(kWindowSize, 8128U);
    EXPECT_EQ(kRekeyAfterTime, 120s);
    EXPECT_EQ(kRejectAfterTime, 180s);
    EXPECT_EQ(kRekeyWhenReceivingAfter, 165s);
    EXPECT_EQ(kRekeyTimeout, 5s);
    EXPECT_EQ(kRekeyTimeoutJitter, 333ms);
    EXPECT_EQ(kMaxTimerHandshakes, 18U);
    EXPECT_EQ(kKeepaliveTimeout, 10s);
    EXPECT_EQ(kNewHandshakeAfter, 15s);
    EXPECT_EQ(kZeroKeysAfter, 540s);
    EXPECT_EQ(kCookieSecretMaxAge, 120s);
    EXPECT_EQ(kCookieSecretLatency, 5s);
    EXPECT_EQ(kInitiationsPerSecond, 50U);
    EXPECT_EQ(kStagedPacketsMax, 128U);
    EXPECT_EQ(kLaneQueueMax, 4096U);
    EXPECT_EQ(kUnderLoadAt, 512U);
    EXPECT_EQ(kUnderLoadLatch, 1s);
    EXPECT_EQ(kRateLimitPerSecond, 20U);
    EXPECT_EQ(kRateLimitBurst, 5U);
}

TEST(Messages, only_exact_lengths_and_whole_type_words_are_wireguard) {
    for (std::size_t length = 0; length <= 200; ++length) {
        for (std::uint32_t type = 0; type <= 5; ++type) {
            std::vector<std::byte> datagram(length);
            if (length > 0) {
                datagram[0] = static_cast<std::byte>(type);
            }
            const bool expected = (type == 1 && length == 148) || (type == 2 && length == 92) ||
                                  (type == 3 && length == 64) || (type == 4 && length >= 32);
            EXPECT_EQ(classify(datagram).has_value(), expected) << type << ' ' << length;
            for (std::size_t reserved = 1; expected && reserved <= 3; ++reserved) {
                datagram[reserved] = std::byte{1};
                EXPECT_FALSE(classify(datagram)) << type << ' ' << length;
                datagram[reserved] = std::byte{};
            }
        }
    }
}

TEST(Messages, a_data_header_reads_back) {
    ByteArray<kDataOverhead> datagram{};
    write_data_header(datagram.data(), Index{0x89abcdef}, 0x0123456789abcdefULL);
    EXPECT_EQ(classify(datagram), MessageType::kData);
    EXPECT_EQ(receiver_of_data(datagram), Index{0x89abcdef});
    EXPECT_EQ(counter_of_data(datagram), 0x0123456789abcdefULL);
}

TEST(Messages, padding_fills_16_bytes_and_stops_at_the_mtu) {
    for (const std::size_t mtu : {0U, 576U, 1299U, 1420U, 65535U}) {
        for (std::size_t size = 0; size <= 3000; ++size) {
            const std::size_t padded = size + padding_for(size, mtu);
            const bool at_mtu = mtu != 0 && padded % mtu == 0;
            const std::size_t last = mtu == 0 || size <= mtu ? padded : padded - size / mtu * mtu;
            ASSERT_TRUE(last % 16 == 0 || at_mtu) << size << ' ' << mtu;
            ASSERT_LT(padded - size, 16U);
            if (mtu != 0 && size <= mtu) {
                ASSERT_LE(padded, mtu);
            }
        }
    }
}

}  // namespace
}  // namespace weft::wg
