// SPDX-License-Identifier: Apache-2.0
// Who was sent a cookie: for how long, who counts as one, and what a crowd does to it.
#include <gtest/gtest.h>

#include <weft/base/endian.hpp>
#include <weft/wg/answered_sources.hpp>
#include <weft/wg/constants.hpp>

namespace weft::wg {
namespace {

net::Endpoint endpoint(std::string_view text) {
    return *net::Endpoint::parse(text);
}

constexpr Time kStart{1000s};

struct AnsweredSourcesTest : ::testing::Test {
    SeededRandom random{1};
    AnsweredSources answered{random};
};

TEST_F(AnsweredSourcesTest, remembers_for_4_seconds) {
    for (const char* text : {"192.0.2.1:1", "[2001:db8::1]:1"}) {
        const net::Endpoint source = endpoint(text);
        EXPECT_FALSE(answered.contains(source, kStart));
        answered.add(source, kStart);
        EXPECT_TRUE(answered.contains(source, kStart));
        EXPECT_TRUE(answered.contains(source, kStart + kAnswerAgainAfter - 100ms));
        EXPECT_FALSE(answered.contains(source, kStart + kAnswerAgainAfter + 100ms));
        EXPECT_FALSE(answered.contains(source, kStart + 24h));
        answered.add(source, kStart + 1h);
        EXPECT_TRUE(answered.contains(source, kStart + 1h));
    }
    static_assert(kAnswerAgainAfter < kRekeyTimeout, "an initiator would miss its second try");
}

TEST_F(AnsweredSourcesTest, answers_a_stranger_once_and_then_by_chance) {
    const net::Endpoint source = endpoint("192.0.2.1:1");
    ByteArray<16> mac1;
    const auto answers = [&](Time now) {
        unsigned count = 0;
        for (int i = 0; i < 1600; ++i) {
            random.fill(mac1);
            count += answered.may_answer(source, mac1, now) ? 1U : 0U;
        }
        return count;
    };
    EXPECT_EQ(answers(kStart), 1600U);
    answered.add(source, kStart);
    EXPECT_GT(answers(kStart), 50U);
    EXPECT_LT(answers(kStart), 200U);
    EXPECT_EQ(answers(kStart + kAnswerAgainAfter + 100ms), 1600U);
}

TEST_F(AnsweredSourcesTest, tells_addresses_and_ports_apart) {
    answered.add(endpoint("192.0.2.1:1"), kStart);
    answered.add(endpoint("[2001:db8::1]:1"), kStart);
    for (const char* text : {"192.0.2.1:2", "192.0.2.2:1", "[2001:db8::1]:2", "[2001:db8::2]:1"}) {
        EXPECT_FALSE(answered.contains(endpoint(text), kStart)) << text;
    }
}

TEST_F(AnsweredSourcesTest, mistakes_next_to_nobody_in_a_crowd_and_knows_most_of_it) {
    const auto source = [](std::uint32_t number) {
        ByteArray<4> bytes;
        store_be32(bytes.data(), number);
        return net::Endpoint{net::IpAddress{bytes}, 51820};
    };
    constexpr std::uint32_t kCrowd = 100'000;
    for (std::uint32_t i = 0; i < kCrowd; ++i) {
        answered.add(source(i), kStart);
    }
    unsigned known = 0;
    unsigned mistaken = 0;
    for (std::uint32_t i = 0; i < kCrowd; ++i) {
        known += answered.contains(source(i), kStart) ? 1U : 0U;
        mistaken += answered.contains(source(kCrowd + i), kStart) ? 1U : 0U;
    }
    EXPECT_GT(known, kCrowd * 8 / 10);
    EXPECT_LT(mistaken, 10U);
}

}  // namespace
}  // namespace weft::wg
