// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <weft/sys/yielding.hpp>

namespace weft::sys {
namespace {

/// Calls until the next that is due, itself not counted.
std::uint32_t left_out(Yielding& yielding) {
    std::uint32_t calls = 0;
    while (!yielding.is_due()) {
        ++calls;
    }
    return calls;
}

TEST(Yielding, EachOfTheShortOnesIsFollowedByTheNext) {
    Yielding yielding;
    for (int i = 0; i < 5; ++i) {
        EXPECT_TRUE(yielding.is_due());
        yielding.took(Yielding::kShort);
    }
}

TEST(Yielding, LongOnesBecomeRareAndComeBackWhenTheyAreShort) {
    Yielding yielding;
    const Duration long_one = Yielding::kShort + std::chrono::microseconds{1};
    std::uint32_t before = 0;
    for (int i = 0; i < 20; ++i) {
        yielding.took(long_one);
        const std::uint32_t calls = left_out(yielding);
        EXPECT_EQ(calls, std::min(2 * before + 1, Yielding::kPauseMax));
        before = calls;
    }
    for (int i = 0; i < 12; ++i) {
        yielding.took({});
        static_cast<void>(left_out(yielding));
    }
    yielding.took({});
    EXPECT_TRUE(yielding.is_due());
}

}  // namespace
}  // namespace weft::sys
