// SPDX-License-Identifier: Apache-2.0
// Token buckets per source: rate, burst, what counts as one source, and a full table.
#include <gtest/gtest.h>

#include <weft/base/endian.hpp>
#include <weft/wg/rate_limiter.hpp>

namespace weft::wg {
namespace {

net::IpAddress address(std::string_view text) {
    return *net::IpAddress::parse(text);
}

constexpr Time kBegin{1000s};

TEST(RateLimiter, grants_a_burst_of_5_and_then_one_every_50_ms) {
    RateLimiter limiter;
    const net::IpAddress source = address("192.0.2.1");
    Time now = kBegin;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(limiter.allow(source, now)) << i;
    }
    EXPECT_FALSE(limiter.allow(source, now));
    for (int i = 0; i < 100; ++i) {
        now += 49ms;
        EXPECT_FALSE(limiter.allow(source, now)) << i;
        now += 1ms;
        EXPECT_TRUE(limiter.allow(source, now)) << i;
    }
}

TEST(RateLimiter, tokens_do_not_pile_up_beyond_the_burst) {
    RateLimiter limiter;
    const net::IpAddress source = address("192.0.2.1");
    EXPECT_TRUE(limiter.allow(source, kBegin));
    int granted = 0;
    while (limiter.allow(source, kBegin + 1h)) {
        ++granted;
    }
    EXPECT_EQ(granted, 5);
}

/// As the kernel's selftest/ratelimiter.c: what earns how much, for a source of either family, with
/// one of the next line asking in between.
TEST(RateLimiter, earns_a_token_in_50_ms_and_two_in_100_whatever_others_do) {
    struct Step {
        Duration later;
        bool granted;
    };
    constexpr Step kSteps[] = {{0ms, true},
                               {0ms, true},
                               {0ms, true},
                               {0ms, true},
                               {0ms, true},
                               {0ms, false},
                               {50ms, true},
                               {0ms, false},
                               {100ms, true},
                               {0ms, true},
                               {0ms, false},
                               {49ms, false},
                               {1ms, true}};
    const std::pair<const char*, const char*> kNeighbours[] = {
        {"192.0.2.1", "192.0.2.2"}, {"2001:db8:0:1::1", "2001:db8:0:2::1"}};
    for (const auto& [source, neighbour] : kNeighbours) {
        RateLimiter limiter;
        Time now = kBegin;
        for (const Step& step : kSteps) {
            now += step.later;
            EXPECT_EQ(limiter.allow(address(source), now), step.granted) << source;
            static_cast<void>(limiter.allow(address(neighbour), now));
        }
    }
}

TEST(RateLimiter, grants_20_a_second_however_often_it_is_asked) {
    RateLimiter limiter;
    int granted = 0;
    for (Time now = kBegin; now < kBegin + 10s; now += 1ms) {
        granted += limiter.allow(address("192.0.2.1"), now) ? 1 : 0;
    }
    EXPECT_EQ(granted, 5 + 10 * 20 - 1);
}

TEST(RateLimiter, a_source_is_one_ipv4_address_or_one_ipv6_64) {
    RateLimiter limiter;
    const auto exhaust = [&](std::string_view text) {
        while (limiter.allow(address(text), kBegin)) {
        }
    };
    exhaust("192.0.2.1");
    EXPECT_TRUE(limiter.allow(address("192.0.2.2"), kBegin));
    exhaust("2001:db8:0:1::1");
    EXPECT_FALSE(limiter.allow(address("2001:db8:0:1:ffff::2"), kBegin));
    EXPECT_TRUE(limiter.allow(address("2001:db8:0:2::1"), kBegin));
}

TEST(RateLimiter, refuses_new_sources_when_full_and_forgets_quiet_ones) {
    RateLimiter limiter;
    const auto numbered = [](std::uint32_t number) {
        ByteArray<4> bytes;
        store_be32(bytes.data(), number);
        return net::IpAddress{std::span<const std::byte, 4>{bytes}};
    };
    limiter.collect(kBegin);
    for (std::uint32_t i = 0; i < kRateLimitEntriesMax; ++i) {
        ASSERT_TRUE(limiter.allow(numbered(i), kBegin));
    }
    EXPECT_FALSE(limiter.allow(numbered(0xffffffff), kBegin));
    EXPECT_TRUE(limiter.allow(numbered(7), kBegin + 900ms));
    limiter.collect(kBegin + 1100ms);
    EXPECT_EQ(limiter.entries(), 1U);
    EXPECT_TRUE(limiter.allow(numbered(0xffffffff), kBegin + 1100ms));
}

}  // namespace
}  // namespace weft::wg
