// SPDX-License-Identifier: Apache-2.0
// What a path refused is remembered for a while, step by step.
#include "path_limits.hpp"

#include <gtest/gtest.h>

namespace weft::dataplane {
namespace {

const Time kBegin{std::chrono::seconds{1000}};

crypto::PublicKey key(int n) {
    crypto::PublicKey out;
    out.bytes[0] = static_cast<std::byte>(n);
    return out;
}

TEST(PathLimits, steps_down_below_each_refused_size) {
    PathLimits limits;
    EXPECT_EQ(limits.inner_max(key(1), kBegin), UINT32_MAX);
    std::uint32_t expected[] = {1420, 1380, 1280, 1006, 576, 576};
    std::size_t refused = 1452 + 32;
    for (const std::uint32_t step : expected) {
        limits.refused(key(1), refused, kBegin);
        EXPECT_EQ(limits.inner_max(key(1), kBegin), step);
        refused = step + wg::padding_for(step, 0) + wg::kDataOverhead;
    }
    limits.refused(key(1), 3, kBegin);
    EXPECT_EQ(limits.inner_max(key(1), kBegin), 576U);
    limits.refused(key(1), 9000, kBegin);
    EXPECT_EQ(limits.inner_max(key(1), kBegin), 576U) << "a larger one tells nothing new";
    EXPECT_EQ(limits.inner_max(key(2), kBegin), UINT32_MAX);
}

TEST(PathLimits, tries_larger_packets_again_after_ten_minutes) {
    PathLimits limits;
    limits.refused(key(1), 1452, kBegin);
    const Time last = kBegin + PathLimits::kLifetime;
    EXPECT_EQ(limits.inner_max(key(1), last - std::chrono::nanoseconds{1}), 1380U);
    EXPECT_EQ(limits.inner_max(key(1), last), UINT32_MAX);
}

TEST(PathLimits, gives_up_the_oldest_for_a_new_peer) {
    PathLimits limits;
    const int peers = static_cast<int>(PathLimits::kPeersMax) + 1;
    for (int n = 0; n < peers; ++n) {
        limits.refused(key(n), 1452, kBegin + std::chrono::seconds{n});
    }
    const Time now = kBegin + std::chrono::seconds{peers};
    EXPECT_EQ(limits.inner_max(key(0), now), UINT32_MAX);
    for (int n = 1; n < peers; ++n) {
        EXPECT_EQ(limits.inner_max(key(n), now), 1380U) << n;
    }
}

}  // namespace
}  // namespace weft::dataplane
