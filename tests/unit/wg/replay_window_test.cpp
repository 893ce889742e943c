// SPDX-License-Identifier: Apache-2.0
// The replay window at its edges, and against a slow twin that keeps every counter it saw.
#include <set>

#include <gtest/gtest.h>

#include <weft/base/random.hpp>
#include <weft/wg/replay_window.hpp>

namespace weft::wg {
namespace {

/// commit(), with may_accept() held to promise the same.
bool accept(ReplayWindow& window, std::uint64_t counter) {
    const bool promised = window.may_accept(counter);
    const bool accepted = window.commit(counter);
    EXPECT_EQ(promised, accepted) << counter;
    return accepted;
}

/// What the window means: not seen before, not more than kWindowSize behind the highest.
class SlowWindow {
  public:
    bool commit(std::uint64_t counter) {
        if (counter >= kRejectAfterMessages) {
            return false;
        }
        if (!seen_.empty() && counter < *seen_.rbegin() &&
            *seen_.rbegin() - counter > kWindowSize) {
            return false;
        }
        return seen_.insert(counter).second;
    }

  private:
    std::set<std::uint64_t> seen_;
};

TEST(ReplayWindow, accepts_each_counter_once) {
    ReplayWindow window;
    for (const std::uint64_t counter : {0U, 1U, 9U, 8U, 7U, 63U, 64U, 65U, 62U}) {
        EXPECT_TRUE(accept(window, counter)) << counter;
        EXPECT_FALSE(accept(window, counter)) << counter;
    }
    EXPECT_TRUE(accept(window, 2));
    EXPECT_FALSE(accept(window, 0));
}

TEST(ReplayWindow, reaches_exactly_8128_back) {
    for (const std::uint64_t highest : {8128U, 8129U, 8191U, 8192U, 8193U, 32516U, 1'000'003U}) {
        ReplayWindow window;
        ASSERT_TRUE(accept(window, highest));
        EXPECT_TRUE(accept(window, highest - kWindowSize)) << highest;
        EXPECT_FALSE(accept(window, highest - kWindowSize)) << highest;
        EXPECT_TRUE(accept(window, highest - kWindowSize + 1)) << highest;
        if (highest > kWindowSize) {
            EXPECT_FALSE(accept(window, highest - kWindowSize - 1)) << highest;
            EXPECT_FALSE(accept(window, 0)) << highest;
        }
        EXPECT_FALSE(accept(window, highest)) << highest;
    }
}

TEST(ReplayWindow, one_step_puts_the_oldest_out_of_reach) {
    ReplayWindow window;
    ASSERT_TRUE(accept(window, 20'000));
    ASSERT_TRUE(window.may_accept(20'000 - kWindowSize));
    ASSERT_TRUE(accept(window, 20'001));
    EXPECT_FALSE(accept(window, 20'000 - kWindowSize));
    EXPECT_TRUE(accept(window, 20'001 - kWindowSize));
}

TEST(ReplayWindow, fills_in_order_and_in_reverse) {
    for (const bool reverse : {false, true}) {
        ReplayWindow window;
        for (int round = 0; round < 2; ++round) {
            for (std::uint64_t i = 0; i <= kWindowSize; ++i) {
                const std::uint64_t counter = reverse ? kWindowSize - i : i;
                EXPECT_EQ(accept(window, counter), round == 0) << counter;
            }
        }
    }
}

TEST(ReplayWindow, keeps_a_gap_open_at_the_very_end_of_a_reverse_fill) {
    ReplayWindow window;
    for (std::uint64_t counter = kWindowSize; counter >= 1; --counter) {
        ASSERT_TRUE(accept(window, counter));
    }
    EXPECT_TRUE(accept(window, kWindowSize + 1));
    EXPECT_FALSE(accept(window, 0));
}

TEST(ReplayWindow, leaps_clear_all_that_was_before) {
    constexpr std::uint64_t kLeaps[] = {kWindowSize, kWindowBits, 3 * kWindowBits, 1ULL << 40};
    for (const std::uint64_t leap : kLeaps) {
        ReplayWindow window;
        for (std::uint64_t counter = 0; counter < kWindowBits; ++counter) {
            ASSERT_TRUE(accept(window, counter));
        }
        const std::uint64_t highest = kWindowBits + leap;
        EXPECT_TRUE(accept(window, highest));
        for (std::uint64_t back = 1; back < leap && back <= kWindowSize; ++back) {
            ASSERT_TRUE(accept(window, highest - back)) << leap << ' ' << back;
        }
    }
}

TEST(ReplayWindow, ends_at_the_message_limit_and_does_not_wrap) {
    ReplayWindow window;
    EXPECT_FALSE(accept(window, kRejectAfterMessages));
    EXPECT_FALSE(accept(window, UINT64_MAX));
    EXPECT_TRUE(accept(window, 0));
    EXPECT_TRUE(accept(window, kRejectAfterMessages - 1));
    EXPECT_FALSE(accept(window, kRejectAfterMessages - 1));
    EXPECT_FALSE(accept(window, kRejectAfterMessages));
    EXPECT_TRUE(accept(window, kRejectAfterMessages - 2));
    EXPECT_TRUE(accept(window, kRejectAfterMessages - 1 - kWindowSize));
    EXPECT_FALSE(accept(window, kRejectAfterMessages - 2 - kWindowSize));
    EXPECT_FALSE(accept(window, 1));
    EXPECT_FALSE(accept(window, UINT64_MAX));
}

/// The cases of the kernel's selftest/counter.c: what is accepted in this order by one window.
TEST(ReplayWindow, passes_the_cases_of_the_kernels_selftest) {
    constexpr std::uint64_t kReach = kWindowSize + 1;  // the first distance that is too far
    constexpr std::uint64_t kEnd = kRejectAfterMessages;
    struct Step {
        std::uint64_t counter;
        bool accepted;
    };
    constexpr Step kSteps[] = {{0, true},
                               {1, true},
                               {1, false},
                               {9, true},
                               {8, true},
                               {7, true},
                               {7, false},
                               {kReach, true},
                               {kReach - 1, true},
                               {kReach - 1, false},
                               {kReach - 2, true},
                               {2, true},
                               {2, false},
                               {kReach + 16, true},
                               {3, false},
                               {kReach + 16, false},
                               {4 * kReach, true},
                               {4 * kReach - kWindowSize, true},
                               {10, false},
                               {3 * kReach, false},
                               {3 * kReach - 1, false},
                               {3 * kReach + 2, true},
                               {3 * kReach + 1, false},
                               {0, false},
                               {kEnd, false},
                               {kEnd - 1, true},
                               {kEnd, false},
                               {kEnd - 1, false},
                               {kEnd - 2, true},
                               {kEnd + 1, false},
                               {kEnd + 2, false},
                               {kEnd - 2, false},
                               {kEnd - 3, true},
                               {0, false}};
    static_assert(std::size(kSteps) == 34);
    ReplayWindow window;
    for (const Step& step : kSteps) {
        EXPECT_EQ(accept(window, step.counter), step.accepted) << step.counter;
    }
}

/// Its sweeps: a run of counters that are all accepted, upwards or downwards, then some more steps.
TEST(ReplayWindow, passes_the_sweeps_of_the_kernels_selftest) {
    struct Sweep {
        std::uint64_t from, to;
        std::vector<std::pair<std::uint64_t, bool>> then;
    };
    constexpr std::uint64_t kSize = kWindowSize;
    const std::vector<Sweep> sweeps = {{1, kSize, {{0, true}, {0, false}}},
                                       {2, kSize + 1, {{1, true}, {0, false}}},
                                       {kSize, 0, {{kSize, false}, {0, false}}},
                                       {kSize + 1, 1, {{0, false}}},
                                       {kSize, 1, {{0, true}, {kSize + 1, true}}},
                                       {kSize, 1, {{kSize + 1, true}, {0, false}}},
                                       {0, kSize + 1, {{0, false}, {kSize + 2, true}}}};
    for (const Sweep& sweep : sweeps) {
        SCOPED_TRACE(sweep.from);
        ReplayWindow window;
        for (std::uint64_t i = sweep.from;; i += sweep.from < sweep.to ? 1 : UINT64_MAX) {
            ASSERT_TRUE(accept(window, i)) << i;
            if (i == sweep.to) {
                break;
            }
        }
        for (const auto& [counter, accepted] : sweep.then) {
            EXPECT_EQ(accept(window, counter), accepted) << counter;
        }
    }
}

TEST(ReplayWindow, agrees_with_its_slow_twin) {
    SeededRandom random{11};
    constexpr std::uint64_t kStarts[] = {0, (1ULL << 32) - 5000, kRejectAfterMessages - 60'000};
    for (const std::uint64_t start : kStarts) {
        ReplayWindow window;
        SlowWindow slow;
        std::uint64_t middle = start;
        for (int i = 0; i < 20'000; ++i) {
            const std::uint64_t leap = random.below(100) == 0 ? random.below(20'000) : 1;
            middle += random.below(3) == 0 ? leap : 0;
            const std::uint64_t back = random.below(random.below(4) == 0 ? 9000 : 100);
            const std::uint64_t counter = middle - std::min(middle, back);
            ASSERT_EQ(accept(window, counter), slow.commit(counter)) << start << ' ' << counter;
        }
    }
}

}  // namespace
}  // namespace weft::wg
